"""After any sequence of changes, publications and reopenings, every search equals the oracle's."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from indexes.database import Database
from indexes.filters import parse_mapping
from indexes.records import Change

KEYS = st.sampled_from("abcd")
LANGUAGES = st.sampled_from(["zh", "en", None])


def machine(toys: Any, url: Callable[[], AbstractContextManager[str | None]]) -> type[RuleBasedStateMachine]:  # noqa: C901 - the rules are a class that closes over the toys
    class Collections(RuleBasedStateMachine):
        """Documents come, change, move and go; two readers look on, one of them in a database of its own."""

        @initialize()
        def begin(self) -> None:
            self.home = Path(tempfile.mkdtemp())
            self.stack = ExitStack()
            self.url = self.stack.enter_context(url())
            self.expected: dict[str, Any] = {}
            self.saved: dict[str, Any] | None = None
            self.reopen()
            self.onlooker = self.database().collection("papers")

        def database(self) -> Database:
            return Database.open(self.home, url=self.url)

        def reopen(self) -> None:
            self.collection = self.database().create("papers", toys.ENCODER)

        @rule(key=KEYS, paragraphs=st.lists(st.sampled_from(toys.PARAGRAPHS), max_size=5), language=LANGUAGES)
        def put(self, key: str, paragraphs: list[str], language: str | None) -> None:
            made = toys.make(key, paragraphs, {} if language is None else {"lang": language})
            before = [] if key not in self.expected else texts(self.expected[key])
            common = sum(min(before.count(text), paragraphs.count(text)) for text in set(paragraphs))
            with self.collection.writer() as writer:
                change = writer.put(made.document, made.chunks, made.vectors)
            assert change == Change(len(paragraphs) - common, common, len(before) - common)
            self.expected[key] = made

        @rule(key=KEYS)
        def delete(self, key: str) -> None:
            with self.collection.writer() as writer:
                removed = writer.delete(key)
            gone = self.expected.pop(key, None)
            assert removed == (0 if gone is None else len(gone.chunks))

        @rule(key=KEYS, new_key=KEYS)
        def rename(self, key: str, new_key: str) -> None:
            with self.collection.writer() as writer:
                assert writer.rename(key, new_key, new_key) == (key in self.expected)
            if key in self.expected:
                made = self.expected.pop(key)
                self.expected[new_key] = toys.make(new_key, texts(made), made.document.metadata)

        @rule()
        def publish(self) -> None:
            with self.collection.writer() as writer:
                writer.publish()

        @rule()
        def compact(self) -> None:
            self.collection.compact()

        @rule()
        def open_again(self) -> None:
            self.reopen()

        @rule()
        def snapshot(self) -> None:
            file = self.home / "papers.ragstack"
            file.unlink(missing_ok=True)
            self.database().snapshot("papers", file)
            self.saved = dict(self.expected)

        @precondition(lambda self: self.saved is not None)
        @rule(beside=st.booleans())
        def restore(self, beside: bool) -> None:
            """In the place of the collection, whose ids are free then, or while its ids are still in use."""
            database = self.database()
            if beside:
                database.rename("papers", "before")
            else:
                database.delete("papers")
            database.restore(self.home / "papers.ragstack")
            if beside:
                database.delete("before")
            self.expected = dict(self.saved or {})
            self.reopen()
            self.onlooker = self.database().collection("papers")

        @invariant()
        def verify_finds_nothing(self) -> None:
            assert self.onlooker.verify().damage == ()

        @invariant()
        def searches_equal_the_oracle(self) -> None:
            live = list(self.expected.values())
            for reader in (self.collection, self.onlooker):
                toys.assert_searches(reader, toys.Oracle.of(reader, live))
            for language in ("zh", "en"):
                chosen = [made for made in live if made.document.metadata.get("lang") == language]
                where = parse_mapping({"lang": language})
                found = self.onlooker.dense(toys.vector_of("query"), 1000, where)
                assert len(found) == sum(len(made.chunks) for made in chosen)
                keys = {chunk.document for chunk in self.onlooker.chunks([id_ for id_, _ in found])}
                assert keys == {made.document.key for made in chosen if made.chunks}

        def teardown(self) -> None:
            self.stack.close()
            shutil.rmtree(self.home, ignore_errors=True)

    return Collections


def texts(made: Any) -> list[str]:
    return [made.document.text[chunk.start : chunk.end] for chunk in made.chunks]


@pytest.mark.parametrize(("kind", "backend"), [("flat", "sqlite"), ("ivf_sq8", "sqlite"), ("flat", "postgresql")])
def test_any_history_leaves_every_search_right(
    toys: Any, kind: str, backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexes.search.segment.choose_kind", lambda rows, *_: kind if rows else "flat")
    url = nullcontext if backend == "sqlite" else request.getfixturevalue("cluster").database
    check = settings(
        max_examples=8 if backend == "sqlite" else 3,
        stateful_step_count=10,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(machine(toys, url), settings=check)  # type: ignore[no-untyped-call]
