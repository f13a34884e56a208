"""A gate fitted on own questions: measured, stored, used by the next answer, and left aside where it is foreign."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from indexes.errors import ConfigError, UsageError
from ragstack.checking.calibration import LogisticModel, OperatingPoint, load_calibration
from ragstack.cli.app import program
from ragstack.evaluation.calibrating import calibrate, fit_gate
from ragstack.evaluation.statistics import bootstrap
from ragstack.generators.base import Delta, Message, Prompt
from ragstack.stack import RagStack

THINGS = [f"{a}{b}" for a in ("bar", "cor", "dul", "fen", "gim") for b in ("ak", "el", "in", "os", "ut")]


class Knowing:
    """Judges by whether the passages name what the question asks about; writes nothing."""

    name = "knowing"

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        raise AssertionError("calibrating writes nothing")

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        passages, question = messages[-1].content.split("Question: ")
        return 4.0 if question.split()[3] in passages else -4.0

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested elsewhere, and thousands of draws take their time."""
    monkeypatch.setattr("ragstack.evaluation.fitting.bootstrap", partial(bootstrap, repeats=20))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    lines: list[dict[str, Any]] = []
    for n, thing in enumerate(THINGS):
        lines.append({"text": f"How heavy is {thing} ?", "answers": [f"{n + 10} tonnes"], "answerable": True})
        lines.append({"text": f"How heavy is un{thing} ?", "answers": [], "answerable": False})
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def filled(stack: RagStack, tmp_path: Path) -> RagStack:
    """A collection of one document, which is what all questions are about."""
    said = "\n\n".join(f"The {thing} weighs {n + 10} tonnes." for n, thing in enumerate(THINGS))
    (tmp_path / "things.md").write_text(said, encoding="utf-8")
    stack._models._generators["llamacpp"] = Knowing()
    stack.ingest(tmp_path / "things.md")
    return stack


def test_a_fitted_gate_is_stored_in_the_home_and_used_by_the_decoder_it_was_fitted_with(
    filled: RagStack, questions: Path
) -> None:
    fitted = calibrate(filled, [questions])
    assert fitted.file == filled.config.home / "calibration.json"
    assert (fitted.rows, fitted.missing) == (50, 0)
    assert json.loads(fitted.file.read_text(encoding="utf-8")) == json.loads(json.dumps(fitted.stored))
    assert fitted.stored["models"]["answerable"]["report"]["auroc"]["value"] == 1.0
    shipped, home = load_calibration(), filled.config.home
    own = load_calibration(home, decoder="knowing")
    assert own.answerable.weights == fitted.stored["models"]["answerable"]["weights"]
    assert own.answerable != shipped.answerable
    assert own.support == shipped.support
    assert load_calibration(home, decoder="another") == shipped
    curve = fitted.stored["models"]["answerable"]["curve"]
    most = max((point for point in curve if point["risk"] <= 0.0), key=lambda point: point["answered"])
    assert load_calibration(home, decoder="knowing", risk=0.0).answerable.threshold == most["threshold"]
    assert fitted.to_dict()["rows"] == 50


def test_a_generator_that_cannot_be_asked_leaves_the_gate_of_the_judge_as_it_was(
    filled: RagStack, questions: Path
) -> None:
    filled._models._generators["llamacpp"] = filled.generator("extractive")
    fitted = calibrate(filled, [questions])
    assert set(fitted.stored["models"]) == {"answerable_without_judge"}
    own, shipped = load_calibration(filled.config.home, decoder="extractive", risk=0.1), load_calibration(risk=0.1)
    assert own.answerable == shipped.answerable
    assert own.answerable_without_judge != shipped.answerable_without_judge


def test_too_few_questions_of_a_label_are_refused_in_one_line() -> None:
    row = {"about": "d", "features": {"best": 0.5}}
    with pytest.raises(UsageError, match="19 questions that they do not answer were measured; expected at least 20"):
        fit_gate([row | {"label": 1}] * 25 + [row | {"label": 0}] * 19)


@pytest.mark.parametrize(
    ("answerable", "says"),
    [
        (None, "JSONDecodeError"),
        ("text", "AttributeError"),
        ({"weights": ["best"], "bias": 0, "threshold": 0.5}, "AttributeError"),
        ({"weights": {"best": "much"}, "bias": 0, "threshold": 0.5}, "TypeError"),
        ({"weights": {"best": 1.0}, "bias": 0, "threshold": float("nan")}, "ValueError"),
        ({"weights": {"luck": 1.0}, "bias": 0, "threshold": 0.5}, "KeyError"),
        ({"weights": {}, "bias": 0}, "KeyError"),
        ({"weights": {}, "bias": 0, "threshold": 0.5, "curve": [{"threshold": 0.5}]}, "TypeError"),
    ],
)
def test_a_damaged_file_is_named_in_one_line_before_a_question_is_asked(
    tmp_path: Path, answerable: Any, says: str
) -> None:
    stored = {"data": {"decoder": "any"}, "models": {"answerable": answerable}}
    text = json.dumps(stored)
    (tmp_path / "calibration.json").write_text(text if answerable else text[:-9], encoding="utf-8")
    with pytest.raises(ConfigError, match=says) as caught:
        load_calibration(tmp_path, decoder="any")
    assert str(tmp_path / "calibration.json") in str(caught.value)
    assert "ragstack calibrate" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("models", "refused"),
    [
        ({"answerable": {"judge": 1.0, "turned": -1.0}, "answerable_without_judge": {"best": 1.0}}, False),
        ({"answerable": {"judge": 1.0, "cosine": 1.0}}, True),
        ({"answerable_without_judge": {"judge": 1.0}}, True),
    ],
)
def test_a_gate_that_asks_for_what_is_not_measured_is_refused_for_its_decoder_and_else_left_aside(
    tmp_path: Path, models: dict[str, dict[str, float]], refused: bool
) -> None:
    fitted = {name: {"weights": weights, "bias": 0.0, "threshold": 0.5} for name, weights in models.items()}
    stored = {"data": {"decoder": "its own"}, "models": fitted}
    (tmp_path / "calibration.json").write_text(json.dumps(stored), encoding="utf-8")
    assert load_calibration(tmp_path, decoder="another") == load_calibration()
    if refused:
        with pytest.raises(ConfigError, match="of this version"):
            load_calibration(tmp_path, decoder="its own")
    else:
        assert load_calibration(tmp_path, decoder="its own").answerable.weights == models["answerable"]


def test_the_threshold_that_answers_most_at_no_more_than_the_risk_is_taken() -> None:
    curve = tuple(
        OperatingPoint(threshold, risk, answered, 0.5)
        for threshold, risk, answered in ((0.2, 0.15, 1.0), (0.4, 0.10, 0.9), (0.6, 0.04, 0.7), (0.8, 0.05, 0.5))
    )
    model = LogisticModel({}, 0.0, 0.5, curve)
    assert model.at_risk(0.10).threshold == 0.4
    assert model.at_risk(0.05).threshold == 0.6
    assert model.at_risk(0.01).threshold == 0.6  # none keeps it: the least risk that was measured
    assert model.at_risk(1.0).threshold == 0.2
    assert LogisticModel({}, 0.0, 0.5).at_risk(0.1).threshold == 0.5


def test_the_command_shows_what_thresholds_cost_and_where_the_gate_went(
    filled: RagStack, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstack.cli.session.Session.stack", lambda _: filled)
    out = tmp_path / "gate.json"
    result = CliRunner().invoke(program, ["calibrate", "--data", str(questions), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "answerable_without_judge: AUROC" in result.stdout
    assert "50 questions measured, 0 missing" in result.stdout
    assert out.is_file()
    assert not (filled.config.home / "calibration.json").exists()
