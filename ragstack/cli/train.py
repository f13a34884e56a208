"""``ragstack train``: make the models of the project's own anew from data."""

from pathlib import Path
from typing import Any

import click

from ragstack.cli.evaluate import progress_bar
from ragstack.cli.render import console, paragraph
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words

__all__ = ["train"]


@click.group(epilog=examples("ragstack train verifier --data data/ --out verifier/"))
@common_options
def train() -> None:
    """Make the project's own models anew from data."""


@train.command(
    short_help="The small verifier, from labelled claims.",
    epilog=examples(
        "ragstack train verifier --data data/ --out verifier/",
        "ragstack eval faithfulness --data examples.jsonl --verifier verifier/",
    ),
)
@click.option(
    "--data",
    required=True,
    type=PathName(path_type=Path),
    metavar="DIR",
    help="A folder with a folder for each set: examples, pairs or a corpus.",
)
@click.option(
    "--out",
    required=True,
    type=PathName(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the weights go.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    type=words,
    metavar="NAME",
    help="Train on this set; may be repeated. Default: those that docs/verifier.md names.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="S",
              help="Of the samples, and what is made of them. Default: 0.")  # fmt: skip
@common_options
@click.pass_obj
def verifier(session: Session, data: Path, out: Path, sets: tuple[str, ...], seed: int) -> None:
    """Train the small verifier on labelled claims, and on sentences that are made false.

    The same data and seed give the same weights. Half of the evidence is kept from training, for measuring.
    """
    from ragstack.verifier.making import make_verifier

    with progress_bar() as progress:
        made = make_verifier(data, out, sets=sets, seed=seed, progress=progress)
    document: dict[str, Any] = made.to_dict()
    if session.json:
        emit(document)
        return
    paragraph(console(), f"{made.path}: {made.pairs} pairs of {len(made.sets)} sets, {made.path.stat().st_size} bytes")
