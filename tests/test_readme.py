"""README is run: its Python blocks execute as they stand, and its commands are calls that the command line takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^ragstack .*$", README, re.MULTILINE)


@pytest.mark.models
def test_the_python_blocks_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAGSTACK_STORE__HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)
    assert len(PYTHON) == 2
    for block in PYTHON:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - running README is the test
    printed = capsys.readouterr().out
    assert "110 million parameters" in printed
    assert "[1]" in printed


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_calls_that_the_command_line_takes(line: str) -> None:
    from ragstack.cli.app import program

    words = shlex.split(line, comments=True)[1:]
    command: click.Command = program
    context = click.Context(program, info_name="ragstack")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    assert command.make_context(command.name, words, parent=context).args == []  # raises for what it cannot take


def test_every_make_target_that_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {word for line in re.findall(r"^make (.+?)(?:\s+#.*)?$", documents, re.MULTILINE) for word in line.split()}
    assert named
    assert named <= targets
