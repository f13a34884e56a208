"""Words of a sentence in their order, and where names stand among them, in English and Chinese."""

import re
from collections.abc import Iterator, Sequence

from ragstack.checking.numbers.numerals import plain_numbers
from ragstack.checking.words.names import NO_NAMES, han_names
from ragstack.language import language_of

__all__ = ["MARKS", "Span", "found", "name_spans", "words"]

_WORD = re.compile(r"[\u3400-\u9fff]|\d+(?:[.,:]\d+)*%?|[^\W\d_\u3400-\u9fff]+|[《》,、/–-]")
MARKS = frozenset("《》,、/–-")
_BRACKETS = re.compile(r"(?<!\s)\s*\([^()]*\)")
_TITLE_CASE, _SHORT = 0.6, 6
"""The share of capitalised words from which on they tell nothing, in texts of more words than these."""

Span = tuple[int, int]
"""From and to, in the words of a text."""


def words(text: str) -> list[str]:
    """The words, numbers, Chinese characters and marks of a text, without what it has in brackets."""
    return _WORD.findall(_BRACKETS.sub("", plain_numbers(text)))


def name_spans(text: str, other: str, tokens: Sequence[str]) -> list[Span]:
    """Where names stand among the tokens of a text: capitalised words, marked titles, what a tagger takes for names."""
    spans = [*_capitalised(tokens, words(other)), *_titles(tokens)]
    if language_of(text) == "zh":
        for name in {*han_names(text), *han_names(other)}:
            spans += found(list(name), tokens)
    return _outermost(spans)


def _outermost(spans: Sequence[Span]) -> list[Span]:
    """The spans that stand in no other, in their order."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept


def _capitalised(tokens: Sequence[str], other: Sequence[str]) -> Iterator[Span]:
    """Runs of capitalised words; the first word of the text where it is capitalised elsewhere too."""
    inner = {token for each in (tokens, other) for token in each[1:] if _capital(token)}
    telling = [
        _capital(token) and (at > 0 or token in inner or token[1:2].isupper()) for at, token in enumerate(tokens)
    ]
    spelt = [token for token in tokens if token.isalpha()]
    if sum(map(_capital, spelt)) > _TITLE_CASE * len(spelt) and len(spelt) > _SHORT:
        return
    start = None
    for at, is_name in enumerate([*telling, False]):
        if is_name and start is None:
            start = at
        elif not is_name and start is not None:
            yield start, at
            start = None


def _capital(token: str) -> bool:
    return token[0].isupper() and len(token) > 1 and token not in NO_NAMES


def _titles(tokens: Sequence[str]) -> Iterator[Span]:
    opened = 0
    for at, mark in enumerate(tokens):
        if mark == "《":
            opened = at + 1
        elif mark == "》" and opened:
            yield opened, at


def found(wanted: Sequence[str], tokens: Sequence[str]) -> list[Span]:
    """Where some words, one at least, stand one after another among others."""
    run, size = list(wanted), len(wanted)
    starts = (at for at in range(len(tokens) - size + 1) if tokens[at] == run[0])
    return [(at, at + size) for at in starts if list(tokens[at : at + size]) == run]
