"""What every command shares: the options, the settings they lead to, and the way out for results.

``--config``, ``--home``, ``--json`` and ``--debug`` may stand before or after the name of a command.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ragstack.config import Config
    from ragstack.stack import RagStack

__all__ = ["Session", "Words", "common_options", "emit", "one_line"]

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


class Words(click.ParamType):
    """Text that can be stored and shown: not empty, and decoded from valid bytes."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return ``value`` as it is."""
        if not value.strip():
            self.fail("it is empty; expected words", param, ctx)
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("it holds bytes that are no UTF-8; check the encoding of the terminal or script", param, ctx)
        return value


class _Folder(click.Path):
    """A path that is not the empty string, which would mean the working directory unseen."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("it is empty; expected a path", param, ctx)
        return super().convert(value, param, ctx)


def common_options(command: _Command) -> _Command:
    """Give a command (or the group) the options that all share; they land in the `Session`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def emit(document: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output, in UTF-8 whatever the locale.

    A file name that is no UTF-8 keeps its bytes as JSON's own escapes (``\\udcXX``).
    """
    line = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    click.get_binary_stream("stdout").write(line.encode("utf-8", "backslashreplace"))
    click.get_binary_stream("stdout").flush()


def one_line(text: str) -> str:
    """The text with each run of white space made one blank."""
    return " ".join(text.split())


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(Session), parameter.name, value)


def _shared(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, expose_value=False, callback=_remember, **settings)


_OPTIONS = (
    _shared("--config", "config_file", type=_Folder(path_type=Path), metavar="FILE",
            help="Settings. Default: ./config.toml where it exists, else what is built in."),
    _shared("--home", type=_Folder(path_type=Path), metavar="DIR",
            help="Where the data lives. Default: store.home of the settings."),
    _shared("--json", is_flag=True, help="One JSON object on standard output, nothing else."),
    _shared("--debug", is_flag=True, help="Show all logs, and the traceback of an error."),
)  # fmt: skip
