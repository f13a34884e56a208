"""What a run has to say of every file: counts for the report, lines for the ledger."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping

from indexes.records import Change, LedgerEntry, Outcome
from ingest.files.discovery import SourceFile
from ingest.report import (
    ChunkCounts,
    DoubtfulPage,
    Duplicate,
    FileCounts,
    IngestReport,
    PageCounts,
    Problem,
    Similar,
)
from ingest.sync.preparing import Ready
from ingest.text.quality import PageQuality

__all__ = ["Accounts"]

_KEPT = "; the version of before stays in the collection"


class Accounts:
    """Counts files and chunks, and remembers what the report lists."""

    def __init__(self, ledger: Mapping[str, LedgerEntry]) -> None:
        self.outcomes: dict[str, tuple[Outcome, str]] = {}
        self._ledger = ledger
        self._names = {key: entry.uri for key, entry in ledger.items()}
        self._chunks: Counter[str] = Counter()
        self._problems: dict[str, Problem] = {}
        self._pages: dict[str, tuple[str, tuple[PageQuality, ...]]] = {}
        self._duplicates: dict[str, Duplicate] = {}
        self._similar: dict[str, tuple[Similar, ...]] = {}
        self._masked: Counter[str] = Counter()

    def stored(self, ready: Ready, outcome: Outcome, similar: Mapping[str, int]) -> LedgerEntry:
        """A document is going to be in the collection; ``similar`` counts the sentences that others lack."""
        document = ready.document
        self._say(document.key, document.uri, outcome, "")
        self._pages[document.key] = document.uri, ready.pages
        self._similar[document.key] = tuple(Similar(document.uri, self._name(k), n) for k, n in similar.items())
        self._masked.update(ready.masked)
        return LedgerEntry(
            document.key, document.uri, outcome, digest=document.digest, sketch=ready.sketch, doubts=ready.doubts
        )

    def changed(self, change: Change) -> None:
        """Chunks were written."""
        self._chunks.update(added=change.added, reused=change.reused, removed=change.removed)

    def unchanged(self, source: SourceFile, digest: str) -> LedgerEntry | None:
        """A file is as it was; gives the line that the ledger needs, if it says otherwise."""
        self._say(source.key, source.uri, "unchanged", "")
        known = self._ledger.get(source.key)
        if known is None:
            return LedgerEntry(source.key, source.uri, "unchanged", digest=digest)
        if known.outcome in ("unchanged", "unpacked") and known.digest == digest:
            return None
        return LedgerEntry(source.key, source.uri, "unchanged", digest=digest, sketch=known.sketch, doubts=known.doubts)

    def moved(self, source: SourceFile, digest: str, before: str) -> LedgerEntry:
        """A document has another place now."""
        known = self._ledger.get(before)
        reason = f"it was {known.uri if known else before}"
        self._say(source.key, source.uri, "moved", reason)
        sketch, doubts = (known.sketch, known.doubts) if known else (b"", ())
        return LedgerEntry(source.key, source.uri, "moved", reason, digest, sketch=sketch, doubts=doubts)

    def duplicate(self, source: SourceFile, digest: str, original: str, original_digest: str) -> LedgerEntry:
        """Another document, or archive, holds all of a file."""
        name = self._name(original)
        reason = f"{name} holds the same"
        self._say(source.key, source.uri, "duplicate", reason)
        self._duplicates[source.key] = Duplicate(source.uri, name)
        return LedgerEntry(
            source.key, source.uri, "duplicate", reason, digest, original=original, original_digest=original_digest
        )

    def unpacked(self, source: SourceFile, digest: str) -> LedgerEntry:
        """All that is in an archive has come."""
        self._say(source.key, source.uri, "unpacked", "")
        return LedgerEntry(source.key, source.uri, "unpacked", digest=digest)

    def gone(self, chunks: int) -> None:
        """Chunks were removed with their document."""
        self._chunks["removed"] += chunks

    def outcome(self, key: str) -> str:
        """The outcome of a file in this run; empty where it has none yet."""
        return self.outcomes[key][0] if key in self.outcomes else ""

    def removed(self, key: str, reason: str) -> LedgerEntry:
        """A document is going to be taken out."""
        self._say(key, self._name(key), "removed", reason)
        return LedgerEntry(key, self._name(key), "removed", reason)

    def problem(self, source: SourceFile, digest: str, outcome: Outcome, reason: str, *, kept: bool) -> LedgerEntry:
        """A file did not become a document; where it was one before, that is ``kept``."""
        reason = reason.replace("\0", "\ufffd").encode(errors="replace").decode()  # it may quote a broken file
        if kept and not reason.endswith(_KEPT):
            reason += _KEPT
        self._say(source.key, source.uri, outcome, reason)
        self._problems[source.key] = Problem(source.uri, outcome, reason)
        known = self._ledger.get(source.key) if kept else None
        sketch, doubts = (known.sketch, known.doubts) if known else (b"", ())
        return LedgerEntry(source.key, source.uri, outcome, reason, digest, sketch=sketch, doubts=doubts)

    def report(self, name: str, total: int, encoded: int, seconds: float, encoding: float) -> IngestReport:
        """The report of the run: ``total`` chunks in the collection, ``encoded`` in so many ``encoding`` seconds."""
        counts = Counter(outcome for outcome, _ in self.outcomes.values())
        return IngestReport(
            collection=name,
            seconds=seconds,
            files=FileCounts.of(counts),
            chunks=ChunkCounts(total=total, **self._chunks),
            problems=tuple(self._problems.values()),
            pages=self._page_counts(),
            doubtful=tuple(self._doubtful()),
            duplicates=tuple(self._duplicates.values()),
            similar=tuple(each for several in self._similar.values() for each in several),
            personal_data=dict(self._masked),
            encoding_seconds=encoding,
            chunks_per_second=encoded / seconds if encoded else 0.0,
            peak_rss_bytes=_peak_rss(),
        )

    def _page_counts(self) -> PageCounts:
        pages = [page for _, several in self._pages.values() for page in several]
        return PageCounts(
            len(pages),
            sum(bool(page.doubts) for page in pages),
            sum(page.recognised is not None for page in pages),
            sum(page.readability for page in pages) / len(pages) if pages else 0.0,
        )

    def _doubtful(self) -> Iterator[DoubtfulPage]:
        for uri, pages in self._pages.values():
            for page in pages:
                for doubt in page.doubts:
                    yield DoubtfulPage(uri, page.page, doubt, page.readability, page.language)

    def _say(self, key: str, uri: str, outcome: Outcome, reason: str) -> None:
        """The outcome of a file in this run; a later one takes the place of an earlier."""
        self.outcomes[key] = outcome, reason
        self._names[key] = uri
        for lists in (self._problems, self._pages, self._duplicates, self._similar):
            lists.pop(key, None)

    def _name(self, key: str) -> str:
        return self._names.get(key, key)


def _peak_rss() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
