"""What a collection holds of files when a run begins, and what a file's bytes mean beside that.

A file's digest covers its bytes and everything else that decides the result, so bytes are read and hashed, and that is
all that an unchanged file costs. Content decides: what lies elsewhere with the same digest is the same document.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from indexes.engine import VectorCollection
from indexes.records import LedgerEntry
from ingest.files.discovery import SEPARATOR, SourceFile

__all__ = ["LOAD", "TWIN", "Standing", "Verdict", "holder_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a file.

    ``load`` it; leave it for it is ``unchanged``; say ``again`` what was said of it before; or it is a ``twin``:
    another file has the same bytes, or another document held its words before.
    """

    kind: Literal["load", "unchanged", "again", "twin"]


LOAD, TWIN = Verdict("load"), Verdict("twin")


class Standing:
    """The documents by key and digest, the ledger, and what has been seen in this run."""

    def __init__(self, collection: VectorCollection, recipe: object, *, retry: bool) -> None:
        self.documents = {info.key: info.digest for info in collection.documents()}
        self.ledger: dict[str, LedgerEntry] = {entry.key: entry for entry in collection.ledger()}
        self._recipe = repr(recipe).encode()
        self._retry = retry
        self._holders = {digest: key for key, digest in self.documents.items()}
        self._holders |= {entry.digest: entry.key for entry in self.ledger.values() if entry.outcome == "unpacked"}
        self._loaded: set[str] = set()
        self._fresh: dict[str, str] = {}
        self._members: dict[str, list[str]] = defaultdict(list)
        for key in self.documents.keys() | self.ledger.keys():
            if key != holder_of(key):
                self._members[holder_of(key)].append(key)

    def digest(self, content: str) -> str:
        """The digest of a file by the SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self._recipe + bytes.fromhex(content)).hexdigest()

    def judge(self, source: SourceFile, digest: str) -> Verdict:
        """What the file's digest means; the first file of a digest holds it for the rest of the run."""
        if source.key in self._loaded:
            return LOAD if self._fresh.setdefault(digest, source.key) == source.key else TWIN
        known = self.ledger.get(source.key)
        said = known.outcome if known is not None and known.digest == digest else None
        if self.documents.get(source.key) == digest or said == "unpacked":
            return Verdict("load" if self._retry and self._problems(source.key) else "unchanged")
        if said in ("refused", "failed") and not self._retry:
            return Verdict("again")
        if said == "duplicate":
            return TWIN
        return LOAD if self._holders.setdefault(digest, source.key) == source.key else TWIN

    def load(self, keys: set[str]) -> None:
        """Have these files loaded whatever is said of them, but one of equal bytes only."""
        self._loaded = keys
        for digest in [digest for digest, key in self._holders.items() if key in keys]:
            del self._holders[digest]

    def members(self, key: str) -> list[str]:
        """The keys of the files that came out of an archive or a mail, as far as they are in the ledger."""
        return self._members.get(key, [])

    def _problems(self, key: str) -> list[LedgerEntry]:
        """What went wrong with files in an archive or a mail."""
        entries = (self.ledger.get(member) for member in self.members(key))
        return [entry for entry in entries if entry is not None and entry.outcome in ("refused", "failed")]


def holder_of(key: str) -> str:
    """The key of the file on disk that a document came from: of the archive, for a file in one."""
    return key.partition(SEPARATOR)[0]
