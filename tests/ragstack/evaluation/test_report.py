"""The page: whole, alone, safe against what the data holds, and in both languages."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ragstack import evaluation
from ragstack.evaluation import Result, evaluate_answers, evaluate_faithfulness, evaluate_retrieval, write_report
from ragstack.evaluation.report import page
from ragstack.evaluation.report.words import NOTES, meaning, problem
from ragstack.evaluation.statistics import Interval
from ragstack.evaluation.trust import Agreement
from ragstack.stack import RagStack

_VOID = {"meta", "input", "br", "rect", "circle", "line", "path", "polyline"}


class Balanced(HTMLParser):
    """Fails where tags do not close in order; gathers tags, text and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def only(language: str, html: str) -> str:
    other = {"en": "zh", "zh": "en"}[language]
    shown = re.sub(rf'<span lang="{other}">.*?</span>', "", html.split("<main>")[1])
    return " ".join(Balanced(f"<main>{shown}".split("</body>")[0]).text)


@pytest.fixture
def judged(stack: RagStack, tmp_path: Path, verbatim: Any) -> Result:
    file = tmp_path / "examples.jsonl"
    nasty = '<script>alert(1)</script> & \u202e "quoted". 它会飞。'
    records = [
        {"id": "a", "context": "It eats.", "response": nasty, "label": "faithful"},
        {"id": "b", "context": "大熊猫吃竹子。", "response": "大熊猫吃竹子。", "label": "faithful"},
        {"id": "c", "context": "大熊猫吃竹子。", "response": "BREAK it.", "label": "hallucinated"},
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return evaluate_faithfulness(stack, file, verifier=verbatim)


def test_a_page_stands_alone_and_the_data_cannot_write_into_it(judged: Result, tmp_path: Path) -> None:
    write_report(judged, tmp_path / "new" / "report.html")
    html = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    parsed = Balanced(html)
    assert "script" not in parsed.tags
    assert parsed.links == []
    assert "http" not in html
    assert "\u202e" not in html
    assert "<script>alert(1)</script>" in "".join(parsed.text)


def test_failures_open_down_to_the_words(judged: Result) -> None:
    told = "".join(Balanced(page(judged)).text)
    assert "the judge broke" in told
    assert "faithful, judged hallucinated" in told
    assert "它会飞。" in told
    assert "It eats." in told
    assert "1 failed and are in no figure" in told
    assert told.count("大熊猫吃竹子。") == 0  # judged rightly: no failure


def test_both_languages_say_the_same_things(judged: Result) -> None:
    english, chinese = only("en", page(judged)), only("zh", page(judged))
    assert "Failures" in english
    assert "失败的例子" not in english
    assert "失败的例子" in chinese
    assert "Failures" not in chinese
    for name in judged.metrics:
        assert name in english
        assert name in chinese


def test_every_measure_and_note_of_a_run_is_explained_in_both_languages(
    judged: Result, stack: RagStack, data: Path, verbatim: Any
) -> None:
    answers = evaluate_answers(stack, data, generator="extractive", verifier=verbatim)
    assert all(meaning("retrieval", "span@10")[:2])  # of questions with spans
    for result in (judged, answers, evaluate_retrieval(stack, data)):
        assert all(all(meaning(result.task, name)[:2]) for name in result.metrics)
        assert all(note in NOTES for note in result.notes)


def test_every_fault_of_the_data_is_told_in_both_languages() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(evaluation.__file__).parent.glob("*.py")]
    kinds = [kind for text in sources for kind in re.findall(r'problems\.add\(f?"([^"]+)"', text)]
    assert len(kinds) > 12
    for kind in kinds:
        english, chinese = problem(kind)
        assert english == kind
        assert re.search("[\u4e00-\u9fff]", chinese)


def test_a_page_of_huge_texts_and_thousands_of_failures_can_still_be_opened(judged: Result) -> None:
    from dataclasses import replace

    record = next(record for record in judged.records if "claims" in record and record["judged"] == "hallucinated")
    many = replace(judged, records=(record,) * 2000)
    assert len(page(many)) < 200_000
    assert "and 1900 more in records.jsonl" in page(many)
    huge = replace(judged, records=({**record, "contexts": ["<b>鲸</b>" * 100_000] * 30},) * 50)
    assert len(page(huge)) < 5_000_000
    assert "780,000 more characters" in page(huge)
    Balanced(page(huge))


def test_figures_stand_with_their_intervals_and_the_judge_with_its_agreement(judged: Result) -> None:
    from dataclasses import replace

    known = Agreement("people_zh", "zh", 24, Interval(0.8123, 0.7, 0.9), Interval(0.75, None, None), None)
    result = replace(judged, metrics={"accuracy": Interval(0.5, 0.25, 0.75), "auroc": Interval(None, None, None)},
                     agreement=(known,))  # fmt: skip
    told = " ".join(Balanced(page(result)).text)
    assert "0.250 – 0.750" in told
    assert "people_zh" in told
    assert "0.81 [0.70, 0.90]" in told
    assert "not known" in " ".join(Balanced(page(judged)).text)


@pytest.mark.usefixtures("gate_of_words")
def test_pages_of_the_other_tasks_are_whole(stack: RagStack, data: Path, verbatim: Any) -> None:
    retrieval = evaluate_retrieval(stack, data, mode="lexical")
    assert "Balanced" not in page(retrieval)
    Balanced(page(retrieval))
    answers = evaluate_answers(stack, data, generator="extractive", verifier=verbatim)
    told = "".join(Balanced(page(answers)).text)
    wrong = [record["question"] for record in answers.records if record["figures"]["accuracy"] == 0.0]
    assert wrong
    assert all(question in told for question in wrong)
