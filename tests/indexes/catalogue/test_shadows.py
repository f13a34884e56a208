"""Names and shadows: what is built beside a collection is nobody's to see until it takes its name, whole."""

from pathlib import Path
from typing import Any

import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreBusy, UnknownCollection, UsageError
from indexes.records import EncoderFingerprint, LedgerEntry

OTHER = EncoderFingerprint(name="other", revision="1", dimension=16)


def put(collection: Collection, made: Any) -> None:
    with collection.writer() as writer:
        entry = LedgerEntry(made.document.key, "uri", "added")
        writer.put(made.document, made.chunks, made.vectors, entry)


def test_a_renamed_collection_is_the_same_under_its_new_name(
    collection: Collection, database: Database, toys: Any
) -> None:
    made = toys.make("a", toys.PARAGRAPHS)
    put(collection, made)
    found = collection.dense(toys.vector_of("q"), 9)
    database.create("taken", toys.ENCODER)
    with pytest.raises(UsageError, match="already a collection 'taken'"):
        database.rename("papers", "taken")
    with pytest.raises(UsageError, match="cannot name"):
        database.rename("papers", ".shadow-1")
    database.rename("papers", "论文")
    assert [info.name for info in database.collections()] == ["taken", "论文"]
    renamed = database.collection("论文")
    assert (renamed.name, renamed.dense(toys.vector_of("q"), 9)) == ("论文", found)
    with pytest.raises(UnknownCollection):
        database.collection("papers")
    with pytest.raises(UnknownCollection, match="became '论文'"):
        put(collection, made)
    put(renamed, made)


def test_a_shadow_is_hidden_until_the_switch_and_then_is_the_collection(
    collection: Collection, database: Database, toys: Any
) -> None:
    old, new = toys.make("a", toys.PARAGRAPHS[:3]), toys.make("a", toys.PARAGRAPHS[3:])
    put(collection, old)
    shadow = database.shadow("papers", OTHER)
    assert database.shadow("papers", OTHER).id == shadow.id
    with shadow.writer() as writer:
        writer.put(new.document, new.chunks, new.vectors)
    assert [info.name for info in database.collections()] == ["papers"]
    toys.assert_searches(database.collection("papers"), toys.Oracle.of(collection, [old]))
    with pytest.raises(UsageError, match="cannot name"):
        database.switch("papers", "a/b")
    database.switch("papers", "before")
    after, before = database.collection("papers"), database.collection("before")
    assert (after.encoder, before.encoder) == (OTHER, toys.ENCODER)
    toys.assert_searches(after, toys.Oracle.of(after, [new]))
    toys.assert_searches(before, toys.Oracle.of(before, [old]))
    assert after.ledger() == before.ledger() != []
    assert database.drop_shadow("papers") is False


def test_a_shadow_goes_with_its_collection_and_for_another_encoder(
    collection: Collection, database: Database, home: Path, toys: Any
) -> None:
    shadow = database.shadow("papers", OTHER)
    put(shadow, toys.make("a", toys.PARAGRAPHS))
    with shadow.writer(), pytest.raises(StoreBusy):
        database.drop_shadow("papers")
    again = database.shadow("papers", EncoderFingerprint(name="third", revision="1", dimension=16))
    assert (again.id != shadow.id, again.info().chunks) == (True, 0)
    put(again, toys.make("a", toys.PARAGRAPHS))
    folders = home / "collections"
    assert sorted(path.name for path in folders.iterdir()) == sorted(str(each.id) for each in (again,))
    database.delete("papers")
    assert list(folders.iterdir()) == []
    assert database.collections() == []
