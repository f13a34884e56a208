"""A stack as a LangChain tool: an agent asks and reads the answer; the program around it gets the whole `Answer`."""

from typing import Protocol

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field

from indexes.errors import UsageError
from indexes.places import paged
from ragstack.answers import Answer

__all__ = ["Asked", "answer_tool"]

# Read by the agent's model. It says when to call, and that a refusal is an answer too: models tend to ask again.
DESCRIPTION = (
    "Answers a question from the user's documents, in English or Chinese. Every sentence of the answer carries "
    "markers such as [1] that refer to the listed sources, and has been checked against them. When the documents do "
    "not hold the answer, it says so: then do not make one up."
)


class Asked(Protocol):
    """What answers: a :class:`ragstack.stack.RagStack`."""

    def ask(self, question: str, *, collection: str | None = None) -> Answer:
        """The answer to one question, from a collection (None: the config's default)."""


class Question(BaseModel):
    """What the agent's model fills in."""

    question: str = Field(description="One complete question that can be understood without the conversation.")


def answer_tool(stack: Asked, *, collection: str | None = None, name: str = "ask_documents") -> BaseTool:
    """A tool that answers from a collection of ``stack`` (None: the config's default).

    Its content is the answer's text with the list of its sources; its artifact is the
    :class:`ragstack.answers.Answer`. A question that is empty or too long is told to the model as the tool's error;
    other errors of ragstack are for people, and are raised.
    """

    def ask(question: str) -> tuple[str, Answer]:
        from ragstack.retrieval import check_question

        try:
            question = check_question(question)
        except UsageError as error:
            raise ToolException(str(error)) from error
        answer = stack.ask(question, collection=collection)
        return _told(answer), answer

    return StructuredTool.from_function(
        func=ask,
        name=name,
        description=DESCRIPTION,
        args_schema=Question,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _told(answer: Answer) -> str:
    """The answer for a model to read: where each marker leads, or why there is no answer."""
    if answer.abstained:
        return f"{answer.text} ({answer.reason})"
    places = (citation.place or paged(citation.page) for citation in answer.citations)
    sources = (
        f"[{citation.n}] {citation.document}" + (f", {place}" if place else "")
        for citation, place in zip(answer.citations, places, strict=True)
    )
    return "\n".join([answer.text, "", *sources])
