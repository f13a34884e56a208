"""Names and numbers in each other's place: what a sentence says in its source's very words of the wrong one.

Near certain only where two stand in each other's place and all between them is the same, word for word, and all around
them is the source's in the source's order. Even then nothing is altered by a list in another order, by a relation that
holds both ways ("met", "borders", 与…接壤), by two parallel phrases, or by a name for another ("Clemens was Twain").
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, combinations, islice

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
_MOST_PARTS, _MOST_COMPARED = 1000, 50_000
"""Parts of names, and places of two in the source, that are looked at: a claim of more is a list, or one word over and
over, of which the ways to put two in each other's place are too many to compare."""


def swapped(claim: str, source: str) -> bool:
    """Whether two names, or two numbers, of ``source`` stand in each other's place in ``claim``."""
    said, held = words(claim), words(source)
    mine, theirs = _folded(said), _folded(held)
    first, last = _reach(mine, theirs)
    if first[-1] <= len(theirs):
        return False
    names = name_spans(claim, source, said)
    joins = _JOINING | MARKS | {token for start, end in names for token in mine[start:end]}

    @cache
    def places(*tokens: str) -> list[Span]:
        return found(tokens, theirs)

    own, rest = _counts(mine), _counts(theirs)
    placed = (
        (one, other, there, then)
        for parts in (_parts(names), [(at, at + 1) for at, token in enumerate(mine) if token[0].isdigit()])
        for one, other in combinations([part for part in parts if places(*mine[slice(*part)])], 2)
        if one[1] < other[0] and first[one[0]] <= len(theirs) and last[other[1]] >= 0
        for there in places(*mine[slice(*other)])
        for then in places(*mine[slice(*one)])
    )
    for (a, b), (c, d), (at, start), (then, end) in islice(placed, _MOST_COMPARED):
        kept = first[a] <= at and start <= then and end <= last[d] and own[c] - own[b] == rest[then] - rest[start]
        if not kept or mine[a:b] == mine[c:d] or _bare(mine[b:c]) != _bare(theirs[start:then]):
            continue
        allowed = joins | _JOINS_NUMBERS if mine[a][0].isdigit() else joins
        if _order_tells(mine, theirs[:at], theirs[start:then], theirs[end:], allowed):
            return True
    return False


def _counts(tokens: list[str]) -> list[int]:
    """How many of the first 0, 1, … tokens are no marks."""
    return list(accumulate((token not in MARKS for token in tokens), initial=0))


def _parts(names: Sequence[Span]) -> list[Span]:
    """The names of a claim and their parts, in their order."""
    parts = (part for start, end in names for part in combinations(range(start, end + 1), 2))
    return sorted(islice(parts, _MOST_PARTS))


def _order_tells(
    mine: list[str], before: list[str], between: list[str], after: list[str], joins: frozenset[str]
) -> bool:
    """Whether it matters which of two comes first, from what stands around them in the source."""
    if all(token in joins or token.isdigit() for token in between):
        return _each_its_own(mine)
    return not _may_change_places(before, between, after)


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
    first, last = _reach(mine, theirs)
    names = name_spans(source, claim, held)
    for a, b in name_spans(claim, source, said):
        if not {*said[a:b], _text(said[a:b])} & new:
            continue
        for c, d in names:
            kept = first[a] <= c and d <= last[b]
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


def _bare(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in MARKS]


def _reach(some: list[str], tokens: list[str]) -> tuple[list[int], list[int]]:
    """Up to where the tokens hold the first 0, 1, … of ``some`` in their order, and from where all but these.

    Marks may be missing on either side. Where they do not hold them, it is one more than all, or -1.
    """
    first = _reached(some, tokens)
    return first, [len(tokens) - at for at in reversed(_reached(some[::-1], tokens[::-1]))]


def _reached(some: list[str], tokens: list[str]) -> list[int]:
    """How many of the tokens hold the first 0, 1, … of ``some`` in their order, marks aside."""
    reached = [0]
    for token in some:
        at = reached[-1]
        if token not in MARKS:
            at = next((end for end in range(at + 1, len(tokens) + 1) if tokens[end - 1] == token), len(tokens) + 1)
        reached.append(at)
    return reached


def _folded(tokens: list[str]) -> list[str]:
    return [token.casefold() for token in tokens]


def _text(tokens: list[str]) -> str:
    return re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", " ".join(tokens))
