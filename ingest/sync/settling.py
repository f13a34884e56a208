"""What becomes of each file: stored, moved, a duplicate, as it was, not to be read, gone.

Decisions are made in the order of the files and written in that order behind the encoder; so what a decision goes by
is what the collection holds *or is going to hold*.
"""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from indexes.engine import VectorCollection, VectorWriter
from indexes.errors import UsageError
from indexes.records import LedgerEntry, Outcome
from ingest.files.discovery import SourceFile
from ingest.sync.accounts import Accounts
from ingest.sync.buffer import Buffer
from ingest.sync.preparing import Ready
from ingest.sync.reading import Arrival
from ingest.sync.resemblance import Resemblance
from ingest.sync.standing import Standing, holder_of
from ingest.sync.writing import Lane

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["Settling", "is_under"]


class Settling:
    """Decides, and has it written.

    Attributes:
        standing: What the collection held when the files in hand began to be read.
        accounts: What is said of every file.
        buffer: The documents that wait for vectors.
    """

    def __init__(
        self,
        collection: VectorCollection,
        writer: VectorWriter,
        lane: Lane,
        encoder: "Encoder",
        standing: Standing,
        progress: Callable[[], None],
    ) -> None:
        self.standing = standing
        self._collection = collection
        self._writer = writer
        self._lane = lane
        self._holds = dict(standing.documents)  # key -> digest of what is, or is going to be, in the collection
        self._ledger = standing.ledger  # as it was before
        self.accounts = Accounts(self._ledger)
        self.buffer = Buffer(encoder, writer, self._put, progress)
        self._resemblance = Resemblance(self._holds, self._ledger)
        self._touched: set[str] = set()  # what changed or went, so that its duplicates may need another
        self._unsettled: dict[str, SourceFile] = {}  # files to look at again
        self._renamed: set[str] = set()  # moved files of another name, which may be a part of their chunks' contexts

    def holds(self, key: str) -> bool:
        """Whether the collection has a document of this key, or is going to."""
        return key in self._holds

    def settle(self, arrival: Arrival) -> None:
        """Decide what becomes of a file."""
        source, digest, kind = arrival.source, arrival.digest, arrival.verdict.kind
        known = self._ledger.get(source.key)
        if arrival.ready is not None:
            self._accept(source, arrival.ready)
        elif arrival.outcome == "unpacked":
            self._touched.add(source.key)
            self._record(self.accounts.unpacked(source, digest))
        elif arrival.outcome is not None:
            self._problem(source, digest, arrival.outcome, arrival.reason)
        elif kind == "again" and known is not None:
            self.accounts.problem(source, digest, known.outcome, known.reason, kept=source.key in self._holds)
        elif kind == "twin":
            self._twin(source, digest, arrival.verdict.original)
        else:
            self._unchanged(source, digest)

    def _accept(self, source: SourceFile, ready: Ready) -> None:
        """Let a document wait for its vectors, unless another holds all that it says."""
        key = source.key
        original, lacking = (None, {}) if source.data else self._resemblance.compare(ready, self._text_of)
        if original is not None:
            self._duplicate(source, ready.document.digest, original)
            return
        outcome: Outcome = "moved" if key in self._renamed else "changed" if key in self._holds else "added"
        if key in self._holds:
            self._touched.add(key)
        self._holds[key] = ready.document.digest
        self._resemblance.add(key, ready.sketch)
        self.buffer.add(ready, self.accounts.stored(ready, outcome, lacking))

    def _twin(self, source: SourceFile, digest: str, original: str) -> None:
        """Settle a file that has the bytes of another, or whose words another held before."""
        same = self._holds.get(original) == digest or self._is_archive(original, digest)
        outcome, reason = self.accounts.outcomes.get(original, ("unchanged", ""))
        if same and not _is_there(original):
            self._move(source, digest, original)
        elif same or (original in self._holds and original not in self._touched):
            self._duplicate(source, digest, original)
        elif outcome in ("refused", "failed"):
            self._problem(source, digest, outcome, reason)
        else:
            self._unsettled[source.key] = source

    def _duplicate(self, source: SourceFile, digest: str, original: str) -> None:
        key = source.key
        entry = self.accounts.duplicate(source, digest, original)
        if self._holds.pop(key, None) is None:
            self._record(entry)
            return
        self._touched.add(key)
        self._resemblance.remove(key)
        self._lane.do(lambda: self._writer.delete(key, entry))

    def _move(self, source: SourceFile, digest: str, before: str) -> None:
        """Give a document, and those in an archive, the place where the file is now."""
        if before not in self._holds:
            self._lane.do(lambda: self._writer.forget(before))
            self._record(self.accounts.unpacked(source, digest))
        for old in [before, *self.standing.members(before)]:
            if old in self._holds:
                path = old[len(before) :]
                self._rename(old, source if old == before else source.member(path.removeprefix("!/")))
        if before in self._ledger and PurePath(before).name != source.path.name and source.key in self._holds:
            self._renamed.add(source.key)
            self._unsettled[source.key] = source

    def _rename(self, old: str, source: SourceFile) -> None:
        digest = self._holds[source.key] = self._holds.pop(old)
        entry = self.accounts.moved(source, digest, old)
        self._resemblance.remove(old)
        self._resemblance.add(source.key, entry.sketch)
        self._lane.do(lambda: self._writer.rename(old, source.key, source.uri))
        self._record(entry)

    def _unchanged(self, source: SourceFile, digest: str) -> None:
        members = self.standing.members(source.key)
        entries = [self.accounts.unchanged(source, digest)]
        for key in members:
            known = self._ledger[key]
            inner = source.member(key[len(source.key) + 2 :])
            if known.outcome in ("refused", "failed"):
                self.accounts.problem(inner, known.digest, known.outcome, known.reason, kept=key in self._holds)
            elif known.outcome == "duplicate":
                self._twin(inner, known.digest, known.original)
            elif key in self._holds:
                entries.append(self.accounts.unchanged(inner, known.digest))
        self._record(*filter(None, entries))

    def _problem(self, source: SourceFile, digest: str, outcome: Outcome, reason: str) -> None:
        self._record(self.accounts.problem(source, digest, outcome, reason, kept=source.key in self._holds))

    def remove(self, key: str, reason: str) -> None:
        """Take out a document, or the line of a file that has none; a file of the same bytes takes its place."""
        known = self._ledger.get(key)
        if key not in self._holds:
            self._touched.add(key)
            entry = self.accounts.removed(key, reason) if known and known.outcome == "duplicate" else None
            self._lane.do(lambda: self._writer.record(entry) if entry else self._writer.forget(key))
            return
        heir = next((each for each in self._duplicates_of({key}) if each.digest == self._holds[key]), None)
        if heir is not None:
            self._rename(key, SourceFile(Path(heir.key), heir.key, heir.uri))
            self._record(self.accounts.removed(key, reason))
            return
        del self._holds[key]
        self._touched.add(key)
        self._resemblance.remove(key)
        entry = self.accounts.removed(key, reason)
        self._lane.do(lambda: self.accounts.gone(self._writer.delete(key, entry)))

    def remove_lost_members(self, key: str) -> None:
        """Take out what came from a file in an archive that is not there any more."""
        for member in self.standing.members(key):
            if member not in self.accounts.outcomes and self.accounts.outcome(key) not in ("refused", "failed"):
                self.remove(member, "it is not in the archive any more")

    def vanished(self, roots: Sequence[str], present: set[str]) -> list[str]:
        """The keys of what lay at or under ``roots`` and is not there any more."""
        known = self._holds.keys() | {e.key for e in self._ledger.values() if e.outcome in ("duplicate", "unpacked")}
        return [
            key
            for key in sorted(known)
            if holder_of(key) not in present
            and any(is_under(holder_of(key), root) or is_under(key, root) for root in roots)
            and not _is_there(key)
        ]

    def look_again(self) -> list[SourceFile]:
        """The files that need another look, because the document that stood for them changed or went."""
        again, self._unsettled = self._unsettled, {}
        for entry in self._duplicates_of(self._touched):
            holder = holder_of(entry.key)
            if self.accounts.outcome(entry.key) in ("", "duplicate", "unchanged"):
                uri = entry.uri if holder == entry.key else entry.uri.partition("!/")[0]
                again[holder] = SourceFile(Path(holder), holder, uri)
                self._lane.do(lambda keys=(entry.key, holder): self._writer.forget(*keys))  # type: ignore[misc]
        self._touched = set()
        return list(again.values())

    def begin_again(self, standing: Standing) -> None:
        """Go by what the collection holds now; moved files of another name are to be loaded."""
        self.standing = standing
        for key in self._renamed:
            standing.documents.pop(key, None)

    def _duplicates_of(self, keys: set[str]) -> list[LedgerEntry]:
        """The files that one of these documents stands for, and that are there."""
        held = (e for e in self._ledger.values() if e.outcome == "duplicate" and e.original in keys)
        return [entry for entry in held if _is_there(entry.key)]

    def _is_archive(self, key: str, digest: str) -> bool:
        known = self._ledger.get(key)
        return self.accounts.outcome(key) == "unpacked" or (
            known is not None and known.outcome == "unpacked" and known.digest == digest
        )

    def _text_of(self, key: str) -> str | None:
        waiting = self.buffer.text(key)
        if waiting is not None:
            return waiting
        document = self._collection.document(key)
        return document.text if document and document.digest == self._holds.get(key) else None

    def _put(self, ready: Ready, entry: LedgerEntry, vectors: np.ndarray) -> None:
        """Have a document written; what cannot be stored is that file's failure."""

        def put() -> None:
            try:
                self.accounts.changed(self._writer.put(ready.document, ready.chunks, vectors, entry))
            except UsageError as error:
                source = SourceFile(Path(entry.uri), entry.key, entry.uri)
                self._writer.record(self.accounts.problem(source, "", "failed", str(error), kept=False))

        self._lane.do(put)

    def _record(self, *entries: LedgerEntry) -> None:
        if entries:
            self._lane.do(lambda: self._writer.record(*entries))


def is_under(key: str, root: str) -> bool:
    """Whether a key is that of a path, or of one below it."""
    return key == root or key.startswith(root.rstrip("/") + "/")


def _is_there(key: str) -> bool:
    """Whether the file that a key names, or the archive that it is in, can still be found."""
    return key.startswith("stdin:") or Path(key).exists() or Path(holder_of(key)).exists()
