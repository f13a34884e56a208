"""From a loaded file to a document that is ready for the encoder: personal data, page quality, chunks, sketch."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from indexes.records import Chunk, Document, Doubt
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Loaded, LoadOptions, Refused
from ingest.files.discovery import SourceFile
from ingest.text import privacy
from ingest.text.duplicates import sketch
from ingest.text.quality import PageQuality, assess

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["PersonalData", "PersonalDataFound", "PipelineSettings", "Ready", "fitted", "prepare"]

PersonalData = Literal["keep", "mask", "refuse"]
_RESERVED_TOKENS = 4
"""Room for the encoder's special tokens, and for a prefix that joins the first word in another way."""
_MOST_DOUBTS = 1000  # of one document that are written down


class PersonalDataFound(Refused):
    """A file holds personal data, and such files are not to be stored; neither is what was stored of it before."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What decides how files become chunks.

    Attributes:
        chunks: How long chunks are.
        options: How files are read, and the bounds on one file.
        personal_data: Whether e-mail addresses, numbers of phones, cards and identities, and keys are kept, masked in
            all that is stored, or make a file refused.
        doubtful: Whether pages of doubtful text can be found.
        workers: Processes that read files.
    """

    chunks: ChunkSettings = field(default_factory=ChunkSettings)
    options: LoadOptions = field(default_factory=LoadOptions)
    personal_data: PersonalData = "keep"
    doubtful: bool = False
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Ready:
    """A document that waits for its vectors.

    Attributes:
        document: The document.
        chunks: Its chunks.
        texts: What is encoded for each of them.
        sketch: The sketch of its text, see `ingest.text.duplicates`.
        pages: What the text of each page is worth.
        masked: How many pieces of personal data were masked, by kind.
    """

    document: Document
    chunks: list[Chunk]
    texts: list[str]
    sketch: bytes
    pages: tuple[PageQuality, ...]
    masked: Mapping[str, int]

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Its doubtful pages, as the ledger keeps them."""
        return tuple(Doubt(page.page, doubt) for page in self.pages for doubt in page.doubts)[:_MOST_DOUBTS]


def prepare(
    source: SourceFile, loaded: Loaded, digest: str, encoder: "Encoder", chunking: ChunkSettings, how: PipelineSettings
) -> Ready:
    """Make a document of what was loaded from ``source``.

    Raises:
        PersonalDataFound: It holds personal data, and files that do are refused.
    """
    loaded = dataclasses.replace(loaded, title=loaded.title or PurePath(source.uri).stem)
    loaded, masked = _without_personal_data(loaded, how.personal_data)
    title = loaded.title or ""
    document = Document(source.key, source.uri, title, loaded.text, digest, loaded.metadata, loaded.pages)
    pages = assess(loaded)
    chunks = [
        _marked(each, document, loaded.recognised)
        for each in chunk(loaded, title, encoder.count_tokens, chunking)
        if how.doubtful or not _is_doubtful(each, pages)
    ]
    texts = [embedded_text(each.context, loaded.text[each.start : each.end]) for each in chunks]
    return Ready(document, chunks, texts, sketch(loaded.text), pages, masked)


def fitted(settings: ChunkSettings, encoder: "Encoder") -> ChunkSettings:
    """The settings with chunks no longer than the encoder reads, its prefix and special tokens included."""
    prefix = encoder.fingerprint.passage_prefix
    reserved = _RESERVED_TOKENS + (len(prefix) if prefix else 0)
    longest = min(settings.max_tokens, encoder.max_length - reserved)
    return ChunkSettings(longest, settings.overlap_sentences, min(settings.max_context_tokens, longest // 4))


def _without_personal_data(loaded: Loaded, how: PersonalData) -> tuple[Loaded, Mapping[str, int]]:
    """The document with personal data masked in its text, title and metadata; masks keep the length."""
    if how == "keep":
        return loaded, {}
    found: Counter[str] = Counter()

    def mask(text: str) -> str:
        findings = privacy.find(text)
        found.update(finding.kind for finding in findings)
        return privacy.masked(text, findings)

    metadata = {key: mask(value) if isinstance(value, str) else value for key, value in loaded.metadata.items()}
    title = mask(loaded.title) if loaded.title else loaded.title
    masked = dataclasses.replace(loaded, text=mask(loaded.text), title=title, metadata=metadata)
    if found and how == "refuse":
        kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(found.items()))
        raise PersonalDataFound(
            f"it holds personal data ({kinds}); remove it, or set ingest.personal_data to mask or keep"
        )
    return masked, found


def _is_doubtful(each: Chunk, pages: Sequence[PageQuality]) -> bool:
    """Whether most of a chunk stands on pages of doubtful text."""
    doubtful = (page for page in pages if page.doubts)
    shared = sum(max(0, min(each.end, page.end) - max(each.start, page.start)) for page in doubtful)
    return 2 * shared > each.end - each.start


def _marked(each: Chunk, document: Document, recognised: Mapping[int, float]) -> Chunk:
    """The chunk with the least confidence of the pages it stands on that were read from pictures."""
    if not recognised:
        return each
    numbers = {span.number for span in document.spans(each.start, each.end)}
    confidences = [recognised[number] for number in numbers if number in recognised]
    if not confidences:
        return each
    return dataclasses.replace(each, metadata={**each.metadata, "ocr": round(min(confidences), 4)})
