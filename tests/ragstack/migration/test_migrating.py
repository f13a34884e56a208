"""Moving a collection to another encoder: the same documents, the new encoder's vectors, at once or not at all."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from indexes.catalogue import shadows
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import EncoderMismatch, ModelMissing, StoreBusy, StoreError, UnknownCollection, UsageError
from indexes.records import Document, LedgerEntry
from ingest.chunking import embedded_text
from ingest.packs import default_cache
from ingest.pipeline import ingest
from ragstack.cli.app import program
from ragstack.config import Config
from ragstack.migration import Migration, migrate, read_questions
from ragstack.migration.agreement import average_overlap, sampled_questions
from ragstack.stack import RagStack

ENGLISH = """# Encoders

BERT is an encoder-only transformer that was published in 2018.
It reads a whole sentence at once, to the left and to the right.

# Storage

A vector database stores embeddings and finds the nearest of them.
"""
CHINESE = """# 编码器

BERT 是一种只有编码器的模型，发表于 2018 年。它同时从左右两个方向阅读句子。

# 存储

向量数据库保存向量，并查找最接近的向量。索引让查找更快，也让结果略有不同。
"""
NAMES = ["papers", "papers-before-other"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("RAGSTACK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "en.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "zh.md").write_text(CHINESE, encoding="utf-8")
    (folder / "long.md").write_text("".join(f"Sentence {n} is about number {n}.\n\n" for n in range(60)))
    return folder


@pytest.fixture
def old(bag_encoder: Any) -> Any:
    return bag_encoder


@pytest.fixture
def new(bag_encoder: Any) -> Any:
    """An encoder that reads half as much and sees words in another way: by their first three letters."""

    class Other(type(bag_encoder)):  # type: ignore[misc]
        fingerprint = replace(bag_encoder.fingerprint, name="other")
        max_length = 60
        before_batch: Callable[[int], None] = staticmethod(lambda _: None)

        def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
            self.before_batch(len(self.encoded))
            return super().encode_passages(texts)  # type: ignore[no-any-return]

        def _encode(self, texts: Sequence[str]) -> np.ndarray:
            return super()._encode([" ".join(w[:3] for w in text.split()) for text in texts])  # type: ignore[no-any-return]

    return Other()


@pytest.fixture
def database(tmp_path: Path, docs: Path, old: Any) -> Any:
    with Database.open(tmp_path / "home", lock_timeout=0.3) as opened:
        ingest([docs], opened.create("papers", old.fingerprint), old)
        yield opened


def contents(collection: Collection) -> dict[str, Any]:
    return {info.key: collection.contents(info.key) for info in collection.documents()}


def assert_filled_by(collection: Collection, encoder: Any) -> None:
    """Every vector is the encoder's of what its chunk says, and a search finds what comparing all of them finds."""
    found = collection.dense(np.ones(512), 10_000)
    chunks = collection.chunks([id_ for id_, _ in found])
    texts = [embedded_text(each.context, each.text) for each in chunks]
    vectors = encoder._encode(texts)
    np.testing.assert_allclose(collection.vectors([each.chunk_id for each in chunks]), vectors, atol=1e-6)
    assert len(chunks) == collection.info().chunks
    query = encoder._encode(["BERT 读 sentence"])[0]
    best = sorted((vectors @ query).tolist(), reverse=True)[:5]
    assert [cosine for _, cosine in collection.dense(query, 5)] == pytest.approx(best, abs=1e-5)


def test_everything_comes_along_and_the_old_one_stays(database: Database, old: Any, new: Any) -> None:
    before = database.collection("papers")
    was, ledger, ids = contents(before), before.ledger(), before.dense(np.ones(512), 999)
    report = migrate(database, "papers", old, new, questions=["BERT", "向量数据库"])
    after = database.collection("papers")
    assert (after.encoder, report.switched, report.kept) == (new.fingerprint, True, NAMES[1])
    assert [info.name for info in database.collections()] == NAMES
    assert {key: each[0] for key, each in contents(after).items()} == {key: each[0] for key, each in was.items()}
    assert after.ledger() == ledger
    assert_filled_by(after, new)
    kept = database.collection(NAMES[1])
    assert (kept.encoder, contents(kept), kept.dense(np.ones(512), 999)) == (old.fingerprint, was, ids)
    assert before.dense(np.ones(512), 999) == ids  # whoever holds it goes on with it
    assert (report.documents, report.chunks) == (3, after.info().chunks)


def test_a_chunk_too_long_for_the_new_encoder_is_cut_and_nothing_is_lost(
    database: Database, old: Any, new: Any
) -> None:
    was = contents(database.collection("papers"))
    report = migrate(database, "papers", old, new)
    now = contents(database.collection("papers"))
    room, too_long = new.max_length - 4, 0
    for key, (document, chunks) in was.items():
        parts = now[key][1]
        for whole in chunks:
            if new.count_tokens([embedded_text(whole.context, document.text[whole.start : whole.end])])[0] <= room:
                assert whole in parts
                continue
            too_long += 1
            within = [part for part in parts if whole.start <= part.start and part.end <= whole.end]
            said = "".join(document.text[part.start : part.end] for part in within)
            assert "".join(said.split()) == "".join(document.text[whole.start : whole.end].split())
            assert {part.context for part in within} == {whole.context}
            assert len(within) > 1
        for part in parts:
            assert new.count_tokens([embedded_text(part.context, document.text[part.start : part.end])])[0] <= room
    assert report.cut == too_long > 0


def test_a_stopped_migration_goes_on_where_it_was(
    database: Database, old: Any, new: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstack.migration.migrating._BUFFERED_CHUNKS", 1)

    def stop(encoded: int) -> None:
        if encoded > 1:
            raise KeyboardInterrupt

    was = contents(database.collection("papers"))
    new.before_batch = stop
    with pytest.raises(KeyboardInterrupt):
        migrate(database, "papers", old, new)
    assert [info.name for info in database.collections()] == ["papers"]
    assert contents(database.collection("papers")) == was
    first = len(new.encoded)
    new.before_batch = lambda _: None
    report = migrate(database, "papers", old, new)
    assert 0 < first < report.chunks
    assert len(new.encoded) == len(set(new.encoded)) == report.chunks
    assert report.encoded == report.chunks - first
    assert_filled_by(database.collection("papers"), new)


def test_what_is_written_meanwhile_is_followed(
    database: Database, old: Any, new: Any, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstack.migration.migrating._BUFFERED_CHUNKS", 1)
    source = database.collection("papers")
    rounds: list[int] = []

    def write(_: int) -> None:
        """Each batch another change, for longer than changes are followed without the lock."""
        if len(rounds) < 12:
            rounds.append(1)
            (docs / "en.md").write_text(f"{ENGLISH}\nRound {len(rounds)} was here.\n", encoding="utf-8")
            (docs / f"new{len(rounds)}.md").write_text(f"Document {len(rounds)}.")
            (docs / f"new{len(rounds) - 2}.md").unlink(missing_ok=True)
            with suppress(StoreBusy):  # which is what the last round is for
                ingest([docs], source, old, prune=True)

    new.before_batch = write
    migrate(database, "papers", old, new)
    assert len(rounds) > 3
    after, kept = database.collection("papers"), database.collection(NAMES[1])
    assert {key: each[0] for key, each in contents(after).items()} == {k: each[0] for k, each in contents(kept).items()}
    assert after.ledger() == kept.ledger()
    assert_filled_by(after, new)


def test_a_switch_that_fails_changes_nothing(
    database: Database, old: Any, new: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, calls = shadows.rename, []

    def fail_second(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        rename(*arguments)

    was = contents(database.collection("papers"))
    monkeypatch.setattr(shadows, "rename", fail_second)
    with pytest.raises(StoreError):
        migrate(database, "papers", old, new)
    assert [(info.name, info.encoder) for info in database.collections()] == [("papers", old.fingerprint)]
    assert contents(database.collection("papers")) == was
    monkeypatch.setattr(shadows, "rename", rename)
    assert migrate(database, "papers", old, new).encoded == 0


def test_a_writer_that_waited_for_the_switch_is_told(database: Database, old: Any, new: Any) -> None:
    before = database.collection("papers")
    migrate(database, "papers", old, new)
    with pytest.raises(UnknownCollection, match=r"'papers' became 'papers-before-other'"), before.writer():
        pass
    with pytest.raises(EncoderMismatch, match=r"migrate papers --encoder bag-of-words"):
        database.create("papers", old.fingerprint)


def test_compare_only_shows_nothing_and_the_next_call_switches(database: Database, old: Any, new: Any) -> None:
    report = migrate(database, "papers", old, new, compare_only=True)
    assert (report.switched, report.kept) == (False, "")
    assert [info.name for info in database.collections()] == ["papers"]
    for name in (".shadow-1", "x/y"):
        with pytest.raises(UsageError, match="cannot name"):
            database.collection(name)
    sequence = database.shadow("papers", new.fingerprint).info().sequence
    migrate(database, "papers", old, new, compare_only=True)
    assert database.shadow("papers", new.fingerprint).info().sequence == sequence  # there was nothing to write
    assert migrate(database, "papers", old, new).encoded == 0
    migrate(database, "papers", new, old, compare_only=True)
    assert database.drop_shadow("papers")
    assert not database.drop_shadow("papers")
    migrate(database, "papers", new, old, compare_only=True)
    database.delete("papers")
    assert database.create("papers", old.fingerprint).info().chunks == 0


def test_what_cannot_be_is_refused_before_anything_is_built(database: Database, old: Any, new: Any) -> None:
    with pytest.raises(UsageError, match="already: choose another"):
        migrate(database, "papers", old, old)
    database.create("papers-before-other", old.fingerprint)
    with pytest.raises(UsageError, match=r"collections delete papers-before-other"):
        migrate(database, "papers", old, new)
    assert new.encoded == []


def test_agreement_is_measured_by_hand_worked_numbers(database: Database, old: Any) -> None:
    a, b, c, d = (("k", n, n + 1) for n in range(4))
    assert average_overlap([a, b, c], [a, b, c]) == 1
    assert average_overlap([a, b], [c, d]) == 0
    assert average_overlap([a, b, c], [b, a, d]) == pytest.approx((0 + 2 / 2 + 2 / 3) / 3)
    assert average_overlap([a, b], [a]) == pytest.approx((1 + 1 / 2) / 2)

    class Renamed(type(old)):  # type: ignore[misc]
        fingerprint = replace(old.fingerprint, name="renamed")

    same = migrate(database, "papers", old, Renamed(), compare_only=True)
    assert same.comparison is not None
    assert (same.comparison.overlap, same.comparison.average_overlap, same.comparison.sampled) == (1, 1, True)


def test_a_comparison_ranks_passages_by_brute_force(database: Database, old: Any, new: Any) -> None:
    source = database.collection("papers")
    questions = ["BERT reads", "向量", "number 7 is what", "2018 年"]
    report = migrate(database, "papers", old, new, questions=questions, compare_only=True)
    shadow = database.shadow("papers", new.fingerprint)
    wholes = [(k, c.start, c.end) for k, (_, chunks) in contents(source).items() for c in chunks]
    expected = []
    for question in questions:
        rankings = []
        for collection, encoder in ((source, old), (shadow, new)):
            parts = [(k, d.text[c.start : c.end], c) for k, (d, cs) in contents(collection).items() for c in cs]
            vectors = encoder._encode([embedded_text(c.context, text) for _, text, c in parts])
            order = np.argsort(-(vectors @ encoder._encode([question])[0]), kind="stable")
            seen: list[Any] = []
            for row in order[:20]:
                key, _, part = parts[row]
                around = [w for w in wholes if w[0] == key and w[1] <= part.start and part.end <= w[2]]
                seen += [around[0]] if around[0] not in seen else []
            rankings.append(seen[:10])
        expected.append(len(set(rankings[0]) & set(rankings[1])) / len(rankings[0]))
    assert report.comparison is not None
    assert report.comparison.overlap == pytest.approx(np.mean(expected), abs=0.06)  # equal scores may change places
    assert [one.overlap for one in report.comparison.worst] == sorted(one.overlap for one in report.comparison.worst)


def test_sampled_questions_are_whole_sentences_of_all_documents(database: Database) -> None:
    questions = sampled_questions(database.collection("papers"))
    assert any("。" in question for question in questions)
    assert any(question in ENGLISH for question in questions)
    texts = [" ".join(each[0].text.split()) for each in contents(database.collection("papers")).values()]
    assert all(any(question in text for text in texts) for question in questions)
    assert not [question for question in questions if question.startswith("#")]


def test_an_empty_collection_moves_too(tmp_path: Path, old: Any, new: Any) -> None:
    with Database.open(tmp_path / "empty") as database:
        collection = database.create("papers", old.fingerprint)
        with collection.writer() as writer:
            writer.put(Document("a", "a", "", "", "d"), [], np.empty((0, 512)), LedgerEntry("a", "a", "added"))
        report = migrate(database, "papers", old, new)
        assert (report.comparison, report.not_compared) == (None, "there is no question")
        assert contents(database.collection("papers")) == {"a": (Document("a", "a", "", "", "d"), [])}


def test_questions_come_from_a_file_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text("\ufeffWhat is BERT?\n\n  向量是什么？ \r\n", encoding="utf-8")
    assert read_questions(path) == ["What is BERT?", "向量是什么？"]
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_questions(path)
    path.write_text(" \n")
    with pytest.raises(UsageError, match="no question"):
        read_questions(str(path))
    with pytest.raises(UsageError, match="No such file"):
        read_questions(tmp_path / "nowhere")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, old: Any, new: Any, docs: Path) -> Callable[..., Result]:
    """The command line over a bag of words; other encoders are `other` and none."""

    def named(setting: str, *_: Any, **__: Any) -> Any:
        if setting == "other":
            return new
        if setting in ("multilingual-e5-small", "bag-of-words"):
            return old
        raise ModelMissing(f"model {setting} is not here; type `ragstack models pull {setting}`")

    monkeypatch.setattr("ingest.encoders.open_encoder", named)

    def call(*words: str) -> Result:
        return CliRunner().invoke(program, [*words, "--home", "home"])

    assert call("ingest", str(docs), "-c", "papers").exit_code == 0
    return call


def test_the_commands_say_what_they_did_and_what_comes_next(run: Callable[..., Result], tmp_path: Path) -> None:
    assert "wrote papers to p.ragstack: 3 documents" in run("collections", "snapshot", "papers", "p.ragstack").stdout
    assert run("collections", "snapshot", "papers", "p.ragstack").exit_code == 2
    assert "restored 论文: 3 documents" in run("collections", "restore", "p.ragstack", "--as", "论文").stdout
    again = run("collections", "restore", "p.ragstack", "--json")
    assert (again.exit_code, json.loads(again.stdout)["error"]["type"]) == (2, "UsageError")
    (tmp_path / "p.ragstack").write_bytes((tmp_path / "p.ragstack").read_bytes()[:-40])
    broken = run("collections", "restore", "p.ragstack", "--as", "x")
    assert (broken.exit_code, broken.stderr.count("\n")) == (1, 1)
    assert "is damaged" in broken.stderr
    json.loads(run("collections", "rename", "论文", "essays", "--json").stdout)
    listed = json.loads(run("collections", "list", "--json").stdout)
    assert [info["name"] for info in listed["collections"]] == ["essays", "papers"]


def test_the_command_migrates_and_there_is_a_way_back(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("What is BERT?\n向量数据库\n", encoding="utf-8")
    words = ["collections", "migrate", "papers"]
    assert run(*words).exit_code == run(*words, "--encoder", "other", "--discard").exit_code == 2
    assert run(*words, "--encoder", "none").exit_code == 1
    first = run(*words, "--encoder", "other", "--queries", "q.txt", "--compare-only")
    assert "papers: not yet moved from bag-of-words to other" in first.stdout
    assert "(2 questions)" in first.stdout
    assert "to switch: `ragstack collections migrate papers --encoder other`" in first.stdout
    assert "dropped" in run(*words, "--discard").stdout
    moved = json.loads(run(*words, "--encoder", "other", "--json").stdout)
    assert (moved["switched"], moved["kept"], moved["comparison"]["sampled"]) == (True, NAMES[1], True)
    mismatch = run("search", "BERT", "-c", "papers")
    assert (mismatch.exit_code, "migrate papers --encoder" in mismatch.stderr) == (1, True)
    assert run("collections", "delete", "papers", "--yes").exit_code == 0
    assert run("collections", "rename", NAMES[1], "papers").exit_code == 0
    assert run("search", "BERT", "-c", "papers").exit_code == 0


@pytest.mark.models
def test_from_the_default_encoder_to_an_english_one(tmp_path: Path, docs: Path) -> None:
    config = Config().model_copy(update={"models": Config().models.model_copy(update={"cache": str(default_cache())})})
    with RagStack.open(config, home=tmp_path / "home") as stack:
        stack.ingest(docs / "en.md", "papers")
        report: Migration = stack.migrate("papers", encoder="all-MiniLM-L6-v2", queries=["Who reads both ways?"])
        assert (report.before.name, report.after.name) == ("multilingual-e5-small", "all-MiniLM-L6-v2")
        assert report.comparison is not None
        assert report.comparison.questions == 1
        with pytest.raises(EncoderMismatch, match=r'models\.encoder = "all-MiniLM-L6-v2"'):
            stack.search("BERT", collection="papers")
    models = config.models.model_copy(update={"encoder": "all-MiniLM-L6-v2"})
    with RagStack.open(config.model_copy(update={"models": models}), home=tmp_path / "home") as stack:
        (best,) = stack.search("What reads to the left and to the right?", k=1, collection="papers", mode="dense")
        assert "to the left and to the right" in best.text
