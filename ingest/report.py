"""What an ingestion tells its caller: progress while it runs, a report when it is done."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from indexes.records import Outcome

__all__ = [
    "ChunkCounts",
    "DoubtfulPage",
    "Duplicate",
    "FileCounts",
    "IngestReport",
    "OnProgress",
    "PageCounts",
    "Problem",
    "Progress",
    "Similar",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is; ``current`` is the file in hand, empty while chunks are encoded."""

    files_done: int
    files_total: int
    chunks_done: int
    current: str


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """A path that did not become a document, and why."""

    path: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class DoubtfulPage:
    """A page whose text may not be what people see on it.

    Attributes:
        path: The file.
        page: None where a document has no pages.
        reason: Why.
        readability: The share of its text that is as people would write it, in [0, 1].
        language: ``en``, ``zh``, or empty where it is neither or cannot be told.
    """

    path: str
    page: int | None
    reason: str
    readability: float
    language: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A file whose words are all in the document of another, which is kept for both."""

    path: str
    original: str


@dataclass(frozen=True, slots=True)
class Similar:
    """Two documents that say nearly the same; ``sentences`` of the first are not in the other."""

    path: str
    other: str
    sentences: int


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files by their outcome."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    refused: int = 0
    failed: int = 0
    moved: int = 0
    duplicate: int = 0
    unpacked: int = 0

    @classmethod
    def of(cls, outcomes: Mapping[Outcome, int]) -> "FileCounts":
        """The counts of a mapping."""
        return cls(**dict(outcomes))


@dataclass(frozen=True, slots=True)
class PageCounts:
    """The pages of the documents that were added or changed; a document without pages counts as one.

    Attributes:
        total: All of them.
        doubtful: Those of doubtful text.
        recognised: Those read from their picture.
        readability: The mean of the pages' readability, in [0, 1]; 0 where there is no page.
    """

    total: int = 0
    doubtful: int = 0
    recognised: int = 0
    readability: float = 0.0


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Chunks added, kept as they were in a changed file, removed, and in the collection now."""

    added: int = 0
    reused: int = 0
    removed: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of everything.

    Attributes:
        collection: The collection's name.
        seconds: How long it took, and ``encoding_seconds`` how much of that was spent in the encoder.
        files: Files by outcome; files in archives count as files.
        chunks: What happened to chunks.
        pages: How readable the pages are that this run added or changed.
        problems: The files that did not become documents.
        doubtful: The pages whose text is doubtful, of the documents that this run added or changed.
        duplicates: The files of this run that another document holds word for word.
        similar: Documents of this run that are nearly the same as others.
        personal_data: How many pieces of personal data and secrets were masked, by their kind.
        chunks_per_second: Chunks that were encoded, over the whole run.
        peak_rss_bytes: The most memory that this process held.
    """

    collection: str
    seconds: float
    files: FileCounts = field(default_factory=FileCounts)
    chunks: ChunkCounts = field(default_factory=ChunkCounts)
    pages: PageCounts = field(default_factory=PageCounts)
    problems: tuple[Problem, ...] = ()
    doubtful: tuple[DoubtfulPage, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    similar: tuple[Similar, ...] = ()
    personal_data: Mapping[str, int] = field(default_factory=dict)
    encoding_seconds: float = 0.0
    chunks_per_second: float = 0.0
    peak_rss_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dictionaries and lists, for JSON."""
        lists = "problems", "doubtful", "duplicates", "similar"
        return asdict(self) | {name: [asdict(each) for each in getattr(self, name)] for name in lists}
