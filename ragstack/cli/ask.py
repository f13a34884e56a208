"""``ragstack ask`` and ``ragstack chat``: answers with verified citations, or refusals that say why."""

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from ragstack.cli.explain import show_explanation
from ragstack.cli.render import console, follow
from ragstack.cli.search import check_call
from ragstack.cli.session import Session, common_options, emit, examples, words
from ragstack.generators import GeneratorKind

if TYPE_CHECKING:
    from ragstack.answers import Answer

__all__ = ["ask", "chat"]

_Command = TypeVar("_Command")


def _answer_options(command: _Command) -> _Command:
    """What both commands take."""
    options = (
        click.option("-c", "--collection", type=words, metavar="NAME",
                     help="Default: store.collection of the settings."),
        click.option("--generator", type=click.Choice(get_args(GeneratorKind)),
                     help="Who writes. Default: generator.kind, llamacpp."),
        click.option("--where", multiple=True, type=words, metavar="KEY=VALUE",
                     help="Only chunks whose metadata say so, such as lang=zh or page<=3; may be repeated."),
        click.option("--explain", is_flag=True, help="Tell how the answer came about, step by step."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)  # type: ignore[type-var]
    return command


@click.command(
    short_help="An answer with verified citations, or a refusal.",
    epilog=examples('ragstack ask "What is BERT?"', 'ragstack ask --generator extractive "BERT 是编码器还是解码器？"'),
)
@click.argument("question", type=words)
@_answer_options
@common_options
@click.pass_obj
def ask(session: Session, /, question: str, *, where: tuple[str, ...], explain: bool, **options: Any) -> None:
    """Answer QUESTION from the documents: each sentence is checked against the words it cites.

    Where the documents do not hold the answer, that is what is said; a refusal is an answer, and its exit status
    is 0. Sentences are shown as they are checked; on a terminal the draft is shown before, dim.
    """
    check_call(question, where)
    with session.stack() as stack:
        options |= {"where": where, "explain": explain}
        if session.json:
            emit(stack.ask(question, **options).to_dict())
        else:
            _told(follow(question, stack.stream(question, **options), console()))


@click.command(
    short_help="A conversation: questions may lean on those before.",
    epilog=examples("ragstack chat --collection manuals", "ragstack chat --json < questions.txt"),
)
@_answer_options
@common_options
@click.pass_obj
def chat(session: Session, /, *, where: tuple[str, ...], explain: bool, **options: Any) -> None:
    """Answer questions, one on each line of the standard input, until it ends (on a terminal: Ctrl-D).

    A question that leans on those before is made to stand alone first, and shown as it was understood. With --json,
    every answer is an object on a line of its own.
    """
    history: list[Answer] = []
    with session.stack() as stack:
        for question in _lines():
            check_call(question, where)
            options |= {"where": where, "explain": explain, "history": tuple(history)}
            if session.json:
                history.append(stack.ask(question, **options))
                emit(history[-1].to_dict(), indent=None)
            else:
                history.append(_told(follow(question, stack.stream(question, **options), console())))


def _told(answer: "Answer") -> "Answer":
    if answer.explanation is not None:
        show_explanation(answer, console())
    return answer


def _lines() -> Iterator[str]:
    """The questions, without empty lines; a terminal is asked for each with a sign."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # bytes that are no text are told of by `words`
    asking = sys.stdin.isatty()
    while True:
        if asking:
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            break
        if line.strip():
            yield words(line.strip())
    if asking:
        click.echo(err=True)
