"""What comes back from a question: one frozen value, the same in the SDK, on the command line and in the chain.

Offsets count characters of the document's stored text: ``quote == document.text[start:end]``, to the character.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indexes.places import Box, place_of
from indexes.records import Hit, Scalar
from ragstack.language import PHRASES, language_of

if TYPE_CHECKING:
    from ragstack.explanation import Explanation

__all__ = [
    "Answer",
    "AnswerSentence",
    "Citation",
    "Event",
    "Passage",
    "TokenUsage",
    "hit_to_dict",
    "ocr_of",
    "unmarked",
]

_MARKER = r"(?:\[\d{1,3}\])+"
_MARKERS = re.compile(
    rf"(?<!\s)\s+{_MARKER}(?=[\s.。,，;；!！?？”\"]|$)|{_MARKER}(?=[.。,，;；!！?？”\"]|\s*$)|(?<=[.。!！?？]){_MARKER}"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words ``text[start:end]`` of a document; ``n`` is the number of its marker in the answer.

    Attributes:
        n: The number of its marker.
        document: The file, as given at ingestion.
        title: The document's title.
        page: The page on which the words begin, where there are pages.
        start: Offset of the first character.
        end: Offset behind the last.
        quote: The words.
        place: Where they stand in the file, in words that people use: ``page 3``, ``sheet 'Q3' row 17``; or empty.
        boxes: The rectangles that hold them, of formats that tell.
        ocr: How sure the reader of a scanned page is of its text, in [0, 1]; None for text that was no picture.
        also: Other files that hold the same document.
    """

    n: int
    document: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    place: str = ""
    boxes: tuple[Box, ...] = ()
    ocr: float | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that was looked at: shown with a refusal as the nearest thing found.

    ``place`` is as in :class:`Citation`.
    """

    document: str
    title: str
    page: int | None
    start: int
    end: int
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, without markers.

    Attributes:
        text: The words.
        support: The calibrated probability that the evidence supports it; 1.0 for words that stand in the evidence
            as they are.
        citations: The numbers of its citations: at least one, and none where it is not supported.
        supported: False for a sentence that nothing supports, which is shown only where the settings ask for it.
        disagrees: Whether it quotes another source that says otherwise than the sentence before.
    """

    text: str
    support: float
    citations: tuple[int, ...]
    supported: bool = True
    disagrees: bool = False

    @property
    def marked(self) -> str:
        """The text with its markers, as it stands in the answer."""
        if not self.supported:
            return self.text + PHRASES[language_of(self.text)].unsupported
        return self.text + "".join(f"[{n}]" for n in self.citations)


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of the prompt that asked for the answer, and of what was written; 0 where nothing was written.

    The one-token questions before and after share that prompt but for their last line and are not counted.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose every sentence is cited, or a refusal (``abstained``) that says why (``reason``).

    ``standalone`` is the question that was answered where ``question`` leant on the conversation, else None. ``text``
    carries the markers ``[n]``. ``confidence`` is the calibrated probability that the evidence answers
    the question, None where nothing was found to judge. ``dropped`` are sentences that the generator wrote and
    nothing supports; they are no part of ``text`` unless they are shown and flagged. ``timings`` are seconds: rewrite,
    retrieve, evidence, gate, generate, verify, total. ``explanation`` is there where it was asked for.
    """

    question: str
    text: str
    abstained: bool
    reason: str
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    generator: str
    confidence: float | None = None
    dropped: tuple[str, ...] = ()
    nearest: tuple[Passage, ...] = ()
    usage: TokenUsage = TokenUsage()
    timings: Mapping[str, float] = field(default_factory=dict)
    standalone: str | None = None
    explanation: "Explanation | None" = None

    @property
    def said(self) -> str:
        """What the answer itself says: without markers, flagged sentences and reports of what other sources say."""
        return " ".join(each.text for each in self.sentences if each.supported and not each.disagrees)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack ask --json``; ``explanation`` is in it where it was asked for."""
        explained = {"explanation": self.explanation.to_dict()} if self.explanation else {}
        return {
            "question": self.question,
            "standalone": self.standalone,
            "answer": self.text,
            "abstained": self.abstained,
            "reason": self.reason,
            "sentences": [_sentence(sentence) for sentence in self.sentences],
            "citations": [_citation(citation) for citation in self.citations],
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "dropped": list(self.dropped),
            "nearest": [_fields(passage) for passage in self.nearest],
            "generator": self.generator,
            "usage": _fields(self.usage),
            "timings": {name: round(seconds, 4) for name, seconds in self.timings.items()},
            **explained,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """A step of an answer that is being made.

    ``kind`` and what ``value`` then is: ``standalone`` (the question as it stands alone, a text; only where it was
    made), ``retrieval`` (a tuple of :class:`indexes.records.Hit`), ``token`` (a piece
    of the draft, unverified), ``sentence`` (a checked :class:`AnswerSentence`), ``citation`` (a
    :class:`Citation`, before the first sentence that uses it), ``done`` (the :class:`Answer`).
    """

    kind: str
    value: Any


def unmarked(text: str) -> str:
    """The text without what looks like a marker of a citation: markers are given by the check, and by nothing else."""
    return _MARKERS.sub("", text)


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """One entry of ``hits`` in the JSON of ``ragstack search --json``."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "score_kind": hit.score_kind,
        "chunk_id": hit.chunk_id,
        "document": hit.document,
        "title": hit.title,
        "page": hit.page,
        "place": place_of(hit),
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "metadata": dict(hit.metadata),
    }


def ocr_of(metadata: Mapping[str, Scalar]) -> float | None:
    """How sure the reader of a scanned page is of a chunk's text, in [0, 1]; None for text that was no picture."""
    confidence = metadata.get("ocr")
    return float(confidence) if isinstance(confidence, int | float) and not isinstance(confidence, bool) else None


def _sentence(sentence: AnswerSentence) -> dict[str, Any]:
    return {**_fields(sentence), "support": round(sentence.support, 4), "citations": list(sentence.citations)}


def _citation(citation: Citation) -> dict[str, Any]:
    boxes = [{"page": each.page, "box": list(each.box)} for each in citation.boxes]
    return {**_fields(citation), "boxes": boxes, "also": list(citation.also)}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
