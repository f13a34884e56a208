"""``ragstack ask``: an answer with verified citations, or a refusal that says why."""

from typing import get_args

import click

from ragstack.cli.render import console, follow, show_answer
from ragstack.cli.search import check_call
from ragstack.cli.session import Session, common_options, emit, examples, words
from ragstack.generators import GeneratorKind

__all__ = ["ask"]


@click.command(
    short_help="An answer with verified citations, or a refusal.",
    epilog=examples('ragstack ask "What is BERT?"', 'ragstack ask --generator extractive "BERT 是编码器还是解码器？"'),
)
@click.argument("question", type=words)
@click.option("-c", "--collection", type=words, metavar="NAME", help="Default: store.collection of the settings.")
@click.option(
    "--generator", type=click.Choice(get_args(GeneratorKind)), help="Who writes. Default: generator.kind, llamacpp."
)
@click.option("--where", multiple=True, type=words, metavar="KEY=VALUE",
              help="Only chunks whose metadata say so, such as lang=zh or page<=3; may be repeated.")  # fmt: skip
@common_options
@click.pass_obj
def ask(
    session: Session,
    question: str,
    collection: str | None,
    generator: GeneratorKind | None,
    where: tuple[str, ...],
) -> None:
    """Answer QUESTION from the documents: each sentence is checked against the words it cites.

    Where the documents do not hold the answer, that is what is said; a refusal is an answer, and its exit status
    is 0. On a terminal the draft is shown, dim, while it is written, and gives way to the checked answer.
    """
    check_call(question, where)
    out = console()
    with session.stack() as stack:
        if session.json:
            answer = stack.ask(question, collection=collection, generator=generator, where=where)
        else:
            answer = follow(stack.stream(question, collection=collection, generator=generator, where=where), out)
    if session.json:
        emit(answer.to_dict())
    else:
        show_answer(answer, out)
