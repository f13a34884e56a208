"""What a writer refuses, when it writes files, and what becomes of a failure to."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import indexes.writer
from indexes.collection import Collection
from indexes.errors import UsageError
from indexes.records import LedgerEntry, PageSpan
from indexes.search.artefacts import Artefacts


def test_a_new_generation_is_written_when_enough_has_gathered(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes.writer, "_PENDING_AT_EXIT", 4)
    monkeypatch.setattr(indexes.writer, "_PENDING_MEANWHILE", 8)
    saved: list[tuple[list[int], int]] = []
    save = Artefacts.save

    def noted(self: Artefacts, groups: Any, at: tuple[int, str], *rest: Any, **more: Any) -> int:
        saved.append(([sum(part.live_count for part in group) for group in groups], at[0]))
        return save(self, groups, at, *rest, **more)

    monkeypatch.setattr(Artefacts, "save", noted)
    made = [toys.make(f"d{n}", [f"{n} one", f"{n} two", f"{n} three"]) for n in range(9)]
    with collection.writer() as writer:
        writer.put(made[0].document, made[0].chunks, made[0].vectors)
    assert saved == []  # three chunks are too few
    with collection.writer() as writer:
        for one in made[1:8]:
            writer.put(one.document, one.chunks, one.vectors)
    assert saved == [([12], 4), ([21], 7)]  # each time that nine more have gathered
    with collection.writer() as writer:
        writer.put(made[8].document, made[8].chunks, made[8].vectors)
    assert saved[2:] == [([21, 6], 9)]  # six at the end, in a segment of their own
    with collection.writer() as writer:
        writer.delete("d8")
    assert len(saved) == 3
    toys.assert_searches(collection, toys.Oracle.of(collection, made[:8]))


def test_a_failed_publication_is_a_warning(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(indexes.writer, "_PENDING_AT_EXIT", 1)
    monkeypatch.setattr(Artefacts, "save", full)
    made = toys.make("a", toys.PARAGRAPHS)
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    assert "were not written" in caplog.text
    toys.assert_searches(collection, toys.Oracle.of(collection, [made]))


BAD: dict[str, Any] = {
    "a page that is no whole number": {"page": 1.0},
    "a page that is true": {"page": True},
    "a page beyond 32 bits": {"page": 1 << 31},
    "a page before the first": {"page": -1},
    "a start that is no whole number": {"start": 0.0},
    "an end that is true": {"end": True},
    "a start behind the end": {"start": 3, "end": 2},
    "half a character in a digest": {"digest": "\udcff"},
    "a digest that is none": {"digest": None},
    "a long digest": {"digest": "d" * 129},
    "a NUL in a context": {"context": "\0"},
    "a whole number beyond 64 bits": {"metadata": {"n": 1 << 63}},
    "a whole number of thousands of digits": {"metadata": {"n": 10**5000}},
    "a key that is none": {"metadata": {1: 2}},
    "a list": {"metadata": {"n": [1]}},
}
BAD_DOCUMENTS: dict[str, Any] = {
    "a key that is none": {"key": None},
    "half a character in a digest": {"digest": "\udcff"},
    "a NUL in a digest": {"digest": "\0"},
    "a whole number beyond 64 bits": {"metadata": {"n": -(1 << 63) - 1}},
    "a page that is no whole number": {"pages": (PageSpan(1.0, 0, 1),)},  # type: ignore[arg-type]
    "a page behind the text": {"pages": (PageSpan(1, 0, 10**6),)},
    "pages in disorder": {"pages": (PageSpan(1, 2, 3), PageSpan(2, 0, 1))},
}
BAD_ENTRIES: dict[str, Any] = {
    "a NUL in a key": {"key": "\0"},
    "half a character in a name": {"uri": "\udcff"},
    "half a character in a reason": {"reason": "\udcff"},
    "a NUL in a digest": {"digest": "\0"},
    "an outcome that is none": {"outcome": "lost"},
}
EVERY = [
    *(pytest.param({}, change, {}, id=f"chunk: {name}") for name, change in BAD.items()),
    *(pytest.param(change, {}, {}, id=f"document: {name}") for name, change in BAD_DOCUMENTS.items()),
    *(pytest.param({}, {}, change, id=f"entry: {name}") for name, change in BAD_ENTRIES.items()),
]


@pytest.mark.parametrize(("document", "chunk", "entry"), EVERY)
def test_what_would_break_the_collection_is_not_stored(
    collection: Collection, toys: Any, document: Any, chunk: Any, entry: Any
) -> None:
    good = toys.make("good", toys.PARAGRAPHS)
    bad = toys.make("bad", ["some text"])
    line = replace(LedgerEntry("bad", "bad", "added"), **entry)
    with collection.writer() as writer:
        writer.put(good.document, good.chunks, good.vectors, LedgerEntry("good", "good", "added"))
        before = collection.info()
        with pytest.raises(UsageError) as raised:
            writer.put(replace(bad.document, **document), [replace(bad.chunks[0], **chunk)], bad.vectors, line)
        assert len(str(raised.value).splitlines()) == 1
        if entry:
            with pytest.raises(UsageError):
                writer.record(line)
            with pytest.raises(UsageError):
                writer.delete("good", line)
    assert collection.info() == before
    toys.assert_searches(collection, toys.Oracle.of(collection, [good]))


def test_chunks_do_not_overlap_without_bound(collection: Collection, toys: Any) -> None:
    text = "word " * 20_000
    made = toys.make("a", [text])
    for several, fits in ((16, True), (18, False)):
        chunks = [replace(made.chunks[0], digest=str(number)) for number in range(several)]
        with collection.writer() as writer, nullcontext() if fits else pytest.raises(UsageError, match="overlap"):
            writer.put(made.document, chunks, np.repeat(made.vectors, several, axis=0))


@pytest.mark.parametrize("vectors", [np.ones(5), np.ones((3, 16)), [["x"] * 16] * 2])
def test_vectors_that_do_not_fit_the_chunks_are_refused(collection: Collection, toys: Any, vectors: Any) -> None:
    made = toys.make("a", ["one", "two"])
    with collection.writer() as writer, pytest.raises(UsageError, match="not one vector for each of its 2 chunks"):
        writer.put(made.document, made.chunks, vectors)


@pytest.mark.parametrize(("key", "uri"), [("a\0b", "b"), ("b", "a\0b"), ("\udcff", "b"), ("b", "\udcff")])
def test_a_name_that_cannot_be_stored_is_given_to_no_document(
    collection: Collection, toys: Any, key: str, uri: str
) -> None:
    made = toys.make("a", ["one"])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
        with pytest.raises(UsageError, match="holds "):
            writer.rename("a", key, uri)
        assert [info.key for info in collection.documents()] == ["a"]
        assert writer.rename("a", "b", "猫.md")
    assert [(info.key, info.uri) for info in collection.documents()] == [("b", "猫.md")]


def test_a_writer_does_nothing_without_the_lock(collection: Collection, toys: Any) -> None:
    made = toys.make("a", ["one"])
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    with pytest.raises(ValueError, match="mine"), collection.writer() as left_by_an_error:
        raise ValueError("mine")
    for closed in (writer, left_by_an_error):
        for use in (
            lambda w: w.put(made.document, made.chunks, made.vectors),
            lambda w: w.delete("a"),
            lambda w: w.rename("a", "b", "b"),
            lambda w: w.record(LedgerEntry("a", "a", "added")),
            lambda w: w.forget("a"),
            lambda w: w.known(["d"]),
            lambda w: w.publish(),
        ):
            with pytest.raises(UsageError, match="after its `with` block"):
                use(closed)
    assert [info.key for info in collection.documents()] == ["a"]
