"""A passage → true sentences, and false ones that differ in one thing, in English and Chinese.

True: a sentence of the passage without a clause or a bracket, or as it stands. False, each over the same words:
    negated: a negation put in, or taken out.
    swapped: two of its names, or two of its numbers, in each other's place, so that roles turn.
    exchanged: a name or number of it replaced by another of the same passage, as when answers are mixed up.
    renumbered: a number changed.
    renamed: a name replaced by one of another passage.
    turned: a word replaced by its opposite.
    elsewhere: the sentence itself, true, over the passage without it.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.text.sentences import split_sentences
from ragstack.checking.words.contradictions import opposites
from ragstack.language import Language, language_of

__all__ = ["Made", "exchanged", "negated", "perturbed", "renamed", "renumbered", "shortened", "swapped", "turned"]

SENTENCES_USED = 3
"""Of a passage, at most."""
SHORTEST, LONGEST = 20, 300
"""Characters of a sentence; a Chinese one needs half of the shortest."""

_NUMBER = re.compile(r"(?<![A-Za-z\d.,])\d+(?:[.,]\d+)*")
_NAME = {
    "en": re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*"),
    "zh": re.compile(r"(?<=[在于由向与和、至到是从])[\u4e00-\u9fff]{1,3}[省市国县州岛]|(?<=《)[^》]{2,12}(?=》)"),
}
_JOINED = re.compile(r"(?:,|、|\band\b|\bor\b|和|与|及|或)\s*$|^\s*(?:,|、|and\b|or\b|和|与|及|或)")
_TAKES_NOT = re.compile(r"\b(is|are|was|were|can|could|will|would|had been|has been|have been) (?!not\b|n't)")
_NOT = re.compile(r"\b(is|are|was|were|can|could|will|would|do|does|did|has|have|had) not ")
_TAKES_NOT_ZH = re.compile(
    "(?<![不没而但就都也还若于只正总凡可])(是|可以|能够|属于|位于|包括|具有)(?!否|非|在|由|因|以)"
)
_NOT_ZH = re.compile("(?:并不|并没有|没有|并未|不)(?=是|会|能|可以|属于|包括|具有)")
_BRACKET = re.compile(r"\s*[(（][^()（）]*[)）]")
_LAST_CLAUSE = re.compile(r", (?:which|who|where|while|including|such as|with|but|and) [^,]*(?=[.!]$)")
_OPENING = re.compile(r"^(?:However|Moreover|In \d{4}|Today|Also|Furthermore|In addition|For example|Finally), (\w)")


@dataclass(frozen=True, slots=True)
class Made:
    """A claim made from a passage; ``label``: whether ``evidence`` supports it."""

    kind: str
    evidence: str
    claim: str
    label: bool


def perturbed(passage: str, stranger: str, chance: random.Random) -> Iterator[Made]:
    """Of a few sentences a true claim each, and a false one; ``stranger`` is another passage."""
    language = language_of(passage)
    spans = [
        (start, end)
        for start, end in split_sentences(passage)
        if SHORTEST // (2 if language == "zh" else 1) <= end - start <= LONGEST
    ]
    chance.shuffle(spans)
    for start, end in spans[:SENTENCES_USED]:
        sentence = passage[start:end]
        true = shortened(sentence, language, chance)
        yield Made("kept", passage, true, label=True)
        without = (passage[:start] + passage[end:]).strip()
        kind, false = _false(true, without, stranger, language, chance)
        if false:
            yield Made(kind, passage, false, label=False)
        if len(without) >= SHORTEST and (not false or chance.random() < 0.5):
            yield Made("elsewhere", without, true, label=False)


def _false(true: str, rest: str, stranger: str, language: Language, chance: random.Random) -> tuple[str, str]:
    """A false sentence and its kind, of the kinds in any order; two empty texts where none can be made."""
    makers = {
        "negated": lambda: negated(true, language),
        "swapped": lambda: swapped(true, language, chance),
        "exchanged": lambda: exchanged(true, rest, language, chance),
        "renumbered": lambda: renumbered(true, chance),
        "renamed": lambda: renamed(true, stranger, language, chance),
        "turned": lambda: turned(true, chance),
    }
    for kind in chance.sample(sorted(makers), len(makers)):
        false = makers[kind]()
        if false and false != true:
            return kind, false
    return "", ""


def shortened(sentence: str, language: Language, chance: random.Random) -> str:
    """The sentence without its brackets and one clause, where it has such; else as it stands."""
    short = _BRACKET.sub("", sentence.strip())
    if language == "zh":
        clauses = re.split("，", short.rstrip("。！？"))
        if len(clauses) > 2:
            clauses = clauses[:-1] if chance.random() < 0.7 else clauses[: len(clauses) // 2 + 1]
            return "，".join(clauses) + "。"
        return short
    short = _OPENING.sub(lambda match: match[1].upper(), short)
    return _LAST_CLAUSE.sub("", short) if chance.random() < 0.7 else short


def negated(sentence: str, language: Language) -> str:
    """Without the negation that it has, else with one at the first verb that takes one; empty where none does."""
    if language == "zh":
        altered = _NOT_ZH.sub("", sentence, count=1)
        return altered if altered != sentence else _changed(_TAKES_NOT_ZH, r"不\1", sentence).replace("不具有", "没有")
    altered = _NOT.sub(r"\1 ", sentence, count=1)
    return altered if altered != sentence else _changed(_TAKES_NOT, r"\1 not ", sentence)


def swapped(sentence: str, language: Language, chance: random.Random) -> str:
    """Two names, or two numbers, in each other's place, unless they are of one list; empty where there are none."""
    for pattern in chance.sample((_NAME[language], _NUMBER), 2):
        places = list(pattern.finditer(sentence))
        if len(places) >= 2 and places[0].group() != places[-1].group():
            one, other = places[0], places[-1]
            between = sentence[one.end() : other.start()]
            if not _JOINED.search(between):
                return sentence[: one.start()] + other.group() + between + one.group() + sentence[other.end() :]
    return ""


def exchanged(sentence: str, rest: str, language: Language, chance: random.Random) -> str:
    """A name or number of the sentence replaced by one of the rest of its passage; empty where there is none."""
    one, other = chance.sample((_NAME[language], _NUMBER), 2)
    return _borrowed(one, sentence, rest, chance) or _borrowed(other, sentence, rest, chance)


def renumbered(sentence: str, chance: random.Random) -> str:
    """One of its numbers changed a little: a year stays a year; empty where there is none."""
    places = list(_NUMBER.finditer(sentence))
    if not places:
        return ""
    place = chance.choice(places)
    digits = list(place.group())
    at = chance.choice([at for at, digit in enumerate(digits) if digit.isdigit()][-2:])
    digits[at] = chance.choice([digit for digit in "123456789" if digit != digits[at]])
    return sentence[: place.start()] + "".join(digits) + sentence[place.end() :]


def renamed(sentence: str, stranger: str, language: Language, chance: random.Random) -> str:
    """One of its names replaced by one of another passage; empty where either has none."""
    return _borrowed(_NAME[language], sentence, stranger, chance)


def turned(sentence: str, chance: random.Random) -> str:
    """One of its words replaced by its opposite; empty where no word has one."""
    places = opposites(sentence)
    if not places:
        return ""
    start, end, opposite = chance.choice(places)
    opposite = opposite.capitalize() if sentence[start].isupper() else opposite
    return sentence[:start] + opposite + sentence[end:]


def _borrowed(pattern: re.Pattern[str], sentence: str, source: str, chance: random.Random) -> str:
    """What the pattern finds replaced by what it finds in ``source``; empty where either has none."""
    others: list[str] = sorted({found for found in pattern.findall(source) if found not in sentence})
    places = list(pattern.finditer(sentence))
    if not others or not places:
        return ""
    place = chance.choice(places)
    return sentence[: place.start()] + chance.choice(others) + sentence[place.end() :]


def _changed(pattern: re.Pattern[str], by: str, sentence: str) -> str:
    altered = pattern.sub(by, sentence, count=1)
    return altered if altered != sentence else ""
