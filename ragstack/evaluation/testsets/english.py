"""English sentences turned around by rules, as Heilman and Smith (2010) turn parsed ones: what is counted and measured.

Where a sentence has no shape that a rule knows (``X has 12 layers``, ``X takes 12 minutes``, ``The length of X is 12
metres``, and those of :mod:`ragstack.evaluation.testsets.english_events`), it gives no question.
"""

import re

from ragstack.evaluation.testsets.english_events import event
from ragstack.evaluation.testsets.english_words import SUBJECT, base, does, head, holds_verb, inside
from ragstack.evaluation.testsets.values import Fact, Passage

__all__ = ["asked", "asked_why"]

_ABOUT = (
    r"(?P<bound>(?:about|around|roughly|approximately|nearly|almost|at most|up to|at least|more than|over|some)\s)?"
)
_THING = (
    r"\s(?P<thing>(?:[a-z][a-z-]+\s){0,2}(?:[a-z-]{3,}s(?<!\bthis)|people|men|women|children))"
    r"(?=[,.;:]|\s(?:and|in|of|with|for|per|from|at|to|on|as|that|which)\b)"
)
_LISTED = r"(?P<list>(?:[^,;:]{3,60}(?:,|\sand|\swith))*?\s?)"
"""What stands between a verb and a later one of its objects: ``X has 12 layers, 16 heads and 8 arms``."""
_SIZED = re.compile(
    rf"{SUBJECT}\s(?P<verb>has|have|had)\s{_LISTED}an?\s(?P<what>(?:[a-z][a-z-]+\s){{1,3}})of\s{_ABOUT}$"
)
_COUNT = re.compile(r"[\d,.]+(?:\s(?:hundred|thousand|million|billion|trillion))?")
_MEASURED = re.compile(rf"{SUBJECT}\s(?P<verb>[a-z]+)\s{_ABOUT}$")
_TIME = re.compile("hours?|minutes?|seconds?|days?|weeks?|months?|years?")
_SIZE = re.compile("[KMGT]i?B|kg|tonnes?|grams?|dollars?|euros?|^[$€£]")
_IS = re.compile(
    r"(?P<what>The (?:[\w-]+\s){0,4}?(?:population|area|length|height|depth|width|weight|rate|number|cost|price|age"
    r"|income|temperature|capacity|speed|score|distance|density|size|incidence|prevalence|coverage|share|ratio|duration"
    r"|sensitivity|specificity|diameter|budget)(?:\s(?:of|for|in|at|among)\s[^,.;:]{3,60}?)?)"
    rf"\s(?P<be>is|was)\s{_ABOUT}$"
)
_WHERE = re.compile(r"(?P<where>(?:\s(?:at|in|for|per|during|among|as of)\s[^,.;:]{2,40}?)?)(?=[,.;])")


def asked(passage: Passage, fact: Fact) -> str:
    """The question for a number, a date or a name; empty where no rule can turn the sentence."""
    if counted := _counted(passage, fact):
        do, subject, verb, bound, thing = counted
        return f"How many {thing} {do} {subject} {verb}{' ' + bound.strip() if bound.strip() == 'at most' else ''}?"
    return _how_much(passage, fact) if fact.asks == "number" else event(passage, fact)


def asked_why(passage: Passage, fact: Fact, put: str) -> str:
    """A question why something is so that is not so; empty where no rule can turn the sentence."""
    if counted := _counted(passage, fact):
        do, subject, verb, bound, thing = counted
        return f"Why {do} {subject} {verb} {bound}{put} {thing}?"
    happened = event(passage, fact) if fact.asks == "date" else ""
    if not happened:
        return ""
    at = head(passage.text[: fact.start]).split()[-1].lower()
    return f"Why {happened.removeprefix('In which year ').removeprefix('When ').removesuffix('?')} {at} {put}?"


def _how_much(passage: Passage, fact: Fact) -> str:
    """Of ``X has a length of 12 metres``, ``The length of X is 12 metres`` and ``X takes 12 minutes``."""
    text = head(passage.text[: fact.start])
    match = _SIZED.match(text)
    if match and not holds_verb(match["subject"]) and not holds_verb(match["list"].replace(" and", "")):
        verb, past = base(match["verb"])
        return f"What {match['what'].strip()} {does(match['verb'], verb, past)} {inside(match['subject'])} have?"
    match = _IS.match(text)
    where = _WHERE.match(passage.text, fact.end)
    if match and where and not holds_verb(match["what"]):
        return f"What {match['be']} {inside(match['what'])}{where['where'].rstrip()}?"
    match = _MEASURED.match(text)
    if not match or holds_verb(match["subject"]):
        return ""
    verb, past = base(match["verb"])
    how = "long" if verb in ("take", "last") and _TIME.search(fact.text) else "much" if _SIZE.search(fact.text) else ""
    return f"How {how} {does(match['verb'], verb, past)} {inside(match['subject'])} {verb}?" if verb and how else ""


def _counted(passage: Passage, fact: Fact) -> tuple[str, str, str, str, str] | None:
    """do-word, subject, verb, bound and what is counted, of ``X has about 12 layers``."""
    if fact.asks != "number" or not _COUNT.fullmatch(fact.text):
        return None
    match = re.match(rf"{SUBJECT}\s(?P<verb>[a-z]+)\s{_LISTED}{_ABOUT}$", head(passage.text[: fact.start]))
    thing = re.match(_THING, passage.text[fact.end :])
    if not match or not thing or holds_verb(match["subject"]):
        return None
    verb, past = base(match["verb"])
    listed = match["list"]
    if not verb or (listed and (verb != "have" or holds_verb(listed.replace(" and", "")))):
        return None
    return does(match["verb"], verb, past), inside(match["subject"]), verb, match["bound"] or "", thing["thing"]
