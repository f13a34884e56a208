"""Is the answer in the evidence? Asked before anything is written.

Features (the first three higher where an answer is likelier; none depends on which encoder found the evidence):
    judge: the decoder's log-odds of Yes against No, one token, read with the passages in its cache.
    coverage: the share of the question's information that the evidence holds, in [0, 1].
    best: the same for the best single sentence.
    chinese: 1 for a question in Chinese, else 0, since the decoder says Yes more readily in Chinese.
"""

import math
from collections.abc import Sequence

from indexes.search.analysis import terms
from ragstack.checking.calibration import Calibration, LogisticModel
from ragstack.evidence import Evidence, coverage, information
from ragstack.generators.base import Judge
from ragstack.language import language_of
from ragstack.prompts import TEMPLATES, answerable_question

__all__ = ["answerable", "answerable_features"]


def answerable_features(question: str, evidence: Sequence[Evidence], judge: Judge | None) -> dict[str, float]:
    """The features of one question over its evidence (at least one sentence)."""
    held = [terms(f"{item.heading} {item.plain}") for item in evidence]
    weights = information(held)
    rarest = math.log1p(len(evidence))
    asked = terms(question)
    language = language_of(question)
    features = {
        "coverage": coverage(asked, set().union(*held), weights, rarest),
        "best": max(coverage(asked, set(words), weights, rarest) for words in held),
        "chinese": float(language == "zh"),
    }
    if judge is not None:
        templates = TEMPLATES[language]
        conversation = answerable_question(question, evidence, language)
        features["judge"] = judge.log_odds(conversation, templates.yes, templates.no)
    return features


def answerable(
    question: str, evidence: Sequence[Evidence], judge: Judge | None, calibration: Calibration
) -> tuple[float, LogisticModel, dict[str, float]]:
    """The calibrated probability that the evidence answers the question, the model that says so, and its features.

    From the model's threshold on it is enough to write.
    """
    model = calibration.answerable if judge is not None else calibration.answerable_without_judge
    features = answerable_features(question, evidence, judge)
    return model.probability(features), model, features
