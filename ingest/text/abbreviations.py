"""Whether a Latin full stop marks an abbreviation or an initial in the middle of a sentence.

Told by what stands before it and the word after. Some abbreviations never end a sentence (``Dr.``), some only stand
before numbers (``No. 5``), and some may do either (``etc.``, ``U.S.``): these end it where the next word is one that
sentences begin with.
"""

import re

__all__ = ["is_abbreviation", "may_go_on"]

_TITLES = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "rev", "hon", "gen", "sen", "rep", "gov", "capt", "lt", "col", "sgt", "maj"}
    | {"cmdr", "st", "messrs", "mme", "mlle", "fr", "pres", "supt", "e.g", "i.e", "eg", "ie", "cf", "vs", "viz", "v"}
    | {"approx", "ca", "al", "esp", "incl", "resp", "adj", "def", "thm", "lem", "prop", "cor"}
)
_BEFORE_NUMBERS = frozenset(
    {"no", "nos", "nr", "fig", "figs", "eq", "eqs", "eqn", "vol", "vols", "p", "pp", "sec", "secs", "ch", "chap"}
    | {"art", "ref", "refs", "tab", "tbl", "ex", "app", "para", "pt", "ver", "ed", "c", "ca", "n", "op", "cl"}
    | {"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "tel", "ext", "n°"}
    | {"rm", "bldg", "apt", "ste", "rfc"}
)
_BEFORE_NUMERALS = frozenset({"fig", "eq", "sec", "app", "vol"})
_MAYBE = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "jr", "sr", "u.s", "u.k", "u.n", "e.u", "u.s.a", "a.m", "p.m", "am", "pm"}
    | {"ph.d", "m.d", "b.a", "m.a", "b.sc", "m.sc", "d.c", "dept", "univ", "est", "ave", "blvd", "rd", "mt", "ft"}
    | {"bros", "assn", "min", "max", "avg", "sq", "oz", "lb", "lbs", "hr", "hrs", "esq", "mon", "tue", "wed", "thu"}
    | {"fri", "sat", "sun", "b.c", "a.d", "n.b", "gmbh", "intl", "natl", "govt", "misc"}
)
_STARTERS = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "it", "its", "he", "she", "we", "they", "i", "you", "his"}
    | {"her", "our", "their", "my", "your", "there", "here", "in", "on", "at", "for", "from", "with", "by", "after"}
    | {"before", "when", "while", "if", "as", "however", "but", "and", "so", "then", "thus", "also", "although"}
    | {"because", "since", "to", "what", "who", "why", "how", "where", "which", "is", "are", "was", "were", "do"}
    | {"does", "did", "can", "some", "many", "most", "all", "both", "each", "no", "not", "one", "two", "once", "now"}
    | {"moreover", "furthermore", "meanwhile", "finally", "first", "second", "please", "see", "note", "let", "yet"}
)

_INITIALS = re.compile(r"(?:[A-Z]\.)*[A-Z]")
_DOTTED = re.compile(r"(?:[a-z]\.)+[a-z]")
_NO_NAME_BEFORE = re.compile(
    r"(?:[\d<>=+*/^|%)\]][ ]?|\b[A-Z],? (?:and|or) |\b(?:vitamins?|option|group|class|type|plan|part|grade|team|point"
    r"|step|item|model|version|level|phase|hepatitis|category|section|appendix|exhibit|schedule|variable|column) )$",
    re.IGNORECASE,
)
_TIME_FIRST = re.compile(r"(?:At|By|Until|Around|From|Since|Before|After|On|Between)\b.{0,24}$", re.DOTALL)
_ZONES = frozenset({"est", "pst", "gmt", "utc", "cet", "eastern", "pacific", "central"})
_SHORT_DAYS = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
_DAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})


def may_go_on(word: str) -> bool:
    """Whether a bracket after the abbreviation ``word`` goes on with its sentence: ``et al. (2017)``."""
    return word.lower() in _MAYBE or word.lower() == "al"


def is_abbreviation(before: str, word: str, following: str, first: str) -> bool:
    """Whether the full stop after ``word`` marks an abbreviation in the middle of a sentence.

    Args:
        before: The sentence up to the full stop.
        word: Its last word.
        following: The next word, if it is one of Latin letters.
        first: The next character that is no space, quote or bracket.
    """
    lower = word.lower()
    starter = following.lower() in _STARTERS and following[:1].isupper()
    initial = len(word) == 1 and word.isupper()
    if lower in _TITLES and not initial:
        return not (lower == "al" and starter)
    if lower in _BEFORE_NUMBERS and not initial:
        return first.isdigit() or (following.isupper() and len(following) <= 4 and lower in _BEFORE_NUMERALS)
    if lower in ("a.m", "p.m"):
        goes_on = not first.isupper() or following.lower() in _ZONES | _DAYS
        return bool(first) and (goes_on or (not starter and _TIME_FIRST.match(before) is not None))
    if lower == "etc":
        return bool(first) and not first.isupper()
    if lower in _SHORT_DAYS:
        return first.isdigit() or following.lower()[:3] in _BEFORE_NUMBERS
    if initial and _NO_NAME_BEFORE.search(before[: -len(word)]):
        return False
    if _INITIALS.fullmatch(word) or lower in _MAYBE or _DOTTED.fullmatch(lower):
        return not starter and bool(first)
    return False
