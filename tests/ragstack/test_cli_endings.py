"""How the commands end when whoever reads them leaves, or somebody presses Ctrl-C; the answers are canned."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

CANNED = """
import sys, time
length = sys.argv.pop(1)
from ragstack.answers import Answer, Event
from ragstack.cli.app import main
from ragstack.stack import RagStack

def told(*_, **__):
    return Answer(question="Why?", text="So. " * int(length), abstained=True, reason="none", sentences=(),
                  citations=(), generator="extractive")

def stream(*_, **__):
    if "slow" in sys.argv:
        print("asked", file=sys.stderr, flush=True)
        time.sleep(600)
    yield Event("done", told())

RagStack.ask, RagStack.stream = told, stream
main()
"""


def started(length: str, *words: str, **streams: Any) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", CANNED, length, *words], stderr=subprocess.PIPE, env=env, **streams)


@pytest.mark.parametrize("words", [["ask", "Why?"], ["ask", "--json", "Why?"], ["chat"], ["chat", "--json"]])
def test_a_reader_that_has_left_ends_it_without_a_word(words: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with started("50000", "--home", str(tmp_path), *words, stdin=subprocess.PIPE, stdout=writing) as process:
        os.close(writing)
        _, told = process.communicate(b"Why?\nWhy?\n", timeout=300)
    assert (process.returncode, told.decode()) == (1, "")


@pytest.mark.parametrize("words", [["ask", "slow"], ["chat"]])
def test_an_interruption_is_one_line(words: list[str], tmp_path: Path) -> None:
    with started("1", "--home", str(tmp_path), *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        if words == ["chat"]:  # waits for its next question
            assert process.stdout is not None
            process.stdin.write(b"Why?\n")
            process.stdin.flush()
            process.stdout.readline()
        else:
            assert process.stderr.readline() == b"asked\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=300)
    assert process.returncode == 130
    assert told.decode().split() == ["ragstack:", "interrupted"]
