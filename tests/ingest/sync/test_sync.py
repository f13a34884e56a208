"""Content decides: moved files, duplicates, what stands for what, archives, and what is tried again."""

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.records import LedgerEntry
from ingest.chunking import ChunkSettings
from ingest.pipeline import IngestReport, PipelineSettings, ingest
from ingest.report import FileCounts

SENTENCES = [f"Sentence number {n} of the story tells of {n * n} things." for n in range(12)]
STORY = " ".join(SENTENCES)
Run = Callable[..., IngestReport]


@pytest.fixture
def collection(tmp_path: Path, bag_encoder: Any) -> Collection:
    return Database.open(tmp_path / "home").create("test", bag_encoder.fingerprint)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


@pytest.fixture
def run(collection: Collection, bag_encoder: Any, docs: Path) -> Run:
    def run(*paths: Path | str, prune: bool = False, retry: bool = False, **how: Any) -> IngestReport:
        settings = PipelineSettings(ChunkSettings(60, 0, 10), workers=1, **how)
        given = paths or (docs,)
        report = ingest(given, collection, bag_encoder, settings=settings, prune=prune, retry_failed=retry)
        assert collection.verify().findings == ()
        return report

    return run


def texts(collection: Collection) -> dict[str, str]:
    documents = [collection.document(info.key) for info in collection.documents()]
    return {document.uri.rpartition("docs/")[2]: document.text for document in documents if document}


def ledger(collection: Collection) -> dict[str, LedgerEntry]:
    return {entry.uri.rpartition("docs/")[2]: entry for entry in collection.ledger()}


def zipped(**files: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


def test_a_moved_file_keeps_its_chunks_and_costs_no_encoding(
    run: Run, collection: Collection, bag_encoder: Any, docs: Path
) -> None:
    (docs / "a.txt").write_text(STORY)
    run()
    ids = [id_ for id_, _ in collection.lexical("story", 50)]
    bag_encoder.encoded.clear()
    (docs / "deep").mkdir()
    (docs / "a.txt").rename(docs / "deep" / "a.txt")
    report = run()
    assert report.files == FileCounts(moved=1)
    assert bag_encoder.encoded == []
    assert [id_ for id_, _ in collection.lexical("story", 50)] == ids
    assert set(texts(collection)) == {"deep/a.txt"}
    assert set(ledger(collection)) == {"deep/a.txt"}
    assert run().files == FileCounts(unchanged=1)


def test_a_file_of_another_name_gets_that_name_as_its_title(run: Run, collection: Collection, docs: Path) -> None:
    (docs / "old.txt").write_text(STORY)
    run()
    (docs / "old.txt").rename(docs / "new.txt")
    assert run().files == FileCounts(moved=1)
    [info] = collection.documents()
    assert (info.title, info.uri) == ("new", f"{docs}/new.txt")
    chunks = collection.chunks([id_ for id_, _ in collection.lexical("story", 50)])
    assert {chunk.context for chunk in chunks} == {"new"}
    assert run().files == FileCounts(unchanged=1)


def test_the_same_bytes_are_kept_once_with_all_their_sources(run: Run, collection: Collection, docs: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (docs / name).write_text(STORY)
    report = run()
    assert report.files == FileCounts(added=1, duplicate=2)
    assert [(Path(d.path).name, Path(d.original).name) for d in report.duplicates] == [
        ("b.txt", "a.txt"),
        ("c.txt", "a.txt"),
    ]
    assert texts(collection) == {"a.txt": STORY}
    assert collection.sources(str(docs / "a.txt")) == (f"{docs}/b.txt", f"{docs}/c.txt")
    assert run().files == FileCounts(unchanged=1, duplicate=2)


def test_a_copy_gets_a_document_of_its_own_when_the_original_changes(
    run: Run, collection: Collection, docs: Path
) -> None:
    (docs / "a.txt").write_text(STORY)
    (docs / "b.txt").write_text(STORY)
    run()
    (docs / "a.txt").write_text(STORY.replace("Sentence", "Line"))
    report = run()
    assert (report.files.changed, report.files.added) == (1, 1)
    assert texts(collection) == {"a.txt": STORY.replace("Sentence", "Line"), "b.txt": STORY}
    assert collection.sources(str(docs / "a.txt")) == ()


@pytest.mark.parametrize("which", ["everything", "only what is not the copy"])
def test_a_copy_takes_over_when_the_original_is_pruned(
    which: str, run: Run, collection: Collection, bag_encoder: Any, docs: Path
) -> None:
    (docs / "a").mkdir()
    (docs / "a" / "a.txt").write_text(STORY)
    (docs / "b.txt").write_text(STORY)
    (docs / "c.txt").write_text(STORY)
    run()
    bag_encoder.encoded.clear()
    (docs / "a" / "a.txt").unlink()
    (docs / "a" / "other.txt").write_text("Something else is in this folder now, and it is short.")
    run(docs if which == "everything" else docs / "a", prune=True)
    assert texts(collection)["b.txt"] == STORY
    assert set(texts(collection)) == {"b.txt", "a/other.txt"}
    assert collection.sources(str(docs / "b.txt")) == (f"{docs}/c.txt",)
    assert not [text for text in bag_encoder.encoded if "story" in text and "b\n" not in text]


def test_other_bytes_with_the_same_sentences_are_a_duplicate_and_one_number_makes_the_difference(
    run: Run, collection: Collection, docs: Path
) -> None:
    (docs / "a.txt").write_text(STORY)
    (docs / "b.html").write_text("".join(f"<p>{sentence}</p>" for sentence in SENTENCES))
    (docs / "c.txt").write_text(STORY.replace("121 things", "122 things"))
    report = run()
    assert report.files == FileCounts(added=2, duplicate=1)
    assert [(d.path, d.original) for d in report.duplicates] == [(f"{docs}/b.html", f"{docs}/a.txt")]
    assert [(Path(s.path).name, Path(s.other).name, s.sentences) for s in report.similar] == [("c.txt", "a.txt", 1)]
    assert set(texts(collection)) == {"a.txt", "c.txt"}
    assert run().files == FileCounts(unchanged=2, duplicate=1)


def test_near_copies_are_looked_at_again_when_the_original_changes(
    run: Run, collection: Collection, docs: Path
) -> None:
    (docs / "a.txt").write_text(STORY)
    (docs / "b.txt").write_text(STORY.replace(" ", "  "))
    assert run().files == FileCounts(added=1, duplicate=1)
    (docs / "a.txt").write_text(STORY + " And one more sentence came to it today.")
    assert run().files == FileCounts(changed=1, duplicate=1)
    (docs / "a.txt").write_text(" ".join(SENTENCES[:-1]))
    report = run()
    assert (report.files.changed, report.files.added) == (1, 1)
    assert set(texts(collection)) == {"a.txt", "b.txt"}


def test_a_copy_of_what_cannot_be_read_has_the_same_problem(run: Run, collection: Collection, docs: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (docs / name).write_bytes(b"%PDF-1.7\nnothing more")
    report = run()
    assert report.files == FileCounts(failed=2)
    assert report.problems[0].reason == report.problems[1].reason


def test_what_failed_is_not_tried_again_unless_asked(run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.processes.workers import Workers

    (docs / "a.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    first = run()
    read: list[str] = []
    load = Workers.load
    monkeypatch.setattr(Workers, "load", lambda self, data, name: read.append(name) or load(self, data, name))
    again = run()
    assert again.files == FileCounts(failed=1) and again.problems == first.problems
    assert read == []
    assert run(retry=True).files == FileCounts(failed=1)
    assert read == ["a.pdf"]


@pytest.mark.parametrize("together", [2, 500])
def test_every_file_that_did_not_change_is_so_in_the_ledger(
    run: Run, collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr("ingest.sync.settling._TOGETHER", together)
    names = {f"{name}.txt" for name in ("one", "two", "three", "four", "five")}
    for name in names:
        (docs / name).write_text(f"The file {name} has words of its own.", encoding="utf-8")
    run()
    assert {name: line.outcome for name, line in ledger(collection).items()} == dict.fromkeys(names, "added")
    run()
    assert {name: line.outcome for name, line in ledger(collection).items()} == dict.fromkeys(names, "unchanged")


def test_files_in_an_archive_are_documents_and_follow_it(run: Run, collection: Collection, docs: Path) -> None:
    (docs / "pack.zip").write_bytes(zipped(a_txt=STORY, in__b_txt="Another text, about owls at night.", c_txt=b""))
    report = run()
    assert report.files == FileCounts(added=2, refused=1, unpacked=1)
    assert texts(collection) == {
        "pack.zip!/a.txt": STORY,
        "pack.zip!/in/b.txt": "Another text, about owls at night.",
    }
    again = run()
    assert again.files == FileCounts(unchanged=3, refused=1)
    (docs / "pack.zip").write_bytes(zipped(a_txt=STORY, d_txt="A fourth text, about boats on a lake."))
    report = run()
    assert report.files == FileCounts(unchanged=1, added=1, removed=1, unpacked=1)
    assert set(texts(collection)) == {"pack.zip!/a.txt", "pack.zip!/d.txt"}
    (docs / "pack.zip").rename(docs / "moved.zip")
    assert run().files.moved == 2
    assert set(texts(collection)) == {"moved.zip!/a.txt", "moved.zip!/d.txt"}
    (docs / "moved.zip").unlink()
    assert run(prune=True).files.removed == 2
    assert texts(collection) == {}


def test_an_archive_that_is_there_twice_is_unpacked_once(run: Run, collection: Collection, docs: Path) -> None:
    data = zipped(a_txt=STORY)
    (docs / "a.zip").write_bytes(data)
    (docs / "b.zip").write_bytes(data)
    assert run().files == FileCounts(added=1, unpacked=1, duplicate=1)
    assert run().files == FileCounts(unchanged=2, duplicate=1)


def test_a_file_that_is_also_in_an_archive_is_kept_once(run: Run, collection: Collection, docs: Path) -> None:
    (docs / "a.txt").write_text(STORY)
    (docs / "pack.zip").write_bytes(zipped(copy_txt=STORY))
    assert run().files == FileCounts(added=1, unpacked=1, duplicate=1)
    (docs / "a.txt").unlink()
    run(prune=True)
    assert list(texts(collection).values()) == [STORY]


def test_patterns_and_standard_input(
    run: Run, collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "deep").mkdir()
    (docs / "a.txt").write_text("The first of two texts is about rivers.")
    (docs / "deep" / "b.txt").write_text("The second of two texts is about hills.")
    (docs / "c.md").write_text("# Not this one\n\nIt has another ending.")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("来自标准输入的文字。".encode())))
    report = run(f"{docs}/**/*.txt", "-")
    assert report.files == FileCounts(added=3)
    assert "来自标准输入的文字。" in texts(collection).values()
    assert run(f"{docs}/*.rtf").files == FileCounts(failed=1)


def test_a_page_of_glyph_soup_is_listed_and_found_only_if_asked_for(
    run: Run, collection: Collection, docs: Path
) -> None:
    (docs / "good.txt").write_text(STORY)
    (docs / "soup.txt").write_text("(cid:12)(cid:7) words \ufffd\ufffd\ufffd\ufffd (cid:3)(cid:99) of soup \ufffd" * 20)
    report = run()
    assert report.files == FileCounts(added=2)
    assert (report.pages.total, report.pages.doubtful, report.pages.recognised) == (2, 1, 0)
    [doubt] = {(Path(page.path).name, page.page) for page in report.doubtful}
    assert doubt == ("soup.txt", None)
    assert 0 <= report.doubtful[0].readability < report.pages.readability < 1
    assert collection.lexical("soup", 5) == []
    assert [entry.doubts for entry in collection.ledger() if entry.uri.endswith("good.txt")] == [()]
    [kept] = [entry.doubts for entry in collection.ledger() if entry.uri.endswith("soup.txt")]
    assert [each.reason for each in kept] == [page.reason for page in report.doubtful]
    assert run(doubtful=True).files.changed == 2
    assert collection.lexical("soup", 5) != []


def test_personal_data_is_masked_everywhere_or_refused(run: Run, collection: Collection, docs: Path) -> None:
    (docs / "a.txt").write_text("Write to someone@example.org before noon, and bring the keys of the house.")
    report = run(personal_data="mask")
    assert report.personal_data == {"e-mail": 1} or sum(report.personal_data.values()) == 1
    [text] = texts(collection).values()
    assert text == "Write to " + "█" * len("someone@example.org") + " before noon, and bring the keys of the house."
    assert run(personal_data="refuse").files == FileCounts(refused=1)
    assert texts(collection) == {}
    assert run().files == FileCounts(added=1)


def test_a_hanging_or_dying_loader_costs_one_file(
    run: Run, collection: Collection, docs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ingest.documents import Limits, LoadOptions

    (docs / "a.txt").write_text(STORY)
    deep = "<table><tr><td>" * 20_000
    (docs / "b.html").write_text(f"<html><body>{deep}words{'</td></tr></table>' * 20_000}</body></html>")
    (docs / "c.txt").write_text("The last file of all is about nothing in particular.")
    report = run(options=LoadOptions(Limits(max_seconds=120)))
    assert report.files.added >= 2
    assert {"a.txt", "c.txt"} <= set(texts(collection))
