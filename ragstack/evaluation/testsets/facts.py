"""What in a sentence can be asked for: a number, a date, a name, a definition; each an exact span.

What stands twice in its sentence is no fact to ask for, nor what only a citation in brackets says.
"""

import re
from collections.abc import Iterator

from ragstack.evaluation.testsets.passages import MARKER
from ragstack.evaluation.testsets.values import Asks, Fact, Passage

__all__ = ["NO_SUBJECT", "defined", "facts"]

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_SCALE = r"(?:\s(?:hundred|thousand|million|billion|trillion)\b)"
_UNIT = (
    r"(?:\s?(?:%|°C?)|\s(?:percent|per cent|percentage points|tonnes?|tons?|kg|kilograms?|grams?|km|kilomet(?:re|er)s?"
    r"|met(?:re|er)s?|miles?|feet|inches|cm|mm|hours?|minutes?|seconds?|days?|weeks?|months?|years?|dollars?|euros?"
    r"|[KMGT]i?B|bits?|bytes)\b)"
)
_ENGLISH: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    ("date", re.compile(rf"\b(?:{_MONTH}\s\d{{1,2}},\s\d{{4}}|\d{{1,2}}\s{_MONTH}\s\d{{4}}|{_MONTH}\s\d{{4}})\b")),
    ("date", re.compile(r"(?<=\bin )(?:1[5-9]|20)\d\d\b(?!-)|(?<=\bsince )(?:1[5-9]|20)\d\d\b")),
    ("number", re.compile(
        rf"(?<![\w.,/:#(-])[$€£]?\d+(?:,\d{{3}})*(?:\.\d+)?{_SCALE}?{_UNIT}?"
        r"(?![\w/:-]|[.,]\d|\s?(?:st|nd|rd|th)\b)")),
    ("name", re.compile(
        r"(?<=[a-z,] )[A-Z][A-Za-z0-9À-ɏ'’-]+(?: (?:of |de |van |von )?[A-Z][A-Za-z0-9À-ɏ'’-]+)+")),
)  # fmt: skip
_MEASURE = (
    "个百分点|百分点|公里|千米|厘米|毫米|英里|英尺|公斤|千克|公顷|平方米|平方公里|摄氏度|小时|分钟|个月|美元|欧元|人民币"
    "|词元|[岁米吨克秒天周年元度倍个種种项层章步位名人家所届块台辆本篇句条张枚座只件款套支部期股户亩例]"
)
_SCALE_ZH = "(?:万亿|[百千万亿]+)"
_CHINESE: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    ("date", re.compile(
        r"(?<!\d)(?:1[5-9]|20)\d\d\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?(?![代度级来])")),
    ("number", re.compile(
        rf"(?<![A-Za-z0-9_.,/:第-])\d+(?:,\d{{3}})*(?:\.\d+)?\s?[多余]?{_SCALE_ZH}?[多余]?\s?(?:%|％|[KMGT]B|{_MEASURE})"
        r"(?![\d.,:：]|[月日号])")),
    ("number", re.compile(
        rf"(?<![第这那每几数零〇一二两三四五六七八九十百千之到至])[两二三四五六七八九十百千]+(?!元)(?:{_MEASURE})"
        r"(?![多余分或到至]|[\u4e00-\u9fff]?[之来月日])")),
    ("name", re.compile(r"《[^《》]{2,30}》")),
    ("name", re.compile(
        r"(?<=[\u4e00-\u9fff，、])[A-Z][A-Za-z0-9.-]+(?: [A-Z][A-Za-z0-9.-]+)+(?=[\u4e00-\u9fff，。、])")),
)  # fmt: skip
NO_SUBJECT = (
    "For|In|On|At|To|If|As|By|With|Elsewhere|During|Under|Over|After|Before|Since|While|When|Where|Here|Among|Between"
    "|Within|Through|Until|Because|Although|From|Of"
)
"""Words that no subject begins with."""
_NO_TERM = "What|There|Such|Only|One|Note|All|Each"
_NO_KIND = (
    "few|bit|lot|good|bad|great|little|very|case|matter|result|example|instance|aspect|opponent|supporter|problem"
    "|issue|challenge|item|priority|step|sign|way|important|essential|key|major|most"
)
"""What says of a thing no more than what one thinks of it."""
_NO_NOUN = "into|of|in|on|at|to|and|or|that|which|the|an?|is|are"
"""What stands after an article only where a line of another column follows."""
_DEFINES = {
    "en": re.compile(
        rf"(?!(?:{NO_SUBJECT}|{_NO_TERM})\b|[A-Z][a-z]+ing\s[a-z])(?:(?:An?|The)\s)?"
        r"(?P<term>[A-Za-z][\w'’-]*(?:\s[\w'’-]+){0,3}?)\s(?:(?:is|are)\s"
        rf"(?=an?\s(?!(?:\w+\s)?(?:{_NO_KIND})\b|(?:{_NO_NOUN})\b))|means\s(?=an?\s|the\s)|refers to\s"
        r"|is\s(?=the\s(?:process|practice|study|use|art|act|name|part|method|measure|science|ability|task|technique"
        r"|amount|share|number|ratio|rate|body)\b))(?P<meaning>[^.;:()]{15,140}?)(?=,|\.|;|\s\()"
    ),
    "zh": re.compile(
        r"(?P<term>[^，。：；、（）“”的了在有\s][^，。：；、（）“”]{1,14}?)(?:（[^）]*）)?(?:，)?\s?"
        r"(?:是指|指的是|是(?=一[种个类款项门套]))\s?(?P<meaning>[^。；：]{8,60}?)(?=[，。；（])"
    ),
}
_JOINED_BEFORE = re.compile(
    r"\d[^\s，,。]{0,3}(?: (?:thousand|million|billion|trillion))?,?\s?(?:[和与或至到、~～–-]|and|or|to)\s?$"
)
_JOINED_AFTER = re.compile(r"\s?(?:[和与或至到、~～–-]|and|or|to)\s?\d")
"""What stands in a pair or a range has an answer only together with the other."""
_CITATION = re.compile(r"[（(][^（）()]*(?:et al|等[，,]|\b(?:1[89]|20)\d\d)[^（）()]*[)）]|\[\d+(?:[,–-] ?\d+)*\]")
_BROKEN = re.compile(r"\w-\s")
"""A word that a line broke: what a column of a page was, and perhaps of two."""
_QUOTED = re.compile(r"[“\"][^“”\"]*[”\"]|《[^《》]*》")
_NO_NAMES = re.compile(
    rf"(?:{_MONTH}|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b|(?:The|A|An|In|On|I|It|If|Mr|Mrs|Dr)$"
)


def facts(passage: Passage) -> list[Fact]:
    """The facts of a passage in their order; those that overlap an earlier or a more telling one are left out."""
    text = passage.text
    cited = [match.span() for match in _CITATION.finditer(text)]
    marker = MARKER.match(text)
    cited += [marker.span()] if marker else []
    taken: list[tuple[int, int]] = []
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found = []
    for asks, start, end in _candidates(text, passage.language):
        covered = any(start < stop and begin < end for begin, stop in (*cited, *taken))
        covered |= bool(_JOINED_BEFORE.search(text, 0, start) or _JOINED_AFTER.match(text, end))
        covered |= any(begin < start and end < stop for begin, stop in quoted)
        if covered or text.count(text[start:end]) > 1 or _BROKEN.search(text, start, end):
            continue
        if asks != "definition":
            taken.append((start, end))
        found.append(Fact(asks, start, end, text[start:end]))
    return sorted(found, key=lambda fact: fact.start)


def defined(text: str, language: str) -> str:
    """The term that a sentence defines, with its article; empty where it defines none."""
    match = _definition(text, language)
    return text[match.start() : match.end("term")] if match else ""


def _candidates(text: str, language: str) -> Iterator[tuple[Asks, int, int]]:
    for asks, pattern in _CHINESE if language == "zh" else _ENGLISH:
        for match in pattern.finditer(text):
            if asks == "name" and (_NO_NAMES.match(match[0]) or len(match[0]) < 3):
                continue
            start = match.start()
            yield asks, start, start + len(match[0].rstrip())
    if meant := _definition(text, language):
        yield "definition", *meant.span("meaning")


def _definition(text: str, language: str) -> re.Match[str] | None:
    match = _DEFINES["zh" if language == "zh" else "en"].match(text)
    return match if match and len(match["term"].split()) <= 5 else None
