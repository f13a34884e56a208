"""``ragstack calibrate``: fit on one's own questions what is enough to answer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragstack.cli.evaluate import progress_bar
from ragstack.cli.render import console, paragraph, show_table
from ragstack.cli.session import PathName, Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from ragstack.evaluation.calibrating import Fitted

__all__ = ["calibrate"]


@click.command(
    short_help="Fit on labelled questions when to answer and when to refuse.",
    epilog=examples(
        "ragstack calibrate --data questions.jsonl --collection manuals",
        "ragstack calibrate --data squad/ --data drcd/ --limit 150",
    ),
)
@click.option("--data", required=True, multiple=True, type=PathName(path_type=Path), metavar="PATH",
              help="A folder in the common layout, or a file of questions; may be given again.")  # fmt: skip
@click.option("-c", "--collection", type=words, metavar="NAME", help="Ask this collection; for files of questions.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Measure a sample of so many of each.")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="S", help="Of the sample. Default: 0.")
@click.option("--out", type=PathName(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the calibration here. Default: in the home, where answers use it.")  # fmt: skip
@common_options
@click.pass_obj
def calibrate(
    session: Session,
    data: tuple[Path, ...],
    collection: str | None,
    limit: int | None,
    seed: int,
    out: Path | None,
) -> int:
    """Fit on labelled questions when to answer and when to refuse. Seconds a question; a stopped call goes on.

    Questions need gold answers, or "answerable": false. Nothing is written by the decoder.
    """
    from ragstack.evaluation.calibrating import calibrate as fit

    with session.stack() as stack, progress_bar() as progress:
        fitted = fit(stack, data, collection=collection, limit=limit, seed=seed, out=out, progress=progress)
        risk = stack.config.answers.max_risk
    if session.json:
        emit(fitted.to_dict())
    else:
        _show(fitted, risk)
    return 1 if fitted.missing else 0


def _show(fitted: "Fitted", risk: float) -> None:
    out = console()
    for name, model in fitted.stored["models"].items():
        auroc = model["report"]["auroc"]
        out.print(f"{name}: AUROC {auroc['value']:.2f} [{auroc['low']:.2f}, {auroc['high']:.2f}]")
        rows = [
            (f"{point['risk']:.3f}", f"{point['answered']:.2f}", f"{point['unanswerable_refused']:.2f}",
             f"{point['threshold']:.3f}")
            for point in model["curve"]
        ]  # fmt: skip
        show_table(("RISK", "ANSWERED", "UNANSWERABLE REFUSED", "THRESHOLD"), rows, out)
    paragraph(
        out,
        f"{fitted.rows} questions measured, {fitted.missing} missing; stored in {fitted.file}. "
        f"answers.max_risk is {risk:g}: the row that answers most at no more risk is used.",
    )
