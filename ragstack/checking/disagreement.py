"""Does another source say otherwise? Asked of every sentence that is shown.

Two sources disagree where a sentence of another document speaks of the same subject, is worded much as the cited one,
and has another value in the place of the answer, and nowhere else, since another year or another town besides makes it
another fact: another number or date, another name, or a negation or an opposite. A number with fewer decimals, and a
name in its initials, are no other value.
The same subject means that what the question asks about and the cited sentence or its passage names is named by the
other sentence or passage too. Only what the words show is reported, since a false alarm teaches people to pass over
true ones: sources that contradict one another in quite different words go unnoticed.
"""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from indexes.records import Hit
from indexes.search.analysis import query_terms
from ingest.text.outline import plain_markup
from ingest.text.sentences import split_sentences
from ragstack.checking.numbers.quantities import missing, quantities
from ragstack.checking.words.contradictions import opposed, turned_negation
from ragstack.checking.words.names import names_missing
from ragstack.evidence import Evidence, talk_start
from ragstack.language import language_of

__all__ = ["disagreeing", "disagrees", "names_as_much"]

ALIKE = 0.5
"""The least share of words that the two sentences have in common and in order, as Dice's coefficient."""
ALIKE_BUT_FOR_A_NOT = 0.7
"""The same where only a negation or an opposite tells them apart, which a longer sentence may hold by accident."""
LONGEST = 600
"""Characters of a sentence that is compared; longer ones are tables and lists."""

_DECADE = re.compile(r"(\d+)0(?:['’]?s\b|年代)")
_WORD = re.compile(r"\d+0(?:['’]?s\b|年代)|\d+(?:[.,:]\d+)*%?|[^\W\d_\u3400-\u9fff]+(?:['’][a-z]+)?|[\u3400-\u9fff]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def disagreeing(question: str, sentence: str, cited: Evidence, hits: Sequence[Hit]) -> Evidence | None:
    """The first sentence of another document among ``hits`` that says otherwise, or None; talk with a machine is none.

    Args:
        question: What was asked.
        sentence: The sentence that is shown as the answer.
        cited: What it rests on most.
        hits: The chunks that were found, best first.
    """
    passage = f"{cited.heading} {plain_markup(cited.hit.text)}"
    for hit in hits:
        around = f"{hit.context} {plain_markup(hit.text)}"
        if hit.document_id == cited.hit.document_id or not names_as_much(question, passage, around):
            continue
        for start, end in split_sentences(hit.text[: talk_start(hit.text)]):
            if disagrees(question, sentence, cited.plain, plain_markup(hit.text[start:end])):
                return Evidence(hit, hit.start + start, hit.start + end, hit.text[start:end], hit.context, 0.0)
    return None


def names_as_much(question: str, cited: str, other: str) -> bool:
    """Whether the other text holds all that the question asks about and the cited one holds."""
    asked = set(query_terms(question))
    return asked & set(query_terms(cited)) <= set(query_terms(other))


def disagrees(question: str, sentence: str, cited: str, other: str) -> bool:
    """Whether a sentence of another source says otherwise than the answer ``sentence`` and the ``cited`` one."""
    if len(other) > LONGEST or language_of(cited) != language_of(other) or not names_as_much(question, cited, other):
        return False
    here, there = _words(cited), _words(other)
    matcher = SequenceMatcher(None, _folded(here), _folded(there), autojunk=False)
    if matcher.ratio() < ALIKE:
        return False
    answer = set(_folded(_words(sentence))) - set(_folded(_words(question)))
    swaps = [(here[a:b], there[c:d]) for a, b, c, d in _swapped(matcher.get_opcodes())]
    telling = [swap for swap in swaps if _tells(swap[0], other) and _tells(swap[1], cited)]
    for swap in telling:
        mine, theirs = _joined(swap[0]), _joined(swap[1])
        if not answer & set(_folded(swap[0])):
            continue
        if _other_number(question, cited, other, mine, theirs):
            return len(telling) == 1 and not all(map(_more_than_numbers, swap))
        if _other_name(question, cited, other, mine, theirs):
            return len(telling) == 1
    return matcher.ratio() >= ALIKE_BUT_FOR_A_NOT and _denied(cited, other)


def _swapped(steps: Sequence[tuple[str, int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Where other words stand in the place of some; stretches with one word between them, as in a date, are one."""
    found: list[tuple[int, int, int, int]] = []
    for kind, a, b, c, d in steps:
        if kind == "replace" and found and a - found[-1][1] <= 1 and c - found[-1][3] <= 1:
            found[-1] = (found[-1][0], b, found[-1][2], d)
        elif kind == "replace":
            found.append((a, b, c, d))
    return found


def _more_than_numbers(words: Sequence[str]) -> bool:
    """Whether there are words among them, other than joining ones, that are no numbers, months or units."""
    return any(query_terms(word) and quantities(f"1 {word}") == quantities("1") for word in words)


def _tells(words: Sequence[str], other: str) -> bool:
    """Whether the words say what the other sentence does not."""
    return bool(set(query_terms(_joined(words))) - set(query_terms(other)))


def _other_number(question: str, said: str, told: str, mine: str, theirs: str) -> bool:
    """Whether the two stretches hold numbers of one unit, of which neither stands in the other sentence."""
    if _of_its_decade(mine, theirs) or _of_its_decade(theirs, mine):
        return False
    lost, found = missing(mine, [told, question]), missing(theirs, [said, question])
    if not lost or len(lost) != len(found) or _rounded(lost, found):
        return False
    units = [{each.unit for each in quantities(text) if each.unit} for text in (mine, theirs)]
    return units[0] == units[1] or bool(units[0] & units[1])


def _of_its_decade(one: str, other: str) -> bool:
    """Whether one names a decade, and the other a year of it."""
    decade = _DECADE.search(one)
    return decade is not None and re.search(rf"(?<!\d){decade[1]}\d(?!\d)", other) is not None


def _rounded(numbers: Sequence[str], others: Sequence[str]) -> bool:
    """Whether each number is one of the others with more or fewer decimals."""

    def decimals(number: str) -> int:
        return len(number.partition(".")[2])

    def same(one: str, other: str) -> bool:
        least = min(decimals(one), decimals(other))
        return decimals(one) != decimals(other) and abs(float(one) - float(other)) <= 0.5 * 10**-least + 1e-9

    whole = [one for one in numbers if one.count(".") <= 1]  # no versions
    return all(_plain(one) and any(same(one, other) for other in others if _plain(other)) for one in whole)


def _plain(number: str) -> bool:
    """Whether it is a number with a point at most: no version, no time of the day."""
    return re.fullmatch(r"\d+(?:\.\d+)?", number) is not None


def _shortened(one: str, other: str) -> bool:
    """Whether one is the initials of the other: ``UK``, ``United Kingdom``."""
    initials = "".join(word[0] for word in other.split() if word[0].isupper())
    return len(initials) > 1 and initials in one.split()


def _other_name(question: str, said: str, told: str, mine: str, theirs: str) -> bool:
    """Whether the two stretches hold names, or parts of them, of which neither stands in the other sentence."""
    if _shortened(mine, theirs) or _shortened(theirs, mine):
        return False
    lost = [name for name in names_missing(said, [told, question]) if name in mine or mine in name]
    return bool(lost) and any(name in theirs or theirs in name for name in names_missing(told, [said, question]))


def _denied(said: str, told: str) -> bool:
    """Whether one denies what the other says, and their numbers and names are the same."""
    turned = turned_negation(said, [told]) or turned_negation(told, [said]) or bool(opposed(told, [said]))
    same = not (missing(told, [said]) or missing(said, [told]))
    return turned and same and not names_missing(told, [said]) and not names_missing(said, [told])


def _words(text: str) -> list[str]:
    return _WORD.findall(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text)))


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]


def _joined(words: Sequence[str]) -> str:
    """The words as a text, Chinese characters without spaces between them."""
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", " ".join(words))
