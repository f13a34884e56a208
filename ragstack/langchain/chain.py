"""Question → answer with verified citations, as a LangChain ``Runnable``.

What goes in is a question: a text, or a mapping that holds it under ``question``, ``input`` or ``query``, and the
conversation so far, if any, under ``chat_history``: messages as LangChain knows them.

What comes out is a mapping: ``Answer.to_dict()``, the JSON of ``ragstack ask --json``, and ``source_documents``, the
chunks that were retrieved as the retriever gives them. ``stream`` gives it in pieces that add up to the same
mapping: first ``question`` and ``source_documents`` (before them ``standalone``, where the question leant on the
conversation), then ``answer`` sentence by sentence, each one checked, with its markers, and at last all the rest.
Nothing unchecked is ever streamed.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from functools import reduce
from operator import add
from typing import Any, cast

from langchain_core.documents import Document
from langchain_core.messages import convert_to_messages
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.utils import AddableDict
from pydantic import BaseModel, ConfigDict

from indexes.errors import UsageError
from ragstack.answers import Answer, AnswerSentence, Citation, Event, Passage, TokenUsage, unmarked
from ragstack.config import GeneratorKind
from ragstack.conversation import Turn
from ragstack.langchain.documents import from_hit
from ragstack.langchain.threads import iterate_in_thread
from ragstack.language import PHRASES, language_of
from ragstack.stack import RagStack, Where

__all__ = ["ChainInput", "ChainOutput", "RagStackChain"]

ChainInput = str | Mapping[str, Any]
QUESTION_KEYS = ("question", "input", "query")
HISTORY_KEY = "chat_history"
_REFUSALS = {phrases.refusal for phrases in PHRASES.values()}


class ChainOutput(BaseModel):
    """The schema of what comes out; the records are mappings with the fields of the classes named here."""

    question: str
    answer: str
    abstained: bool
    reason: str
    sentences: list[AnswerSentence]
    citations: list[Citation]
    confidence: float | None
    dropped: list[str]
    nearest: list[Passage]
    generator: str
    usage: TokenUsage
    timings: dict[str, float]
    standalone: str | None
    source_documents: list[Document]


class RagStackChain(RunnableSerializable[ChainInput, dict[str, Any]]):
    """Answers questions from a collection of ``stack``; what is left None is as the stack's config says.

    ``collection``, ``generator`` and ``where`` can also be given with a call or bound:
    ``chain.bind(where={"lang": "zh"})``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    stack: RagStack
    collection: str | None = None
    generator: GeneratorKind | None = None
    where: Where = None

    def __init__(self, stack: RagStack, **fields: Any) -> None:
        super().__init__(**{"stack": stack, **fields})

    @property
    def OutputType(self) -> Any:  # noqa: N802 - LangChain's name
        """The type that ``output_schema`` describes."""
        return ChainOutput

    def invoke(self, input: ChainInput, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """The answer.

        Raises:
            UsageError: there is no question in ``input``, or it is empty or too long.
            RagStackError: as :meth:`ragstack.RagStack.ask` says.
        """
        return self._call_with_config(self._answer, input, config, **kwargs)

    def stream(
        self, input: ChainInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[dict[str, Any]]:
        """The answer in pieces that add up to what :meth:`invoke` returns."""
        yield from self._transform_stream_with_config(iter([input]), self._stream, config, **kwargs)

    async def astream(
        self, input: ChainInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """The same as :meth:`stream`; the work is done in a thread of its own, in one from first to last."""

        async def inputs() -> AsyncIterator[ChainInput]:
            yield input

        pieces = self._atransform_stream_with_config(inputs(), self._astream, config, **kwargs)
        async with aclosing(cast("AsyncGenerator[dict[str, Any], None]", pieces)):
            async for piece in pieces:
                yield piece

    def _answer(self, input: ChainInput, **kwargs: Any) -> dict[str, Any]:
        return dict(reduce(add, self._stream(iter([input]), **kwargs)))

    def _stream(self, inputs: Iterator[ChainInput], **kwargs: Any) -> Iterator[dict[str, Any]]:
        given = next(inputs)
        pieces = _Pieces(question_of(given))
        for event in self._events(pieces.question, given, **kwargs):
            yield from pieces.of(event)

    async def _astream(self, inputs: AsyncIterator[ChainInput], **kwargs: Any) -> AsyncIterator[dict[str, Any]]:
        given = await anext(inputs)
        pieces = _Pieces(question_of(given))
        async with aclosing(iterate_in_thread(self._events(pieces.question, given, **kwargs))) as events:
            async for event in events:
                for piece in pieces.of(event):
                    yield piece

    def _events(self, question: str, given: ChainInput, **kwargs: Any) -> Iterator[Event]:
        fields = {"collection": self.collection, "generator": self.generator, "where": self.where}
        return self.stack.stream(question, history=history_of(given), **{**fields, **kwargs})


class _Pieces:
    """Turns the events of one answer into the pieces of its mapping."""

    def __init__(self, question: str) -> None:
        self.question = question
        self._separator = PHRASES[language_of(question)].separator
        self._given = AddableDict()

    def of(self, event: Event) -> Iterator[AddableDict]:
        """The piece that an event adds, if any."""
        piece = self._piece(event)
        if piece:
            self._given += piece
            yield piece

    def _piece(self, event: Event) -> AddableDict:
        match event.kind:
            case "standalone":
                return AddableDict(standalone=event.value)
            case "retrieval":
                documents = [from_hit(hit) for hit in event.value]
                return AddableDict(question=self.question, source_documents=documents)
            case "sentence":
                return AddableDict(answer=self._sentence(event.value))
            case "done":
                return self._rest(event.value)
        return AddableDict()

    def _sentence(self, sentence: AnswerSentence) -> str:
        separator = self._separator if "answer" in self._given else ""
        return separator + sentence.marked

    def _rest(self, answer: Answer) -> AddableDict:
        """What is missing from the whole; keys that were given hold texts and lists, which only grow."""
        rest = AddableDict()
        for key, value in answer.to_dict().items():
            if key not in self._given:
                rest[key] = value
            elif missing := value[len(self._given[key]) :]:
                rest[key] = missing
        return rest


def history_of(given: ChainInput) -> list[Turn]:
    """The turns of a conversation that was given to a chain: each question of a person with what was answered.

    Raises:
        UsageError: what stands under ``chat_history`` are no messages.
    """
    messages = given.get(HISTORY_KEY) if isinstance(given, Mapping) else None
    turns: list[Turn] = []
    try:
        converted = convert_to_messages(messages or [])
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        found = " ".join(str(error).split())[:200]
        raise UsageError(f"{HISTORY_KEY} holds no messages ({found}); expected LangChain's, oldest first") from None
    for message in converted:
        text = str(message.text).strip()
        if message.type == "human" and text:
            turns.append(Turn(text))
        elif message.type == "ai" and turns and text not in _REFUSALS:
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer} {unmarked(text)}".strip())
    return turns


def question_of(given: ChainInput) -> str:
    """The question that was given to a chain.

    Raises:
        UsageError: it is neither a text nor a mapping that holds one.
    """
    if isinstance(given, str):
        return given.strip()
    for key in QUESTION_KEYS:
        if isinstance(given, Mapping) and isinstance(given.get(key), str):
            return str(given[key]).strip()
    kind = type(given).__name__
    found = f"{kind} with {', '.join(map(repr, given)) or 'no keys'}" if isinstance(given, Mapping) else kind
    raise UsageError(f"the chain was given {found}; expected a question, or a mapping that holds it under 'question'")
