"""Joins documents that were loaded by themselves, such as the chapters of a book, into one text with its blocks."""

from ingest.documents import Block, Limits, Loaded, Refused

__all__ = ["Joiner"]

_BETWEEN = "\n\n"


class Joiner:
    """Puts texts one after the other, a blank line between them, and moves their blocks along."""

    def __init__(self, limits: Limits) -> None:
        self.blocks: list[Block] = []
        self._limit = limits.max_characters
        self._pieces: list[str] = []
        self._length = 0

    def add(self, loaded: Loaded) -> tuple[int, int]:
        """Append a document and return where its text starts and ends; both are the same where it has none.

        Raises:
            Refused: the text grows beyond the limit of characters.
        """
        text = loaded.text
        if not text.strip():
            return self._length, self._length
        if self._pieces:
            self._push(_BETWEEN)
        start = self._length
        self._push(text)
        self.blocks += [Block(start + each.start, start + each.end, each.kind, each.level) for each in loaded.blocks]
        return start, self._length

    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def _push(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
        if self._length > self._limit:
            raise Refused(f"its text is longer than {self._limit:,} characters; split it, or raise the limit")
