"""The values that cross the seams between the floors: small, frozen, with exact offsets.

Offsets count characters (Python ``str`` indices) of a document's stored text, which never changes once it is
stored. ``document.text[chunk.start:chunk.end]`` is the text of the chunk: always, to the character.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Literal

__all__ = [
    "Change",
    "Chunk",
    "CollectionInfo",
    "Document",
    "DocumentInfo",
    "Doubt",
    "EncoderFingerprint",
    "Hit",
    "LedgerEntry",
    "Metadata",
    "Outcome",
    "PageSpan",
    "Scalar",
    "ScoreKind",
    "SnapshotInfo",
    "StoredChunk",
    "touched",
]

Scalar = str | int | float | bool | None
Metadata = Mapping[str, Scalar]
ScoreKind = Literal["cosine", "bm25", "rrf", "rerank"]
"""What a score means; higher is better in each. ``cosine`` in [-1, 1]; ``bm25`` the BM25 value, at least 0;
``rrf`` a reciprocal rank fusion and ``rerank`` what a reranker gave, good for ordering within one search and for
nothing else. A hit that the reranker did not read keeps its fusion's score, and stands below those it read. A
chunk that got its place for being in another language than the question has its cosine, and stands among these."""
Outcome = Literal["added", "changed", "moved", "unchanged", "duplicate", "unpacked", "removed", "refused", "failed"]
"""What became of a file when it was brought in. A *duplicate* is held by another document, its ``original``; an
archive is *unpacked*, and the files in it have outcomes of their own."""


@dataclass(frozen=True, slots=True)
class EncoderFingerprint:
    """All that decides what a vector means. Two encoders are the same when these are equal."""

    name: str
    revision: str
    dimension: int
    pooling: str = "mean"
    query_prefix: str = ""
    passage_prefix: str = ""


@dataclass(frozen=True, slots=True)
class PageSpan:
    """Where ``text[start:end]`` of a document stands in its file: on page ``number`` (from 1), slide or sheet.

    Spans follow one another and rise by number; several may lie on one page: its lines, each in its ``box``, or the
    rows of a sheet, each with its ``label``.

    Attributes:
        number: The page, counted from 1.
        start: Offset of the first character.
        end: Offset behind the last.
        label: How people call the place where it is more than a page: ``slide 4``, ``sheet 'Q3' row 17``, ``header
            Subject``.
        box: Left, top, right, bottom in points (1/72 inch) from the top left corner of the page, where known.
    """

    number: int
    start: int
    end: int
    label: str = ""
    box: tuple[float, float, float, float] | None = None


def touched(spans: Sequence[PageSpan], start: int, end: int) -> tuple[PageSpan, ...]:
    """The spans, of those that follow one another in ``spans``, that the characters ``start`` to ``end`` touch."""
    first = max(bisect_right(spans, start, key=attrgetter("start")) - 1, 0)
    last = bisect_left(spans, end, key=attrgetter("start"))
    return tuple(span for span in spans[first:last] if span.start < end and span.end > start)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is stored.

    ``key`` is its identity in a collection (a resolved path, or an id that the caller gave); ``uri`` is what people
    are shown, as given at ingestion. ``digest`` is the SHA-256 of the source's bytes together with whatever else
    decides the stored result (settings of loading and chunking), in hex: equal digests mean nothing to do.
    """

    key: str
    uri: str
    title: str
    text: str
    digest: str
    metadata: Metadata = field(default_factory=dict)
    pages: tuple[PageSpan, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number of the page that holds the character at ``offset``, or None where there are no pages."""
        index = bisect_right(self.pages, offset, key=attrgetter("start")) - 1
        return self.pages[index].number if index >= 0 else None

    def spans(self, start: int, end: int) -> tuple[PageSpan, ...]:
        """The page spans that ``text[start:end]`` touches, in order."""
        return touched(self.pages, start, end)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a document's text, ``text[start:end]``, that is encoded and found as one.

    ``context`` (title, section path) is put before the text for the encoder and for BM25, and is no part of it.
    ``digest`` identifies what is encoded (context and text): an equal digest means an equal vector.
    """

    start: int
    end: int
    context: str
    digest: str
    page: int | None = None
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as it comes back from a collection. ``metadata`` is the document's, overlaid by the chunk's own.

    ``document`` is the document's ``uri``; ``text`` is the document's stored text from ``start`` to ``end``.
    """

    chunk_id: int
    document_id: int
    document: str
    title: str
    page: int | None
    start: int
    end: int
    text: str
    context: str
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Hit(StoredChunk):
    """A chunk found by a search; ``rank`` counts from 1, ``score`` means what ``score_kind`` says."""

    rank: int
    score: float
    score_kind: ScoreKind

    @classmethod
    def of(cls, chunk: StoredChunk, rank: int, score: float, score_kind: ScoreKind) -> "Hit":
        """The chunk with its place in a result list."""
        fields = {name: getattr(chunk, name) for name in StoredChunk.__slots__}
        return cls(**fields, rank=rank, score=score, score_kind=score_kind)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A stored document without its text, as lists of documents give it; ``chunks`` counts its chunks."""

    document_id: int
    key: str
    uri: str
    title: str
    digest: str
    metadata: Metadata
    chunks: int


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection at a glance. ``sequence`` counts its commits; ``generation`` is that of its files, 0 for none."""

    name: str
    encoder: EncoderFingerprint
    documents: int
    chunks: int
    created: datetime
    sequence: int
    generation: int


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A collection in a file: what it holds, as of commit ``sequence``, and the file's length in bytes."""

    path: str
    name: str
    encoder: EncoderFingerprint
    documents: int
    chunks: int
    sequence: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to the chunks of a collection; a reused chunk keeps its id and its vector."""

    added: int = 0
    reused: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the text of a page may not be what people see on it; ``page`` is None for a document without pages."""

    page: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The outcome of one file in the last ingestion that met it.

    Attributes:
        key: The file's identity.
        uri: Its name, as people are shown it.
        outcome: What became of it.
        reason: Why, where that needs saying.
        digest: As in `Document`.
        time: When; set when the line is recorded.
        original: The key of the document that holds the same, where the file is a duplicate.
        original_digest: The digest of that document when it was compared.
        sketch: A digest of the text that resembles those of like texts; empty where there is none.
        doubts: The pages whose text is doubtful.
    """

    key: str
    uri: str
    outcome: Outcome
    reason: str = ""
    digest: str = ""
    time: datetime | None = None
    original: str = ""
    original_digest: str = ""
    sketch: bytes = b""
    doubts: tuple[Doubt, ...] = ()
