"""Data to measure on: questions over a corpus, questions over one's own collection, judged examples.

Layouts, each file plain or gzipped (``.gz``), one JSON object a line, in UTF-8:

* a folder with ``corpus.jsonl`` ``{"id", "title", "text"}``, ``queries.jsonl`` ``{"id", "text", "answers"?: [..],
  "answerable"?: bool}`` and ``qrels.tsv`` (query, document, relevance; a header line is allowed);
* a file of questions over a collection that is there already: ``{"text", "id"?, "answers"?, "answerable"?,
  "documents"?: [..], "spans"?: [{"document", "start", "end"}]}``, where ``documents`` (or one ``document``) are
  relevant, as ``ragstack search`` names them, and ``spans`` are where an answer stands in a document's stored text;
* a folder with ``examples.jsonl``, or such a file: ``{"id", "context", "question"?, "response", "label"?}`` with
  ``label`` ``faithful`` or ``hallucinated``; records in the way of RAGAS or LangChain are understood too (see
  :mod:`ragstack.evaluation.adapters`).

A broken record is left out, counted and told; only data of which nothing is left is refused.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from indexes.errors import UsageError
from ragstack.evaluation.adapters import Response, response_of
from ragstack.evaluation.lines import id_of, records, text_of, texts_of, unpacked, whole
from ragstack.evaluation.problems import Problems

__all__ = ["Example", "Label", "Passage", "Query", "Questions", "Span", "read_examples", "read_questions", "sample"]

Label = Literal["faithful", "hallucinated"]
_LABELS: dict[Any, Label] = {"faithful": "faithful", "hallucinated": "hallucinated"}
_Item = TypeVar("_Item")
_HIGHEST = 1_000_000
"""The highest relevance."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One document of a corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Where an answer stands: ``document.text[start:end]``."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query:
    """A question; ``relevant`` maps documents to their relevance (above 0), ``answers`` are gold answers.

    ``answerable`` is None where the data does not say; ``spans`` are where an answer stands, where that is known.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    answerable: bool | None
    relevant: dict[str, int]
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions with what they are asked of: ``corpus`` is None where that is a collection of one's own.

    ``sha256`` is that of the unpacked files by name; equal data has equal digests.
    """

    queries: tuple[Query, ...]
    corpus: tuple[Passage, ...] | None
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Example:
    """A response to be judged against its contexts; ``label`` is a person's judgement, where there is one."""

    id: str
    response: Response
    label: Label | None


def read_questions(path: Path, problems: Problems) -> Questions:
    """Read a folder in the common layout, or a file of questions over one's own collection.

    Raises:
        UsageError: a file is missing or cannot be read, or nothing usable is in it.
    """
    sha256: dict[str, str] = {}
    if path.is_file():
        queries = _unique(records(path, _own_query, problems, sha256), path.name, problems)
        return Questions(_some(queries, path, '{"text": "…"}'), None, sha256)
    folder = _folder(path)
    corpus_file, query_file = _file(folder, "corpus"), _file(folder, "queries")
    corpus = _unique(records(corpus_file, _passage, problems, sha256), corpus_file.name, problems)
    passages = _some(corpus, corpus_file, '{"id": "…", "title": "…", "text": "…"}')
    relevant = _qrels(folder, {passage.id for passage in passages}, problems, sha256)
    read = _unique(records(query_file, _query, problems, sha256), query_file.name, problems)
    known = {query.id for query in read}
    for query_id in relevant:
        if query_id not in known:
            problems.add("qrels of unknown questions", f"question {query_id} is not in {query_file.name}")
    queries = [Query(q.id, q.text, q.answers, q.answerable, relevant.get(q.id, {})) for q in read]
    return Questions(_some(queries, query_file, '{"id": "…", "text": "…"}'), passages, sha256)


def read_examples(path: Path, problems: Problems) -> tuple[tuple[Example, ...], dict[str, str]]:
    """Read examples to judge from a file, or from the ``examples.jsonl`` of a folder; with the files' SHA-256.

    Raises:
        UsageError: the file is missing or cannot be read, or nothing usable is in it.
    """
    sha256: dict[str, str] = {}
    file = path if path.is_file() else _file(_folder(path), "examples")
    examples = _unique(records(file, _example, problems, sha256), file.name, problems)
    return _some(examples, file, '{"id": "…", "context": "…", "response": "…"}'), sha256


def sample(
    items: Sequence[_Item], limit: int | None, seed: int, stratum: Callable[[_Item], object]
) -> tuple[_Item, ...]:
    """At most ``limit`` items, the strata in their proportions, in the order of ``items``.

    Each stratum is shuffled by ``seed`` and spread evenly over [0, 1]; the first ``limit`` are taken. So a smaller
    sample is a part of a larger one of the same seed.
    """
    if limit is None or limit >= len(items):
        return tuple(items)
    strata: dict[object, list[int]] = {}
    for at, item in enumerate(items):
        strata.setdefault(stratum(item), []).append(at)
    placed = []
    chance = random.Random(seed)  # noqa: S311  # a sample, not a secret
    for members in strata.values():
        chance.shuffle(members)
        placed += [((rank + 0.5) / len(members), at) for rank, at in enumerate(members)]
    return tuple(items[at] for at in sorted(at for _, at in sorted(placed)[:limit]))


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"there is no {path}; expected a folder with the data, or a file of JSON lines")
    return path


def _file(folder: Path, name: str) -> Path:
    """``name.jsonl`` or its gzip; else the only ``name*.jsonl`` that there is."""
    for exact in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if exact.is_file():
            return exact
    near = sorted(path for path in folder.glob(f"{name}*.jsonl*") if path.suffix in (".jsonl", ".gz"))
    if len(near) == 1:
        return near[0]
    if near:
        listed = ", ".join(path.name for path in near)
        raise UsageError(f"{folder} has several files of {name} ({listed}); give one of them: --data {near[0]}")
    raise UsageError(f"{folder} has no {name}.jsonl or {name}.jsonl.gz; docs/evaluation.md shows the layout")


def _unique(items: Iterator[Any], name: str, problems: Problems) -> list[Any]:
    found: dict[str, Any] = {}
    for item in items:
        if item.id in found:
            problems.add(f"repeated ids in {name}", f"{item.id}; the first is kept")
        found.setdefault(item.id, item)
    return list(found.values())


def _some(items: Sequence[_Item], path: Path, shape: str) -> tuple[_Item, ...]:
    if not items:
        raise UsageError(f"{path} holds no usable record; expected lines such as {shape}")
    return tuple(items)


def _qrels(folder: Path, documents: set[str], problems: Problems, sha256: dict[str, str]) -> dict[str, dict[str, int]]:
    packed = folder / "qrels.tsv.gz"
    path = packed if packed.is_file() and not (folder / "qrels.tsv").is_file() else folder / "qrels.tsv"
    if not path.is_file():
        problems.add("no qrels.tsv", f"{path} is not there, so no document counts as relevant")
        return {}
    data = unpacked(path)
    sha256["qrels.tsv"] = hashlib.sha256(data).hexdigest()
    relevant: dict[str, dict[str, int]] = {}
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1):
        fields = line.split("\t")
        try:
            query, document, grade = fields[0], fields[1], int(fields[2])
            if abs(grade) > _HIGHEST:
                raise ValueError("beyond what the measures can count")
        except (IndexError, ValueError):
            if line.strip() and number > 1:  # the first may be a header
                problems.add("broken lines in qrels.tsv", f"line {number}: expected query, document, relevance")
            continue
        if document not in documents:
            problems.add("qrels of unknown documents", f"{document} is not in the corpus; it counts as not found")
        if grade > 0:
            relevant.setdefault(query, {})[document] = grade
    return relevant


def _passage(record: dict[str, Any], _: int) -> Passage:
    title = record.get("title") or ""
    if not isinstance(title, str):
        raise ValueError(f"title is {title!r:.80}; expected a text")
    return Passage(id_of(record), whole(title, "title"), text_of(record, "text"))


def _query(record: dict[str, Any], _: int) -> Query:
    answerable = record.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise ValueError(f"answerable is {answerable!r:.80}; expected true or false")
    return Query(id_of(record), text_of(record, "text"), texts_of(record, "answers"), answerable, {})


def _own_query(record: dict[str, Any], number: int) -> Query:
    """A question over one's own collection; its id is its line where it has none."""
    query = _query({"id": number} | record, number)
    named = [record["document"]] if record.get("document") else record.get("documents")
    documents = texts_of({"documents": named}, "documents")
    return replace(query, relevant=dict.fromkeys(documents, 1), spans=_spans(record))


def _spans(record: dict[str, Any]) -> tuple[Span, ...]:
    value = record.get("spans") or []
    return tuple(_span(item) for item in (value if isinstance(value, list) else [value]))


def _span(item: Any) -> Span:
    start, end = (item.get("start"), item.get("end")) if isinstance(item, dict) else (None, None)
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise ValueError(f'spans hold {item!r:.80}; expected {{"document": "…", "start": 0, "end": 1}}')
    return Span(text_of(item, "document"), start, end)


def _example(record: dict[str, Any], number: int) -> Example:
    label = record.get("label")
    if label is None and isinstance(spans := record.get("labels"), list):  # RAGTruth marks what is hallucinated
        label = "hallucinated" if spans else "faithful"
    if label is not None and (not isinstance(label, str) or label not in _LABELS):
        raise ValueError(f"label is {label!r:.80}; expected faithful or hallucinated")
    response = response_of(record)
    for text in (response.question, response.response, response.gold, *response.contexts):
        whole(text, "a text")
    return Example(id_of(record, number), response, _LABELS.get(label))
