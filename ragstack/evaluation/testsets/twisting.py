"""Questions that the collection does not answer, made of such as it does.

*Unanswerable*: a name of the question gives way to the most similar name from elsewhere in the collection, as in
the entity swaps of SQuAD 2.0 (Rajpurkar, Jia and Liang, 2018). *False premise*: a number that the question takes for
granted is changed, as in the false presuppositions of CREPE (Yu et al., 2023) and FalseQA (Hu et al., 2023). Whether
the collection says nothing of it is for :mod:`ragstack.evaluation.testsets.roundtrip` to find out.
"""

import random
import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from indexes.search.analysis import query_terms
from ragstack.evaluation.testsets.values import Passage
from ragstack.language import Language

if TYPE_CHECKING:
    import numpy as np

    from ingest.encoders import Encoder

__all__ = ["Names", "changed", "first_tag", "names_in", "names_something", "premises"]

_MOST_NAMES = 300
_NEAREST = 8
"""Names tried for one question, the most similar first."""
_NAME = re.compile(
    r"(?<![\w-])[A-Z][A-Za-z0-9À-ɏ]*(?:[-'’][A-Za-z0-9À-ɏ]+)*(?: [A-Z0-9][A-Za-z0-9À-ɏ.-]*)*(?![\w-])|《[^《》]{2,30}》"
)
_NO_NAMES = re.compile(
    r"(?:What|Which|Who|Whose|Whom|When|Where|Why|How|In|On|At|By|For|From|To|Of|The|A|An|Is|Are|Was|Were|Do|Does|Did|I"
    r"|It|If|As|And|Or|But|This|That|These|Those|There|January|February|March|April|May|June|July|August|September|October"
    r"|November|December|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Several|Many|Some|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)$"
)
_NUMBER = re.compile(
    r"(?<![\w.,:/-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/-]|[.,]\d)"
    r"|(?<=[\u4e00-\u9fff])\d+(?:\.\d+)?(?![\d.:/-])|\d+(?:\.\d+)?(?=[\u4e00-\u9fff%])(?!后)"
)
_BOUND = re.compile(
    r"(?:more|less|fewer|greater|other|higher|lower) than|at (?:most|least)|up to|over|above|below|under|within"
    r"|超过|大于|小于|至少|至多|最多|不到|低于|高于|以内|以上|以下|近|约|多|余|不足"
)
_SURE = ("ns", "nt")
"""Places and bodies: of the names that the segmenter finds in Chinese the surest."""
_NAMED = ("nr", "ns", "nt", "nz")
_VERSION = re.compile(r"(?<![A-Za-z])[A-Z][\w-]* $")
"""A name before a number, of which the number is a part."""
_OF_HEADING = 2
_FACTORS = (0.4, 0.6, 1.5, 2.5)


class Names:
    """The names of a collection, those of one kind near one another: the encoder says which are alike."""

    def __init__(self, passages: Sequence[Passage], encoder: "Encoder") -> None:
        homes: dict[str, set[int]] = {}
        for passage in passages:
            for name in names_in(passage.text, inside=True):
                homes.setdefault(name, set()).add(passage.document_id)
        self._homes = dict(list(homes.items())[:_MOST_NAMES])
        self._encoder = encoder
        self._names = list(self._homes)
        self._vectors: np.ndarray | None = None

    def like(self, name: str, passage: Passage) -> list[str]:
        """Names that may take the place of ``name``, the most similar first; none that its passage or heading holds."""
        if not self._names:
            return []
        if self._vectors is None:
            self._vectors = self._encoder.encode_queries(self._names)
        cosines = self._vectors @ self._encoder.encode_queries([name])[0]
        ranked = sorted(range(len(self._names)), key=lambda at: (-float(cosines[at]), self._names[at]))
        near = f"{passage.heading} {passage.around}".casefold()
        same = (_bare(name),)
        found = []
        for at in ranked:
            other = self._names[at]
            apart = _bare(other) not in same and _bare(other) not in _bare(name) and _bare(name) not in _bare(other)
            if apart and other.casefold() not in near and _kind(other) == _kind(name):
                found.append(other)
        return found[:_NEAREST]


def names_in(text: str, *, inside: bool = False) -> list[str]:
    """Capitalised names, titles in Chinese marks, Chinese places and bodies.

    ``inside`` leaves out a first word, which may have its capital from its place.
    """
    found = []
    for match in _NAME.finditer(text):
        name = match[0].rstrip(".-")
        first, _, rest = name.partition(" ")
        if _NO_NAMES.match(first):
            if not rest:
                continue
            name = rest
        begins = not text[: match.start()].strip(" *\"'“‘(-")
        if inside and begins and not any(letter.isupper() for letter in name[1:]):
            continue
        if len(name) > 1 and not name.isdigit():
            found.append(name)
    return list(dict.fromkeys([*found, *_tagged(text, _SURE, alone=True)]))


def names_something(text: str, heading: str, language: Language) -> bool:
    """Whether a question says of what it asks: by a name, by words in quotes, or by words of its heading.

    One such word in English says no more than "the school".
    """
    if language == "zh" and re.search("[A-Za-z]{2}", text):
        return True
    told = set(query_terms(heading)) & {term for term in query_terms(text) if len(term) > 1}
    enough = len(told) >= (1 if language == "zh" else _OF_HEADING)
    return bool(enough or names_in(text) or re.search('[“"《]', text) or _tagged(text, _NAMED))


def premises(text: str) -> list[tuple[int, int]]:
    """Where in a text the numbers stand that can be changed into wrong ones; none beside a word such as "at least"."""
    found = []
    for match in _NUMBER.finditer(text):
        beside = text[max(0, match.start() - 14) : match.start()] + "|" + text[match.end() : match.end() + 4]
        if not _BOUND.search(beside) and not _VERSION.search(text[: match.start()]):
            found.append(match.span())
    return found


def changed(number: str, chance: random.Random, held: str) -> str:
    """Another number in the same form, one that does not stand in the text ``held``; a year stays near its own."""
    plain = number.replace(",", "")
    decimals = len(plain.partition(".")[2])
    value = float(plain)
    if re.fullmatch(r"1\d\d\d|20\d\d", number):
        options = [value + years for years in (-9, -7, -6, -4, 4, 6, 7)]
        options = [year for year in options if year < 2025] if value < 2025 else options
    elif value <= 12 and not decimals:
        options = [value + step for step in (-2, -1, 1, 2, 3) if value + step >= 2]
    else:
        options = [value * factor for factor in _FACTORS]
        if value <= 100:
            options = [option for option in options if option < 100]
    chance.shuffle(options)
    for option in options:
        written = f"{option:,.{decimals}f}" if "," in number else f"{option:.{decimals}f}"
        if written != number and not re.search(rf"(?<![\d.]){re.escape(written)}(?![\d.])", held):
            return written
    return ""


def first_tag(text: str) -> str:
    """What the segmenter takes the first word of a Chinese text for: ``v`` is a verb, ``c`` a word that joins."""
    with _TAGGING:
        tagged = _tagger().tag(text, False)
    return str(tagged[0][1]) if tagged else ""


def _tagged(text: str, tags: tuple[str, ...], *, alone: bool = False) -> list[str]:
    """The words of two and more Han characters that the segmenter takes for such names.

    ``alone`` leaves out those beside another name, for they may be parts of a longer one.
    """
    with _TAGGING:
        tagged: list[tuple[str, str]] = [("", ""), *_tagger().tag(text, False), ("", "")]
    found = []
    for before, (word, tag), after in zip(tagged, tagged[1:], tagged[2:], strict=False):
        part = any(other == "·" or other_tag.startswith(_NAMED) for other, other_tag in (before, after))
        if tag.startswith(tags) and len(word) > 1 and not word.isascii() and not (alone and part):
            found.append(word)
    return found


_TAGGING = threading.Lock()


@cache
def _tagger() -> Any:
    import rjieba

    return rjieba.Jieba()


def _kind(name: str) -> str:
    """Titles take the place of titles, Han names of Han names, and so on."""
    return "title" if name.startswith("《") else "han" if re.search("[\u4e00-\u9fff]", name) else "latin"


def _bare(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
