"""Damage made by hand is found and mended, or what cannot be mended is said; what is sound is left alone."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from toys import sqlite_only

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreDamaged
from indexes.filters import parse_mapping
from indexes.records import LedgerEntry

KEYS = "abcd"


def put(collection: Collection, toys: Any, key: str) -> Any:
    """A document of eight chunks, as ingestion stores it."""
    made = toys.make(key, [f"{key} {each}" for each in toys.PARAGRAPHS], {"lang": "zh" if key < "c" else "en"})
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors, LedgerEntry(key, key, "added", digest="d"))
    return made


@pytest.fixture
def stored(collection: Collection, toys: Any) -> dict[str, Any]:
    """Four documents, of which three are in the files."""
    made = {key: put(collection, toys, key) for key in KEYS[:3]}
    with collection.writer() as writer:
        writer.publish()
    return made | {"d": put(collection, toys, "d")}


def found(database: Database) -> list[tuple[str, str]]:
    return [(finding.kind, str(finding)) for report in database.verify() for finding in report.findings]


def run(database: Database, statement: str) -> None:
    with database._catalogue.write() as connection:
        connection.execute(text(statement))
    database.close()


def assert_whole(collection: Collection, toys: Any, live: dict[str, Any]) -> None:
    toys.assert_searches(collection, toys.Oracle.of(collection, list(live.values())))
    for language in ("zh", "en"):
        chosen = {key for key, made in live.items() if made.document.metadata["lang"] == language}
        hits = collection.dense(toys.vector_of("q"), 1000, parse_mapping({"lang": language}))
        assert {chunk.document for chunk in collection.chunks([id_ for id_, _ in hits])} == chosen
        assert len(hits) == 8 * len(chosen)
    assert {info.key for info in collection.documents()} == set(live)


def test_what_is_sound_is_found_sound(database: Database, collection: Collection, stored: Any, toys: Any) -> None:
    with collection.writer() as writer:
        writer.delete("a")
    reports = database.verify(recall=True)
    assert [(report.name, report.findings) for report in reports] == [("", ()), ("papers", ())]
    assert (reports[1].documents, reports[1].chunks) == (3, 24)
    assert reports[1].recall is not None
    assert (reports[1].recall.value, reports[1].recall.at, reports[1].recall.queries) == (1.0, 10, 24)
    assert [repair.done for repair in database.repair()] == [(), ()]


def test_a_home_that_is_not_there_is_sound(home: Path) -> None:
    assert [report.findings for report in Database.open(home).verify()] == [()]
    assert not home.exists()


MENDED = {
    "chunk's text": ("UPDATE chunk SET text = 'x' WHERE id = 2", "row", "chunk 2 of document 'a'"),
    "chunk's start": ("UPDATE chunk SET start_at = start_at + 1 WHERE id = 3", "row", "chunk 3"),
    "chunk's page": ("UPDATE chunk SET page = 77 WHERE id = 3", "row", "chunk 3"),
    "chunk's context": ("UPDATE chunk SET context = 'x' WHERE id = 3", "row", "chunk 3"),
    "chunk's sequence": ("UPDATE chunk SET sequence = 99 WHERE id = 3", "number", "commit 99"),
    "document's name": ("UPDATE document SET uri = 'x' WHERE id = 2", "row", "document 'x'"),
    "document's title": ("UPDATE document SET key = 'x' WHERE id = 2", "row", "document 'b'"),
    "vector's bytes": ("UPDATE vector SET vector = (SELECT vector FROM vector WHERE chunk_id = 9) WHERE chunk_id = 10",
                       "vector", "chunk 10"),
    "vector lost": ("DELETE FROM vector WHERE chunk_id = 11", "vector", "chunk 11"),
    "false tombstone": ("INSERT INTO tombstone VALUES (12, 1, 2)", "tombstone", "chunk 12"),
    "attribute changed": ("UPDATE document_attribute SET text = 'fr' WHERE key = 'lang' AND document_id = 3",
                          "attribute", "document 'c'"),
    "attribute lost": ("DELETE FROM chunk_attribute WHERE chunk_id = 25", "attribute", "chunk 25"),
    "attribute of none": ("INSERT INTO chunk_attribute (collection_id, key, kind, text, chunk_id) "
                          "VALUES (1, 'lang', 's', 'zh', 26)", "attribute", "chunk 26"),
    "sequence": ("UPDATE collection SET sequence = 1", "number", "beyond the last one, 1"),
    "horizon": ("UPDATE collection SET horizon = 50", "number", "horizon 50"),
    "line of the ledger": ("UPDATE ledger SET outcome = 'refused' WHERE key = 'c'", "ledger", "file 'c'"),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(MENDED))
def test_damage_is_found_and_mended(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any, damage: str
) -> None:
    statement, kind, where = MENDED[damage]
    run(database, statement)
    assert any(each == kind and where in said for each, said in found(opened()))
    repairs = opened().repair("papers")
    assert repairs[1].done
    assert not repairs[1].remaining.findings
    assert_whole(opened().collection("papers"), toys, stored)
    assert [repair.done for repair in opened().repair()] == [(), ()]


TAKEN_OUT = {
    "document's text": ("UPDATE document SET text = 'x' || text WHERE id = 2", "row", "b"),
    "document's metadata": ("UPDATE document SET metadata = '{\"lang\": \"xx\"}' WHERE id = 2", "row", "b"),
    "chunk's digest": ("UPDATE chunk SET digest = 'x' WHERE id = 9", "row", "b"),
    "chunk lost": ("DELETE FROM chunk WHERE id = 17", "link", "c"),
    "document lost": ("DELETE FROM document WHERE id = 3", "ledger", "c"),
    "vector that no file has": ("DELETE FROM vector WHERE chunk_id = 25", "vector", "d"),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(TAKEN_OUT))
def test_what_cannot_be_mended_is_taken_out_and_comes_back(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any, damage: str
) -> None:
    statement, kind, key = TAKEN_OUT[damage]
    run(database, statement)
    assert kind in [each for each, _ in found(opened())]
    again = opened()
    remaining = again.repair()[1].remaining
    assert not remaining.findings
    repaired = again.collection("papers")
    assert_whole(repaired, toys, {each: made for each, made in stored.items() if each != key})
    (line,) = [entry for entry in repaired.ledger() if entry.key == key]
    assert line.outcome == "failed"
    assert f"`ragstack ingest {key} --collection papers`" in line.reason
    put(repaired, toys, key)
    assert_whole(repaired, toys, stored)
    assert found(opened()) == []


@contextmanager
def changed(path: Path) -> Iterator[bytearray]:
    data = bytearray(path.read_bytes())
    yield data
    path.write_bytes(data)


def flip(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (path,) = folder.glob(name)
        with changed(path) as data:
            data[len(data) // 2] ^= 4

    return damage


FILES = {
    "vectors flipped": (flip("segment-*/vectors.npy"), "files", True),
    "postings flipped": (flip("segment-*/rows.npy"), "files", True),
    "manifest flipped": (flip("generation-*/manifest.json"), "files", True),
    "file missing": (lambda folder: next(folder.glob("segment-*/ids.npy")).unlink(), "files", True),
    "file foreign": (lambda folder: (next(folder.glob("segment-*")) / "x").touch(0o600), "files", True),
    "generation missing": (lambda folder: next(folder.glob("generation-*")).rename(folder.parents[1] / "gone"),
                           "files", True),
    "unfinished": (lambda folder: (folder / "writing-generation-9").mkdir(0o700), "leftover", True),
    "others can read": (lambda folder: next(folder.glob("segment-*/ids.npy")).chmod(0o644), "permissions", True),
    "foreign": (lambda folder: (folder / "notes.txt").touch(0o600), "foreign", False),
    "foreign in the home": (lambda folder: (folder.parents[1] / "notes.txt").touch(0o600), "foreign", False),
    "of no collection": (lambda folder: (folder.parent / "77").mkdir(0o700), "leftover", False),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(FILES))
def test_damage_to_files_is_found_and_mended(
    collection: Collection, stored: dict[str, Any], home: Path, opened: Any, toys: Any, damage: str
) -> None:
    make, kind, mended = FILES[damage]
    make(next((home / "collections").iterdir()))
    assert kind in [each for each, _ in found(opened())]
    assert_whole(opened().collection("papers"), toys, stored)  # slower, never wrong
    remaining = [finding for repair in opened().repair() for finding in repair.remaining.findings]
    if damage == "generation missing":
        assert [finding.kind for finding in remaining] == ["foreign"]  # where this test has put it
    else:
        assert [finding.kind for finding in remaining] == ([] if mended else [kind])
    assert_whole(opened().collection("papers"), toys, stored)


def test_files_that_say_something_else_are_found(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any
) -> None:
    """Files that are as they were written, and were written wrong."""
    target = collection.target()
    segments, manifest = target.artefacts.load(target.artefacts.generations()[0])
    vectors = np.array(segments[0].vectors)
    vectors[1] = vectors[2]
    words = ["q q", *[f"{key} {each}" for key in KEYS[:3] for each in toys.PARAGRAPHS][1:]]
    wrong = type(segments[0]).build(np.array(segments[0].ids), vectors, words)
    target.artefacts.save([[wrong]], (manifest.sequence, manifest.token), afresh=True)
    said = [said for kind, said in found(opened()) if kind == "files"]
    assert len(said) == 2
    assert "chunk 2: its vector differs" in said[0]
    assert "chunk 1: its words" in said[1]
    assert not opened().repair()[1].remaining.findings
    assert_whole(opened().collection("papers"), toys, stored)


def test_files_of_other_chunks_are_found(database: Database, collection: Collection, stored: Any, opened: Any) -> None:
    target = collection.target()
    segments, manifest = target.artefacts.load(target.artefacts.generations()[0])
    target.artefacts.save([[segments[0].without(np.array([5]))]], (manifest.sequence, manifest.token), afresh=True)
    assert [said for kind, said in found(opened()) if kind != "leftover"] == [
        f"collection 'papers', generation {max(target.artefacts.generations())}, chunk 5: is not in the files"
    ]


@sqlite_only
def test_orphans_are_found_and_removed(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any, home: Path
) -> None:
    database.close()
    with sqlite3.connect(home / "catalog.db") as raw:
        raw.execute("INSERT INTO vector VALUES (900, x'00', 0)")
        raw.execute(
            "INSERT INTO chunk_attribute (collection_id, key, kind, text, chunk_id) VALUES (1, 'k', 's', 't', 901)"
        )
        raw.execute("INSERT INTO chunk SELECT 902, 1, 903, 1, 0, 0, NULL, 'd', '{}', '', '', 0")
        raw.execute("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'chunk'")
    raw.close()
    kinds = [kind for kind, _ in found(opened())]
    assert kinds.count("link") == 3
    assert "number" in kinds
    assert all(not repair.remaining.findings for repair in opened().repair())
    assert_whole(opened().collection("papers"), toys, stored)
    put(opened().collection("papers"), toys, "a")
    assert found(opened()) == []


@sqlite_only
def test_a_wrong_index_is_made_again(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any, home: Path
) -> None:
    database.close()
    with sqlite3.connect(home / "catalog.db") as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'document_attribute_text'").fetchone()
    raw.close()
    with changed(home / "catalog.db") as data:
        at = data.index(b"langen", (page - 1) * 4096)
        data[at : at + 6] = b"langzz"
    assert any(kind == "catalogue" and "document_attribute_text" in said for kind, said in found(opened()))
    repairs = opened().repair()
    assert "made its indexes again" in repairs[0].done[0]
    assert all(not repair.remaining.findings for repair in repairs)
    assert_whole(opened().collection("papers"), toys, stored)


@sqlite_only
def test_a_malformed_catalogue_is_salvaged(
    database: Database, collection: Collection, stored: dict[str, Any], opened: Any, toys: Any, home: Path
) -> None:
    database.close()
    with sqlite3.connect(home / "catalog.db") as raw:
        pages = dict(raw.execute("SELECT name, rootpage FROM sqlite_master"))
    raw.close()
    with changed(home / "catalog.db") as data:
        for name in ("chunk_attribute", "chunk_sequence"):
            data[(pages[name] - 1) * 4096 : (pages[name] - 1) * 4096 + 300] = b"\xff" * 300
    assert "catalogue" in [kind for kind, _ in found(opened())]
    onlooker = opened().collection("papers")
    onlooker.ledger()
    repairs = opened().repair()
    kept = list(home.glob("catalog.db.damaged-*"))
    assert len(kept) == 1
    assert str(kept[0]) in repairs[0].done[-1]
    assert [kind for kind, _ in found(opened())] == ["leftover"]
    assert_whole(onlooker, toys, stored)
    put(onlooker, toys, "a")  # what had the old file open writes to the new one
    assert_whole(opened().collection("papers"), toys, stored)


@sqlite_only
@pytest.mark.parametrize("content", [b"not a database, but long enough to have a header of 100 bytes" * 99, b""])
def test_a_catalogue_of_which_nothing_is_left_is_said(
    database: Database, collection: Collection, stored: Any, opened: Any, home: Path, content: bytes
) -> None:
    database.close()
    if content:
        (home / "catalog.db").write_bytes(content)
        began = time.thread_time()
        with pytest.raises(StoreDamaged, match="ragstack collections restore FILE"):
            opened().repair()
        assert time.thread_time() - began < 3  # nobody looks for rows in a file that has no table
        assert (home / "catalog.db").read_bytes() == content
    else:
        (home / "catalog.db").unlink()
    ((kind, said),) = found(opened())
    assert kind == "catalogue"
    assert "catalog.db" in said


def test_compacting_gives_room_back_and_loses_nothing(
    database: Database, collection: Collection, stored: dict[str, Any], reopened: Any, toys: Any, home: Path
) -> None:
    with collection.writer() as writer:
        for key in "ab":
            writer.delete(key)
    (home / "collections" / "77" / "generation-1").mkdir(parents=True)
    onlooker = reopened()
    live = {key: stored[key] for key in "cd"}
    assert_whole(onlooker, toys, live)
    done = database.compact()
    assert done[0].after < done[0].before
    assert all(each.after <= each.before for each in done)
    with database._catalogue.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM tombstone")).scalar_one() == 0
    for one in (collection, onlooker, reopened()):
        assert_whole(one, toys, live)
    assert found(database) == []
    assert not (home / "collections" / "77").exists()


def test_much_damage_is_told_in_few_lines(database: Database, collection: Collection, toys: Any) -> None:
    made = toys.make("a", [f"paragraph {n}" for n in range(250)])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    run(database, "UPDATE vector SET checksum = 1")
    findings = database.verify()[1].findings
    assert len([finding for finding in findings if finding.kind == "vector"]) == 101
    assert findings[-1].what.startswith("and 150 more")
