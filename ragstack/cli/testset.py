"""``ragstack testset``: make questions from a collection, and keep those that a person accepted."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from ragstack.cli.evaluate import progress_bar
from ragstack.cli.render import console
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words
from ragstack.generators import GeneratorKind

if TYPE_CHECKING:
    from ragstack.evaluation.testsets import TestSet

__all__ = ["testset"]

_WRITERS = (*(kind for kind in get_args(GeneratorKind) if kind != "extractive"), "templates")


@click.group(
    epilog=examples(
        "ragstack testset make --collection manuals --out set/ -n 50",
        "ragstack testset accept set/ decisions.json",
        "ragstack eval answers --data set/accepted.jsonl --collection manuals",
    )
)
@common_options
def testset() -> None:
    """Make questions with known sources from a collection of your own; docs/testsets.md says how far to trust them."""


@testset.command(
    short_help="Questions from a collection, and a page to review them.",
    epilog=examples("ragstack testset make --collection manuals --out set/ --generator templates"),
)
@click.option("-c", "--collection", type=words, metavar="NAME", help="Ask about this collection.")
@click.option(
    "--out",
    required=True,
    type=PathName(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where questions.jsonl and review.html go.",
)
@click.option("-n", "n", type=click.IntRange(min=1), default=50, metavar="N", help="Questions wanted. Default: 50.")
@click.option(
    "--generator",
    type=click.Choice(_WRITERS),
    help="Who writes. Default: generator.kind, llamacpp; templates needs no model.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="S", help="Of all choices. Default: 0.")
@common_options
@click.pass_obj
def make(session: Session, collection: str | None, out: Path, n: int, generator: str | None, seed: int) -> int:
    """Make questions from a collection, three of five answerable, and a page to review them.

    A stopped run goes on where it was when the same call is made again. A finished set is made anew.
    """
    from ragstack.evaluation.testsets import make_testset

    with session.stack() as stack, progress_bar() as progress:
        made = make_testset(stack, collection, out=out, n=n, generator=generator, seed=seed, progress=progress)
    if session.json:
        emit(made.to_dict())
    else:
        _show(made)
    return 1 if made.failed or not made.questions else 0


@testset.command(
    short_help="Keep the questions that were accepted.",
    epilog=examples("ragstack testset accept set/ decisions.json"),
)
@click.argument("folder", type=PathName(path_type=Path, file_okay=False), metavar="DIR")
@click.argument("decisions", type=PathName(path_type=Path, dir_okay=False), metavar="DECISIONS.json")
@common_options
@click.pass_obj
def accept(session: Session, folder: Path, decisions: Path) -> None:
    """Write the questions of the set in DIR that were accepted to its accepted.jsonl."""
    from ragstack.evaluation.testsets import accept_testset

    accepted = accept_testset(folder, decisions)
    if session.json:
        emit(accepted.to_dict())
    else:
        click.echo(f"{accepted.accepted} accepted ({accepted.edited} changed), {accepted.rejected} rejected, "
                   f"{accepted.undecided} undecided; {accepted.file}")  # fmt: skip


def _show(made: "TestSet") -> None:
    told = made.to_dict()
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in told["kinds"].items())
    out = console()
    out.print(f"{told['n']} of {made.wanted} questions: {kinds}", highlight=False)
    out.print(f"{made.tried} sentences tried{'; left out:' if made.rejected else ''}", highlight=False)
    for reason, count in made.rejected.items():
        out.print(f"  {count:>4}  {reason}", highlight=False)
    for problem in made.problems:
        out.print(f"{problem.kind}: {problem.count} (first: {problem.first})", highlight=False, markup=False)
    page = Path(made.folder) / "review.html"
    out.print(f"review {page}, then `ragstack testset accept`", highlight=False, markup=False)
