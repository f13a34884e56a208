"""What passes between a run and the processes that read files for it: frames of JSON and bytes, and nothing that acts.

A file from anywhere may take over the process that reads it. So what comes back is JSON, checked on arrival, and can
be no more than a wrong text; Python's own serialisation would run whatever it is told to.

A frame is four bytes of length, big-endian, and so many bytes. A request is two frames, the options as JSON and the
file; an answer is one frame for each part and an empty one at the end.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from typing import IO, Any, get_args

from indexes.records import PageSpan
from ingest.documents import Block, BlockKind, Limits, Loaded, LoadOptions, Part

__all__ = ["WireError", "decode_options", "decode_part", "encode_options", "encode_part", "receive", "send"]

_LENGTH = struct.Struct(">I")
_LONGEST = 1 << 30


class WireError(Exception):
    """The other side is gone, or says what it cannot mean."""


def send(stream: IO[bytes], payload: bytes) -> None:
    """Write a frame."""
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read a frame.

    Raises:
        WireError: The stream has ended, or the frame is longer than any answer.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _LONGEST:
        raise WireError(f"a frame of {length} bytes")
    return _exactly(stream, length)


def encode_options(name: str, options: LoadOptions) -> bytes:
    """The name of a file and how to read it."""
    return json.dumps({"name": name, **asdict(options)}).encode()


def decode_options(payload: bytes) -> tuple[str, LoadOptions]:
    """What `encode_options` was given."""
    values = json.loads(payload)
    return values.pop("name"), LoadOptions(**values | {"limits": Limits(**values["limits"])})


def encode_part(part: Part) -> bytes:
    """A part as JSON."""
    values: dict[str, Any] = {name: getattr(part, name) for name in ("path", "digest", "outcome", "reason")}
    if part.loaded is not None:
        loaded = part.loaded
        values["loaded"] = {
            "text": loaded.text,
            "format": loaded.format,
            "title": loaded.title,
            "blocks": [astuple(block) for block in loaded.blocks],
            "pages": [(page.number, page.start, page.end, page.label, page.box) for page in loaded.pages],
            "metadata": dict(loaded.metadata),
            "recognised": list(loaded.recognised.items()),
        }
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode()


def decode_part(payload: bytes) -> Part:
    """The part of such JSON.

    Raises:
        WireError: It is none: a value of a wrong kind, or an offset outside the text.
    """
    try:
        values = json.loads(payload)
        loaded = _loaded(values.pop("loaded")) if "loaded" in values else None
        part = Part(**values, loaded=loaded)
        _must(all(isinstance(text, str) for text in (part.path, part.digest, part.reason)))
        _must(part.outcome in ("", "refused", "failed") and (loaded is None) == bool(part.outcome))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WireError(str(error)) from error
    return part


def _loaded(values: Mapping[str, Any]) -> Loaded:
    text, title = values["text"], values["title"]
    _must(isinstance(text, str) and isinstance(values["format"], str) and (title is None or isinstance(title, str)))
    blocks = tuple(Block(*block) for block in values["blocks"])
    _must(all(block.kind in get_args(BlockKind) and isinstance(block.level, int) for block in blocks))
    _must_follow([(block.start, block.end) for block in blocks], len(text))
    pages = tuple(_page(*page) for page in values["pages"])
    _must_follow([(page.start, page.end) for page in pages], len(text))
    metadata = values["metadata"]
    _must(all(isinstance(value, str | int | float | bool | None) for value in metadata.values()))
    recognised = {int(page): float(confidence) for page, confidence in values["recognised"]}
    return Loaded(text, values["format"], title, blocks, pages, metadata, recognised)


def _page(number: int, start: int, end: int, label: str, box: Sequence[float] | None) -> PageSpan:
    _must(isinstance(number, int) and isinstance(label, str))
    if box is None:
        return PageSpan(number, start, end, label)
    left, top, right, bottom = map(float, box)
    return PageSpan(number, start, end, label, (left, top, right, bottom))


def _must_follow(spans: Sequence[tuple[int, int]], length: int) -> None:
    """Spans lie in the text, one after the other."""
    position = 0
    for start, end in spans:
        _must(isinstance(start, int) and isinstance(end, int) and position <= start <= end <= length)
        position = end


def _must(holds: bool) -> None:
    if not holds:
        raise WireError("a part of a document is not as it should be")


def _exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if data is None or len(data) < length:
        raise WireError("the stream has ended")
    return data
