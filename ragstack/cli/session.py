"""What every command shares: the options, the settings they lead to, and the way out for results.

``--config``, ``--home``, ``--json`` and ``--debug`` may stand before or after the name of a command.
"""

import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ragstack.config import Config
    from ragstack.stack import RagStack

__all__ = ["PathName", "Session", "common_options", "emit", "examples", "one_line", "words"]

_UNDECODED = re.compile(r"[\udc80-\udcff]")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Session:
    """The options that all commands share, as far as they have been read."""

    config_file: Path | None = None
    home: Path | None = None
    json: bool = False
    debug: bool = False

    def config(self) -> "Config":
        """The settings: flags over environment over file over defaults."""
        from ragstack.config import load_config

        return load_config(self.config_file, overrides={"store": {"home": self.home}} if self.home else {})

    def stack(self) -> "RagStack":
        """The SDK with these settings."""
        from ragstack.stack import RagStack

        return RagStack(self.config())


def words(value: str) -> str:
    """The type of a text that can be stored and shown: not empty, and decoded from valid bytes."""
    if not value.strip():
        raise click.BadParameter("it is empty; expected words")
    try:  # undoes what a locale that is not UTF-8 made of the bytes
        return os.fsencode(value).decode() if _UNDECODED.search(value) else value
    except UnicodeDecodeError:
        raise click.BadParameter("it holds bytes that are no UTF-8; check the encoding of the terminal") from None


class PathName(click.Path):
    """A path that is not the empty string, which would mean the working directory unseen."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if not str(value).strip():
            self.fail("it is empty; expected a path", param, ctx)
        return super().convert(value, param, ctx)


def common_options(command: _Command) -> _Command:
    """Give a command (or the group) the options that all share; they land in the `Session`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def examples(*lines: str) -> str:
    """The end of a command's help: calls to copy."""
    return "\b\n" + "\n".join(("Examples:", *(f"  {line}" for line in lines)))


def emit(document: Mapping[str, Any], indent: int | None = 2) -> None:
    """Write one JSON object to standard output, in UTF-8 whatever the locale; on one line without an indentation.

    What is no text in it, such as the name of a file that no encoding explains, is written in JSON's own escapes.
    """
    line = json.dumps(document, ensure_ascii=False, indent=indent, allow_nan=False) + "\n"
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def one_line(text: str) -> str:
    """The text with each run of white space made one blank."""
    return " ".join(text.split())


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(Session), parameter.name, value)


def _remember_debug(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    _remember(context, parameter, value)
    if value:
        logging.getLogger().setLevel(logging.DEBUG)
        warnings.simplefilter("default")


def _shared(*names: str, callback: Callable[..., None] = _remember, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, expose_value=False, callback=callback, **settings)


_OPTIONS = (
    _shared("--config", "config_file", type=PathName(path_type=Path), metavar="FILE",
            help="Settings. Default: ./config.toml where it exists, else what is built in."),
    _shared("--home", type=PathName(path_type=Path), metavar="DIR",
            help="Where the data lives. Default: store.home of the settings."),
    _shared("--json", is_flag=True, help="One JSON object on standard output, nothing else."),
    _shared("--debug", is_flag=True, callback=_remember_debug, help="Show all logs, and the traceback of an error."),
)  # fmt: skip
