"""The values of a test set: a sentence to ask about, what in it is asked for, and the question made of both.

Offsets count characters of the document's stored text: ``document.text[start:end]`` is the passage, and the answer
likewise, always.
"""

from dataclasses import dataclass
from typing import Any, Literal

from ragstack.language import Language

__all__ = ["KINDS", "Asks", "Fact", "Kind", "Passage", "Question"]

Kind = Literal["answerable", "unanswerable", "false_premise"]
KINDS: tuple[Kind, ...] = ("answerable", "unanswerable", "false_premise")
Asks = Literal["number", "date", "name", "definition"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that says something: ``text == document.text[start:end]``.

    ``around`` is the sentence with its neighbours, from the offset ``around_start`` on; ``heading`` what it stands
    under; ``id`` names it among all passages of the collection.
    """

    id: str
    document: str
    document_id: int
    heading: str
    language: Language
    start: int
    end: int
    text: str
    around_start: int
    around: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What can be asked for in a sentence: ``text == passage.text[start:end]``."""

    asks: Asks
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its source.

    ``twist`` says, of one that cannot be answered, what was put in the place of what: ``(put, in place of)``.
    """

    id: str
    kind: Kind
    text: str
    passage: Passage
    fact: Fact
    twist: tuple[str, str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """A line of ``questions.jsonl``, as ``ragstack eval … --data questions.jsonl`` reads it."""
        start = self.passage.start
        answer = {"document": self.passage.document, "start": start + self.fact.start, "end": start + self.fact.end}
        line: dict[str, Any] = {"id": self.id, "text": self.text, "kind": self.kind, "asks": self.fact.asks}
        if self.kind == "answerable":
            return line | {
                "answerable": True,
                "answers": [" ".join(self.fact.text.split())],
                "documents": [self.passage.document],
                "spans": [answer],
            }
        source = {"document": self.passage.document, "start": start, "end": self.passage.end}
        put, instead_of = self.twist or ("", "")
        return line | {"answerable": False, "source": source, "twist": {"put": put, "instead_of": instead_of}}
