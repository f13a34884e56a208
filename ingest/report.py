"""What an ingestion tells its caller: progress while it runs, a report when it is done."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from indexes.records import Outcome

__all__ = ["ChunkCounts", "FileCounts", "IngestReport", "OnProgress", "Problem", "Progress"]


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
class FileCounts:
    """Files by their outcome."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    refused: int = 0
    failed: int = 0

    @classmethod
    def of(cls, outcomes: Mapping[Outcome, int]) -> "FileCounts":
        """The counts of a mapping."""
        return cls(**dict(outcomes))


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Chunks added, kept as they were in a changed file, removed, and in the collection now."""

    added: int = 0
    reused: int = 0
    removed: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of everything. ``chunks_per_second`` counts chunks that were encoded, over the whole run."""

    collection: str
    seconds: float
    files: FileCounts = field(default_factory=FileCounts)
    chunks: ChunkCounts = field(default_factory=ChunkCounts)
    problems: tuple[Problem, ...] = ()
    chunks_per_second: float = 0.0
    peak_rss_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dictionaries and lists, for JSON."""
        return {**asdict(self), "problems": [asdict(problem) for problem in self.problems]}
