"""``ragstack ingest``: sync files and folders into a collection."""

from collections.abc import Callable, Iterator
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


@click.command(
    short_help="Sync files and folders into a collection.",
    epilog=examples("ragstack ingest docs/ report.pdf --collection manuals", "ragstack ingest docs/ --prune"),
)
@click.argument("paths", nargs=-1, required=True, type=PathName(path_type=Path), metavar="PATH...")
@click.option("-c", "--collection", type=words, metavar="NAME", help="Default: store.collection of the settings.")
@click.option("--prune", is_flag=True, help="Remove documents under these paths whose files have vanished.")
@common_options
@click.pass_obj
def ingest(session: Session, paths: tuple[Path, ...], collection: str | None, *, prune: bool) -> int:
    """Bring files and folders into a collection: Markdown, text, HTML, PDF and DOCX.

    What is unchanged since the last time is skipped. A file that cannot be read stops nothing: it is listed with the
    reason, and the exit status is 1 where any was refused (empty, encrypted, ...) or failed (damaged, missing, ...).
    """
    if not prune and not any(path.exists() for path in paths):
        listed = ", ".join(str(path) for path in paths)
        raise UsageError(f"there is no such file or folder: {listed}; check the path")
    with session.stack() as stack, progress_bar(console(stderr=True)) as progress:
        report = stack.ingest(list(paths), collection, prune=prune, progress=progress)
    if session.json:
        emit(report.to_dict())
    else:
        _show(report, console())
    return 1 if report.files.refused or report.files.failed else 0


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
    if report.problems:
        out.print()
        rows = [(item.outcome, item.path, item.reason) for item in report.problems]
        show_table(("OUTCOME", "FILE", "REASON"), rows, out)
