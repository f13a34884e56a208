"""``ragstack search``: ranked chunks for a question."""

import time
from typing import TYPE_CHECKING

import click

from ragstack.answers import hit_to_dict
from ragstack.cli.render import console, show_hits
from ragstack.cli.session import Session, common_options, emit, examples, words

if TYPE_CHECKING:
    from ragstack.config import SearchMode

__all__ = ["MODES", "check_call", "search"]

MODES = ("hybrid", "dense", "lexical")


def check_call(question: str, where: tuple[str, ...]) -> None:
    """Refuse a question or a filter that cannot be understood before any model is loaded.

    Raises:
        UsageError: the question is too long, or a condition is no condition.
    """
    from indexes.filters import parse_where
    from ragstack.retrieval import check_question

    check_question(question)
    parse_where(where)


@click.command(
    short_help="The chunks that fit a question best.",
    epilog=examples('ragstack search "vector database" -k 5 --where lang=en'),
)
@click.argument("question", type=words)
@click.option("-c", "--collection", type=words, metavar="NAME", help="Default: store.collection of the settings.")
@click.option("-k", type=click.IntRange(1, 1000), metavar="N", help="How many chunks. Default: retrieval.k, 10.")
@click.option("--mode", type=click.Choice(MODES), help="How to look. Default: retrieval.mode, hybrid.")
@click.option("--where", multiple=True, type=words, metavar="KEY=VALUE",
              help="Only chunks whose metadata say so, such as lang=zh or page<=3; may be repeated.")  # fmt: skip
@common_options
@click.pass_obj
def search(
    session: Session,
    question: str,
    collection: str | None,
    k: int | None,
    mode: "SearchMode | None",
    where: tuple[str, ...],
) -> None:
    """Show the chunks that fit QUESTION best, best first.

    A score says what it is: cosine (dense), bm25 (lexical), or rerank, which orders one list and means nothing
    beyond it (hybrid). Chunks that were not reranked come after, by rrf, the rank fusion of both searches. In documents
    in English and Chinese, a few of the places are for the language that was not asked in, by cosine.
    """
    check_call(question, where)
    with session.stack() as stack:
        started = time.perf_counter()
        hits = stack.search(question, k, collection=collection, mode=mode, where=where)
        seconds = time.perf_counter() - started
        mode = mode or stack.config.retrieval.mode
    if session.json:
        listed = [hit_to_dict(hit) for hit in hits]
        emit({"question": question, "mode": mode, "hits": listed, "seconds": round(seconds, 4)})
    elif hits:
        show_hits(hits, console())
    else:
        console().print("no chunk was found")
