"""Names of a sentence that stand in none of its sources, in English and Chinese.

Capitalised words, and what a tagger of Chinese takes for people, places and bodies. A name near one of the sources, in
its first letters or in two neighbouring characters, is not missing: what is told has to be near certain.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from ragstack.checking.numbers.quantities import MONTH_OF_DATE
from ragstack.language import language_of

__all__ = ["NO_NAMES", "han_names", "names_missing"]

_CAPITALISED = re.compile(r"(?<![A-Za-z0-9.'’-])[A-Z][A-Za-z0-9À-ɏ'’]*(?:[-&][A-Za-z0-9À-ɏ]+)*")
_BEGINS = re.compile(r"[.!?。！？:：][\"'”’)]* *[\"'“‘(]*$")
_NO_NAMES = """
    I The A An He She It They We You This That These Those There In On At Of For From By With As And Or But If
    When While Yes No Not His Her Its Their Our My Your One Two Mr Mrs Ms Dr Sir Also
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words that are capitalised and no names."""
_NAME_TAGS = ("nr", "ns", "nt")
_PREFIX = 4
"""Letters that two forms of a name have in common: China and Chinese, Europe and European."""
_OTHER_FORMS = """
    french/france spanish/spain danish/denmark dutch/netherlands polish/poland swiss/switzerland irish/ireland
    welsh/wales finnish/finland flemish/flanders
"""
_OTHER_FORM: dict[str, str] = {}
for _pair in _OTHER_FORMS.split():
    _one, _other = _pair.split("/")
    _OTHER_FORM |= {_one: _other, _other: _one}
_LONG_NAME = re.compile(r"\b(?!The )[A-Z]\w+(?:(?:[ -]| of | and | for | the | of the )[A-Z]\w+)+")
_SHORT_NAME = 3
"""Letters that a name made of initials has at least."""


def names_missing(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Names of the claim that stand in no source, nor anything near them; none where the languages differ."""
    known = " ".join(sources)
    language = language_of(claim)
    if language != language_of(known):
        return ()
    folded = unicodedata.normalize("NFKC", known).casefold()
    known_words = set(re.findall(r"[^\W_]+", folded))
    initials = {re.sub("[^A-Z]", "", name) for name in _LONG_NAME.findall(known)}
    missing = {
        name
        for name in _latin_names(MONTH_OF_DATE.sub(lambda month: month[0].lower(), claim))
        if not _latin_known(name, folded, known_words) and not (len(name) >= _SHORT_NAME and name in initials)
    }
    if language == "zh":
        missing |= {name for name in han_names(claim) if not any(pair in folded for pair in _pairs(name))}
    return tuple(sorted(missing))


def _latin_names(claim: str) -> list[str]:
    """Capitalised words, but for one that begins a sentence, which any may be; what has digits is left to numbers."""
    found = []
    for match in _CAPITALISED.finditer(claim):
        begins = not claim[: match.start()].rstrip(" \"'“‘(") or _BEGINS.search(claim, 0, match.start())
        for word in re.sub(r"['’]s?$", "", match.group()).split("-"):
            told = not begins or any(letter.isupper() for letter in word[1:])
            if told and word[:1].isupper() and len(word) > 1 and word.isalpha() and word not in NO_NAMES:
                found.append(word)
    return found


def _latin_known(name: str, known: str, words: set[str]) -> bool:
    folded = unicodedata.normalize("NFKC", name).casefold()
    near = any(word[:_PREFIX] == folded[:_PREFIX] for word in words)
    return near or folded in known or _OTHER_FORM.get(folded) in words


def han_names(text: str) -> list[str]:
    """Names of people, places and bodies in a text, as far as they are in Chinese characters."""
    with _TAGGING:
        tagged: list[tuple[str, str]] = _tagger().tag(text, False)
    return [word for word, tag in tagged if tag.startswith(_NAME_TAGS) and len(word) >= 2 and language_of(word) == "zh"]


def _pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)]


_TAGGING = threading.Lock()


@cache
def _tagger() -> Any:
    import rjieba

    return rjieba.Jieba()
