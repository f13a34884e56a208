"""The flow of files into a collection: find, skip what is unchanged, load, chunk, encode, write.

:func:`ingest` makes a collection agree with files and folders. Three things go on at once: files are read ahead of the
encoder (`ingest.sync.reading`), vectors are made, and what has its vectors is written. Documents wait in a small buffer
until there are enough chunks for the encoder to work in batches of like length; then each is written in one
transaction with its vectors and its line in the ledger. Memory is bounded by the buffers and the largest document; an
interruption loses no more than the work on the documents in them, and the next run goes on from there.

Content decides. The same bytes elsewhere are a *moved* file where the old one is gone, else a *duplicate*; so is a file
of other bytes whose every sentence another document holds. A duplicate is kept once, and when the document that stands
for it changes or goes, it gets one of its own.

One bad file never stops the rest: it is *refused* (understood and declined) or *failed* (damaged), with a reason. A
file that was good before and is not any more keeps its last good version in the collection, and its reason says so.
"""

import glob
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexes.engine import VectorCollection, VectorWriter
from indexes.errors import UsageError
from ingest import ocr
from ingest.files import loading
from ingest.files.discovery import Discovery, OwnFiles, SourceFile, discover, identity, is_under
from ingest.processes.workers import Workers
from ingest.report import IngestReport, OnProgress, Progress
from ingest.sync.interrupts import Interrupts
from ingest.sync.preparing import PipelineSettings, fitted, prepare
from ingest.sync.reading import Ahead, arrivals
from ingest.sync.settling import Settling
from ingest.sync.standing import Standing, holder_of
from ingest.sync.writing import Lane

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["IngestReport", "PipelineSettings", "Progress", "fitted", "ingest"]

_CHUNKS_AHEAD = 512


def ingest(
    paths: Sequence[str | Path],
    collection: VectorCollection,
    encoder: "Encoder",
    *,
    settings: PipelineSettings | None = None,
    prune: bool = False,
    retry_failed: bool = False,
    skip: OwnFiles | None = None,
    progress: OnProgress | None = None,
) -> IngestReport:
    """Bring files and folders into a collection.

    Args:
        paths: Files, folders, which are walked, and patterns; ``-`` is standard input.
        collection: Where to, filled by ``encoder``.
        encoder: Makes the vectors; its model is loaded only if there is something to encode.
        settings: How to read files and cut chunks, and the limits on a file.
        prune: Remove the documents under ``paths`` whose files have vanished.
        retry_failed: Try again the files that were refused or failed before and have not changed.
        skip: The caller's own files, such as the database's, passed over inside ``paths``.
        progress: Called after each file and each batch.

    Raises:
        UsageError: a path is empty, or vanished files are to be removed from a pattern.
        StoreError: the collection cannot be written; what was written before is safe.
        EncoderMismatch, ModelMissing, ModelError: the encoder does not fit, is not there, or failed.
        KeyboardInterrupt: after the step in hand; whatever had its vectors was written.
    """
    settings = settings or PipelineSettings()
    found = discover(paths, settings.options.limits.max_bytes, skip)
    roots = _roots(paths) if prune else []
    with (
        collection.writer() as writer,
        Workers(settings.options, settings.workers) as workers,
        Lane() as lane,
        Interrupts() as interrupts,
    ):
        run = _Run(collection, writer, encoder, settings, workers, lane, interrupts, progress, retry=retry_failed)
        return run.run(found, roots)


class _Run:
    """One ingestion."""

    def __init__(
        self,
        collection: VectorCollection,
        writer: VectorWriter,
        encoder: "Encoder",
        settings: PipelineSettings,
        workers: Workers,
        lane: Lane,
        interrupts: Interrupts,
        progress: OnProgress | None,
        *,
        retry: bool,
    ) -> None:
        self._collection = collection
        self._encoder = encoder
        self._settings = settings
        self._workers = workers
        self._lane = lane
        self._interrupts = interrupts
        self._retry = retry
        self._progress = progress
        self._chunking = fitted(settings.chunks, encoder)
        self._settling = Settling(collection, writer, lane, encoder, self._stand(), lambda: self._show(""))
        self._done = self._total = 0

    def run(self, found: Discovery, roots: Sequence[str]) -> IngestReport:
        """Do all of it; what has vanished from ``roots`` is removed."""
        began = time.perf_counter()
        settling = self._settling
        gone = settling.vanished(roots, {source.key for source in found.files})
        for source, reason in found.problems:
            if not any(is_under(key, source.key) for key in gone):
                settling.accounts.problem(source, "", "failed", reason, kept=settling.holds(source.key))
        self._take(found.files)
        for key in gone:
            settling.remove(key, "its file has vanished")
        while again := settling.look_again():
            self._lane.wait()
            settling.begin_again(self._stand())
            self._take(again)
        self._lane.wait()
        total, buffer = self._collection.info().chunks, settling.buffer
        seconds = time.perf_counter() - began
        return settling.accounts.report(self._collection.name, total, buffer.encoded, seconds, buffer.seconds)

    def _stand(self) -> Standing:
        """What the collection holds; whatever decides how a file is stored is a part of its digest."""
        how = self._settings
        reads_pictures = how.options.ocr and not ocr.missing()
        recipe = (loading.VERSION, self._chunking, self._encoder.fingerprint)
        more = (how.options.pdf, reads_pictures, how.personal_data, how.doubtful)
        return Standing(self._collection, (recipe, more), retry=self._retry)

    def _take(self, files: Sequence[SourceFile]) -> None:
        """Settle what becomes of each of these files."""
        self._total += len(files)
        how, settling = self._settings, self._settling
        prepared = partial(prepare, encoder=self._encoder, chunking=self._chunking, how=how)
        coming = arrivals(files, settling.standing, self._workers, how.options, prepared)
        ahead = Ahead(coming, lambda arrival: arrival.weight, _CHUNKS_AHEAD)
        try:
            for arrival in ahead.items(self._interrupts.check):
                settling.settle(arrival)
                self._done += holder_of(arrival.source.key) == arrival.source.key
                self._show(arrival.source.uri)
            settling.buffer.flush()
        finally:
            ahead.close()
        settling.finish(files)

    def _show(self, current: str) -> None:
        self._interrupts.check()
        if self._progress is not None:
            self._progress(Progress(self._done, self._total, self._settling.buffer.encoded, current))


def _roots(paths: Sequence[str | Path]) -> list[str]:
    """The keys of what was given, under which whatever has vanished is to be removed.

    Raises:
        UsageError: A pattern is given: what it would match if it were there cannot be known.
    """
    for path in paths:
        if glob.has_magic(str(path)) and not Path(path).exists():
            raise UsageError(f"what has vanished from the pattern {path} cannot be known; give its folder to prune")
    return [identity(Path(path)) for path in paths if str(path) != "-"]
