"""The schema's versions. Steps are named, are appended and never change once released.

A new database gets the tables of ``indexes.catalogue.models`` as they are now and is marked with the newest version;
an older one takes the steps that it lacks, all in one transaction. A database newer than this program is refused, so
that an old program never writes what it does not understand.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    LargeBinary,
    Row,
    TableClause,
    and_,
    bindparam,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
    update,
)

from indexes.catalogue import checksums
from indexes.catalogue.models import Base, MigrationRow
from indexes.errors import StoreDamaged, StoreError

__all__ = ["STEPS", "is_current", "migrate", "schema_version"]

Step = tuple[str, Callable[[Connection], None]]

_AT_A_TIME = 500  # rows in memory while they are filled


def _add_checksums(connection: Connection) -> None:
    """Give every row that holds what people wrote its checksum, and every document the number of its chunks."""
    connection.execute(text("ALTER TABLE document ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0"))
    connection.execute(
        text("UPDATE document SET chunks = (SELECT count(*) FROM chunk WHERE chunk.document_id = document.id)")
    )
    documents = _rows("document", "id collection_id key uri title digest metadata pages text chunks")
    places = "id collection_id document_id sequence start_at end_at page"
    chunks = _rows("chunk", f"{places} digest metadata context text")
    vectors = _rows("vector", "chunk_id vector")
    lines = _rows("ledger", "collection_id key uri outcome reason digest time")
    _fill(connection, documents, ("id",), {"checksum": checksums.of_document, "text_checksum": checksums.of_text})
    _fill(connection, chunks, ("id",), {"checksum": checksums.of_chunk})
    _fill(connection, vectors, ("chunk_id",), {"checksum": lambda row: checksums.of_vector(row.chunk_id, row.vector)})
    _fill(connection, lines, ("collection_id", "key"), {"checksum": lambda row: 0})  # a later step computes it


def _add_commits(connection: Connection) -> None:
    """Give every collection a commit that says what it holds now."""
    connection.execute(
        text(
            "CREATE TABLE commits (collection_id BIGINT NOT NULL REFERENCES collection (id) ON DELETE CASCADE, "
            "sequence BIGINT NOT NULL, token VARCHAR(32) NOT NULL, chunks BIGINT NOT NULL, "
            "PRIMARY KEY (collection_id, sequence))"
        )
    )
    count = "(SELECT count(*) FROM chunk WHERE chunk.collection_id = collection.id) AS chunks"
    for row in connection.execute(text(f"SELECT id, sequence, {count} FROM collection WHERE sequence > 0")).all():  # noqa: S608
        values = {"id": row.id, "sequence": row.sequence, "token": secrets.token_hex(16), "chunks": row.chunks}
        connection.execute(text("INSERT INTO commits VALUES (:id, :sequence, :token, :chunks)"), values)


def _add_originals(connection: Connection) -> None:
    """Give the ledger what it says of duplicates and of doubtful pages."""
    blob = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    empty = "''" if connection.dialect.name == "postgresql" else "X''"
    plain = ' COLLATE "C"' if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"ALTER TABLE ledger ADD COLUMN original TEXT{plain} NOT NULL DEFAULT ''"))
    connection.execute(text("ALTER TABLE ledger ADD COLUMN original_digest VARCHAR(128) NOT NULL DEFAULT ''"))
    connection.execute(text(f"ALTER TABLE ledger ADD COLUMN sketch {blob} NOT NULL DEFAULT {empty}"))
    connection.execute(text("ALTER TABLE ledger ADD COLUMN doubts JSON NOT NULL DEFAULT '[]'"))
    connection.execute(text("ALTER TABLE ledger DROP COLUMN checksum"))
    connection.execute(text("CREATE INDEX ledger_original ON ledger (collection_id, original)"))
    lines = _rows("ledger", "collection_id key uri outcome reason digest time original original_digest sketch doubts")
    _fill(connection, lines, ("collection_id", "key"), {"checksum": checksums.of_ledger})


def _rows(name: str, columns: str) -> TableClause:
    """A table with the columns that a step knows, whatever the models have become since."""
    json, blob = JSON(), LargeBinary()
    kinds: dict[str, Any] = {"metadata": json, "pages": json, "doubts": json, "vector": blob, "sketch": blob}
    return table(name, *(column(each, kinds.get(each)) for each in columns.split()))


def _fill(
    connection: Connection, rows: TableClause, keys: tuple[str, ...], fill: dict[str, Callable[[Row[Any]], int]]
) -> None:
    """Add columns to a table and compute them for the rows that are there, some at a time by rising key."""
    for name in fill:
        connection.execute(text(f"ALTER TABLE {rows.name} ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0"))
    target = table(rows.name, *(column(name) for name in keys), *(column(name, BigInteger) for name in fill))
    by_key = and_(*(target.c[name] == bindparam(f"at_{name}") for name in keys))
    order = [rows.c[name] for name in keys]
    offset: Row[Any] | None = None
    while True:
        statement = select(*rows.c).order_by(*order).limit(_AT_A_TIME)
        if offset is not None:
            statement = statement.where(_after(order, [getattr(offset, name) for name in keys]))
        try:
            found = connection.execute(statement).all()
        except (ValueError, TypeError) as error:
            raise StoreDamaged(
                f"A row of table {rows.name} cannot be read ({error}): restore a snapshot with "
                "`ragstack collections restore FILE`, or move the home away and ingest again."
            ) from error
        if not found:
            return
        values = [
            {f"at_{name}": getattr(row, name) for name in keys} | {name: of(row) for name, of in fill.items()}
            for row in found
        ]
        connection.execute(update(target).where(by_key), values)
        offset = found[-1]


def _after(order: list[Any], values: list[Any]) -> Any:
    """What comes after the row with these values of one or two columns, in their order."""
    first, *rest = order
    beyond: Any = first > values[0]
    return beyond if not rest else beyond | ((first == values[0]) & (rest[0] > values[1]))


# (name, what it does) from each version to the next. The first has nothing to do: it names the tables of the start.
STEPS: Final[tuple[Step, ...]] = (
    ("first tables", Base.metadata.create_all),
    ("checksums of rows", _add_checksums),
    ("commits", _add_commits),
    ("duplicates and doubts", _add_originals),
)


def schema_version(connection: Connection) -> int:
    """The version of the schema, 0 for an empty database.

    Raises:
        StoreError: The schema is newer than this program.
        StoreDamaged: The database holds tables that are not this project's.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return 0
    if MigrationRow.__tablename__ not in tables:
        raise StoreDamaged(
            "The catalogue holds tables but not those of ragstack: point `--home` at another directory, "
            "or put a copy of the right one back."
        )
    version = connection.scalar(select(func.max(MigrationRow.version))) or 0
    if version > len(STEPS):
        raise StoreError(
            f"The catalogue has schema version {version} and this program knows up to {len(STEPS)}: "
            "a newer ragstack wrote it; type `pip install --upgrade ragstack`."
        )
    return version


def is_current(connection: Connection) -> bool:
    """Whether the schema is the newest that this program knows."""
    return schema_version(connection) == len(STEPS)


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest version, inside the caller's transaction."""
    version = schema_version(connection)
    if version == len(STEPS):
        return
    if version == 0:
        Base.metadata.create_all(connection)
    for number, (name, step) in enumerate(STEPS[version:], version + 1):
        if version:
            step(connection)
        connection.execute(insert(MigrationRow).values(version=number, name=name))
