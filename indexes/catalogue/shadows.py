"""Shadows: a collection that is built beside another, filled by another encoder, and one day takes its name.

A shadow is a collection like any other but for its name, which begins with a dot, so that nobody can ask for it. The
switch changes names in one transaction: whoever opens the name before it gets the one, whoever opens it after gets
the other, and whoever holds the old one goes on with it. Ids are not carried over, for the chunks are other chunks.

Every function works inside the caller's transaction.
"""

import time
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from indexes.catalogue import checksums, reading
from indexes.catalogue.models import CollectionRow, LedgerRow
from indexes.records import EncoderFingerprint

__all__ = ["HIDDEN", "make", "name_of", "rename", "switch"]

HIDDEN: Final = "."
"""How the names of collections begin that are nobody's to ask for."""


def make(connection: Connection, collection_id: int, encoder: EncoderFingerprint) -> Row[Any]:
    """A new shadow of a collection, empty."""
    values = {"name": name_of(collection_id), "encoder": asdict(encoder), "created": time.time()}
    made = insert(CollectionRow).values(sequence=0, horizon=0, **values).returning(CollectionRow.__table__)
    return connection.execute(made).one()


def name_of(collection_id: int) -> str:
    """The name of a collection's shadow."""
    return f"{HIDDEN}shadow-{collection_id}"


def rename(connection: Connection, collection_id: int, name: str) -> None:
    """Give a collection a name that is free."""
    connection.execute(update(CollectionRow).where(CollectionRow.id == collection_id).values(name=name))


def switch(connection: Connection, collection_id: int, kept: str) -> None:
    """Give the shadow the collection's name and ledger, and the collection the name ``kept``."""
    name = connection.execute(select(CollectionRow.name).where(CollectionRow.id == collection_id)).scalar_one()
    shadow = reading.collection_row(connection, name_of(collection_id))
    if shadow is None:
        raise LookupError(f"collection {collection_id} has no shadow")
    lines = connection.execute(select(LedgerRow.__table__).where(LedgerRow.collection_id == collection_id)).mappings()
    rows = [{**line, "collection_id": shadow.id} for line in lines]
    connection.execute(delete(LedgerRow).where(LedgerRow.collection_id == shadow.id))
    if rows:
        guarded = [row | {"checksum": checksums.of_ledger(SimpleNamespace(**row))} for row in rows]
        connection.execute(insert(LedgerRow), guarded)
    rename(connection, collection_id, kept)
    rename(connection, shadow.id, name)
