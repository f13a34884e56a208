"""The words that are put before a chunk for the encoder and for BM25: ``Title › Section › Subsection``.

A context is short, so that it helps to find a chunk without drowning its words: the middle of a long section path goes
first, then the end of what is left.
"""

from collections.abc import Callable, Sequence

from ingest.documents import Block
from ingest.text.cleaning import plain_heading

__all__ = ["Contexts", "CountTokens", "Path", "Span"]

CountTokens = Callable[[Sequence[str]], list[int]]
"""Counts the tokens of each text as the encoder's tokenizer makes them, without special tokens."""

Path = tuple[int, ...]
"""The headings above a part of a document, outermost first, as indices of its blocks."""

Span = tuple[int, int]
"""A stretch of the text, from its first offset to the one behind its last."""

_SEPARATOR = " › "


class Contexts:
    """Makes the contexts of one document, each once."""

    def __init__(self, text: str, blocks: Sequence[Block], title: str, count: CountTokens, max_tokens: int) -> None:
        self._text = text
        self._blocks = blocks
        self._title = " ".join(title.split())
        self._count = count
        self._max_tokens = max_tokens
        self._made: dict[Path, tuple[str, int]] = {}

    def of(self, path: Path) -> tuple[str, int]:
        """The context below a section path, and its number of tokens."""
        if path not in self._made:
            self._made[path] = self._make(path)
        return self._made[path]

    def below(self, path: Path, along: Sequence[Span]) -> str:
        """The context below a section path, with what goes along with a chunk's first part, each on a line.

        What goes along (the header of a table, the line that leads in to a list) has together as much room as the
        path; the shorter lines are kept whole before the longer ones are.
        """
        lines = [" ".join(self._text[start:end].split()) for start, end in along]
        left = self._max_tokens
        for done, at in enumerate(sorted(range(len(lines)), key=lambda at: len(lines[at]))):
            lines[at], tokens = self._shortened(lines[at], left // (len(lines) - done))
            left -= tokens
        return "\n".join(filter(None, [self.of(path)[0], *lines]))

    def _make(self, path: Path) -> tuple[str, int]:
        headings = (self._blocks[index] for index in path)
        names = [plain_heading(self._text[block.start : block.end]) for block in headings]
        parts = [self._title, *(name for name in names if name.casefold() != self._title.casefold())]
        parts = [part for part in parts if part]
        candidates = [parts, parts[:1] + parts[-2:], parts[:1] + parts[-1:]] if len(parts) > 2 else [parts]
        texts = [_SEPARATOR.join(each) for each in candidates]
        for text, tokens in zip(texts, self._count(texts), strict=True):
            if tokens <= self._max_tokens:
                return text, tokens
        return self._shortened(texts[-1], self._max_tokens)

    def _shortened(self, text: str, room: int) -> tuple[str, int]:
        tokens = self._count([text])[0]
        while tokens > room and text:
            text = text[: min(len(text) - 1, len(text) * room // tokens)].rstrip()
            tokens = self._count([text])[0]
        return text, tokens
