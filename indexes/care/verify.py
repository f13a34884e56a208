"""Verifying: everything that is stored is read and compared with everything else that says the same.

Nothing is changed. Readers and writers go on meanwhile: each part is looked at in one transaction. Damage ends in
findings and never in an error, also where the catalogue cannot be read at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from indexes.care import files, rows
from indexes.care.bundles import bundles, document_ids
from indexes.care.findings import Finding, Recall, Report, collect
from indexes.care.recall import recall_at_10
from indexes.care.target import Target
from indexes.catalogue import reading
from indexes.catalogue.connection import Catalogue
from indexes.errors import StoreError, UnknownCollection

__all__ = ["in_catalogue", "verify_collection", "verify_home"]

_MOST_SAID = 50


def verify_home(catalogue: Catalogue, *, embedded: bool) -> Report:
    """Check the catalogue's file as a whole, and what lies in the home."""
    if embedded and not catalogue.home.exists():
        return Report("", ())
    known = _collections_in(catalogue.home)  # until the catalogue says which there are

    def look() -> Iterator[Finding]:
        nonlocal known
        with catalogue.read() as connection:
            yield from in_catalogue(connection, catalogue.path)
            known = {row.id for row in reading.collections(connection)}

    def lying() -> Iterator[Finding]:
        yield from files.in_home(catalogue.home, known)

    if not embedded or catalogue.path.exists():
        seen = _guarded(look, Finding("catalogue", str(catalogue.path), "", "ragstack collections repair"))
        return Report("", collect(chain(seen, lying())))
    if (catalogue.home / files.COLLECTIONS).exists():
        what = "is missing, and there are files of collections"
        lost = Finding("catalogue", str(catalogue.path), what, "ragstack collections restore FILE")
        return Report("", collect(chain([lost], lying())))
    return Report("", collect(lying()))


def verify_collection(target: Target, *, recall: bool) -> Report:
    """Check a collection: its rows, its files, and where asked for how much its dense index finds."""
    counted = [0, 0]
    measured: Recall | None = None

    def stored() -> Iterator[Finding]:
        with target.catalogue.read() as connection:
            for bundle in bundles(connection, document_ids(connection, target.id)):
                counted[0] += 1
                counted[1] += len(bundle.chunks)
                yield from rows.in_bundle(target, bundle)

    def told() -> Iterator[Finding]:
        with target.catalogue.read() as connection:
            yield from rows.in_ledger(target, connection)

    def derived() -> Iterator[Finding]:
        yield from files.in_folder(target)
        loaded = files.loaded(target)
        if isinstance(loaded, Finding):
            yield loaded
        with target.catalogue.read() as connection:
            yield from rows.in_numbers(target, connection, files.highest_id(loaded))
            if isinstance(loaded, tuple):
                yield from files.in_generation(target, connection, *loaded)
            elif loaded is None and rows.was_published(target, connection):
                yield target.finding("files", "the files are missing", str(target.artefacts.folder))

    def searched() -> Iterator[Finding]:
        nonlocal measured
        measured = recall_at_10(target) if recall else None
        yield from ()

    broken = target.finding("catalogue", "")
    found = collect(chain.from_iterable(_guarded(part, broken) for part in (stored, told, derived, searched)))
    return Report(target.name, found, counted[0], counted[1], measured)


def in_catalogue(connection: Connection, path: Path) -> Iterator[Finding]:
    """What SQLite finds wrong in its own file: pages, indexes, and rows that point at none."""
    if connection.dialect.name != "sqlite":
        return
    mend = "ragstack collections repair"
    for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_SAID})"):
        if said != "ok":
            yield Finding("catalogue", str(path), " ".join(str(said).split()), mend)
    for table, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST_SAID):
        yield Finding("link", str(path), f"row {rowid} of {table} belongs to no row of {parent}", mend)


def _guarded(part: Callable[[], Iterator[Finding]], broken: Finding) -> Iterator[Finding]:
    """The findings of one part; where it cannot be read to the end, that is the last of them."""
    try:
        yield from part()
    except UnknownCollection:
        raise
    except (StoreError, DBAPIError, ValueError, TypeError, OverflowError, RecursionError, OSError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, DBAPIError) else error
        reason = cause.orig if isinstance(cause, DBAPIError) else cause
        yield replace(broken, what=f"cannot be read to the end: {' '.join(str(reason).split())}")


def _collections_in(home: Path) -> set[int]:
    """The directories of collections, where the catalogue cannot say which there are."""
    folder = home / files.COLLECTIONS
    return {int(path.name) for path in folder.iterdir() if path.name.isdecimal()} if folder.is_dir() else set()
