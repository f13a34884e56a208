"""The program: its commands, and how each ends.

A command returns its exit status (None means 0) and raises for the rest; this module turns what is raised into one
line on standard error, one JSON object where that was asked for, and a status. Nothing ends in a traceback, unless
``--debug`` asks for it.
"""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

import ragstack.cli.backup
import ragstack.cli.care
import ragstack.cli.ledger  # noqa: F401 - the commands of all three are of the group `collections`
from indexes.errors import RagStackError, UsageError
from ragstack.cli.ask import ask, chat
from ragstack.cli.calibrate import calibrate
from ragstack.cli.collections import collections
from ragstack.cli.doctor import doctor
from ragstack.cli.evaluate import evaluate
from ragstack.cli.ingest import ingest
from ragstack.cli.models import models
from ragstack.cli.search import search
from ragstack.cli.session import Session, common_options, emit, examples, one_line
from ragstack.cli.testset import testset
from ragstack.cli.train import train

__all__ = ["main", "program"]

DONE, FAILED, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130


class _Program(click.Group):
    """The group of all commands."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **settings: Any) -> NoReturn:
        """Run, and exit with the status of the command."""
        words = list(sys.argv[1:] if args is None else args)
        sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  # None where the caller has closed it
        sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that lacks a letter
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="ragstack: %(message)s", force=True)
        warnings.simplefilter("ignore")  # for developers, who have --debug
        session = Session()
        settings |= {"prog_name": "ragstack", "standalone_mode": False, "obj": session}
        try:
            status = super().main(words, **settings)
        except Exception as error:  # noqa: BLE001  # the one place where whatever goes wrong is told
            session.json = session.json or "--json" in (words[: words.index("--")] if "--" in words else words)
            status = _tell(error, session)
        sys.exit(status or DONE)


_EXAMPLES = examples(
    "ragstack models pull                fetch the default models, once",
    "ragstack ingest docs/               read files and folders",
    'ragstack ask "What is BERT?"        an answer, each sentence with its source',
    'ragstack ask "BERT 是编码器还是解码器？"',
)


@click.group(
    cls=_Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXAMPLES,
)
@click.version_option(package_name="ragstack", message="%(prog)s %(version)s")
@common_options
def program() -> None:
    """Ask a pile of documents, in English and Chinese, and get answers that can be checked word by word.

    Exit status: 0 done, 1 the work failed in part or whole, 2 the call was wrong.
    """


for _command in (ask, chat, search, ingest, models, collections, doctor, evaluate, calibrate, testset, train):
    program.add_command(_command)


def main() -> NoReturn:
    """The console script."""
    program.main()


def _tell(error: Exception, session: Session) -> int:
    """Say what went wrong; the exit status."""
    if isinstance(error, click.Abort):
        if session.json:
            emit({"error": {"type": "Interrupted", "message": "interrupted"}})
        click.echo("ragstack: interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, NoArgsIsHelpError) and not session.json:
        error.show()
        return WRONG_CALL
    message, status = _explain(error)
    if session.debug:
        traceback.print_exception(error)
    with suppress(OSError):  # a disk that is full takes neither results nor errors
        if session.json:
            emit({"error": {"type": type(error).__name__, "message": message}})
    click.echo(f"ragstack: {message}", err=True)
    return status


def _explain(error: Exception) -> tuple[str, int]:
    """One line about an error, and the exit status."""
    if isinstance(error, NoArgsIsHelpError):
        return f"Missing command. {_hint(error)}", WRONG_CALL
    if isinstance(error, click.ClickException):
        return f"{_sentence(error.format_message())} {_hint(error)}", WRONG_CALL
    if isinstance(error, RagStackError):
        return one_line(str(error)), WRONG_CALL if isinstance(error, UsageError) else FAILED
    if isinstance(error, OSError):
        where = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        return one_line(f"the operating system says: {error.strerror or error}{where}"), FAILED
    if isinstance(error, MemoryError):
        return "out of memory; close other programs, or choose smaller models in config.toml", FAILED
    about = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return one_line(f"internal error, {about}; run again with --debug for the details"), FAILED


def _hint(error: click.ClickException) -> str:
    """What to type after a wrong call."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    dash = "Put -- before a text that begins with a dash. " if isinstance(error, click.NoSuchOption) else ""
    return f"{dash}Type `{context.command_path if context else 'ragstack'} --help` to see how it is called."


def _sentence(text: str) -> str:
    text = one_line(text)
    return text if text.endswith((".", "?", "!")) else text + "."
