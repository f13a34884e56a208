"""Conversations and explanations on the command line, without any model."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ragstack.checking.calibration import Calibration, LogisticModel
from ragstack.cli.app import program
from ragstack.stack import RagStack

WORDS = ("--home", "home", "--generator", "extractive")
FIRST, SECOND = "What does the blue whale eat?", "How much does it weigh?"


@pytest.fixture(autouse=True)
def whales(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bag_encoder: Any) -> None:
    """A collection about whales, and a gate that asks for some of a question's words."""
    monkeypatch.chdir(tmp_path)
    some = LogisticModel({"coverage": 10.0}, -5.0, threshold=0.1)
    gate = LogisticModel({"best": 10.0}, -5.0, threshold=0.1)
    monkeypatch.setattr("ragstack.checking.load_calibration", lambda *_, **__: Calibration(gate, gate, some, some))
    monkeypatch.setattr(RagStack, "encoder", property(lambda _: bag_encoder))
    Path("whale.md").write_text("The blue whale eats krill. The blue whale weighs 150 tonnes.", encoding="utf-8")
    Path("鲸.md").write_text("蓝鲸以磷虾为食。蓝鲸重150吨。", encoding="utf-8")
    with RagStack.open(home="home") as stack:
        stack.ingest(["whale.md", "鲸.md"])


def run(*words: str, given: str = "") -> Result:
    result = CliRunner().invoke(program, list(words), input=given)
    assert result.exit_code == 0, result.output
    return result


def test_a_conversation_of_lines_gives_an_object_a_line() -> None:
    result = run("chat", "--json", *WORDS, given=f"{FIRST}\n\n{SECOND}\n蓝鲸有多重？\n")
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert (first["question"], first["standalone"]) == (FIRST, None)
    assert (second["question"], second["standalone"]) == (SECOND, f"{SECOND} (blue whale eat)")
    assert "150 tonnes" in second["answer"]
    assert (third["question"], third["standalone"]) == ("蓝鲸有多重？", None)


def test_people_see_how_a_question_was_understood_before_its_answer() -> None:
    shown = run("chat", *WORDS, given=f"{FIRST}\n{SECOND}\n").stdout
    assert shown.count("Understood as: ") == 1
    assert shown.index("krill") < shown.index(f"Understood as: {SECOND} (blue whale eat)") < shown.rindex("150 tonnes")


def test_an_empty_conversation_says_nothing() -> None:
    assert run("chat", *WORDS, given="\n  \n").stdout == ""


def test_a_question_that_is_too_long_ends_the_conversation_in_one_line() -> None:
    result = CliRunner().invoke(program, ["chat", *WORDS], input="why " * 3000)
    assert result.exit_code == 2
    assert "at most 8,000" in result.stderr
    assert result.stderr.count("\n") == 1


def test_bytes_that_are_no_text_end_the_conversation_in_one_line_after_what_was_answered() -> None:
    given = f"{FIRST}\n".encode() + b"\xff\xfe whale?\n"
    result = CliRunner().invoke(program, ["chat", "--json", *WORDS], input=given)
    assert result.exit_code == 2
    first, _, rest = result.stdout.partition("\n")
    answer, error = json.loads(first), json.loads(rest)
    assert "krill" in answer["answer"]
    assert "no UTF-8" in error["error"]["message"]
    assert result.stderr.count("\n") == 1


def test_an_explanation_is_in_the_json_only_when_asked_for() -> None:
    assert "explanation" not in json.loads(run("ask", "--json", *WORDS, FIRST).stdout)
    told = json.loads(run("ask", "--json", "--explain", *WORDS, FIRST).stdout)["explanation"]
    assert set(told) == {"retrieval", "evidence", "gate", "prompt", "draft", "checks"}
    assert {"encode", "dense", "lexical"} <= set(told["retrieval"]["seconds"])
    assert told["prompt"][-1]["content"].startswith("Passages:\n")
    assert {check["outcome"] for check in told["checks"]} <= {"shown", "dropped"}
    (gate,) = [told["gate"]]
    assert gate["threshold"] == 0.1
    assert 0 <= gate["features"]["best"] <= 1


def test_people_see_every_step_with_its_scores_and_its_time() -> None:
    shown = run("ask", "--explain", *WORDS, FIRST).stdout
    at = [shown.index(f"\n{head} (") for head in ("Retrieved", "Evidence", "Gate", "Draft", "Checks")]
    assert at == sorted(at)
    assert shown.index("\nPrompt\n") < shown.index("\nDraft (")
    assert "hybrid" in shown
    assert "whale.md" in shown[at[0] : at[1]]
    assert "needed 0.100: enough" in shown
    assert "shown: The blue whale eats krill." in shown
    assert "  user:" in shown


def test_a_refusal_is_explained_up_to_the_gate() -> None:
    shown = run("ask", "--explain", *WORDS, "Who painted the ceiling of the chapel in Rome?").stdout
    assert ": not enough" in shown
    assert "\nDraft" not in shown
