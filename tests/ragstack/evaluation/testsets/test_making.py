"""The whole way from a collection to a folder with questions."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import ModelMissing, StoreError, UnknownCollection, UsageError
from ragstack.evaluation import evaluate_retrieval, make_testset
from ragstack.evaluation.datasets import read_questions
from ragstack.evaluation.problems import Problems
from ragstack.models import Models
from ragstack.stack import RagStack


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def check_spans(stack: RagStack, made: list[dict[str, Any]]) -> None:
    """Every answer is what its document's stored text has at its span."""
    there = stack.collection("set")
    keys = {info.uri: info.key for info in there.documents()}
    for line in made:
        for span in line.get("spans", [])[:1]:
            document = there.document(keys[span["document"]])
            assert document
            assert document.text[span["start"] : span["end"]] == line["answers"][0]
            assert line["documents"] == [span["document"]]


def test_templates_make_all_three_kinds_with_exact_sources(filled: RagStack, tmp_path: Path) -> None:
    made = make_testset(filled, "set", out=tmp_path / "set", n=10, generator="templates")
    found = {line["text"]: line for line in lines(tmp_path / "set")}
    check_spans(filled, list(found.values()))
    kinds = Counter(line["kind"] for line in found.values())
    assert kinds == Counter({kind: n for kind, n in made.to_dict()["kinds"].items() if n})
    assert kinds["answerable"] >= 4
    assert kinds["false_premise"] >= 1
    for line in found.values():
        assert line["answerable"] is (line["kind"] == "answerable")
        assert ("answers" in line) is line["answerable"]
        if not line["answerable"]:
            assert line["twist"]["put"] in line["text"]
            assert line["twist"]["put"] != line["twist"]["instead_of"]
    for text in found:  # what a false premise says stands in no document
        for wrong in [found[text]["twist"]["put"]] if found[text]["kind"] == "false_premise" else []:
            assert not any(f" {wrong} " in path.read_text() for path in (tmp_path / "documents").iterdir())


def test_what_was_left_out_is_counted(filled: RagStack, tmp_path: Path) -> None:
    made = make_testset(filled, "set", out=tmp_path / "set", n=40, generator="templates")
    assert len(made.questions) < 40
    assert made.tried == len(made.questions) + sum(made.rejected.values())
    assert made.failed == 0
    assert json.loads((tmp_path / "set" / "result.json").read_text()) == made.to_dict()


def test_the_evaluation_reads_the_set_and_measures_its_spans(filled: RagStack, tmp_path: Path) -> None:
    make_testset(filled, "set", out=tmp_path / "set", n=10, generator="templates")
    file = tmp_path / "set" / "questions.jsonl"
    problems = Problems()
    read = read_questions(file, problems)
    assert len(problems) == 0
    assert len(read.queries) == len(lines(tmp_path / "set"))
    result = evaluate_retrieval(filled, file, collection="set")
    assert result.metrics["span@10"].value == 1.0


def test_no_definition_is_twisted_by_another_name(filled: RagStack, tmp_path: Path) -> None:
    for seed in range(4):
        make_testset(filled, "set", out=tmp_path / f"{seed}", n=10, generator="templates", seed=seed)
        assert not [line for line in lines(tmp_path / f"{seed}")
                    if line["kind"] == "unanswerable" and line["asks"] == "definition"]  # fmt: skip


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_set(filled: RagStack, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_testset(filled, "set", out=tmp_path / name, n=6, generator="templates", seed=seed)
    assert (tmp_path / "a" / "questions.jsonl").read_bytes() == (tmp_path / "b" / "questions.jsonl").read_bytes()
    assert (tmp_path / "a" / "review.html").read_bytes() == (tmp_path / "b" / "review.html").read_bytes()
    assert (tmp_path / "a" / "questions.jsonl").read_bytes() != (tmp_path / "c" / "questions.jsonl").read_bytes()


def test_a_decoder_writes_and_reads_back(filled: RagStack, tmp_path: Path, scribe: Any) -> None:
    filled._models._generators["llamacpp"] = scribe(misreads=["多少"])
    made = make_testset(filled, "set", out=tmp_path / "set", n=10, generator="llamacpp")
    assert made.generator == "scribe"
    assert made.rejected["read back, it has another answer"] > 0
    answerable = [line for line in lines(tmp_path / "set") if line["kind"] == "answerable"]
    assert answerable
    assert all(line["text"].startswith("Which value goes") for line in answerable)  # no Chinese one was read as meant
    check_spans(filled, lines(tmp_path / "set"))


def test_a_decoder_that_fails_on_some_is_counted_and_not_fatal(filled: RagStack, tmp_path: Path, scribe: Any) -> None:
    filled._models._generators["llamacpp"] = scribe(breaks=["Skarn"])
    made = make_testset(filled, "set", out=tmp_path / "set", n=10, generator="llamacpp")
    assert made.failed > 0
    assert made.rejected["the decoder failed"] == made.failed
    assert [(each.kind, each.first) for each in made.problems] == [("the decoder failed", "the decoder broke")]
    assert made.questions
    assert not any("Skarn" in question.passage.text for question in made.questions if question.kind == "answerable")


def test_a_stopped_run_goes_on_where_it_was(filled: RagStack, tmp_path: Path, scribe: Any) -> None:
    filled._models._generators["llamacpp"] = whole = scribe()
    make_testset(filled, "set", out=tmp_path / "whole", n=10, generator="llamacpp")

    class Stopped(scribe):  # type: ignore[misc]
        def stream(self, *words: Any, **more: Any) -> Any:
            if len(self.calls) == 5:
                raise KeyboardInterrupt
            return super().stream(*words, **more)

    filled._models._generators["llamacpp"] = stopped = Stopped()
    with pytest.raises(KeyboardInterrupt):
        make_testset(filled, "set", out=tmp_path / "set", n=10, generator="llamacpp")
    assert len(stopped.calls) == 5
    assert not (tmp_path / "set" / "result.json").exists()
    filled._models._generators["llamacpp"] = rest = scribe()
    make_testset(filled, "set", out=tmp_path / "set", n=10, generator="llamacpp")
    assert rest.calls == whole.calls[len(whole.calls) - len(rest.calls) :]
    assert len(whole.calls) - 5 <= len(rest.calls) < len(whole.calls)
    assert (tmp_path / "set" / "questions.jsonl").read_bytes() == (tmp_path / "whole" / "questions.jsonl").read_bytes()


def test_wrong_calls_are_told_in_one_line(stack: RagStack, tmp_path: Path) -> None:
    with pytest.raises(UnknownCollection):
        make_testset(stack, "nothing", out=tmp_path / "set", generator="templates")
    (tmp_path / "short.md").write_text("# Short\n\nNothing here.\n")
    stack.ingest(tmp_path / "short.md", collection="short")
    with pytest.raises(UsageError, match="has no sentence to ask about"):
        make_testset(stack, "short", out=tmp_path / "set", generator="templates")
    with pytest.raises(UsageError, match="there is no generator 'pen'"):
        make_testset(stack, "short", out=tmp_path / "set", generator="pen")


def test_a_folder_that_cannot_be_written_is_told(filled: RagStack, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="set another --out"):
        make_testset(filled, "set", out=tmp_path / "file" / "set", n=5, generator="templates")


def test_a_decoder_that_is_not_here_is_named(filled: RagStack, tmp_path: Path) -> None:
    elsewhere = filled.config.models.model_copy(update={"decoder": str(tmp_path / "no.gguf")})
    models = Models(filled.config.model_copy(update={"models": elsewhere}))
    models._encoder = filled.encoder
    filled._models = models
    with pytest.raises(ModelMissing):
        make_testset(filled, "set", out=tmp_path / "set", n=5, generator="llamacpp")
