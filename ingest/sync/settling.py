"""What becomes of each file: stored, moved, a duplicate, as it was, not to be read, gone.

Files are settled in their order, and written in that order behind the encoder; so a decision goes by what the
collection holds *or is going to hold*. Files with the bytes of another are settled when all others are, for only then
is it known what stays. A duplicate leans on a document of a certain digest. Whatever leans on another than is there
now is looked at again: at the end of each pass, so also in the first run after one that was cut off.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from indexes.engine import VectorCollection, VectorWriter
from indexes.errors import UsageError
from indexes.records import LedgerEntry, Outcome
from ingest.files.discovery import SEPARATOR, SourceFile, is_under
from ingest.sync.accounts import Accounts
from ingest.sync.buffer import Buffer
from ingest.sync.preparing import Ready
from ingest.sync.reading import Arrival
from ingest.sync.resemblance import Resemblance
from ingest.sync.standing import Standing, holder_of
from ingest.sync.writing import Lane

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["Settling"]

_PROBLEMS = ("refused", "failed")
_TOGETHER = 500  # lines of unchanged files that are written in one transaction


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
        self._ledger = standing.ledger  # as it was before
        self.accounts = Accounts(self._ledger)
        self.buffer = Buffer(encoder, writer, self._put, progress)
        # by key, as it is or is going to be: the digests of documents and archives, and what leans on them
        self._holds = dict(standing.documents)
        self._archives = {key: line.digest for key, line in self._ledger.items() if line.outcome == "unpacked"}
        self._leans = {key: line for key, line in self._ledger.items() if line.outcome == "duplicate"}
        self._resemblance = Resemblance(self._holds, self._ledger)
        self._now: dict[str, str] = {}  # the digests of the files that were seen
        self._sources: dict[str, SourceFile] = {}  # those on disk
        self._twins: list[tuple[SourceFile, str]] = []  # files of other files' bytes, to be settled after these
        self._unpacked: list[LedgerEntry] = []  # archives, to be recorded after all that follows from them
        # unchanged files whose lines say otherwise yet; nothing rests on their order
        self._same: list[LedgerEntry] = []
        self._declined: dict[str, tuple[Outcome, str]] = {}  # by digest, what could not be read
        self._again: set[str] = set()  # keys to look at again
        self._renamed: set[str] = set()  # moved files of another name, which may be a part of their chunks' contexts
        self._rejected: list[tuple[str, str | None]] = []  # what could not be written, with the digest of before

    def holds(self, key: str) -> bool:
        """Whether the collection has a document of this key, or is going to."""
        return key in self._holds

    def settle(self, arrival: Arrival) -> None:
        """Decide what becomes of a file, as far as can be said before the others."""
        source, digest, kind = arrival.source, arrival.digest, arrival.verdict.kind
        known = self._ledger.get(source.key)
        self._now[source.key] = digest
        if holder_of(source.key) == source.key:
            self._sources[source.key] = source
        if arrival.ready is not None:
            self._accept(source, arrival.ready)
        elif arrival.outcome == "unpacked":
            self._unpack(source, digest)
        elif arrival.outcome is not None:
            if arrival.withdraw and source.key in self._holds:
                self._delete(source.key, None)
            self._problem(source, digest, arrival.outcome, arrival.reason)
        elif kind == "again" and known is not None:
            self.accounts.problem(source, digest, known.outcome, known.reason, kept=source.key in self._holds)
        elif kind == "twin":
            self._twins.append((source, digest))
        else:
            self._unchanged(source, digest)

    def finish(self, files: Sequence[SourceFile]) -> None:
        """Settle what waits for all these files: twins, what is not in their archives any more, and the archives."""
        self._record_unchanged()
        self._lane.wait()
        for key, before in self._rejected:
            self._holds.pop(key, None)
            self._holds |= {key: before} if before else {}
        self._rejected = []
        self._settle_twins()
        for source in files:
            if self.accounts.outcome(source.key) not in ("", *_PROBLEMS):
                members = [each for each in self.standing.members(source.key) if each not in self.accounts.outcomes]
                for member in sorted(members, key=self.holds):  # documents last, so that none of these inherits one
                    self.remove(member, "it is not in the archive any more")
        self._record(*self._unpacked)
        self._unpacked = []

    def look_again(self) -> list[SourceFile]:
        """The files on disk to be taken again, for what they or files in them lean on is not there any more."""
        for key, line in self._leans.items():
            if self._digest(line.original) != line.original_digest and _is_there(key):
                self._again.add(key)
        holders = sorted({holder_of(key) for key in self._again})
        return [self._sources.get(key) or SourceFile(Path(key), key, self._name(key)) for key in holders]

    def begin_again(self, standing: Standing) -> None:
        """Go by what the collection holds now; what is looked at again is loaded whatever is said of it."""
        self.standing = standing
        standing.load(self._again | {holder_of(key) for key in self._again})
        self._again = set()

    def vanished(self, roots: Sequence[str], present: set[str]) -> list[str]:
        """The keys of what lay at or under ``roots`` and is not there any more."""
        known = self._holds.keys() | {key for key, line in self._ledger.items() if line.outcome != "removed"}
        return [
            key
            for key in sorted(known)
            if holder_of(key) not in present
            and any(is_under(holder_of(key), root) for root in roots)
            and not _is_there(key)
        ]

    def remove(self, key: str, reason: str) -> None:
        """Take out a document, or the line of a file that has none; a file of the same bytes takes its place."""
        if key not in self._holds:
            self._archives.pop(key, None)
            if self._leans.pop(key, None):
                self._record(self.accounts.removed(key, reason))
            elif key not in self.accounts.outcomes:
                self._lane.do(lambda: self._writer.forget(key))
            return
        heir = next(self._heirs(key), None)
        entry = self.accounts.removed(key, reason)
        if heir is None:
            self._delete(key, entry)
            return
        self._rename(key, SourceFile(Path(heir.uri), heir.key, heir.uri))
        self._record(entry)

    def _accept(self, source: SourceFile, ready: Ready) -> None:
        """Let a document wait for its vectors, unless another holds all that it says."""
        key, digest = source.key, ready.document.digest
        original, lacking = (None, {}) if source.data is not None else self._resemblance.compare(ready, self._text_of)
        if original is not None:
            self._lean(source, digest, original)
            return
        outcome: Outcome = "moved" if key in self._renamed else "changed" if key in self._holds else "added"
        self._leans.pop(key, None)
        self._archives.pop(key, None)
        self._holds[key] = digest
        self._resemblance.add(key, ready.sketch)
        self.buffer.add(ready, self.accounts.stored(ready, outcome, lacking))

    def _unpack(self, source: SourceFile, digest: str) -> None:
        self._leans.pop(source.key, None)
        if source.key in self._holds:
            self._delete(source.key, None)
        self._archives[source.key] = digest
        self._unpacked.append(self.accounts.unpacked(source, digest))

    def _settle_twins(self) -> None:
        twins, self._twins = self._twins, []
        keys: dict[str, list[str]] = defaultdict(list)
        for key, digest in (*self._holds.items(), *self._archives.items()):
            keys[digest].append(key)
        for source, digest in twins:
            holder = self._holder(keys[digest], digest, source.key)
            line = self._leans.get(source.key)
            if holder is not None and not _is_there(holder):
                self._move(source, digest, holder)
                keys[digest].append(source.key)
            elif holder is not None:
                self._lean(source, digest, holder)
            elif line and line.digest == digest and self._digest(line.original) == line.original_digest:
                self._lean(source, digest, line.original)
            elif digest in self._declined:
                self._problem(source, digest, *self._declined[digest])
            else:
                self._again.add(source.key)

    def _holder(self, keys: Sequence[str], digest: str, but: str) -> str | None:
        """Which of the documents and archives has this digest now and keeps it; rather one that is there."""
        held = [
            key for key in keys if key != but and self._digest(key) == digest and self._now.get(key, digest) == digest
        ]
        return next(filter(_is_there, held), held[0] if held else None)

    def _lean(self, source: SourceFile, digest: str, original: str) -> None:
        """A file is a duplicate of what is held under the key ``original``."""
        key = source.key
        entry = self.accounts.duplicate(source, digest, original, self._digest(original) or "")
        before = self._leans.get(key)
        self._leans[key] = entry
        self._archives.pop(key, None)
        if key in self._holds:
            self._delete(key, entry)
        elif before is None or replace(before, time=None) != entry:
            self._record(entry)

    def _move(self, source: SourceFile, digest: str, before: str) -> None:
        """Give a document, and those that came out of an archive or a mail, the place where the file is now.

        An archive or mail is then loaded, which settles what else is in it and encodes nothing.
        """
        members = self.standing.members(before)
        for old in members:
            if old in self._holds:
                self._rename(old, source.member(old.partition(SEPARATOR)[2]))
            else:
                self._leans.pop(old, None)
        if before in self._holds:
            self._rename(before, source)
        if members or before in self._archives:
            self._archives.pop(before, None)
            self._again.add(source.key)
            self._lane.do(lambda: self._writer.forget(before, *members))

    def _rename(self, old: str, source: SourceFile) -> None:
        """Give a document another key and name; what leans on it follows."""
        key = source.key
        digest = self._holds[key] = self._holds.pop(old)
        entry = self.accounts.moved(source, digest, old)
        self._leans.pop(key, None)
        self._leans |= {k: replace(line, original=key) for k, line in self._leans.items() if line.original == old}
        self._resemblance.remove(old)
        self._resemblance.add(key, entry.sketch)
        self._lane.do(lambda: self._writer.rename(old, key, source.uri, entry))
        if PurePath(old).name != PurePath(key).name:
            self._renamed.add(key)
            self._again.add(key)

    def _unchanged(self, source: SourceFile, digest: str) -> None:
        if self.accounts.outcome(source.key) == "moved":
            return
        entries = [self.accounts.unchanged(source, digest)]
        for key in self.standing.members(source.key):
            known = self.standing.ledger.get(key)
            inner = source.member(key.partition(SEPARATOR)[2])
            if known is not None and known.outcome in _PROBLEMS:
                self.accounts.problem(inner, known.digest, known.outcome, known.reason, kept=key in self._holds)
            elif known is not None and known.outcome == "duplicate":
                self._now[key] = known.digest
                self._twins.append((inner, known.digest))
            elif key in self._holds:
                entries.append(self.accounts.unchanged(inner, self._holds[key]))
        self._same += filter(None, entries)
        if len(self._same) >= _TOGETHER:
            self._record_unchanged()

    def _record_unchanged(self) -> None:
        self._record(*self._same)
        self._same = []

    def _problem(self, source: SourceFile, digest: str, outcome: Outcome, reason: str) -> None:
        self._leans.pop(source.key, None)
        if digest:
            self._declined[digest] = outcome, reason
        self._record(self.accounts.problem(source, digest, outcome, reason, kept=source.key in self._holds))

    def _delete(self, key: str, entry: LedgerEntry | None) -> None:
        del self._holds[key]
        self._resemblance.remove(key)
        self._lane.do(lambda: self.accounts.gone(self._writer.delete(key, entry)))

    def _heirs(self, key: str) -> Iterator[LedgerEntry]:
        """The files of the same bytes that a document stands for, as far as they still are so."""
        digest = self._holds[key]
        for line in self._leans.values():
            same = line.original == key and line.digest == line.original_digest == digest
            if same and _is_there(line.key) and self._now.get(line.key, digest) == digest:
                yield line

    def _digest(self, key: str) -> str | None:
        return self._holds.get(key) or self._archives.get(key)

    def _name(self, key: str) -> str:
        known = self._ledger.get(key)
        return known.uri if known else key

    def _text_of(self, key: str) -> str | None:
        waiting = self.buffer.text(key)
        if waiting is not None:
            return waiting
        document = self._collection.document(key)
        if document is None or document.digest != self._holds.get(key):
            self._lane.wait()  # it is on its way
            document = self._collection.document(key)
        return document.text if document and document.digest == self._holds.get(key) else None

    def _put(self, ready: Ready, entry: LedgerEntry, vectors: np.ndarray) -> None:
        """Have a document written; what cannot be stored is that file's failure."""
        before = self.standing.documents.get(entry.key)

        def put() -> None:
            try:
                self.accounts.changed(self._writer.put(ready.document, ready.chunks, vectors, entry))
            except UsageError as error:
                self._rejected.append((entry.key, before))
                source = SourceFile(Path(entry.uri), entry.key, entry.uri)
                kept = before is not None
                self._writer.record(self.accounts.problem(source, entry.digest, "failed", str(error), kept=kept))

        self._lane.do(put)

    def _record(self, *entries: LedgerEntry) -> None:
        if entries:
            self._lane.do(lambda: self._writer.record(*entries))


def _is_there(key: str) -> bool:
    """Whether the file that a key names, or the archive that it is in, can still be found."""
    return key.startswith("stdin:") or Path(holder_of(key)).is_file()
