"""Decisions and the questions they leave."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import UsageError
from ragstack.evaluation import accept_testset

QUESTIONS: list[dict[str, Any]] = [
    {"id": "1-a", "text": "How many steps?", "answerable": True, "answers": ["214 stone steps"],
     "documents": ["a.md"], "spans": [{"document": "a.md", "start": 10, "end": 25}]},
    {"id": "2-a", "text": "多长？", "answerable": True, "answers": ["812 米"],
     "documents": ["b.md"], "spans": [{"document": "b.md", "start": 4, "end": 9}]},
    {"id": "3-u", "text": "Why 300 steps?", "answerable": False},
    {"id": "4-a", "text": "Who?", "answerable": True, "answers": ["Lund"], "documents": ["a.md"],
     "spans": [{"document": "a.md", "start": 1, "end": 5}]},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in QUESTIONS)
    (tmp_path / "questions.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def decide(folder: Path, decisions: Any, **more: Any) -> Path:
    sha256 = hashlib.sha256((folder / "questions.jsonl").read_bytes()).hexdigest()
    file = folder / "decisions.json"
    file.write_text(json.dumps({"sha256": sha256, "decisions": decisions} | more), encoding="utf-8")
    return file


def test_accepted_questions_are_kept_as_they_were_changed(folder: Path) -> None:
    decisions = {
        "1-a": {"accepted": True, "text": "How many steps are there?", "answer": "214"},
        "2-a": {"accepted": False},
        "3-u": {"accepted": True, "answer": "no such thing"},
    }
    done = accept_testset(folder, decide(folder, decisions))
    assert (done.accepted, done.edited, done.rejected, done.undecided) == (2, 2, 1, 1)
    first, second = [json.loads(line) for line in Path(done.file).read_text(encoding="utf-8").splitlines()]
    assert first == {**QUESTIONS[0], "text": "How many steps are there?", "answers": ["214"],
                     "spans": [{"document": "a.md", "start": 10, "end": 13}]}  # fmt: skip
    assert second == QUESTIONS[2]


def test_an_answer_in_other_words_has_no_span(folder: Path) -> None:
    done = accept_testset(folder, decide(folder, {"4-a": {"accepted": True, "answer": "Anna Lund"}}))
    [line] = [json.loads(line) for line in Path(done.file).read_text().splitlines()]
    assert (line["answers"], line["spans"], line["documents"]) == (["Anna Lund"], [], ["a.md"])


@pytest.mark.parametrize(
    ("decisions", "more", "says"),
    [
        ({"1-a": {"accepted": True}}, {"sha256": "0"}, "is about other questions"),
        ({"1-a": {"accepted": False}}, {}, "no question of .* is accepted"),
        ({"1-a": {"accepted": "yes"}}, {}, "holds no decisions"),
        ({"1-a": {"accepted": True, "text": 4}}, {}, "holds no decisions"),
        ([], {}, "holds no decisions"),
    ],
)
def test_decisions_that_do_not_fit_are_refused(folder: Path, decisions: Any, more: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        accept_testset(folder, decide(folder, decisions, **more))
    assert not (folder / "accepted.jsonl").exists()


def test_files_that_are_not_there_or_no_json_are_told(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.json cannot be read"):
        accept_testset(folder, folder / "no.json")
    (folder / "bad.json").write_text("{")
    with pytest.raises(UsageError, match="holds no decisions"):
        accept_testset(folder, folder / "bad.json")
    with pytest.raises(UsageError, match="ragstack testset make"):
        accept_testset(folder / "elsewhere", folder / "bad.json")


@pytest.mark.parametrize("text", ["half \ud800", "a\0b"])
def test_a_change_that_cannot_be_stored_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(UsageError, match="holds no decisions"):
        accept_testset(folder, decide(folder, {"1-a": {"accepted": True, "text": text}}))
    assert not (folder / "accepted.jsonl").exists()
