"""Measuring: retrieval, answers, and the faithfulness of any system's output; free, repeatable, bilingual.

>>> from ragstack.evaluation import evaluate_retrieval
>>> result = evaluate_retrieval(stack, "data/", limit=100)
>>> result.metrics["ndcg@10"]

Every figure comes with a 95 % interval; ``docs/evaluation.md`` says what each one means.
"""

from ragstack.evaluation.adapters import Response, from_langchain, from_ragas
from ragstack.evaluation.answers import evaluate_answers, foresee_answers
from ragstack.evaluation.comparing import compare
from ragstack.evaluation.faithfulness import evaluate_faithfulness, foresee_faithfulness
from ragstack.evaluation.judging import Claim, Judgement, judge
from ragstack.evaluation.report import write_report
from ragstack.evaluation.results import Result
from ragstack.evaluation.retrieval import evaluate_retrieval
from ragstack.evaluation.testsets import Accepted, TestSet, accept_testset, make_testset
from ragstack.evaluation.verifiers import Premise, Verdict, Verifier, open_verifier

__all__ = [
    "Accepted",
    "Claim",
    "Judgement",
    "Premise",
    "Response",
    "Result",
    "TestSet",
    "Verdict",
    "Verifier",
    "accept_testset",
    "compare",
    "evaluate_answers",
    "evaluate_faithfulness",
    "evaluate_retrieval",
    "foresee_answers",
    "foresee_faithfulness",
    "from_langchain",
    "from_ragas",
    "judge",
    "make_testset",
    "open_verifier",
    "write_report",
]
