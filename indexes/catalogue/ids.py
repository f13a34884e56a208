"""Ids of rows, drawn before the rows are written, so that a row's checksum can cover its id.

SQLite counts them in its own table of sequences, which a transaction that writes has for itself alone; others have a
sequence of their own for each table.
"""

from sqlalchemy import Connection, func, select, text

from indexes.catalogue.models import ChunkRow, DocumentRow

__all__ = ["counted", "draw", "raise_to"]

_Numbered = type[DocumentRow] | type[ChunkRow]


def draw(connection: Connection, rows: _Numbered, count: int) -> list[int]:
    """Ids for new rows, rising, that were never given out before and never will be again."""
    if connection.dialect.name != "sqlite":
        drawn = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return sorted(connection.scalars(drawn, {"name": rows.__tablename__, "count": count}))
    highest = connection.scalar(select(func.max(rows.id))) or 0
    first = max(counted(connection, rows), highest) + 1
    return list(range(first, first + count))


def counted(connection: Connection, rows: _Numbered) -> int:
    """The highest id that was given out, as the database has counted."""
    name = rows.__tablename__
    if connection.dialect.name == "sqlite":
        statement = text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
        return connection.scalar(statement, {"name": name}) or 0
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": name})
    return connection.scalar(text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")) or 0  # noqa: S608


def raise_to(connection: Connection, rows: _Numbered, highest: int) -> None:
    """Count on from ``highest``."""
    name = rows.__tablename__
    if connection.dialect.name != "sqlite":
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :to)"), {"name": name, "to": highest}
        )
        return
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
    connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :to)"), {"name": name, "to": highest})
