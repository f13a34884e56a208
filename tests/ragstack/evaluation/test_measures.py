"""Figures against other libraries (pytrec_eval, scikit-learn) and hand-worked values, to 1e-9."""

import math
import random

import numpy as np
import pytest
import pytrec_eval
from sklearn import metrics as sklearn_metrics

from ragstack.evaluation import measures


def test_retrieval_agrees_with_trec_eval() -> None:
    chance = random.Random(5)
    documents = [f"d{n}" for n in range(300)]
    relevant = {
        f"q{n}": {document: chance.choice([1, 1, 2, 3]) for document in chance.sample(documents, chance.randint(1, 9))}
        for n in range(60)
    }
    rankings = {query: chance.sample(documents, chance.choice([0, 3, 50, 100])) for query in relevant}
    found = measures.retrieval(rankings, relevant)
    evaluator = pytrec_eval.RelevanceEvaluator(relevant, {"ndcg_cut.10", "recall.10,100", "recip_rank"})
    run = {query: {d: 1.0 / rank for rank, d in enumerate(ranking, 1)} for query, ranking in rankings.items()}
    expected = evaluator.evaluate(run)
    for query, theirs in expected.items():
        ours = found[query]
        assert ours["ndcg@10"] == pytest.approx(theirs["ndcg_cut_10"], abs=1e-9)
        assert ours["recall@10"] == pytest.approx(theirs["recall_10"], abs=1e-9)
        assert ours["recall@100"] == pytest.approx(theirs["recall_100"], abs=1e-9)
        within = theirs["recip_rank"] if theirs["recip_rank"] >= 0.1 else 0.0
        assert ours["mrr@10"] == pytest.approx(within, abs=1e-9)


def test_retrieval_worked_by_hand() -> None:
    ranking = ["x", "good", "y", "best"]
    found = measures.retrieval({"q": ranking}, {"q": {"best": 2, "good": 1, "lost": 1}})["q"]
    gain = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@10"] == pytest.approx(gain / ideal, abs=1e-12)
    assert found["recall@10"] == pytest.approx(2 / 3, abs=1e-12)
    assert found["mrr@10"] == 0.5


def test_a_question_without_relevant_documents_has_no_figures_and_an_empty_ranking_scores_nothing() -> None:
    found = measures.retrieval({"q1": ["a"], "q2": []}, {"q2": {"a": 1}})
    assert found == {"q2": {"ndcg@10": 0.0, "recall@10": 0.0, "mrr@10": 0.0, "recall@100": 0.0}}


@pytest.mark.parametrize("seed", range(5))
def test_agreement_equals_that_of_scikit_learn(seed: int) -> None:
    chance = np.random.default_rng(seed)
    label = chance.integers(0, 2, 80)
    score = np.round(chance.random(80) + 0.3 * label, 1)  # with ties
    told = (score > 0.6).astype(int)
    assert measures.auroc(label, score) == pytest.approx(sklearn_metrics.roc_auc_score(label, score), abs=1e-9)
    assert measures.f1(label, told) == pytest.approx(sklearn_metrics.f1_score(label, told), abs=1e-9)
    assert measures.kappa(label, told) == pytest.approx(sklearn_metrics.cohen_kappa_score(label, told), abs=1e-9)
    expected = sklearn_metrics.balanced_accuracy_score(label, told)
    assert measures.balanced_accuracy(label, told) == pytest.approx(expected, abs=1e-9)


def test_one_class_alone_has_no_figure() -> None:
    ones, told = np.ones(3), np.array([1, 0, 1])
    assert math.isnan(measures.auroc(ones, told.astype(float)))
    assert math.isnan(measures.balanced_accuracy(ones, told))
    assert math.isnan(measures.f1(np.zeros(3), told))
    assert math.isnan(measures.kappa(ones, ones))
    assert math.isnan(measures.calibration_error(np.array([]), np.array([])))


def test_calibration_error_and_reliability_worked_by_hand() -> None:
    probability = np.array([0.05, 0.15, 0.55, 1.0])
    label = np.array([0, 1, 1, 1])
    # bins [0, .2): mean .1, half true; [.4, .6): .55, all true; [.8, 1]: 1, all true
    assert measures.reliability(label, probability) == [(pytest.approx(0.1), 0.5, 2), (0.55, 1.0, 1), (1.0, 1.0, 1)]
    assert measures.calibration_error(label, probability) == pytest.approx(0.5 * 0.4 + 0.25 * 0.45, abs=1e-12)


def test_risk_coverage_worked_by_hand() -> None:
    curve = measures.risk_coverage(np.array([1, 0, 1, 0]), np.array([0.9, 0.2, 0.8, 0.5]))
    assert curve == [(0.25, 0.0), (0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
