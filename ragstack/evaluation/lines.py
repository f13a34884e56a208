"""Files of JSON lines, plain or gzipped, and what the fields of a record may hold.

What cannot be read is a :class:`ValueError` that says so; :func:`records` counts such lines and goes on.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from indexes.errors import UsageError
from ragstack.evaluation.problems import Problems

__all__ = ["id_of", "records", "text_of", "texts_of", "unpacked", "whole"]

_Item = TypeVar("_Item")


def unpacked(path: Path) -> bytes:
    """What a file holds, unpacked where its name ends in ``.gz``.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read ({reason}); expected a whole file, plain or gzipped") from None


def records(
    path: Path, parse: Callable[[dict[str, Any], int], _Item], problems: Problems, sha256: dict[str, str]
) -> Iterator[_Item]:
    """What the lines of a file hold; a line that cannot be understood is counted."""
    data = unpacked(path)
    sha256[path.name.removesuffix(".gz")] = hashlib.sha256(data).hexdigest()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8-sig"))
            if not isinstance(record, dict):
                raise ValueError(f"it is a {type(record).__name__}, not an object")
            yield parse(record, number)
        except UnicodeDecodeError:
            problems.add(f"broken records in {path.name}", f"line {number}: it is not UTF-8")
        except json.JSONDecodeError as error:
            problems.add(f"broken records in {path.name}", f"line {number}: it is not JSON ({error.msg})")
        except (ValueError, RecursionError) as error:
            problems.add(f"broken records in {path.name}", f"line {number}: {error}")


def text_of(record: dict[str, Any], name: str) -> str:
    """A field that must be a text with something in it."""
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is {value!r:.80}; expected a text")
    return whole(value, name)


def whole(value: str, name: str) -> str:
    """A text that can be stored and shown."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} holds a NUL or half a character")
    return value


def id_of(record: dict[str, Any], default: int | None = None) -> str:
    """The id of a record, a text or a number."""
    value = record.get("id", default)
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise ValueError(f"id is {value!r:.80}; expected a text")
    return whole(str(value), "id")


def texts_of(record: dict[str, Any], name: str) -> tuple[str, ...]:
    """A field that is a list of texts, or is not there; empty ones are left out."""
    value = record.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is {value!r:.80}; expected a list of texts")
    return tuple(whole(item, name) for item in value if item.strip())
