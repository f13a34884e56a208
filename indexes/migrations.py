"""The schema's versions. Steps are named, are appended and never change once released.

A new database gets the tables of ``indexes.models`` as they are now and is marked with the newest version; an older
one takes the steps that it lacks, all in one transaction. A database newer than this program is refused, so that an
old program never writes what it does not understand.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, func, insert, inspect, select

from indexes.errors import StoreDamaged, StoreError
from indexes.models import Base, MigrationRow

__all__ = ["STEPS", "is_current", "migrate", "schema_version"]

Step = tuple[str, Callable[[Connection], None]]

# (name, what it does) from each version to the next. The first has nothing to do: it names the tables of the start.
STEPS: Final[tuple[Step, ...]] = (("first tables", Base.metadata.create_all),)


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
