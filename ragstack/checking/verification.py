"""Do the cited words support the sentence? Asked of every sentence before it is shown.

A whole sentence of the documents, or what stands between two semicolons, counts as quoted and is shown. A number that
stands, with its unit, neither in the cited words nor in the question fails the sentence outright, and so does what it
alters in a cited sentence that it else repeats (:mod:`ragstack.checking.alterations`), however sure a decoder is. So
does a sentence of which the cited words, in its language, hold next to nothing. The
rest gets a calibrated probability from these features:
    judge: the decoder's log-odds of Yes against No, one token, read with the passages in its cache.
    coverage: the share of the sentence's information that the cited words hold, in [0, 1]; 0 where they are in
        another language, since no words are shared then: without a decoder such a sentence fails.
    foreign: 1 where the cited words are in another language than the sentence, else 0.
    turned: 1 where a negation was added or lost, or the sentence says the opposite of a cited word, else 0.
    names: 1 where the sentence names what neither the evidence nor the question names, else 0.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragstack.checking.alterations import Altered, altered
from ragstack.checking.calibration import Calibration
from ragstack.checking.citations import Alignment
from ragstack.checking.words.contradictions import opposed, turned_negation
from ragstack.checking.words.names import names_missing
from ragstack.evidence import Evidence
from ragstack.generators.base import Judge
from ragstack.language import language_of
from ragstack.prompts import TEMPLATES, support_question

__all__ = ["Support", "quoted", "stands_whole", "support", "support_features", "word_features"]

LEAST_WORDS, LEAST_CHARACTERS = 4, 6
"""Words, or Chinese characters, that a quotation must have: ``No.`` stands in many a sentence by accident."""
LEAST_HELD = 0.25
"""The share of a sentence's information that the cited words must hold where both are in one language. Below it a
decoder says what it knows from elsewhere, and says yes to it; of 104 sentences of answers none that was right held
less than .48."""

_PART, _LEADS_IN = re.compile("[;；]"), re.compile(r"[:：](?!\d)")
_AROUND = " \t.。!！?？,，;；:：\"'“”‘’「」『』()（）*_`"
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Support:
    """What was found of one sentence.

    Attributes:
        probability: That the evidence supports it.
        supported: Whether that is enough.
        threshold: What was enough; None where no probability decided.
        features: What the probability is made of, or the coverage that was too low for any; None likewise.
        altered: What it alters in the cited sentence that it repeats, which is enough to refuse it.
    """

    probability: float
    supported: bool
    threshold: float | None = None
    features: Mapping[str, float] | None = None
    altered: Altered | None = None


def quoted(sentence: str, evidence: Sequence[Evidence]) -> bool:
    """Whether the sentence is a whole sentence of the evidence, or what stands between two of its semicolons.

    What a colon leads into is left out: ``The warranty does not cover: broken glass; water damage``.
    """
    return stands_whole(sentence, [whole for item in evidence for whole in (item.text, item.plain)])


def stands_whole(sentence: str, sources: Sequence[str]) -> bool:
    """The same over the sentences of any text."""
    wanted = _bare(sentence)
    least = LEAST_CHARACTERS if language_of(wanted) == "zh" else LEAST_WORDS
    if len(_WORDS.findall(wanted)) < least:
        return False
    return any(wanted in {_bare(part) for part in (whole, *_parts(whole))} for whole in sources)


def _parts(whole: str) -> list[str]:
    """What semicolons part, as far as it says what it says by itself: up to a colon that leads into the rest."""
    before = _LEADS_IN.split(whole)[0]
    parts = _PART.split(before)
    return parts if before == whole else parts[:-1]


def _alteration(question: str, sentence: str, alignment: Alignment, evidence: Sequence[Evidence]) -> Altered | None:
    """What the sentence alters in the cited one that it repeats, if it repeats one."""
    read = [f"{item.heading} {item.plain}" for item in evidence]
    return altered(sentence, [evidence[at].plain for at in alignment.positions], read, question)


def word_features(sentence: str, cited: Sequence[str], known: Sequence[str], coverage: float) -> dict[str, float]:
    """The features that need no decoder, from the cited texts and all that was read, the question included."""
    foreign = language_of(sentence) != language_of(" ".join(cited))
    return {
        "coverage": 0.0 if foreign else coverage,
        "foreign": float(foreign),
        "turned": float(turned_negation(sentence, cited) or bool(opposed(sentence, cited))),
        "names": float(not foreign and bool(names_missing(sentence, known))),
    }


def support_features(
    question: str, sentence: str, alignment: Alignment, evidence: Sequence[Evidence], judge: Judge | None
) -> dict[str, float]:
    """The features of one written sentence over the evidence that it was written from."""
    read = [f"{item.heading} {item.plain}" for item in evidence]
    cited = [read[at] for at in alignment.positions]
    features = word_features(sentence, cited, [question, *read], alignment.coverage)
    if judge is not None:
        language = language_of(question)
        templates = TEMPLATES[language]
        conversation = support_question(question, evidence, sentence, language)
        features["judge"] = judge.log_odds(conversation, templates.yes, templates.no)
    return features


def support(
    question: str,
    sentence: str,
    alignment: Alignment,
    evidence: Sequence[Evidence],
    judge: Judge | None,
    calibration: Calibration,
) -> Support:
    """Whether the evidence supports ``sentence``, so that it may be shown; the judge is asked once at most."""
    if quoted(sentence, evidence):
        return Support(1.0, True)
    if alignment.missing_numbers:
        return Support(0.0, False)
    if change := _alteration(question, sentence, alignment, evidence):
        return Support(0.0, False, altered=change)
    foreign = language_of(sentence) != language_of(" ".join(evidence[at].plain for at in alignment.positions))
    if alignment.coverage < LEAST_HELD and not foreign:
        return Support(0.0, False, features={"coverage": alignment.coverage})
    model = calibration.support if judge is not None else calibration.support_without_judge
    features = support_features(question, sentence, alignment, evidence, judge)
    probability = model.probability(features)
    return Support(probability, probability >= model.threshold, model.threshold, features)


def _bare(text: str) -> str:
    return " ".join(text.split()).strip(_AROUND).casefold()
