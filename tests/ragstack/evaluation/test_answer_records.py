"""Answers judged sentence by sentence, on cases worked by hand: what counts, and which words fail."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragstack.evaluation import evaluate_answers, write_report
from ragstack.evaluation.results import Record, Result
from ragstack.generators.base import Delta, Message, Prompt, Usage
from ragstack.stack import RagStack

pytestmark = pytest.mark.usefixtures("gate_of_words")

TOWER = "The tower of {0} is {1} metres high and stands in Kent."
TOWER_ZH = "{0}塔高{1}米，建于南山。"
SUPPORTED, FLAGGED = "It is 324 metres high.", "It has 99 bells and sings."


class Writer:
    """Writes a draft, and says that all is supported but what sings."""

    name = "scripted"

    def __init__(self, draft: str) -> None:
        self.draft = draft

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        yield Delta(self.draft)
        yield Delta("", Usage(prompt_tokens=100, completion_tokens=9))

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        return -9.0 if "sings" in messages[-1].content.rsplit("Statement", 1)[-1] else 9.0

    def close(self) -> None:
        pass


def asked(stack: RagStack, tmp_path: Path, texts: dict[str, str], question: str, relevant: str, judge: Any) -> Result:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    stack.ingest(folder, collection="mine")
    answers = stack.config.answers.model_copy(update={"unsupported": "flag"})
    stack.config = stack.config.model_copy(update={"answers": answers})
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"text": question, "documents": [relevant]}, ensure_ascii=False), encoding="utf-8")
    return evaluate_answers(stack, file, collection="mine", verifier=judge, out=tmp_path / "run")


def only(result: Result) -> Record:
    assert result.missing == 0
    [record] = result.records
    assert not record["abstained"], record["reason"]
    return record


@pytest.mark.parametrize(
    ("text", "name", "question", "says"),
    [
        (TOWER, "Marlow", "How high is the tower of Marlow?", "Another source says otherwise"),
        (TOWER_ZH, "马洛", "马洛塔有多高？", "另一来源的说法不同"),
    ],
)
def test_a_report_of_another_source_is_no_sentence_of_the_answers_own(
    stack: RagStack, tmp_path: Path, verbatim: Any, text: str, name: str, question: str, says: str
) -> None:
    """The document that the data names is cited by the report alone: the answer does not rest on it."""
    texts = {"a.md": text.format(name, 324), "b.md": text.format(name, 330)}
    stack._models._generators["llamacpp"] = Writer(text.format(name, 324))
    result = asked(stack, tmp_path, texts, question, "b.md", verbatim)
    record = only(result)
    own, report = record["sentences"]
    assert [own["disagrees"], report["disagrees"]] == [False, True]
    assert says in record["answer"]
    assert not any(says in claim for claim, _ in verbatim.asked)
    assert [report[key] for key in ("recalled", "precise", "supported", "probability")] == [None] * 4
    figures = record["figures"]
    assert (figures["citation_recall"], figures["citation_precision"], figures["unsupported_rate"]) == (1, 1, [0, 1])
    assert figures["citation_gold"] == 0.0


def test_a_flagged_sentence_is_shown_so_it_counts_as_unsupported_and_has_no_citation_to_recall(
    stack: RagStack, tmp_path: Path, verbatim: Any
) -> None:
    stack._models._generators["llamacpp"] = Writer(f"{TOWER.format('Marlow', 324)} {FLAGGED}")
    result = asked(stack, tmp_path, {"a.md": TOWER.format("Marlow", 324)}, "How high is the tower of Marlow?", "a.md",
                   verbatim)  # fmt: skip
    record = only(result)
    assert f"{FLAGGED} [not supported]" in record["answer"]
    figures = record["figures"]
    assert (figures["citation_recall"], figures["citation_precision"], figures["unsupported_rate"]) == (0.5, 1, [1, 2])
    flagged = record["sentences"][1]
    assert [flagged["flagged"], flagged["supported"], flagged["recalled"]] == [True, False, False]
    assert flagged["missing_numbers"] == ["99"]
    assert FLAGGED not in [claim for claim, _ in verbatim.asked]


def test_the_words_that_fail_are_told_with_their_place_and_what_is_nearest(stack: RagStack, tmp_path: Path) -> None:
    from ragstack.evaluation.pair_verifier import PairVerifier

    class Doubting:
        threshold = 0.5

        def probability(self, claim: str, evidence: str) -> float:
            return 0.1

    stack._models._generators["llamacpp"] = Writer(f"{TOWER.format('Marlow', 324)} It is high and stands in Kent.")
    texts = {"a.md": TOWER.format("Marlow", 324)}
    result = asked(stack, tmp_path, texts, "How high is the tower of Marlow?", "a.md",
                   PairVerifier("doubting", Doubting()))  # fmt: skip
    record = only(result)
    first, second = record["sentences"]
    assert [first["supported"], second["supported"]] == [True, False]
    for sentence in (first, second):
        assert record["answer"][sentence["start"] : sentence["end"]] == sentence["text"]
    assert second["start"] > first["end"]
    assert second["probability"] == 0.1
    assert TOWER.format("Marlow", 324) in second["nearest"]
    write_report(result, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"<p class=bad>{second['text']}" in page
    assert f"<li>{TOWER.format('Marlow', 324)}</li>" in page
