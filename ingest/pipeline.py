"""The flow of files into a collection: find, skip what is unchanged, load, chunk, encode, write.

:func:`ingest` makes a collection agree with files and folders. A file's digest covers its bytes and everything else
that decides the result (loaders' version, settings, encoder), so an equal digest means nothing to do. Documents wait
in a small buffer until there are enough chunks for the encoder to work in batches of like length; then each document
is written in one transaction with its vectors and its line in the ledger. Memory is bounded by the buffer and the
largest document; an interruption loses no more than the documents in the buffer, and the next run goes on from there.

One bad file never stops the rest: it is *refused* (understood and declined) or *failed* (damaged), with a reason. A
file that was good before and is not any more keeps its last good version in the collection, and its reason says so.
"""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from indexes.engine import VectorCollection, VectorWriter
from indexes.errors import LoadError, UsageError
from indexes.records import Chunk, Document, LedgerEntry, Outcome
from ingest import loading
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.discovery import SourceFile, discover, identity
from ingest.documents import Limits, Refused
from ingest.report import ChunkCounts, FileCounts, IngestReport, OnProgress, Problem, Progress

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["IngestReport", "PipelineSettings", "Progress", "fitted", "ingest"]

_BUFFERED_CHUNKS = 512
_ENCODED_AT_ONCE = 64
_RESERVED_TOKENS = 4
"""Room for the encoder's special tokens, and for a prefix that joins the first word in another way."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What decides how files become chunks, and the bounds on one file."""

    chunks: ChunkSettings = field(default_factory=ChunkSettings)
    limits: Limits = field(default_factory=Limits)


def ingest(
    paths: Sequence[str | Path],
    collection: VectorCollection,
    encoder: "Encoder",
    *,
    settings: PipelineSettings | None = None,
    prune: bool = False,
    progress: OnProgress | None = None,
) -> IngestReport:
    """Bring files and folders into a collection.

    Args:
        paths: Files and folders; folders are walked.
        collection: Where to, filled by ``encoder``.
        encoder: Makes the vectors; its model is loaded only if there is something to encode.
        settings: How to cut chunks, and the limits on a file.
        prune: Remove the documents under ``paths`` whose files have vanished.
        progress: Called after each file and each batch.

    Raises:
        StoreError: the collection cannot be written; what was written before is safe.
        EncoderMismatch, ModelMissing, ModelError: the encoder does not fit, is not there, or failed.
    """
    with collection.writer() as writer:
        return _Run(collection, writer, encoder, settings or PipelineSettings(), progress).run(paths, prune)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that waits for its vectors."""

    document: Document
    chunks: list[Chunk]
    texts: list[str]
    outcome: Outcome


class _Run:
    """One ingestion: what is known, what waits, and what has been counted."""

    def __init__(
        self,
        collection: VectorCollection,
        writer: VectorWriter,
        encoder: "Encoder",
        settings: PipelineSettings,
        progress: OnProgress | None,
    ) -> None:
        self._collection = collection
        self._writer = writer
        self._encoder = encoder
        self._limits = settings.limits
        self._chunking = fitted(settings.chunks, encoder)
        self._recipe = repr((loading.VERSION, self._chunking, encoder.fingerprint)).encode()
        self._digests = {info.key: info.digest for info in collection.documents()}
        self._ledger = {entry.key: entry for entry in collection.ledger()}
        self._waiting: list[_Ready] = []
        self._unchanged: list[LedgerEntry] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._changes: Counter[str] = Counter()
        self._problems: list[Problem] = []
        self._encoded = 0
        self._files_done = 0
        self._files_total = 0
        self._progress = progress

    def run(self, paths: Sequence[str | Path], prune: bool) -> IngestReport:
        """Do all of it."""
        began = time.perf_counter()
        found = discover(paths)
        self._files_total = len(found.files)
        gone = self._vanished(paths, {source.key for source in found.files}) if prune else []
        for source, reason in found.problems:
            if not any(_is_under(key, source.key) for key in gone):
                self._problem(source, "failed", reason, record=False)
        for source in found.files:
            self._file(source)
            self._files_done += 1
            self._report_progress(source.uri)
            if sum(len(ready.chunks) for ready in self._waiting) >= _BUFFERED_CHUNKS:
                self._flush()
        self._flush()
        self._writer.record(*self._unchanged)
        self._remove(gone)
        return self._report(time.perf_counter() - began)

    def _file(self, source: SourceFile) -> None:
        """Bring one file as far as the buffer, or account for why not."""
        digest = ""
        try:
            data = loading.read(source.path, self._limits)
            digest = hashlib.sha256(self._recipe + hashlib.sha256(data).digest()).hexdigest()
            if self._digests.get(source.key) == digest:
                self._unchanged_file(source, digest)
                return
            ready = self._prepare(source, data, digest)
        except Refused as error:
            self._problem(source, "refused", str(error), digest)
        except LoadError as error:
            self._problem(source, "failed", str(error), digest)
        else:
            self._waiting.append(ready)

    def _prepare(self, source: SourceFile, data: bytes, digest: str) -> _Ready:
        loaded = loading.load_bytes(data, source.path.name, self._limits)
        title = loaded.title or PurePath(source.uri).stem
        document = Document(source.key, source.uri, title, loaded.text, digest, loaded.metadata, loaded.pages)
        chunks = chunk(loaded, title, self._encoder.count_tokens, self._chunking)
        texts = [embedded_text(each.context, loaded.text[each.start : each.end]) for each in chunks]
        return _Ready(document, chunks, texts, "changed" if source.key in self._digests else "added")

    def _flush(self) -> None:
        """Encode what waits and write it, document by document."""
        waiting, self._waiting = self._waiting, []
        vectors = self._vectors(waiting)
        for ready in waiting:
            document = ready.document
            rows = [vectors[each.digest] for each in ready.chunks]
            entry = LedgerEntry(document.key, document.uri, ready.outcome, digest=document.digest)
            try:
                change = self._writer.put(document, ready.chunks, np.stack(rows), entry)
            except UsageError as error:
                self._problem(SourceFile(Path(document.uri), document.key, document.uri), "failed", str(error))
                continue
            self._outcomes[ready.outcome] += 1
            self._changes.update(added=change.added, reused=change.reused, removed=change.removed)

    def _vectors(self, waiting: Sequence[_Ready]) -> dict[str, np.ndarray]:
        """The vectors of all chunks by digest: those the collection has, and the others encoded, longest first."""
        texts = {each.digest: text for ready in waiting for each, text in zip(ready.chunks, ready.texts, strict=True)}
        vectors = self._writer.known(texts) if texts else {}
        missing = sorted((digest for digest in texts if digest not in vectors), key=lambda digest: -len(texts[digest]))
        for start in range(0, len(missing), _ENCODED_AT_ONCE):
            batch = missing[start : start + _ENCODED_AT_ONCE]
            vectors.update(zip(batch, self._encoder.encode_passages([texts[each] for each in batch]), strict=True))
            self._encoded += len(batch)
            self._report_progress("")
        return vectors

    def _unchanged_file(self, source: SourceFile, digest: str) -> None:
        self._outcomes["unchanged"] += 1
        known = self._ledger.get(source.key)
        if known is None or (known.outcome, known.digest) != ("unchanged", digest):
            self._unchanged.append(LedgerEntry(source.key, source.uri, "unchanged", digest=digest))

    def _problem(
        self, source: SourceFile, outcome: Outcome, reason: str, digest: str = "", *, record: bool = True
    ) -> None:
        if source.key in self._digests:
            reason += "; the version of before stays in the collection"
        self._outcomes[outcome] += 1
        self._problems.append(Problem(source.uri, outcome, reason))
        if record:
            reason = reason.replace("\0", "\ufffd").encode(errors="replace").decode()  # it may quote a broken file
            self._writer.record(LedgerEntry(source.key, source.uri, outcome, reason, digest))

    def _vanished(self, paths: Sequence[str | Path], present: set[str]) -> list[str]:
        """The keys of documents at or under ``paths`` whose files are not there any more."""
        roots = [identity(Path(path)) for path in paths]
        return [
            key
            for key in self._digests
            if key not in present and any(_is_under(key, root) for root in roots) and not Path(key).exists()
        ]

    def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            known = self._ledger.get(key)
            entry = LedgerEntry(key, known.uri if known else key, "removed", "its file has vanished")
            self._changes["removed"] += self._writer.delete(key, entry)
            self._outcomes["removed"] += 1

    def _report_progress(self, current: str) -> None:
        if self._progress is not None:
            self._progress(Progress(self._files_done, self._files_total, self._encoded, current))

    def _report(self, seconds: float) -> IngestReport:
        total = self._collection.info().chunks
        return IngestReport(
            collection=self._collection.name,
            seconds=seconds,
            files=FileCounts.of(self._outcomes),
            chunks=ChunkCounts(total=total, **self._changes),
            problems=tuple(self._problems),
            chunks_per_second=self._encoded / seconds if self._encoded else 0.0,
            peak_rss_bytes=_peak_rss(),
        )


def fitted(settings: ChunkSettings, encoder: "Encoder") -> ChunkSettings:
    """The settings with chunks no longer than the encoder reads, its prefix and special tokens included."""
    prefix = encoder.fingerprint.passage_prefix
    reserved = _RESERVED_TOKENS + (len(prefix) if prefix else 0)
    longest = min(settings.max_tokens, encoder.max_length - reserved)
    return ChunkSettings(longest, settings.overlap_sentences, min(settings.max_context_tokens, longest // 4))


def _is_under(key: str, root: str) -> bool:
    return key == root or key.startswith(root.rstrip("/") + "/")


def _peak_rss() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
