"""``ragstack collections verify``, ``repair`` and ``compact``: find damage, mend it, give room back."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ragstack.cli.collections import collections
from ragstack.cli.render import console, flat, paragraph, size
from ragstack.cli.session import Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from rich.console import Console

    from indexes.care.compact import Compaction
    from indexes.care.findings import Finding, Repair, Report

__all__ = ["compact", "repair", "verify"]

_DAMAGED = 1
_NAME = click.argument("name", type=words, required=False)


@collections.command(
    epilog=examples("ragstack collections verify", "ragstack collections verify manuals --recall --json")
)
@_NAME
@click.option("--recall", is_flag=True, help="Measure as well how many of the 10 nearest vectors searches find.")
@common_options
@click.pass_obj
def verify(session: Session, name: str | None, *, recall: bool) -> int:
    """Look for damage, in one collection or in all, and change nothing.

    Everything that is stored is read and compared with everything else that says the same. Exit status 1 means that
    damage was found.
    """
    with session.stack() as stack:
        home = stack.config.home
        reports = stack.database.verify(name, recall=recall)
    damaged = any(report.damage for report in reports)
    if session.json:
        emit({"home": str(home), "sound": not damaged, "reports": [_report(report) for report in reports]})
    else:
        out = console()
        for report in reports:
            _show(report, out)
        if damaged:
            out.print()
            for mend in _mends(reports):
                out.print(f"type `{mend}`", soft_wrap=True)
    return _DAMAGED if damaged else 0


@collections.command(epilog=examples("ragstack collections repair", "ragstack collections repair manuals"))
@_NAME
@common_options
@click.pass_obj
def repair(session: Session, name: str | None) -> int:
    """Mend what can be mended, in one collection or in all, and say what cannot.

    Derived files are written again from the catalogue. A document that cannot be mended is taken out, with a line
    that says what to type to bring it back. Foreign files are left alone. Exit status 1 means that something remains.
    """
    with session.stack() as stack:
        home = stack.config.home
        repairs = stack.database.repair(name)
    remaining = [each.remaining for each in repairs]
    damaged = any(report.damage for report in remaining)
    if session.json:
        emit({"home": str(home), "sound": not damaged, "repairs": [_repair(each) for each in repairs]})
    else:
        out = console()
        for each in repairs:
            for line in each.done:
                paragraph(out, f"{each.name or 'home'}: {flat(line)}")
        for report in remaining:
            _show(report, out)
    return _DAMAGED if damaged else 0


@collections.command(epilog=examples("ragstack collections compact", "ragstack collections compact manuals"))
@_NAME
@common_options
@click.pass_obj
def compact(session: Session, name: str | None) -> None:
    """Take what was removed out of the files, in one collection or in all, and give its room back to the disk."""
    with session.stack() as stack:
        home = stack.config.home
        done = stack.database.compact(name)
    if session.json:
        emit({"home": str(home), "compacted": [_compaction(each) for each in done]})
        return
    for each in done:
        what = f"collection {each.name}" if each.name else "the catalogue"
        console().print(f"{what}: {size(each.before)} before, {size(each.after)} now", soft_wrap=True)


def _show(report: "Report", out: "Console") -> None:
    """A line on what was looked at, and one for each finding."""
    what = f"{report.documents} documents, {report.chunks} chunks" if report.name else "catalogue and directory"
    count = len(report.damage)
    state = "sound" if not count else "1 finding" if count == 1 else f"{count} findings"
    paragraph(out, f"{report.name or 'home'}: {state} ({what})", "red" if count else "green")
    if report.recall:
        found = report.recall
        paragraph(
            out, f"recall@{found.at} {found.value:.4f} over {found.queries} queries, index {found.kind}", indent=2
        )
    for finding in report.findings:
        paragraph(out, f"{finding.kind}: {flat(str(finding))}", "dim" if finding.kind == "leftover" else "", indent=2)


def _mends(reports: "list[Report]") -> list[str]:
    """What to type, each once; where the whole is to be repaired, no more than that."""
    mends = list(dict.fromkeys(finding.mend for report in reports for finding in report.damage))
    whole = "ragstack collections repair"
    return [mend for mend in mends if mend == whole or whole not in mends or not mend.startswith(whole)]


def _report(report: "Report") -> dict[str, Any]:
    return {
        "collection": report.name or None,
        "documents": report.documents,
        "chunks": report.chunks,
        "recall": asdict(report.recall) if report.recall else None,
        "findings": [_finding(finding) for finding in report.findings],
    }


def _finding(finding: "Finding") -> dict[str, Any]:
    return {"kind": finding.kind, "where": finding.where, "what": finding.what, "mend": finding.mend}


def _repair(repair: "Repair") -> dict[str, Any]:
    return {"collection": repair.name or None, "done": list(repair.done), "remaining": _report(repair.remaining)}


def _compaction(compaction: "Compaction") -> dict[str, Any]:
    return {"collection": compaction.name or None, "bytes_before": compaction.before, "bytes_after": compaction.after}
