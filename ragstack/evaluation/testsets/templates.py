"""Questions without a decoder: a sentence of a plain shape, turned around by rules.

English sentences are turned where their shape is one of four (``X is a …``, ``X has 12 layers``, ``X was founded in
1902``, ``X opened Y in 1902``), as Heilman and Smith (2010) turn parsed ones; all others give no question. In Chinese
the question word stands where the answer stood, so that most sentences with a number or a year can be turned. The
questions are plain and keep the words of their sentences, which makes their sources easy to find.
"""

import re

from ingest.text.outline import plain_markup
from ragstack.evaluation.testsets.facts import NO_SUBJECT, defined
from ragstack.evaluation.testsets.values import Fact, Passage

__all__ = ["from_template", "why"]

_LONGEST_CLAUSE = 50
"""Characters of a Chinese clause that still reads as a question."""
_VERBS = """
    contain cover employ feature hold include measure need offer produce provide read receive reach require serve span
    support take use weigh win lose play lead last cost
"""
_IRREGULAR = {"has": "have", "had": "have", "have": "have", "took": "take", "held": "hold", "won": "win", "led": "lead",
              "lost": "lose", "read": "read", "bought": "buy"}  # fmt: skip
_PAST = frozenset({"had", "took", "held", "won", "led", "lost", "bought"})
_SUBJECT = rf"(?!(?:{NO_SUBJECT})\b)" r"(?P<subject>(?:[A-Z](?:[\w'’-]|\.\w)*)(?:\s(?:[\w'’-]|\.\w)+){0,6}?)"
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
    rf"{_SUBJECT}\s(?P<verb>has|have|had)\s{_LISTED}an?\s(?P<what>(?:[a-z][a-z-]+\s){{1,3}})of\s{_ABOUT}$"
)
_COUNT = re.compile(r"[\d,.]+(?:\s(?:hundred|thousand|million|billion|trillion))?")
_MEASURED = re.compile(rf"{_SUBJECT}\s(?P<verb>[a-z]+)\s{_ABOUT}$")
_TIME = re.compile("hours?|minutes?|seconds?|days?|weeks?|months?|years?")
_SIZE = re.compile("[KMGT]i?B|kg|tonnes?|grams?|dollars?|euros?|^[$€£]")
_DATED = re.compile(
    rf"{_SUBJECT}\s(?P<be>was|were)\s(?:first\s|officially\s|originally\s)?"
    r"(?P<done>[a-z]+(?:ed|wn|lt|nt|ld|un|ught|orn|made|set up))\s"
    r"(?P<rest>(?:(?:by|at|as|into|for)\s[^,.;]{3,50}?\s)?)(?:in|on)\s$"
)
_DID = re.compile(
    rf"{_SUBJECT}\s(?P<verb>[a-z]+)\s(?P<object>(?:the|an?|its?|[A-Z])[^,.;:()]{{2,60}}?)\s(?P<at>in|on)\s$"
)
_ACTS = """
    acquire adopt announce buy complete create discover establish found introduce invent launch open publish
    purchase receive release sign start win
"""
_CLAUSE_VERB = re.compile(r"\b(?:is|are|was|were|has|had|have|who|which|that|when|while|if|because|and)\b")
_DONE_BY = re.compile("提出|开发|研发|发布|推出|创[建立办]|设计|建造|编[写著]|制定|主办|撰写|执导|发明|负责|领导")
_BRACKETS = re.compile(r"\s?[（(][^（）()]*[)）]|\[\d+\]")
_CLAUSE_END = re.compile("[，。；！]")
_NO_CLAUSE = ("", "起", "来", "以来", "开始", "前", "后", "初", "底", "末", "间", "期间")
_SAYS = re.compile("[为是有达占超到增减升降涨跌共约由于在][^，。；]{0,12}$")
"""What stands before a number that ends its clause, where the clause says something by itself."""
_NUMERAL = re.compile(r"[\d,.\s]*(?:[多余])?[零一二两三四五六七八九十百千万亿]*(?:[多余])?")


def from_template(passage: Passage, fact: Fact) -> str:
    """The question that asks for ``fact``; empty where the sentence has no shape that a rule can turn."""
    if fact.asks == "definition":
        return _what_is(passage)
    return _in_chinese(passage, fact) if passage.language == "zh" else _in_english(passage, fact)


def why(passage: Passage, fact: Fact, put: str) -> str:
    """A question why something is so that is not so: ``put`` stands where the sentence has the fact.

    Empty where no rule can turn the sentence.
    """
    if passage.language == "zh":
        clause = _clause(passage, fact, put)
        return f"为什么{clause}？" if clause else ""
    if counted := _counted(passage, fact):
        does, subject, verb, bound, thing = counted
        return f"Why {does} {subject} {verb} {bound}{put} {thing}?"
    if dated := _dated(passage, fact):
        be, subject, done, preposition = dated
        return f"Why {be} {subject} {done} {preposition} {put}?"
    return ""


def _what_is(passage: Passage) -> str:
    term = defined(passage.text, passage.language)
    if not term:
        return ""
    if passage.language == "zh":
        return f"什么是{plain_markup(term)}？"
    be = re.match(r"\s(are)\b", passage.text[len(term) :])
    return f"What {'are' if be else 'is'} {_inside(plain_markup(term))}?"


def _in_english(passage: Passage, fact: Fact) -> str:
    if counted := _counted(passage, fact):
        does, subject, verb, bound, thing = counted
        return f"How many {thing} {does} {subject} {verb}{' ' + bound.strip() if bound.strip() == 'at most' else ''}?"
    if dated := _dated(passage, fact):
        be, subject, done, preposition = dated
        return f"{'In which year' if preposition == 'in' and fact.text.isdigit() else 'When'} {be} {subject} {done}?"
    return _how_much(passage, fact) if fact.asks == "number" else _when_did(passage, fact)


def _when_did(passage: Passage, fact: Fact) -> str:
    """Of ``X opened the mill in 1902``."""
    match = _DID.match(_plain_head(passage.text[: fact.start])) if fact.asks == "date" else None
    if not match or _holds_verb(match["subject"]) or _holds_verb(match["object"]):
        return ""
    base, past = _base(match["verb"])
    when = "In which year" if match["at"] == "in" and fact.text.isdigit() else "When"
    return f"{when} did {_inside(match['subject'])} {base} {match['object']}?" if past and base in _ACTS.split() else ""


def _how_much(passage: Passage, fact: Fact) -> str:
    """Of ``X has a length of 12 metres`` and ``X takes 12 minutes``."""
    text = _plain_head(passage.text[: fact.start])
    match = _SIZED.match(text)
    if match and not _holds_verb(match["subject"]) and not _holds_verb(match["list"].replace(" and", "")):
        base, past = _base(match["verb"])
        return f"What {match['what'].strip()} {_does(match['verb'], base, past)} {_inside(match['subject'])} have?"
    match = _MEASURED.match(text)
    if not match or _holds_verb(match["subject"]):
        return ""
    base, past = _base(match["verb"])
    how = "long" if base in ("take", "last") and _TIME.search(fact.text) else "much" if _SIZE.search(fact.text) else ""
    return f"How {how} {_does(match['verb'], base, past)} {_inside(match['subject'])} {base}?" if base and how else ""


def _holds_verb(text: str) -> bool:
    return _CLAUSE_VERB.search(text) is not None


def _does(verb: str, base: str, past: bool) -> str:
    return "did" if past else "do" if verb == base else "does"


def _counted(passage: Passage, fact: Fact) -> tuple[str, str, str, str, str] | None:
    """do-word, subject, verb, bound and what is counted, of ``X has about 12 layers``."""
    if fact.asks != "number" or not _COUNT.fullmatch(fact.text):
        return None
    text = _plain_head(passage.text[: fact.start])
    match = re.match(rf"{_SUBJECT}\s(?P<verb>[a-z]+)\s{_LISTED}{_ABOUT}$", text)
    thing = re.match(_THING, passage.text[fact.end :])
    if not match or not thing or _holds_verb(match["subject"]):
        return None
    base, past = _base(match["verb"])
    listed = match["list"]
    if not base or (listed and (base != "have" or _holds_verb(listed.replace(" and", "")))):
        return None
    return _does(match["verb"], base, past), _inside(match["subject"]), base, match["bound"] or "", thing["thing"]


def _dated(passage: Passage, fact: Fact) -> tuple[str, str, str, str] | None:
    """be-word, subject, participle with what follows, and preposition, of ``X was founded by Y in 1902``."""
    text = _plain_head(passage.text[: fact.start])
    match = _DATED.match(text) if fact.asks == "date" else None
    if not match or _holds_verb(match["subject"]):
        return None
    return match["be"], _inside(match["subject"]), f"{match['done']} {match['rest']}".strip(), text.split()[-1]


def _base(verb: str) -> tuple[str, bool]:
    """The base form of a verb that is known, and whether it stood in the past tense."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb], verb in _PAST
    for base in (*_VERBS.split(), *_ACTS.split()):
        if verb in (base, f"{base}s", f"{base}es"):
            return base, False
        if verb in (f"{base}ed", f"{base}d"):
            return base, True
    return "", False


def _inside(subject: str) -> str:
    """A subject as it stands inside a sentence."""
    first, _, rest = subject.partition(" ")
    return f"{first.lower()} {rest}" if first in ("The", "A", "An", "All", "Each", "Every", "Most", "Some") else subject


def _plain_head(text: str) -> str:
    head = " ".join(_BRACKETS.sub("", text).split()).replace("*", "")
    return f"{head} " if text[-1:].isspace() else head


def _in_chinese(passage: Passage, fact: Fact) -> str:
    if fact.asks == "name":
        by = passage.text[: fact.start].endswith("由") and _DONE_BY.match(passage.text, fact.end)
        return f"{clause}？" if by and (clause := _clause(passage, fact, "谁")) else ""
    if fact.asks == "date":
        month = "月" in fact.text
        clause = _clause(passage, fact, "什么时候" if month else "哪一年")
        return f"{clause}？" if clause else ""
    unit = fact.text[_numeral_end(fact.text) :].strip()
    clause = _clause(passage, fact, "百分之多少" if unit in ("%", "％") else f"多少{unit}")
    return f"{clause}？" if clause else ""


def _numeral_end(text: str) -> int:
    match = _NUMERAL.match(text)
    return match.end() if match else 0


def _clause(passage: Passage, fact: Fact, put: str) -> str:
    """The sentence up to the end of the clause of the fact, with ``put`` in its place; empty where that is too long."""
    rest = _BRACKETS.sub("", passage.text[fact.end :])
    first = _CLAUSE_END.search(rest)
    between = rest[: first.start()] if first else ""
    begins = first and between in _NO_CLAUSE[fact.asks != "date" :] and not _SAYS.search(passage.text[: fact.start])
    stop = _CLAUSE_END.search(rest, first.end()) if first and begins else first
    tail = rest[: stop.start() if stop else len(rest)]
    if tail.lstrip().startswith("的"):
        return ""
    clause = plain_markup(f"{_BRACKETS.sub('', passage.text[: fact.start])}{put}{tail}").strip("。 ")
    clause = re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", clause)
    return clause if len(clause) <= _LONGEST_CLAUSE and not re.search("：|分别", clause) else ""
