"""Following folders: every change shows, and none falls between the first sync and the waiting."""

import threading
from pathlib import Path

import pytest

from indexes.errors import UsageError
from ingest.files.watching import Watch
from ragstack.arguments import own_files
from ragstack.config import Config
from ragstack.stack import RagStack


def put(path: Path, text: str) -> None:
    """Make a file with all its words at once: a file that is made and then written may show as two changes."""
    hidden = path.with_name(f".{path.name}")
    hidden.write_text(text)
    hidden.rename(path)


def test_changes_are_named_under_the_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "docs" / "old.txt").write_text("old")
    monkeypatch.chdir(tmp_path)
    with Watch([Path("docs")]) as watch:
        batches = watch.batches()
        Path("docs/sub/new.txt").write_text("new")
        Path("docs/.hidden").write_text("hidden")
        Path("docs/old.txt").unlink()
        seen: set[Path] = set()
        while len(seen) < 2:
            seen |= {path for path in next(batches) if path != Path("docs/sub")}
    assert seen == {Path("docs/sub/new.txt"), Path("docs/old.txt")}


def test_a_file_is_followed_over_saves_that_rename_and_its_neighbours_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0")
    with Watch([path]) as watch:
        batches = watch.batches()
        for number in range(1, 4):
            (tmp_path / "neighbour.txt").write_text(str(number))
            (tmp_path / "new").write_text(str(number))
            (tmp_path / "new").replace(path)
            assert next(batches) == [path]


def test_what_is_to_be_skipped_does_not_show_but_where_it_was_given(tmp_path: Path) -> None:
    home = tmp_path / "home"
    own = home / "collections" / "1"
    own.mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    for given in (tmp_path, home):
        with Watch([given], own_files(tmp_path / "link")) as watch:
            batches = watch.batches()
            (home / "catalog.db-wal").write_text("its own")
            (own / "writer.lock").write_text("its own")
            (home / "a.txt").write_text("new")
            assert next(batches) == [home / "a.txt"]
    with Watch([own], own_files(home)) as watch:
        batches = watch.batches()
        (own / "b.txt").write_text("new")
        assert next(batches) == [own / "b.txt"]


def test_waiting_ends_when_it_is_told_to(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with Watch([tmp_path]) as watch:
        assert list(watch.batches(stop)) == []


@pytest.mark.parametrize("path", ["-", "missing"])
def test_what_cannot_be_followed_is_a_wrong_call(path: str) -> None:
    with pytest.raises(UsageError, match="cannot be followed"):
        Watch([path])


@pytest.mark.models
@pytest.mark.parametrize("home", ["home", "."])
def test_a_stack_whose_home_is_in_the_folder_leaves_its_own_files_out(home: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The sky over the lake is blue today.")
    config = Config(store={"home": tmp_path / home}, models={"encoder": "all-MiniLM-L6-v2"})  # type: ignore[arg-type]
    with RagStack(config) as stack:
        assert stack.ingest(tmp_path, prune=True).problems == ()
        stop = threading.Event()
        reports = stack.watch(tmp_path, prune=True, stop=stop)
        first = next(reports)
        assert (first.files.unchanged, first.problems) == (1, ())
        put(tmp_path / "b.txt", "The grass behind the house is green.")
        second = next(reports)
        assert (second.files.added, second.problems) == (1, ())
        stop.set()
        assert list(reports) == []  # its own writing is no change


@pytest.mark.models
def test_a_stack_follows_a_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The sky over the lake is blue today.")
    config = Config(store={"home": tmp_path / "home"}, models={"encoder": "all-MiniLM-L6-v2"})  # type: ignore[arg-type]
    stop = threading.Event()
    with RagStack(config) as stack:
        reports = stack.watch(docs, prune=True, stop=stop)
        assert next(reports).files.added == 1
        put(docs / "b.txt", "The grass behind the house is green.")
        assert next(reports).files.added == 1
        (docs / "a.txt").unlink()
        removed = next(reports)
        assert (removed.files.removed, removed.problems) == (1, ())
        stop.set()
        assert list(reports) == []
        assert [info.uri for info in stack.collection().documents()] == [f"{docs}/b.txt"]
