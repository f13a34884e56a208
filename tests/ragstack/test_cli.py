"""The shape of the command line: options, errors and exit statuses, without any model."""

import errno
import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.testing import CliRunner, Result

from indexes.errors import ModelMissing, RagStackError, StoreBusy, UnknownCollection, UsageError
from ragstack.cli import ask, search
from ragstack.cli.app import program
from ragstack.cli.session import Session, emit
from ragstack.config import SearchMode
from ragstack.stack import RagStack

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "ragstack.cli"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings from outside, and the logging of the tests as it was."""
    for name in os.environ:
        if name.upper().startswith("RAGSTACK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with warnings.catch_warnings():
        yield
    root.handlers[:] = handlers
    root.setLevel(level)


def run(*words: str, **settings: Any) -> Result:
    return CliRunner().invoke(program, list(words), **settings)


def run_apart(*words: str, **settings: Any) -> subprocess.CompletedProcess[bytes]:
    settings.setdefault("env", {**os.environ, "PYTHONPATH": str(ROOT)})
    return subprocess.run([*COMMAND, *words], capture_output=True, timeout=300, check=False, **settings)


def every_command() -> list[list[str]]:
    names = []
    for name, command in program.commands.items():
        names.append([name])
        if isinstance(command, click.Group):
            names += [[name, inner] for inner in command.commands]
    return names


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raise_it(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(RagStack, "search", raise_it)


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_takes_the_shared_options_and_shows_an_example(words: list[str]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert [option for option in ("--config FILE", "--home DIR", "--json") if option not in result.stdout] == []
    assert f"ragstack {words[0]}" in result.stdout.split("\n", 2)[2]


def test_help_loads_no_heavy_library_and_no_settings() -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "faiss", "langchain_core", "xllamacpp", "sqlalchemy",
             "numpy", "pypdf", "openai", "pydantic", "rich")  # fmt: skip
    code = (
        "import sys\nfrom ragstack.cli import main\nsys.argv = ['ragstack', '--help']\n"
        f"try: main()\nfinally: print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"
    assert "ragstack ask" in done.stdout


def test_the_modes_of_search_are_those_of_the_settings() -> None:
    assert get_args(SearchMode) == search.MODES


def test_without_a_command_the_help_is_shown_and_the_status_says_wrong_call() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr
    assert result.stdout == ""


def test_shared_options_may_stand_before_or_after_the_command(tmp_path: Path) -> None:
    seen = []

    @program.command("look")
    @ask.common_options
    @click.pass_obj
    def look(session: Session) -> None:
        seen.append((session.json, session.home, session.config_file))

    try:
        home, file = str(tmp_path / "家"), str(tmp_path / "c.toml")
        assert run("--json", "--home", home, "--config", file, "look").exit_code == 0
        assert run("look", "--json", "--home", home, "--config", file).exit_code == 0
        assert run("--home", "elsewhere", "--json", "look", "--home", home, "--config", file).exit_code == 0
    finally:
        program.commands.pop("look")
    assert seen == [(True, Path(home), Path(file))] * 3


WRONG_CALLS = {
    "unknown command": (["serch", "x"], "Did you mean 'search'"),
    "unknown option": (["ask", "x", "--colection", "y"], "--colection"),
    "no question": (["ask"], "QUESTION"),
    "empty question": (["ask", "  "], "empty"),
    "question of 100,000 characters": (["ask", "长" * 100_000], "100,000 characters; expected at most 8,000"),
    "two questions": (["ask", "What", "is BERT?"], "is BERT?"),
    "question with a dash": (["ask", "-1 的平方根是什么？"], "Put -- before a text that begins with a dash"),
    "bytes that are no text": (["search", "\udcff\udcfe"], "no UTF-8"),
    "no such mode": (["search", "x", "--mode", "fuzzy"], "'hybrid', 'dense', 'lexical'"),
    "no chunk at all": (["search", "x", "-k", "0"], "1<=x<=1000"),
    "no such generator": (["ask", "x", "--generator", "gpt"], "'llamacpp'"),
    "condition that is none": (["ask", "x", "--where", "lang"], "lang"),
    "missing config file": (["search", "x", "--config", "nowhere.toml"], "there is no config file nowhere.toml"),
    "empty home": (["search", "x", "--home", ""], "it is empty; expected a path"),
    "unknown collection": (["search", "x", "--collection", "手册"], "'手册'"),
    "impossible collection": (["search", "x", "--collection", "a/b"], "a/b"),
    "nothing to ingest": (["ingest"], "PATH"),
    "unknown model": (["models", "pull", "gpt-9"], "gpt-9"),
}


@pytest.mark.parametrize(("words", "hint"), WRONG_CALLS.values(), ids=WRONG_CALLS.keys())
def test_a_wrong_call_is_one_line_and_status_2(words: list[str], hint: str, tmp_path: Path) -> None:
    home = [] if "--home" in words else ["--home", str(tmp_path / "home")]
    result = run(*words[:1], *home, *words[1:])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("ragstack: ")
    assert result.stderr.count("\n") == 1
    assert hint in result.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("words", "hint"), WRONG_CALLS.values(), ids=WRONG_CALLS.keys())
def test_a_wrong_call_with_json_is_one_object_and_the_same_line(words: list[str], hint: str, tmp_path: Path) -> None:
    home = [] if "--home" in words else ["--home", str(tmp_path / "home")]
    result = run(*words[:1], "--json", *home, *words[1:])
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 2
    assert sorted(error) == ["message", "type"]
    assert hint in error["message"]
    assert result.stderr == f"ragstack: {error['message']}\n"


def test_json_after_two_dashes_is_a_question() -> None:
    result = run("search", "--home", "/nowhere/at/all", "--", "--json")
    assert result.stdout == ""
    assert "There is no collection" in result.stderr


FAILURES = {
    "busy": (StoreBusy("another process writes"), 1, "another process writes"),
    "model missing": (ModelMissing("type `ragstack models pull X`"), 1, "ragstack models pull X"),
    "no collection": (UnknownCollection("none of that name"), 2, "none of that name"),
    "wrong call found late": (UsageError("so\nnot\tso"), 2, "so not so"),
    "disk full": (OSError(errno.ENOSPC, "No space left on device", "/data/catalog.db"), 1,
                  "No space left on device (/data/catalog.db)"),
    "no memory": (MemoryError(), 1, "out of memory"),
    "a defect": (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
    "interrupted": (KeyboardInterrupt(), 130, "interrupted"),
}  # fmt: skip


@pytest.mark.parametrize(("error", "status", "line"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, line: str
) -> None:
    failing(monkeypatch, error)
    result = run("search", "x")
    told = result.stderr.strip()
    assert (result.exit_code, result.stdout) == (status, "")
    assert told.startswith("ragstack: ")
    assert line in told
    assert "\n" not in told


def test_a_failure_with_json_is_an_error_object(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, StoreBusy("另一个进程正在写入"))
    result = run("search", "x", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"error": {"type": "StoreBusy", "message": "另一个进程正在写入"}}
    assert result.stderr == "ragstack: 另一个进程正在写入\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("defect"), RagStackError("known")])
def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    failing(monkeypatch, error)
    result = run("search", "x", "--debug")
    assert "Traceback (most recent call last)" in result.stderr
    assert "in raise_it" in result.stderr


def test_logs_go_to_standard_error_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*_: object, **__: object) -> list[object]:
        logging.getLogger("indexes.search.reader").warning("a file is bad; it is made again")
        logging.getLogger("indexes.search.reader").info("chatter")
        return []

    monkeypatch.setattr(RagStack, "search", warn)
    result = run("search", "x", "--json")
    assert result.stderr == "ragstack: a file is bad; it is made again\n"
    assert json.loads(result.stdout)["hits"] == []
    assert "ragstack: chatter\n" in run("search", "x", "--debug").stderr
    assert "ragstack: chatter\n" in run("--debug", "search", "x").stderr


def test_warnings_for_developers_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*_: object, **__: object) -> list[object]:
        warnings.warn("deprecated", stacklevel=1)
        return []

    monkeypatch.setattr(RagStack, "search", warn)
    assert run("search", "x").stderr == ""


def test_json_is_utf8_whatever_the_locale() -> None:
    for locale in ({"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", **locale}
        done = run_apart("search", "--collection", "a/b", "--json", "什么是编码器？", env=environment)
        assert done.returncode == 2
        assert json.loads(done.stdout.decode("utf-8"))["error"]["type"] == "UsageError"


def test_a_screen_that_lacks_a_letter_shows_a_substitute(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, StoreBusy("编码 busy"))
    result = CliRunner(charset="latin-1").invoke(program, ["search", "x"])
    assert result.stderr == "ragstack: ?? busy\n"


def test_a_file_name_that_is_no_text_survives_as_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    emit({"path": "\udcb2\udce2.txt", "名": "值"})
    out = capfdbinary.readouterr().out
    assert json.loads(out) == {"path": "\udcb2\udce2.txt", "名": "值"}
    assert "值".encode() in out


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "collections", "list", "--json"], stdout=writer, stderr=subprocess.PIPE, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(writer)
    assert done.stderr == b""


def test_the_exit_status_reaches_the_shell() -> None:
    assert run_apart("--help").returncode == 0
    wrong = run_apart("ask", "--generator", "gpt", "x")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr.count(b"\n") == 1


@pytest.mark.parametrize("words", [["--json", "models"], ["collections", "--json"], ["--json"]])
def test_a_missing_command_with_json_is_one_object(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["message"].startswith("Missing command.")


def test_an_interruption_with_json_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RagStack, "search", interrupt)
    result = run("search", "x", "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["type"]) == (130, "Interrupted")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_to_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        settings = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stdout": full, "stderr": subprocess.PIPE}
        result = subprocess.run([*COMMAND, "--json", "models", "list"], timeout=300, check=False, **settings)
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == ["ragstack: the operating system says: No space left on device"]


def test_a_closed_output_is_no_error() -> None:
    command = " ".join([*COMMAND, "models", "list", ">&-"])
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, shell=True, capture_output=True, env=env, timeout=300, check=False)  # noqa: S602
    assert (result.returncode, result.stderr) == (0, b"")
