"""The same data for every system: questions, and a folder with a plain text file for each document.

Where there is more data than asked for, it is cut: a sample of the questions, all documents that are relevant to
them, and others by chance up to the number wanted. The same seed gives the same cut.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.documents import Limits
from ingest.files.loading import load
from ragstack.evaluation.datasets import Passage, Query, Questions, read_questions, sample
from ragstack.evaluation.problems import Problems

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Task:
    """What is measured on. ``texts`` are documents by file name; the relevant documents of questions are such names."""

    name: str
    texts: dict[str, str]
    searched: tuple[Query, ...]
    asked: tuple[Query, ...]
    sha256: dict[str, str]

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.texts.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def read_task(data: Path | None, passages: int, questions: int, answers: int, seed: int) -> Task:
    """A folder in the common layout, cut; or, for None, the example documents with their own questions, whole."""
    problems = Problems()
    if data is None:
        found = read_questions(EXAMPLES / "questions.jsonl", problems)
        corpus = [
            Passage(file.name, "", load(file, Limits()).text) for file in sorted((EXAMPLES / "documents").iterdir())
        ]
        return cut(
            "examples", Questions(found.queries, tuple(corpus), found.sha256), passages, questions, answers, seed
        )
    return cut(data.resolve().name, read_questions(data, problems), passages, questions, answers, seed)


def cut(name: str, data: Questions, passages: int, questions: int, answers: int, seed: int) -> Task:
    """At most so many passages, questions to search, and questions to ask.

    The answerable ones that are asked are among those that are searched, so that asking more changes no index; the
    unanswerable ones have the share that they have in the data.
    """
    if data.corpus is None:
        raise ValueError(f"{name} has no corpus")
    searched = sample([query for query in data.queries if query.relevant], questions, seed, lambda _: None)
    without = [query for query in data.queries if not answerable(query)]
    share = len(without) / len(data.queries)
    asked = sample(without, round(answers * share), seed, lambda _: None)
    told = [query for query in searched if answerable(query) and query.answers]
    asked += sample(told, answers - len(asked), seed, lambda _: None)
    kept = _kept(data.corpus, {document for query in searched for document in query.relevant}, passages, seed)
    names = {passage.id: f"p{number:06}" for number, passage in enumerate(kept)}
    return Task(
        name,
        {names[p.id]: f"{p.title}\n\n{p.text}" if p.title else p.text for p in kept},
        tuple(_renamed(query, names) for query in searched),
        tuple(_renamed(query, names) for query in asked),
        data.sha256,
    )


def answerable(query: Query) -> bool:
    """What the data says; where it says nothing, a question with an answer or a document can be answered."""
    return bool(query.answers or query.relevant) if query.answerable is None else query.answerable


def _kept(corpus: Sequence[Passage], needed: set[str], passages: int, seed: int) -> list[Passage]:
    others = [passage.id for passage in corpus if passage.id not in needed]
    random.Random(seed).shuffle(others)
    kept = needed | set(others[: max(0, passages - len(needed))])
    return [passage for passage in corpus if passage.id in kept]


def _renamed(query: Query, names: dict[str, str]) -> Query:
    relevant = {names.get(document, document): grade for document, grade in query.relevant.items()}
    return Query(query.id, query.text, query.answers, query.answerable, relevant)
