"""Where sentences begin and end, in English, Chinese and text that mixes them.

:func:`split_sentences` returns spans, so that a sentence is always the very words of its text. Two kinds of border:

* hard borders, where the layout says so: blank lines, list items, headings, table rows, code fences. A single line
  break within a paragraph is no border.
* stops: ``。！？；…`` and their Latin kin, together with the quotes and brackets that close after them. A Latin full
  stop counts only where neither what stands before it (abbreviations, initials, numbers) nor what follows (a
  lower-case word, a comma) speaks against it.

What a bracket in the middle of a sentence holds stays in that sentence; what stands in quotation marks is split like
any text, but a speaker named after the quote (``“……？”他问。``, ``"Why?" she asked.``) belongs to it.
"""

import re
from collections.abc import Iterator

from ingest.text.abbreviations import is_abbreviation, may_go_on

__all__ = ["split_sentences"]

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_BORDER_LINE = re.compile(
    r"[ \t\u3000]*(?:[-*+•●▪■◆·–][ \t]+\S|\d{1,3}[.)][ \t]+\S|\d{1,3}(?:、|．)|[（(]\d{1,2}[)）]|[①-⑳]"
    r"|[（(]?[一二三四五六七八九十]{1,3}(?:[)）、．])|第[〇零一二三四五六七八九十百千\d]{1,6}[编章节条][ \u3000\t]"
    r"|\#{1,6}[ \t]|\||>|```|~~~|\[\^?\w+\]:|(?:[A-Z]|[IVX]{2,5})\.[ \t]+[A-Z])"
)
_NUMBERED = re.compile(
    r"[ \t\u3000]*(?:\d{1,3}[.)] |[（(]?[一二三四五六七八九十]{1,3}[)）、．]"
    r"|第[〇零一二三四五六七八九十百\d]{1,6}[编章节条]|(?:[A-Z]|[IVX]{1,5})\. +[A-Z])"
)
_ONE_LINE = re.compile(r"[ \t\u3000]*+(?:\#{1,6}[ \t]|\||```|~~~|(?:[-=*_]{3,}+|[-:| ]{3,}+)[ \t]*+$)")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_BRACKETS = {")": "(", "）": "（", "]": "[", "】": "【", "〕": "〔", "》": "《"}
_OPENING = frozenset(_BRACKETS.values())
_LONGEST_BRACKET = 400

_STOP = re.compile(
    r"(?<=[谢哦啦呀吧呢啊哈嘛哟喔耶])[~～]+|[。｡！？；!?]+[。｡！？!?…]*|…+[。！？!?]*|[.．]+[!?！？。]*|[()（）\[\]【】〔〕《》]"
)
_BRACKET = re.compile(r"[()（）\[\]【】〔〕《》]")
_CLOSERS = re.compile(r"(?:[\"'”’」』）)\]】〕》〉*_`~]|\[\d+(?:[,–-] ?\d+)*\])*")
_SPACE = re.compile(r"\s*")
_SKIP_TO_WORD = re.compile(r"[\s\"'“‘「『（(\[【《*_`~]*")
_WORD_BEFORE = re.compile(r"[A-Za-z0-9_\u00c0-\u024f.@/&'’:\\+°-]*$")
_QUOTES = frozenset("\"'”’」』")
_COLON = re.compile("[:：]")
_CAMEL = re.compile(r"[a-z]{1,2}[A-Z]")
_NEXT_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_ZH_SPEAKER = re.compile(
    rf"[{_HAN}]{{0,6}}(?:[说說问問答]?道(?![歉谢謝别別了])|[说說问問笑想]|[喊叫嚷](?![声聲])|回答|表示|指出)(?:了?起来|[{_HAN}]{{0,2}})[:：，。]"
)
_GOES_ON = re.compile("也|还是|或者|甚至|以及")
_REST = re.compile("等|这些|那些|都|之类")
_EMBEDDED = re.compile(rf"(?<=[{_HAN}])[“‘「『\"][^”’」』\"]*$")
_LABEL = re.compile(
    rf"[ \t\u3000]*(?:[{_HAN}][{_HAN}（）()·\u3000 ]{{0,11}}[：:]|[A-Z][A-Za-z]*(?: [A-Za-z]+){{0,2}}:(?:[ \n]|$))"
)
_EN_SPEAKER = re.compile(
    r"(?:[A-Z][a-z]+ ){1,2}(?:said|asked|replied|answered|cried|shouted|wrote|added|says|asks|explained|wondered)\b"
)

_LIST_MARKS = "-*+•●▪■◆·–#_ \t"
_NUMBER_OF_ITEM = re.compile(r"\d+|[A-Za-z]|[IVX]{2,5}|[一二三四五六七八九十]{1,3}")


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Split ``text[start:end]`` into sentences.

    Args:
        text: Any text, Markdown included.
        start: Offset of the first character to look at.
        end: Offset after the last; None for the end of ``text``.

    Returns:
        Spans ``(start, end)`` as offsets of ``text``, in order, without overlap, trimmed of white space and never
        blank. Every character between ``start`` and ``end`` that is not white space is in one of them.
    """
    spans: list[tuple[int, int]] = []
    for first, last, whole in _pieces(text, start, len(text) if end is None else end):
        begin = first
        for stop in () if whole else _stops(text, first, last):
            spans.append((begin, stop))
            space = _SPACE.match(text, stop, last)
            begin = space.end() if space else stop
        if begin < last:
            spans.append((begin, last))
    return spans


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Cut at hard borders; yields trimmed, non-blank spans, and whether they are to stay whole (code, table rows)."""
    begin = last = start
    fenced = False
    position = start
    labelled = False
    while position < end:
        newline = text.find("\n", position, end)
        stop = end if newline < 0 else newline
        was_labelled, labelled = labelled, _LABEL.match(text, position, stop) is not None
        form = labelled and (was_labelled or _stands_apart(text, stop + 1, end))
        fence = _FENCE.match(text, position, stop) is not None
        blank = not text[position:stop].strip()
        if blank or fence or fenced or form or _BORDER_LINE.match(text, position, stop):
            yield from _trim(text, begin, last)
            begin = position
        last = stop
        if _is_heading(text, position, stop, end):
            yield from _trim(text, begin, stop)
            begin = stop
        if fence or fenced or _ONE_LINE.match(text, position, stop):
            yield from _trim(text, begin, stop, fence or fenced or text[position:stop].lstrip().startswith("|"))
            begin = stop
        fenced ^= fence
        position = stop + 1
    yield from _trim(text, begin, end)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Whether the line at ``start`` is a labelled one or a list item."""
    return any(pattern.match(text, start, end) for pattern in (_LABEL, _BORDER_LINE))


def _is_heading(text: str, start: int, stop: int, end: int) -> bool:
    """Whether a line with a number of its own is too short to go on in the next, which begins like a sentence."""
    if stop - start > 40 or not _NUMBERED.match(text, start, stop):
        return False
    following = text[stop + 1 : min(stop + 2, end)]
    wide = len(text[start:stop].encode()) > 40 + 20 * (not text[start:stop].isascii())
    return (
        (following.isupper() or _is_han(following)) and not wide and text[start:stop].rstrip()[-1] not in "，、,;-:：—"
    )


def _trim(text: str, start: int, end: int, whole: bool = False) -> Iterator[tuple[int, int, bool]]:
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        offset = start + len(piece) - len(piece.lstrip())
        yield offset, offset + len(bare), whole


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the offsets where sentences end within a piece, its own end excluded."""
    inside = _bracket_ends(text, start, end)
    begin = start
    skip_to = start
    for match in _STOP.finditer(text, start, end):
        at = match.start()
        if at < skip_to:
            continue
        mark = match[0]
        if mark in _OPENING:
            closing = inside.get(at)
            if closing is not None and (mark == "《" or text[begin:at].strip()):
                skip_to = closing
            continue
        if mark in _BRACKETS:
            continue
        stop = _ends_here(text, begin, match, end)
        if stop is not None and stop < end:
            yield stop
            begin = skip_to = stop


def _bracket_ends(text: str, start: int, end: int) -> dict[int, int]:
    """Map the offset of each opening bracket to the offset of its partner, where that is near."""
    partners: dict[int, int] = {}
    stack: list[int] = []
    for match in _BRACKET.finditer(text, start, end):
        at, mark = match.start(), match[0]
        if mark in _OPENING:
            stack.append(at)
        elif stack and text[stack[-1]] == _BRACKETS[mark]:
            opening = stack.pop()
            if at - opening <= _LONGEST_BRACKET:
                partners[opening] = at
    return partners


def _ends_here(text: str, begin: int, match: re.Match[str], end: int) -> int | None:
    """The offset after a stop and its closing marks where a sentence ends there, else None."""
    mark = match[0]
    closers = _CLOSERS.match(text, match.end(), end)
    stop = closers.end() if closers else match.end()
    if stop >= end:
        return stop
    closed = text[match.end() : stop]
    following = text[stop]
    chinese = mark[0] in "。｡！？；．…~～" or _is_han(following)
    if mark[0] in "。｡！？；":
        return None if _goes_on_in_chinese(text, begin, stop, end, closed) else stop
    if mark[0] == "．" or (mark.strip(".") == "" and len(mark) == 1):
        return _full_stop(text, begin, match, stop, end, closed)
    if not following.isspace() and not chinese:
        return None
    if following in "，、：；。,;:）)":
        return None
    if mark[0] in "!?":
        if chinese:
            return None if _goes_on_in_chinese(text, begin, stop, end, closed) else stop
        asks = mark[0] == "?" and not closed and begin == _word_at(text, begin, stop)
        return None if _goes_on_in_english(text, stop, end, closed) and not asks else stop
    return _ellipsis(text, begin, stop, end, closed)


def _ellipsis(text: str, begin: int, stop: int, end: int, closed: str) -> int | None:
    following = text[_word_at(text, stop, end) : end][:1]
    if _is_han(following):
        if _GOES_ON.match(text, stop, end) or ("、" in text[begin:stop] and _REST.match(text, stop, end)):
            return None
        stammers = not closed and text[stop] == text[max(begin, stop - 4) : stop].rstrip("….")[-1:]
        return None if stammers or _goes_on_in_chinese(text, begin, stop, end, closed) else stop
    return stop if following.isupper() else None


def _goes_on_in_chinese(text: str, begin: int, stop: int, end: int, closed: str) -> bool:
    """Whether the sentence continues after a Chinese stop: a comma or dash follows, or the speaker of a quote.

    A quote that a colon introduces has its speaker before it; one that stands right behind a word is part of its
    sentence.
    """
    if text[stop] in "，、：；,。）)—":
        return True
    if not set(closed) & _QUOTES:
        return False
    if _is_han(text[stop]) and _EMBEDDED.search(text, begin, stop - len(closed)):
        return True
    return not _COLON.search(text, begin, stop) and _ZH_SPEAKER.match(text, stop, end) is not None


def _goes_on_in_english(text: str, stop: int, end: int, closed: str) -> bool:
    at = _word_at(text, stop, end)
    if at < end and (text[at] in ",;:" or (text[at].islower() and not _CAMEL.match(text, at, end))):
        return True
    asked = bool(set(closed) & _QUOTES) and text[stop - len(closed) - 1] in "!?"
    return asked and _EN_SPEAKER.match(text, at, end) is not None


def _full_stop(text: str, begin: int, match: re.Match[str], stop: int, end: int, closed: str) -> int | None:
    """Decide a single Latin full stop."""
    following = text[stop]
    before = text[max(begin, match.start() - 40) : match.start()]
    token = _WORD_BEFORE.search(before)
    word = (token[0] if token else "").lstrip("'’/-").rstrip("'’")
    if match.start() - begin < 40 and _NUMBER_OF_ITEM.fullmatch(before.strip(_LIST_MARKS)):
        return None
    if not following.isspace():
        after_han = bool(before) and _is_han(before[-1])
        if not (_is_han(following) or (after_han and not following.isascii())):
            return None
        if _goes_on_in_chinese(text, begin, stop, end, closed):
            return None
        if match[0] == "．" or after_han:
            return stop
        return None if word.isdigit() or is_abbreviation(before, word, "", following) else stop
    if _goes_on_in_english(text, stop, end, closed):
        return None
    at = _word_at(text, stop, end)
    following_word = _NEXT_WORD.match(text, at, end)
    first = text[at] if at < end else ""
    between = text[stop:at]
    if "(" in between and may_go_on(word):
        return None
    if not closed and is_abbreviation(
        text[begin : match.start()], word, following_word[0] if following_word else "", first
    ):
        return None
    return stop


def _word_at(text: str, start: int, end: int) -> int:
    """The offset of the next word, past white space, opening quotes and brackets."""
    match = _SKIP_TO_WORD.match(text, start, end)
    return match.end() if match else start


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"
