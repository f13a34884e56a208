"""A collection as its callers see it, held against oracles that compute everything from scratch."""

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import EncoderMismatch, StoreBusy, UnknownCollection, UsageError
from indexes.records import Change, Chunk, Document, Doubt, LedgerEntry, PageSpan

Reopen = Callable[[], Collection]


def put(collection: Collection, *made: Any) -> list[Change]:
    with collection.writer() as writer:
        return [writer.put(m.document, m.chunks, m.vectors) for m in made]


def test_search_agrees_with_the_oracle(collection: Collection, toys: Any) -> None:
    made = [toys.make("a", toys.PARAGRAPHS[:5]), toys.make("b", toys.PARAGRAPHS[3:])]
    assert put(collection, *made) == [Change(added=5), Change(added=5)]
    toys.assert_searches(collection, toys.Oracle.of(collection, made))


def test_a_commit_can_be_searched_at_once(collection: Collection, toys: Any, reopened: Reopen) -> None:
    other = reopened()
    with collection.writer() as writer:
        for number, paragraph in enumerate(toys.PARAGRAPHS):
            made = toys.make(f"d{number}", [paragraph])
            writer.put(made.document, made.chunks, made.vectors)
            for reader in (collection, other):
                (found,) = reader.dense(toys.vector_of(paragraph), 1)
                assert found[1] == pytest.approx(1)
                assert reader.chunks([found[0]])[0].text == paragraph


def test_unchanged_chunks_keep_their_ids_and_vectors(collection: Collection, toys: Any) -> None:
    before = toys.make("a", ["alpha one", "beta two", "gamma three"])
    put(collection, before)
    old = {c.text: c.chunk_id for c in collection.chunks(range(1, 50))}
    after = toys.make("a", ["a new beginning", "alpha one", "gamma three"])
    after.vectors[1:] = 7  # what comes for chunks that are there already is not looked at
    assert put(collection, after) == [Change(added=1, reused=2, removed=1)]
    new = {c.text: c.chunk_id for c in collection.chunks(range(1, 50))}
    assert {text: new[text] for text in ("alpha one", "gamma three")} == {
        text: old[text] for text in ("alpha one", "gamma three")
    }
    assert collection.dense(toys.vector_of("gamma three"), 1)[0] == (old["gamma three"], pytest.approx(1))
    assert collection.chunks([old["beta two"]]) == []
    moved = collection.chunks([new["alpha one"]])[0]
    assert (moved.start, moved.end, moved.page) == (16, 25, 2)
    toys.Oracle.of(collection, [after])


def test_repeated_paragraphs_are_chunks_of_their_own(collection: Collection, toys: Any) -> None:
    assert put(collection, toys.make("a", ["same", "same", "same"])) == [Change(added=3)]
    assert put(collection, toys.make("a", ["same", "same"])) == [Change(reused=2, removed=1)]
    assert len(collection.dense(toys.vector_of("same"), 9)) == 2


def test_deleted_chunks_are_gone_at_once(collection: Collection, toys: Any, reopened: Reopen) -> None:
    kept, gone = toys.make("kept", toys.PARAGRAPHS[:4]), toys.make("gone", toys.PARAGRAPHS[4:])
    put(collection, kept, gone)
    with collection.writer() as writer:
        writer.publish()
        assert writer.delete("gone") == 4
        assert writer.delete("gone") == 0
        for reader in (collection, reopened()):
            toys.assert_searches(reader, toys.Oracle.of(reader, [kept]))
    assert collection.document("gone") is None
    assert [d.key for d in collection.documents()] == ["kept"]


def test_ids_are_never_given_twice(collection: Collection, toys: Any) -> None:
    put(collection, toys.make("a", ["one", "two"]))
    with collection.writer() as writer:
        writer.delete("a")
    put(collection, toys.make("a", ["one", "two"]))
    assert [id_ for id_, _ in sorted(collection.dense(np.ones(16), 9))] == [3, 4]


def test_rename_keeps_chunks(collection: Collection, toys: Any) -> None:
    put(collection, toys.make("a", ["alpha"]), toys.make("b", ["beta"]))
    with collection.writer() as writer:
        assert writer.rename("a", "b", "new/b")
        assert not writer.rename("a", "c", "c")
    assert [(c.chunk_id, c.document, c.text) for c in collection.chunks([1, 2])] == [(1, "new/b", "alpha")]


def test_document_comes_back_as_it_went_in(collection: Collection) -> None:
    text = "第一页。\nSecond page 😀.\n"
    pages = (PageSpan(1, 0, 5), PageSpan(2, 5, len(text)))
    document = Document("k", "u.pdf", "标题", text, "digest", {"a": 1, "b": "x", "c": None, "d": 2.5, "e": True}, pages)
    chunk = Chunk(5, len(text) - 1, "标题 > 二", "c1", page=2, metadata={"a": 2})
    with collection.writer() as writer:
        writer.put(document, [chunk], np.ones((1, 16)))
    assert collection.document("k") == document
    (stored,) = collection.chunks([1])
    assert collection.document(stored.document_id) == document
    assert (stored.text, stored.context, stored.page) == ("Second page 😀.", "标题 > 二", 2)
    assert stored.metadata == {"a": 2, "b": "x", "c": None, "d": 2.5, "e": True}
    assert collection.document("other") is None


def test_chunks_come_in_the_order_asked_for(collection: Collection, toys: Any) -> None:
    put(collection, toys.make("a", toys.PARAGRAPHS))
    assert [c.chunk_id for c in collection.chunks([5, 99, 2, 7])] == [5, 2, 7]
    vectors = collection.vectors([5, 99, 2])
    for row, text in ((0, toys.PARAGRAPHS[4]), (2, toys.PARAGRAPHS[1])):
        expected = toys.vector_of(text)
        assert vectors[row] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert not vectors[1].any()


def test_known_gives_the_vectors_that_are_there(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["alpha", "beta"])
    put(collection, made)
    with collection.writer() as writer:
        known = writer.known([made.chunks[0].digest, "0" * 64])
    assert list(known) == [made.chunks[0].digest]
    assert known[made.chunks[0].digest] == pytest.approx(made.vectors[0] / np.linalg.norm(made.vectors[0]), abs=1e-6)


def test_ledger_holds_the_last_outcome(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["alpha"])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors, LedgerEntry("a", "a.md", "added", digest="1"))
        writer.record(LedgerEntry("b", "b.md", "failed", "is 坏"), LedgerEntry("c", "c.md", "refused"))
        writer.delete("a", LedgerEntry("a", "a.md", "removed"))
        writer.forget("c")
    entries = [(e.key, e.outcome, e.reason, e.digest) for e in collection.ledger()]
    assert entries == [("a", "removed", "", ""), ("b", "failed", "is 坏", "")]
    assert all(e.time is not None for e in collection.ledger())


def test_cosine_is_cosine(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["same", "opposite", "nothing"])
    query = np.arange(16, dtype=np.float32)
    put(collection, type(made)(made.document, made.chunks, np.array([query * 1000, -query / 1000, query * 0])))
    assert collection.dense(query, 9) == [(1, pytest.approx(1)), (3, 0), (2, pytest.approx(-1))]
    assert all(-1 <= score <= 1 for _, score in collection.dense(query, 9))


def test_what_cannot_be_stored_is_said_and_changes_nothing(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["alpha"])
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (EncoderMismatch, {"vectors": np.ones((1, 3))}),
        (UsageError, {"vectors": np.full((1, 16), np.nan)}),
        (UsageError, {"chunks": [Chunk(0, 99, "", "d")]}),
        (UsageError, {"document": Document("a", "a", "", "nul \0 alpha", "d")}),
        (UsageError, {"document": Document("a", "a", "", "half \ud800 alpha", "d")}),
        (UsageError, {"document": Document("a", "a", "", "alpha", "d", {"x": [1]})}),  # type: ignore[dict-item]
        (UsageError, {"document": Document("a", "a", "", "alpha", "d", {"x": float("inf")})}),
    ]
    with collection.writer() as writer:
        for error, change in wrong:
            given = {"document": made.document, "chunks": made.chunks, "vectors": made.vectors} | change
            with pytest.raises(error) as raised:
                writer.put(**given)
            assert "\n" not in str(raised.value)
    assert collection.info().sequence == 0
    assert collection.documents() == []


def test_query_of_another_dimension_is_refused(collection: Collection) -> None:
    with pytest.raises(EncoderMismatch, match=r"query of 3 dimensions.*16"):
        collection.dense(np.ones(3), 1)
    with pytest.raises(UsageError, match="not finite"):
        collection.dense(np.full(16, np.inf), 1)


def test_nothing_is_found_in_nothing(collection: Collection, toys: Any) -> None:
    assert collection.dense(np.ones(16), 5) == []
    assert collection.lexical("anything", 5) == []
    put(collection, toys.make("empty", []))
    assert collection.dense(np.ones(16), 5) == []
    put(collection, toys.make("a", ["alpha"]))
    assert collection.dense(np.ones(16), 0) == []
    assert collection.lexical("", 5) == []
    assert collection.lexical("，。", 5) == []


def test_only_one_writes(collection: Collection, reopened: Reopen, toys: Any) -> None:
    import os

    with (
        collection.writer(),
        pytest.raises(StoreBusy, match=f"process {os.getpid()}") as raised,
        reopened().writer(),
    ):
        pass
    assert "papers" in str(raised.value)
    with reopened().writer():
        pass


def test_a_waiting_writer_gets_its_turn(collection: Collection, reopened: Reopen, toys: Any) -> None:
    other = reopened(lock_timeout=60)
    put(collection, toys.make("a", ["alpha"]))
    held = threading.Event()

    def hold() -> None:
        with collection.writer():
            held.set()
            threading.Event().wait(0.1)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert put(other, toys.make("b", ["beta"])) == [Change(added=1)]
    thread.join()


def test_lock_is_let_go_after_an_error(collection: Collection) -> None:
    with pytest.raises(ZeroDivisionError), collection.writer():
        raise ZeroDivisionError
    with collection.writer():
        pass


def test_reader_of_a_deleted_collection_is_told(database: Database, collection: Collection, reopened: Reopen) -> None:
    other = reopened()
    database.delete("papers")
    with pytest.raises(UnknownCollection, match="deleted meanwhile"):
        other.dense(np.ones(16), 1)


def test_readers_beside_a_writer_see_whole_states(collection: Collection, toys: Any) -> None:
    """Each document has two chunks that come and go together; no search may see one of them alone."""
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            found = collection.dense(np.ones(16), 1000)
            if len(found) % 2 or len(collection.lexical("pair", 1000)) % 2:
                wrong.append(len(found))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    with collection.writer() as writer:
        for number in range(40):
            made = toys.make(f"d{number}", [f"pair {number} left", f"pair {number} right"])
            writer.put(made.document, made.chunks, made.vectors)
            if number % 3 == 0:
                writer.delete(f"d{number // 2}")
            if number % 10 == 9:
                writer.publish()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ids_of_nothing_give_nothing(database: Database, collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["one"])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    (id_,) = (id_ for id_, _ in collection.dense(np.ones(16), 9))
    for far in (1 << 70, -(1 << 70), 1 << 63):
        assert [chunk.chunk_id for chunk in collection.chunks([far, id_])] == [id_]
        assert collection.document(far) is None
        vectors = collection.vectors([far, id_])
        assert not vectors[0].any()
        assert vectors[1].any()
    for key in ("\udcff", "a\0b"):
        assert collection.document(key) is None
        assert collection.contents(key) is None


def test_vectors_of_another_collection_are_not_given(database: Database, collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["one"])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    (id_,) = (id_ for id_, _ in collection.dense(np.ones(16), 9))
    assert collection.vectors([id_]).any()
    assert not database.create("other", toys.ENCODER).vectors([id_]).any()


def test_compaction_applies_another_kind(home: Path, toys: Any) -> None:
    made = toys.make("a", [f"river {n}" for n in range(60)])
    with Database.open(home) as database:
        collection = database.create("papers", toys.ENCODER)
        with collection.writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
        collection.compact()
    for kind in ("ivf_sq8", "flat"):
        with Database.open(home, kind=kind) as database:
            collection = database.collection("papers")
            collection.compact()
            assert [part.dense.kind for part in collection._reader.current(collection._catalogue)[0].segments] == [kind]
            toys.assert_searches(collection, toys.Oracle.of(collection, [made]))


def test_a_document_stands_for_other_files_and_they_follow_it(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["one", "two"])
    doubts = (Doubt(2, "31 % odd glyphs"), Doubt(None, "空白"))
    with collection.writer() as writer:
        own = LedgerEntry("a", "docs/a", "added", digest="d", sketch=b"\x00\xff" * 64, doubts=doubts)
        writer.put(made.document, made.chunks, made.vectors, own)
        writer.record(
            LedgerEntry("c", "docs/c", "duplicate", digest="d", original="a"),
            LedgerEntry("b", "docs/b", "duplicate", digest="d", original="a"),
            LedgerEntry("x", "docs/x", "duplicate", digest="e", original="y"),
        )
        assert collection.sources("a") == ("docs/b", "docs/c")
        writer.rename("a", "b", "docs/b")
    assert collection.sources("a") == ()
    assert collection.sources("b") == ("docs/c",)
    ledger = {entry.key: entry for entry in collection.ledger()}
    assert ledger["x"].original == "y"
    assert collection.verify().findings == ()
    with collection.writer() as writer:
        writer.record(own)
    [entry] = [entry for entry in collection.ledger() if entry.key == "a"]
    assert (entry.sketch, entry.doubts) == (own.sketch, doubts)


def test_pages_keep_their_labels_and_boxes(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["one", "two", "three"])
    pages = (
        PageSpan(1, 0, 1, "sheet 'Q3' row 17"),
        PageSpan(1, 1, 2, "", (1.5, 2.0, 3.0, 4.25)),
        PageSpan(2, 2, 5),
        PageSpan(3, 5, 5, "幻灯片"),
    )
    document = dataclasses.replace(made.document, pages=pages)
    with collection.writer() as writer:
        writer.put(document, made.chunks, made.vectors)
        stored = collection.document("a")
        assert stored is not None and stored.pages == pages
        assert stored.spans(1, 3) == pages[1:3]
        assert stored.spans(0, 1) == pages[:1]
        assert [stored.page_at(offset) for offset in (0, 1, 2, 6)] == [1, 1, 2, 3]
        for box in ((0.0, 1.0, 2.0), (0.0, 1.0, float("nan"), 2.0)):
            bad = dataclasses.replace(document, pages=(PageSpan(1, 0, 1, "", box),))  # type: ignore[arg-type]
            with pytest.raises(UsageError, match="box"):
                writer.put(bad, made.chunks, made.vectors)
