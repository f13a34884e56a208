"""Test sets from a collection of one's own: questions with known sources, and such as it does not answer.

>>> from ragstack.evaluation import accept_testset, make_testset
>>> made = make_testset(stack, "manuals", out="set/", n=50)
>>> accept_testset("set/", "decisions.json").file  # after a look at set/review.html
'set/accepted.jsonl'

``docs/testsets.md`` says what the kinds mean and how far to trust them.
"""

from ragstack.evaluation.testsets.accepting import Accepted, accept_testset
from ragstack.evaluation.testsets.making import TestSet, make_testset

__all__ = ["Accepted", "TestSet", "accept_testset", "make_testset"]
