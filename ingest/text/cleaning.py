"""Mends what extraction leaves behind, once, before a text is stored; English and Chinese alike.

Only formats without a plain text of their own (PDF, DOCX, HTML) are cleaned; Markdown and text files are stored word
for word. Nothing here changes words: ligatures become letters, broken lines are joined, invisible characters go.
"""

import re
import unicodedata
from collections.abc import Collection

__all__ = ["clean_characters", "collapse", "is_cjk", "join_lines", "mend_spacing", "plain_heading"]

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_CJK = _HAN + r"\u2e80-\u2fdf\u3000-\u303f\u3040-\u30ff\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6"
_IS_CJK = re.compile(f"[{_CJK}]")
_COMPATIBLE = re.compile(
    r"[\ufb00-\ufb06\u2f00-\u2fdf\u2e9f\u2ef3\uf900-\ufaff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]|[\uff61-\uff9f]+"
    r"|(?<=[0-9\uff10-\uff19])(?:\uff05|\uff0e(?=[0-9\uff10-\uff19]))"
)
_LINE_END_HYPHEN = re.compile(r"(?<=[A-Za-z\u00c0-\u04ff])[\u00ad\x02\ufffe]\s*$")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BULLETS = "\uf0b7\uf0a7\uf0d8\uf076\uf0fc\uf06c\uf06e\uf0e0"
_RADICALS = "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳"
_IDEOGRAPHS = "母民虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟"
_CHARACTERS = str.maketrans(_RADICALS + _BULLETS, _IDEOGRAPHS + "•" * len(_BULLETS))
_CJK_MARKS = frozenset("，。、；：！？（）《》〈〉「」『』【】〔〕")
_CJK_COMMA = re.compile("[，。；、]")
_SPACES = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f]+")
_SPACED_HAN = re.compile(f"(?<=[{_HAN}]) (?=[{_HAN}])")
_HAN_PAIR = re.compile(f"(?<=[{_HAN}]) ?(?=[{_HAN}])")
_LINE_IN_CJK = re.compile(f"(?<=[{_CJK}])[ \t]*\n[ \t]*(?=[{_CJK}])|(?<=[，。、；：！？（《「])[ \t]*\n[ \t]*")
_WHITE = re.compile(r"\s+")
_BROKEN_WORD = re.compile(r"([^\W\d_]{2,})[-\u2010]$")
_PREFIXES = frozenset({"self", "well", "high", "low", "long", "short", "full", "half", "cross", "end", "state"})
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>|(?<!\w)[*_~`]+|[*_~`]+(?!\w)|[ \t]*\{#[^}]*\}")
_LONGEST_HEADING = 1000
_WORD_END = re.compile(r"[^\W\d_]+")


def is_cjk(character: str) -> bool:
    """True for Chinese and Japanese characters and full-width punctuation, which need no space between them."""
    return bool(character) and _IS_CJK.match(character) is not None


def clean_characters(line: str) -> str:
    """Return a line with plain characters, spaces normalised, invisible characters gone.

    Ligatures and radicals become letters and ideographs; full-width letters and digits become half-width (Chinese
    punctuation stays as it is), half-width katakana full-width; a soft hyphen that breaks the line becomes a hyphen.
    """
    if line.isascii() and line.isprintable() and "  " not in line:
        return line  # as most are
    line = _LINE_END_HYPHEN.sub("-", line)
    line = _SURROGATE.sub("\ufffd", line.translate(_CHARACTERS))
    line = _COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), line)
    return _SPACES.sub(" ", _INVISIBLE.sub("", line))


def mend_spacing(line: str) -> str:
    """Return a line of a PDF without the spaces that its producer set between Han characters.

    They go where most of the line is set apart so, and from a line of running text, told by its punctuation; they
    stay in short lines and table rows, where they part columns.
    """
    spaced = len(_SPACED_HAN.findall(line))
    pairs = len(_HAN_PAIR.findall(line)) if spaced else 0
    if (spaced >= 2 and spaced * 2 > pairs) or (spaced and pairs > 15 and _CJK_COMMA.search(line)):
        return _SPACED_HAN.sub("", line)
    return line


def collapse(text: str) -> str:
    """Return ``text`` on one line, as HTML reads white space, with no space for a line break between CJK characters."""
    return _WHITE.sub(" ", _LINE_IN_CJK.sub("", text)).strip()


def join_lines(first: str, second: str, words: Collection[str] = ()) -> str:
    """Join two lines of one paragraph.

    No space goes between CJK characters, nor beside CJK punctuation. A word hyphenated at the line's end becomes
    whole, unless the document's lower-case ``words`` tell that it is a compound: the hyphenated form occurs, or both
    halves do, and the whole word does not.
    """
    first, second = first.rstrip(), second.lstrip()
    if not first or not second:
        return first + second
    broken = _BROKEN_WORD.search(first)
    if broken and second[0].islower():
        tail = _WORD_END.match(second)
        head, rest = broken[1].lower(), (tail[0] if tail else "").lower()
        halves = head in words and rest in words and min(len(head), len(rest)) > 2
        compound = head + rest not in words and (f"{head}-{rest}" in words or halves or head in _PREFIXES)
        return first + second if compound else first[:-1] + second
    if first[-1] in _CJK_MARKS or second[0] in _CJK_MARKS or (is_cjk(first[-1]) and is_cjk(second[0])):
        return first + second
    if first[-1] in "-/\u2010\u2013" and first[-2:-1].strip():
        return first + second
    return f"{first} {second}"


def plain_heading(line: str) -> str:
    """Return a heading's words without Markdown's marks; of one that is no heading by its length, the beginning."""
    text = re.sub(r"\n[ \t]*(?:=+|-+)[ \t]*$", "", line.strip()[:_LONGEST_HEADING])
    text = re.sub(r"^(?:#{1,6}|[-*+•])[ \t]+|[ \t]+#+[ \t]*$", "", text)
    return " ".join(_MARKUP.sub(lambda match: match[1] or "", text).split())
