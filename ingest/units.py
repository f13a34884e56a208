"""What a chunk is never cut within: a sentence, a heading, a table row, a block of code.

A unit knows what it stands under (headings, list items) and what goes along with it wherever the chunk is cut: a table
row its header and the line above the table, a list item the line that leads in to the list, the rest of a long row the
name of the row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.contexts import Path, Span
from ingest.documents import Block, BlockKind, Loaded
from ingest.text.sentences import split_sentences

__all__ = ["SENTENCES", "Unit", "all_blocks", "cut_points", "goes_along", "leads_in", "trimmed", "units"]

SENTENCES: frozenset[BlockKind] = frozenset({"paragraph", "list_item"})
"""The kinds of blocks that are made of sentences."""

_LONGEST_PARENT = 60
"""Characters of a list item that can stand in a context; a longer one is text, not a name."""
_LONGEST_LEAD_IN = 300
_LONGEST_OPEN_LINE = 120
"""Characters of a line that leads in to a list without a colon."""
_COLON = re.compile(r"[:：][*_]{0,3}$")
_SENTENCE_END = re.compile(r"[.!?。！？…;；][\"'”’」』）)\]*_]*$")
_LONGEST_CAPTION = 120
_DEEPEST = 100
"""Headings and items that a part can stand under; a context has room for far fewer."""
_CELL = re.compile(r" \| ")
_BORDERS = (re.compile(r"\n"), re.compile(r"[，,；;、：:]"), re.compile(r"\s"))


@dataclass(frozen=True, slots=True)
class Unit:
    """``text[start:end]``.

    Attributes:
        start: Offset of the first character.
        end: Offset behind the last.
        block: The number of its block.
        kind: The kind of its block.
        path: The headings and items above it.
        along: What goes along with it: spans of the text before it.
        tokens: Its number of tokens.
    """

    start: int
    end: int
    block: int
    kind: BlockKind
    path: Path
    along: tuple[Span, ...] = ()
    tokens: int = 0


def all_blocks(loaded: Loaded) -> Iterator[Block]:
    """The blocks of a document, with paragraphs for the text between them."""
    position = 0
    for block in (*loaded.blocks, Block(len(loaded.text), len(loaded.text), "paragraph")):
        start, end = trimmed(loaded.text, position, block.start)
        if start < end:
            yield Block(start, end, "paragraph")
        start, end = trimmed(loaded.text, block.start, block.end)
        if start < end:
            yield replace(block, start=start, end=end)
        position = block.end


def units(text: str, blocks: Sequence[Block]) -> Iterator[Unit]:
    """The units of a document in order."""
    path: list[int] = []
    along: tuple[Span, ...] = ()
    last: Block | None = None
    for index, block in enumerate(blocks):
        while path and not _is_above(blocks[path[-1]], block):
            path.pop()
        along = _along(text, last, block, along)
        spans = [(block.start, block.end)]
        if block.kind in SENTENCES:
            spans = split_sentences(text, block.start, block.end)
        for start, end in spans:
            yield Unit(start, end, index, block.kind, tuple(path), along)
        if len(path) < _DEEPEST and (block.kind == "heading" or _is_parent(block)):
            path.append(index)
        last = block


def cut_points(text: str, unit: Unit, parts: int) -> Iterator[int]:
    """Offsets that cut a unit into parts of about equal length, each at the best border near by."""
    borders = (_CELL, *_BORDERS) if unit.kind in ("table_row", "table_header") else _BORDERS
    step = (unit.end - unit.start) / parts
    last = unit.start
    for number in range(1, parts):
        ideal = unit.start + round(step * number)
        low, high = max(last + 1, ideal - max(1, int(step / 4))), min(unit.end - 1, ideal + max(1, int(step / 4)))
        found = (max((match.end() for match in border.finditer(text, low, high)), default=0) for border in borders)
        cut = next((offset for offset in found if offset), ideal)
        if last < cut < unit.end:
            yield cut
            last = cut


def goes_along(text: str, block: Block, unit: Unit) -> tuple[Span, ...]:
    """What goes along with a unit that begins a chunk.

    With the rest of a row that was cut go the names of the columns from there on, and the first words of the row.
    """
    if unit.kind != "table_row" or unit.start == block.start:
        return unit.along
    column = text.count(" | ", block.start, unit.start)
    names = [(at, end) for start, end in unit.along if (at := _cell_start(text, start, end, column)) is not None]
    for cell in re.finditer(r"[^|\n]+", text[block.start : unit.start]):
        if any(map(str.isalpha, cell[0])) and len(cell[0]) <= _LONGEST_PARENT:
            names.append(trimmed(text, block.start + cell.start(), block.start + cell.end()))
            break
    return tuple(names)


def _cell_start(text: str, start: int, end: int, column: int) -> int | None:
    """Where a cell of a row begins; None for one that the row does not have."""
    for _ in range(column):
        border = text.find(" | ", start, end)
        if border < 0:
            return None
        start = border + 3
    return start


def leads_in(text: str, block: Block) -> bool:
    """Whether a paragraph before a list leads in to it: it ends in a colon, or is a short line that does not end."""
    words = text[max(block.start, block.end - _LONGEST_OPEN_LINE - 1) : block.end]
    is_short = block.end - block.start <= _LONGEST_OPEN_LINE and "\n" not in words
    return _COLON.search(words) is not None or (is_short and _SENTENCE_END.search(words) is None)


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _along(text: str, last: Block | None, block: Block, before: tuple[Span, ...]) -> tuple[Span, ...]:
    """What goes along with a block, given the block before it and what went along with that."""
    if block.kind in ("table_row", "table_header") and last:
        if last.kind == "table_header":
            return (*before, _first_line(text, last))
        if last.kind == "table_row" and block.kind == "table_row":
            return before
        names = last.kind == "paragraph" and last.end - last.start <= _LONGEST_CAPTION
        return ((last.start, last.end),) if names and "\n" not in text[last.start : last.end] else ()
    if block.kind == "list_item" and last and last.kind == "list_item":
        return before
    if block.kind == "list_item" and last and last.kind == "paragraph" and leads_in(text, last):
        start, end = split_sentences(text, last.start, last.end)[-1]
        return ((start, end),) if end - start <= _LONGEST_LEAD_IN else ()
    return before if block.level and block.kind != "heading" else ()


def _first_line(text: str, block: Block) -> Span:
    line = text.find("\n", block.start, block.end)
    return block.start, line if line >= 0 else block.end


def _is_above(upper: Block, lower: Block) -> bool:
    """Whether a heading or list item still has authority when ``lower`` comes."""
    if upper.kind == "heading":
        return lower.kind != "heading" or upper.level < lower.level
    return lower.kind != "heading" and upper.level < lower.level


def _is_parent(block: Block) -> bool:
    """Whether a list item is short enough to name what hangs on it."""
    return block.kind == "list_item" and block.level > 0 and block.end - block.start <= _LONGEST_PARENT
