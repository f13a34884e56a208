"""What in a sentence can be asked for: a number, a date, a name, a definition; each an exact span.

What stands twice in its sentence is no fact to ask for, nor what only brackets say.
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
    ("date", re.compile(r"(?<=\b[Ii]n )(?:1[5-9]|20)\d\d\b(?!-)|(?<=\bsince )(?:1[5-9]|20)\d\d\b")),
    ("number", re.compile(
        rf"(?<![\w.,/:#(-])[$€£]?\d+(?:,\d{{3}})*(?:\.\d+)?{_SCALE}?{_UNIT}?"
        r"(?![\w/:-]|[.,]\d|\s?(?:st|nd|rd|th)\b)")),
    ("name", re.compile(
        r"(?<=[a-z,] )[A-Z][A-Za-z0-9À-ɏ'’-]+(?: (?:of |de |van |von )?[A-Z][A-Za-z0-9À-ɏ'’-]+)+")),
)  # fmt: skip
_MEASURE = (
    "个百分点|百分点|公里|千米|千克|千瓦|厘米|毫米|英里|英尺|公斤|千克|公顷|平方米|平方公里|摄氏度|小时|分钟|个月|美元|欧元|人民币"
    "|词元|[岁米吨克秒天周年元度倍个種种项层章步位名人家所届块台辆本篇句条张枚座只件款套支部期股户亩例]"
)
_SCALE_ZH = "(?:万亿|[百千万亿]+)"
_CHINESE: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    ("date", re.compile(
        r"(?<!\d)(?:1\d|20)\d\d\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?(?![代度级来女])")),
    ("number", re.compile(
        rf"(?<![A-Za-z0-9_.,/:第-])\d+(?:,\d{{3}})*(?:\.\d+)?\s?[多余]?{_SCALE_ZH}?[多余]?\s?(?:%|％|[KMGT]B|{_MEASURE})"
        r"(?![\d.,:：]|[月日号代])")),
    ("number", re.compile(
        rf"(?<![第这那每几数零〇一二两三四五六七八九十百千之到至上下前后首末『「])[两二三四五六七八九十百千]+(?!元)(?:{_MEASURE})"
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
_NO_TERM = (
    "What|There|Such|Only|One|Note|All|Each|Some|Most|Many|None|Nothing|Everything|Who|Which|Both"
    r"|The\s[a-z-]+\s(?:is|are|was|were)"
)
"""Words that no term begins with; a bare "the film" is one that has been told of before."""
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
        r"(?P<term>[A-Za-z][\w'’-]*(?:\s[\w'’-]+){0,3}?)(?:\s\([^()]{2,60}\))?\s(?:(?:is|are|was|were)\s"
        rf"(?=an?\s(?!(?:\w+\s)?(?:{_NO_KIND})\b|(?:{_NO_NOUN})\b))|means\s(?=an?\s|the\s)|refers to\s"
        r"|is\s(?=the\s(?:process|practice|study|use|art|act|name|part|method|measure|science|ability|task|technique"
        r"|amount|share|number|ratio|rate|body)\b))(?P<meaning>[^.;:()]{15,140}?)(?=,|(?<=\w\w)\.(?!\w)|;|\s\()"
    ),
    "zh": re.compile(
        r"(?P<term>[^，。：；、（）“”的了在有\s][^，。：；、（）“”]{1,14}?)(?:（[^）]*）)?(?:，)?\s?"
        r"(?:是指|指的是|是(?=一[种个类款项门套位名座部家所]))\s?(?P<meaning>[^。；：]{8,60}?)(?=[，。；（])"
    ),
}
_REIGN = re.compile(r"[零一二两三四五六七八九十百千]+年|\d{3,}年")
_LASTS = re.compile("(?:[时期了约近达用有共需满隔过长]|至少|将近|大约)$")
"""What stands before years that are counted; elsewhere they are the year of a reign or an era."""
_SAID = re.compile("认为|表示|指出|['’]s\\b|^most\\b")
"""What no term holds: a verb of saying, an owner."""
_HALF = re.compile(r"\b(?:this|these|those)\b|\b(?:that|which|who)\s\w+$|之[上下中内]$")
"""What a meaning holds that is cut short, or that leans on what stands before."""
_JOINED_BEFORE = re.compile(
    r"[\d一二两三四五六七八九十][^\s，,。]{0,3}(?: (?:thousand|million|billion|trillion))?,?\s?"
    r"(?:[和与或至到、~～–-]|and|or|to)\s?$"
)
_JOINED_AFTER = re.compile(r"\s?(?:[和与或至到、~～–-]|and|or|to)\s?\d")
"""What stands in a pair or a range has an answer only together with the other."""
_ASIDE = re.compile(r"[（(][^（）()]*[)）]|\[\d+(?:[,–-] ?\d+)*\]")
"""What stands in brackets is left out of a question, with what it belongs to."""
_BROKEN = re.compile(r"\w-\s")
"""A word that a line broke: what a column of a page was, and perhaps of two."""
_QUOTED = re.compile(r"[“\"][^“”\"]*[”\"]|《[^《》]*》")
_NO_NAMES = re.compile(
    rf"(?:{_MONTH}|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b|(?:The|A|An|In|On|I|It|If|Mr|Mrs|Dr)$"
)


def facts(passage: Passage) -> list[Fact]:
    """The facts of a passage in their order; those that overlap an earlier or a more telling one are left out."""
    text = passage.text
    cited = [match.span() for match in _ASIDE.finditer(text)]
    marker = MARKER.match(text)
    cited += [marker.span()] if marker else []
    taken: list[tuple[int, int]] = []
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found = []
    for asks, start, end in _candidates(text, passage.language):
        others = cited if asks == "definition" else (*cited, *taken)
        covered = any(start < stop and begin < end for begin, stop in others)
        covered |= bool(_JOINED_BEFORE.search(text, 0, start) or _JOINED_AFTER.match(text, end))
        covered |= any(begin < start and end < stop for begin, stop in quoted)
        covered |= asks == "number" and bool(_REIGN.fullmatch(text, start, end)) and not _LASTS.search(text[:start])
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
    if not match or len(match["term"].split()) > 5 or _SAID.search(match["term"]) or _HALF.search(match["meaning"]):
        return None
    return match
