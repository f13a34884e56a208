"""Which language a question is in, and the sentences that the product itself says, in both side by side."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["PHRASES", "Language", "Phrases", "language_of"]

Language = Literal["en", "zh"]


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


PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        separator=" ",
        refusal="The documents don't say.",
        nearest="Nearest passages:",
        nothing_found="no passage was found for this question in collection {collection}",
        not_in_evidence="the {passages} nearest passages of collection {collection} do not seem to hold the answer",
        nothing_supported="what was written is not supported by the passages and is not shown",
        decoder_declined="the decoder found no answer in the {passages} nearest passages of collection {collection}",
    ),
    "zh": Phrases(
        separator="",
        refusal="文档中没有说明。",
        nearest="最接近的段落：",
        nothing_found="在文档集 {collection} 中没有找到与这个问题有关的段落",
        not_in_evidence="文档集 {collection} 中最接近的 {passages} 个段落似乎不包含答案",
        nothing_supported="写出的内容没有得到段落的支持，因此不予显示",
        decoder_declined="解码器读了文档集 {collection} 中最接近的 {passages} 个段落，没有找到答案",
    ),
}


def language_of(text: str) -> Language:
    """``zh`` where at least a fifth of the letters are Han characters, else ``en``.

    A fifth, because a Chinese question about "Transformer encoder" holds more Latin letters than Han characters.
    """
    letters = [character for character in text if character.isalpha()]
    han = sum("\u3400" <= character <= "\u9fff" for character in letters)
    return "zh" if letters and han >= len(letters) / 5 else "en"
