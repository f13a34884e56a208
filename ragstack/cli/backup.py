"""``ragstack collections snapshot|restore|migrate|rename``: collections to and from files, names and encoders."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragstack.cli.collections import collections
from ragstack.cli.ingest import progress_bar
from ragstack.cli.render import console, flat, paragraph, show_table, size
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from rich.console import Console

    from ragstack.migration import Migration
    from ragstack.migration.agreement import Comparison

__all__ = ["migrate", "rename", "restore", "snapshot"]


@collections.command(epilog=examples("ragstack collections snapshot manuals manuals.ragstack"))
@click.argument("name", type=words)
@click.argument("file", type=PathName(path_type=Path))
@common_options
@click.pass_obj
def snapshot(session: Session, name: str, file: Path) -> None:
    """Write a collection to a new file, exactly as it is; others may search it and write to it meanwhile."""
    with session.stack() as stack:
        info = stack.database.snapshot(name, file)
    if session.json:
        emit({"snapshot": asdict(info)})
    else:
        counted = f"{info.documents} documents, {info.chunks} chunks, {size(info.bytes)}"
        console().print(f"wrote {info.name} to {flat(info.path)}: {counted}", soft_wrap=True)


@collections.command(
    epilog=examples(
        "ragstack collections restore manuals.ragstack",
        "ragstack collections restore manuals.ragstack --as manuals-of-may",
    )
)
@click.argument("file", type=PathName(path_type=Path))
@click.option("--as", "name", type=words, metavar="NAME", help="Default: the name that it had.")
@common_options
@click.pass_obj
def restore(session: Session, file: Path, name: str | None) -> None:
    """Make a collection again from the file of a snapshot; a file from elsewhere is checked before it is believed."""
    with session.stack() as stack:
        info = stack.database.restore(file, name)
    if session.json:
        emit({"restored": {**asdict(info), "created": info.created.isoformat()}})
    else:
        console().print(f"restored {info.name}: {info.documents} documents, {info.chunks} chunks", soft_wrap=True)


@collections.command(epilog=examples("ragstack collections rename manuals manuals-of-may"))
@click.argument("name", type=words)
@click.argument("new_name", type=words)
@common_options
@click.pass_obj
def rename(session: Session, name: str, new_name: str) -> None:
    """Give a collection another name."""
    with session.stack() as stack:
        stack.database.rename(name, new_name)
    if session.json:
        emit({"renamed": {"from": name, "to": new_name}})
    else:
        console().print(f"renamed {name} to {new_name}", soft_wrap=True)


@collections.command(
    epilog=examples(
        "ragstack collections migrate manuals --encoder all-MiniLM-L6-v2 --queries questions.txt",
        "ragstack collections migrate manuals --encoder all-MiniLM-L6-v2 --compare-only",
    )
)
@click.argument("name", type=words)
@click.option("--encoder", type=words, metavar="E", help="The new encoder: a pack, a folder or hf:ORG/NAME.")
@click.option("--queries", type=PathName(path_type=Path), metavar="FILE", help="Questions to compare with, one a line.")
@click.option("--compare-only", is_flag=True, help="Build and compare; the same call without this switches.")
@click.option("--discard", is_flag=True, help="Drop what --compare-only or a stopped migration has built.")
@common_options
@click.pass_obj
def migrate(
    session: Session, name: str, encoder: str | None, queries: Path | None, *, compare_only: bool, discard: bool
) -> None:
    """Move a collection to another encoder: build it anew beside, compare what is found, and switch at once.

    Searches and writers go on meanwhile. A migration that was stopped goes on where it was. The old collection stays
    under another name.
    """
    if discard == (encoder is not None):
        raise click.UsageError("expected either --encoder or --discard")
    with session.stack() as stack:
        if encoder is None:
            dropped = stack.database.drop_shadow(name)
            _discarded(session, name, dropped=dropped)
            return
        with progress_bar(console(stderr=True)) as progress:
            report = stack.migrate(
                name, encoder=encoder, queries=queries or (), compare_only=compare_only, progress=progress
            )
    if session.json:
        emit(report.to_dict())
    else:
        _show(report, encoder, console())


def _discarded(session: Session, name: str, *, dropped: bool) -> None:
    if session.json:
        emit({"discarded": dropped})
    else:
        console().print(f"dropped what was built beside {name}" if dropped else f"nothing was built beside {name}")


def _show(report: "Migration", encoder: str, out: "Console") -> None:
    done = "moved" if report.switched else "not yet moved"
    paragraph(out, f"{report.collection}: {done} from {report.before.name} to {report.after.name}", "bold")
    cut = f", {report.cut} were too long for it and cut" if report.cut else ""
    counted = f"{report.documents} documents, {report.chunks} chunks ({report.encoded} encoded now{cut})"
    paragraph(out, f"{counted}; {report.seconds:.1f} s")
    if report.comparison is None:
        paragraph(out, f"not compared: {report.not_compared}")
    else:
        _show_comparison(report.comparison, out)
    out.print()
    if report.switched:
        paragraph(out, f'next: set models.encoder = "{encoder}" in config.toml')
        paragraph(
            out,
            f"the old collection is {report.kept}; to go back: `ragstack collections delete {report.collection}`, then "
            f"`ragstack collections rename {report.kept} {report.collection}`",
        )
        paragraph(out, f"once it is no longer needed: `ragstack collections delete {report.kept}`")
    else:
        call = f"ragstack collections migrate {report.collection}"
        paragraph(out, f"to switch: `{call} --encoder {encoder}`; to drop what was built: `{call} --discard`")


def _show_comparison(comparison: "Comparison", out: "Console") -> None:
    source = "sentences of the documents" if comparison.sampled else "questions"
    paragraph(
        out,
        f"of the 10 best passages {comparison.overlap:.0%} are the same, {comparison.average_overlap:.0%} with their "
        f"order ({comparison.questions} {source})",
    )
    if comparison.sampled:
        paragraph(out, "sentences are easier than people's questions: give some of those with --queries FILE")
    out.print()
    rows = [(f"{one.overlap:.0%}", f"{one.average_overlap:.0%}", one.question) for one in comparison.worst]
    show_table(("SAME", "IN ORDER", "LEAST ALIKE"), rows, out)
