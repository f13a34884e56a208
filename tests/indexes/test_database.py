"""Collections of a home: made, listed, refused, deleted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes.database import Database
from indexes.errors import EncoderMismatch, UnknownCollection, UsageError
from indexes.records import EncoderFingerprint


def test_a_collection_remembers_its_encoder(database: Database, home: Path, url: str | None) -> None:
    encoder = EncoderFingerprint("m", "r2", 3, "cls", "query: ", "passage: ")
    made = database.create("手册", encoder)
    assert database.create("手册", encoder) is made
    with Database.open(home, url=url) as other:
        assert other.collection("手册").encoder == encoder
        (info,) = other.collections()
        assert (info.name, info.encoder, info.documents, info.chunks, info.generation) == ("手册", encoder, 0, 0, 0)


def test_another_encoder_is_refused_by_name(database: Database, toys: Any) -> None:
    database.create("c", toys.ENCODER)
    for other in (EncoderFingerprint("toy", "2", 16), EncoderFingerprint("toy", "1", 16, query_prefix="q")):
        with pytest.raises(
            EncoderMismatch, match=r"toy \(revision 1, 16 dimensions.*toy.*collections migrate c --encoder toy"
        ):
            database.create("c", other)


def test_unknown_collection_names_those_that_are_there(database: Database, toys: Any) -> None:
    with pytest.raises(UnknownCollection, match=r"there: none.*ragstack ingest PATH --collection x"):
        database.collection("x")
    database.create("b", toys.ENCODER)
    database.create("a", toys.ENCODER)
    with pytest.raises(UnknownCollection, match="there: a, b"):
        database.collection("x")
    with pytest.raises(UnknownCollection):
        database.delete("x")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "/etc", "a\\b", "-x", "a b", "a\0", "a\n", "x" * 65])
def test_names_that_could_escape_are_refused(database: Database, toys: Any, home: Path, name: str) -> None:
    for call in (lambda: database.create(name, toys.ENCODER), lambda: database.collection(name)):
        with pytest.raises(UsageError, match="cannot name a collection"):
            call()
    assert not home.exists()


def test_deleting_one_leaves_the_others(database: Database, home: Path, toys: Any) -> None:
    made = toys.make("a", toys.PARAGRAPHS)
    for name in ("one", "two"):
        with database.create(name, toys.ENCODER).writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            writer.publish()
    first = database.collection("one").id
    database.delete("one")
    assert [info.name for info in database.collections()] == ["two"]
    assert not (home / "collections" / str(first)).exists()
    two = database.collection("two")
    assert len(two.dense(np.ones(toys.DIMENSION), 99)) == len(toys.PARAGRAPHS)
    assert two.info().documents == 1
    again = database.create("one", toys.ENCODER)
    assert again.id != first
    assert again.dense(np.ones(toys.DIMENSION), 99) == []


def test_collections_do_not_see_each_other(database: Database, toys: Any) -> None:
    one, two = database.create("one", toys.ENCODER), database.create("two", toys.ENCODER)
    made = toys.make("a", ["alpha"])
    with one.writer() as writer, two.writer() as other:
        writer.put(made.document, made.chunks, made.vectors)
        assert other.known([made.chunks[0].digest]) == {}
        assert other.delete("a") == 0
    assert two.chunks([1]) == []
    assert two.lexical("alpha", 5) == []
    assert [c.text for c in one.chunks([1])] == ["alpha"]
