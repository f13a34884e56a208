"""Finds the document that holds all a new one says, and those that say nearly the same."""

from collections.abc import Callable, Mapping

from indexes.records import LedgerEntry
from ingest.sync.preparing import Ready
from ingest.text.duplicates import Sketches, missing

__all__ = ["Resemblance"]

_ALIKE = 0.7
"""The Jaccard index from which two documents are compared word by word."""
_COMPARED = 3


class Resemblance:
    """The sketches of all documents, those that wait included."""

    def __init__(self, documents: Mapping[str, str], ledger: Mapping[str, LedgerEntry]) -> None:
        self._sketches: Sketches[str] = Sketches()
        for key in documents:
            if key in ledger and ledger[key].sketch:
                self._sketches.add(key, ledger[key].sketch)

    def add(self, key: str, sketch: bytes) -> None:
        """Take a document in, in the place of one with its key."""
        self.remove(key)
        if sketch:
            self._sketches.add(key, sketch)

    def remove(self, key: str) -> None:
        """Take a document out."""
        self._sketches.remove(key)

    def compare(self, ready: Ready, text_of: Callable[[str], str | None]) -> tuple[str | None, dict[str, int]]:
        """Lay a document beside those most like it.

        Args:
            ready: The document.
            text_of: Gives the text of a document by its key, None where it is not there any more.

        Returns:
            The key of a document that holds every sentence of this one, or None; and how many sentences of this one
            are not in each of those that are alike.
        """
        lacking: dict[str, int] = {}
        near = self._sketches.near(ready.sketch, _ALIKE) if ready.sketch else []
        for key, _ in [pair for pair in near if pair[0] != ready.document.key][:_COMPARED]:
            text = text_of(key)
            if text is None:
                continue
            lost = len(missing(ready.document.text, text))
            if not lost:
                return key, {}
            lacking[key] = lost
        return None, lacking
