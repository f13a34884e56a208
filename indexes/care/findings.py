"""What care says: single findings, and a report of them.

A finding is damage, with one exception: a ``leftover`` is what an interrupted or older writer left behind, costs room
and does no harm.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Kind", "Recall", "Repair", "Report", "collect"]

Kind = Literal[
    "catalogue", "row", "text", "vector", "link", "attribute", "tombstone", "number", "ledger",
    "files", "stale", "foreign", "permissions", "leftover",
]  # fmt: skip
"""``catalogue`` the database file itself; ``row`` a document or chunk against its checksum; ``text`` a chunk against
its document, pages; ``vector`` a chunk's vector; ``link`` a row without the row it belongs to; ``attribute`` what
filters are answered from; ``tombstone`` a removed chunk that is there; ``number`` ids and sequences; ``ledger``;
``files`` the derived files; ``stale`` files of another state; ``foreign`` what does not belong here;
``permissions`` of files that others can read."""

_MOST_OF_A_KIND = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: ``where``, ``what`` is wrong, and what to type to ``mend`` it.

    ``document`` and ``chunk`` are ids where the finding is about one.
    """

    kind: Kind
    where: str
    what: str
    mend: str
    document: int | None = None
    chunk: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of the ``at`` nearest vectors that the dense index of a ``kind`` finds, mean over ``queries``."""

    kind: str
    at: int
    queries: int
    value: float


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found. ``name`` is that of the collection, empty for the home and its catalogue as a whole."""

    name: str
    findings: tuple[Finding, ...]
    documents: int = 0
    chunks: int = 0
    recall: Recall | None = None

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that are more than leftovers."""
        return tuple(finding for finding in self.findings if finding.kind != "leftover")


@dataclass(frozen=True, slots=True)
class Repair:
    """What repairing did, in words, and what verifying finds after it."""

    name: str
    done: tuple[str, ...]
    remaining: Report


def collect(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, of each kind the first hundred and how many more there are."""
    return tuple(_first_of_each(findings))


def _first_of_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    counted: Counter[Kind] = Counter()
    last: dict[Kind, Finding] = {}
    for finding in findings:
        counted[finding.kind] += 1
        last[finding.kind] = finding
        if counted[finding.kind] <= _MOST_OF_A_KIND:
            yield finding
    for kind, count in counted.items():
        if count > _MOST_OF_A_KIND:
            more = count - _MOST_OF_A_KIND
            yield Finding(
                kind, last[kind].where, f"and {more} more of this kind, of which this is the last", last[kind].mend
            )
