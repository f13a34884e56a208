"""Words before another that change who or what is meant, put in or lost: vice president, non-elected, 副主席.

Found is only what stands in the surroundings of the cited word, for a word that comes from elsewhere may be right: the
telling word before or after it has to be the same. What the cited words deny or speak against, what follows from two
relatives ("the son of his son"), and titles that end with time ("former") are left to others where they may be true.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragstack.checking.words.contradictions import turned_by_prefix
from ragstack.checking.words.denials import denials, speaks_against
from ragstack.checking.words.qualifiers_zh import another_office, requalified_zh
from ragstack.language import language_of

__all__ = ["requalified"]

_FAMILY = "father mother parent son daughter child brother sister uncle aunt nephew niece wife husband"
_ROLES = """
    president minister chancellor mayor governor chairman chairwoman chairperson chair director manager king queen
    secretary captain commander principal editor premier leader chief ambassador coach sheriff commissioner treasurer
    admiral consul speaker inspector prosecutor officer superintendent marshal rector dean head prefect champion
    executive administrator commissar bishop senator chaplain conductor keeper librarian curator registrar coordinator
"""
_MAKERS = "founder author owner writer producer inventor creator host discoverer"
_KINDS = (
    (
        "vice deputy acting interim temporary provisional caretaker assistant associate honorary lieutenant",
        _ROLES + "professor judge attorney",
    ),
    ("former ex", _ROLES + "professor judge wife husband"),
    ("co", _ROLES + _MAKERS),
    ("step grand great inlaw half", _FAMILY + " grand"),
    ("semi quarter", "final finalist"),
)
_TAKES = {(word, head) for words, heads in _KINDS for word in words.split() for head in heads.split()}
_RELATIVES = frozenset(_FAMILY.split())
_HEADS = {head for _, head in _TAKES}
_QUALIFIERS = {word for word, _ in _TAKES}
_TELLING_WHEN_LOST_WORDS = "vice deputy acting interim honorary step grand great inlaw semi quarter"
_TELLING_WHEN_LOST = frozenset(_TELLING_WHEN_LOST_WORDS.split())
"""An assistant coach is a coach, a co-founder a founder, and a former president keeps the title."""
_BETWEEN_WORDS = "prime general chief executive managing police first"
_BETWEEN = frozenset(_BETWEEN_WORDS.split())
_PASSED_OVER_WORDS = """
    the a an of to in on at by for as is was were are be been and his her its their who that had has have with
    from s
"""
_PASSED_OVER = frozenset(_PASSED_OVER_WORDS.split())
"""Words that do not tell what surrounds a word."""

_JOINED = re.compile(
    rf"\b(step|great-grand|grand|half)-?(?=(?:{'|'.join(_FAMILY.split())})(?:s|ren)?\b)"
    rf"|\b(co)-?(?=(?:{'|'.join((_ROLES + _MAKERS).split())})s?\b)|\b(semi|quarter)-?(?=final)|\b(vice|ex|deputy)-"
)
_IN_LAW = re.compile(r"\b(\w+?)(s?)-in-law\b")
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+")
_FOR_A_TIME = frozenset(["acting", "interim", "temporary", "provisional", "caretaker"])
_BESIDE = frozenset(["vice", "deputy", "assistant", "associate", "lieutenant"])
_ACTED = re.compile(
    r"\bact(?:s|ed|ing)? as\b|\binterim|\btempora|\bprovisional|\bcaretaker|\b(?:stand|stood|fill)\w*[ -]in\b"
    r"|\bdeputi[sz]|\babsence\b|\bfor the time"
)
_HELPED = re.compile(r"\bdeputi[sz]|\bsecond[ -]in|\bnumber two\b|\bassist|\bhelp|\bact(?:s|ed|ing)? (?:as|for)\b")
_IN_OTHER_WORDS = ((_FOR_A_TIME, _ACTED), (_BESIDE, _HELPED))
"""How cited words may say what a qualifier says."""
_NOT_THE_FINAL = frozenset(["four", "eight", "4", "8", "round", "rounds", "stage", "phase", "tournament"])
_NOW = re.compile(r"\b(?:is|are|serves|holds|currently|current|incumbent)\b")
_THEN = re.compile(
    r"\b(?:was|were|had|until|till|resigned|retired|left|served|died|ended|succeeded|replaced|then|before|once|\d{4})\b"
)
_PREFIX = re.compile(r"^(?:non-?|un|in|im|ir|il|dis)")
_NO_TURN = re.compile(
    r"un(?:like|less|rest|cover|earth|veil|leash|fold|lock|wrap|beaten|defeated|fortunate|doubt|question)"
    r"|in(?:form|tend|tens|stall|sight|fus|vest|com|tak|bound|door|mate|patient|dwell|fight|corpo|cred|valuable|famous"
    r"|carnat|tuition|field|fancy|fring|vers|habit|filtrat|fect)|im(?:ag|pro|port|plant|press|puls|pos|pair|peach"
    r"|print|pend|migra|mediate)|irradi|dis(?:cover|charg|play|count|cours|clos|patch|pos|miss|sect|tribut|tract"
    r"|infect|solv|plac|appoint|parit|order|eas)"
)
"""Words that begin as with a prefix and are not the opposite of their rest, or follow from it."""
_LEAST_STEM, _ENDING = 4, 3
"""Letters that two forms of a word share at least, and those that may differ at the end of the turned one."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A word of a text: what stands before it as its qualifiers, and the nearest telling words on either side."""

    head: str
    qualifiers: tuple[str, ...]
    around: tuple[str, str]

    def beside(self, other: "_Place") -> bool:
        """Whether it stands in the surroundings of the other."""
        return any(one and one == another for one, another in zip(self.around, other.around, strict=True))


def requalified(claim: str, cited: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    """What ``claim`` says of a cited word with a qualifier that nothing that was ``read`` has, or without its own."""
    if language_of(claim) != language_of(" ".join(cited)):
        return ()
    if language_of(claim) == "zh":
        return requalified_zh(claim, cited, read)
    said, told, known = _places([claim]), _places(cited), _places(read)
    words = {token for text in read for token in _tokens(text)}
    found = [
        " ".join((*place.qualifiers, place.head))
        for place in said
        if _added(place, told, words, cited, known) or _lost(place, told, known)
    ]
    return (*found, *_turned(claim, cited, read))


def _added(place: _Place, told: list[_Place], known_words: set[str], cited: Sequence[str], known: list[_Place]) -> bool:
    new = [word for word in place.qualifiers if word not in known_words]
    lacking = [each for each in told if not each.qualifiers or another_office(each.qualifiers, new, _IN_OTHER_WORDS)]
    bare = [other for other in lacking if other.head == place.head and place.beside(other)]
    text = " ".join(cited).casefold()
    if not new or not bare or _in_other_words(new, text):
        return False
    if {"semi", "quarter"} & set(new):
        return all(other.around[1] not in _NOT_THE_FINAL for other in bare)
    if {"former", "ex"} & set(new):
        return bool(_NOW.search(text)) and not _THEN.search(text)
    if "co" in new:
        return re.search(rf"\b(?:the|sole|only) {place.head}\b", text) is not None
    return place.head not in _RELATIVES or sum(other.head in _RELATIVES for other in known) == 1


def _in_other_words(new: Sequence[str], text: str) -> bool:
    """Whether the cited words say with others what a qualifier says: ``acted as president``."""
    return any(not words.isdisjoint(new) and said.search(text) for words, said in _IN_OTHER_WORDS)


def _lost(place: _Place, told: list[_Place], known: list[_Place]) -> bool:
    """Whether the word stands bare, and in all that was read only with what it does without."""
    if place.qualifiers or any(not other.qualifiers for other in known if other.head == place.head):
        return False
    return any(
        other.head == place.head and _TELLING_WHEN_LOST & set(other.qualifiers) and place.beside(other)
        for other in told
    )


def _turned(claim: str, cited: Sequence[str], read: Sequence[str]) -> Iterator[str]:
    """Words turned by a prefix in the surroundings of the word that they turn, where nothing cited denies."""
    if denials(claim) or any(map(speaks_against, cited)):
        return
    said, told = _tokens(claim), [_tokens(text) for text in cited]
    for word in turned_by_prefix(claim, read):
        if word not in said or _NO_TURN.match(word):
            continue
        stem = _PREFIX.sub("", word)
        shared = stem[: max(_LEAST_STEM, len(stem) - _ENDING)]
        place = _Place(stem, (), _around(said, said.index(word), said.index(word)))
        bare = [(each, at) for each in told for at, token in enumerate(each) if token.startswith(shared)]
        if any(place.beside(_Place(stem, (), _around(each, at, at))) for each, at in bare):
            yield word


def _places(texts: Sequence[str]) -> list[_Place]:
    """The words of the texts that one of the qualifiers may stand before."""
    found = []
    for tokens in map(_tokens, texts):
        for at, token in enumerate(tokens):
            head = _singular(token)
            if head not in _HEADS:
                continue
            start = at
            while start > 0 and tokens[start - 1] in _BETWEEN:
                start -= 1
            first = start
            while first > 0 and tokens[first - 1] in _QUALIFIERS and (tokens[first - 1], head) in _TAKES:
                first -= 1
            found.append(_Place(head, tuple(tokens[first:start]), _around(tokens, first if first < start else at, at)))
    return found


def _around(tokens: list[str], first: int, last: int) -> tuple[str, str]:
    before = next((token for token in reversed(tokens[:first]) if token not in _PASSED_OVER), "")
    return before, next((token for token in tokens[last + 1 :] if token not in _PASSED_OVER), "")


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _IN_LAW.sub(r"inlaw \1\2", plain)
    return _TOKEN.findall(_JOINED.sub(lambda match: match[0].rstrip("-").replace("-", " ") + " ", plain))


def _singular(word: str) -> str:
    return "child" if word == "children" else word.removesuffix("s")
