"""What a sentence alters in the one it repeats: a number, a name, a negation, a word against its opposite.

A sentence that is worded much as its source and differs in such a place says something else for certain, whatever a
model thinks of it. Only places that stand against each other are compared, word beside word, so that what another
wording says with other words is left to those who weigh it (:mod:`ragstack.checking.verification`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from ragstack.checking.contradictions import names_missing, opposed
from ragstack.checking.quantities import missing

__all__ = ["ALIKE", "Altered", "altered"]

Altered = Literal["number", "negation", "opposite", "name"]

ALIKE = 0.7
"""The least share of words that the sentence and its source have in common and in order, as Dice's coefficient."""

_WORD = re.compile(r"[\u3400-\u9fff]|\d+(?:[.,:]\d+)*%?|[^\W\d_\u3400-\u9fff]+")
_CANNOT, _CONTRACTED = re.compile(r"\bcan(?:['’]t|not)\b"), re.compile(r"n['’]t\b")
_NOT = frozenset(["not", "no", "never", "without"]) | set("不没未无非否")
_HELP = "is are was were be been do does did has have had a an any with ever will wo can"
_HELPING = frozenset(_HELP.split()) | set("有并是的了曾")
"""Words that come and go with a negation."""


def altered(claim: str, sources: Sequence[str], known: Sequence[str]) -> Altered | None:
    """What ``claim`` alters in that of the ``sources`` which it repeats, if it repeats one; None where nothing.

    ``known`` is all that was read, the question included: a name that stands in it may have been put in.
    """
    said = _words(claim)
    source = max(sources, key=lambda each: _steps(said, _words(each)).ratio(), default="")
    held = _words(source)
    steps = _steps(said, held)
    if steps.ratio() < ALIKE:
        return None
    places = list(_places(said, held, steps))
    if any(_other_number(mine, theirs) for mine, theirs, _ in places):
        return "number"
    if any(_denied(mine, theirs) for mine, theirs, within in places if within):
        return "negation"
    if opposed(claim, [source]):
        return "opposite"
    return "name" if names_missing(claim, known) else None


def _steps(said: list[str], held: list[str]) -> "SequenceMatcher[str]":
    return SequenceMatcher(None, said, held, autojunk=False)


def _places(
    said: list[str], held: list[str], matcher: "SequenceMatcher[str]"
) -> Iterator[tuple[list[str], list[str], bool]]:
    """The words that stand in each other's place, and whether there are common ones on both sides."""
    steps = matcher.get_opcodes()
    for at, (kind, a, b, c, d) in enumerate(steps):
        if kind != "equal":
            yield said[a:b], held[c:d], 0 < at < len(steps) - 1


def _denied(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether nothing but a negation stands on one side, and nothing that counts on the other."""
    one, other = set(mine) - _HELPING, set(theirs) - _HELPING
    return bool(one ^ other) and ((one <= _NOT and not other) or (other <= _NOT and not one))


def _other_number(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether both hold numbers, and neither's are among the other's."""
    one, other = " ".join(mine), " ".join(theirs)
    return bool(missing(one, [other]) and missing(other, [one]))


def _words(text: str) -> list[str]:
    plain = _CANNOT.sub("can not", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(_CONTRACTED.sub(" not", plain))
