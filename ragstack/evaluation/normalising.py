"""When two answers count as the same, in English, Chinese and text that mixes them.

The normalisation of SQuAD (Rajpurkar et al., 2016: lower case, no punctuation, no articles, single blanks), carried
over to Chinese as CMRC 2018 and DRCD do it: full-width forms become half-width (Unicode NFKC), punctuation of every
script goes, and each Han character or kana is a token of its own, so that word boundaries decide nothing. On ASCII
text the result is that of the official SQuAD script. Only :func:`contains`, which is none of its measures, also reads
punctuation as a blank.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

__all__ = ["contains", "exact_match", "token_f1", "tokens"]

_ARTICLES = frozenset({"a", "an", "the"})
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\s\u3040-\u30ff"
                    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")  # fmt: skip
_POSSESSIVE = re.compile(r"['’]s\b")
_DIGITS = "one|two|three|four|five|six|seven|eight|nine|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_WITHIN = re.compile(rf"(?<=\w)[.'’](?=\w)|(?<=\d)[,:/](?=\d)|(?<=\bnon)[-‐](?=\w)|(?<=ty)[-‐](?=(?:{_DIGITS})\b)")
"""Marks that never part a word: of initials and elisions, of numbers in digits (2.5, 3,000, 10:30, 1/2) and in words
(twenty-five), and after the ``non`` that turns it; U+2010 is what NFKC makes of the hyphen that no line breaks at."""


def tokens(text: str) -> list[str]:
    """The tokens of an answer that count."""
    plain = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(character for character in plain if not _is_punctuation(character))
    return [token for token in _TOKEN.findall(kept) if token not in _ARTICLES]


def exact_match(answer: str, gold: Sequence[str]) -> bool:
    """Whether the answer is one of the gold answers."""
    return any(tokens(answer) == tokens(each) for each in gold)


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """The best F1 over the gold answers, of tokens as multisets; 0 without gold.

    ``F1 = 2PR / (P + R)`` with ``P = |common| / |answer|`` and ``R = |common| / |gold|``; where either side has no
    token, 1 if both have none, else 0.
    """
    return max((_f1(tokens(answer), tokens(each)) for each in gold), default=0.0)


def contains(answer: str, gold: Sequence[str]) -> bool:
    """Whether a gold answer stands in the answer as whole tokens, one after another.

    Punctuation is dropped in both (``U.S.`` is ``US``), or else taken as a blank in both (``seven-layer`` holds seven,
    ``1935–1940`` both years). No part of a number is a number: 70 is not in 170, nor 3 in 3,000, 10 in 10:30 or five
    in twenty-five. An English ``'s`` at the end of a word does not hide the word.
    """
    whole = _POSSESSIVE.sub("", answer)
    said = [(read, read(whole)) for read in (tokens, _parted)]
    for each in gold:
        wanted = _POSSESSIVE.sub("", each)
        if not tokens(wanted):  # nothing but punctuation or articles: only its very characters will do
            if each.strip() and each.strip() in answer:
                return True
        elif any(_stands_in(read(wanted), held) for read, held in said):
            return True
    return False


def _parted(text: str) -> list[str]:
    """The tokens of a text whose punctuation parts words; ``a`` is an article only alone: ``Hepatitis-A`` keeps it."""
    plain = _WITHIN.sub("", unicodedata.normalize("NFKC", text).lower())
    kept = " ".join(word for word in plain.split() if tokens(word))
    return _TOKEN.findall("".join(" " if _is_punctuation(character) else character for character in kept))


def _stands_in(wanted: list[str], said: list[str]) -> bool:
    return any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1))


def _f1(answer: list[str], gold: list[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    common = (Counter(answer) & Counter(gold)).total()
    return 2 * common / (len(answer) + len(gold))


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
