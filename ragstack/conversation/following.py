"""Does a question lean on the conversation before it? Decided by its words, so that a whole question costs nothing.

A question leans where it has a pronoun that nothing in it explains, begins or ends as a continuation does (``And in
2020?``, ``那……呢``), or lacks what it asks about (``Why?``, ``有多重？``). A pronoun in a later clause, or a possessive
behind a name, is taken to mean what the question itself names. A bare noun (``the model``) is not seen to lean.
"""

import re

from indexes.search.analysis import query_terms

__all__ = ["LEANING", "leans"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_PRONOUN = re.compile(
    r"\b(?:it|he|she|they|him|them|which ones?|(?:these|those|this)(?! (?:who|year|week|month))"
    r"|there(?= (?:in|at|on)\b|\W*$))\b|\bthe (?:former|latter|others?|other ones?|same)"
    r"(?=\W*$| (?:is|was|do|does|did)\b)"
    r"|\b(?:is|are|was|does|did|do|about|of|for|with|than|like|after|before|by|why|how|in|to|from) that\b"
    r"|^that\b|\bthat\W*$",
    re.I,
)
_POSSESSIVE = re.compile(r"\b(?:its|his|her|hers|their|theirs)\b", re.I)
_EXPLETIVE = re.compile(
    r"\b(?:does|did|will|would|can|could) it (?:take|cost|matter|mean to|make sense|happen)\b|\b(?:(?:is|was) it|it is"
    r"|it was)(?: highly| very| so| more| always)? (?:possible|impossible|likely|unlikely|true|necessary|important|hard"
    r"|difficult|easy|safe|legal|allowed|proposed|said|thought|better|worth|that|who|in|on|at)\b|\btime is it\b"
    r"|\bthere (?:is|are|was|were|exist)\b|\b(?:is|are|was|were) there\b",
    re.I,
)
_TELLING = 3
"""Telling words before a possessive, or before a pronoun in a later clause, that are enough to explain it."""
_CLAUSE = re.compile(r"[,;.]|\b(?:and|when|after|before|because|if|that|which|who|while|since|as|once|until)\b", re.I)
_NAME = re.compile(r"(?<!^)\b[A-Z][\w-]*|^[A-Z][\w-]*[A-Z\d][\w-]*|\d")
_CONTINUES = re.compile(r"^(?:and|but|or|so|then|also|what about|how about|why not|what else|anything else)\b", re.I)
_ASKS = r"(?:who|whom|whose|what|which|when|where|why|how(?: (?:much|many|long|far|often|old|big|heavy|large|fast))?)"
_BARE = re.compile(
    rf"^(?:(?:in|at|on|for|by|from|since|until|to|with|of) )?{_ASKS}(?: [a-z]+)?(?: exactly)?\W*$"
    r"|^(?:in|at|on|for|by|from|since|until|with) (?!(?:what|which|whom|how)\b)[^,]{1,40}$",
    re.I,
)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|be|do|does|did|has|have|had|can|could|will|would|should|may|might|must)\b", re.I
)

_PRONOUN_ZH = re.compile(
    r"它们?(?!们?的)|他们(?!的)|(?<!其)他(?![人们的])|她们?(?!们?的)|前者|后者|上述|这(?!里说的|一)|那(?!么)"
    r"|(?<!应)该(?!当)|(?<![因得如至])此(?!外|前|后|时)"
)
_POSSESSIVE_ZH = re.compile(r"[它他她]们?的|(?<![尤极与何及马])其(?![他它余次实中])")
_CONTINUES_ZH = re.compile(r"^(?:那|还有(?!哪)|而(?!且)|另外|然后|所以|但|再(?!次)|以及|为什么[？?]?$)")
_ENDS_ZH = re.compile(r"呢[？?]?$")
_ASKS_ZH = re.compile(
    r"什么时候|为什么|什么|多少|多[长久大高重深远快]|哪[一些个里年儿种位]?|谁|几[个年次种]?|怎么样?|怎样|如何|是否|吗|何时|何地"
)
_FUNCTION_ZH = re.compile(
    r"[的了是在有由被能会用和与及呢吗呀啊得地着过要就都也还又更最很一个种年次位]|\W|可以|可能|需要|具体"
)
_WHOLE_ZH = re.compile(r"^(?:什么是|何谓|何为|如何|怎么|怎样)")
_FEW_ZH = 2

_LEANING = """
    it its itself he she they him her hers his them their theirs themselves this that these those there former latter
    one ones other others same else and but or so then also what how about why not anything more
"""
LEANING = frozenset(_LEANING.split()) | set("它他她们这那该其此前后者上述呢么还有另外然后所以但再以及")
"""Words, and Chinese characters, by which a question leans; a question that stands alone may lack them."""


def leans(question: str) -> bool:
    """Whether the question cannot be understood without what was said before it."""
    text = " ".join(question.split())
    return _leans_zh(text) if _HAN.search(text) else _leans_en(text)


def _leans_en(text: str) -> bool:
    if _CONTINUES.search(text) or (_BARE.search(text) and not _AUXILIARY.search(text)):
        return True
    plain = _EXPLETIVE.sub(" ", text)
    for match in _PRONOUN.finditer(plain):
        if not _explained(plain[: match.start()]):
            return True
    return any(not _names(plain[: match.start()]) for match in _POSSESSIVE.finditer(plain))


def _explained(before: str) -> bool:
    """Whether another clause before the pronoun names something."""
    clauses = [match.end() for match in _CLAUSE.finditer(before)]
    return bool(clauses) and _names(before[: clauses[-1]])


def _names(text: str) -> bool:
    return bool(_NAME.search(text)) or len(query_terms(text)) >= _TELLING


def _leans_zh(text: str) -> bool:
    if _CONTINUES_ZH.search(text):
        return True
    for match in _PRONOUN_ZH.finditer(text):
        if not re.search(r"[，,；;、。]|[A-Z\d]", text[: match.start()]):
            return True
    if any(match.start() < _TELLING for match in _POSSESSIVE_ZH.finditer(text)):
        return True
    asks = _ASKS_ZH.sub("", text)
    left = _FUNCTION_ZH.sub("", asks)
    if _ENDS_ZH.search(text) and asks == text:
        return True
    short = len(left) <= _FEW_ZH and not re.search(r"[A-Za-z\d]", left)
    named = re.search(r"^[^是有在能会多什哪谁几为]+(?:是|有)", text) and left
    return short and not named and not _WHOLE_ZH.search(text)
