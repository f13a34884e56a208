"""The tool: an agent calls it, reads the answer with its sources, and the program gets the whole answer."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver

from indexes.errors import UnknownCollection
from ragstack import Answer, RagStack
from ragstack.langchain import answer_tool


class ScriptedModel(GenericFakeChatModel):
    """Says what the script says, and remembers the tools that it was given."""

    bound: list[Any]

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        self.bound.extend(tools)
        return self


def agent_that_asks(tool: BaseTool, question: str, **options: Any) -> Any:
    call = {"name": tool.name, "args": {"question": question}, "id": "call-1", "type": "tool_call"}
    script = iter([AIMessage(content="", tool_calls=[call]), AIMessage(content="That is what they say.")])
    model = ScriptedModel(messages=script, bound=[])
    return model, create_agent(model, [tool], **options)


def told(messages: Sequence[Any]) -> ToolMessage:
    (message,) = [message for message in messages if isinstance(message, ToolMessage)]
    return message


@pytest.mark.parametrize(
    ("question", "file", "quote"),
    [
        ("What does the blue whale eat?", "whale.md", "The blue whale eats krill every day."),
        ("蓝鲸每天以什么为食？", "鲸.md", "蓝鲸每天以磷虾为食。"),
    ],
)
def test_an_agent_gets_the_answer_and_its_sources(stack: RagStack, question: str, file: str, quote: str) -> None:
    tool = stack.as_tool()
    model, agent = agent_that_asks(tool, question)
    result = agent.invoke({"messages": [HumanMessage("Ask them.")]})
    assert {bound.name for bound in model.bound} == {"ask_documents"}
    message = told(result["messages"])
    assert message.status == "success"
    assert isinstance(message.artifact, Answer)
    assert message.artifact.question == question
    assert quote in [citation.quote for citation in message.artifact.citations]
    text, sources = message.content.split("\n\n")
    assert text == message.artifact.text
    assert sources.splitlines()[0].startswith("[1] ")
    assert Path(sources.splitlines()[0].removeprefix("[1] ")).name == file
    assert result["messages"][-1].content == "That is what they say."


async def test_an_agent_can_call_it_without_blocking_the_loop(stack: RagStack) -> None:
    _, agent = agent_that_asks(stack.as_tool(), "What does the blue whale eat?")
    result = await agent.ainvoke({"messages": [HumanMessage("Ask them.")]})
    assert told(result["messages"]).artifact.citations


def test_a_refusal_is_told_with_its_reason(stack: RagStack) -> None:
    _, agent = agent_that_asks(stack.as_tool(), "Who won the chess tournament of 1987 in Reykjavik?")
    message = told(agent.invoke({"messages": [HumanMessage("Ask them.")]})["messages"])
    assert message.artifact.abstained
    assert message.content == f"{message.artifact.text} ({message.artifact.reason})"


@pytest.mark.parametrize(("question", "says"), [("  ", "empty"), ("x" * 100_000, "100,000 characters")])
def test_a_question_that_cannot_be_asked_is_told_to_the_model(stack: RagStack, question: str, says: str) -> None:
    _, agent = agent_that_asks(stack.as_tool(), question)
    message = told(agent.invoke({"messages": [HumanMessage("Ask them.")]})["messages"])
    assert message.status == "error"
    assert says in message.content


def test_a_collection_that_is_not_there_is_for_the_person_to_hear(stack: RagStack) -> None:
    _, agent = agent_that_asks(answer_tool(stack, collection="nowhere"), "What is tea?")
    with pytest.raises(UnknownCollection, match="nowhere"):
        agent.invoke({"messages": [HumanMessage("Ask them.")]})


def test_a_tool_has_the_name_and_the_collection_that_it_is_given(stack: RagStack, documents: list[Path]) -> None:
    stack.ingest([path for path in documents if path.name == "oak.md"], collection="trees")
    tool = stack.as_tool(collection="trees", name="ask_about_trees")
    assert tool.name == "ask_about_trees"
    assert list(tool.args) == ["question"]
    assert "[1]" in tool.description
    assert {Path(line.split("] ")[1]).name for line in tool.invoke("What drops acorns?").splitlines()[2:]} == {"oak.md"}


def test_the_artifact_outlives_a_checkpoint_as_plain_data(stack: RagStack) -> None:
    _, agent = agent_that_asks(stack.as_tool(), "What does the blue whale eat?", checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    answer = told(agent.invoke({"messages": [HumanMessage("Ask them.")]}, config)["messages"]).artifact
    kept = told(agent.get_state(config).values["messages"]).artifact
    assert json.dumps(kept) == json.dumps(asdict(answer))
