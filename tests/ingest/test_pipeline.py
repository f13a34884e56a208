"""The flow of files into a collection, held against the files themselves."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import ModelError, UsageError
from indexes.records import EncoderFingerprint
from ingest.chunking import ChunkSettings
from ingest.documents import Limits, LoadOptions
from ingest.pipeline import IngestReport, PipelineSettings, ingest
from ingest.report import FileCounts, Progress
from ragstack.arguments import own_files

SMALL = PipelineSettings(ChunkSettings(60, 0, 10))


class Encoder:
    """Vectors from characters; remembers what it was given."""

    fingerprint = EncoderFingerprint("characters", "1", 16, passage_prefix="passage: ")
    max_length = 128

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @property
    def encoded(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + sum(character > "\u2e80" for character in text) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.batches.append(list(texts))
        return self.encode_queries(texts)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.array([[1.0 + sum(map(ord, text[row::16])) % 97 for row in range(16)] for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def collection(tmp_path: Path, encoder: Encoder) -> Collection:
    return Database.open(tmp_path / "home").create("test", encoder.fingerprint)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "english.md").write_text("# Sky\n\nThe sky is blue. Grass is green.\n", "utf-8")
    (folder / "sub" / "chinese.txt").write_text("天空是蓝色的。草是绿色的。", "utf-8")
    (folder / "page.html").write_text("<html><title>Sea</title><body><p>The sea is deep.</p></body></html>", "utf-8")
    (folder / ".hidden.md").write_text("Never read.", "utf-8")
    return folder


def run(collection: Collection, encoder: Encoder, *paths: Path, prune: bool = False) -> IngestReport:
    return ingest(paths, collection, encoder, settings=SMALL, prune=prune)


def stored(collection: Collection) -> dict[str, str]:
    """Uri to text of all documents."""
    documents = [collection.document(info.key) for info in collection.documents()]
    return {document.uri: document.text for document in documents if document}


def test_the_folder_of_the_database_is_passed_over_inside_what_is_walked(
    collection: Collection, encoder: Encoder, docs: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "evaluations").mkdir()
    (home / "evaluations" / "records.jsonl").write_text('{"text": "A run of an evaluation."}')
    (home / "evaluations.txt").write_text("The moon over the lake is full tonight.")
    (home / "collections").mkdir(exist_ok=True)
    (home / "collections" / "art.txt").write_text("The painter of the lake was born here.")
    (docs / "link").symlink_to(home)
    (docs / "sub" / "part").symlink_to(home / "evaluations")
    (docs / "file.jsonl").symlink_to(home / "evaluations" / "records.jsonl")
    (tmp_path / "via").symlink_to(home)
    for paths in ([tmp_path], [docs, tmp_path], [tmp_path / "**" / "*"]):
        report = ingest(paths, collection, encoder, settings=SMALL, prune=paths[0] == tmp_path, skip=own_files(home))
        assert report.problems == ()
        names = {Path(uri).name for uri in stored(collection)}
        assert names == {"english.md", "page.html", "chinese.txt", "evaluations.txt", "art.txt"}
    assert run(collection, encoder, tmp_path).problems  # else its files are read, and refused


def test_what_lies_in_the_folder_of_the_database_is_read_where_it_is_given_by_name(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "docs").mkdir()
    (home / "docs" / "a.txt").write_text("The sky over the lake is blue today.")
    own = home / "catalog.db"
    report = ingest([own, home / "docs"], collection, encoder, settings=SMALL, skip=own_files(home))
    assert stored(collection).keys() == {f"{home}/docs/a.txt"}
    assert [(problem.path, problem.outcome) for problem in report.problems] == [(str(own), "refused")]


def test_documents_may_lie_in_the_folder_of_the_database_itself(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "docs").mkdir()
    (home / "a.txt").write_text("The sky over the lake is blue today.")
    (home / "docs" / "b.txt").write_text("大熊猫生活在中国的山区里。")
    (tmp_path / "via").symlink_to(home)
    for given in (home, tmp_path / "via"):
        report = ingest([given], collection, encoder, settings=SMALL, prune=True, skip=own_files(home))
        assert (report.problems, report.files.removed) == ((), 0)
        assert len(stored(collection)) == 2
    (home / "a.txt").unlink()
    report = ingest([tmp_path], collection, encoder, settings=SMALL, prune=True, skip=own_files(tmp_path / "via"))
    assert (report.problems, report.files.removed, report.files.unchanged) == ((), 1, 1)


def test_files_become_documents_with_the_very_words_of_their_chunks(
    collection: Collection, encoder: Encoder, docs: Path
) -> None:
    report = run(collection, encoder, docs)
    assert report.files == FileCounts(added=3)
    assert report.problems == ()
    texts = stored(collection)
    assert texts == {
        f"{docs}/english.md": "# Sky\n\nThe sky is blue. Grass is green.\n",
        f"{docs}/page.html": "The sea is deep.",
        f"{docs}/sub/chinese.txt": "天空是蓝色的。草是绿色的。",
    }
    chunks = collection.chunks([id_ for id_, _ in collection.dense(np.ones(16), 10)])
    assert len(chunks) == report.chunks.added == report.chunks.total
    for each in chunks:
        assert texts[each.document][each.start : each.end] == each.text
    titles = {info.uri.rsplit("/")[-1]: (info.title, info.metadata["lang"]) for info in collection.documents()}
    assert titles["english.md"] == ("Sky", "en")
    assert titles["chinese.txt"] == ("chinese", "zh")
    assert titles["page.html"][0] == "Sea"


def test_vectors_are_those_of_the_encoder_for_context_and_text(
    collection: Collection, encoder: Encoder, docs: Path
) -> None:
    run(collection, encoder, docs)
    [(id_, score)] = collection.dense(encoder.encode_queries(["Sky\n# Sky\n\nThe sky is blue. Grass is green."])[0], 1)
    assert score == pytest.approx(1.0, abs=1e-5)
    assert collection.chunks([id_])[0].document == f"{docs}/english.md"


def test_a_second_run_encodes_nothing(collection: Collection, encoder: Encoder, docs: Path) -> None:
    run(collection, encoder, docs)
    encoder.batches.clear()
    again = run(collection, encoder, docs)
    assert again.files == FileCounts(unchanged=3)
    assert encoder.batches == []
    assert again.chunks.added == again.chunks.removed == 0
    assert again.chunks_per_second == 0.0


def test_content_decides_and_not_time(collection: Collection, encoder: Encoder, docs: Path) -> None:
    run(collection, encoder, docs)
    os.utime(docs / "english.md", (1, 1))
    assert run(collection, encoder, docs).files == FileCounts(unchanged=3)


def test_an_edited_paragraph_encodes_its_own_chunk_only(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "long.txt"
    paragraphs = [" ".join(f"river{n}x{m}" for m in range(35)) + "." for n in range(30)]
    path.write_text("\n\n".join(paragraphs))
    first = run(collection, encoder, path)
    encoder.batches.clear()
    paragraphs[12] = paragraphs[12].replace("river12x3", "changed")
    path.write_text("\n\n".join(paragraphs))
    second = run(collection, encoder, path)
    assert second.files == FileCounts(changed=1)
    assert len(encoder.encoded) == 1 and "changed" in encoder.encoded[0]
    assert (second.chunks.added, second.chunks.removed) == (1, 1)
    assert second.chunks.reused == first.chunks.added - 1


def test_equal_chunks_are_encoded_once(collection: Collection, encoder: Encoder, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text(
            "The very same words in both." + " " * len(tmp_path.parts) * (name > "a")
        )
    report = run(collection, encoder, tmp_path / "a", tmp_path / "b")
    assert report.files.added == 2
    assert len(encoder.encoded) == 1


def test_batches_are_sorted_by_length_over_several_documents(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    for number in range(80):
        (tmp_path / f"{number:02}.txt").write_text(" ".join(f"word{number}" for _ in range(number % 17 + 1)))
    run(collection, encoder, *sorted(tmp_path.glob("*.txt")))
    lengths = [len(text) for text in encoder.encoded]
    assert lengths == sorted(lengths, reverse=True)
    assert max(map(len, encoder.batches)) <= 64


def test_no_chunk_is_longer_than_the_encoder_reads(collection: Collection, encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(" ".join(f"w{n}" for n in range(2000)))
    ingest([tmp_path / "long.txt"], collection, encoder, settings=PipelineSettings(ChunkSettings(1000)))
    prefix = encoder.fingerprint.passage_prefix
    assert max(encoder.count_tokens([prefix + text for text in encoder.encoded])) + 2 <= encoder.max_length


def test_settings_and_encoder_are_part_of_what_makes_a_document_current(
    collection: Collection, encoder: Encoder, docs: Path
) -> None:
    run(collection, encoder, docs)
    report = ingest([docs], collection, encoder, settings=PipelineSettings(ChunkSettings(50, 0, 10)))
    assert report.files == FileCounts(changed=3)


def test_one_bad_file_never_stops_the_rest(collection: Collection, encoder: Encoder, docs: Path) -> None:
    (docs / "empty.md").write_bytes(b"")
    (docs / "program.txt").write_bytes(b"\x7fELF\2\1\1\0\0\0")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (docs / "big.txt").write_text("x" * 3000)
    settings = PipelineSettings(SMALL.chunks, LoadOptions(Limits(max_bytes=2000)))
    report = ingest([docs, docs / "missing.md"], collection, encoder, settings=settings)
    assert report.files == FileCounts(added=3, refused=3, failed=2)
    outcomes = {Path(problem.path).name: (problem.outcome, problem.reason) for problem in report.problems}
    assert outcomes["empty.md"] == ("refused", "it is empty")
    assert outcomes["program.txt"][0] == "refused" and "program" in outcomes["program.txt"][1]
    assert outcomes["big.txt"][0] == "refused" and "3,000 bytes" in outcomes["big.txt"][1]
    assert outcomes["broken.pdf"][0] == "failed" and "damaged" in outcomes["broken.pdf"][1]
    assert outcomes["missing.md"] == ("failed", "no such file or folder; check the path")
    assert all("\n" not in reason for _, reason in outcomes.values())
    ledger = {Path(entry.uri).name: entry.outcome for entry in collection.ledger()}
    assert ledger == {
        **dict.fromkeys(("english.md", "page.html", "chinese.txt"), "added"),
        **dict.fromkeys(("empty.md", "program.txt", "big.txt"), "refused"),
        "broken.pdf": "failed",
    }


def test_a_folder_without_files_is_a_problem_of_its_own(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    report = run(collection, encoder, tmp_path / "empty")
    assert [(problem.path, problem.outcome) for problem in report.problems] == [(f"{tmp_path}/empty", "failed")]


def test_a_file_that_went_bad_keeps_its_last_good_version(collection: Collection, encoder: Encoder, docs: Path) -> None:
    run(collection, encoder, docs)
    before = stored(collection)
    (docs / "english.md").write_bytes(b"")
    report = run(collection, encoder, docs)
    assert report.files == FileCounts(unchanged=2, refused=1)
    assert "stays in the collection" in report.problems[0].reason
    assert stored(collection) == before
    (docs / "english.md").write_text("# Sky\n\nThe sky is grey.\n")
    assert run(collection, encoder, docs).files == FileCounts(changed=1, unchanged=2)


def test_prune_removes_what_has_vanished_under_the_paths_and_nothing_else(
    collection: Collection, encoder: Encoder, docs: Path, tmp_path: Path
) -> None:
    other = tmp_path / "docs-other"
    other.mkdir()
    (other / "kept.txt").write_text("This one is elsewhere.")
    run(collection, encoder, docs, other)
    (docs / "english.md").unlink()
    (other / "kept.txt").unlink()
    assert run(collection, encoder, docs).files == FileCounts(unchanged=2)
    report = run(collection, encoder, docs, prune=True)
    assert report.files == FileCounts(unchanged=2, removed=1)
    assert report.chunks.removed == 1
    assert {Path(uri).name for uri in stored(collection)} == {"page.html", "chinese.txt", "kept.txt"}


def test_prune_leaves_a_file_that_is_there_and_was_only_not_walked(
    collection: Collection, encoder: Encoder, docs: Path
) -> None:
    run(collection, encoder, docs, docs / ".hidden.md")
    assert run(collection, encoder, docs, prune=True).files == FileCounts(unchanged=3)


def test_pruning_a_folder_that_has_vanished_is_no_problem(
    collection: Collection, encoder: Encoder, docs: Path, tmp_path: Path
) -> None:
    run(collection, encoder, docs)
    shutil.rmtree(docs)
    report = run(collection, encoder, docs, prune=True)
    assert report.files == FileCounts(removed=3)
    assert report.problems == () and report.chunks.total == 0


def test_links_that_go_in_circles_are_walked_once(collection: Collection, encoder: Encoder, docs: Path) -> None:
    (docs / "sub" / "back").symlink_to(docs)
    (docs / "self").symlink_to(docs / "self")
    (docs / "again.md").symlink_to(docs / "english.md")
    report = run(collection, encoder, docs, docs / "english.md")
    assert report.files == FileCounts(added=3, failed=1)
    assert report.problems[0].path == f"{docs}/self"


def test_the_uri_is_the_path_as_given(
    collection: Collection, encoder: Encoder, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docs.parent)
    report = ingest(["docs", "./docs/sub/../english.md"], collection, encoder, settings=SMALL)
    assert report.files.added == 3
    assert sorted(stored(collection)) == ["docs/english.md", "docs/page.html", "docs/sub/chinese.txt"]


def test_what_was_written_before_an_interruption_stays(
    collection: Collection, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        text = " ".join(f"part{number}of{word}" for word in range(40 * 600))
        (tmp_path / f"{number}.txt").write_text(text)
    paths = sorted(tmp_path.glob("*.txt"))
    encode, calls = encoder.encode_passages, 0

    def stop(texts: Sequence[str]) -> np.ndarray:
        nonlocal calls
        calls += 1
        if "part2" in texts[0]:
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_passages", stop)
    with pytest.raises(KeyboardInterrupt):
        run(collection, encoder, *paths)
    assert len(stored(collection)) == 2
    monkeypatch.setattr(encoder, "encode_passages", encode)
    assert run(collection, encoder, *paths).files == FileCounts(added=1, unchanged=2)


def test_a_failing_encoder_is_not_blamed_on_a_file(
    collection: Collection, encoder: Encoder, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(texts: Sequence[str]) -> np.ndarray:
        raise ModelError("the encoder is broken")

    monkeypatch.setattr(encoder, "encode_passages", fail)
    with pytest.raises(ModelError):
        run(collection, encoder, docs)
    assert stored(collection) == {}


def test_progress_and_report_add_up(collection: Collection, encoder: Encoder, docs: Path) -> None:
    seen: list[Progress] = []
    report = ingest([docs], collection, encoder, settings=SMALL, progress=seen.append)
    assert [each.files_done for each in seen if each.current] == [1, 2, 3]
    assert seen[-1].chunks_done == report.chunks.added
    assert {each.files_total for each in seen} == {3}
    found = report.to_dict()
    promised = {"collection", "seconds", "files", "chunks", "problems", "chunks_per_second", "peak_rss_bytes"}
    assert set(found) >= promised
    none = dict.fromkeys(("changed", "unchanged", "removed", "refused", "failed", "moved", "duplicate", "unpacked"), 0)
    assert found["files"] == {"added": 3, **none}
    assert 0 < found["encoding_seconds"] < found["seconds"]
    assert set(found["chunks"]) == {"added", "reused", "removed", "total"}
    assert report.peak_rss_bytes > 10_000_000
    assert report.chunks_per_second == pytest.approx(report.chunks.added / report.seconds)


def test_a_file_whose_name_is_no_text_is_brought_in(collection: Collection, encoder: Encoder, docs: Path) -> None:
    with open(os.fsencode(docs) + b"/bad\xff.txt", "w") as file:  # noqa: PTH123
        file.write("Words of a file.")
    assert run(collection, encoder, docs).files == FileCounts(added=4)
    assert "bad\\xff" in {info.title for info in collection.documents()}


def test_a_folder_given_twice_is_no_problem(collection: Collection, encoder: Encoder, docs: Path) -> None:
    report = run(collection, encoder, docs, docs / "sub" / "..", docs / "sub", docs)
    assert (report.files.added, report.problems) == (3, ())


def test_a_path_that_cannot_be_looked_at_stops_nothing(collection: Collection, encoder: Encoder, docs: Path) -> None:
    report = run(collection, encoder, docs / ("long" * 100), docs)
    assert (report.files.added, report.files.failed) == (3, 1)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_is_no_path_is_refused(collection: Collection, encoder: Encoder, path: str) -> None:
    with pytest.raises(UsageError, match="is no path"):
        ingest([path], collection, encoder)
