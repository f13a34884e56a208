"""The three tasks over small data, without a model: figures, faults, resuming, and the same bytes twice."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import ModelError, UsageError
from ragstack.answers import Answer
from ragstack.evaluation import evaluate_answers, evaluate_faithfulness, evaluate_retrieval
from ragstack.evaluation.estimating import Estimate
from ragstack.evaluation.results import Result, read_records
from ragstack.generators.base import Delta, Message, Prompt, Usage
from ragstack.stack import RagStack

pytestmark = pytest.mark.usefixtures("gate_of_words")

EXAMPLES = [
    {"id": "e1", "context": "It eats krill. It is blue.", "response": "It eats krill.", "label": "faithful"},
    {"id": "e2", "context": "It eats krill.", "response": "It eats krill. It can fly.", "label": "hallucinated"},
    {"id": "e3", "context": "大熊猫吃竹子。", "response": "大熊猫吃竹子。", "label": "faithful"},
    {"id": "e4", "context": "大熊猫吃竹子。", "response": "大熊猫吃鱼。", "label": "faithful"},  # the judge errs
    {"id": "e5", "context": "It eats krill.", "response": "Krill it is.", "label": "hallucinated"},
]


def kinds(result: Result) -> dict[str, int]:
    return {problem.kind: problem.count for problem in result.problems}


def value(result: Result, name: str) -> float | None:
    return result.metrics[name].value


def without_times(folder: Path) -> dict[str, Any]:
    """Everything in a run but what the clock says."""
    result = json.loads((folder / "result.json").read_text())
    for name in ("query_ms_p50", "query_ms_p95", "seconds_p50", "ms_per_example"):
        result["metrics"].pop(name, None)
    result |= {"seconds": None, "run": None}
    records = [{**record, "seconds": None} for record in read_records(folder)]
    return {"result": result, "records": records, "run": (folder / "run.json").read_bytes()}


def test_retrieval_measures_what_can_be_measured_and_counts_the_rest(stack: RagStack, data: Path) -> None:
    result = evaluate_retrieval(stack, data)
    assert (result.n, result.missing) == (3, 0)
    assert value(result, "recall@100") == 1.0  # five documents in all
    assert list(result.metrics) == ["ndcg@10", "recall@10", "mrr@10", "recall@100", "query_ms_p50", "query_ms_p95"]
    assert kinds(result) == {"unanswerable questions left out": 1}
    for record in result.records:
        assert len(set(record["ranking"])) == len(record["ranking"])
        first = next(rank for rank, document in enumerate(record["ranking"], 1) if document in record["relevant"])
        assert record["figures"]["mrr@10"] == pytest.approx(1 / first, abs=1e-12)


def test_a_corpus_is_encoded_once(stack: RagStack, data: Path, bag_encoder: Any) -> None:
    evaluate_retrieval(stack, data)
    encoded = len(bag_encoder.encoded)
    evaluate_retrieval(stack, data, mode="dense")
    assert len(bag_encoder.encoded) == encoded
    [info] = stack.database.collections()
    assert re.fullmatch(r"eval-whales-[0-9a-f]{12}", info.name)
    assert info.documents == 5


def test_the_language_of_a_passage_is_kept_as_it_is_of_a_file(stack: RagStack, data: Path) -> None:
    english = "The largest of the whales is also the largest of all animals that are known."
    with (data / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "en", "title": "", "text": english}) + "\n")
        file.write(json.dumps({"id": "zh", "title": "", "text": "最大的鲸也是最大的动物。"}) + "\n")
        file.write(json.dumps({"id": "number", "title": "", "text": "1912"}) + "\n")
    evaluate_retrieval(stack, data)
    [info] = stack.database.collections()
    found = {each.key: each.metadata.get("lang") for each in stack.database.collection(info.name).documents()}
    assert (found["en"], found["zh"], found["number"]) == ("en", "zh", None)


def test_a_document_of_many_chunks_counts_once_and_is_looked_for_deeper(stack: RagStack, data: Path) -> None:
    """The relevant document stands behind one that fills the first hundred chunks."""
    long = "\n\n".join(f"Whale number {n} sings. " + "It sings a song of the sea. " * 40 for n in range(130))
    with (data / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "long", "title": "", "text": long}) + "\n")
        file.write(json.dumps({"id": "deep", "title": "", "text": "A whale."}) + "\n")
    (data / "queries.jsonl.gz").unlink()
    question = "sings a song of the sea whale number"
    (data / "queries.jsonl").write_text(json.dumps({"id": "q", "text": question}) + "\n")
    (data / "qrels.tsv").write_text("q\tdeep\t1\n")
    result = evaluate_retrieval(stack, data, mode="dense")
    [record] = result.records
    assert record["ranking"][0] == "long"
    assert record["ranking"].count("long") == 1
    assert value(result, "recall@100") == 1.0


def test_data_without_qrels_has_nothing_to_measure(stack: RagStack, data: Path) -> None:
    (data / "qrels.tsv").unlink()
    with pytest.raises(UsageError, match=r"\(no qrels\.tsv: .*nothing to measure.*qrels\.tsv"):
        evaluate_retrieval(stack, data)
    assert stack.database.collections() == []  # said before the corpus is encoded


def test_questions_over_a_collection_of_ones_own_name_documents_as_people_do(stack: RagStack, tmp_path: Path) -> None:
    for name, text in (
        ("a/whales.md", "Blue whales eat krill."),
        ("b/熊猫.txt", "大熊猫吃竹子。"),
        ("b/x.md", "Nothing."),
    ):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    stack.ingest(tmp_path / "docs", collection="mine")
    questions = tmp_path / "questions.jsonl"
    records = [
        {"text": "What do blue whales eat?", "documents": ["whales.md"]},
        {"id": "z", "text": "大熊猫吃什么？", "document": "b/熊猫.txt"},
        {"text": "What is lost?", "documents": ["lost.md"]},
        {"text": "Who named no document?"},
    ]
    questions.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    result = evaluate_retrieval(stack, questions, collection="mine")
    assert [record["id"] for record in result.records] == ["1", "z", "3"]
    assert [record["figures"]["recall@10"] for record in result.records] == [1.0, 1.0, 0.0]
    assert kinds(result) == {"relevant documents not found": 1, "questions without qrels left out": 1}
    with pytest.raises(UsageError, match="a corpus of its own"):
        (tmp_path / "corpus.jsonl").write_text('{"id": "1", "text": "x"}')
        (tmp_path / "queries.jsonl").write_text('{"id": "1", "text": "x"}')
        evaluate_retrieval(stack, tmp_path, collection="mine")


class Writer:
    """Writes what it was told for a question."""

    name = "scripted"

    def __init__(self, drafts: dict[str, str]) -> None:
        self.drafts = drafts

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        yield Delta(self.drafts[prompt.question])
        yield Delta("", Usage(prompt_tokens=100, completion_tokens=9))

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        return 9.0

    def close(self) -> None:
        pass


DRAFTS = {
    "Who signs what is written about a vessel?": "The clerk on duty.",
    "How heavy is the blue whale?": "The blue whale weighs up to 150 tonnes.",
    "How deep do sperm whales dive?": "The documents hold it, but these passages do not say.",
    "大熊猫吃什么？": "大熊猫生活在四川，主要吃竹子。",
    "How fast does an orca swim?": "Orcas live in groups.",
}


def test_answers_are_scored_cited_and_refused(stack: RagStack, data: Path, verbatim: Any) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    result = evaluate_answers(stack, data, verifier=verbatim)
    by_id = {record["id"]: record for record in result.records}
    assert [by_id[id_]["abstained"] for id_ in ("q1", "q2", "q3", "q4")] == [False, True, False, False]
    assert by_id["q1"]["figures"]["accuracy"] == 1.0
    assert by_id["q2"]["figures"] == {
        "accuracy": 0.0, "f1": 0.0, "exact_match": 0.0, "citation_precision": None, "citation_recall": None,
        "citation_gold": None, "unsupported_rate": None, "abstain_recall": None, "false_abstain": 1.0,
        "prompt_tokens_mean": 100.0,
    }  # fmt: skip
    assert value(result, "accuracy") == pytest.approx(2 / 3)
    assert value(result, "false_abstain") == pytest.approx(1 / 3)
    assert value(result, "abstain_recall") == 0.0
    # verbatim: two sentences stand in what they cite; "Orcas live in groups." does not, nor in its whole document
    assert value(result, "citation_recall") == pytest.approx(2 / 3)
    assert value(result, "citation_precision") == pytest.approx(2 / 3)
    assert value(result, "unsupported_rate") == pytest.approx(1 / 3)
    assert len(verbatim.asked) == 4  # one for each sentence, and one more for the whole document of the one that fails
    assert value(result, "citation_gold") == 1.0
    assert value(result, "prompt_tokens_mean") == 100.0
    assert result.curves["risk_coverage"][-1] == [0.75, pytest.approx(1 / 3)]
    assert result.agreement == ()


def test_a_gold_answer_in_a_flagged_sentence_is_no_right_answer(stack: RagStack, data: Path, verbatim: Any) -> None:
    answers = stack.config.answers.model_copy(update={"unsupported": "flag"})
    stack.config = stack.config.model_copy(update={"answers": answers})
    wrong = "Sperm whales hunt squid. Sperm whales dive to 2,000 metres and 7 kilometres."
    stack._models._generators["llamacpp"] = Writer(DRAFTS | {"How deep do sperm whales dive?": wrong})
    result = evaluate_answers(stack, data, verifier=verbatim)
    [record] = [record for record in result.records if record["id"] == "q2"]
    assert "2,000 metres" in record["answer"]
    assert record["abstained"] is False
    assert record["figures"]["accuracy"] == 0.0


def test_answers_say_how_long_they_take_and_leave_out_what_the_judge_breaks_on(
    stack: RagStack, data: Path, verbatim: Any
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS | {"大熊猫吃什么？": "大熊猫BREAK吃竹子。"})
    expected: list[Estimate] = []
    result = evaluate_answers(stack, data, verifier=verbatim, expect=expected.append)
    assert [(each.items, each.done, each.calls) for each in expected] == [(4, 0, 6)]
    assert (result.n, result.missing) == (3, 1)
    [broken] = [record for record in result.records if "error" in record]
    assert broken == {"id": "q3", "error": "the judge broke"}
    assert value(result, "accuracy") == 0.5  # of q1 and q2; the broken one is missing, not wrong


def test_a_question_nobody_can_answer_from_data_without_them_is_none(
    stack: RagStack, data: Path, verbatim: Any
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    (data / "queries.jsonl.gz").unlink()
    (data / "queries.jsonl").write_text('{"id": "q1", "text": "How heavy is the blue whale?"}\n')
    result = evaluate_answers(stack, data, verifier=verbatim)
    assert result.metrics["abstain_recall"].value is None
    assert result.metrics["accuracy"].value is None
    assert value(result, "false_abstain") == 0.0  # it has a relevant document, so it can be answered
    assert kinds(result)["answerable questions without gold answers"] == 1


def test_a_question_of_which_nothing_is_known_is_in_no_figure_that_needs_it(
    stack: RagStack, data: Path, verbatim: Any
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    (data / "queries.jsonl.gz").unlink()
    texts = ("How heavy is the blue whale?", "How fast does an orca swim?", "How deep do sperm whales dive?")
    more: tuple[dict[str, Any], ...] = ({"answers": ["150 tonnes"]}, {}, {"answerable": False})
    records = [{"id": f"x{n}", "text": text} | each for n, (text, each) in enumerate(zip(texts, more, strict=True))]
    (data / "queries.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    result = evaluate_answers(stack, data, verifier=verbatim)
    assert [record["abstained"] for record in result.records] == [False, False, True]
    assert [record["answerable"] for record in result.records] == [True, None, False]
    assert (value(result, "abstain_recall"), value(result, "false_abstain")) == (1.0, 0.0)
    assert kinds(result)["questions that may be answerable or not"] == 1
    assert result.curves["risk_coverage"] == [[0.5, 0.0]]  # of the two that can be right or wrong
    assert sum(count for _, _, count in result.curves["reliability"]) == 2


def test_faithfulness_is_told_by_the_weakest_claim(stack: RagStack, tmp_path: Path, verbatim: Any) -> None:
    file = tmp_path / "examples.jsonl"
    file.write_text("".join(json.dumps(example) + "\n" for example in EXAMPLES))
    result = evaluate_faithfulness(stack, file, verifier=verbatim)
    assert [record["judged"] for record in result.records] == [
        "faithful", "hallucinated", "faithful", "hallucinated", "hallucinated"
    ]  # fmt: skip
    assert value(result, "balanced_accuracy") == pytest.approx((1 + 2 / 3) / 2)
    assert value(result, "f1") == pytest.approx(2 * 2 / (2 * 2 + 1))
    assert value(result, "auroc") == pytest.approx((2 * 2 + 2 * 0.5) / 6)
    assert value(result, "unsupported_rate") == pytest.approx(3 / 6)


def test_unlabelled_examples_are_judged_and_agreement_is_none(stack: RagStack, tmp_path: Path, verbatim: Any) -> None:
    file = tmp_path / "outputs.jsonl"
    file.write_text(json.dumps({"question": "q", "answer": "It flies.", "contexts": ["It swims."]}) + "\n")
    result = evaluate_faithfulness(stack, file, verifier=verbatim)
    assert result.metrics["balanced_accuracy"].value is None
    assert value(result, "judged_faithful") == 0.0
    assert kinds(result) == {"examples without a label": 1}


def test_two_runs_give_the_same_but_for_the_clock(stack: RagStack, data: Path, tmp_path: Path, verbatim: Any) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    for number in (1, 2):
        evaluate_retrieval(stack, data, limit=2, seed=3, out=tmp_path / f"r{number}")
        evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / f"a{number}")
    assert without_times(tmp_path / "r1") == without_times(tmp_path / "r2")
    assert without_times(tmp_path / "a1") == without_times(tmp_path / "a2")


class Stopped(Exception):
    pass


def interrupted_after(count: int, stack: RagStack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let ``stack.ask`` stop everything after so many answers; returns what was asked."""
    asked: list[str] = []
    ask = RagStack.ask

    def stopping(self: RagStack, question: str, **settings: Any) -> Answer:
        if len(asked) == count:
            raise Stopped
        asked.append(question)
        return ask(self, question, **settings)

    monkeypatch.setattr(RagStack, "ask", stopping)
    return asked


def test_an_interrupted_run_goes_on_where_it_was(
    stack: RagStack, data: Path, tmp_path: Path, verbatim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "whole")
    with monkeypatch.context() as patched:
        interrupted_after(2, stack, patched)
        with pytest.raises(Stopped):
            evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "halves")
    with (tmp_path / "halves" / "records.jsonl").open("ab") as file:
        file.write(b'{"id": "q3", "que')  # the line that was being written
    asked = interrupted_after(9, stack, monkeypatch)
    evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "halves")
    assert len(asked) == 2
    assert without_times(tmp_path / "halves") == without_times(tmp_path / "whole")
    evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "halves")
    assert len(asked) == 2 + 4  # a finished run is begun anew


def test_what_failed_before_an_interruption_is_done_again(
    stack: RagStack, data: Path, tmp_path: Path, verbatim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS | {"How heavy is the blue whale?": "BREAK the blue whale."})
    with monkeypatch.context() as patched:
        interrupted_after(3, stack, patched)
        with pytest.raises(Stopped):
            evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "halves")
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    asked = interrupted_after(9, stack, monkeypatch)
    result = evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "halves")
    assert (len(asked), result.missing) == (2, 0)
    evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "whole")
    assert without_times(tmp_path / "halves") == without_times(tmp_path / "whole")


def test_the_records_of_another_run_are_never_taken_for_this_one(
    stack: RagStack, data: Path, tmp_path: Path, verbatim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    with monkeypatch.context() as patched:
        interrupted_after(2, stack, patched)
        with pytest.raises(Stopped):
            evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "run")
    asked = interrupted_after(9, stack, monkeypatch)
    evaluate_answers(stack, data, verifier=verbatim, out=tmp_path / "run", seed=1)
    assert len(asked) == 4


def test_what_ends_the_work_is_not_counted_as_one_questions_fault(
    stack: RagStack, data: Path, tmp_path: Path, verbatim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Answer:
        raise ModelError("the decoder is gone")

    stack._models._generators["llamacpp"] = Writer(DRAFTS)
    monkeypatch.setattr(RagStack, "ask", broken)
    result = evaluate_answers(stack, data, verifier=verbatim)
    assert (result.n, result.missing) == (0, 4)
    assert all(interval.value is None for interval in result.metrics.values())
