"""What a person decided about a test set → the questions that they accepted, changed where they changed them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexes.errors import StoreError, UsageError

__all__ = ["Accepted", "accept_testset"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many questions were accepted, rejected and left undecided, and the file that holds the accepted ones."""

    file: str
    accepted: int
    edited: int
    rejected: int
    undecided: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack testset accept --json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def accept_testset(folder: str | Path, decisions: str | Path) -> Accepted:
    """Write the accepted questions of a set to its ``accepted.jsonl``; what nobody decided about stays out.

    An answer that was changed keeps its span where it stands in the old one; else the question has none.

    Args:
        folder: The set, as :func:`ragstack.evaluation.make_testset` left it.
        decisions: The file that the page of the set saved.

    Raises:
        UsageError: either is missing or damaged, or the decisions are about other questions.
        StoreError: the file cannot be written.
    """
    folder = Path(folder)
    lines = _read(folder / "questions.jsonl", "a folder that `ragstack testset make --out DIR` made")
    made = _decisions(Path(decisions), hashlib.sha256(lines).hexdigest(), folder)
    questions = [json.loads(line) for line in lines.splitlines()]
    taken = [_edited(question, made[question["id"]]) for question in questions
             if made.get(question["id"], {}).get("accepted")]  # fmt: skip
    if not taken:
        raise UsageError(f"no question of {folder} is accepted in {decisions}; open {folder / 'review.html'} again")
    file = folder / "accepted.jsonl"
    beside = folder / "accepted.jsonl.new"
    try:
        beside.write_bytes(b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in taken))
        beside.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}); make room there, or copy the set") from None
    decided = [made[question["id"]] for question in questions if question["id"] in made]
    edited = sum(bool({"text", "answer"} & each.keys()) for each in decided if each["accepted"])
    return Accepted(str(file), len(taken), edited, len(decided) - len(taken), len(questions) - len(decided))


def _read(path: Path, expected: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); expected {expected}") from None


def _decisions(path: Path, sha256: str, folder: Path) -> dict[str, Mapping[str, Any]]:
    expected = f"the file that {folder / 'review.html'} saves"
    data = _read(path, expected)
    try:
        read = json.loads(data)
        made: dict[str, Mapping[str, Any]] = read["decisions"]
        sound = isinstance(made, dict) and all(_is_decision(each) for each in made.values())
        about = read["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise UsageError(f"{path} holds no decisions; expected {expected}")
    if about != sha256:
        raise UsageError(f"{path} is about other questions than those in {folder}; review {folder / 'review.html'}")
    return made


def _is_decision(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("accepted"), bool)
        and all(_is_text(value.get(name, "")) for name in ("text", "answer"))
    )


def _is_text(value: Any) -> bool:
    """Whether it is a text that can be stored: without NUL or half a character."""
    return isinstance(value, str) and not re.search("[\0\ud800-\udfff]", value)


def _edited(question: dict[str, Any], decision: Mapping[str, Any]) -> dict[str, Any]:
    """The question with what was changed; only one with an answer can have another."""
    text, answer = decision.get("text", "").strip(), decision.get("answer", "").strip()
    if text:
        question = question | {"text": text}
    if answer and question.get("answers") and answer != question["answers"][0]:
        question = question | {"answers": [answer], "spans": _narrowed(question, answer)}
    return question


def _narrowed(question: Mapping[str, Any], answer: str) -> list[dict[str, Any]]:
    """The span of an answer that is part of the old one."""
    [span] = question["spans"]
    old = question["answers"][0]
    at = old.find(answer)
    if at < 0 or len(old) != span["end"] - span["start"]:
        return []
    return [{**span, "start": span["start"] + at, "end": span["start"] + at + len(answer)}]
