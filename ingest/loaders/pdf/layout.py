"""From the lines of a PDF to paragraphs and headings.

A line continues the paragraph before it unless something says otherwise: a wider gap, another size or weight, an
indent after a full stop, a list marker where an item can begin, a jump to another column after a full stop, or a line
before it that is clearly shorter than its neighbours. Lines in a larger size than the body, and short bold lines that
stand alone, are headings.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from indexes.records import PageSpan
from ingest.documents import TextBuilder
from ingest.loaders.pdf.page import Line
from ingest.text.cleaning import is_cjk, join_lines

__all__ = ["Placed", "arrange", "spans"]

_MARKER = re.compile(
    r"(?:[•●◦▪■◆‣]\s?|[*·–—-]\s|\(?\d{1,3}[.)]\s|[(（]\d{1,2}[)）]|\d{1,2}、|[(（]?[一二三四五六七八九十]{1,3}[)）、．]"
    r"|第[〇零一二三四五六七八九十百\d]{1,5}[编章节条](?![的和或及至与、，,规第]))(?=.*\w)"
)
_BULLETS = "•●◦▪■◆‣"
_LEADERS = re.compile(r"[.…·]{3,}\s*\d+$")
_SENTENCE_END = re.compile(r"[.!?。！？；;:：…][\"'”’」』）)\]]*$")
_TABLE_ROW = re.compile(r"(?:\s[-+(]?[\d,]+(?:\.\d+)?[%)]?){2,}$")
_OPEN_END = re.compile(r"(?:[,，、(（-]|\b(?:and|or|of|the|a|an|in|to|for|with|by|on|is|are|that|which))$")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LONGEST_HEADING = 120


Placed = tuple[Line, int, int]
"""A line, and where in the stored text it starts and ends."""


def arrange(lines: Sequence[Line], builder: TextBuilder) -> list[Placed]:
    """Write ``lines`` to ``builder`` as paragraphs, headings and rows; return where each of them came to stand."""
    body = _body_size(lines)
    levels = _heading_levels(lines, body)
    leading = _leading(lines)
    usual = _usual_width(lines, body)
    words = _vocabulary(lines)
    placed: list[Placed] = []
    group: list[Line] = []
    for line in lines:
        if group and _breaks(group, line, body, leading, usual):
            placed += _write(group, builder, levels, body, words)
            group = []
        group.append(line)
    if group:
        placed += _write(group, builder, levels, body, words)
    return placed


def spans(placed: Sequence[Placed], pages: int, end: int) -> tuple[PageSpan, ...]:
    """A span for each line; a page without text has an empty one where the next begins."""
    found: list[PageSpan] = []
    number = 1
    for line, start, stop in placed:
        found += [PageSpan(empty, start, start) for empty in range(number, line.page)]
        found.append(PageSpan(line.page, start, stop, box=line.box))
        number = line.page + 1
    return (*found, *(PageSpan(empty, end, end) for empty in range(number, pages + 1)))


def _body_size(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _heading_levels(lines: Sequence[Line], body: float) -> dict[float, int]:
    """Rank the sizes larger than the body: the largest is level 1; at most five levels."""
    sizes = sorted({line.size for line in lines if line.size >= body * 1.12 and not line.across}, reverse=True)
    merged: dict[float, int] = {}
    level = 0
    previous = 0.0
    for size in sizes:
        if not previous or size < previous * 0.94:
            level, previous = min(level + 1, 5), size
        merged[size] = level
    return merged


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance between lines of the body, in units of the font's size."""
    gaps = [
        (first.y - second.y) / second.size
        for first, second in pairwise(lines)
        if first.page == second.page and first.size == second.size > 0 and 0 < first.y - second.y < 3 * second.size
    ]
    return median(gaps) if gaps else 1.2


def _vocabulary(lines: Sequence[Line]) -> frozenset[str]:
    """The words of the document in lower case, without the halves of words broken at a line's end."""
    words: set[str] = set()
    after_break = False
    for line in lines:
        found = _WORD.findall(line.text)
        breaks = line.text.endswith(("-", "\u2010"))
        words.update(word.lower() for word in found[after_break : len(found) - breaks])
        after_break = breaks
    return frozenset(words)


def _breaks(group: list[Line], line: Line, body: float, leading: float, usual: float) -> bool:
    """Whether ``line`` begins a new paragraph after the lines of ``group``."""
    last = group[-1]
    if line.across != last.across or line.cells or last.cells:
        return True
    ended = _SENTENCE_END.search(last.text) is not None
    if _TABLE_ROW.search(last.text):
        return True
    if _begins_item(group, line, usual):
        return True
    if abs(line.size - last.size) > 0.1 * max(line.size, last.size):
        return True
    if line.bold != last.bold and (len(group) == 1 or ended):
        return True
    if line.page != last.page or line.y > last.y + last.size:
        return ended or _starts_afresh(line.text) or last.size > body * 1.12
    gap = (last.y - line.y) / last.size if last.size else 0.0
    if gap > max(leading, 1.0) * 1.4:
        return True
    if ended and line.x > last.x + 0.8 * last.size > 0:
        return True
    return _is_short(group, line) and not _OPEN_END.search(last.text) and (ended or not line.text[0].islower())


def _begins_item(group: list[Line], line: Line, usual: float) -> bool:
    """Whether ``line`` has a marker and is no wrapped line that only looks so.

    The line before has ended, or is clearly short, or stands elsewhere, or the markers go on: 2. after 1.
    """
    marker = _MARKER.match(line.text)
    if not marker:
        return False
    last = group[-1]
    if _SENTENCE_END.search(last.text) or _LEADERS.search(last.text):
        return True
    if line.text[0] == "·":
        return group[0].text[0] == "·"
    if line.text[0] in _BULLETS or last.width < 0.8 * usual:
        return True
    if last.page == line.page and line.y < last.y:
        aside = line.x - last.x
        if aside > 0.8 * last.size > 0 or (len(group) > 1 and -aside > 0.8 * last.size > 0):
            return True
    return _goes_on(group[0].text, marker[0])


def _goes_on(text: str, marker: str) -> bool:
    """Whether a marker is the next after the one that begins a text."""
    first = _MARKER.match(text)
    if not first or _DIGITS.sub("#", first[0]) != _DIGITS.sub("#", marker):
        return False
    before, after = _DIGITS.search(first[0]), _DIGITS.search(marker)
    return not (before and after) or int(before[0]) + 1 == int(after[0])


def _usual_width(lines: Sequence[Line], body: float) -> float:
    """How wide the full lines of the body are, in characters of Latin text."""
    widths = sorted(line.width for line in lines if line.size == body and not line.cells)
    return widths[len(widths) * 9 // 10] if widths else 0.0


def _starts_afresh(text: str) -> bool:
    """A new column or page goes on with the paragraph where it begins in lower case or with a CJK character."""
    return not (text[0].islower() or is_cjk(text[0]))


def _is_short(group: list[Line], line: Line) -> bool:
    """Whether the last line of the group left room for the first word of the next."""
    widest = max(line.width, *(each.width for each in group))
    word = 2.0 if is_cjk(line.text[0]) else len(line.text.split(" ", 1)[0]) + 1.0
    return group[-1].width + word < widest * 0.8


def _write(
    group: list[Line], builder: TextBuilder, levels: dict[float, int], body: float, words: frozenset[str]
) -> list[Placed]:
    """Join the lines of a group, add the result as a row, heading, list item or paragraph, and say where they are."""
    if group[0].cells:
        row = builder.add_row(group[0].cells, header=group[0].header)
        return [(group[0], row.start, row.end)] if row else []
    text = ""
    offsets: list[int] = []
    for line in group:
        joined = join_lines(text, line.text, words)
        offsets.append(max(len(joined) - len(line.text), 0))
        text = joined
    level = _heading_level(group, text, levels, body)
    block = builder.add(text, "heading" if level else "list_item" if _MARKER.match(text) else "paragraph", level)
    if block is None:
        return []
    edges = [*(block.start + offset for offset in offsets), block.end]
    return [(line, start, end) for line, (start, end) in zip(group, pairwise(edges), strict=True)]


def _heading_level(group: list[Line], text: str, levels: dict[float, int], body: float) -> int:
    if len(text) > _LONGEST_HEADING or not re.search(r"[^\W\d_]", text) or re.search(r"[。；;,，]$|\.$", text):
        return 0
    size = group[0].size
    if group[0].across:
        return 0
    if size in levels and body:
        return levels[size]
    if all(line.bold for line in group) and len(group) <= 2 and not _OPEN_END.search(text) and size >= body * 0.95:
        return min(max(levels.values(), default=0) + 1, 6)
    return 0
