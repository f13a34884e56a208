"""How well questions find their documents.

Each passage of the corpus is one document, cut into chunks as files are; a ranking of chunks becomes one of documents
by their best chunk. Questions that no document is relevant to cannot be measured: they are counted and left out.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import UsageError
from indexes.records import Hit
from ragstack.evaluation import measures
from ragstack.evaluation.corpus import collection_of, fill
from ragstack.evaluation.datasets import Query, Questions, read_questions, sample
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record, Result, figures
from ragstack.evaluation.runs import Progress, Run
from ragstack.evaluation.statistics import quantile

if TYPE_CHECKING:
    from ragstack.config import SearchMode
    from ragstack.stack import RagStack

__all__ = ["collection_for", "evaluate_retrieval", "named", "resolved"]

_DEEP, _DEEPEST = 100, 1000
"""Documents of a ranking, and chunks that are searched for them at most."""
_FIRST = 10
"""Chunks that ``span@10`` looks at."""
_KEPT = 5
"""Chunks whose words are kept where a relevant document was missed, to see what was found in its place."""
_NOTES = (
    "A document ranks where its best chunk does.",
    f"query_ms_*: encoding one question and searching it, {_DEEP} chunks deep.",
)


def evaluate_retrieval(
    stack: "RagStack",
    data: str | Path,
    *,
    collection: str | None = None,
    mode: "SearchMode | None" = None,
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Measure ``stack.search``: ``ndcg@10``, ``recall@10``, ``mrr@10``, ``recall@100``, milliseconds of a query.

    Where questions name the spans of their answers, also ``span@10``.

    Args:
        stack: What is measured.
        data: A folder in the common layout, or a file of questions over ``collection``.
        collection: One's own, for a file of questions; None means the config's default.
        mode: How to search; None means the config's.
        limit: Measure a sample of so many questions.
        seed: Of the sample and of the intervals.
        out: Where the run is stored; None means in the stack's home.
        progress: Called as work goes on.

    Raises:
        UsageError: the data cannot be read, no question has a relevant document, or there is nothing to find.
        UnknownCollection: there is no such collection.
        ModelMissing: the encoder is not on this machine.
        StoreBusy: another call is at the same run.
    """
    began, data, problems = time.perf_counter(), Path(data), Problems()
    questions = read_questions(data, problems)
    if collection is None and not any(query.relevant for query in questions.queries):
        raise _nothing(problems)
    name = collection_for(stack, data, questions, collection, problems, progress)
    asked = sample(_with_relevant(stack, questions, name, problems), limit, seed, lambda _: None)
    settings = {
        "encoder": stack.encoder.fingerprint.name,
        "encoder_revision": stack.encoder.fingerprint.revision,
        "collection": name,
        "mode": mode or stack.config.retrieval.mode,
        "retrieval": stack.config.retrieval.model_dump(),
        "ingest": stack.config.ingest.model_dump(),
        "limit": limit,
    }
    run = Run("retrieval", data, seed, settings, questions.sha256, problems, stack.config.home,
              Path(out) if out else None, began, progress)  # fmt: skip
    search = partial(stack.search, collection=name, mode=mode)
    search("?", _DEEP)  # loads the encoder, unmeasured
    with run.alone():
        records = run.over(asked, partial(_record, search=search))
        milliseconds = np.array([1000 * record["seconds"]["query"] for record in records if "error" not in record])
        times = {"query_ms_p50": quantile(milliseconds, 0.5), "query_ms_p95": quantile(milliseconds, 0.95)}
        return run.finish(records, figures(records) | times, notes=_NOTES)


def _record(query: Query, search: Callable[[str, int], list[Hit]]) -> Record:
    began = time.perf_counter()
    hits = search(query.text, _DEEP)
    seconds = time.perf_counter() - began
    ranking = _ranking(partial(search, query.text), hits, query.relevant)
    found = measures.retrieval({query.id: ranking}, {query.id: query.relevant})
    spans = {"span@10": _held(query, hits[:_FIRST])} if query.spans else {}
    missed = found[query.id]["recall@10"] < 1
    return {
        "question": query.text,
        "relevant": query.relevant,
        "ranking": ranking,
        "best": [{"document": hit.document, "text": hit.text} for hit in hits[:_KEPT]] if missed else [],
        "figures": found[query.id] | spans,
        "seconds": {"query": round(seconds, 5)},
    }


def _held(query: Query, hits: Sequence[Hit]) -> float:
    """The share of the answer's spans that stand whole in one of the chunks."""
    held = [
        any(hit.document == span.document and hit.start <= span.start and span.end <= hit.end for hit in hits)
        for span in query.spans
    ]
    return sum(held) / len(held)


def collection_for(
    stack: "RagStack",
    data: Path,
    questions: Questions,
    collection: str | None,
    problems: Problems,
    progress: Progress | None,
) -> str:
    """The collection that the questions are asked of; a corpus is brought in first.

    Raises:
        UsageError: a corpus came with the questions, and a collection was named too; or there is nothing in it.
        UnknownCollection: there is no such collection.
    """
    name = named(stack, data, questions, collection)
    if questions.corpus is not None:
        told = (lambda done, total: progress("corpus", done, total)) if progress else None
        fill(stack, name, questions.corpus, problems, told)
        _check_filled(stack, name, f"no text of {data} could be stored; expected passages with words in corpus.jsonl")
    return name


def named(stack: "RagStack", data: Path, questions: Questions, collection: str | None) -> str:
    """The same, and nothing is brought in: of a corpus, the collection that it has or will have.

    Raises:
        UsageError: a corpus came with the questions, and a collection was named too; or there is nothing in it.
        UnknownCollection: there is no such collection.
    """
    if questions.corpus is None:
        name = stack.collection(collection).name
        _check_filled(stack, name, f"collection {name} holds no document; type `ragstack ingest PATH -c {name}` first")
        return name
    if collection is not None:
        raise UsageError(f"{data} has a corpus of its own; leave --collection out, or give a file of questions")
    return collection_of(stack, data.resolve().name, questions.sha256["corpus.jsonl"])


def _check_filled(stack: "RagStack", name: str, otherwise: str) -> None:
    if not stack.collection(name).info().documents:
        raise UsageError(otherwise)


def resolved(stack: "RagStack", questions: Questions, name: str, problems: Problems) -> tuple[Query, ...]:
    """The queries with relevant documents as searches name them; of one's own collection, an end of the path will do.

    A document that is not there, or not the only one of that name, is counted and stays as it was written.
    """
    if questions.corpus is not None:
        return questions.queries
    there = {info.uri for info in stack.collection(name).documents()}
    ends = Counter(end for uri in there for end in _ends(uri))
    full = {end: uri for uri in there for end in _ends(uri) if ends[end] == 1}
    found = []
    for query in questions.queries:
        relevant = {}
        for document, grade in query.relevant.items():
            uri = document if document in there else full.get(document.lstrip("/"))
            if uri is None:
                what = "several documents are called" if ends[document.lstrip("/")] > 1 else "no document is called"
                problems.add("relevant documents not found", f"question {query.id}: {what} {document}")
            relevant[uri or document] = grade
        spans = tuple(
            replace(span, document=full.get(span.document.lstrip("/"), span.document)) for span in query.spans
        )
        found.append(replace(query, relevant=relevant, spans=spans))
    return tuple(found)


def _with_relevant(stack: "RagStack", questions: Questions, name: str, problems: Problems) -> list[Query]:
    found = []
    for query in resolved(stack, questions, name, problems):
        if query.relevant:
            found.append(query)
        elif query.answerable is False:
            problems.add("unanswerable questions left out", f"question {query.id}: no document holds its answer")
        else:
            problems.add("questions without qrels left out", f"question {query.id}: no document is named as relevant")
    if not found:
        raise _nothing(problems)
    return found


def _nothing(problems: Problems) -> UsageError:
    told = "".join(f" ({problem.kind}: {problem.first})" for problem in list(problems)[:1])
    return UsageError(
        f"no question has a relevant document{told}, so there is nothing to measure; name them in qrels.tsv, "
        "or as documents of each question"
    )


def _ranking(search: Callable[[int], list[Hit]], hits: Sequence[Hit], relevant: Mapping[str, int]) -> list[str]:
    """The first documents by their best chunk; looked for deeper only where a relevant one is still to be found."""
    depth, ranking = _DEEP, list(dict.fromkeys(hit.document for hit in hits))
    while len(ranking) < _DEEP and len(hits) == depth < _DEEPEST and not relevant.keys() <= set(ranking):
        depth = min(2 * depth, _DEEPEST)
        hits = search(depth)
        ranking = list(dict.fromkeys([*ranking, *(hit.document for hit in hits)]))
    return ranking[:_DEEP]


def _ends(uri: str) -> Sequence[str]:
    parts = uri.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]
