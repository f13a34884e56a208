"""How well the text of each page can be read, and why it may not be what people see on it.

A page is *doubtful* where one of these holds: there is no text on it; many of its characters are none that people
write (glyphs without a meaning, replacement characters, ``(cid:12)``); its words run together or its letters are set
apart; the text is noise, for its letters follow one another as in no language or its Han characters belong to no one
way of writing; or it was read from a picture and the reader was not sure. Tables of numbers and codes, programs,
formulas, forms, lists of names and terms, and short title pages are no noise: where it is not clear, a page is not
doubtful, for a doubtful one is hard to find. Each doubt is one plain line. All measures count characters and words
once, by regular expressions that never backtrack.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Loaded
from ingest.text.language import detect_language

__all__ = ["PageQuality", "assess"]


@dataclass(frozen=True, slots=True)
class PageQuality:
    """What the text of a page is worth.

    Attributes:
        page: The page's number; None for a document without pages.
        start: Offset of the first character of its text.
        end: Offset behind the last.
        readability: The share of the text that is as people would write it, in [0, 1], times ``recognised``.
        language: ``en``, ``zh``, or empty where it is neither or cannot be told.
        recognised: How sure the reader was of a page read from its picture, in [0, 1]; None where text was there.
        doubts: Why the page is doubtful, each in one line; empty where it is not.
    """

    page: int | None
    start: int
    end: int
    readability: float
    language: str
    recognised: float | None
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shares:
    """The shares of a text that are not as people write.

    Attributes:
        odd: Of its characters: those without a meaning.
        joined: Of its Latin letters: those in words without spaces between them.
        apart: Of its letters: those with a space after each, unless they are capitals.
        doubled: Of its letters: those that are there twice, as bold print is drawn.
        rare: Of its Han characters: those outside the national set that fits best, and a part of its rarer ones.
        mixed: Of its neighbouring letters: those of scripts that never share a word.
        unusual: Of its pairs of Latin letters: those that no European language uses much.
    """

    odd: float
    joined: float
    apart: float
    doubled: float
    rare: float
    mixed: float
    unusual: float


_MOST_ODD = 0.1
_MOST_JOINED = 0.1
_MOST_APART = 0.3
_MOST_DOUBLED = 0.3
_MOST_RARE = 0.32
_MOST_MIXED = 0.2
_MOST_UNUSUAL = 0.66
_LEAST_SURE = 0.85
_FEWEST_LETTERS = 60


def assess(loaded: Loaded) -> tuple[PageQuality, ...]:
    """Return the quality of each page, in order; of the whole text where a document has no pages."""
    if not loaded.pages:
        return (_assess(None, 0, len(loaded.text), loaded.text, None),)
    return tuple(_pages(loaded))


def _pages(loaded: Loaded) -> Iterator[PageQuality]:
    for number, spans in groupby(loaded.pages, key=attrgetter("number")):
        first, *rest = spans
        start, end = first.start, (rest[-1] if rest else first).end
        yield _assess(number, start, end, loaded.text[start:end], loaded.recognised.get(number))


def _assess(page: int | None, start: int, end: int, text: str, recognised: float | None) -> PageQuality:
    if not any(map(str.isalnum, text)):
        return PageQuality(page, start, end, 0.0, "", recognised, ("no text on it",))
    shares = _shares(text)
    doubts = tuple(_doubts(shares, recognised))
    readability = 1.0 if recognised is None else recognised
    for share in (shares.odd, shares.joined, shares.apart, shares.doubled, shares.rare, shares.mixed):
        readability *= 1 - share
    readability *= min(1.0, 2 * (1 - shares.unusual))
    return PageQuality(page, start, end, readability, detect_language(text) or "", recognised, doubts)


def _doubts(shares: _Shares, recognised: float | None) -> Iterator[str]:
    if shares.odd > _MOST_ODD:
        yield f"{shares.odd:.0%} odd glyphs".replace("%", " %")
    if shares.doubled > _MOST_DOUBLED:
        yield "letters doubled"
    elif shares.joined > _MOST_JOINED:
        yield "words run together"
    if shares.apart > _MOST_APART:
        yield "letters spaced apart"
    if shares.rare > _MOST_RARE or shares.mixed > _MOST_MIXED or shares.unusual > _MOST_UNUSUAL:
        yield "text looks like noise"
    if recognised is not None and recognised < _LEAST_SURE:
        yield f"OCR confidence {recognised:.2f}"


_CODES = re.compile(r"\(cid:\d{1,6}\)")
_MOJIBAKE = re.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e"
    r"\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|[\u0080-\u00ff]{6,}|锟斤拷"
)
_BLANKS = "\ufffd\ufffe\uffff"
_BOX = "\u25a1"
"""A check box, or what is drawn for a missing glyph: odd only where there are more of them than letters and digits."""
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_SET_APART = re.compile(rf"(?<!\S)(?:[A-Za-z{_HAN}] ){{4,}}[A-Za-z{_HAN}](?!\S)")
_FEWEST_APART = 8
"""Fewer different letters set apart may be the answers of a test, or the days of a calendar."""
_DOUBLED = re.compile(rf"(?:([A-Za-z{_HAN}])\1){{3,}}")
_FEWEST_DOUBLED = 3
"""Fewer different letters doubled in a row may be a blank to fill in, as XXXXXXXX."""
_PARTS = re.compile("[a-z\u00df-\u00ff](?=[A-Z])|[A-Z](?=[A-Z][a-z])")
_LONGEST_WORD = 20
_LONGEST_COMPOUND = 30
_FEWEST_LONG = 80
"""Fewer letters in long words may be a few names."""
_PARTICLES = re.compile("the|and|that|with|were|from|this|have|which|would|been|ofthe|they")
_LETTERS_A_PARTICLE = 100
_FEWEST_PARTICLES = 3
_MOST_IN_COMPOUNDS = 0.8
_ACRONYM = re.compile(r"\b[A-Z]{2,5}\b")
_CODE = re.compile(r"(?<!\S)[^\s\d]*+\d\S*+")
_REPEATED = re.compile(r"([A-Za-z])\1{2,}")
_WEIGHT_OF_RARER = 0.3
_PAIRS = (
    "th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve ra ld "
    "ur ro ri io co me ne li la el ma ic ch ta ll be ce om us ho no ec ss ca na wa pe il ot di tr so em un ge rs ac id "
    "ns pr ct ai ad lo ie su po mo wh ut ag mi ay ow pl ir ni ul ec ly sh ee ev ly ei do ke tt da au qu ue ia za ui"
)
_SCRIPT_STARTS, _SCRIPTS = np.array(
    [(0, 0), (0x41, 1), (0x5B, 0), (0x61, 1), (0x7B, 0), (0xC0, 1), (0x250, 5), (0x2B0, 0), (0x370, 2), (0x400, 6)]
    + [(0x530, 7), (0x590, 8), (0x600, 9), (0x700, 10), (0x750, 9), (0x780, 11), (0x7C0, 12), (0x8A0, 9)]
    + [(start, 13 + index) for index, start in enumerate(range(0x900, 0xF00, 0x80))]
    + [(0xF00, 30), (0x1000, 31), (0x10A0, 32), (0x1100, 4), (0x1200, 33), (0x13A0, 34), (0x1780, 35), (0x1800, 36)]
    + [(0x1E00, 1), (0x1F00, 2), (0x2000, 0), (0x2E80, 3), (0x3000, 0), (0x3040, 3), (0xA4D0, 37), (0xAC00, 4)]
    + [(0xD7B0, 0), (0xF900, 3), (0xFB00, 0), (0xFB50, 9), (0xFE00, 0), (0xFE70, 9), (0xFF00, 0), (0x20000, 3)]
).T
"""Where the scripts begin among the code points, and a number for each: 0 for none, 1 Latin, which stands next to any
other, 2 Greek, 3 Chinese and Japanese, 4 Korean, which mix with each other (formulas, names), and those that do not."""
_MIXING = 4


def _shares(text: str) -> _Shares:
    counts = Counter(text)
    visible = sum(counts.values()) - sum(counts[space] for space in " \n\t\r\x0b\x0c\u3000\u00a0")
    odd = sum(number for character, number in counts.items() if _is_odd(character))
    odd += sum(map(len, _CODES.findall(text))) + sum(map(len, _MOJIBAKE.findall(text)))
    if counts[_BOX] > sum(number for character, number in counts.items() if character.isalnum()):
        odd += counts[_BOX]
    letters = sum(map(len, _WORD.findall(text)))
    han = {character: number for character, number in counts.items() if "\u3400" <= character <= "\u9fff"}
    hans = sum(han.values())
    return _Shares(
        min(1.0, odd / max(visible, 1)),
        _joined(text) if letters >= _FEWEST_LETTERS else 0.0,
        min(1.0, _apart(text) / (letters + hans)) if letters + hans >= 12 else 0.0,
        min(1.0, _doubled(text) / (letters + hans)) if letters + hans >= 12 else 0.0,
        _rare(han) / hans if hans >= 20 else 0.0,
        _mixed(text),
        _unusual(text) if letters >= max(_FEWEST_LETTERS, 2 * hans) else 0.0,
    )


def _joined(text: str) -> float:
    """The share of letters in words run together.

    Long words are no evidence, for German and Finnish build them; they are words run together where the little words
    of English are as frequent in them as in its sentences, or where nearly the whole text is in very long ones. Names
    in programs are told apart by their capitals.
    """
    words = [part for word in _WORD.findall(text) for part in _PARTS.sub(r"\g<0> ", word).split()]
    letters = sum(map(len, words))
    long = [word.lower() for word in words if len(word) > _LONGEST_WORD]
    joined = sum(map(len, long))
    particles = _PARTICLES.findall(" ".join(long))
    english = len(particles) * _LETTERS_A_PARTICLE >= joined and len(set(particles)) >= _FEWEST_PARTICLES
    compounds = sum(len(word) for word in long if len(word) > _LONGEST_COMPOUND)
    run_together = english or compounds > _MOST_IN_COMPOUNDS * letters
    return joined / letters if run_together and joined >= _FEWEST_LONG else 0.0


def _apart(text: str) -> int:
    """The number of letters set apart; capitals set apart are titles or the answers of a test."""
    runs = [run.replace(" ", "") for run in _SET_APART.findall(text)]
    apart = "".join(run for run in runs if not run.isupper())
    return len(apart) if len(set(apart)) >= _FEWEST_APART and _unusual(apart) < 0.5 else 0


def _doubled(text: str) -> int:
    return sum(len(match[0]) for match in _DOUBLED.finditer(text) if len(set(match[0])) >= _FEWEST_DOUBLED)


def _rare(han: dict[str, int]) -> float:
    """The number of Han characters that do not fit, in the way of writing that fits best.

    Every text is written with one national set, however seldom its words (drugs, fish, names): what is drawn from all
    of Unicode is in none of them. Taiwan's and Hong Kong's is so large that its rarer part counts a little.
    """
    simplified, frequent, traditional, japanese = _national()
    outside = [
        sum(number for character, number in han.items() if character not in names)
        for names in (simplified, japanese, traditional)
    ]
    rarer = sum(number for character, number in han.items() if character in traditional and character not in frequent)
    return min(outside[0], outside[1], outside[2] + _WEIGHT_OF_RARER * rarer)


def _unusual(text: str) -> float:
    """The share of pairs of letters that are unusual in words; codes, with digits in them, are no words."""
    words, codes_removed = _CODE.subn("", text)
    if codes_removed > len(_WORD.findall(words)) / 2:
        return 0.0
    words = _REPEATED.sub("", _ACRONYM.sub("", words))
    codes = np.frombuffer(words.lower().encode("ascii", "replace"), np.uint8) - 97
    inside = (codes[:-1] < 26) & (codes[1:] < 26)
    pairs = codes[:-1][inside].astype(np.int64) * 26 + codes[1:][inside]
    return 1 - float(_usual_pairs()[pairs].mean()) if len(pairs) >= _FEWEST_LETTERS // 2 else 0.0


def _mixed(text: str) -> float:
    codes = np.frombuffer("".join(text.split()).encode("utf-32-le", "replace"), np.uint32)
    scripts = _SCRIPTS[np.searchsorted(_SCRIPT_STARTS, codes, "right") - 1]
    first, second = scripts[:-1], scripts[1:]
    letters = (first > 0) & (second > 0)
    changes = letters & (first != second) & ((first > _MIXING) | (second > _MIXING)) & (first != 1) & (second != 1)
    count = int(letters.sum())
    return float(changes.sum() / count) if count >= _FEWEST_LETTERS // 2 else 0.0


@cache
def _usual_pairs() -> NDArray[np.bool_]:
    table = np.zeros(26 * 26, np.bool_)
    table[[(ord(pair[0]) - 97) * 26 + ord(pair[1]) - 97 for pair in _PAIRS.split()]] = True
    return table


@cache
def _is_odd(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in ("Co", "Cn", "Cs") or (kind == "Cc" and not character.isspace()) or character in _BLANKS


@cache
def _national() -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    """The Han characters of GB 2312, of level 1 of Big5, of Big5 with Hong Kong's supplement, and of JIS X 0208."""

    def read(encoding: str, leads: range) -> frozenset[str]:
        codes = (bytes((lead, trail)) for lead in leads for trail in range(0x40, 0xFF))
        return frozenset(code.decode(encoding, "ignore") for code in codes)

    rows = (("gb2312", range(0xB0, 0xF8)), ("big5", range(0xA4, 0xC7)), ("big5hkscs", range(0x87, 0xFF)))
    simplified, frequent, traditional = (read(encoding, leads) for encoding, leads in rows)
    return simplified, frequent, traditional, read("euc_jp", range(0xB0, 0xF5))
