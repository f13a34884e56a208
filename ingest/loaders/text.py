"""Plain text: stored word for word; paragraphs are set apart by blank lines.

Two lines or more that begin with a mark (``-``, ``1.``, ``（一）``) are the items of a list. Chapter lines
(``第三章 …``, ``Chapter 3 …``) are headings. The title is the first line where it stands alone and reads like one.
"""

import re
from itertools import pairwise

from ingest.documents import Block, Limits, Loaded, Refused

__all__ = ["load"]

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
_ITEM = re.compile(
    r"^[^\S\n]*(?:[-*+•●▪■◦‣·][^\S\n]+|(?:\d{1,3}|[a-z])[.)][^\S\n]+|\d{1,3}[、．]|[（(][一二三四五六七八九十\da-z]{1,3}[)）])(?=\S)",
    re.MULTILINE,
)
_CHAPTER = re.compile(
    r"(?:第[〇零一二三四五六七八九十百千\d]{1,7}[编篇部卷章节回](?:[ \u3000:：、].{0,40}|.{0,20})"
    r"|(?:Chapter|Part|Appendix|CHAPTER|PART|APPENDIX) [\dIVXLCA-Z]{1,6}\b[.:]?.{0,60})$"
)
_ENDS_LIKE_A_SENTENCE = tuple(".。!！?？;；,，:：…")
_LONGEST_TITLE = 80


def load(source: str, limits: Limits) -> Loaded:
    """Load plain text.

    Raises:
        Refused: the text is longer than the limit.
    """
    if len(source) > limits.max_characters:
        raise Refused(f"its text is longer than {limits.max_characters:,} characters; split it, or raise the limit")
    blocks: list[Block] = []
    for match in _PARAGRAPH.finditer(source):
        blocks += _blocks(source, match.start(), match.end())
    return Loaded(source, "text", _title(source, blocks), tuple(blocks))


def _blocks(text: str, start: int, end: int) -> list[Block]:
    """Cut a paragraph at the chapter lines within it."""
    blocks: list[Block] = []
    paragraph = start
    position = start
    for line in text[start:end].split("\n"):
        stop = position + len(line)
        if _is_heading(line.strip()):
            if paragraph < position:
                blocks += _with_lists(text, paragraph, position - 1)
            blocks.append(Block(position, stop, "heading", 2 if re.match(r"第\S+节", line.strip()) else 1))
            paragraph = stop + 1
        position = stop + 1
    if paragraph < end:
        blocks += _with_lists(text, paragraph, end)
    return blocks


def _with_lists(text: str, start: int, end: int) -> list[Block]:
    """Cut a paragraph before each line that begins with a mark, where there are several such lines."""
    marks = [match.start() for match in _ITEM.finditer(text, start, end)]
    if len(marks) < 2:
        return [Block(start, end, "paragraph")]
    lead_in = [Block(start, marks[0] - 1, "paragraph")] if start < marks[0] else []
    return lead_in + [Block(begin, stop - 1, "list_item", 1) for begin, stop in pairwise([*marks, end + 1])]


def _is_heading(line: str) -> bool:
    return _CHAPTER.match(line) is not None and not line.endswith(_ENDS_LIKE_A_SENTENCE)


def _title(text: str, blocks: list[Block]) -> str | None:
    if not blocks:
        return None
    first = text[blocks[0].start : blocks[0].end]
    alone = "\n" not in first and len(blocks) > 1
    return (
        first.strip() if alone and len(first) <= _LONGEST_TITLE and not first.endswith(_ENDS_LIKE_A_SENTENCE) else None
    )
