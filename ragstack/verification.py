"""Do the cited words support the sentence? Asked of every sentence before it is shown.

Strict first: a number that stands neither in the cited words nor in the question fails the sentence outright. Then
a calibrated probability from these features:
    coverage: the share of the sentence's information that the cited words hold, in [0, 1].
    judge: the decoder's log-odds of Yes against No, one token, read with the passages in its cache.
"""

from collections.abc import Sequence

from ragstack.calibration import Calibration
from ragstack.citations import Alignment
from ragstack.evidence import Evidence
from ragstack.generators.base import Judge
from ragstack.language import language_of
from ragstack.prompts import TEMPLATES, support_question

__all__ = ["support", "support_features"]


def support_features(
    question: str, sentence: str, alignment: Alignment, evidence: Sequence[Evidence], judge: Judge | None
) -> dict[str, float]:
    """The features of one written sentence over the evidence that it was written from."""
    features = {"coverage": alignment.coverage}
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
) -> tuple[float, bool]:
    """The probability that the evidence supports ``sentence``, and whether it may be shown."""
    if any(sentence.strip() in item.text for item in evidence):
        return 1.0, True  # the documents' own words
    if alignment.missing_numbers:
        return 0.0, False
    model = calibration.support if judge is not None else calibration.support_without_judge
    probability = model.probability(support_features(question, sentence, alignment, evidence, judge))
    return probability, probability >= model.threshold
