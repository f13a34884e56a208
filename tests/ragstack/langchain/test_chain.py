"""The chain: the same answer as the stack's, whole, in pieces, in batches, in a pipe, and traced."""

import json
from collections.abc import Iterator
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda, RunnablePassthrough

from indexes.errors import UnknownCollection, UsageError
from ragstack import RagStack, Turn
from ragstack.langchain import RagStackChain, RagStackRetriever
from ragstack.langchain.chain import history_of

ENGLISH = "What does the blue whale weigh and eat?"
CHINESE = "蓝鲸最重可达多少吨，以什么为食？"
UNANSWERABLE = "Who won the chess tournament of 1987 in Reykjavik?"
QUESTIONS = (ENGLISH, CHINESE, UNANSWERABLE)


@pytest.fixture
def chain(stack: RagStack) -> RagStackChain:
    return RagStackChain(stack)


def without_timings(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "timings"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_the_stacks_with_the_documents_that_were_retrieved(
    chain: RagStackChain, stack: RagStack, question: str
) -> None:
    answer = chain.invoke(question)
    assert isinstance(chain, Runnable)
    documents = answer.pop("source_documents")
    assert without_timings(answer) == without_timings(stack.ask(question).to_dict())
    assert set(answer["timings"]) >= {"retrieve", "evidence", "generate", "verify", "total"}
    assert json.loads(json.dumps(answer)) == answer
    assert documents == RagStackRetriever(stack).invoke(question)
    assert answer["abstained"] is (question == UNANSWERABLE)


@pytest.mark.parametrize("question", QUESTIONS)
def test_streamed_pieces_add_up_to_the_answer(chain: RagStackChain, question: str) -> None:
    pieces = list(chain.stream(question))
    whole = chain.invoke(question)
    assert without_timings(reduce(add, pieces)) == without_timings(whole)
    assert set(pieces[0]) == {"question", "source_documents"}
    sentences = [piece["answer"] for piece in pieces[1:-1]]
    assert len(sentences) == len(whole["sentences"])
    assert set(pieces[-1]) == set(whole) - {"question", "source_documents"} - ({"answer"} if sentences else set())
    for piece, sentence in zip(sentences, whole["sentences"], strict=True):
        assert piece.strip() == sentence["text"] + "".join(f"[{n}]" for n in sentence["citations"])


@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_several_sentences_are_streamed_one_by_one(chain: RagStackChain, question: str) -> None:
    assert len([piece for piece in chain.stream(question) if piece.get("answer")]) >= 2


async def test_async_calls_give_the_same(chain: RagStackChain) -> None:
    whole = without_timings(chain.invoke(ENGLISH))
    assert without_timings(await chain.ainvoke(ENGLISH)) == whole
    pieces = [piece async for piece in chain.astream(ENGLISH)]
    assert len(pieces) == len(list(chain.stream(ENGLISH)))
    assert without_timings(reduce(add, pieces)) == whole
    assert [without_timings(answer) for answer in await chain.abatch([ENGLISH, CHINESE])] == [
        whole,
        without_timings(chain.invoke(CHINESE)),
    ]


def test_a_batch_keeps_the_order_of_its_questions(chain: RagStackChain) -> None:
    answers = chain.batch(list(QUESTIONS) * 2, config={"max_concurrency": 3})
    assert [answer["question"] for answer in answers] == list(QUESTIONS) * 2
    assert [without_timings(answer) for answer in answers[:3]] == [
        without_timings(chain.invoke(question)) for question in QUESTIONS
    ]


def test_a_batch_can_return_its_errors(chain: RagStackChain) -> None:
    answer, error = chain.batch([ENGLISH, " "], return_exceptions=True)
    assert answer["question"] == ENGLISH
    assert isinstance(error, UsageError)


@pytest.mark.parametrize("key", ["question", "input", "query"])
def test_a_question_may_come_in_a_mapping(chain: RagStackChain, key: str) -> None:
    assert chain.invoke({key: f" {ENGLISH}\n", "other": 1})["question"] == ENGLISH


@pytest.mark.parametrize(("given", "says"), [({"text": "x"}, "'text'"), ({}, "no keys"), (["What?"], "list")])
def test_what_holds_no_question_is_refused_in_one_line(chain: RagStackChain, given: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        chain.invoke(given)
    assert says in str(caught.value)
    assert "'question'" in str(caught.value)
    assert "\n" not in str(caught.value)


HISTORY = [HumanMessage("What does the blue whale eat?"), AIMessage("The blue whale eats krill every day.[1]")]


@pytest.mark.parametrize(
    "messages",
    [
        HISTORY,
        [("human", HISTORY[0].content), ("ai", HISTORY[1].content)],
        [{"role": "user", "content": HISTORY[0].content}, {"role": "assistant", "content": HISTORY[1].content}],
        [SystemMessage("Be kind."), *HISTORY],
    ],
)
def test_a_follow_up_is_understood_from_the_messages_before_it(
    chain: RagStackChain, stack: RagStack, messages: list[Any]
) -> None:
    given = {"question": "How much does it weigh?", "chat_history": messages}
    whole = chain.invoke(given)
    assert whole["standalone"] == "How much does it weigh? (blue whale eat)"
    turns = [Turn("What does the blue whale eat?", "The blue whale eats krill every day.")]
    expected = stack.ask("How much does it weigh?", history=turns)
    assert without_timings(expected.to_dict()).items() <= without_timings(whole).items()
    pieces = list(chain.stream(given))
    assert set(pieces[0]) == {"standalone"}
    assert without_timings(reduce(add, pieces)) == without_timings(whole)


def test_the_turns_of_a_history_are_its_questions_with_their_answers() -> None:
    assert history_of({"chat_history": [*HISTORY, HumanMessage("And the oak?")]}) == [
        Turn("What does the blue whale eat?", "The blue whale eats krill every day."),
        Turn("And the oak?"),
    ]
    assert history_of("What?") == history_of({"chat_history": []}) == []


def test_a_refusal_is_no_answer_to_lean_on() -> None:
    refused = [HISTORY[0], AIMessage("The documents don't say."), HumanMessage("它呢？"), AIMessage("文档中没有说明。")]
    assert history_of({"chat_history": refused}) == [Turn(HISTORY[0].text), Turn("它呢？")]


def test_a_question_that_follows_itself_is_streamed_as_it_is(chain: RagStackChain) -> None:
    given = {"question": "Why?", "chat_history": [HumanMessage("Why?")]}
    whole = chain.invoke(given)
    assert whole["standalone"] is None
    assert without_timings(reduce(add, chain.stream(given))) == without_timings(whole)


def test_a_history_that_is_none_is_refused_in_one_line(chain: RagStackChain) -> None:
    with pytest.raises(UsageError, match="chat_history holds no messages") as caught:
        chain.invoke({"question": "Why?", "chat_history": [3]})
    assert "\n" not in str(caught.value)


def test_an_answer_can_be_explained(chain: RagStackChain) -> None:
    assert "explanation" not in chain.invoke(ENGLISH)
    assert chain.bind(explain=True).invoke(ENGLISH)["explanation"]["evidence"]


def test_it_composes_with_other_runnables(chain: RagStackChain) -> None:
    expected = chain.invoke(ENGLISH)
    piped = RunnableLambda(lambda topic: f"What does the {topic} weigh and eat?") | chain | (lambda out: out["answer"])
    assert piped.invoke("blue whale") == expected["answer"]
    assert "".join(chain.pick("answer").stream(ENGLISH)) == expected["answer"]
    sources = chain.assign(files=lambda out: sorted({Path(c["document"]).name for c in out["citations"]}))
    assert sources.invoke(ENGLISH)["files"] == ["whale.md"]
    beside = RunnablePassthrough.assign(result=chain).invoke({"question": ENGLISH, "user": "me"})
    assert beside["user"] == "me"
    assert beside["result"]["answer"] == expected["answer"]


def test_fields_can_be_set_bound_and_configured(stack: RagStack, chain: RagStackChain, documents: list[Path]) -> None:
    stack.ingest([path for path in documents if path.name == "oak.md"], collection="trees")

    def files(answer: dict[str, Any]) -> set[str]:
        return {Path(document.metadata["document"]).name for document in answer["source_documents"]}

    assert files(chain.invoke("blue whale")) > {"oak.md"}
    assert files(RagStackChain(stack=stack, collection="trees").invoke("blue whale")) == {"oak.md"}
    assert files(chain.bind(where={"lang": "zh"}).invoke("blue whale")) == {"鲸.md"}
    configurable = chain.configurable_fields(collection=ConfigurableField(id="collection"))
    assert files(configurable.invoke("blue whale", config={"configurable": {"collection": "trees"}})) == {"oak.md"}
    with pytest.raises(UnknownCollection, match="nowhere"):
        RagStackChain(stack, collection="nowhere").invoke(ENGLISH)


class Trace(BaseCallbackHandler):
    def __init__(self) -> None:
        self.runs: list[tuple[Any, ...]] = []

    def on_chain_start(self, serialized: Any, inputs: Any, *, tags: Any = None, **kwargs: Any) -> None:
        self.runs.append(("start", kwargs["name"], tuple(tags or ()), kwargs["metadata"].get("user")))

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.runs.append(("end", outputs["answer"]))

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.runs.append(("error", type(error)))


async def test_callbacks_tags_and_metadata_are_honoured(chain: RagStackChain) -> None:
    text = chain.invoke(ENGLISH)["answer"]
    trace = Trace()
    traced = chain.with_config(callbacks=[trace], tags=["whales"], metadata={"user": "me"}, run_name="asking")
    traced.invoke(ENGLISH)
    list(traced.stream(ENGLISH))
    await traced.ainvoke(ENGLISH)
    [piece async for piece in traced.astream(ENGLISH)]
    assert trace.runs == [("start", "asking", ("whales",), "me"), ("end", text)] * 4
    with pytest.raises(UsageError):
        list(traced.stream(" "))
    assert trace.runs[-1] == ("error", UsageError)


async def test_events_of_langchain_carry_the_pieces(chain: RagStackChain) -> None:
    events = [event async for event in chain.astream_events(ENGLISH, version="v2")]
    streamed = [event["data"]["chunk"] for event in events if event["event"] == "on_chain_stream"]
    assert without_timings(reduce(add, streamed)) == without_timings(chain.invoke(ENGLISH))


async def test_leaving_a_stream_early_ends_the_work_on_it(chain: RagStackChain, stack: RagStack) -> None:
    ended = []

    class Watched(RagStack):
        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from super().stream(*args, **kwargs)
            finally:
                ended.append(True)

    stack.__class__ = Watched
    pieces = chain.astream(ENGLISH)
    assert "source_documents" in await anext(pieces)
    await pieces.aclose()  # type: ignore[attr-defined]
    assert ended == [True]


def test_the_schemas_say_what_goes_in_and_what_comes_out(chain: RagStackChain) -> None:
    taken = chain.get_input_jsonschema()
    assert [kind["type"] for kind in taken["anyOf"]] == ["string", "object"]
    given = chain.get_output_jsonschema()
    assert set(given["properties"]) == set(chain.invoke(ENGLISH))
    assert set(given["$defs"]["Citation"]["properties"]) == set(chain.invoke(ENGLISH)["citations"][0])
