"""The tables of the catalogue, typed. They are the truth: every other file of a home can be made again from them.

A commit is one transaction that raises ``collection.sequence`` by one. A chunk carries the sequence of the commit
that added it, and a chunk that is removed leaves a tombstone with the sequence of its removal; so a reader that
stands at sequence ``s`` catches up with the chunks and the tombstones after ``s``. Tombstones up to
``collection.horizon`` may have been swept away: a reader that stands before it starts afresh.

A vector has its own table, one row for each chunk and written in the same transaction, so that reading chunks does
not drag vectors through memory. What filters ask about is kept as attributes (see ``indexes.catalogue.selection``).
Rows that hold what people wrote carry a checksum (see ``indexes.catalogue.checksums``).
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "Base",
    "ChunkAttributeRow",
    "ChunkRow",
    "CollectionRow",
    "CommitRow",
    "DocumentAttributeRow",
    "DocumentRow",
    "LedgerRow",
    "MigrationRow",
    "TombstoneRow",
    "VectorRow",
]

_ID = BigInteger().with_variant(Integer(), "sqlite")
# Text that is compared: by code point, whatever the language of the database.
_PLAIN = Text().with_variant(Text(collation="C"), "postgresql")
# Ids are given out in rising order and never twice, not even after the last row was deleted.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """The root of the models."""


class MigrationRow(Base):
    """A step of the schema that was taken; the highest version is the schema's."""

    __tablename__ = "migration"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))


class CollectionRow(Base):
    """A named set of documents, filled by one encoder."""

    __tablename__ = "collection"
    __table_args__ = _NEVER_REUSED

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(_PLAIN, unique=True)
    encoder: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[float] = mapped_column(Double)
    sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    horizon: Mapped[int] = mapped_column(BigInteger, default=0)


class DocumentRow(Base):
    """A document; ``chunks`` is the number of its chunks: where fewer are found, some were lost."""

    __tablename__ = "document"
    __table_args__ = (Index("document_key", "collection_id", "key", unique=True), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(_PLAIN)
    uri: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(128))
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    pages: Mapped[list[list[Any]]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)
    chunks: Mapped[int] = mapped_column(Integer)
    checksum: Mapped[int] = mapped_column(BigInteger)
    text_checksum: Mapped[int] = mapped_column(BigInteger)


class ChunkRow(Base):
    """A chunk of a document; ``text`` is exactly ``document.text[start:end]``."""

    __tablename__ = "chunk"
    __table_args__ = (
        Index("chunk_sequence", "collection_id", "sequence"),
        Index("chunk_digest", "collection_id", "digest"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    start: Mapped[int] = mapped_column("start_at", BigInteger)
    end: Mapped[int] = mapped_column("end_at", BigInteger)
    page: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(128))
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    context: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    checksum: Mapped[int] = mapped_column(BigInteger)


class VectorRow(Base):
    """The vector of a chunk: unit length, little-endian float32."""

    __tablename__ = "vector"

    chunk_id: Mapped[int] = mapped_column(
        _ID, ForeignKey("chunk.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    checksum: Mapped[int] = mapped_column(BigInteger)


class CommitRow(Base):
    """A commit, kept until files stand at a later one.

    ``token`` is its own at random: files and memory that stand at a commit of the same number and another token come
    from another history, as after a backup was put back. ``chunks`` is the number of chunks after it.
    """

    __tablename__ = "commits"

    collection_id: Mapped[int] = mapped_column(
        _ID, ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(String(32))
    chunks: Mapped[int] = mapped_column(BigInteger)


class TombstoneRow(Base):
    """A chunk that was removed, for the readers that still hold it."""

    __tablename__ = "tombstone"
    __table_args__ = (Index("tombstone_sequence", "collection_id", "sequence"),)

    chunk_id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=False)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"))
    sequence: Mapped[int] = mapped_column(BigInteger)


class _Attribute:
    """A value that a filter can ask about: ``kind`` is one of s, n, b, z (string, number, boolean, null)."""

    id: Mapped[int] = mapped_column(_ID, primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(_PLAIN)
    kind: Mapped[str] = mapped_column(String(1))
    text: Mapped[str] = mapped_column(_PLAIN)
    number: Mapped[float | None] = mapped_column(Double)


class DocumentAttributeRow(_Attribute, Base):
    """An attribute of all chunks of a document, unless a chunk has its own of the same key."""

    __tablename__ = "document_attribute"
    __table_args__ = (
        Index("document_attribute_text", "collection_id", "key", "text", "kind", "document_id"),
        Index("document_attribute_number", "collection_id", "key", "number", "kind", "document_id"),
    )

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)


class ChunkAttributeRow(_Attribute, Base):
    """An attribute of one chunk."""

    __tablename__ = "chunk_attribute"
    __table_args__ = (
        Index("chunk_attribute_text", "collection_id", "key", "text", "kind", "chunk_id"),
        Index("chunk_attribute_number", "collection_id", "key", "number", "kind", "chunk_id"),
    )

    chunk_id: Mapped[int] = mapped_column(ForeignKey("chunk.id", ondelete="CASCADE"), index=True)


class LedgerRow(Base):
    """What became of a file when it was last brought in."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ledger_original", "collection_id", "original"),)

    collection_id: Mapped[int] = mapped_column(
        _ID, ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(_PLAIN, primary_key=True)
    uri: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(128))
    time: Mapped[float] = mapped_column(Double)
    original: Mapped[str] = mapped_column(_PLAIN, default="")
    original_digest: Mapped[str] = mapped_column(String(128), default="")
    sketch: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    doubts: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    checksum: Mapped[int] = mapped_column(BigInteger)
