"""What a sentence alters in the one it repeats: a number, a name, a negation, a word against its opposite.

What is put before a word or lost there, and what stands in another's place, is found beside this
(:mod:`ragstack.checking.words.qualifiers`, :mod:`ragstack.checking.words.exchanges`).

A sentence that is worded much as its source and differs in such a place says something else for certain, whatever a
model thinks of it. Only places that stand against each other are compared, word beside word, so that what another
wording says with other words is left to those who weigh it (:mod:`ragstack.checking.verification`).

Where no source is worded so as a whole, the clauses of one that are worded most so are compared instead, behind the
subject that the sentence may take from a clause before. Less is certain there, since the rest may say what they do not:
one place alone may have other words, names are left aside, and what was put in must stand neither in the source nor in
another that has as much of the sentence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, dropwhile, takewhile
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

_LEAST_REPEATED = 5
"""The words that the sentence must have in common with some clauses of a source to repeat them."""
_MOST_CLAUSES = 40
"""A source of more is a list or a table, of which the ways to take some together are too many to compare."""
_AS_MUCH = 0.6
"""The share of the sentence's words from which on another source may be what it rests on."""
_BETWEEN_CLAUSES = re.compile(r"[,;:，；：、—](?!\d)")
_JOINING = frozenset(["and", "while", "whereas", "which", "who", "that"]) | set("并且")
"""What a clause begins with that is said without it where it stands alone."""
_SUPPOSES = re.compile(r"\b(?:if|whether)\b|如果|假如|要是|倘若|若|是否|吗")
"""``假如他没来``: what is supposed or asked is not said to be so, nor not to be."""

_WORD = re.compile(r"[\u3400-\u9fff]|\d+(?:[.,:]\d+)*%?|[^\W\d_\u3400-\u9fff]+")
_CANNOT, _CONTRACTED = re.compile(r"\bcan(?:['’]t|not)\b"), re.compile(r"n['’]t\b")
_NEITHER_NOR = re.compile(r"(\bneither\b[^.;]*?)\bnor\b")
_NUMBERED = re.compile(r"\bno\. ?(?=\d)")
_BETWEEN_HAN = re.compile("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_NOT = frozenset(["not", "no", "never", "without"]) | set("不没未无非否莫勿")
_ORDERS_NOT = frozenset(["not", "never"])
"""What an order begins with that forbids."""
_HELP = "is are was were be been do does did has have had a an any with ever always will wo can"
_HELPING = frozenset(_HELP.split()) | set("有并是的了曾从来总始终")
"""Words that come and go with a negation."""
_IN_LIST = frozenset(["and", "or"]) | set("和与及或")
_CLAUSE = 4
"""Words that stand on one side alone and are a clause of their own, which may deny what it likes."""

_Place = tuple[int, int, int, int]
"""Where words stand in each other's place: from and to in the sentence, and in its source."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some clauses of a source that a sentence repeats.

    Attributes:
        said: The words of the sentence.
        held: Those of the clauses, behind the subject where the sentence has it from a clause before.
        rest: The other words of the source.
        source: All that it says.
    """

    said: list[str]
    held: list[str]
    rest: list[str]
    source: str


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
    if _steps(said, held).ratio() >= ALIKE:
        alike = not missing(claim, [source]) and not missing(source, [claim], rounded=False)
        return _differs(said, held, alike=alike) or ("name" if names_missing(claim, known) else None)
    parts = (part for source in sources for part in _parts(said, source))
    part = max(parts, key=lambda each: _steps(each.said, each.held).ratio(), default=None)
    return _differs_in_one(part, sources) if part else None


def _differs(said: list[str], held: list[str], *, alike: bool = False) -> Altered | None:
    """A number, a negation or an opposite in which the words differ.

    Words have lost their signs and capitals (``$0.50``, ``5 kW``). So where the texts hold each other's numbers
    (``alike``), a single new one is the same said otherwise; of several, or one that stands in the source too, some may
    have changed places.
    """
    places = _places(said, held)
    others = [place for place in places if _other_number(said, held, place)]
    moved = any(word[0].isdigit() and word in held for a, b, _, _ in others for word in said[a:b])
    if len(others) > alike or moved:
        return "number"
    against = [_against(said, held, place) for place in places]
    turned = sum(_denials(said, held, place, but) for place, but in zip(places, against, strict=True)) % 2 == 1
    opposites = {word for words in against for word in words}
    if turned:
        inner = [place for place in places if _within(said, held, place)]
        return "negation" if not opposites and any(_denied(said[a:b], held[c:d]) for a, b, c, d in inner) else None
    return "opposite" if opposites and not _turned_round(said, held, opposites) else None


def _differs_in_one(part: _Part, sources: Sequence[str]) -> Altered | None:
    """The same in the one place that has other words, where nothing else that is said of it accounts for it."""
    said, held = part.said, part.held
    replaced = [(said[a:b], held[c:d]) for a, b, c, d in _places(said, held) if a < b and c < d]
    change = _differs(said, held) if len(replaced) <= 1 else None
    others = [each for each in sources if each != part.source and _as_much(said, each)]
    if change == "number":
        return change if missing(_text(said), [part.source, *others]) else None
    if change == "opposite":
        return change if opposed(_text(said), [part.source, *others]) else None
    known = {_root(word) for word in held}
    elsewhere = {word for word in {*part.rest} & {*said} - {*_NOT, *_HELPING} if _root(word) not in known}
    turned = bool(elsewhere) and (denials(_text(part.rest)) > 0 or not denials(_text(said)))
    open_ = turned or any(map(denials, others)) or _SUPPOSES.search(_text(held))
    return None if open_ or not all(_denied(*sides) for sides in replaced) else change


def _as_much(said: list[str], source: str) -> bool:
    """Whether a source may be what the sentence rests on, by the words that it has of it."""
    return len(set(said) & set(_words(source))) >= _AS_MUCH * len(set(said))


def _parts(said: list[str], source: str) -> Iterator[_Part]:
    """The clauses of a source that stand together, as far as the sentence repeats them, or does behind its subject."""
    clauses = [list(dropwhile(_JOINING.__contains__, _words(clause))) for clause in _BETWEEN_CLAUSES.split(source)]
    if len(clauses) > _MOST_CLAUSES:
        return
    words = [word for clause in clauses for word in clause]
    bounds = [0, *accumulate(map(len, clauses))]
    for at, start in enumerate(bounds):
        for own in {0, _subject(said, words[:start])}:
            for end in bounds[at + 1 :]:
                held = words[start:end]
                if 2 * len(said[own:]) < ALIKE * (len(said[own:]) + len(held)):
                    break
                if own + _repeated(said[own:], held) >= _LEAST_REPEATED:
                    yield _Part(said, [*said[:own], *held], [*words[:start], *words[end:]], source)


def _subject(said: list[str], before: list[str]) -> int:
    """How many words the sentence begins with that stand so in what comes before."""
    text = f" {' '.join(before)} "
    known = takewhile(lambda end: f" {' '.join(said[:end])} " in text, range(1, len(said) + 1))
    return max(known, default=0)


def _repeated(said: list[str], held: list[str]) -> int:
    """How many words they have in common and in order, or 0 where they are not alike."""
    steps = _steps(said, held)
    alike = steps.quick_ratio() >= ALIKE and steps.ratio() >= ALIKE
    return sum(block.size for block in steps.get_matching_blocks()) if alike else 0


def _places(said: list[str], held: list[str]) -> list[_Place]:
    return [(a, b, c, d) for kind, a, b, c, d in _steps(said, held).get_opcodes() if kind != "equal"]


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
