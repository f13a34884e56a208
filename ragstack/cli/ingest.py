"""``ragstack ingest``: sync files and folders into a collection."""

import glob
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexes.errors import UsageError
from ragstack.cli.render import console, flat, paragraph, show_table
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from rich.console import Console

    from ingest.report import IngestReport, Progress

__all__ = ["ingest", "progress_bar"]

_MOST_ROWS = 200


@click.command(
    short_help="Sync files and folders into a collection.",
    epilog=examples(
        "ragstack ingest docs/ report.pdf --collection manuals",
        "ragstack ingest 'docs/**/*.pdf' --retry-failed",
        "ragstack ingest docs/ --prune --watch",
        "curl -s https://example.org/page | ragstack ingest -",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=PathName(path_type=Path), metavar="PATH...")
@click.option("-c", "--collection", type=words, metavar="NAME", help="Default: store.collection of the settings.")
@click.option("--prune", is_flag=True, help="Remove documents under these paths whose files have vanished.")
@click.option("--retry-failed", is_flag=True, help="Try again what was refused or failed and has not changed.")
@click.option("--watch", is_flag=True, help="Go on and follow the paths until interrupted; with --json, one line each.")
@common_options
@click.pass_obj
def ingest(
    session: Session, paths: tuple[Path, ...], collection: str | None, *, prune: bool, retry_failed: bool, watch: bool
) -> int:
    """Bring files, folders and patterns into a collection; "-" is standard input.

    PDF, DOCX, PPTX, XLSX, ODT, RTF, HTML, EPUB, mail, Markdown, text, CSV, JSON and XML are read, pictures and scans
    where ragstack[ocr] is installed, and whatever lies in archives. What is unchanged since the last time is skipped.
    A file that cannot be read stops nothing: it is listed with the reason, and the exit status is 1 where any was
    refused (empty, encrypted, ...) or failed (damaged, missing, ...). Interrupted, it goes on from there next time.
    """
    if not prune and not any(_may_be_there(path) for path in paths):
        listed = ", ".join(str(path) for path in paths)
        raise UsageError(f"there is no such file or folder: {listed}; check the path")
    with session.stack() as stack, progress_bar(console(stderr=True)) as progress:
        if watch:
            for report in stack.watch(
                list(paths), collection, prune=prune, retry_failed=retry_failed, progress=progress
            ):
                _tell(session, report, indent=None)
        else:
            report = stack.ingest(list(paths), collection, prune=prune, retry_failed=retry_failed, progress=progress)
            _tell(session, report)
    return 1 if report.files.refused or report.files.failed else 0


def _may_be_there(path: Path) -> bool:
    return str(path) == "-" or path.exists() or glob.has_magic(str(path))


def _tell(session: Session, report: "IngestReport", indent: int | None = 2) -> None:
    if session.json:
        emit(report.to_dict(), indent)
    else:
        _show(report, console())


@contextmanager
def progress_bar(out: "Console") -> "Iterator[Callable[[Progress], None] | None]":
    """A bar over the files for as long as the block runs; nothing where there is no terminal."""
    if not out.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("files, {task.fields[chunks]} chunks"),
               TimeElapsedColumn(), TextColumn("{task.fields[current]}", style="dim", markup=False))  # fmt: skip
    with Bar(*columns, console=out, transient=True) as bar:
        task = bar.add_task("", total=None, chunks=0, current="")

        def update(now: "Progress") -> None:
            current = flat(now.current) or "encoding"
            bar.update(task, total=now.files_total, completed=now.files_done, chunks=now.chunks_done, current=current)

        yield update


def _show(report: "IngestReport", out: "Console") -> None:
    counts = [f"{count} {outcome}" for outcome, count in asdict(report.files).items() if count]
    paragraph(out, f"{report.collection}: {', '.join(counts) or 'no files'}", "bold")
    chunks = report.chunks
    speed = f", {report.chunks_per_second:.1f} chunks/s" if report.chunks_per_second else ""
    counted = f"{chunks.added} added, {chunks.reused} reused, {chunks.removed} removed, {chunks.total} in all"
    paragraph(out, f"chunks: {counted}; {report.seconds:.1f} s{speed}")
    if report.pages.total:
        pages = report.pages
        said = [f"{pages.total} read", f"{pages.doubtful} doubtful", f"{pages.recognised} from pictures"]
        paragraph(out, f"pages: {', '.join(said)}, readability {pages.readability:.2f}")
    if report.personal_data:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(report.personal_data.items()))
        paragraph(out, f"masked: {kinds}")
    problems = [(item.outcome, item.path, item.reason) for item in report.problems]
    doubtful = [(item.path, str(item.page or ""), item.reason, f"{item.readability:.2f}") for item in report.doubtful]
    duplicates = [(item.path, item.original) for item in report.duplicates]
    similar = [(item.path, item.other, str(item.sentences)) for item in report.similar]
    _list(out, "", ("OUTCOME", "FILE", "REASON"), problems)
    _list(out, "pages of doubtful text, not searched unless ingest.doubtful_pages is set",
          ("FILE", "PAGE", "REASON", "READABILITY"), doubtful)  # fmt: skip
    _list(out, "kept once: another file holds the same", ("FILE", "THE SAME AS"), duplicates)
    _list(out, "nearly the same: sentences of the first that the other lacks", ("FILE", "OTHER", "SENTENCES"), similar)


def _list(out: "Console", heading: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table with what it is about; the beginning of a long one."""
    if not rows:
        return
    out.print()
    if heading:
        paragraph(out, heading)
    show_table(columns, list(rows[:_MOST_ROWS]), out)
    if len(rows) > _MOST_ROWS:
        paragraph(out, f"and {len(rows) - _MOST_ROWS} more; --json lists all", "dim")
