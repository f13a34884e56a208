"""What every system that is compared is for the measurement, and what all of them are told.

A system reads a folder of plain text files, one document each, and names a document by its file name without the
ending. It keeps its index in a folder, since people do: writing it is a part of the time of ``build``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

MAX_TOKENS = 160
"""Tokens of an answer, for all."""
REFUSE = "If the context does not hold the answer, reply with these words only: I don't know."
CITE = (
    "The passages of the context are numbered. After each sentence write the number of the passage that it rests on, "
    f"in square brackets, such as [1]. {REFUSE}"
)
"""What is added to a documented prompt, so that its answers can be checked and refused as ours are."""


@dataclass(frozen=True)
class Settings:
    """What all systems share.

    ``encoder`` is the name that ragstack knows, ``folder`` where its files are; ``query`` and ``passage`` are the
    prefixes that the encoder was trained with. ``endpoint`` is the OpenAI-compatible address of the decoder, empty
    where nothing is asked; ``decoder`` its name.
    """

    encoder: str
    folder: str
    query: str
    passage: str
    decoder: str
    endpoint: str


@dataclass
class Said:
    """What a system answered.

    ``passages`` are ``(document, text)`` in the order of their numbers in the text, from 1. ``cited`` are those that
    the answer as a whole cites, of a system that does not cite by numbers. ``abstained`` is None where only the text
    tells. ``first`` is the seconds until a user saw the first words, None where the system does not stream;
    ``prompt_tokens`` is None where the endpoint counts them.
    """

    text: str
    passages: list[tuple[str, str]]
    cited: list[int] = field(default_factory=list)
    abstained: bool | None = None
    first: float | None = None
    prompt_tokens: int | None = None


class Peer(Protocol):
    """A system under measurement. It is made of the settings and its index's folder, and has loaded its encoder."""

    def build(self, corpus: Path) -> int:
        """Bring the text files of ``corpus`` into the index, whose folder is new; how many chunks they became."""
        ...

    def open(self) -> None:
        """Use the index that :meth:`build` made in another process."""
        ...

    def search(self, question: str, k: int) -> list[str]:
        """The documents of the ``k`` best chunks, best first; a document may come several times."""
        ...

    def ask(self, question: str) -> Said:
        """An answer."""
        ...


def documents(corpus: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of each document of a corpus."""
    for file in sorted(corpus.glob("*.txt")):
        yield file.stem, file.read_text(encoding="utf-8")
