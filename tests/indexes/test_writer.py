"""When a writer writes files, and what becomes of a failure to."""

from typing import Any

import pytest

import indexes.writer
from indexes.collection import Collection
from indexes.search.artefacts import Artefacts


def test_a_new_generation_is_written_when_enough_has_gathered(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes.writer, "_PENDING_AT_EXIT", 4)
    monkeypatch.setattr(indexes.writer, "_PENDING_MEANWHILE", 8)
    saved: list[tuple[list[int], int]] = []
    save = Artefacts.save

    def noted(self: Artefacts, groups: Any, at: int, *rest: Any, **more: Any) -> int:
        saved.append(([sum(part.live_count for part in group) for group in groups], at))
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
