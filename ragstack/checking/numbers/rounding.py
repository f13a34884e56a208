"""Rounded numbers: which one of a source makes ``over 60``, ``nearly 200``, 约200, 60多 true.

The number of the source, rounded to as many digits as the claim's has (the zeros at the end of a whole number are
none), must be the claim's:
    over, at least, 超过, 以上: rounded down, so 64 and 69 for ``over 60``, not 59, 71 or 600.
    under, at most, 不到, 以下: rounded up, so 195 for ``under 200``, not 201, and not 5 for ``under 100``.
    about, 约, 左右: to the nearest, and no more than a tenth away: 180 to 220 for ``about 200``.
    nearly, almost, 近, 将近: the same, but no more than a hundredth above: 180 to 202 for ``nearly 200``.
What may be a year is rounded to tens at most: 1991 is ``about 1990``, and 2015 not ``over 2000``.
"""

import math
import re

from ragstack.checking.numbers.units import CURRENCY

__all__ = ["rounding", "rounds_to"]

_MORE = "(?:more|greater|higher|larger|longer) than|over|above|exceed(?:s|ed|ing)?|in excess of"
_LESS = "(?:less|fewer|lower|smaller|shorter) than|under|below"
_NOT = r"(?:\b(?:no|not|never)|n['’]t)"
_WORDS = {
    "under": rf"\b(?:{_LESS}|at most|up to)|{_NOT} (?:{_MORE})"
    "|不到|不足|低于|少于|小于|未满|不满|[不未没][会能可得应有]?超过?|不[高大多]于|至多|最多|[<≤]",
    "over": rf"\b(?:{_MORE}|at least|upwards of|surpass(?:es|ed|ing)?)|{_NOT} (?:{_LESS})"
    "|超过?|逾|多于|大于|高于|至少|不[少低小]于|突破|[>≥]",
    "about": r"\b(?:about|around|approximately|approx\.?|roughly|some|circa|ca?\.|an estimated)"
    r"|大?约|大概|大致|(?<!\d)[~≈]",
    "nearly": r"\b(?:nearly|almost|close to)|将近|接近|几乎|差不多|(?<![最附远新邻])近",
}
_BEFORE = re.compile(
    rf"(?:{'|'.join(f'(?P<{kind}>{words})' for kind, words in _WORDS.items())})[为是有达]?\s*(?:{CURRENCY})?\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?P<over>\+| or more\b| plus\b|以上|有余)|(?P<under> or (?:less|fewer)\b|以下|以内|之内)"
    r"|(?P<about> or so\b|左右|上下)",
    re.IGNORECASE,
)
_REACH = 24
"""Characters before a number in which its rounding word stands."""
_ABOVE = {"about": 0.1, "nearly": 0.01, "over": math.inf, "under": 0.0}
_BELOW = {"about": 0.1, "nearly": 0.1, "over": 0.0, "under": math.inf}
_YEAR_DIGITS = 3


def rounding(text: str, start: int, end: int) -> tuple[str, int, int]:
    """How the number from ``start`` to ``end`` is rounded, ``""`` for not at all, and where it stands with the word."""
    before = _BEFORE.search(text[max(0, start - _REACH) : start])
    if before:
        return before.lastgroup or "", max(0, start - _REACH) + before.start(), end
    after = _AFTER.match(text, end)
    return (after.lastgroup or "", start, after.end()) if after else ("", start, end)


def rounds_to(kind: str, written: str, claimed: float, found: float, *, year: bool) -> bool:
    """Whether ``found`` makes a claimed number true, which is rounded in this way and ``written`` in digits.

    ``year``: that what was found may be a year.
    """
    if not kind or found <= 0 or not -_BELOW[kind] * claimed <= found - claimed <= _ABOVE[kind] * claimed + 1e-9:
        return False
    digits = max(_digits(written), _YEAR_DIGITS if year else 1)
    step = 10.0 ** (math.floor(math.log10(found)) + 1 - digits)
    steps = found / step
    rounded = {"over": math.floor(steps + 1e-9), "under": math.ceil(steps - 1e-9)}.get(
        kind, math.floor(steps + 0.5 + 1e-9)
    )
    return math.isclose(rounded * step, claimed, rel_tol=1e-9)


def _digits(written: str) -> int:
    bare = written.lstrip("0.")
    return max(1, len(bare.replace(".", "") if "." in written else bare.rstrip("0")))
