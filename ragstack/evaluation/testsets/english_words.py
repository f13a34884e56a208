"""What the rules for English sentences share: what a subject looks like, and the verbs whose base form is known."""

import re

from ragstack.evaluation.testsets.facts import NO_SUBJECT
from ragstack.evaluation.testsets.values import Passage

__all__ = [
    "ACTS",
    "ADVERB",
    "BRACKETS",
    "PARTICIPLE",
    "PAST",
    "SUBJECT",
    "base",
    "does",
    "head",
    "holds_verb",
    "inside",
    "tail",
]

SUBJECT = (
    rf"(?!(?:{NO_SUBJECT})\b)" r"(?P<subject>(?:[A-Z](?:[\w'’-]|\.\w)*)(?:\s(?:[\w'’-]|\.\w)+){0,6}?)(?<!\bthe)(?<!\ba)"
)
ADVERB = r"(?:(?:first|officially|originally|formally|finally|initially|formerly|temporarily|subsequently)\s)?"
PARTICIPLE = r"(?P<done>[a-z]+(?:ed|wn|lt|nt|ld|un|ught|orn|made|held|won|lost|written|chosen|taken|given|set up))"
BRACKETS = re.compile(r"\s?[（(][^（）()]*[)）]|\[\d+\]")
_VERBS = """
    contain cover employ feature hold include measure need offer produce provide read receive reach require serve span
    support take use weigh win lose play lead last cost
"""
_ACTS = """
    abandon abolish accept acquire adopt annex announce appear appoint approve arrive attack attend award become begin
    build buy capture cede change close collapse complete conquer create debut declare defeat destroy develop die
    disappear discover dissolve elect emigrate end enter erupt establish expand fall form found graduate grant host
    identify introduce invade invent issue join launch leave marry merge move open occur order pass patent perform
    premiere present propose publish purchase ratify receive record reject release relocate rename replace resign
    retire return sell settle sign start succeed surrender take transfer unveil visit win withdraw write
"""
ACTS = frozenset(_ACTS.split())
"""Verbs of what happens at a time."""
_IRREGULAR = {"has": "have", "had": "have", "have": "have", "took": "take", "held": "hold", "won": "win", "led": "lead",
              "lost": "lose", "read": "read", "bought": "buy", "became": "become", "began": "begin", "built": "build",
              "fell": "fall", "left": "leave", "married": "marry", "sold": "sell", "withdrew": "withdraw",
              "wrote": "write", "transferred": "transfer"}  # fmt: skip
PAST = "|".join(
    sorted(
        {f"{verb}{'d' if verb.endswith('e') else 'ed'}" for verb in ACTS}
        | (_IRREGULAR.keys() - {"has", "have", "read"})
    )
)
"""The past forms of verbs of what happens, to stand in a pattern."""
_PRESENT = frozenset({"has", "have", "read"})
_CLAUSE_VERB = re.compile(r"\b(?:is|are|was|were|has|had|have|who|which|that|when|while|if|because|and)\b")


def head(text: str) -> str:
    """What stands before a fact, without brackets and marks, in one line."""
    plain = " ".join(BRACKETS.sub("", text).split()).replace("*", "")
    return f"{plain} " if text[-1:].isspace() else plain


def tail(passage: Passage, end: int) -> str:
    """What stands after the offset ``end``, in the same form."""
    return " ".join(BRACKETS.sub("", passage.text[end:]).split()).replace("*", "")


def holds_verb(text: str) -> bool:
    """Whether a text has a finite verb of the commonest, or a word that another clause begins with."""
    return _CLAUSE_VERB.search(text) is not None


def does(verb: str, base: str, past: bool) -> str:
    """The form of "do" that takes the place of a verb's own."""
    return "did" if past else "do" if verb == base else "does"


def base(verb: str) -> tuple[str, bool]:
    """The base form of a verb that is known, and whether it stood in the past tense."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb], verb not in _PRESENT
    for known in (*_VERBS.split(), *sorted(ACTS)):
        if verb in (known, f"{known}s", f"{known}es"):
            return known, False
        if verb in (f"{known}ed", f"{known}d"):
            return known, True
    return "", False


def inside(subject: str) -> str:
    """A subject as it stands inside a sentence."""
    first, _, rest = subject.partition(" ")
    return f"{first.lower()} {rest}" if first in ("The", "A", "An", "All", "Each", "Every", "Most", "Some") else subject
