"""What the frames of a snapshot hold, and the checks that each passes before it is believed.

    H   the collection: name, encoder, created, sequence                           JSON object, once, first
    D   a document: id, key, uri, title, digest, metadata, pages, and how many     JSON object, by rising id
        chunks follow
    P   more of its pages, where there are many                                    JSON list of lists, after its D
    T   its text                                                                   UTF-8, after each D and its P
    C   some of its chunks: id, sequence, start, end, page, digest, context,       JSON list of lists, by rising id
        metadata; their text is the document's from start to end
    V   their vectors, little-endian float32                                       bytes, after each C
    L   lines of the ledger: key, uri, outcome, reason, digest, time, original,    JSON list of lists, after documents
        its digest, sketch in hex, doubts (six fields in format 1)
    E   how many documents, chunks and lines of the ledger came                    JSON object, once, last

All JSON is UTF-8. This is the truth of a collection and no more: attributes for filters follow from the metadata,
tombstones are for readers that a restored collection does not have, and files for searching are made again. So
nothing that came from elsewhere is ever given to FAISS.

It is read again by `indexes.backup.parsing`, which believes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from indexes.backup.container import Frames
from indexes.catalogue.spans import as_lists
from indexes.errors import StoreDamaged, StoreError
from indexes.records import Chunk, Document, EncoderFingerprint, LedgerEntry

__all__ = ["LONGEST_JSON", "ChunkPart", "DocumentPart", "End", "Header", "LedgerPart", "Part", "add_part"]

LONGEST_JSON = 1 << 24
"""Bytes of JSON in a frame; it takes many times as much memory."""
_PAGES = 1 << 15  # spans of pages in one frame


@dataclass(frozen=True, slots=True)
class Header:
    """The collection."""

    name: str
    encoder: EncoderFingerprint
    created: float
    sequence: int


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A document with its id and the number of its chunks."""

    id: int
    document: Document
    chunks: int


@dataclass(frozen=True, slots=True)
class ChunkPart:
    """Some chunks of the document before: ids, the commits that added them, and unit vectors (n, d) float32."""

    ids: Sequence[int]
    sequences: Sequence[int]
    chunks: Sequence[Chunk]
    vectors: np.ndarray


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """Some lines of the ledger with their times, in seconds since 1970."""

    entries: Sequence[LedgerEntry]
    times: Sequence[float]


@dataclass(frozen=True, slots=True)
class End:
    """What came before."""

    documents: int = 0
    chunks: int = 0
    entries: int = 0

    def after(self, part: "Part") -> "End":
        """The counts with one more part."""
        match part:
            case DocumentPart():
                return End(self.documents + 1, self.chunks, self.entries)
            case ChunkPart():
                return End(self.documents, self.chunks + len(part.ids), self.entries)
            case LedgerPart():
                return End(self.documents, self.chunks, self.entries + len(part.entries))
        return self


Part = Header | DocumentPart | ChunkPart | LedgerPart | End


def add_part(frames: Frames, part: Part) -> None:
    """Write a part as frames.

    Raises:
        StoreError: It cannot be written.
    """
    match part:
        case Header() | End():
            _add_json(frames, b"H" if isinstance(part, Header) else b"E", _json(asdict(part)))
        case DocumentPart(id_, document, chunks):
            pages = as_lists(document.pages)
            values = {name: getattr(document, name) for name in ("key", "uri", "title", "digest")}
            more = {"metadata": dict(document.metadata), "pages": pages[:_PAGES], "chunks": chunks}
            _add_json(frames, b"D", _json({"id": id_, **values, **more}))
            for start in range(_PAGES, len(pages), _PAGES):
                _add_json(frames, b"P", _json(pages[start : start + _PAGES]))
            frames.add(b"T", document.text.encode())
        case ChunkPart(ids, sequences, several, vectors):
            rows = [
                [id_, sequence, c.start, c.end, c.page, c.digest, c.context, dict(c.metadata)]
                for id_, sequence, c in zip(ids, sequences, several, strict=True)
            ]
            payload = _json(rows)
            if len(payload) > LONGEST_JSON and len(rows) > 1:
                middle = len(rows) // 2
                for half in (slice(middle), slice(middle, None)):
                    add_part(frames, ChunkPart(ids[half], sequences[half], several[half], vectors[half]))
                return
            _add_json(frames, b"C", payload)
            frames.add(b"V", vectors.astype("<f4").tobytes())
        case LedgerPart(entries, times):
            payload = _json([_line(entry, time) for entry, time in zip(entries, times, strict=True)])
            if len(payload) > LONGEST_JSON and len(entries) > 1:
                middle = len(entries) // 2
                for half in (slice(middle), slice(middle, None)):
                    add_part(frames, LedgerPart(entries[half], times[half]))
                return
            _add_json(frames, b"L", payload)


def _line(entry: LedgerEntry, time: float) -> list[Any]:
    said = [entry.key, entry.uri, entry.outcome, entry.reason, entry.digest, time]
    doubts = [[doubt.page, doubt.reason] for doubt in entry.doubts]
    return [*said, entry.original, entry.original_digest, entry.sketch.hex(), doubts]


def _json(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:  # half a character, a number that is none: nothing that is put can be so
        raise StoreDamaged(f"The catalogue holds what cannot be read ({error}): type `ragstack doctor`.") from error


def _add_json(frames: Frames, kind: bytes, payload: bytes) -> None:
    if len(payload) > LONGEST_JSON:
        raise StoreError(f"Metadata of {len(payload):,} bytes are too long for a snapshot: shorten them first.")
    frames.add(kind, payload)
