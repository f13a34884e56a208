"""Any system's output, sentence by sentence: what claims, what it cites, and what a broken judge does."""

from typing import Any

import pytest

from indexes.errors import ModelError
from ragstack.evaluation.adapters import Response, from_langchain, from_ragas, response_of
from ragstack.evaluation.judging import claims_of, judge


def test_each_claim_is_laid_beside_all_contexts_and_beside_those_it_cites(verbatim: Any) -> None:
    response = "It eats krill. [1] It is blue.[2] It can fly [1, 9]."
    judgement = judge(Response(response, ("It eats krill.", "It is big. It is blue."), "What is it?"), verbatim)
    assert [(claim.text, claim.supported, claim.cited, claim.cited_supported) for claim in judgement.claims] == [
        ("It eats krill.", True, (1,), True),
        ("It is blue.", True, (2,), True),
        ("It can fly.", False, (1,), False),
    ]
    assert [response[claim.start : claim.end] for claim in judgement.claims][2] == "It can fly [1, 9]."
    assert not judgement.faithful
    assert judgement.probability == pytest.approx(0.1)


def test_a_claim_that_another_context_supports_is_supported_and_wrongly_cited(verbatim: Any) -> None:
    [claim] = judge(Response("大熊猫吃竹子。[1]", ("蓝鲸吃磷虾。", "大熊猫吃竹子。")), verbatim).claims
    assert (claim.supported, claim.cited_supported) == (True, False)


def test_questions_and_bare_marks_claim_nothing(verbatim: Any) -> None:
    assert claims_of("Do you like whales? ……") == []
    assert claims_of("你喜欢熊猫吗？") == []
    judgement = judge(Response("Do you like whales?", ("Whales swim.",)), verbatim)
    assert judgement.faithful
    assert judgement.probability == 1.0
    response = "熊猫吃竹子。你知道吗？它住在四川。"
    assert [response[start:end] for start, end in claims_of(response)] == ["熊猫吃竹子。", "它住在四川。"]


def test_a_judge_that_fails_says_so(verbatim: Any) -> None:
    with pytest.raises(ModelError, match="the judge broke"):
        judge(Response("BREAK it.", ("It is whole.",)), verbatim)


class Document:
    """As LangChain's."""

    def __init__(self, page_content: str) -> None:
        self.page_content = page_content


def test_outputs_of_other_systems_become_one_value() -> None:
    expected = Response("It eats krill.", ("Whales eat krill.", "They swim."), "What does it eat?")
    texts = list(expected.contexts)
    documents = [Document(text) for text in texts]
    asked = {"question": expected.question}
    assert from_ragas({**asked, "answer": expected.response, "contexts": texts}) == expected
    assert from_langchain({"query": expected.question, "result": expected.response, "source_documents": documents}) == (
        expected
    )
    assert response_of({"input": expected.question, "answer": expected.response, "context": documents}) == expected
    assert response_of({**asked, "response": expected.response, "context": "\n".join(texts)}).contexts == (
        "Whales eat krill.\nThey swim.",
    )


TURNS = [
    ("human", "Who are you?"), ("ai", "A bot."), ("tool", "Stones sleep."), ("human", "What does it eat?"),
    ("ai", ""), ("tool", "Whales eat krill."), ("tool", "They swim."), ("ai", "It eats krill."),
]  # fmt: skip


class Message:
    """As LangChain's, with its text in blocks."""

    def __init__(self, type: str, content: str) -> None:
        self.type = type
        self.content = [{"type": "text", "text": content}]
        self.artifact = [Document(content)] if type == "tool" else None


@pytest.mark.parametrize(
    "record",
    [
        {"user_input": [{"type": kind, "content": text} for kind, text in TURNS]},
        {"messages": [Message(*turn) for turn in TURNS]},
        {"messages": [{"lc": 1, "kwargs": {"type": kind, "content": text}} for kind, text in TURNS]},
        {"messages": [{"role": {"human": "user", "ai": "assistant"}.get(kind, kind), "content": text}
                      for kind, text in TURNS]},
        {"user_input": [{"type": kind, "content": text} for kind, text in TURNS if kind != "tool"],
         "retrieved_contexts": ["Whales eat krill.", "They swim."]},
    ],
)  # fmt: skip
def test_of_a_conversation_the_last_turn_counts_with_what_tools_found_for_it(record: dict[str, Any]) -> None:
    expected = Response("It eats krill.", ("Whales eat krill.", "They swim."), "What does it eat?")
    assert response_of(record) == expected


def test_real_messages_of_langchain_are_understood() -> None:
    from langchain_core.documents import Document as Real
    from langchain_core.load import dumpd
    from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

    found = ToolMessage("Source: a.md", tool_call_id="1", artifact=[Real("Whales eat krill.")])
    messages = [HumanMessage("What does it eat?"), AIMessage(""), found, AIMessage("It eats krill.")]
    expected = Response("It eats krill.", ("Whales eat krill.",), "What does it eat?")
    assert from_langchain({"messages": messages}) == expected
    assert from_langchain({"messages": [dumpd(message) for message in messages]}) == expected
    chain = {
        "input": "What does it eat?",
        "answer": AIMessage("It eats krill."),
        "context": [Real("Whales eat krill.")],
    }
    assert response_of(chain) == expected


def test_ragtruth_s_two_files_joined_are_understood() -> None:
    asked = {"question": "What does it eat?", "passages": "passage 1:Whales eat krill."}
    record = {"response": "Krill.", "labels": [], "source_info": asked}
    assert response_of(record) == Response("Krill.", ("passage 1:Whales eat krill.",), "What does it eat?")
    assert response_of(record | {"source_info": "Whales."}).contexts == ("Whales.",)
    assert response_of(record | {"source_info": {"name": "Moby", "城市": "港"}}).contexts == (
        '{"name": "Moby", "城市": "港"}',
    )


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"answer": "x", "contexts": []}, "the context is empty"),
        ({"answer": "x", "contexts": 3}, "the context is 3"),
        ({"answer": "", "contexts": ["c"]}, "answer or response"),
        ({"answer": "x", "contexts": [{"page": 1}]}, "a context is {'page': 1}"),
        ({"result": "x", "source_documents": None}, "the context is None"),
        ({}, "response is None"),
        ({"messages": [{"type": "ai", "content": "x"}]}, "no message of a person"),
        ({"messages": [{"type": "human", "content": "x"}]}, "the last question of the conversation has no answer"),
        ({"user_input": [{"type": "human", "content": "q"}, {"type": "ai", "content": "a"}]}, "the context is empty"),
    ],
)
def test_a_record_that_lacks_something_says_what(record: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        response_of(record)
