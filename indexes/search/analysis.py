"""Text to terms for BM25, English and Chinese alike.

Text is normalised (NFKC, case folded) and cut where the script changes. A run of Latin or other spaced letters gives
its stem (Snowball English), or itself where it is no plain English word. What dots and dashes join to a digit is
kept whole beside its parts (``v2.1``, ``GB-18030``, which is also ``GB18030``). A run of Chinese characters gives its
words and its pairs of neighbouring characters: a word finds what is meant, a pair what the dictionary does not know.
Japanese and Korean runs are treated in the same way.

Every term of a document is indexed. A query leaves out the words that carry no meaning, unless it has no others.
The figures behind these choices are in ``docs/decisions/0003-lexical-index.md``.
"""

import re
import threading
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

__all__ = ["identity", "query_terms", "terms"]

_RULES = 2
"""Raised whenever the same text would give other terms than before: what is stored then is made again."""

_LONGEST_WORD = 64
"""Letters; what is longer is no word, stays as it is and is not kept in memory: stemming takes the square of them."""

_UNSPACED = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_LETTERS = rf"[^\W_{_UNSPACED}]+"
_RUN = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|{_LETTERS}(?:[.\-]{_LETTERS})*(?:\+\+|#)?")
_JOINT = re.compile(r"[.\-+#]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_STOP_WORDS = """
    a an and are as at be but by did do does for from had has have he her his how i if in into is it its no not of on
    or s she such t that the their then there these they this to was we were what when where which who whom why will
    with you
    的 了 是 在 和 与 及 或 也 而 之 于 被 把 对 为 以 等 这 那 哪 什么 谁 吗 呢 多少 怎么 如何
"""


def terms(text: str) -> list[str]:
    """The terms of a text in their order, repeated as often as they occur."""
    folded = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    for match in _RUN.finditer(folded):
        run = match.group()
        found.extend(_unspaced(run) if match["unspaced"] else _spaced(run))
    return found


def query_terms(text: str) -> Counter[str]:
    """The terms that a query asks for, with how often it names them."""
    counts = Counter(terms(text))
    telling = Counter({term: count for term, count in counts.items() if term not in _stop_terms()})
    return telling or counts


def identity() -> str:
    """What decides the terms of a text: stored postings are good for as long as this is the same."""
    return f"{_RULES} rjieba {version('rjieba')} snowballstemmer {version('snowballstemmer')}"


def _spaced(run: str) -> list[str]:
    if run.isalpha():
        return [_stem(run)]
    parts = [part for part in _JOINT.split(run) if part]
    found = [_stem(part) for part in parts]
    whole = run.replace("-", "")
    if len(parts) == 1 and parts[0] == whole:
        return found
    if run[-1] in "+#" or any(letter.isdigit() for letter in run):
        found.append(whole)
    return found


def _unspaced(run: str) -> list[str]:
    words: list[str] = _segmenter().cut(run, False)
    known = set(words)
    return words + [pair for pair in (run[i : i + 2] for i in range(len(run) - 1)) if pair not in known]


@cache
def _segmenter() -> Any:
    import rjieba

    return rjieba.Jieba()


@cache
def _stemmer() -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("english")


_STEMMING = threading.Lock()


def _stem(word: str) -> str:
    if len(word) > _LONGEST_WORD or not (word.isascii() and word.isalpha()):
        return word
    return _cached_stem(word)


@lru_cache(maxsize=1 << 17)
def _cached_stem(word: str) -> str:
    with _STEMMING:  # a stemmer keeps the word it works on in itself
        return str(_stemmer().stemWord(word))


@cache
def _stop_terms() -> frozenset[str]:
    return frozenset(_stem(word) for word in _STOP_WORDS.split())
