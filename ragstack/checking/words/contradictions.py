"""What a sentence says otherwise than its sources: turned negations, opposites, words turned by a prefix.

The check is by word lists and word classes, so it is modest: it reports what it can see in the words, and stays
silent where the languages of sentence and source differ, but for a negation that was added. Its findings are features
of the check in :mod:`ragstack.checking.verification`, which weighs them by how often each was right on labelled data.
"""

import re
from collections.abc import Sequence
from itertools import permutations

from indexes.search.analysis import terms
from ragstack.checking.words.denials import affirmed, denial, half_denies

__all__ = ["opposed", "opposites", "turned_by_prefix", "turned_negation"]

_AS_WITH_PREFIX = re.compile(r"\b(?:un|in|im|ir|il|non|dis)-?[a-z]{4,}")
"""Words that may deny, and many that do not: enough to leave a denial beside them open."""
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
    double/halve doubles/halves doubled/halved doubling/halving
    hot/cold open/closed alive/dead day/night indoors/outdoors sitting/standing asleep/awake
    上升/下降 增加/减少 增长/下降 提高/降低 提升/下降 升高/降低 扩大/缩小 加强/减弱 高于/低于 大于/小于
    多于/少于 优于/劣于 早于/晚于 之前/之后 以前/以后 以上/以下 最高/最低 最大/最小 最多/最少 最早/最晚
    最长/最短 最好/最差 北部/南部 东部/西部 北方/南方 东北/西南 东南/西北 允许/禁止 支持/反对
    成功/失败 开始/结束 合法/非法 可以/不可以 进口/出口 买入/卖出 男人/女人 男孩/女孩 男性/女性 男子/女子
    父亲/母亲 儿子/女儿 室内/室外 里面/外面 白天/晚上 坐着/站着 必须/不必 加倍/减半
"""
_OPPOSITE: dict[str, set[str]] = {}
for _pair in _OPPOSITES.split():
    for _one, _other in permutations(_pair.split("/")):
        _OPPOSITE.setdefault(_one, set()).add(_other)
_WORD = re.compile(r"[a-z]+")
_HAN_WORDS = re.compile("|".join(sorted((word for word in _OPPOSITE if not word.isascii()), key=len, reverse=True)))


def turned_negation(claim: str, sources: Sequence[str]) -> bool:
    """Whether the claim denies what no source denies, or affirms the very words that one of them denies."""
    if denial(affirmed(claim, " ")):
        return not any(map(_may_deny, sources))
    if _may_deny(claim):
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


def _may_deny(text: str) -> bool:
    return half_denies(text) or bool(_AS_WITH_PREFIX.search(text.casefold()))


def _denied(source: str) -> list[set[str]]:
    """The terms that follow each negation in its clause."""
    found = []
    for clause in _CLAUSE.split(affirmed(source, "\n")):
        if match := denial(clause):
            following = set(terms(clause[match.end() :])[:4])
            if len(following) >= 2:
                found.append(following)
    return found


def _directions(text: str) -> set[str]:
    plain = text.casefold()
    return {word for word in _WORD.findall(plain) if word in _OPPOSITE} | set(_HAN_WORDS.findall(plain))
