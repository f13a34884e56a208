"""Is the answer in the evidence? Asked before anything is written.

Features (none depends on which encoder found the evidence):
    judge: the decoder's log-odds of Yes against No, one token, read with the passages in its cache.
    judge_chinese: the same for a question in Chinese, else 0, since the odds tell less in Chinese.
    chinese: 1 for a question in Chinese, else 0.
    best: the share of the question's information that the best single sentence holds, in [0, 1].
    turned: 1 where the question denies what the two best sentences do not, or turns a word of the evidence by a prefix
        or by its opposite, else 0.
    numbers: 1 where it holds a number that the two best sentences do not hold, else 0.

The last two are marks of a question that takes for granted what the documents do not say ("the non-elected council",
"in 1931"): a decoder takes it over and answers. None is seen where question and evidence differ in language.
"""

import math
import re
from collections.abc import Sequence

from indexes.search.analysis import terms
from ragstack.checking.calibration import Calibration, LogisticModel
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.words.contradictions import opposed, turned_by_prefix
from ragstack.checking.words.denials import denials, says_not
from ragstack.evidence import Evidence, coverage, information
from ragstack.generators.base import Judge
from ragstack.language import language_of
from ragstack.prompts import TEMPLATES, answerable_question

__all__ = ["answerable", "answerable_features"]

_BEST = 2
"""Sentences that have to say what a question takes for granted: more say it by accident, one leaves it to the next."""
_WHETHER = re.compile(
    r"^\W*(?:am|is|are|was|were|do|does|did|can|could|will|would|should|shall|may|must|has|have|had)(?:n['’]t)?\b"
    r"|吗\W*$|是否|([^\W\d_]{1,2})[不没]\1",
    re.IGNORECASE,
)
"""A question whether something is so takes it no more for granted than its opposite."""


def answerable_features(question: str, evidence: Sequence[Evidence], judge: Judge | None) -> dict[str, float]:
    """The features of one question over its evidence (at least one sentence)."""
    held = [terms(f"{item.heading} {item.plain}") for item in evidence]
    weights = information(held)
    rarest = math.log1p(len(evidence))
    asked = terms(question)
    language = language_of(question)
    features = {
        "best": max(coverage(asked, set(words), weights, rarest) for words in held),
        "chinese": float(language == "zh"),
        **_premises(question, evidence),
    }
    if judge is not None:
        templates = TEMPLATES[language]
        conversation = answerable_question(question, evidence, language)
        features["judge"] = judge.log_odds(conversation, templates.yes, templates.no)
        features["judge_chinese"] = features["judge"] * features["chinese"]
    return features


def _premises(question: str, evidence: Sequence[Evidence]) -> dict[str, float]:
    """What the question takes for granted and the evidence does not say."""
    read = [f"{item.heading} {item.plain}" for item in evidence]
    if language_of(question) != language_of(" ".join(read)):
        return {"turned": 0.0, "numbers": 0.0}
    best = [f"{item.heading} {item.plain}" for item in sorted(evidence, key=lambda item: -item.score)[:_BEST]]
    denied = denials(question) > 0 and not any(map(says_not, best))
    turned = denied or turned_by_prefix(question, read) or opposed(question, best)
    return {
        "turned": float(bool(turned) and not _WHETHER.search(question)),
        "numbers": float(bool(missing(question, best))),
    }


def answerable(
    question: str, evidence: Sequence[Evidence], judge: Judge | None, calibration: Calibration
) -> tuple[float, LogisticModel, dict[str, float]]:
    """The calibrated probability that the evidence answers the question, the model that says so, and its features.

    From the model's threshold on it is enough to write.
    """
    model = calibration.answerable if judge is not None else calibration.answerable_without_judge
    features = answerable_features(question, evidence, judge)
    return model.probability(features), model, features
