"""What a run will take, by a clock that the models themselves push on: the estimate is in proportion to the work."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ragstack.evaluation import estimating
from ragstack.evaluation.adapters import Response
from ragstack.evaluation.estimating import estimate_answers, estimate_judging
from ragstack.evaluation.verdicts import Premise, Verdict
from ragstack.generators.base import Delta, Prompt
from ragstack.stack import RagStack


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(estimating, "time", clock)
    return clock


class Reader:
    """A judge that takes so many seconds for each token that it is given and for the 120 around them."""

    name = "reader"

    def __init__(self, clock: Clock, encoder: Any, pace: float) -> None:
        self.clock, self.encoder, self.pace = clock, encoder, pace
        self.loaded = False

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        self.clock.now += 0 if self.loaded else 1000  # a model is loaded once
        self.loaded = True
        tokens = sum(self.encoder.count_tokens([premise.text for premise in premises]))
        self.clock.now += self.pace * (tokens + 120)
        return Verdict(1.0, True)


class Writer:
    name = "writer"

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        self.clock.now += self.seconds
        yield Delta("It is.")

    def close(self) -> None:
        pass


def response(words: int, claims: int) -> Response:
    return Response("", " ".join(f"Whale {n} eats." for n in range(claims)), ("krill " * words,))


def test_the_time_of_judging_is_what_the_judge_then_takes(stack: RagStack, clock: Clock, bag_encoder: Any) -> None:
    judge = Reader(clock, bag_encoder, pace=0.5)
    for responses in ([response(40, 1)], [response(40, 1)] * 10, [response(80, 3), response(7, 2)]):
        told = estimate_judging(stack, responses, 0, judge)
        began = clock.now
        for each in responses:
            for _ in range(len(estimating.checks(each))):
                judge.check("", "", [Premise(text) for text in each.contexts])
        assert told.seconds == pytest.approx(clock.now - began)
    assert estimate_judging(stack, [], 5, judge).seconds == 0.0


def test_the_time_of_answering_grows_with_the_questions_and_the_pace(
    stack: RagStack, clock: Clock, bag_encoder: Any
) -> None:
    def seconds(questions: int, pace: float, writing: float) -> float:
        judge, writer = Reader(clock, bag_encoder, pace), Writer(clock, writing)
        told = estimate_answers(stack, questions, 0, writer, judge, asks=False)
        assert told.seconds is not None
        return told.seconds

    # ten questions: 15 claims of 200 tokens at half a second, and ten times writing
    assert seconds(10, 0.5, 7.0) == pytest.approx(15 * 200 * 0.5 + 10 * 7.0)
    assert seconds(40, 0.5, 7.0) == pytest.approx(4 * seconds(10, 0.5, 7.0))
    assert seconds(10, 1.5, 21.0) == pytest.approx(3 * seconds(10, 0.5, 7.0))
