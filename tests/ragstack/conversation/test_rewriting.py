"""Follow-up questions: what may be asked in their place, what may not, and what the budget leaves of a conversation."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragstack.conversation.rewriting import Turn, checked, expanded, recent, standalone
from ragstack.generators.base import Delta, Prompt, Usage
from ragstack.generators.extractive import ExtractiveGenerator
from ragstack.stack import RagStack

WHALE = (Turn("What does the blue whale eat?", "The blue whale eats krill."),)
REVENUE = (Turn("What was the revenue of Acme in 2019?", "It was 4 million euros."),)
WHALE_ZH = (Turn("蓝鲸吃什么？", "蓝鲸以磷虾为食。"),)
FOLLOW_UPS = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "benchmarks/followups.jsonl").read_text(encoding="utf-8").splitlines()
]


class Rewriter:
    """Writes the same text whatever it is asked; remembers the prompts."""

    name = "rewriter"

    def __init__(self, text: str) -> None:
        self.text = text
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        self.prompts.append(prompt)
        yield Delta(self.text.split(stop[0])[0] if stop else self.text)
        yield Delta("", Usage(50, 9))

    def close(self) -> None:
        pass


def test_the_first_question_and_one_that_stands_alone_cost_nothing() -> None:
    rewriter = Rewriter("How heavy is the blue whale?")
    assert standalone("How much does it weigh?", [], rewriter) is None
    assert standalone("How many questions does TruthfulQA ask?", WHALE, rewriter) is None
    assert rewriter.prompts == []


def test_the_generator_reads_the_turns_and_its_rewriting_is_taken() -> None:
    rewriter = Rewriter(" How much does the blue whale weigh?\nIt weighs 150 tonnes.")
    assert standalone("How much does it weigh?", WHALE, rewriter) == "How much does the blue whale weigh?"
    (prompt,) = rewriter.prompts
    said = prompt.messages[-1].content
    assert said.index(WHALE[0].question) < said.index(WHALE[0].answer) < said.index("How much does it weigh?")
    assert prompt.evidence == ()


def test_a_chinese_question_is_rewritten_from_a_chinese_prompt() -> None:
    rewriter = Rewriter("改写：蓝鲸有多重？")
    assert standalone("它有多重？", WHALE_ZH, rewriter) == "蓝鲸有多重？"
    assert "改写" in rewriter.prompts[0].messages[0].content


@pytest.mark.parametrize(
    ("written", "question", "history"),
    [
        ("How much does the Antarctic blue whale weigh?", "How much does it weigh?", WHALE),  # a word of its own
        ("The blue whale weighs 150 tonnes.", "How much does it weigh?", WHALE),  # an answer
        ("What does the blue whale eat?", "How much does it weigh?", WHALE),  # another question
        ("How much does it weigh?", "How much does it weigh?", WHALE),  # nothing done
        ("What was the revenue of Acme?", "And in 2020?", REVENUE),  # the number is gone
        ("What was the revenue in 2020 of Bolt?", "And in 2020?", REVENUE),  # a name of its own
        ("And the revenue of Acme in 2020?", "And in 2020?", REVENUE),  # leans still
        ("", "And in 2020?", REVENUE),
        ("抹香鲸有多重？", "它有多重？", WHALE_ZH),
        ("蓝鲸吃什么？", "它有多重？", WHALE_ZH),
    ],
)
def test_a_rewriting_that_says_more_or_less_is_refused(written: str, question: str, history: Sequence[Turn]) -> None:
    assert checked(written, question, history) is None
    assert standalone(question, history, Rewriter(written)) == expanded(question, history[-1].question)


def test_what_replaces_the_old_number_keeps_the_new_one() -> None:
    assert checked("What was the revenue of Acme in 2020?", "And in 2020?", REVENUE)


def test_a_generator_that_cannot_rewrite_adds_the_telling_words_of_the_question_before() -> None:
    assert standalone("Why?", [Turn("When did the Vasa sink?")], ExtractiveGenerator()) == "Why? (Vasa sink)"
    assert standalone("它有多重？", WHALE_ZH, ExtractiveGenerator()) == "它有多重？ (蓝鲸吃)"
    assert expanded("How does the Vasa sink?", "When did the Vasa sink?") == "How does the Vasa sink?"


def test_where_nothing_can_be_added_the_question_stays_as_it_is() -> None:
    assert standalone("Why?", [Turn("Why?")], ExtractiveGenerator()) is None
    assert standalone("Why?", [Turn("abc" * 2000)], ExtractiveGenerator()) is None


def test_a_long_question_before_makes_no_follow_up_too_long() -> None:
    pasted = "蓝鲸吃什么磷虾" * 1000 + "鲸须？"
    became = standalone("它有多重？", [Turn(pasted)], ExtractiveGenerator())
    assert became is not None
    assert len(became) < 600
    follow_up = "Why? " + "word " * 1599
    assert standalone(follow_up, [Turn("When did the Vasa sink?")], ExtractiveGenerator()) is None
    [turn] = recent([Turn(pasted)], 300, lambda texts: [len(text) for text in texts])
    assert turn.question == pasted[-1000:]


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_the_newest_turns_within_the_budget_are_kept_in_their_order() -> None:
    turns = [Turn("a b", "c d"), Turn("e f", "g h"), Turn("i j", "k l")]
    assert recent(turns, 12, count) == turns
    assert recent(turns, 8, count) == turns[1:]
    assert recent(turns, 7, count) == [Turn("e f"), turns[2]]
    assert recent(turns, 0, count) == [Turn("i j")]


@pytest.fixture
def stack(tmp_path: Path, bag_encoder: Any) -> RagStack:
    (tmp_path / "whale.md").write_text("The blue whale eats krill. The blue whale weighs 150 tonnes.", encoding="utf-8")
    (tmp_path / "oak.md").write_text("The oak weighs 14 tonnes.", encoding="utf-8")
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    stack.ingest([tmp_path / "whale.md", tmp_path / "oak.md"])
    return stack


def test_a_follow_up_is_answered_as_what_it_became_and_says_so(stack: RagStack) -> None:
    first = stack.ask("What does the blue whale eat?", generator="extractive")
    assert first.standalone is None
    rewriter = Rewriter("How much does the blue whale weigh?")
    stack._models._generators["llamacpp"] = rewriter
    events = list(stack.stream("How much does it weigh?", history=[first]))
    assert (events[0].kind, events[0].value) == ("standalone", "How much does the blue whale weigh?")
    answer = events[-1].value
    assert (answer.question, answer.standalone) == ("How much does it weigh?", "How much does the blue whale weigh?")
    assert answer.to_dict()["standalone"] == answer.standalone
    assert answer.timings["rewrite"] > 0
    assert Turn.of(answer).question == answer.standalone


def test_a_turn_holds_what_was_said_without_markers_and_without_what_nothing_supports(stack: RagStack) -> None:
    first = stack.ask("What does the blue whale eat?", generator="extractive")
    assert Turn.of(first).question == "What does the blue whale eat?"
    assert "[" not in Turn.of(first).answer


def test_a_follow_up_to_nothing_is_asked_as_it_is(stack: RagStack) -> None:
    events = list(stack.stream("Why?", history=[Turn("Why?")], generator="extractive"))
    assert events[0].kind == "retrieval"
    assert events[-1].value.standalone is None


@pytest.mark.models
@pytest.mark.parametrize("item", [each for each in FOLLOW_UPS if each["id"] in ("en-01", "zh-05")], ids=str)
def test_the_default_decoder_makes_follow_ups_stand_alone(item: dict[str, Any]) -> None:
    with RagStack.open() as stack:
        became = standalone(item["question"], [Turn(*turn) for turn in item["turns"]], stack.generator())
    assert became is not None
    assert became not in (item["question"], expanded(item["question"], item["turns"][-1][0]))
    assert all(any(word in became for word in either) for either in item["needs"])
    assert not any(word in became for word in item["avoid"])
