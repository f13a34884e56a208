"""Written sentence → the evidence it rests on.

A small decoder does not cite reliably when told to, so nothing it says about sources is used: each sentence it
wrote is laid beside each evidence sentence, and the ones that hold its information become its citations. An evidence
sentence holds its own words and those of the headings above it, which say what its "it" is.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexes.search.analysis import query_terms, terms
from ingest.encoders import Encoder
from ragstack.evidence import Evidence, coverage, information

__all__ = ["Alignment", "align", "numbers"]

MOST_CITATIONS = 3
"""A sentence that needs more sources than this says too much for one sentence."""
WORTH_CITING = 0.15
"""The share of a sentence's information that a further citation must add."""

_ENGLISH = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_CHINESE = ("二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
# From two on: "one" and 一 are mostly no numbers ("one of the", 一种).
_NUMBER_WORDS = {word: str(value) for words in (_ENGLISH, _CHINESE) for value, word in enumerate(words, start=2)}
_NUMBER_WORDS["两"] = "2"
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_HAN_NUMBER = re.compile(r"[零一二两三四五六七八九十]+(?=[个种项层年月日次倍章节部步位名亿万千百])")


@dataclass(frozen=True, slots=True)
class Alignment:
    """The evidence of one written sentence: positions, best first, and how well they hold it.

    ``coverage`` is the share of the sentence's information that the cited words hold; ``missing_numbers`` are
    numbers of the sentence that stand neither in the cited words nor in the question.
    """

    positions: tuple[int, ...]
    coverage: float
    missing_numbers: tuple[str, ...]


def align(question: str, sentences: Sequence[str], evidence: Sequence[Evidence], encoder: Encoder) -> list[Alignment]:
    """Align each of ``sentences`` with ``evidence`` (at least one); the result has one entry per sentence."""
    tokenised = [terms(f"{item.heading} {item.plain}") for item in evidence]
    held = [set(words) for words in tokenised]
    weights = information(tokenised)
    rarest = math.log1p(len(evidence))
    asked = terms(question)
    relevance = np.array([coverage(asked, words, weights, rarest) for words in held])
    read = encoder.encode_passages([item.plain for item in evidence])
    written = encoder.encode_passages([f"{question} {sentence}" for sentence in sentences])
    return [
        _align(question, sentence, evidence, held, weights, relevance, read @ vector)
        for sentence, vector in zip(sentences, written, strict=True)
    ]


def _align(
    question: str,
    sentence: str,
    evidence: Sequence[Evidence],
    held: Sequence[set[str]],
    weights: dict[str, float],
    relevance: np.ndarray,
    cosine: np.ndarray,
) -> Alignment:
    said = list(query_terms(sentence))
    unknown = math.log1p(len(evidence))
    alone = np.array([coverage(said, words, weights, unknown) for words in held])
    verbatim = np.array([sentence.strip() in item.text for item in evidence])
    order = [int(np.argmax(10.0 * verbatim + alone + relevance / 2 + cosine))]
    covered = set(held[order[0]])
    while len(order) < min(MOST_CITATIONS, len(evidence)):
        gains = [coverage(said, covered | words, weights, unknown) for words in held]
        best = int(np.argmax(gains))
        if gains[best] - coverage(said, covered, weights, unknown) < WORTH_CITING:
            break
        order.append(best)
        covered |= held[best]
    known = numbers(question).union(*(numbers(evidence[at].text + " " + evidence[at].heading) for at in order))
    return Alignment(
        positions=tuple(order),
        coverage=coverage(said, covered, weights, unknown),
        missing_numbers=tuple(sorted(numbers(sentence) - known)),
    )


def numbers(text: str) -> set[str]:
    """The numbers in ``text``, in digits: ``1,000`` and ``１０００`` are ``1000``, ``three`` and ``三个`` are ``3``."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found = {match.replace(",", "").rstrip(".") for match in _DIGITS.findall(plain)}
    found |= {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", plain) if word in _NUMBER_WORDS}
    return found | {_NUMBER_WORDS[match] for match in _HAN_NUMBER.findall(plain) if match in _NUMBER_WORDS}
