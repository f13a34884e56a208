"""Taking a snapshot: everything is read in one transaction, so the file is one state of the collection, whole.

Nobody is kept waiting: neither the collection's lock nor the database's write lock is taken. Rows are checked against
their checksums on the way, and the finished file is read back as a restore would read it before it gets its name.
Memory holds one document with some of its chunks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection, Row, select

from indexes.backup.container import Frames, damaged, write_frames
from indexes.backup.contents import ChunkPart, DocumentPart, End, Header, LedgerPart, Part, add_part
from indexes.backup.parsing import read_parts
from indexes.catalogue import checksums, reading
from indexes.catalogue.connection import Catalogue
from indexes.catalogue.models import ChunkRow, CollectionRow, DocumentRow, LedgerRow, VectorRow
from indexes.catalogue.reading import Check
from indexes.catalogue.spans import as_spans
from indexes.errors import UnknownCollection
from indexes.records import Chunk, Document, EncoderFingerprint

__all__ = ["HIGHEST_KEPT", "Inspection", "inspect", "take"]

HIGHEST_KEPT: Final = 1 << 48
"""The highest id that a restored row keeps, and the longest span of ids: no file can use up those of a database."""
_DOCUMENTS = 16  # in memory at a time
_ROWS = 1024


class Inspection:
    """What reading a snapshot from end to end tells of it: what it holds, and the ranges of its ids."""

    def __init__(self, path: Path) -> None:
        """Read and check all of it.

        Raises:
            UsageError, StoreDamaged, StoreError: As `read_parts` says.
        """
        self.end = End()
        self.document_ids = self.chunk_ids = (1, 0)  # lowest and highest
        for part in read_parts(path):
            match part:
                case Header():
                    self.header = part
                case DocumentPart():
                    self.document_ids = _widened(self.document_ids, part.id, part.id)
                case ChunkPart() if part.ids:
                    self.chunk_ids = _widened(self.chunk_ids, part.ids[0], part.ids[-1])
                case End():
                    self.end = part
        for lowest, highest in (self.document_ids, self.chunk_ids):
            if highest - lowest > HIGHEST_KEPT:
                raise damaged(path, "its ids lie too far apart")


def inspect(path: Path) -> Inspection:
    """Read a snapshot from end to end and check all of it.

    Raises:
        UsageError: There is no such file, it is no snapshot, or one of a newer program.
        StoreDamaged: It is damaged.
        StoreError: It cannot be read.
    """
    return Inspection(path)


def take(catalogue: Catalogue, collection_id: int, path: Path) -> Inspection:
    """Write the state of a collection to a new file; returns what was read back from it.

    Raises:
        UnknownCollection: The collection was deleted meanwhile.
        UsageError: Something lies at ``path`` already, or its directory is missing.
        StoreDamaged: The catalogue holds a row that is not as it was written.
        StoreError: The catalogue cannot be read or the file cannot be written; nothing was left behind.
    """

    def fill(frames: Frames) -> None:
        with catalogue.read() as connection, reading.sound(connection, collection_id) as check:
            end = End()
            for part in _parts(connection, collection_id, check):
                add_part(frames, part)
                end = end.after(part)
            add_part(frames, end)

    return write_frames(path, fill, inspect)


def _widened(span: tuple[int, int], low: int, high: int) -> tuple[int, int]:
    return (low, high) if span[0] > span[1] else (min(span[0], low), max(span[1], high))


def _parts(connection: Connection, collection_id: int, check: Check) -> Iterator[Part]:
    row = connection.execute(select(CollectionRow.__table__).where(CollectionRow.id == collection_id)).one_or_none()
    if row is None:
        raise UnknownCollection("The collection was deleted meanwhile: there is nothing to take a snapshot of.")
    encoder = EncoderFingerprint(**row.encoder)
    yield Header(row.name, encoder, row.created, row.sequence)
    statement = select(DocumentRow.__table__).where(DocumentRow.collection_id == collection_id).order_by(DocumentRow.id)
    for found in connection.execute(statement.execution_options(yield_per=_DOCUMENTS)):
        check(f"document {found.uri!r}", checksums.of_document(found), found.checksum)
        check(f"the text of document {found.uri!r}", checksums.of_text(found), found.text_checksum)
        document = Document(
            key=found.key,
            uri=found.uri,
            title=found.title,
            text=found.text,
            digest=found.digest,
            metadata=found.metadata,
            pages=as_spans(found.pages),
        )
        yield DocumentPart(found.id, document, found.chunks)
        came = 0
        for part in _chunks(connection, found.id, document, encoder.dimension, check):
            came += len(part.ids)
            yield part
        check(f"the number of chunks of document {found.uri!r}", came, found.chunks)
    yield from _ledger(connection, collection_id, check)


def _chunks(
    connection: Connection, document_id: int, document: Document, dimension: int, check: Check
) -> Iterator[ChunkPart]:
    statement = (
        select(ChunkRow.__table__, VectorRow.vector, VectorRow.checksum.label("vector_checksum"))
        .join(VectorRow, VectorRow.chunk_id == ChunkRow.id, isouter=True)
        .where(ChunkRow.document_id == document_id)
        .order_by(ChunkRow.id)
        .execution_options(yield_per=_ROWS)
    )
    for rows in connection.execute(statement).partitions():
        for row in rows:
            check(f"chunk {row.id}", checksums.of_chunk(row), row.checksum)
            check(f"the vector of chunk {row.id}", checksums.of_vector(row.id, row.vector), row.vector_checksum)
            if document.text[row.start_at : row.end_at] != row.text:
                reading.damaged(connection, row.collection_id, f"chunk {row.id}")
        vectors = np.frombuffer(b"".join(row.vector for row in rows), "<f4").reshape(len(rows), dimension)
        yield ChunkPart([row.id for row in rows], [row.sequence for row in rows], [_chunk(r) for r in rows], vectors)


def _chunk(row: Row[tuple[object, ...]]) -> Chunk:
    return Chunk(row.start_at, row.end_at, row.context, row.digest, row.page, row.metadata)


def _ledger(connection: Connection, collection_id: int, check: Check) -> Iterator[LedgerPart]:
    statement = select(LedgerRow.__table__).where(LedgerRow.collection_id == collection_id).order_by(LedgerRow.key)
    for rows in connection.execute(statement.execution_options(yield_per=_ROWS)).partitions():
        for row in rows:
            check(f"the ledger's line on {row.uri!r}", checksums.of_ledger(row), row.checksum)
        yield LedgerPart([reading.entry_of(row) for row in rows], [row.time for row in rows])
