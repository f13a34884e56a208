"""``ragstack eval``: measure retrieval, answers and judges, compare two runs, and stop a build that got worse."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from ragstack.cli.render import console
from ragstack.cli.render_evaluation import show_comparison, show_estimate, show_gate, show_result
from ragstack.cli.search import MODES
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words
from ragstack.generators import GeneratorKind

if TYPE_CHECKING:
    from ragstack.config import SearchMode
    from ragstack.evaluation.estimating import Estimate, Expect
    from ragstack.evaluation.results import Result
    from ragstack.evaluation.runs import Progress
    from ragstack.stack import RagStack

__all__ = ["evaluate", "progress_bar"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(
    "eval",
    epilog=examples(
        "ragstack eval retrieval --data data/ --limit 300",
        "ragstack eval answers --data questions.jsonl --collection manuals --report answers.html",
        "ragstack eval gate now/ --baseline before/",
    ),
)
@common_options
def evaluate() -> None:
    """Measure on labelled data, with intervals; docs/evaluation.md says what each figure means."""


def _shared(command: _Command) -> _Command:
    """The options of all three tasks."""
    for option in reversed((
        click.option("--data", required=True, type=PathName(path_type=Path), metavar="PATH",
                     help="A folder in the common layout, or a file of JSON lines."),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Measure a sample of so many."),
        click.option("--seed", type=click.IntRange(min=0), default=0, metavar="S",
                     help="Of the sample and the intervals. Default: 0."),
        click.option("--report", type=PathName(path_type=Path, dir_okay=False), metavar="FILE.html",
                     help="Write one page with figures and failures."),
        click.option("--out", type=PathName(path_type=Path, file_okay=False), metavar="DIR",
                     help="Store the run here, for compare and gate. Default: in the home."),
        common_options,
    )):  # fmt: skip
        command = option(command)
    return command


_collection = click.option("-c", "--collection", type=words, metavar="NAME",
                           help="Ask this collection; for a file of questions.")  # fmt: skip
_verifier = click.option("--verifier", type=words, default="decoder", metavar="NAME",
                         help="Who judges: decoder; small, in milliseconds; llm, the model of the settings' section "
                              "judge; a folder or hf:ORG/NAME.")  # fmt: skip
_dry_run = click.option("--dry-run", is_flag=True, help="Say what it will take, and ask nothing.")


@evaluate.command(
    short_help="How well questions find their documents.",
    epilog=examples("ragstack eval retrieval --data data/ --limit 300 --mode dense"),
)
@_collection
@click.option("--mode", type=click.Choice(MODES), help="How to look. Default: retrieval.mode, hybrid.")
@_shared
@click.pass_obj
def retrieval(
    session: Session,
    data: Path,
    limit: int | None,
    seed: int,
    report: Path | None,
    out: Path | None,
    collection: str | None,
    mode: "SearchMode | None",
) -> int:
    """Measure how well questions find their documents.

    A corpus is brought into a collection of its own first, which is kept for the next run.
    """
    from ragstack.evaluation import evaluate_retrieval

    with _measuring(session, report) as (stack, progress):
        result = evaluate_retrieval(
            stack, data, collection=collection, mode=mode, limit=limit, seed=seed, out=out, progress=progress
        )
    return _finish(session, result, report)


@evaluate.command(
    short_help="How well questions are answered, cited and refused.",
    epilog=examples("ragstack eval answers --data data/ --limit 50 --report answers.html"),
)
@_collection
@_verifier
@_dry_run
@click.option(
    "--generator", type=click.Choice(get_args(GeneratorKind)), help="Who writes. Default: generator.kind, llamacpp."
)
@_shared
@click.pass_obj
def answers(
    session: Session,
    data: Path,
    limit: int | None,
    seed: int,
    report: Path | None,
    out: Path | None,
    collection: str | None,
    verifier: str,
    dry_run: bool,
    generator: GeneratorKind | None,
) -> int:
    """Measure how well questions are answered, cited and refused. A stopped run goes on where it was."""
    from ragstack.evaluation import evaluate_answers, foresee_answers

    if dry_run:
        with session.stack() as stack:
            foreseen = foresee_answers(
                stack, data, collection=collection, generator=generator, verifier=verifier, limit=limit, seed=seed,
                out=out,
            )  # fmt: skip
        return _foretell(session, "questions", foreseen)
    with _measuring(session, report) as (stack, progress):
        result = evaluate_answers(
            stack, data, collection=collection, generator=generator, verifier=verifier,
            limit=limit, seed=seed, out=out, progress=progress, expect=_saying("questions"),
        )  # fmt: skip
    return _finish(session, result, report)


@evaluate.command(
    short_help="Responses against what they were written from.",
    epilog=examples("ragstack eval faithfulness --data examples.jsonl --limit 100"),
)
@_verifier
@_dry_run
@_shared
@click.pass_obj
def faithfulness(
    session: Session,
    data: Path,
    limit: int | None,
    seed: int,
    report: Path | None,
    out: Path | None,
    verifier: str,
    dry_run: bool,
) -> int:
    """Judge responses against what they were written from, and the judge against people.

    Records of RAGAS and LangChain are understood. A stopped run goes on where it was.
    """
    from ragstack.evaluation import evaluate_faithfulness, foresee_faithfulness

    if dry_run:
        with session.stack() as stack:
            foreseen = foresee_faithfulness(stack, data, verifier=verifier, limit=limit, seed=seed, out=out)
        return _foretell(session, "examples", foreseen)
    with _measuring(session, report) as (stack, progress):
        result = evaluate_faithfulness(
            stack,
            data,
            verifier=verifier,
            limit=limit,
            seed=seed,
            out=out,
            progress=progress,
            expect=_saying("examples"),
        )
    return _finish(session, result, report)


@evaluate.command(
    "compare",
    short_help="What got better and worse from run A to run B.",
    epilog=examples("ragstack eval compare before/ after/"),
)
@click.argument("a", type=PathName(path_type=Path))
@click.argument("b", type=PathName(path_type=Path))
@common_options
@click.pass_obj
def compare_(session: Session, a: Path, b: Path) -> None:
    """Show what got better and worse from run A to run B, question by question."""
    from ragstack.evaluation.comparing import compare

    comparison = compare(a, b)
    if session.json:
        emit(comparison.to_dict())
    else:
        show_comparison(comparison, console())


@evaluate.command(
    short_help="Exit with 1 where a run is worse than the baseline.",
    epilog=examples("ragstack eval gate now/ --baseline before/"),
)
@click.argument("current", type=PathName(path_type=Path))
@click.option("--baseline", required=True, type=PathName(path_type=Path), metavar="DIR", help="The run to hold up to.")
@common_options
@click.pass_obj
def gate(session: Session, current: Path, baseline: Path) -> int:
    """Exit with 1 where CURRENT is significantly worse than the baseline, or fails on what that one did not."""
    from ragstack.evaluation.comparing import compare

    comparison = compare(baseline, current)
    passed = not comparison.regressions and not comparison.failing
    if session.json:
        emit(comparison.to_dict() | {"passed": passed})
        return 0 if passed else 1
    show_gate(comparison, console(), passed=passed)
    return 0 if passed else 1


def _finish(session: Session, result: "Result", report: Path | None) -> int:
    if report is not None:
        from ragstack.evaluation.report import write_report

        write_report(result, report)
    if session.json:
        emit(result.to_dict() | ({"report": str(report)} if report else {}))
    else:
        show_result(result, console(), report)
    return 1 if result.missing else 0


def _foretell(session: Session, what: str, estimate: "Estimate") -> int:
    if session.json:
        emit(estimate.to_dict())
    else:
        show_estimate(what, estimate, console())
    return 0


def _saying(what: str) -> "Expect":
    """Says what a run will take, before it starts."""
    return lambda estimate: show_estimate(what, estimate, console(stderr=True))


@contextmanager
def _measuring(session: Session, report: Path | None) -> "Iterator[tuple[RagStack, Progress | None]]":
    """The stack and the bar; a page that could not be written is found out before hours of work."""
    if report is not None:
        from ragstack.evaluation.report import check_writable

        check_writable(report)
    with session.stack() as stack, progress_bar() as progress:
        yield stack, progress


@contextmanager
def progress_bar() -> "Iterator[Progress | None]":
    """A bar for as long as the block runs; nothing where there is no terminal."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
