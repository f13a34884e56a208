"""Questions without a decoder: a sentence of a plain shape, turned around by rules.

English sentences are turned where :mod:`ragstack.evaluation.testsets.english` knows their shape; all others give no
question. In Chinese the question word stands where the answer stood, so that most sentences with a number or a year
can be turned. The questions are plain and keep the words of their sentences, which makes their sources easy to find.
"""

import re

from ingest.text.outline import plain_markup
from ragstack.evaluation.testsets.english import asked, asked_why
from ragstack.evaluation.testsets.english_words import BRACKETS, inside
from ragstack.evaluation.testsets.facts import defined
from ragstack.evaluation.testsets.twisting import first_tag
from ragstack.evaluation.testsets.values import Fact, Passage

__all__ = ["from_template", "why"]

_PERSON = re.compile(
    r"an?\s(?:(?!by|of|about|for|from|in|that|to|with|featuring|which)[\w-]+\s){0,6}?(?:act(?:or|ress)|singer|songwriter|musician|rapper|composer|writer|author|poet|novelist"
    r"|journalist|player|footballer|politician|scientist|physicist|chemist|mathematician|engineer|philosopher|artist"
    r"|painter|director|producer|screenwriter|model|lawyer|professor|businessman|businesswoman|coach|king|queen|bishop"
    r"|architect|general|officer|explorer|historian|economist|cyclist|driver|swimmer|wrestler|boxer|comedian|dancer|executive|cartoonist|illustrator|manager"
    r"|activist|guitarist|bassist|drummer|pianist|violinist|columnist|aviator|character)\b"
    r"(?! (?:company|system|group))|[^,]{3,30}\swho\s"
)
_LIVED = re.compile(r"\s\((?:[^()]*;\s)?(?:born|[^()]*\d{4}\s?[–-]\s?[^()]*\d{4}\))")
"""What brackets say of a person."""
_PERSON_ZH = re.compile("(?:人物|演员|歌手|作家|画家|科学家|物理学家|诗人|导演|球员|运动员|教授|教练|将领|官员)$")
_LONGEST_CLAUSE = 50
"""Characters of a Chinese clause that still reads as a question."""
_DONE_BY = re.compile("提出|开发|研发|发布|推出|创[建立办]|设计|建造|编[写著]|制定|主办|撰写|执导|发明|负责|领导")
_CLAUSE_END = re.compile("[，。；！]")
_ABOUT = re.compile("(?:大约|将近|约|近)(?=多少|百分之多少)")
_NO_SENTENCE = re.compile(
    "：|分别|多少[^，]*之一|[、和与及][^，。、于在有为是达共]{0,14}多少|是[^，]*的多少|多少期|多少.已|多少人都|多少[^，]{1,3}左右"
    "|多少(?:美元|欧元|元)(?=[\u4e00-\u9fff])(?!的|人民币|以)|哪一年[年后]|是哪一年(?!，|$)|是[^，]*于哪一年$|^[于与和跟并]|^多少[位名人][^，]{0,12}$"
    "|(?:证明|表示|指出|发现|认为|宣布|显示|[直到至]哪一年)$|^哪一年[^，]*(?:上|内|里)$|(?:[后时前间际中]|高峰期)$"
    "|是一[座条种个][^，]{0,4}多少[^，]*$|^多少(?:分钟|秒|天|年|个?小时|个月)后"
    "|(?:^|，)(?:在|于|自|从|当|随着|由于|作为|为|鉴|经)[^，]*(?:上|中|时|后|前|内|里|下|间|来|起)$"
)
"""Lists, parts of a whole, the last of several things, and what only says when something else came about."""
_VERB_FIRST = re.compile("位于|建于|始建于|毕业于|成立于|生于|预计|担任|当选|签署|[\u4e00-\u9fff]{1,2}了")
_NO_SUBJECT = re.compile("[初底末]?随|[为以因在]|任|委任|获|被|受|成为|出任|[升迁赴入]|加入|毕业|由[^的]*$|将")
_WHEN = ("哪一年", "什么时候")
_YEAR_STANDS = re.compile("^(?:.*(?:[在于自从到至是由，]|公元))?(?:哪一年|什么时候)")
"""A year between other words tells of one of these alone."""
_NO_CLAUSE = ("", "起", "来", "以来", "开始", "前", "后", "初", "底", "末", "间", "期间")
_SAYS = re.compile("[为是有达占超到增减升降涨跌共约由于在][^，。；]{0,12}$")
"""What stands before a number that ends its clause, where the clause says something by itself."""
_NUMERAL = re.compile(r"[\d,.\s]*(?:[多余])?(?:[零一二两三四五六七八九十百万亿]|千(?![克瓦]))*(?:[多余])?")


def from_template(passage: Passage, fact: Fact) -> str:
    """The question that asks for ``fact``; empty where the sentence has no shape that a rule can turn."""
    if fact.asks == "definition":
        return _what_is(passage, fact.text)
    return _in_chinese(passage, fact) if passage.language == "zh" else asked(passage, fact)


def why(passage: Passage, fact: Fact, put: str) -> str:
    """A question why something is so that is not so: ``put`` stands where the sentence has the fact.

    Empty where no rule can turn the sentence.
    """
    if passage.language == "zh":
        clause = _clause(passage, fact, put)
        return f"为什么{clause}？" if clause else ""
    return asked_why(passage, fact, put)


def _what_is(passage: Passage, meaning: str) -> str:
    term = defined(passage.text, passage.language)
    if not term:
        return ""
    if passage.language == "zh":
        return f"{'谁' if _PERSON_ZH.search(meaning) else '什么'}是{plain_markup(term)}？"
    be = re.match(r"(?:\s\([^()]*\))?\s(are|was|were)\b", passage.text[len(term) :])
    person = _PERSON.match(meaning) or _LIVED.match(passage.text, len(term))
    what = "Who" if person and not term.startswith(("A ", "An ", "The ")) else "What"
    return f"{what} {be[1] if be else 'is'} {inside(plain_markup(term))}?"


def _in_chinese(passage: Passage, fact: Fact) -> str:
    if fact.asks == "name":
        by = passage.text[: fact.start].endswith("由") and _DONE_BY.match(passage.text, fact.end)
        return f"{clause}？" if by and (clause := _clause(passage, fact, "谁")) else ""
    if fact.asks == "date":
        clause = _clause(passage, fact, _WHEN["月" in fact.text])
        return f"{clause}？" if clause else ""
    unit = fact.text[_numeral_end(fact.text) :].strip()
    clause = _clause(passage, fact, "百分之多少" if unit in ("%", "％") else f"多少{unit}")
    return f"{clause}？" if clause else ""


def _numeral_end(text: str) -> int:
    match = _NUMERAL.match(text)
    return match.end() if match else 0


def _clause(passage: Passage, fact: Fact, put: str) -> str:
    """The sentence up to the end of the clause of the fact, with ``put`` in its place; empty where that is too long."""
    rest = BRACKETS.sub("", passage.text[fact.end :])
    first = _CLAUSE_END.search(rest)
    between = rest[: first.start()] if first else ""
    begins = first and between in _NO_CLAUSE[fact.asks != "date" :] and not _SAYS.search(passage.text[: fact.start])
    stop = _CLAUSE_END.search(rest, first.end()) if first and begins else first
    tail = rest[: stop.start() if stop else len(rest)]
    if tail.lstrip().startswith("的"):
        return ""
    clause = plain_markup(f"{BRACKETS.sub('', passage.text[: fact.start])}{put}{tail}").strip("。 ")
    clause = re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", clause)
    clause = _ABOUT.sub("", clause)
    return clause if len(clause) <= _LONGEST_CLAUSE and _reads_whole(clause, put) else ""


def _reads_whole(clause: str, put: str) -> bool:
    """Whether a clause says something by itself, and what was ``put`` into it belongs to its verb."""
    if _NO_SENTENCE.search(clause) or _without_subject(clause, put) or clause.count("“") != clause.count("”"):
        return False
    return put not in _WHEN or _YEAR_STANDS.match(clause) is not None


def _without_subject(clause: str, put: str) -> bool:
    """Whether a clause begins, but for the question word, with a verb or a word that joins it to another."""
    if not clause.startswith(put):
        return _VERB_FIRST.match(clause) is not None
    begins = clause.removeprefix(put).lstrip("，")
    return bool(_NO_SUBJECT.match(begins)) or (first_tag(begins) in ("v", "c") and not begins[1:3].endswith("了"))
