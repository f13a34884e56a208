"""The retriever: LangChain's own tests, and documents that say exactly where they come from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from indexes.errors import UnknownCollection, UsageError
from indexes.records import Hit
from ragstack import RagStack
from ragstack.langchain import RagStackRetriever
from ragstack.langchain.documents import from_hit


class TestStandard(RetrieversIntegrationTests):
    """LangChain's standard tests."""

    @pytest.fixture(autouse=True)
    def _stack(self, stack: RagStack) -> None:
        self.stack = stack

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return RagStackRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"stack": self.stack}

    @property
    def retriever_query_example(self) -> str:
        return "What does the blue whale eat?"


@pytest.mark.parametrize(
    ("question", "file", "words"),
    [
        ("What does the blue whale eat?", "whale.md", "The blue whale eats krill every day."),
        ("蓝鲸以什么为食？", "鲸.md", "蓝鲸每天以磷虾为食。"),
    ],
)
def test_a_document_holds_the_chunk_and_its_place(stack: RagStack, question: str, file: str, words: str) -> None:
    document = RagStackRetriever(stack, k=1).invoke(question)[0]
    (hit,) = stack.search(question, k=1)
    assert isinstance(document, Document)
    assert document.id == str(hit.chunk_id)
    assert words in document.page_content
    assert Path(document.metadata["document"]).name == file
    place = {name: getattr(hit, name) for name in ("document", "title", "page", "start", "end", "score", "score_kind")}
    assert document.metadata == {**hit.metadata, **place}
    stored = stack.collection().document(hit.document_id)
    assert stored is not None
    assert stored.text[document.metadata["start"] : document.metadata["end"]] == document.page_content


def test_a_document_of_a_file_with_pages_says_its_place() -> None:
    hit = Hit(7, 1, "q3.xlsx", "Q3", 2, 0, 5, "words", "", {"place": "sheet 'Q3' row 7"}, 1, 0.5, "cosine")
    assert from_hit(hit).metadata["place"] == "sheet 'Q3' row 7"
    assert from_hit(replace(hit, metadata={})).metadata["place"] == "page 2"
    assert from_hit(replace(hit, page=None, metadata={"place": "Bern"})).metadata["place"] == "Bern"


def test_fields_and_arguments_of_a_call_reach_the_search(stack: RagStack) -> None:
    retriever = RagStackRetriever(stack=stack, mode="lexical", where={"lang": "zh"})
    assert [document.metadata["score_kind"] for document in retriever.invoke("蓝鲸")] == ["bm25"]
    assert [document.metadata["score_kind"] for document in retriever.invoke("蓝鲸", mode="dense")] == ["cosine"]
    in_english = retriever.invoke("acorns", where={"lang": "en"}, k=1)
    assert [Path(document.metadata["document"]).name for document in in_english] == ["oak.md"]


def test_the_collection_is_the_one_named(stack: RagStack, documents: list[Path]) -> None:
    stack.ingest([path for path in documents if path.name == "oak.md"], collection="trees")
    found = RagStackRetriever(stack, collection="trees").invoke("What does the blue whale eat?")
    assert {Path(document.metadata["document"]).name for document in found} == {"oak.md"}
    with pytest.raises(UnknownCollection, match="nowhere"):
        RagStackRetriever(stack, collection="nowhere").invoke("whale")


def test_callbacks_hear_of_the_search(stack: RagStack) -> None:
    class Heard(BaseCallbackHandler):
        def __init__(self) -> None:
            self.calls: list[Any] = []

        def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
            self.calls.append(query)

        def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
            self.calls.append(len(documents))

    heard = Heard()
    RagStackRetriever(stack, k=2).invoke("acorns", config={"callbacks": [heard]})
    assert heard.calls == ["acorns", 2]


def test_an_empty_question_is_refused(stack: RagStack) -> None:
    with pytest.raises(UsageError, match="empty"):
        RagStackRetriever(stack).invoke("  ")
