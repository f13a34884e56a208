"""Which language a question is in, and the sentences that the product itself says, in both side by side."""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["PHRASES", "Language", "Phrases", "language_of", "place_in"]

Language = Literal["en", "zh"]

_PAGES = re.compile(r"page(s?) ([\d–]+)")
_NUMBERED = re.compile(r"(?:(.*) )?(page|slide|row|record)s? ([\d–]+)", re.DOTALL)
_NAMED = re.compile(r"(sheet|header) (.+)", re.DOTALL)
_PLACES = {"page": "第 {} 页", "slide": "第 {} 张幻灯片", "row": "第 {} 行", "record": "第 {} 条记录"}
_NAMES = {"sheet": "工作表{}", "header": "邮件头 {}"}


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said to a person without any model; ``separator`` stands between two sentences."""

    separator: str
    refusal: str
    nearest: str
    nothing_found: str
    not_in_evidence: str
    nothing_supported: str
    decoder_declined: str
    unsupported: str
    otherwise: str


PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        separator=" ",
        refusal="The documents don't say.",
        nearest="Nearest passages:",
        nothing_found="no passage was found for this question in collection {collection}",
        not_in_evidence="the {passages} nearest passages of collection {collection} do not seem to hold the answer",
        nothing_supported="what was written is not supported by the passages and is not shown",
        decoder_declined="the decoder found no answer in the {passages} nearest passages of collection {collection}",
        unsupported=" [not supported]",
        otherwise="Another source says otherwise: “{quote}”",
    ),
    "zh": Phrases(
        separator="",
        refusal="文档中没有说明。",
        nearest="最接近的段落：",
        nothing_found="在文档集 {collection} 中没有找到与这个问题有关的段落",
        not_in_evidence="文档集 {collection} 中最接近的 {passages} 个段落似乎不包含答案",
        nothing_supported="写出的内容没有得到段落的支持，因此不予显示",
        decoder_declined="解码器读了文档集 {collection} 中最接近的 {passages} 个段落，没有找到答案",
        unsupported="［未获支持］",
        otherwise="另一来源的说法不同：“{quote}”",
    ),
}


def language_of(text: str) -> Language:
    """``zh`` where at least a fifth of the letters are Han characters, else ``en``.

    A fifth, because a Chinese question about "Transformer encoder" holds more Latin letters than Han characters.
    """
    letters = [character for character in text if character.isalpha()]
    han = sum("\u3400" <= character <= "\u9fff" for character in letters)
    return "zh" if letters and han >= len(letters) / 5 else "en"


def place_in(place: str, language: Language) -> str:
    """A place in a file (see :mod:`indexes.places`) as people read it: ``p. 3``, ``第 3 页``; others as they are."""
    if language == "en":
        page = _PAGES.fullmatch(place)
        return f"{'pp' if page[1] else 'p'}. {page[2]}" if page else place
    return " – ".join(map(_in_chinese, place.split(" – ")))


def _in_chinese(place: str) -> str:
    if numbered := _NUMBERED.fullmatch(place):
        before = f"{_in_chinese(numbered[1])} " if numbered[1] else ""
        return before + _PLACES[numbered[2]].format(numbered[3])
    named = _NAMED.fullmatch(place)
    return _NAMES[named[1]].format(named[2]) if named else place
