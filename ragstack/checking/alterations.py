"""What a sentence alters in the one it repeats: a number, a name, a negation, a word against its opposite.

What is put before a word or lost there, and what stands in another's place, is found beside this
(:mod:`ragstack.checking.words.qualifiers`, :mod:`ragstack.checking.words.exchanges`).

A sentence that is worded much as its source and differs in such a place says something else for certain, whatever a
model thinks of it. Only places that stand against each other are compared, word beside word, so that what another
wording says with other words is left to those who weigh it (:mod:`ragstack.checking.verification`).
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

from indexes.search.analysis import terms
from ragstack.checking.numbers.numerals import plain_numbers
from ragstack.checking.numbers.quantities import missing, quantities
from ragstack.checking.words.contradictions import opposed
from ragstack.checking.words.denials import denials
from ragstack.checking.words.exchanges import exchanged, swapped
from ragstack.checking.words.names import names_missing
from ragstack.checking.words.qualifiers import requalified

__all__ = ["ALIKE", "Altered", "altered"]

Altered = Literal["number", "negation", "opposite", "name", "qualifier", "exchange"]

ALIKE = 0.7
"""The least share of words that the sentence and its source have in common and in order, as Dice's coefficient."""

_WORD = re.compile(r"[\u3400-\u9fff]|\d+(?:[.,:]\d+)*%?|[^\W\d_\u3400-\u9fff]+")
_CANNOT, _CONTRACTED = re.compile(r"\bcan(?:['’]t|not)\b"), re.compile(r"n['’]t\b")
_NEITHER_NOR = re.compile(r"(\bneither\b[^.;]*?)\bnor\b")
_NUMBERED = re.compile(r"\bno\. ?(?=\d)")
_BETWEEN_HAN = re.compile("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_NOT = frozenset(["not", "no", "never", "without"]) | set("不没未无非否莫勿")
_ORDERS_NOT = frozenset(["not", "never"])
"""What an order begins with that forbids."""
_HELP = "is are was were be been do does did has have had a an any with ever will wo can"
_HELPING = frozenset(_HELP.split()) | set("有并是的了曾")
"""Words that come and go with a negation."""
_IN_LIST = frozenset(["and", "or"]) | set("和与及或")
_CLAUSE = 4
"""Words that stand on one side alone and are a clause of their own, which may deny what it likes."""

_Place = tuple[int, int, int, int]
"""Where words stand in each other's place: from and to in the sentence, and in its source."""


def altered(claim: str, sources: Sequence[str], read: Sequence[str], question: str = "") -> Altered | None:
    """What ``claim`` alters in that of the ``sources`` which it repeats, if it repeats one; None where nothing.

    A name that stands in what was ``read`` or in the question may have been put in; a qualifier of the question may
    not, since a question may take for granted what is not so.
    """
    if change := _in_its_place(claim, sources, [question, *read]):
        return change
    if requalified(claim, sources, read):
        return "qualifier"
    if any(swapped(claim, source) or exchanged(claim, source, read, question) for source in sources):
        return "exchange"
    return None


def _in_its_place(claim: str, sources: Sequence[str], known: Sequence[str]) -> Altered | None:
    """What stands against a word of the source, or is a negation more or less."""
    said = _words(claim)
    source = max(sources, key=lambda each: _steps(said, _words(each)).ratio(), default="")
    held = _words(source)
    steps = _steps(said, held)
    if steps.ratio() < ALIKE:
        return None
    places = [(a, b, c, d) for kind, a, b, c, d in steps.get_opcodes() if kind != "equal"]
    if any(_other_number(said, held, place) for place in places):
        return "number"
    against = [_against(said, held, place) for place in places]
    turned = sum(_denials(said, held, place, but) for place, but in zip(places, against, strict=True)) % 2 == 1
    if turned and any(_denied(said[a:b], held[c:d]) for a, b, c, d in places if _within(said, held, (a, b, c, d))):
        return "negation"
    opposites = {word for words in against for word in words}
    if opposites and not turned and not _turned_round(said, held, opposites):
        return "opposite"
    return "name" if names_missing(claim, known) else None


def _steps(said: list[str], held: list[str]) -> "SequenceMatcher[str]":
    return SequenceMatcher(None, said, held, autojunk=False)


def _within(said: list[str], held: list[str], place: _Place) -> bool:
    """Whether a place is no answer before a sentence ("No, …") nor a tag behind it."""
    a, b, _, d = place
    return b < len(said) and (a > 0 or not _ORDERS_NOT.isdisjoint(said[:b] + held[:d]))


def _denied(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether the two sides are the same but for a negation on one: ``covers``, ``does not cover``."""
    one, other = ({_root(word) for word in words if word not in _HELPING} for words in (mine, theirs))
    return one != other and one ^ other <= _NOT and (one <= other or other <= one)


def _root(word: str) -> str:
    """A word without its ending."""
    return next(iter(terms(word)), word)


def _against(said: list[str], held: list[str], place: _Place) -> tuple[str, ...]:
    """The words of a place that have their opposite in it, on either side; a word of two characters may reach out."""
    a, b, c, d = place
    mine, theirs = _text(said[max(0, a - 1) : b + 1]), _text(held[max(0, c - 1) : d + 1])
    return (*opposed(mine, [theirs]), *opposed(theirs, [mine])) if a < b and c < d else ()


def _denials(said: list[str], held: list[str], place: _Place, but: Sequence[str]) -> int:
    """How often the two sides of a place deny, leaving out words that stand against each other."""
    a, b, c, d = place
    if (a == b and d - c >= _CLAUSE) or (c == d and b - a >= _CLAUSE):
        return 0
    sides = _text(said[max(0, a - 1) : b + 1]), _text(held[max(0, c - 1) : d + 1])
    own = re.compile("|".join([*but, "(?!)"]))
    return sum(denials(own.sub(" ", side)) for side in sides)


def _turned_round(said: list[str], held: list[str], opposites: set[str]) -> bool:
    """Whether all that is compared changed places too: A above B, B below A."""
    apart = set(_words(" ".join(opposites)))
    one, other = ([word for word in words if word not in apart] for words in (said, held))
    return one != other and sorted(one) == sorted(other)


def _other_number(said: list[str], held: list[str], place: _Place) -> bool:
    """Whether both hold numbers and neither's are among the other's, but where a list of numbers was made shorter."""
    a, b, c, d = place
    for one, other in ((" ".join(said[a:b]), " ".join(held[c:d])), (_whole(said, a, b), _whole(held, c, d))):
        if not (missing(one, [other]) and missing(other, [one], rounded=False)):
            return False
    mine, theirs = _listed(said, a, b), _listed(held, c, d)
    return bool(missing(mine, [theirs])) or len(quantities(mine)) >= len(quantities(theirs))


def _whole(words: list[str], start: int, end: int) -> str:
    """The words from ``start`` to ``end`` with the rest of the quantities that they cut: 约200, not 200."""
    text, first, last = _text(words), len(_text(words[:start])), len(_text(words[:end]))
    spans = [each.span for each in quantities(text) if each.span[0] < last and each.span[1] > first]
    return text[min([first, *(span[0] for span in spans)]) : max([last, *(span[1] for span in spans)])]


def _listed(words: list[str], start: int, end: int) -> str:
    """The words from ``start`` to ``end``, with the numbers that are listed around them."""
    while start > 0 and (words[start - 1][0].isdigit() or words[start - 1] in _IN_LIST):
        start -= 1
    while end < len(words) and (words[end][0].isdigit() or words[end] in _IN_LIST):
        end += 1
    return " ".join(words[start:end])


def _text(words: Sequence[str]) -> str:
    return _BETWEEN_HAN.sub("", " ".join(words))


def _words(text: str) -> list[str]:
    plain = _NUMBERED.sub("", _NEITHER_NOR.sub(r"\1and", plain_numbers(text).casefold()))
    return _WORD.findall(_CONTRACTED.sub(" not", _CANNOT.sub("can not", plain)))
