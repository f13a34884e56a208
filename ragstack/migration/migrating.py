"""A collection moves to another encoder: built anew beside, compared, and switched in one transaction.

The shadow takes every document of the collection as it is stored, with the same chunks and vectors of the new encoder.
A chunk that is longer than the new encoder reads is cut at its sentences. It is built as a stream, in batches, and what
is there already is not encoded again: a migration that was killed goes on where it was. Searches and writers of the
collection are not disturbed; what they change meanwhile is followed up, the last of it under the collection's lock,
which is held for that and for the switch alone.

The old collection stays, under another name. Going back is deleting the new one and renaming the old one.
"""

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from indexes.database import Database
from indexes.engine import VectorCollection, VectorWriter
from indexes.errors import UsageError
from indexes.records import Chunk, Document, EncoderFingerprint
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Loaded
from ingest.encoders import Encoder
from ingest.pipeline import fitted
from ingest.report import OnProgress, Progress
from ragstack.migration.agreement import Comparison, compare, sampled_questions
from ragstack.retrieval import check_question

__all__ = ["Migration", "migrate", "read_questions"]

_BUFFERED_CHUNKS: Final = 512
_ENCODED_AT_ONCE: Final = 64
_ROUNDS: Final = 3
"""How often changes are followed up while others may write; then the lock is taken."""
_LONGEST_NAME: Final = 64
_LEAST_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of a migration.

    ``encoded`` counts the chunks that this run encoded, ``cut`` those of the old collection that were too long.
    ``comparison`` is None where ``not_compared`` says why. ``kept`` is the name of the old collection after the switch,
    empty where nothing was switched.
    """

    collection: str
    before: EncoderFingerprint
    after: EncoderFingerprint
    documents: int
    chunks: int
    encoded: int
    cut: int
    comparison: Comparison | None
    not_compared: str
    switched: bool
    kept: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dictionaries and lists, for JSON."""
        return asdict(self)


def migrate(
    database: Database,
    name: str,
    old: Encoder | None,
    new: Encoder,
    *,
    questions: Sequence[str] = (),
    compare_only: bool = False,
    progress: OnProgress | None = None,
) -> Migration:
    """Move a collection to another encoder.

    Args:
        database: Where it is.
        name: Its name.
        old: The encoder that filled it, for comparing; None where there is none any more.
        new: The encoder that is to fill it.
        questions: What to compare with; by default sentences of the documents.
        compare_only: Build and compare, and leave the switch for another call.
        progress: Called after each document and each batch.

    Raises:
        UnknownCollection: There is no collection of that name.
        UsageError: It was filled by that encoder, or the name that the old one would get is in use.
        StoreBusy: It is being migrated by another process, or written at the time of the switch.
        StoreError: It cannot be read or written; the collection is as it was.
        ModelError: An encoder failed; the collection is as it was.
    """
    began = time.perf_counter()
    source = database.collection(name)
    kept = _kept_name(source.name, new.fingerprint.name)
    _check(database, source, new, kept)
    shadow = database.shadow(name, new.fingerprint)
    with shadow.writer() as writer:
        builder = _Builder(source, shadow, writer, new, progress)
        builder.follow()
        writer.finish()
        asked = list(questions) or sampled_questions(source)
        comparison = None
        if old is not None:
            comparison = compare((source, old), (shadow, new), asked, sampled=not questions)
        if not compare_only:
            with source.locked():
                builder.catch_up()
                database.switch(name, kept)
        info = shadow.info()
    nothing = "" if comparison else "there is no question" if old else f"encoder {source.encoder.name} is not here"
    return Migration(
        collection=source.name,
        before=source.encoder,
        after=new.fingerprint,
        documents=info.documents,
        chunks=info.chunks,
        encoded=builder.encoded,
        cut=builder.cut,
        comparison=comparison,
        not_compared=nothing,
        switched=not compare_only,
        kept="" if compare_only else kept,
        seconds=time.perf_counter() - began,
    )


def read_questions(queries: str | Path | Sequence[str]) -> list[str]:
    """Questions as they are, or from a text file with one on each line; blank lines are left out.

    Raises:
        UsageError: There is no such file, it is not UTF-8, it holds no question, or one is too long.
    """
    if not isinstance(queries, str | Path):
        return [check_question(question) for question in queries]
    try:
        lines = Path(queries).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read the questions in {queries}: {reason}; expected one on each line") from None
    questions = [check_question(line) for line in lines if line.strip()]
    if not questions:
        raise UsageError(f"there is no question in {queries}; expected one on each line")
    return questions


def _check(database: Database, source: VectorCollection, new: Encoder, kept: str) -> None:
    if source.encoder == new.fingerprint:
        raise UsageError(
            f"Collection {source.name!r} was filled by {new.fingerprint.name} already: choose another encoder."
        )
    if kept in (info.name for info in database.collections()):
        raise UsageError(
            f"There is already a collection {kept!r}, which is the name that the old {source.name!r} would get: "
            f"type `ragstack collections delete {kept}` or `ragstack collections rename {kept} OTHER` first."
        )


def _kept_name(name: str, encoder: str) -> str:
    ending = "-before-" + re.sub(r"[^\w.\-]+", "-", encoder)[:40]
    return name[: _LONGEST_NAME - len(ending)] + ending


class _Builder:
    """Makes a shadow agree with its collection."""

    def __init__(
        self,
        source: VectorCollection,
        shadow: VectorCollection,
        writer: VectorWriter,
        encoder: Encoder,
        progress: OnProgress | None,
    ) -> None:
        self.encoded = 0
        self._too_long: dict[str, int] = {}
        self._source = source
        self._shadow = shadow
        self._writer = writer
        self._encoder = encoder
        self._room = fitted(ChunkSettings(max_tokens=encoder.max_length), encoder).max_tokens
        self._progress = progress
        self._done = self._total = 0
        self._sequence = -1
        self._waiting: list[tuple[Document, list[Chunk]]] = []

    @property
    def cut(self) -> int:
        """How many chunks of the collection were too long."""
        return sum(self._too_long.values())

    def follow(self) -> None:
        """Catch up until nothing has changed meanwhile, or for some rounds."""
        for _ in range(_ROUNDS):
            self.catch_up()
            if self._source.info().sequence == self._sequence:
                break

    def catch_up(self) -> None:
        """Bring over what differs from the collection; nothing is looked at where no commit came since the last time.

        Where nobody writes to the collection meanwhile, the two agree afterwards.
        """
        sequence = self._source.info().sequence
        if sequence == self._sequence:
            return
        infos = self._source.documents()
        there = {info.key for info in self._shadow.documents()}
        self._done, self._total = 0, len(infos)
        for info in infos:
            self._document(info.key, info.key in there)
            self._done += 1
            self._report(info.uri)
            if sum(len(chunks) for _, chunks in self._waiting) >= _BUFFERED_CHUNKS:
                self._flush()
        self._flush()
        for key in there - {info.key for info in infos}:
            self._writer.delete(key)
            self._too_long.pop(key, None)
        self._sequence = sequence

    def _document(self, key: str, is_there: bool) -> None:
        contents = self._source.contents(key)
        if contents is None:  # it was deleted since the list was made, which is one more commit to follow
            return
        document, chunks = contents
        known = self._shadow.contents(key) if is_there else None
        if known == contents:
            return
        fitting = self._fitting(document, chunks)
        if known != (document, fitting):
            self._waiting.append((document, fitting))

    def _fitting(self, document: Document, chunks: Sequence[Chunk]) -> list[Chunk]:
        """The chunks, with those that are too long cut."""
        texts = [embedded_text(each.context, document.text[each.start : each.end]) for each in chunks]
        counts = self._encoder.count_tokens(texts) if texts else []
        self._too_long[document.key] = sum(tokens > self._room for tokens in counts)
        return [
            part
            for each, tokens in zip(chunks, counts, strict=True)
            for part in ([each] if tokens <= self._room else self._parts(document, each))
        ]

    def _parts(self, document: Document, whole: Chunk) -> list[Chunk]:
        count = self._encoder.count_tokens
        room = max(_LEAST_TOKENS, self._room - count([whole.context])[0])
        settings = ChunkSettings(room, overlap_sentences=0, max_context_tokens=0)
        parts = []
        for each in chunk(Loaded(document.text[whole.start : whole.end], "text"), "", count, settings):
            start, end = whole.start + each.start, whole.start + each.end
            text = embedded_text(whole.context, document.text[start:end])
            page = document.page_at(start) if document.pages else whole.page
            digest = hashlib.sha256(text.encode()).hexdigest()
            parts.append(Chunk(start, end, whole.context, digest, page, whole.metadata))
        return parts

    def _flush(self) -> None:
        """Encode what waits and write it, document by document."""
        waiting, self._waiting = self._waiting, []
        texts = {
            each.digest: embedded_text(each.context, document.text[each.start : each.end])
            for document, chunks in waiting
            for each in chunks
        }
        vectors = self._writer.known(texts) if texts else {}
        missing = sorted((digest for digest in texts if digest not in vectors), key=lambda digest: -len(texts[digest]))
        for start in range(0, len(missing), _ENCODED_AT_ONCE):
            batch = missing[start : start + _ENCODED_AT_ONCE]
            vectors.update(zip(batch, self._encoder.encode_passages([texts[each] for each in batch]), strict=True))
            self.encoded += len(batch)
            self._report("")
        for document, chunks in waiting:
            empty = np.empty((0, self._encoder.fingerprint.dimension), np.float32)
            rows = np.stack([vectors[each.digest] for each in chunks]) if chunks else empty
            self._writer.put(document, chunks, rows)

    def _report(self, current: str) -> None:
        if self._progress is not None:
            self._progress(Progress(self._done, self._total, self.encoded, current))
