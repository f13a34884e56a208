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

__all__ = ["split_sentences"]

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_BORDER_LINE = re.compile(
    r"[ \t\u3000]*(?:[-*+•●▪■◆·–][ \t]+\S|\d{1,3}[.)][ \t]+\S|\d{1,3}(?:、|．)|[（(]\d{1,2}[)）]|[①-⑳]"
    r"|[（(]?[一二三四五六七八九十]{1,3}(?:[)）、．])|第[〇零一二三四五六七八九十百千\d]{1,6}[编章节条][ \u3000\t]"
    r"|\#{1,6}[ \t]|\||>|```|~~~|\[\^?\w+\]:|[A-Z]\.[ \t]+[A-Z])"
)
_ONE_LINE = re.compile(r"[ \t\u3000]*+(?:\#{1,6}[ \t]|\||```|~~~|(?:[-=*_]{3,}+|[-:| ]{3,}+)[ \t]*+$)")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_BRACKETS = {")": "(", "）": "（", "]": "[", "】": "【", "〕": "〔", "》": "《"}
_OPENING = frozenset(_BRACKETS.values())
_LONGEST_BRACKET = 400

_STOP = re.compile(r"[。｡！？；!?]+[。｡！？!?…]*|…+[。！？!?]*|[.．]+[!?！？。]*|[()（）\[\]【】〔〕《》]")
_BRACKET = re.compile(r"[()（）\[\]【】〔〕《》]")
_CLOSERS = re.compile(r"(?:[\"'”’」』）)\]】〕》〉*_`~]|\[\d+(?:[,–-] ?\d+)*\])*")
_SPACE = re.compile(r"\s*")
_SKIP_TO_WORD = re.compile(r"[\s\"'“‘「『（(\[【《*_`~]*")
_WORD_BEFORE = re.compile(r"[A-Za-z0-9_\u00c0-\u024f.@/&'’:\\+°-]*$")
_QUOTES = frozenset("\"'”’」』")
_COLON = re.compile("[:：]")
_NEXT_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_ZH_SPEAKER = re.compile(
    rf"[{_HAN}]{{0,6}}(?:说道|问道|答道|说|问|道|喊|叫|笑|想|回答|表示|指出)(?:[:：，。]|[{_HAN}]{{0,2}}[：，。])"
)
_EN_SPEAKER = re.compile(
    r"(?:[A-Z][a-z]+ ){1,2}(?:said|asked|replied|answered|cried|shouted|wrote|added|says|asks|explained|wondered)\b"
)

_TITLES = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "rev", "hon", "gen", "sen", "rep", "gov", "capt", "lt", "col", "sgt", "maj"}
    | {"cmdr", "st", "messrs", "mme", "mlle", "fr", "pres", "supt", "e.g", "i.e", "eg", "ie", "cf", "vs", "viz", "v"}
    | {"approx", "ca", "al", "esp", "incl", "resp", "adj", "def", "thm", "lem", "prop", "cor"}
)
_BEFORE_NUMBERS = frozenset(
    {"no", "nos", "nr", "fig", "figs", "eq", "eqs", "eqn", "vol", "vols", "p", "pp", "sec", "secs", "ch", "chap"}
    | {"art", "ref", "refs", "tab", "tbl", "ex", "app", "para", "pt", "ver", "ed", "c", "ca", "n", "op", "cl"}
    | {"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "tel", "ext", "n°"}
)
_BEFORE_NUMERALS = frozenset({"fig", "eq", "sec", "app", "vol"})
_MAYBE = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "jr", "sr", "u.s", "u.k", "u.n", "e.u", "u.s.a", "a.m", "p.m", "am", "pm"}
    | {"ph.d", "m.d", "b.a", "m.a", "b.sc", "m.sc", "d.c", "dept", "univ", "est", "ave", "blvd", "rd", "mt", "ft"}
    | {"bros", "assn", "min", "max", "avg", "sq", "oz", "lb", "lbs", "hr", "hrs", "esq", "mon", "tue", "wed", "thu"}
    | {"fri", "sat", "sun", "b.c", "a.d", "n.b", "gmbh", "intl", "natl", "govt", "misc"}
)
_LIST_MARKS = "-*+•●▪■◆·–#_ \t"
_STARTERS = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "it", "its", "he", "she", "we", "they", "i", "you", "his"}
    | {"her", "our", "their", "my", "your", "there", "here", "in", "on", "at", "for", "from", "with", "by", "after"}
    | {"before", "when", "while", "if", "as", "however", "but", "and", "so", "then", "thus", "also", "although"}
    | {"because", "since", "to", "what", "who", "why", "how", "where", "which", "is", "are", "was", "were", "do"}
    | {"does", "did", "can", "some", "many", "most", "all", "both", "each", "no", "not", "one", "two", "once", "now"}
    | {"moreover", "furthermore", "meanwhile", "finally", "first", "second", "please", "see", "note", "let", "yet"}
)


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
    while position < end:
        newline = text.find("\n", position, end)
        stop = end if newline < 0 else newline
        fence = _FENCE.match(text, position, stop) is not None
        blank = not text[position:stop].strip()
        if blank or fence or fenced or _BORDER_LINE.match(text, position, stop):
            yield from _trim(text, begin, last)
            begin = position
        last = stop
        if fence or fenced or _ONE_LINE.match(text, position, stop):
            yield from _trim(text, begin, stop, fence or fenced or text[position:stop].lstrip().startswith("|"))
            begin = stop
        fenced ^= fence
        position = stop + 1
    yield from _trim(text, begin, end)


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
    chinese = mark[0] in "。｡！？；．…" or _is_han(following)
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
        return None if _goes_on_in_english(text, stop, end, closed) else stop
    return _ellipsis(text, begin, stop, end, closed)


def _ellipsis(text: str, begin: int, stop: int, end: int, closed: str) -> int | None:
    following = text[_word_at(text, stop, end) : end][:1]
    if _is_han(following):
        return None if _goes_on_in_chinese(text, begin, stop, end, closed) else stop
    return stop if following.isupper() else None


def _goes_on_in_chinese(text: str, begin: int, stop: int, end: int, closed: str) -> bool:
    """Whether the sentence continues after a Chinese stop: a comma follows, or the speaker of a quote.

    A quote that a colon introduces has its speaker before it.
    """
    if text[stop] in "，、：；,。）)":
        return True
    if not set(closed) & _QUOTES or _COLON.search(text, begin, stop):
        return False
    return _ZH_SPEAKER.match(text, stop, end) is not None


def _goes_on_in_english(text: str, stop: int, end: int, closed: str) -> bool:
    at = _word_at(text, stop, end)
    if at < end and (text[at].islower() or text[at] in ",;:"):
        return True
    return bool(set(closed) & _QUOTES) and _EN_SPEAKER.match(text, at, end) is not None


def _full_stop(text: str, begin: int, match: re.Match[str], stop: int, end: int, closed: str) -> int | None:
    """Decide a single Latin full stop."""
    following = text[stop]
    before = text[max(begin, match.start() - 40) : match.start()]
    token = _WORD_BEFORE.search(before)
    word = (token[0] if token else "").lstrip("'’/-").rstrip("'’")
    if not following.isspace():
        after_han = bool(before) and _is_han(before[-1])
        if not (_is_han(following) or (after_han and not following.isascii())):
            return None
        if match[0] == "．" or after_han:
            return stop
        return None if word.isdigit() or _is_abbreviation(word, "", following) else stop
    if _goes_on_in_english(text, stop, end, closed):
        return None
    leads = not text[begin : match.start() - len(word)].strip(_LIST_MARKS)
    if leads and (word.isdigit() or (len(word) == 1 and word.isalpha())):
        return None
    at = _word_at(text, stop, end)
    following_word = _NEXT_WORD.match(text, at, end)
    first = text[at] if at < end else ""
    between = text[stop:at]
    if "(" in between and word.lower() in _MAYBE | {"al"}:
        return None
    if len(word) == 1 and before[: -len(word)].rstrip()[-1:].isdigit():
        return stop
    if not closed and _is_abbreviation(word, following_word[0] if following_word else "", first):
        return None
    return stop


def _is_abbreviation(word: str, following: str, first: str) -> bool:
    """Whether the full stop after ``word`` marks an abbreviation in the middle of a sentence."""
    lower = word.lower()
    starter = following.lower() in _STARTERS and following[:1].isupper()
    if lower in _TITLES:
        return not (lower == "al" and starter)
    if lower in _BEFORE_NUMBERS:
        return first.isdigit() or (
            following.isupper() and len(following) <= 4 and lower in ("fig", "eq", "sec", "app", "vol")
        )
    initials = re.fullmatch(r"(?:[A-Z]\.)*[A-Z]", word) is not None
    if initials or lower in _MAYBE or re.fullmatch(r"(?:[a-z]\.)+[a-z]", lower):
        return not starter and bool(first)
    return False


def _word_at(text: str, start: int, end: int) -> int:
    """The offset of the next word, past white space, opening quotes and brackets."""
    match = _SKIP_TO_WORD.match(text, start, end)
    return match.end() if match else start


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"
