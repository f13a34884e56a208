"""Names and numbers in each other's place: what a sentence says in its source's very words of the wrong one.

Near certain only where two stand in each other's place and all between them is the same, word for word, and all around
them is the source's in the source's order. Even then nothing is altered by a list in another order, by a relation that
holds both ways ("met", "borders", 与…接壤), by two parallel phrases, or by a name for another ("Clemens was Twain").
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

from ragstack.checking.words.names import names_missing
from ragstack.checking.words.namespans import MARKS, Span, found, name_spans, words

__all__ = ["exchanged", "swapped"]

_JOINING_WORDS = """
    and or nor & as well is was are were be been also then now 和 与 及 以 或 跟 同 是 为 即 就 也 都 还 曾 共 对
    一 起
"""
_JOINING = frozenset(_JOINING_WORDS.split())
"""What stands between two that are a list, or two names of one."""
_JOINS_NUMBERS_WORDS = """
    to by x × times of plus 到 至 比 乘 加 january february march april may june july august september october november
    december
"""
_JOINS_NUMBERS = frozenset(_JOINS_NUMBERS_WORDS.split())
_CONJUNCTIONS_WORDS = "and or nor but while whereas as , 、 和 与 及 或 而"
_CONJUNCTIONS = frozenset(_CONJUNCTIONS_WORDS.split())
_WITH = frozenset("和与跟同及")
_BOTH_WAYS = re.compile(
    r"\b(?:met|meet(?:s|ing)?|married|marr(?:y|ies)|wed|divorced|border\w*|neighbou?r\w*|adjacent|adjoin\w*|next|near"
    r"|beside|close|equal\w*|same|similar\w*|resembl\w*|differ\w*|identical|between|betwixt|both|each other|together"
    r"|opposite|parallel|perpendicular|across from|link\w*|connect\w*|join\w*|play(?:s|ed)|fac(?:es|ed)|fought|fights?"
    r"|drew|tied|cooperat\w+|collaborat\w+|merg\w+|combin\w+|mix\w*|cross\w*|intersect\w*|overlap\w*|collid\w+"
    r"|brothers?|sisters?|siblings?|cousins?|twins?|friends?|colleagues?|partners?|rivals?|allies|ally|spouses?"
    r"|classmates?|teammates?|contemporar\w+|enem\w+|opponents?|namesakes?|equivalent|synonym\w*|means?|alias|known"
    r"|called|named|correspond\w*|like|unlike|against|with|shar(?:e|es|ed)|relat\w+|along\w*|versus|vs|contradict\w*"
    r"|conflict\w*|clash\w*|b[io]u?nds?|dated|dating|kiss\w*|hugg\w*|embrac\w*|debat\w*|spoke|talk\w*|negotiat\w*)\b"
    r"|as \w+ as|一样|相同|同样|相似|类似|相当|等于|接壤|相邻|毗邻|邻|交界|结婚|相遇|会面|会见|会晤|会谈|互|彼此|之间"
    r"|对阵|交战|交手|合作|合并|合称|兄弟|姐妹|兄妹|朋友|好友|同学|同事|夫妻|夫妇|搭档|又名|又称|亦称|简称|也叫|俗称|别名"
    r"|一起|共同|对决|平行|垂直|迎战|谈判|辩论|争论|对话|交换|联姻|结盟|建交|停战|握手|比赛|[踢战]平"
)
"""What the one is to the other where the other is the same to it."""
_TO_WORDS = "to from and the of city 到 至 和 与"
_TO = frozenset(_TO_WORDS.split())
_WAYS = re.compile(
    r"\b(?:distance|roads?|rail\w*|routes?|lines?|links?|connections?|far|way|ferry|ferries|flights?|trains?|bus(?:es)?"
    r"|bridge|tunnel|canal|km|kilomet\w+|miles?|border|path|trail|motorway|highway|journey|services?)\b"
    r"|距|公里|路|线|航|往返|边界|通道|隧道|大桥|列车"
)
"""What leads from the one to the other as well as back."""
_BEFORE, _AROUND = 3, 6
"""Words before two exchanged ones, and on either side, in which these may be named."""
_TITLE = re.compile("《([^》]+)》")
_EACH_ITS_OWN = frozenset(["respectively", "别"])
_ALSO = re.compile(r"\b(?:same|also|too|both|likewise|similarly|alias|formerly)\b|同样|也|亦|相同|一样|又名|又称|即")
_AS_MUCH = 0.6
"""The share of a claim's words from which on another sentence may be what it repeats."""


def swapped(claim: str, source: str) -> bool:
    """Whether two names, or two numbers, of ``source`` stand in each other's place in ``claim``."""
    said, held = words(claim), words(source)
    mine, theirs = _folded(said), _folded(held)
    if _within(mine, theirs):
        return False
    joins = _JOINING | MARKS | {token for start, end in name_spans(claim, source, said) for token in mine[start:end]}

    @cache
    def places(*tokens: str) -> list[Span]:
        return found(tokens, theirs)

    for pair in _pairs(claim, source, said):
        one, other = (mine[slice(*span)] for span in pair)
        if one == other:
            continue
        allowed = joins | _JOINS_NUMBERS if one[0][0].isdigit() else joins
        if any(_exchanged_at(mine, pair, theirs, at, places(*one), allowed) for at, _ in places(*other)):
            return True
    return False


def _exchanged_at(
    mine: list[str],
    pair: tuple[Span, Span],
    theirs: list[str],
    at: int,
    places: Sequence[Span],
    joins: frozenset[str],
) -> bool:
    """Whether, with the two put back in each other's place, the claim is what stands around ``at`` in its source.

    ``places`` are where the source has the first of the two.
    """
    (a, b), (c, d) = pair
    start = at + d - c
    for then, end in places:
        between = theirs[start:then]
        if then < start or _bare(mine[b:c]) != _bare(between):
            continue
        if _within(mine[:a], theirs[:at]) and _within(mine[d:], theirs[end:]):
            if all(token in joins or token.isdigit() for token in between):
                return _each_its_own(mine)
            return not _may_change_places(theirs[:at], between, theirs[end:])
    return False


def _each_its_own(mine: list[str]) -> bool:
    """Whether a claim lays two lists side by side, so that their order tells."""
    return not _EACH_ITS_OWN.isdisjoint(mine) and sum(token in _CONJUNCTIONS - MARKS for token in mine) > 1


def _may_change_places(before: list[str], between: list[str], after: list[str]) -> bool:
    """Whether two names stand in parallel phrases, or in a relation that holds both ways."""
    if between[-1] in _WITH or _BOTH_WAYS.search(_text([*before[-_BEFORE:], *between])):
        return True
    around = _text([*before[-_AROUND:], *between, *after[:_AROUND]])
    return _parallel(before, between, after) or (_TO.issuperset(between) and _WAYS.search(around) is not None)


def _parallel(before: list[str], between: list[str], after: list[str]) -> bool:
    """Whether what follows the one follows the other too, and so with what precedes it: the port of A and that of B."""
    for at in range(len(between) + 1):
        first, second = between[:at], between[at:]
        while second and second[0] in _CONJUNCTIONS:
            second = second[1:]
        if after[: len(first)] == first and before[len(before) - len(second) :] == second:
            return True
    return False


def exchanged(claim: str, source: str, read: Sequence[str], question: str) -> bool:
    """Whether a name of what was ``read``, but not of ``source``, stands in the place of a name of it.

    It may be another name for the same, where the question has it, where one sentence has both, or where the sentence
    that has it says ``also`` or ``the same``.
    """
    own = [text for text in read if source in text] or [source]
    new = {*names_missing(claim, [question, *own]), *_titles_missing(claim, [question, *own])}
    if not new:
        return False
    said, held = words(claim), words(source)
    mine, theirs = _folded(said), _folded(held)
    for a, b in name_spans(claim, source, said):
        if not {*said[a:b], _text(said[a:b])} & new:
            continue
        for c, d in name_spans(source, claim, held):
            kept = _within(mine[:a], theirs[:c]) and _within(mine[b:], theirs[d:])
            if kept and _beside(mine, (a, b), theirs, (c, d)) and not _words_shared(mine[a:b], theirs[c:d]):
                return not _another_name(_text(said[a:b]), _text(held[c:d]), claim, read)
    return False


def _titles_missing(claim: str, sources: Sequence[str]) -> set[str]:
    return {title for title in _TITLE.findall(claim) if not any(title in source for source in sources)}


def _words_shared(one: list[str], other: list[str]) -> bool:
    return any(len(token) > 1 for token in {*one} & {*other})


def _beside(mine: list[str], span: Span, theirs: list[str], other: Span) -> bool:
    """Whether the same words stand on either side; after the last of a claim, its source may have a mark and go on."""
    follows, there = _bare(mine[span[1] :])[:1], theirs[other[1] :]
    ends = not follows and (not there or there[0] in MARKS)
    same = ends or (follows == _bare(there)[:1] and bool(follows))
    return same and _bare(mine[: span[0]])[-1:] == _bare(theirs[: other[0]])[-1:]


def _another_name(name: str, instead: str, claim: str, read: Sequence[str]) -> bool:
    """Whether what was read may have both for one, or says the same of both, or never has the name."""
    holding = [text.casefold() for text in read if name.casefold() in text.casefold()]
    said = set(_folded(words(claim)))
    return not holding or any(
        instead.casefold() in text or _ALSO.search(text) or len(said & set(words(text))) >= _AS_MUCH * len(said)
        for text in holding
    )


def _pairs(claim: str, source: str, said: list[str]) -> Iterator[tuple[Span, Span]]:
    """Two names or parts of names, or two numbers, of the claim, in their order."""
    numbers = [(at, at + 1) for at, token in enumerate(said) if token[0].isdigit()]
    parts = [part for start, end in name_spans(claim, source, said) for part in combinations(range(start, end + 1), 2)]
    for spans in (parts, numbers):
        yield from ((one, other) for one, other in combinations(sorted(spans), 2) if one[1] < other[0])


def _bare(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in MARKS]


def _within(some: list[str], tokens: list[str]) -> bool:
    """Whether all of ``some`` stand among the tokens, in their order; marks may be missing on either side."""
    left = iter(tokens)
    return all(token in left for token in some if token not in MARKS)


def _folded(tokens: list[str]) -> list[str]:
    return [token.casefold() for token in tokens]


def _text(tokens: list[str]) -> str:
    return re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", " ".join(tokens))
