"""Words that deny, and words that deny by half: what all who ask whether a text says that something is not so share.

What denies is counted (``not``, ``never``, 不, ``unless``); ``not only`` and 不仅 are no denials. Words that say by
themselves that something is not so (``the basic plan lacks support``) stand for a denial wherever one is looked for.
Two shorter lists tell only that one may be right: what leaves a denial open, and what opposes, which leaves open that a
word is turned by a prefix. One list for both hid contradictions ("is not deep" beside "is deep. Its critics agree").
"""

import re

__all__ = ["affirmed", "denial", "denials", "half_denies", "says_not", "speaks_against"]

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
_SAYS_NOT = re.compile(
    r"\b(?:lack|fail|refus|den(?:y|ie[sd])|reject|exclu|except|prevent|prohibit|forb[iao]d|missing|unable|unsupported)"
    "|缺|失败|拒绝|禁止|停止|仅限"
)
"""``the basic plan lacks support`` tells which plan does not include it."""
_LEAVES_OPEN = re.compile(
    r"\b(?:rare|hardly|barely|seldom|few|little|only|instead|rather|stop|avoid|absen|former|until|but|yet|although|though)"
    "|失|拒|禁|难|停|取消|除|而是|仅|只|少|免|避|反|别|尚|零"
)
"""``few members came``: beside these a denial in other words may be right."""
_OPPOSES = re.compile(
    r"\b(?:other|beside|rather|instead|outside|oppos|against|fight|fought|combat|counter|resist|hostil|enem|protest|critic"
    r"|former|stop|ceas|end(?:ed|s|ing)?\b|(?:anti|non)-)"
)
"""``he fought the regime``: beside these a word with a turning prefix (non-regime) may be right."""


def denials(text: str) -> int:
    """How often a text denies; ``unless`` does, ``not only`` does not."""
    plain = affirmed(text, " ")
    return sum(len(pattern.findall(plain)) for pattern in (_DENIES, _DENIES_ZH, _UNLESS))


def denial(text: str) -> re.Match[str] | None:
    """The first denial of a text in lower case, ``unless`` aside."""
    return _DENIES.search(text) or _DENIES_ZH.search(text)


def affirmed(text: str, instead: str) -> str:
    """The text in lower case, with ``instead`` where something looks like a denial and is none."""
    return _NO_DENIAL.sub(instead, text.casefold())


def says_not(text: str) -> bool:
    """Whether a text denies, be it by a word that says so by itself."""
    return denials(text) > 0 or bool(_SAYS_NOT.search(text.casefold()))


def half_denies(text: str) -> bool:
    """Whether a text denies or leaves it open, so that a denial may be right beside it."""
    return says_not(text) or bool(_LEAVES_OPEN.search(text.casefold()))


def speaks_against(text: str) -> bool:
    """Whether a text denies or opposes something, so that a word that turns its own may be right beside it."""
    return says_not(text) or bool(_OPPOSES.search(text.casefold()))
