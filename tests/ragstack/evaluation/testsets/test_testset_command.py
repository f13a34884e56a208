"""``ragstack testset``: what is printed, what is stored, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragstack.cli.app import program
from ragstack.stack import RagStack

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    filled: RagStack, bag_encoder: Any, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Call:
    """Runs a command in this process, over the collection ``set``; returns its status and output."""
    filled.close()
    monkeypatch.setattr(RagStack, "encoder", bag_encoder)

    def run(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            program.main([*map(str, words), "--home", str(filled.config.home)])
        out, err = capfdbinary.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()

    return run


def test_make_review_accept_and_evaluate(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    status, out, err = call("testset", "make", "-c", "set", "--out", folder, "-n", "6", "--generator", "templates",
                            "--json")  # fmt: skip
    made = json.loads(out)
    assert (status, err) == (0, "")
    assert made["n"] == sum(made["kinds"].values()) > 3
    page = (folder / "review.html").read_text(encoding="utf-8")
    questions = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    sha256 = json.loads(page.split('id="set">')[1].split("</script>")[0])["sha256"]
    decisions = {question["id"]: {"accepted": question["answerable"]} for question in questions}
    (tmp_path / "decisions.json").write_text(json.dumps({"sha256": sha256, "decisions": decisions}))

    status, out, _ = call("testset", "accept", folder, tmp_path / "decisions.json")
    answerable, others = made["kinds"]["answerable"], made["n"] - made["kinds"]["answerable"]
    assert status == 0
    assert out == f"{answerable} accepted (0 changed), {others} rejected, 0 undecided; {folder / 'accepted.jsonl'}\n"

    status, out, _ = call("eval", "retrieval", "-c", "set", "--data", folder / "accepted.jsonl", "--json")
    assert status == 0
    assert json.loads(out)["n"] == answerable


def test_people_see_what_was_made_and_what_was_left_out(call: Call, tmp_path: Path) -> None:
    make = ("testset", "make", "-c", "set", "--generator", "templates")
    status, out, _ = call(*make, "--out", tmp_path / "s", "-n", "40")
    assert status == 0
    assert " of 40 questions: " in out
    assert "11 sentences tried; left out:" in out
    assert "2  names nothing" in out
    assert "review.html" in out


def test_a_decoder_that_failed_on_some_is_status_1(
    call: Call, tmp_path: Path, scribe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RagStack, "generator", lambda self, kind: scribe(breaks=["Skarn"]))
    status, out, _ = call("testset", "make", "-c", "set", "--out", tmp_path / "s", "-n", "10", "--json")
    assert status == 1
    assert json.loads(out)["failed"] > 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("make", "-c", "set"), "Missing option '--out'"),
        (("make", "-c", "none", "--out", "{tmp}/s", "--generator", "templates"), "none"),
        (("make", "-c", "set", "--out", "{tmp}/s", "-n", "0"), "is not in the range"),
        (("make", "-c", "set", "--out", "{tmp}/s", "--generator", "pen"), "'pen' is not one of"),
        (("accept", "{tmp}/no", "{tmp}/no.json"), "cannot be read"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(call: Call, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    status, out, err = call("testset", *(word.format(tmp=tmp_path) for word in words))
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
