"""When, where and by whom something came about, of an English sentence.

A date stands behind its verb (``X was founded by Y in 1902``, ``X opened Y in 1902``), before its subject (``In 1902, X
was founded by Y``), or in what the sentence says X is (``X is a mill founded in 1902``). Makers and places are asked
for where they stand behind a participle. Where a date may belong to another word than the verb, there is no question.
"""

import re

from ragstack.evaluation.testsets.english_words import (
    ACTS,
    ADVERB,
    PARTICIPLE,
    PAST,
    SUBJECT,
    base,
    head,
    holds_verb,
    inside,
    tail,
)
from ragstack.evaluation.testsets.values import Fact, Passage

__all__ = ["event"]

_NAMED = rf"(?!An?\s){SUBJECT}"
"""What came about of "a second school" is asked of nobody who has not read of the first."""
_REST = r"(?P<rest>(?:(?:by|at|as|into|for|on|of|to|with|in|from|near|between|after)\s[^,.;:]{3,60}?\s)?)"
_PASSIVE = rf"{_NAMED}\s(?P<be>was|were)\s{ADVERB}{PARTICIPLE}"
_DATED = re.compile(rf"{_PASSIVE}\s{_REST}(?P<at>in|on)\s$")
_DID = re.compile(rf"{_NAMED}\s(?P<verb>{PAST})(?P<object>(?:\s[^,.;:]{{2,60}}?)?)\s(?P<at>in|on)\s$")
_IS_DONE = re.compile(
    rf"{_NAMED},?\s(?:is|are|was|were)\s(?:an?|the)\s[^,.;:]{{3,70}}?\s{ADVERB}"
    r"(?P<done>founded|established|created|built|published|released|directed|written|produced|developed|designed"
    r"|composed|invented|discovered|introduced|formed|launched|opened|recorded|painted|owned|operated|hosted)"
    r"\s(?P<rest>(?:(?:by|in|for)\s[^,.;:]{3,40}?\s)?)(?P<at>in|on|by)\s$"
)
_AGENT = re.compile(rf"{_PASSIVE}\s(?P<rest>(?:(?:in|at|for|on|to)\s[^,.;:]{{3,40}}?\s)?)by\s$")
_PLACED = re.compile(
    rf"{_NAMED}\s(?P<be>is|was|are|were)\s(?:(?:an?|the)\s[^,.;:]{{3,60}}?\s)?"
    r"(?P<done>located|situated|based|headquartered|born|buried)\s(?P<at>in|at|near)\s$"
)
_BEGINS = re.compile(r"(?:In|On)\s$")
_AFTER = _NAMED.replace("(?P<subject>", "(?P<subject>(?:the\\s)?", 1)
"""A subject behind a date: its article is small."""
_WAS = re.compile(rf",?\s{_AFTER}\s(?P<be>was|were)\s{ADVERB}{PARTICIPLE}(?P<rest>(?:\s[^,.;:]{{2,80}}?)?)(?=[,.;])")
_DOES = re.compile(rf",?\s{_AFTER}\s(?P<verb>{PAST})(?P<rest>(?:\s[^,.;:]{{2,80}}?)?)(?=[,.;])")
_MODIFIED = re.compile(r"\b(?!(?:United|Allied)\b)\w+(?:ed|ing)\b(?! (?:States|Kingdom|Nations))")
"""A word that a date after it may belong to."""
_WHOLE_NAME = re.compile(
    r"[.;]|,?\s(?:in|on|for|at|with|from|to|as|after|during|who|which)\b|,\s(?:and\s)?(?![A-Z])[a-z]"
)
"""What stands behind a name that is neither half of a pair nor the first of a list."""


def event(passage: Passage, fact: Fact) -> str:
    """The question for a date, a maker or a place; empty where no rule can turn the sentence."""
    if fact.asks == "name":
        return _who_or_where(passage, fact)
    if fact.asks != "date":
        return ""
    return _was(passage, fact) or _began(passage, fact) or _did(passage, fact) or _is_done(passage, fact)


def _was(passage: Passage, fact: Fact) -> str:
    """Of ``X was founded by Y in 1902``."""
    match = _DATED.match(head(passage.text[: fact.start]))
    if not match or holds_verb(match["subject"]) or _MODIFIED.search(match["rest"]) or holds_verb(match["rest"]):
        return ""
    done = f"{match['done']} {match['rest']}".strip()
    return f"{_when(fact, match['at'])} {match['be']} {inside(match['subject'])} {done}?"


def _did(passage: Passage, fact: Fact) -> str:
    """Of ``X opened the mill in 1902``."""
    match = _DID.match(head(passage.text[: fact.start]))
    if not match or holds_verb(match["subject"]) or holds_verb(match["object"]) or _MODIFIED.search(match["object"]):
        return ""
    verb, past = base(match["verb"])
    if not past or verb not in ACTS:
        return ""
    return f"{_when(fact, match['at'])} did {inside(match['subject'])} {verb}{match['object']}?"


def _began(passage: Passage, fact: Fact) -> str:
    """Of ``In 1902, X was founded by Y`` and ``In 1902 X opened Y``."""
    begins = _BEGINS.fullmatch(head(passage.text[: fact.start]))
    if not begins:
        return ""
    when = _when(fact, begins[0].strip().lower())
    rest = f" {tail(passage, fact.end)}" if passage.text[fact.end : fact.end + 1] == " " else tail(passage, fact.end)
    if (match := _WAS.match(rest)) and not holds_verb(match["subject"]) and not holds_verb(match["rest"]):
        return f"{when} {match['be']} {inside(match['subject'])} {match['done']}{match['rest']}?"
    match = _DOES.match(rest)
    if not match or holds_verb(match["subject"]) or holds_verb(match["rest"]):
        return ""
    verb, past = base(match["verb"])
    return f"{when} did {inside(match['subject'])} {verb}{match['rest']}?" if past and verb in ACTS else ""


def _is_done(passage: Passage, fact: Fact) -> str:
    """Of ``X is a mill founded in 1902``."""
    match = _IS_DONE.match(head(passage.text[: fact.start]))
    if not match or match["at"] == "by" or holds_verb(match["subject"]):
        return ""
    return f"{_when(fact, match['at'])} was {inside(match['subject'])} {match['done']} {match['rest']}".strip() + "?"


def _who_or_where(passage: Passage, fact: Fact) -> str:
    before = head(passage.text[: fact.start])
    if not _WHOLE_NAME.match(passage.text, fact.end):
        return ""
    match = _PLACED.match(before)
    if match and not holds_verb(match["subject"]):
        return f"Where {match['be']} {inside(match['subject'])} {match['done']}?"
    match = _AGENT.match(before)
    if match and not holds_verb(match["subject"]) and not _MODIFIED.search(match["rest"]):
        done = f"{match['done']} {match['rest']}".strip()
        return f"By whom {match['be']} {inside(match['subject'])} {done}?"
    match = _IS_DONE.match(before)
    if match and match["at"] == "by" and not holds_verb(match["subject"]):
        return f"By whom was {inside(match['subject'])} {match['done']}?"
    return ""


def _when(fact: Fact, at: str) -> str:
    return "In which year" if at == "in" and fact.text.isdigit() else "When"
