"""What people see of measurements: figures, comparisons, and the verdict of a gate."""

from pathlib import Path
from typing import TYPE_CHECKING

from ragstack.cli.render import flat, paragraph, show_table

if TYPE_CHECKING:
    from rich.console import Console

    from ragstack.evaluation.comparing import Comparison, Difference
    from ragstack.evaluation.estimating import Estimate
    from ragstack.evaluation.results import Result
    from ragstack.evaluation.statistics import Interval

__all__ = ["show_comparison", "show_estimate", "show_gate", "show_result"]

_CHANGES_SHOWN = 10


def show_result(result: "Result", out: "Console", report: Path | None) -> None:
    """The figures of a run, how far its judge can be trusted, and what was wrong with the data."""
    paragraph(out, f"{result.task} on {result.data}: {result.n} measured, seed {result.seed}", "bold")
    rows = [(name, *_cells(interval)) for name, interval in result.metrics.items()]
    show_table(("MEASURE", "VALUE", "95 % INTERVAL"), rows, out)
    out.print()
    if result.judge:
        paragraph(out, f"judge: {result.judge}")
    for each in result.agreement:
        value, interval = _cells(each.auroc)
        balanced = _cells(each.balanced_accuracy)[0]
        paragraph(out, f"agrees with people on {each.data} ({each.language}, {each.n} responses): "
                       f"AUROC {value} [{interval}], balanced accuracy {balanced}", indent=2)  # fmt: skip
    if result.judge and not result.agreement:
        paragraph(out, "its agreement with people is not known", "yellow", indent=2)
    for note in result.notes:
        paragraph(out, note, "dim")
    for problem in result.problems:
        paragraph(out, f"{problem.kind}: {problem.count} (first: {flat(problem.first)})", "yellow")
    if result.missing:
        paragraph(out, f"missing: {result.missing} failed and are in no figure; see records.jsonl", "red")
    paragraph(out, f"{result.seconds:.1f} s; run stored in {result.folder}", "dim")
    if report is not None:
        paragraph(out, f"report: {report}", "dim")


def show_estimate(what: str, estimate: "Estimate", out: "Console") -> None:
    """What a run will take, on one line."""
    done = f", {estimate.done} more done before" if estimate.done else ""
    cached = f", {estimate.cached} of them known already" if estimate.cached else ""
    written = f" and {estimate.tokens_written:,} to write" if estimate.tokens_written else ""
    cost = f"; cost about {estimate.cost:.4g}" if estimate.cost is not None else ""
    first = f"; {estimate.passages:,} passages to bring in first" if estimate.passages else ""
    paragraph(
        out,
        f"{estimate.items} {what}{done}: {estimate.claims} claims, {estimate.calls} judgements{cached}; "
        f"about {estimate.tokens_read:,} tokens to read{written}{cost}; {_time(estimate.seconds)}{first}",
    )


def show_comparison(comparison: "Comparison", out: "Console") -> None:
    """Two runs side by side, then the questions that changed, worse ones first."""
    paragraph(out, f"{comparison.task}: {comparison.n} questions in both runs", "bold")
    rows = [
        (d.name, f"{d.a:.4f}", f"{d.b:.4f}", _signed(d.change), f"{d.p:.4f}", d.test, d.verdict)
        for d in comparison.differences
    ]
    show_table(("MEASURE", "A", "B", "CHANGE", "P", "TEST", "VERDICT"), rows, out)
    for name, style in (("worse", "red"), ("better", "green")):
        changed = [each for each in comparison.changed if getattr(each, name)]
        paragraph(out, f"\n{name}: {len(changed)} questions", style)
        for each in changed[:_CHANGES_SHOWN]:
            told = ", ".join(f"{what} {a:.2f} → {b:.2f}" for what, (a, b) in getattr(each, name).items())
            paragraph(out, f"{each.id}: {flat(each.question)[:100]} ({told})", indent=2)
        if len(changed) > _CHANGES_SHOWN:
            paragraph(out, f"and {len(changed) - _CHANGES_SHOWN} more; --json lists all", "dim", indent=2)
    if comparison.failing:
        paragraph(out, f"B failed on {len(comparison.failing)} questions that A measured", "red")
    for note in comparison.notes:
        paragraph(out, note, "yellow")


def show_gate(comparison: "Comparison", out: "Console", *, passed: bool) -> None:
    """Why a gate is closed, or that it is open."""
    for worse in comparison.regressions:
        paragraph(out, f"worse: {_told(worse)}", "red")
    if comparison.failing:
        paragraph(out, f"failed on {len(comparison.failing)} questions that the baseline measured", "red")
    paragraph(out, f"{'passed' if passed else 'stopped'}: {comparison.n} questions compared", "bold")
    for note in comparison.notes:
        paragraph(out, note, "yellow")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "time not known before"
    return f"about {seconds:.0f} seconds" if seconds < 100 else f"about {seconds / 60:.0f} minutes"


def _cells(interval: "Interval") -> tuple[str, str]:
    if interval.value is None:
        return "–", ""
    places = 1 if abs(interval.value) >= 20 else 4
    if interval.low is None or interval.high is None:
        return f"{interval.value:.{places}f}", ""
    return f"{interval.value:.{places}f}", f"{interval.low:.{places}f} to {interval.high:.{places}f}"


def _signed(change: "Interval") -> str:
    return f"{change.value:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"


def _told(worse: "Difference") -> str:
    return (
        f"{worse.name} {worse.a:.4f} → {worse.b:.4f}, change {_signed(worse.change)}, p = {worse.p:.4f} ({worse.test})"
    )
