"""Reading the parts of a snapshot, which may come from anybody.

Nothing in it is believed: every value has its type and its bounds, every text can be stored, offsets lie in the
text, vectors are finite and of unit length (or all zeros), ids rise, counts agree, and the checksum holds. JSON, which
takes many times its length in memory, is read up to 16 MiB a frame; texts and vectors are not JSON. The chunks of a
document are spans of its text that may overlap, up to a small multiple of the text and no further.
"""

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import numpy as np

from indexes.backup import contents
from indexes.backup.container import damaged, read_frames
from indexes.backup.contents import ChunkPart, DocumentPart, End, Header, LedgerPart, Part
from indexes.catalogue.checking import check, check_entry, most_characters
from indexes.errors import RagStackError
from indexes.records import Chunk, Document, Doubt, EncoderFingerprint, LedgerEntry, Outcome, PageSpan

__all__ = ["read_parts"]

_T = TypeVar("_T")
_LARGEST: Final = 1 << 53
"""The largest id, sequence or offset: what every reader of JSON takes, and far from the end of the database's."""
_LATEST: Final = 253_402_300_799.0  # the last second of the year 9999
_MOST_DIMENSIONS: Final = 65_536
_MOST_PAGES: Final = 1 << 22
_UNIT: Final = 1e-3


def read_parts(path: Path) -> Iterator[Part]:
    """The parts of a snapshot, each checked. Whether the file is whole is known only after the last one.

    Raises:
        UsageError: There is no such file, it is no snapshot, or one of a newer program.
        StoreDamaged: It is damaged, or was made to look like one.
        StoreError: It cannot be read.
    """
    reader = _PartReader()
    try:
        for kind, payload in read_frames(path):
            part = reader.part(kind, payload)
            if part is not None:
                yield part
        _must(isinstance(reader.last, End), "its end is missing")
    except _Wrong as error:
        raise damaged(path, str(error)) from error


class _Wrong(Exception):
    """What is not as it should be."""


class _PartReader:
    """Makes parts of frames and knows what may follow what."""

    def __init__(self) -> None:
        self.last: Part | None = None
        self._header: Header | None = None
        self._document: DocumentPart | None = None
        self._chunk_id = 0
        self._values: dict[str, Any] | None = None  # a document that waits for its text
        self._rows: list[list[Any]] | None = None  # chunks that wait for their vectors
        self._characters = 0  # of the document's chunks so far
        self._expected = 0  # chunks in all, when those of the document have come
        self._counts = End()

    def part(self, kind: bytes, payload: bytes) -> Part | None:
        """The part that a frame completes, None where another frame belongs to it."""
        _must((self._header is None) == (kind == b"H"), "its parts are not in order")
        _must((self._values is not None) == (kind in (b"P", b"T")), "its parts are not in order")
        _must((self._rows is not None) == (kind == b"V"), "its parts are not in order")
        _must(not isinstance(self.last, End), "something follows its end")
        part: Part
        match kind:
            case b"H":
                part = self._header = _header(payload)
            case b"D" if not isinstance(self.last, LedgerPart):
                self._complete()
                self._values = _described(payload)
                return None
            case b"P" if self._values is not None:
                self._values["pages"] += _typed(_parsed(payload), list)
                _must(len(self._values["pages"]) <= _MOST_PAGES, "its pages")
                return None
            case b"T" if self._values is not None:
                part = self._document = _document(self._values, payload, self._document.id if self._document else 0)
                self._values, self._chunk_id, self._characters = None, 0, 0
                self._expected += part.chunks
            case b"C" if isinstance(self.last, DocumentPart | ChunkPart):
                self._rows = _listed(payload, 8)
                return None
            case b"V":
                part = self._chunks(payload)
            case b"L":
                self._complete()
                part = _ledger(payload)
            case b"E":
                self._complete()
                part = _end(payload)
                _must(part == self._counts, "parts of it are missing")
            case _:
                raise _Wrong("its parts are not in order")
        self._counts = self._counts.after(part)
        self.last = part
        return part

    def _complete(self) -> None:
        _must(self._counts.chunks == self._expected, "chunks of it are missing")

    def _chunks(self, payload: bytes) -> ChunkPart:
        rows, self._rows = self._rows, None
        if rows is None or self._document is None or self._header is None:
            raise _Wrong("its parts are not in order")
        encoder, document = self._header.encoder, self._document.document
        _must(len(payload) == 4 * len(rows) * encoder.dimension, "its vectors have another dimension")
        vectors = np.frombuffer(payload, "<f4").reshape(len(rows), encoder.dimension)
        ids = [_whole(row[0], 1) for row in rows]
        _must(all(a < b for a, b in zip([self._chunk_id, *ids], ids, strict=False)), "the ids of its chunks")
        self._chunk_id = ids[-1] if ids else self._chunk_id
        chunks = [
            Chunk(
                start=_whole(start, 0),
                end=_whole(end, 0),
                context=_text(context),
                digest=_text(digest),
                page=None if page is None else _whole(page, 0, 1 << 31),
                metadata=_typed(metadata, dict),
            )
            for _, _, start, end, page, digest, context, metadata in rows
        ]
        _storable(lambda: check(document, chunks, vectors, encoder))
        self._characters += sum(chunk.end - chunk.start for chunk in chunks)
        _must(self._characters <= most_characters(document.text), "its chunks overlap without bound")
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
        _must(bool(np.all((np.abs(norms - 1) <= _UNIT) | (norms == 0))), "a vector is not of unit length")
        sequences = [_whole(row[1], 0, self._header.sequence + 1) for row in rows]
        return ChunkPart(ids, sequences, chunks, vectors)


def _header(payload: bytes) -> Header:
    values = _named(payload, "name", "encoder", "created", "sequence")
    encoder = _typed(values["encoder"], dict)
    fields = EncoderFingerprint.__dataclass_fields__
    _must(set(encoder) == set(fields), "its encoder")
    _whole(encoder["dimension"], 1, _MOST_DIMENSIONS + 1)
    for name in set(fields) - {"dimension"}:
        _text(encoder[name])
    return Header(
        _text(values["name"]), EncoderFingerprint(**encoder), _time(values["created"]), _whole(values["sequence"], 0)
    )


def _described(payload: bytes) -> dict[str, Any]:
    values = _named(payload, "id", "key", "uri", "title", "digest", "metadata", "pages", "chunks")
    _typed(values["pages"], list)
    return values


def _document(values: dict[str, Any], text: bytes, before: int) -> DocumentPart:
    id_ = _whole(values["id"], before + 1)
    pages = [_page(span) for span in values["pages"]]
    texts = {name: _text(values[name]) for name in ("key", "uri", "title", "digest")}
    try:
        texts["text"] = text.decode()
    except UnicodeDecodeError as error:
        raise _Wrong("a text that is not UTF-8") from error
    document = Document(**texts, metadata=_typed(values["metadata"], dict), pages=tuple(pages))
    none = np.empty((0, 1), np.float32)
    _storable(lambda: check(document, [], none, EncoderFingerprint("", "", 1)))
    return DocumentPart(id_, document, _whole(values["chunks"], 0, 1 << 31))


def _page(span: Any) -> PageSpan:
    _must(isinstance(span, list) and 3 <= len(span) <= 5, "its pages")
    number, start, end = (_whole(value, -_LARGEST) for value in span[:3])
    label = _text(span[3]) if len(span) > 3 else ""
    if len(span) < 5:
        return PageSpan(number, start, end, label)
    _must(isinstance(span[4], list) and len(span[4]) == 4, "its pages")
    left, top, right, bottom = (_number(side) for side in span[4])
    return PageSpan(number, start, end, label, (left, top, right, bottom))


def _ledger(payload: bytes) -> LedgerPart:
    entries, times = [], []
    for line in _listed(payload, 10, 6):
        key, uri, outcome, reason, digest, time, original, held, sketch, doubts = [*line, "", "", "", []][:10]
        _must(outcome in get_args(Outcome), "its ledger")
        entry = LedgerEntry(
            *(_text(key), _text(uri), outcome, _text(reason), _text(digest)),
            original=_text(original),
            original_digest=_text(held),
            sketch=_bytes(sketch),
            doubts=tuple(_doubt(doubt) for doubt in _typed(doubts, list)),
        )
        _storable(partial(check_entry, entry))
        entries.append(entry)
        times.append(_time(time))
    return LedgerPart(entries, times)


def _doubt(value: Any) -> Doubt:
    _must(isinstance(value, list) and len(value) == 2, "its ledger")
    page, reason = value
    return Doubt(None if page is None else _whole(page, 0, 1 << 31), _text(reason))


def _bytes(value: Any) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        raise _Wrong("its ledger") from error


def _end(payload: bytes) -> End:
    values = _named(payload, "documents", "chunks", "entries")
    return End(**{name: _whole(value, 0) for name, value in values.items()})


def _storable(checking: Callable[[], object]) -> None:
    try:
        checking()
    except RagStackError as error:
        raise _Wrong(str(error).partition(":")[0]) from error


def _parsed(payload: bytes) -> Any:
    _must(len(payload) <= contents.LONGEST_JSON, "a part of it is too long")
    try:
        return json.loads(payload.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _Wrong("a part of it is no JSON") from error


def _no_number(name: str) -> float:
    raise ValueError(name)


def _named(payload: bytes, *names: str) -> dict[str, Any]:
    values = _typed(_parsed(payload), dict)
    _must(set(values) == set(names), "a part of it has other fields")
    return values


def _listed(payload: bytes, *widths: int) -> list[list[Any]]:
    rows = _typed(_parsed(payload), list)
    _must(all(isinstance(row, list) and len(row) in widths for row in rows), "a part of it has other fields")
    return rows


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise _Wrong(f"{type(value).__name__} where {kind.__name__} is expected")
    return value


def _whole(value: Any, least: int, beyond: int = _LARGEST) -> int:
    number = _typed(value, int)
    _must(least <= number < beyond, "a number is out of bounds")
    return number


def _number(value: Any) -> float:
    _must(type(value) in (int, float) and math.isfinite(value), "a number is out of bounds")
    return float(value)


def _time(value: Any) -> float:
    _must(type(value) in (int, float) and math.isfinite(value) and 0 <= value <= _LATEST, "a time is out of bounds")
    return float(value)


def _text(value: Any) -> str:
    text = _typed(value, str)
    try:
        _must("\0" not in text and bool(text.encode() or True), "a text that cannot be stored")
    except UnicodeEncodeError as error:
        raise _Wrong("a text that cannot be stored") from error
    return text


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _Wrong(otherwise)
