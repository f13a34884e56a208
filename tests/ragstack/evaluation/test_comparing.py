"""Two runs side by side: a spoilt retriever is found out, an equal one passes, and chance raises no alarm."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import UsageError
from ragstack.evaluation.comparing import compare
from ragstack.evaluation.statistics import mcnemar


def store(folder: Path, records: list[dict[str, Any]], task: str = "retrieval", **more: Any) -> Path:
    """A finished run with these records."""
    folder.mkdir()
    result = {"task": task, "metrics": {}, "seed": 0, "sha256": {"q": "1"}} | more
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def rows(values: list[float], name: str = "ndcg@10") -> list[dict[str, Any]]:
    return [{"id": f"q{n}", "question": f"question {n}", "figures": {name: v}} for n, v in enumerate(values)]


def test_a_spoilt_retriever_is_a_regression_and_an_equal_one_is_none(tmp_path: Path) -> None:
    chance = random.Random(1)
    good = [chance.choice([1.0, 0.63, 0.5]) for _ in range(60)]
    a = store(tmp_path / "a", rows(good))
    b = store(tmp_path / "b", rows([value * chance.choice([1.0, 0.6]) for value in good]))
    spoilt = compare(a, b)
    assert [each.name for each in spoilt.regressions] == ["ndcg@10"]
    assert spoilt.differences[0].change.high is not None
    assert spoilt.differences[0].change.high < 0
    assert compare(a, a).regressions == ()
    assert compare(a, a).differences[0].p == 1.0
    assert compare(b, a).differences[0].verdict == "better"


def test_yes_or_no_figures_are_tested_by_mcnemar_and_lower_may_be_better(tmp_path: Path) -> None:
    before, after = [0.0] * 30, [1.0] * 9 + [0.0] * 21
    comparison = compare(
        store(tmp_path / "a", rows(before, "false_abstain"), "answers"),
        store(tmp_path / "b", rows(after, "false_abstain"), "answers"),
    )
    [difference] = comparison.differences
    assert (difference.test, difference.p) == ("McNemar", pytest.approx(mcnemar(0, 9)))
    assert difference.verdict == "worse"
    assert len(comparison.changed) == 9
    assert comparison.changed[0].worse == {"false_abstain": (0.0, 1.0)}


def test_a_little_noise_is_no_regression(tmp_path: Path) -> None:
    chance = random.Random(2)
    values = [chance.random() for _ in range(50)]
    noisy = [min(1.0, max(0.0, value + chance.choice([-0.05, 0.05]))) for value in values]
    assert compare(store(tmp_path / "a", rows(values)), store(tmp_path / "b", rows(noisy))).regressions == ()


def test_dearer_prompts_are_shown_and_close_no_gate(tmp_path: Path) -> None:
    name = "prompt_tokens_mean"
    a = store(tmp_path / "a", rows([100.0] * 20, name))
    comparison = compare(a, store(tmp_path / "b", rows([200.0] * 20, name)))
    assert comparison.differences[0].verdict == "worse"
    assert comparison.regressions == ()


def test_only_questions_that_both_measured_count_and_new_failures_are_named(tmp_path: Path) -> None:
    a = store(tmp_path / "a", rows([1.0, 1.0, 1.0]))
    b = store(tmp_path / "b", [*rows([1.0]), {"id": "q1", "error": "broke"}], sha256={"q": "2"})
    comparison = compare(a, b)
    assert (comparison.n, comparison.failing) == (1, ("q1",))
    assert comparison.notes == (
        "the data of the two runs differ",
        "1 questions are in one of the runs only; 1 were compared",
    )


def test_figures_without_a_value_on_one_side_are_not_compared(tmp_path: Path) -> None:
    a = store(
        tmp_path / "a", [{"id": "q", "figures": {"citation_recall": None, "unsupported_rate": [1, 2]}}], "answers"
    )
    b = store(tmp_path / "b", [{"id": "q", "figures": {"citation_recall": 1.0, "unsupported_rate": [0, 4]}}], "answers")
    comparison = compare(a, b)
    assert [(each.name, each.a, each.b) for each in comparison.differences] == [("unsupported_rate", 0.5, 0.0)]
    assert comparison.changed[0].better == {"unsupported_rate": (0.5, 0.0)}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "result.json").unlink(), "no finished run"),
        (lambda folder: (folder / "result.json").write_text("{"), "no result of a run"),
        (lambda folder: (folder / "records.jsonl").write_text(""), "no question in common"),
        (
            lambda folder: (folder / "result.json").write_text('{"task": "answers", "metrics": {}, "seed": 0}'),
            "one task",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(tmp_path: Path, spoil: Any, says: str) -> None:
    a, b = store(tmp_path / "a", rows([1.0])), store(tmp_path / "b", rows([1.0]))
    spoil(b)
    with pytest.raises(UsageError, match=says) as caught:
        compare(a, b)
    assert "\n" not in str(caught.value)


def test_other_questions_of_the_same_id_are_not_compared(tmp_path: Path) -> None:
    mine, theirs = rows([1.0, 1.0, 1.0]), rows([1.0, 0.0, 0.0])
    theirs[1]["question"] = theirs[2]["question"] = "something else"
    comparison = compare(store(tmp_path / "a", mine), store(tmp_path / "b", theirs, sha256={"q": "2"}))
    assert (comparison.n, comparison.changed) == (1, ())
    assert "2 questions have other words in each run, and were not compared" in comparison.notes
