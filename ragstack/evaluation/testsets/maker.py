"""One sentence, one question: it is made, checked by its words and by search, and read back.

What is found goes into records of a run, which hold all that a verdict needs, so that a stopped run goes on and a
finished one can be looked into.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexes.errors import UsageError
from indexes.records import Hit
from ragstack.evaluation.results import Record
from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.filters import fault
from ragstack.evaluation.testsets.roundtrip import agrees, answered_after_all, depth, lost
from ragstack.evaluation.testsets.templates import from_template, why
from ragstack.evaluation.testsets.twisting import Names, changed, names_in, names_something, premises
from ragstack.evaluation.testsets.values import Fact, Kind, Passage, Question
from ragstack.evaluation.testsets.writing import Writer

if TYPE_CHECKING:
    from ragstack.stack import RagStack

__all__ = ["FAILED", "Maker", "Task"]

FAILED = "the decoder failed"
_PLAIN: Record = {"kind": "answerable"}
_OFTEN = {"definition": 3, "number": 3, "date": 3, "name": 1}
"""How readily a fact is asked for: names are the least sure of the four."""


@dataclass(frozen=True, slots=True)
class Task:
    """A sentence of which a question of a kind is to be made; ``reads`` is the question that is to be read back."""

    id: str
    kind: Kind
    passage: Passage
    reads: str = ""


class Maker:
    """Makes and checks questions over one collection, by a decoder or, without a ``writer``, by templates."""

    def __init__(
        self, stack: "RagStack", collection: str, passages: Sequence[Passage], writer: Writer | None, seed: int
    ) -> None:
        self._stack = stack
        self._collection = collection
        self._writer = writer
        self._seed = seed
        self._names = Names(passages, stack.encoder)
        self._depth = depth(stack.collection(collection).info().chunks)

    def work(self, task: Task) -> Record:
        """The record of a task: the question, or why there is none; of a reading, what was read.

        Raises:
            ModelError: the decoder failed.
        """
        if task.reads:
            return {"read": self._writer.read(task.passage, task.reads) if self._writer else ""}
        chance = random.Random(f"{self._seed} {task.id}")  # noqa: S311  # a choice, not a secret
        there = _shuffled(facts(task.passage), chance)
        if task.kind == "false_premise":
            return self._false_premise(task.passage, there, chance)
        fact, base = self._asked(task.passage, there)
        record: Record = {"fact": [fact.asks, fact.start, fact.end], "base": base, "text": base}
        reason = self._faulty(base, task.passage, fact)
        if reason:
            return record | {"rejected": reason}
        return record | (self._unanswerable(task.passage, fact, base) if task.kind == "unanswerable" else _PLAIN)

    def reading(self, task: Task, record: Record) -> Task | None:
        """The task to read a question back; None where there is no decoder, or nothing to read."""
        if self._writer is None or "error" in record or "rejected" in record or not record.get("base"):
            return None
        return Task(f"read-{task.id}", task.kind, task.passage, record["base"])

    @staticmethod
    def verdict(task: Task, record: Record, read: Record | None) -> tuple[Question | None, str]:
        """The question, or None and why it is left out."""
        if "error" in record or (read and "error" in read):
            return None, FAILED
        if "rejected" in record:
            return None, record["rejected"]
        asks, start, end = record["fact"]
        fact = Fact(asks, start, end, task.passage.text[start:end])
        if read and not agrees(read["read"], fact, task.passage.language):
            return None, "read back, it has another answer"
        twist = tuple(record["twist"]) if "twist" in record else None
        return Question(task.id, record["kind"], record["text"], task.passage, fact, twist), ""

    def _asked(self, passage: Passage, there: Sequence[Fact]) -> tuple[Fact, str]:
        """A fact and the question for it: the first that the decoder is given, or that a rule can turn."""
        if self._writer:
            return there[0], self._writer.ask_for(passage, there[0])
        made = ((fact, from_template(passage, fact)) for fact in there)
        return next(((fact, text) for fact, text in made if text), (there[0], ""))

    def _faulty(self, text: str, passage: Passage, fact: Fact) -> str:
        if not text:
            return "no rule for the sentence"
        if fact.asks != "definition" and not names_something(text, passage.heading, passage.language):
            return "names nothing that it is about"
        return fault(text, "answerable", passage, fact) or lost(text, passage, fact, self._search, self._depth)

    def _unanswerable(self, passage: Passage, fact: Fact, base: str) -> Record:
        """The base question with another name in it, one of which the collection does not say such a thing.

        Where no name will do, the question stays what it is, one that can be answered; so does one for a definition,
        for the other name has one too, wherever it stands.
        """
        for name in names_in(base) if fact.asks != "definition" else ():
            for other in self._names.like(name, passage):
                text = base.replace(name, other)
                if not answered_after_all(text, other, self._search, self._depth):
                    return {"kind": "unanswerable", "text": text, "twist": [other, name]}
        return _PLAIN

    def _false_premise(self, passage: Passage, there: Sequence[Fact], chance: random.Random) -> Record:
        """A question that takes a wrong number for granted; where it asks for nothing else, it asks why that is so.

        Where there is no number to change, a question that can be answered.
        """
        record: Record = {}
        fact, base = self._asked(passage, there)
        if base and not self._faulty(base, passage, fact):
            record = {"fact": [fact.asks, fact.start, fact.end], "base": base, "text": base} | _PLAIN
            for start, end in premises(base):
                number = base[start:end]
                put = changed(number, chance, passage.around) if number in passage.text else ""
                if put:
                    return self._unheard(base[:start] + put + base[end:], base, passage, fact, put, number)
        for fact in there:
            for start, end in _numbers(passage, fact):
                number = fact.text[start:end]
                put = changed(number, chance, passage.around)
                text = self._why(passage, fact, fact.text[:start] + put + fact.text[end:]) if put else ""
                if text:
                    return self._unheard(text, "", passage, fact, put, number)
        return record or {"rejected": "no number to change, or no rule for the sentence"}

    def _why(self, passage: Passage, fact: Fact, said: str) -> str:
        return why(passage, fact, said) or (self._writer.ask_why(passage, fact, said) if self._writer else "")

    def _unheard(self, text: str, base: str, passage: Passage, fact: Fact, put: str, number: str) -> Record:
        """The record of a question with a wrong number, unless its words are faulty or the collection says it is so."""
        record: Record = {"kind": "false_premise", "fact": [fact.asks, fact.start, fact.end]}
        record |= {"base": base, "text": text, "twist": [put, number]}
        reason = fault(text, "false_premise", passage, fact)
        if not reason and not base and not names_something(text, passage.heading, passage.language):
            reason = "names nothing that it is about"
        if not reason and put not in text:
            reason = "lost its premise"
        if not reason and answered_after_all(text, put, self._search, self._depth):
            reason = "may be answered after all"
        return record | {"rejected": reason} if reason else record

    def _search(self, text: str, k: int) -> list[Hit]:
        try:
            return self._stack.search(text, k, collection=self._collection)
        except UsageError:  # nothing but white space and signs
            return []


def _shuffled(there: Sequence[Fact], chance: random.Random) -> list[Fact]:
    """All facts in an order of chance, in which those that are readily asked for tend to stand first."""
    return sorted(there, key=lambda fact: -(chance.random() ** (1 / _OFTEN[fact.asks])))


def _numbers(passage: Passage, fact: Fact) -> list[tuple[int, int]]:
    """The one number of a number or date, where no word beside it, such as "at least", leaves it open."""
    if fact.asks not in ("number", "date"):
        return []
    inside = [(start - fact.start, end - fact.start) for start, end in premises(passage.text)
              if fact.start <= start and end <= fact.end]  # fmt: skip
    return inside if len(inside) == 1 else []
