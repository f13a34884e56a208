"""What was wrong with the data: counted by kind, with the first case of each, and never fatal by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Problem", "Problems"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of fault, how often it was met, and the first time in words."""

    kind: str
    count: int
    first: str


class Problems:
    """Counts faults while data is read and measured."""

    def __init__(self) -> None:
        self._found: dict[str, Problem] = {}

    def add(self, kind: str, case: str, count: int = 1) -> None:
        """Count one more fault of a kind (or ``count`` of them); ``case`` says where it was met."""
        known = self._found.get(kind)
        self._found[kind] = Problem(kind, (known.count if known else 0) + count, known.first if known else case)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)
