"""Which language a text is in, as far as searching needs to know: Chinese, English, or neither for sure.

Decided by the share of Han characters among letters, and for Latin letters by the most frequent English words;
Japanese and Korean are told apart by their own scripts. A text too short or too mixed is in no language.
"""

import re

__all__ = ["detect_language"]

_SAMPLE = 20_000
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_KANA_OR_HANGUL = re.compile(r"[\u3041-\u30ff\uac00-\ud7af]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_ENGLISH_ALONE = frozenset(
    ["the", "of", "and", "to", "is", "that", "for", "it", "with", "be", "are", "this", "from", "which", "but"]
)
_ENGLISH = _ENGLISH_ALONE | frozenset(["in", "a", "as", "was", "by", "on", "not", "he", "or", "his", "at"])
"""The most frequent English words, and those of them that are none of German, French, Spanish or Italian."""


def detect_language(text: str) -> str | None:
    """Return ``"zh"``, ``"en"`` or None for the language that most of ``text`` is written in.

    A Han character weighs as much as a word of Latin letters.
    """
    sample = _sample(text)
    han = len(_HAN.findall(sample))
    words = _LATIN_WORD.findall(sample)
    foreign = len(_KANA_OR_HANGUL.findall(sample))
    total = han + len(words) + foreign
    if not total or foreign > 0.1 * total:
        return None
    if han >= 0.4 * total:
        return "zh"
    frequent = [word for word in map(str.lower, words) if word in _ENGLISH]
    return "en" if len(frequent) >= 0.12 * len(words) and not _ENGLISH_ALONE.isdisjoint(frequent) else None


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE:
        return text
    half = _SAMPLE // 2
    middle = len(text) // 2
    return text[:half] + text[middle : middle + half]
