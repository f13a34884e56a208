"""What a sentence says otherwise than its sources: turned negations, opposites, names that stand in none of them.

The check is by word lists and word classes, so it is modest: it reports what it can see in the words, and stays
silent where the languages of sentence and source differ, but for a negation that was added. Its findings are features
of the check in :mod:`ragstack.checking.verification`, which weighs them by how often each was right on labelled data.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import permutations
from typing import Any

from indexes.search.analysis import terms
from ragstack.checking.quantities import MONTH_OF_DATE
from ragstack.language import language_of

__all__ = [
    "NO_NAMES",
    "denials",
    "han_names",
    "names_missing",
    "opposed",
    "opposites",
    "turned_by_prefix",
    "turned_negation",
]

_DENIES = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without)\b|n['’]t\b")
_DENIES_ZH = re.compile("[不没無无未非否莫勿]")
_NO_DENIAL = re.compile(
    r"\bnot (?:only|just|merely|until|more than|less than|least)\b|\bno (?:later|earlier|fewer|less|more) than\b"
    r"|\bno\.(?= ?\d)|\bor not\b|([^\W\d_]{1,2})[不没]\1"
    "|对不起|不好意思|差不多|不动产|不锈|无人机|无障碍|未成年"
    "|不仅|不但|不只|不同|不断|不少|不久|不论|不管|不止|不超过|不得不|不过|不足|非洲|非常|非凡|未来|无论|无数|无线|无锡"
    "|是否|否则|没收|没落|淹没|沉没|埋没|出没|南非|北非|非遗|未必不|莫非|莫斯科"
)
_UNLESS = re.compile(r"\bunless\b")
_HALF_DENIES = re.compile(
    r"\b(?:un|in|im|ir|il|non|dis)-?[a-z]{4,}|\b(?:lack|fail|refus|den(?:y|ie)|reject|exclu|except|rare|hardly|barely"
    r"|seldom|few|little|only|instead|rather|stop|prevent|avoid|absen|former|unless|until|but|yet|although|though)"
    "|缺|失|拒|禁|难|停|取消|除|而是|仅|只|少|免|避|反|别|尚|零"
)
_UNDOING = """
    archive|assign|bind|block|bolt|check|couple|delete|deploy|enroll?|fasten|fold|follow|freeze|friend|hide|hook|install
    |join|link|list|load|lock|mark|mask|mount|mute|pack|plug|publish|register|roll|screw|seal|select|send|share
    |subscribe|tether|wind|wrap
"""
"""Verbs that ``un`` makes another deed of, not a denial: whoever asks how to uninstall denies nothing."""
_PREFIXED = re.compile(
    rf"\b(?:non-?([a-z]{{4,}})|un(?!less\b|cover|(?:{''.join(_UNDOING.split())})(?:s|ing)?\b)([a-z]{{4,}})"
    r"|dis(?!cover|order|count|patch)([a-z]{5,})"
    r"|(?:in|im(?!migra)|ir|il)([a-z]{2,}(?:able|ible|al|ive|ent|ant|ate|ous|ar|ect|ite)))\b"
)
"""A word with a prefix that turns it: what is left of it, which in the last two must be a word as it stands."""
_STEM = 5
"""Letters that two forms of a word have in common."""
_CLAUSE = re.compile(r"[.,;:!?。，；：！？、\n]")
_OPPOSITES = """
    increase/decrease increases/decreases increased/decreased increasing/decreasing rose/fell rises/falls
    higher/lower more/less more/fewer larger/smaller bigger/smaller longer/shorter older/younger faster/slower
    earlier/later before/after above/below inside/outside highest/lowest largest/smallest most/least
    oldest/youngest first/last best/worst maximum/minimum majority/minority north/south northern/southern
    east/west eastern/western won/lost win/lose wins/loses all/none gained/lost allowed/forbidden
    accepted/rejected supported/opposed began/ended begins/ends true/false legal/illegal possible/impossible
    man/woman men/women boy/girl boys/girls male/female father/mother son/daughter brother/sister king/queen
    hot/cold open/closed alive/dead day/night indoors/outdoors sitting/standing asleep/awake
    上升/下降 增加/减少 增长/下降 提高/降低 提升/下降 升高/降低 扩大/缩小 加强/减弱 高于/低于 大于/小于
    多于/少于 优于/劣于 早于/晚于 之前/之后 以前/以后 以上/以下 最高/最低 最大/最小 最多/最少 最早/最晚
    最长/最短 最好/最差 北部/南部 东部/西部 北方/南方 东北/西南 东南/西北 允许/禁止 支持/反对
    成功/失败 开始/结束 合法/非法 可以/不可以 进口/出口 买入/卖出 男人/女人 男孩/女孩 男性/女性 男子/女子
    父亲/母亲 儿子/女儿 室内/室外 里面/外面 白天/晚上 坐着/站着 必须/不必
"""
_OPPOSITE: dict[str, set[str]] = {}
for _pair in _OPPOSITES.split():
    for _one, _other in permutations(_pair.split("/")):
        _OPPOSITE.setdefault(_one, set()).add(_other)
_WORD = re.compile(r"[a-z]+")
_HAN_WORDS = re.compile("|".join(sorted((word for word in _OPPOSITE if not word.isascii()), key=len, reverse=True)))
_CAPITALISED = re.compile(r"(?<![A-Za-z0-9.'’-])[A-Z][A-Za-z0-9À-ɏ'’]*(?:[-&][A-Za-z0-9À-ɏ]+)*")
_BEGINS = re.compile(r"[.!?。！？:：][\"'”’)]* *[\"'“‘(]*$")
_NO_NAMES = """
    I The A An He She It They We You This That These Those There In On At Of For From By With As And Or But If
    When While Yes No Not His Her Its Their Our My Your One Two Mr Mrs Ms Dr Sir Also
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words that are capitalised and no names."""
_NAME_TAGS = ("nr", "ns", "nt")
_PREFIX = 4
"""Letters that two forms of a name have in common: China and Chinese, Europe and European."""
_OTHER_FORMS = """
    french/france spanish/spain danish/denmark dutch/netherlands polish/poland swiss/switzerland irish/ireland
    welsh/wales finnish/finland flemish/flanders
"""
_OTHER_FORM: dict[str, str] = {}
for _pair in _OTHER_FORMS.split():
    _one, _other = _pair.split("/")
    _OTHER_FORM |= {_one: _other, _other: _one}
_LONG_NAME = re.compile(r"\b(?!The )[A-Z]\w+(?:(?:[ -]| of | and | for | the | of the )[A-Z]\w+)+")
_SHORT_NAME = 3
"""Letters that a name made of initials has at least."""


def denials(text: str) -> int:
    """How often a text denies; ``unless`` does, ``not only`` does not."""
    plain = _NO_DENIAL.sub(" ", text.casefold())
    return sum(len(pattern.findall(plain)) for pattern in (_DENIES, _DENIES_ZH, _UNLESS))


def turned_negation(claim: str, sources: Sequence[str]) -> bool:
    """Whether the claim denies what no source denies, or affirms the very words that one of them denies."""
    if _denies(claim):
        return not any(_denies(source) or _HALF_DENIES.search(source.casefold()) for source in sources)
    if _HALF_DENIES.search(claim.casefold()):
        return False
    said = set(terms(claim))
    return any(denied <= said for source in sources for denied in _denied(source))


def opposed(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Words of the claim that the sources lack and whose opposites they hold."""
    said, known = _directions(claim), set().union(*map(_directions, sources))
    return tuple(sorted(word for word in said if word not in known and _OPPOSITE[word] & known))


def turned_by_prefix(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Words of the claim that stand in no source and, but for a prefix that turns them, do: ``non-elected``."""
    known = " ".join(sources).casefold()
    words = set(_WORD.findall(known))
    return tuple(
        sorted(
            match[0]
            for match in _PREFIXED.finditer(claim.casefold())
            if match[0] not in known and _stands_bare(match[1] or match[2], match[3] or match[4], words)
        )
    )


def _stands_bare(stem: str | None, whole: str | None, words: set[str]) -> bool:
    return any(word.startswith(stem[:_STEM]) for word in words) if stem else whole in words


def opposites(text: str) -> list[tuple[int, int, str]]:
    """Where words stand in ``text`` that have an opposite, and one opposite of each, in lower case."""
    plain = text.lower()  # as long as the text, as case folding is not
    if len(plain) != len(text):
        return []
    found = [match for match in _WORD.finditer(plain) if match.group() in _OPPOSITE]
    found += _HAN_WORDS.finditer(plain)
    return [(match.start(), match.end(), min(_OPPOSITE[match.group()])) for match in found]


def names_missing(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Names of the claim that stand in no source, nor anything near them; none where the languages differ."""
    known = " ".join(sources)
    language = language_of(claim)
    if language != language_of(known):
        return ()
    folded = unicodedata.normalize("NFKC", known).casefold()
    known_words = set(re.findall(r"[^\W_]+", folded))
    initials = {re.sub("[^A-Z]", "", name) for name in _LONG_NAME.findall(known)}
    missing = {
        name
        for name in _latin_names(MONTH_OF_DATE.sub(lambda month: month[0].lower(), claim))
        if not _latin_known(name, folded, known_words) and not (len(name) >= _SHORT_NAME and name in initials)
    }
    if language == "zh":
        missing |= {name for name in han_names(claim) if not any(pair in folded for pair in _pairs(name))}
    return tuple(sorted(missing))


def _denies(text: str) -> bool:
    plain = _NO_DENIAL.sub(" ", text.casefold())
    return bool(_DENIES.search(plain) or _DENIES_ZH.search(plain))


def _denied(source: str) -> list[set[str]]:
    """The terms that follow each negation in its clause."""
    found = []
    for clause in _CLAUSE.split(_NO_DENIAL.sub("\n", source.casefold())):
        match = _DENIES.search(clause) or _DENIES_ZH.search(clause)
        if match:
            following = set(terms(clause[match.end() :])[:4])
            if len(following) >= 2:
                found.append(following)
    return found


def _directions(text: str) -> set[str]:
    plain = text.casefold()
    return {word for word in _WORD.findall(plain) if word in _OPPOSITE} | set(_HAN_WORDS.findall(plain))


def _latin_names(claim: str) -> list[str]:
    """Capitalised words, but for one that begins a sentence, which any may be; what has digits is left to numbers."""
    found = []
    for match in _CAPITALISED.finditer(claim):
        begins = not claim[: match.start()].rstrip(" \"'“‘(") or _BEGINS.search(claim, 0, match.start())
        for word in re.sub(r"['’]s?$", "", match.group()).split("-"):
            told = not begins or any(letter.isupper() for letter in word[1:])
            if told and word[:1].isupper() and len(word) > 1 and word.isalpha() and word not in NO_NAMES:
                found.append(word)
    return found


def _latin_known(name: str, known: str, words: set[str]) -> bool:
    folded = unicodedata.normalize("NFKC", name).casefold()
    near = any(word[:_PREFIX] == folded[:_PREFIX] for word in words)
    return near or folded in known or _OTHER_FORM.get(folded) in words


def han_names(text: str) -> list[str]:
    """Names of people, places and bodies in a text, as far as they are in Chinese characters."""
    with _TAGGING:
        tagged: list[tuple[str, str]] = _tagger().tag(text, False)
    return [word for word, tag in tagged if tag.startswith(_NAME_TAGS) and len(word) >= 2 and language_of(word) == "zh"]


def _pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)]


_TAGGING = threading.Lock()


@cache
def _tagger() -> Any:
    import rjieba

    return rjieba.Jieba()
