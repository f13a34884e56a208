"""Whether questions lead where they should."""

from collections.abc import Callable

import pytest

from indexes.records import Hit
from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.passages import choose
from ragstack.evaluation.testsets.roundtrip import agrees, answered_after_all, depth, lost
from ragstack.evaluation.testsets.values import Fact, Passage
from ragstack.stack import RagStack

Make = Callable[..., Passage]


@pytest.mark.parametrize(("chunks", "deep"), [(1, 10), (100, 10), (250, 25), (500, 50), (100_000, 50)])
def test_a_source_may_lie_a_tenth_of_the_collection_deep(chunks: int, deep: int) -> None:
    assert depth(chunks) == deep


def test_a_question_must_lead_to_its_source_and_to_it_alone(filled: RagStack) -> None:
    [steps] = [p for p in choose(filled.collection("set"), 0) if "214" in p.text]
    [fact] = [fact for fact in facts(steps) if fact.text == "214"]

    def search(text: str, k: int) -> list[Hit]:
        return filled.search(text, k, collection="set")

    def elsewhere(text: str, k: int) -> list[Hit]:
        return [hit for hit in search(text, k) if hit.document_id != steps.document_id]

    assert lost("How many steps does Skarn lighthouse have?", steps, fact, search, 10) == ""
    assert lost("How many steps does Skarn lighthouse have?", steps, fact, elsewhere, 10) == "its source is not found"
    assert lost("How many lighthouse?", steps, fact, search, 10) == "another sentence fits as well"


def test_a_twist_is_answered_where_a_chunk_holds_it_with_the_rest(filled: RagStack) -> None:
    def search(text: str, k: int) -> list[Hit]:
        return filled.search(text, k, collection="set")

    assert answered_after_all("How many wheels does Veld mill contain?", "Veld mill", search, 10)
    assert not answered_after_all("How many steps does Veld mill have?", "Veld mill", search, 10)
    assert answered_after_all("为什么长风桥桥面宽24米？", "24", search, 10)
    assert not answered_after_all("为什么长风桥桥面宽40米？", "40", search, 10)


@pytest.mark.parametrize(
    ("read", "asks", "answer", "language", "same"),
    [
        ("It has 214 steps.", "number", "214", "en", True),
        ("It has 2140 steps.", "number", "214", "en", False),
        ("none", "number", "214", "en", False),
        ("A gate for water", "definition", "a gate that lets water out", "en", True),
        ("A kind of lamp", "definition", "a gate that lets water out", "en", False),
        ("5", "number", "5 个", "zh", True),
        ("15", "number", "5 个", "zh", False),
        ("水闸管理办法", "name", "《水闸管理办法》", "zh", True),
        ("无", "date", "1957年", "zh", False),
    ],
)
def test_what_is_read_back_must_be_the_answer(read: str, asks: str, answer: str, language: str, same: bool) -> None:
    assert agrees(read, Fact(asks, 0, 9, answer), language) is same  # type: ignore[arg-type]
