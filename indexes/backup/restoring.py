"""Restoring a snapshot: one transaction, so that what was restored is there whole or not at all.

The file is read twice, from end to end: once before anything is locked, so that a damaged file costs nobody anything,
and once while rows are written, with all checks again, for a file can change under a reader.

Ids stay as they are where every one of them is free, as in an empty home, or where the collection was deleted, and
none is so high that few are left after it.
Otherwise all of them move up by the same distance, beyond every id that was ever given out: their order stays, so
searches give the same chunks in the same order. While rows are written, other writers of the same database wait;
readers never do.
"""

from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from indexes.backup.container import damaged
from indexes.backup.contents import ChunkPart, DocumentPart, Header, LedgerPart
from indexes.backup.parsing import read_parts
from indexes.backup.taking import HIGHEST_KEPT, Inspection
from indexes.catalogue import reading, writing
from indexes.catalogue.connection import Catalogue
from indexes.catalogue.ids import draw
from indexes.catalogue.models import ChunkRow, CollectionRow, DocumentRow, LedgerRow, TombstoneRow
from indexes.errors import UsageError
from indexes.records import Document

__all__ = ["already_there", "restore"]


class _Taken(Exception):
    """An id or a key is in use."""


def restore(catalogue: Catalogue, path: Path, name: str, inspection: Inspection) -> None:
    """Make the collection of a snapshot, under a name that is free.

    Args:
        catalogue: Where to.
        path: The file.
        name: The name, checked to be one.
        inspection: What `indexes.backup.taking.inspect` told of the file.

    Raises:
        UsageError: There is a collection of that name.
        StoreDamaged: The file is damaged, or was changed meanwhile.
        StoreError: The catalogue cannot be written; nothing has changed.
    """
    try:
        keep_ids = max(inspection.document_ids[1], inspection.chunk_ids[1]) <= HIGHEST_KEPT
        _restore(catalogue, path, name, inspection, keep_ids=keep_ids)
    except _Taken:
        try:
            _restore(catalogue, path, name, inspection, keep_ids=False)
        except _Taken as error:
            raise damaged(path, "an id or a key comes twice") from error


def already_there(path: Path, name: str, home: Path) -> UsageError:
    """The error for a name that is in use."""
    return UsageError(
        f"There is already a collection {name!r} in {home}: type `ragstack collections restore {path} --as "
        f"{name}-restored` to restore beside it, or `ragstack collections delete {name}` first."
    )


def _restore(catalogue: Catalogue, path: Path, name: str, inspection: Inspection, *, keep_ids: bool) -> None:
    with catalogue.write() as connection:
        if reading.collection_row(connection, name) is not None:
            raise already_there(path, name, catalogue.home)
        of_documents = _distance(connection, DocumentRow, inspection.document_ids, keep_ids)
        of_chunks = _distance(connection, ChunkRow, inspection.chunk_ids, keep_ids)
        try:
            _Restoring(connection, name, of_documents, of_chunks).run(path)
        except IntegrityError as error:
            raise _Taken from error


class _Restoring:
    """Writes the parts of a snapshot, inside the caller's transaction."""

    def __init__(self, connection: Connection, name: str, of_documents: int, of_chunks: int) -> None:
        self._connection = connection
        self._name = name
        self._of_documents = of_documents
        self._of_chunks = of_chunks
        self._owner: dict[str, int] = {}
        self._document: Document | None = None
        self._sequence = 0
        self._count = 0

    def run(self, path: Path) -> None:
        for part in read_parts(path):
            match part:
                case Header():
                    self._collection(part)
                case DocumentPart():
                    self._owner["document_id"] = part.id + self._of_documents
                    self._document = part.document
                    writing.insert_document(self._connection, **self._owner, document=part.document, chunks=part.chunks)
                case ChunkPart():
                    self._chunks(part)
                case LedgerPart():
                    self._ledger(part)
        if self._sequence:
            writing.add_commit(self._connection, self._owner["collection_id"], self._sequence, self._count)

    def _collection(self, header: Header) -> None:
        values = {
            "name": self._name,
            "encoder": asdict(header.encoder),
            "created": header.created,
            "sequence": header.sequence,
            "horizon": header.sequence,  # there are no tombstones, and no reader that needs them
        }
        inserted = insert(CollectionRow).values(values).returning(CollectionRow.id)
        self._owner = {"collection_id": self._connection.scalars(inserted).one()}
        self._sequence = header.sequence

    def _chunks(self, part: ChunkPart) -> None:
        ids = [id_ + self._of_chunks for id_ in part.ids]
        for batch in reading.batches(ids):
            # a tombstone keeps its id too: when the chunk goes again, there must be room for another
            if self._connection.scalar(select(TombstoneRow.chunk_id).where(TombstoneRow.chunk_id.in_(batch)).limit(1)):
                raise _Taken
        if self._document is not None:
            new = list(zip(ids, part.sequences, part.chunks, strict=True))
            self._count += len(new)
            writing.insert_chunks(self._connection, self._owner, self._document, new, part.vectors)

    def _ledger(self, part: LedgerPart) -> None:
        owner = self._owner["collection_id"]
        rows = [writing.ledger_row(owner, entry, time) for entry, time in zip(part.entries, part.times, strict=True)]
        self._connection.execute(insert(LedgerRow), rows)


def _distance(connection: Connection, rows: type[DocumentRow | ChunkRow], ids: tuple[int, int], keep_ids: bool) -> int:
    """How far ids move up; the database gives out none of the new ones from now on."""
    lowest, highest = ids
    if highest < lowest:
        return 0
    distance = 0 if keep_ids else draw(connection, rows, 1)[0] + 1 - lowest
    if connection.dialect.name != "sqlite":  # SQLite counts what is inserted
        connection.execute(
            text("SELECT setval(s, greatest(:highest, nextval(s))) FROM pg_get_serial_sequence(:name, 'id') AS s"),
            {"highest": highest + distance, "name": rows.__tablename__},
        )
    return distance
