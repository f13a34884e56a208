"""``ragstack collections files``: the ledger, what became of every file."""

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import click

from indexes.records import Outcome
from ragstack.cli.collections import collections
from ragstack.cli.render import console, paragraph, show_table
from ragstack.cli.session import Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from indexes.records import LedgerEntry

__all__ = ["files"]


@collections.command(
    epilog=examples("ragstack collections files manuals", "ragstack collections files manuals --outcome failed --json")
)
@click.argument("name", type=words)
@click.option("--outcome", type=click.Choice(get_args(Outcome)), help="Only the files with this outcome.")
@common_options
@click.pass_obj
def files(session: Session, name: str, *, outcome: str | None) -> None:
    """Show the ledger: what became of every file that was brought in, and which of its pages are doubtful."""
    with session.stack() as stack:
        ledger = stack.database.collection(name).ledger()
    names = {entry.key: entry.uri for entry in ledger}
    shown = [entry for entry in ledger if outcome in (None, entry.outcome)]
    if session.json:
        emit({"collection": name, "files": [_fields(entry, names) for entry in shown]})
        return
    counts = Counter(entry.outcome for entry in shown)
    out = console()
    paragraph(out, f"{name}: {', '.join(f'{count} {kind}' for kind, count in counts.items()) or 'no files'}", "bold")
    if shown:
        show_table(("OUTCOME", "FILE", "REMARK"), [(e.outcome, e.uri, _remark(e)) for e in shown], out)


def _fields(entry: "LedgerEntry", names: dict[str, str]) -> dict[str, Any]:
    return {
        "path": entry.uri,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "original": names.get(entry.original, entry.original),
        "doubtful": [{"page": doubt.page, "reason": doubt.reason} for doubt in entry.doubts],
        "time": entry.time.isoformat() if entry.time else None,
    }


def _remark(entry: "LedgerEntry") -> str:
    doubts = [f"page {doubt.page}: {doubt.reason}" if doubt.page else doubt.reason for doubt in entry.doubts[:3]]
    more = [f"{len(entry.doubts) - 3} more doubts"] if len(entry.doubts) > 3 else []
    return "; ".join(filter(None, [entry.reason, *doubts, *more]))
