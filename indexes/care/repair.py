"""Repairing: what can be made again is made again, what cannot is taken out, and both are said.

The catalogue's file comes first: its indexes are made again, and where its pages are broken all that can be read is
copied into a new file. Then come each collection's rows, in one transaction, and last its files. What is foreign is
left where it is. A second repair finds nothing to do.
"""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Connection, delete, select, text, update

from indexes.care import files, rows
from indexes.care.bundles import bundles, document_ids
from indexes.care.findings import Finding, Repair
from indexes.care.mending import how_to_bring_back, mend
from indexes.care.salvage import salvage
from indexes.care.target import Target
from indexes.care.verify import in_catalogue, verify_collection
from indexes.catalogue import commits, ids, writing
from indexes.catalogue.connection import Catalogue, storing
from indexes.catalogue.models import Base, ChunkRow, CollectionRow, LedgerRow, TombstoneRow
from indexes.errors import StoreBusy, StoreError
from indexes.records import LedgerEntry

__all__ = ["repair_catalogue", "repair_collection"]

_MOST_TOLD = 100


def repair_catalogue(catalogue: Catalogue, *, embedded: bool) -> list[str]:
    """Repair the catalogue's file and the permissions of what is in the home; says what was done.

    The caller holds the locks of all collections.

    Raises:
        StoreError: It cannot be repaired.
    """
    done: list[str] = []
    with storing(catalogue.home):
        for path in files.readable_by_others(catalogue.home):
            path.chmod(path.lstat().st_mode & 0o700)
            done.append(f"{path}: is for its owner only now")
    if not embedded or not catalogue.path.exists():
        return done
    with storing(catalogue.home):
        lost = commits.forgive(catalogue.path)
    if lost:
        done.append(
            f"{catalogue.path}: its last {lost} commits are lost with a damaged log; type `ragstack ingest PATH` with "
            "what was changed last"
        )
    try:
        found = _looked_over(catalogue)
        if any(finding.kind == "catalogue" for finding in found):
            with catalogue.write() as connection:
                connection.execute(text("REINDEX"))
            done.append(f"{catalogue.path}: made its indexes again")
            found = _looked_over(catalogue)
        broken = any(finding.kind == "catalogue" for finding in found)
        if not broken and found:
            with catalogue.write() as connection:
                done += _remove_orphans(connection)
    except StoreBusy:
        raise
    except (StoreError, ValueError, TypeError):
        broken = True
    return done + (salvage(catalogue) if broken else [])


def repair_collection(target: Target) -> Repair:
    """Repair a collection. The caller holds its lock.

    Raises:
        StoreError: The catalogue or the files cannot be written.
    """
    loaded = files.loaded(target)
    segments = loaded[0] if isinstance(loaded, tuple) else ()
    with target.catalogue.write() as connection:
        done = list(_numbers(target, connection, files.highest_id(loaded)))
        for bundle in bundles(connection, document_ids(connection, target.id)):
            done += mend(target, connection, bundle, segments)
        done += _ledger(target, connection)
        if wrong := rows.wrong_commit(target, connection):
            writing.recount(connection, target.id)
            done.append(f"counted again: {wrong}")
    with target.catalogue.read() as connection:
        wrong = _wrong_files(target, connection, loaded)
    if done or wrong:
        with storing(target.catalogue.home):
            snapshot = target.reader.rebuild(target.catalogue)
        with target.catalogue.write() as connection:
            writing.sweep(connection, target.id, snapshot.sequence)
        done.append(f"wrote the files of {snapshot.live_count} chunks again" + (f" ({wrong})" if wrong else ""))
    target.artefacts.prune()
    return Repair(target.name, _shortened(done), verify_collection(target, recall=False))


def _shortened(done: list[str]) -> tuple[str, ...]:
    """What was done, of very much the beginning; documents that were taken out are in the ledger too."""
    if len(done) <= _MOST_TOLD:
        return tuple(done)
    return (*done[: _MOST_TOLD - 1], f"and {len(done) - _MOST_TOLD} more of the like", done[-1])


def _looked_over(catalogue: Catalogue) -> list[Finding]:
    with catalogue.read() as connection:
        return list(in_catalogue(connection, catalogue.path))


def _remove_orphans(connection: Connection) -> Iterator[str]:
    """Remove rows that belong to no other row, until there are none."""
    known = Base.metadata.tables
    while found := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1000):
        for name, rowid, _, _ in found:
            connection.execute(delete(known[name]).where(text("rowid = :rowid")), {"rowid": rowid})
        yield f"removed {len(found)} rows that belonged to no other"


def _numbers(target: Target, connection: Connection, highest_in_files: int) -> Iterator[str]:
    """Count on from the highest commit and ids in use, and forget tombstones of chunks that are there."""
    of = CollectionRow.id == target.id
    sequence, horizon = connection.execute(select(CollectionRow.sequence, CollectionRow.horizon).where(of)).one()
    latest = rows.latest_commit(target, connection)
    if latest > sequence or horizon > sequence:
        sequence = max(sequence, latest)
        values = {"sequence": sequence, "horizon": min(horizon, sequence)}
        connection.execute(update(CollectionRow).where(of).values(values))
        yield f"the count of commits stands at {sequence} again"
    for numbered, most in rows.highest_ids(connection, highest_in_files):
        if most > ids.counted(connection, numbered):
            ids.raise_to(connection, numbered, most)
            yield f"{numbered.__tablename__} ids are counted on from {most}"
    live = select(ChunkRow.id).where(ChunkRow.collection_id == target.id)
    this = TombstoneRow.collection_id == target.id
    removed = connection.execute(delete(TombstoneRow).where(this, TombstoneRow.chunk_id.in_(live))).rowcount
    if removed:
        yield f"{removed} chunks are no longer said to be removed"


def _ledger(target: Target, connection: Connection) -> Iterator[str]:
    """Remove damaged lines, and say of lost documents how to bring them back."""
    damaged, lost = [], []
    for row in list(rows.ledger_lines(target, connection)):
        if not rows.line_is_sound(row):
            damaged.append(row)
        elif row.outcome in rows.STORED and row.document_id is None:
            lost.append(row)
    for row in damaged:
        this = (LedgerRow.collection_id == target.id) & (LedgerRow.key == row.key)
        connection.execute(delete(LedgerRow).where(this))
        yield f"file {row.uri!r}: removed its damaged line in the ledger"
    for row in lost:
        again = how_to_bring_back(target, row.uri)
        reason = f"it was lost from the catalogue by damage: type `{again}`"
        writing.record(connection, target.id, [LedgerEntry(row.key, row.uri, "failed", reason)])
        yield f"document {row.uri!r}: is lost; type `{again}` to bring it back"


def _wrong_files(target: Target, connection: Connection, loaded: files.Loaded) -> str:
    """Why the files are to be made again, or nothing."""
    if isinstance(loaded, Finding):
        return loaded.what
    if loaded is None:
        return "they were missing" if rows.was_published(target, connection) else ""
    first = next(chain(files.in_generation(target, connection, *loaded)), None)
    return "" if first is None else str(first)
