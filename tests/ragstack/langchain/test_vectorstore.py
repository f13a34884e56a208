"""The vector store: LangChain's own tests, brute force as the oracle for searches, and what it refuses."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance as langchains_choice
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from indexes.errors import EncoderMismatch, FilterError, UsageError
from ragstack.langchain import RagStackVectorStore
from ragstack.langchain.diversity import maximal_marginal_relevance
from ragstack.langchain.vectorstore import fingerprint_of

TEXTS = [
    "The blue whale weighs 150 tonnes.", "蓝鲸重达150吨。", "Krill is what whales eat.", "磷虾是鲸的食物。",
    "An oak drops acorns.", "橡树落下橡子。", "Acorns feed the jay.", "松鸦吃橡子。",
]  # fmt: skip


class TestStandard(VectorStoreIntegrationTests):
    """LangChain's standard tests, sync and async."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:  # type: ignore[override]
        with RagStackVectorStore(self.get_embeddings(), home=tmp_path / "home") as store:
            yield store


@pytest.fixture
def embedding() -> Embeddings:
    return DeterministicFakeEmbedding(size=16)


@pytest.fixture
def store(tmp_path: Path, embedding: Embeddings) -> Iterator[RagStackVectorStore]:
    metadatas = [{"lang": "zh" if number % 2 else "en", "number": number} for number in range(len(TEXTS))]
    ids = [f"t{number}" for number in range(len(TEXTS))]
    with RagStackVectorStore.from_texts(TEXTS, embedding, metadatas, ids=ids, home=tmp_path / "home") as made:
        yield made


@pytest.fixture
def oracle(embedding: Embeddings) -> InMemoryVectorStore:
    """LangChain's own store, which compares with every vector."""
    made = InMemoryVectorStore(embedding)
    metadatas = [{"lang": "zh" if number % 2 else "en", "number": number} for number in range(len(TEXTS))]
    made.add_texts(TEXTS, metadatas, ids=[f"t{number}" for number in range(len(TEXTS))])
    return made


@pytest.mark.parametrize("query", ["What does a whale eat?", "橡子是什么？", TEXTS[3]])
def test_documents_scores_and_order_are_those_of_brute_force(store: Any, oracle: Any, query: str) -> None:
    found = store.similarity_search_with_score(query, k=8)
    expected = oracle.similarity_search_with_score(query, k=8)
    assert [document for document, _ in found] == [document for document, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-5)
    assert store.similarity_search(query, k=3) == [document for document, _ in expected[:3]]
    vector = store.embeddings.embed_query(query)
    assert store.similarity_search_by_vector(vector, k=3) == [document for document, _ in expected[:3]]


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"lang": "zh"}, lambda metadata: metadata["lang"] == "zh"),
        ({"lang": "en", "number": {">=": 2}}, lambda metadata: metadata["lang"] == "en" and metadata["number"] >= 2),
        ({"number": [1, 6]}, lambda metadata: metadata["number"] in (1, 6)),
    ],
)
def test_a_filter_comes_before_the_search(
    store: Any, oracle: Any, where: dict[str, Any], holds: Callable[[dict[str, Any]], bool]
) -> None:
    expected = oracle.similarity_search("whale", k=2, filter=lambda document: holds(document.metadata))
    assert store.similarity_search("whale", k=2, filter=where) == expected
    retriever = store.as_retriever(search_kwargs={"k": 2, "filter": where})
    assert retriever.invoke("whale") == expected


@pytest.mark.parametrize("trade_off", [0.0, 0.3, 0.5, 1.0])
def test_diverse_results_are_those_of_langchains_own_algorithm(store: Any, oracle: Any, trade_off: float) -> None:
    options = {"k": 4, "fetch_k": 6, "lambda_mult": trade_off}
    expected = oracle.max_marginal_relevance_search("whale", **options)
    assert store.max_marginal_relevance_search("whale", **options) == expected
    assert store.as_retriever(search_type="mmr", search_kwargs=options).invoke("whale") == expected


@pytest.mark.parametrize(("rows", "k"), [(0, 3), (1, 3), (7, 0), (7, 7), (20, 5)])
def test_marginal_relevance_agrees_with_another_implementation(rows: int, k: int) -> None:
    vectors = np.random.default_rng(rows).normal(size=(rows, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = np.eye(5)[0]
    expected = langchains_choice(query, list(vectors), 0.6, k)
    assert maximal_marginal_relevance(vectors @ query, vectors, k, 0.6) == expected


def test_relevance_is_the_cosine_moved_into_zero_to_one(store: Any) -> None:
    cosines = {document.id: cosine for document, cosine in store.similarity_search_with_score("whale", k=8)}
    scores = {document.id: score for document, score in store.similarity_search_with_relevance_scores("whale", k=8)}
    assert scores == pytest.approx({id_: (1 + cosine) / 2 for id_, cosine in cosines.items()})
    assert min(scores.values()) < 0.5 < max(scores.values())
    exact = store.similarity_search_with_relevance_scores(TEXTS[0], k=8, score_threshold=0.999)
    assert [(document.id, score) for document, score in exact] == [("t0", pytest.approx(1.0))]


async def test_the_async_twins_give_the_same(store: Any) -> None:
    options = {"k": 3, "filter": {"lang": "en"}}
    assert await store.asimilarity_search("whale", **options) == store.similarity_search("whale", **options)
    assert await store.asimilarity_search_with_score("whale", **options) == store.similarity_search_with_score(
        "whale", **options
    )
    assert await store.amax_marginal_relevance_search("whale", **options) == store.max_marginal_relevance_search(
        "whale", **options
    )


def test_what_was_added_is_there_in_another_process_life(store: Any, embedding: Embeddings, tmp_path: Path) -> None:
    before = store.similarity_search_with_score("whale", k=8)
    store.close()
    with RagStackVectorStore(embedding, home=tmp_path / "home") as reopened:
        assert reopened.similarity_search_with_score("whale", k=8) == before
    with RagStackVectorStore(embedding, home=tmp_path / "home", collection="other") as other:
        assert other.similarity_search("whale") == []


def test_delete_without_ids_empties_the_store(store: Any) -> None:
    assert store.delete() is True
    assert store.similarity_search("whale") == []
    assert store.get_by_ids(["t0"]) == []


def test_the_last_of_equal_ids_in_one_call_stays(store: Any) -> None:
    assert store.add_texts(["one", "two"], ids=["same", "same"]) == ["same", "same"]
    assert store.get_by_ids(["same"]) == [Document(id="same", page_content="two")]


def test_documents_with_and_without_ids_come_together_from_any_iterable(store: Any) -> None:
    ids = store.add_texts((text for text in ["mine", "nobody's"]), ids=["mine", None])
    assert ids[0] == "mine"
    assert [document.page_content for document in store.get_by_ids(ids)] == ["mine", "nobody's"]
    assert store.add_texts([]) == []


def test_metadata_of_any_json_shape_comes_back_as_it_was(store: Any) -> None:
    metadata = {
        "source": "论文.pdf", "title": "鲸", "page": 3, "score": 0.5, "draft": False, "none": None,
        "loc": {"lines": {"from": 1, "to": 9}}, "tags": ["a", "鲸"], "langchain:nested": "mine",
    }  # fmt: skip
    store.add_texts(["nested"], [metadata], ids=["nested"])
    (document,) = store.similarity_search("nested", k=1, filter={"title": "鲸", "page": 3, "draft": False})
    assert document == Document(id="nested", page_content="nested", metadata=metadata)
    assert store.get_by_ids(["nested"]) == [document]


def test_an_empty_text_is_kept(store: Any) -> None:
    store.add_texts([""], ids=["empty"])
    assert store.get_by_ids(["empty"]) == [Document(id="empty", page_content="")]


def test_langchains_indexing_keeps_the_store_in_step(store: Any) -> None:
    store.delete()
    records = InMemoryRecordManager("test")
    records.create_schema()

    def sync(*texts: str) -> dict[str, int]:
        documents = [Document(page_content=text, metadata={"source": text[:3]}) for text in texts]
        counts = index(documents, records, store, cleanup="full", source_id_key="source", key_encoder="sha256")
        return {name: number for name, number in counts.items() if number}

    assert sync("one", "two") == {"num_added": 2}
    assert sync("one", "two") == {"num_skipped": 2}
    assert sync("one", "two, changed") == {"num_added": 1, "num_skipped": 1, "num_deleted": 1}
    assert {document.page_content for document in store.similarity_search("one", k=9)} == {"one", "two, changed"}


class Named(DeterministicFakeEmbedding):
    model: str = "first"


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (DeterministicFakeEmbedding(size=7), "7 dimensions"),
        (Named(size=16, model="second"), "second"),
    ],
)
def test_other_embeddings_are_refused_to_read_and_to_write(
    store: Any, tmp_path: Path, other: Embeddings, named: str
) -> None:
    with RagStackVectorStore(other, home=tmp_path / "home") as wrong:
        for call in (wrong.similarity_search, lambda text: wrong.add_texts([text])):
            with pytest.raises(EncoderMismatch) as caught:
                call("whale")
            assert named in str(caught.value)
            assert "16 dimensions" in str(caught.value)
    assert len(store.similarity_search("whale", k=99)) == len(TEXTS)


def test_embeddings_of_another_model_are_others() -> None:
    assert fingerprint_of(Named(size=3), 3) == fingerprint_of(Named(size=3), 3)
    assert fingerprint_of(Named(size=3), 3) != fingerprint_of(Named(size=3, model="second"), 3)
    assert fingerprint_of(Named(size=3), 3) != fingerprint_of(DeterministicFakeEmbedding(size=3), 3)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda store: store.similarity_search("x", filters={"lang": "zh"}), UsageError, "filters"),
        (lambda store: store.similarity_search("x", filter={"lang": object()}), FilterError, "lang"),
        (lambda store: store.add_texts(["x"], [{"when": object()}]), UsageError, "'when'"),
        (lambda store: store.add_texts(["x", "y"], [{}]), ValueError, "2 texts came with 1 metadatas"),
        (lambda store: store.add_texts(["x"], ids=["1", "2"]), ValueError, "2 ids"),
        (lambda store: store.add_texts(["half a character: \ud800"]), UsageError, "half a character"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    store: Any, call: Callable[[Any], Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        call(store)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(store.similarity_search("whale", k=99)) == len(TEXTS)


def test_looking_makes_no_home(embedding: Embeddings, tmp_path: Path) -> None:
    with RagStackVectorStore(embedding, home=tmp_path / "none") as store:
        assert store.similarity_search("whale") == store.get_by_ids(["1"]) == []
        assert store.max_marginal_relevance_search("whale") == []
        assert store.delete(["1"]) is True
    assert not os.path.lexists(tmp_path / "none")
