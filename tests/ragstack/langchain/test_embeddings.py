"""The embeddings: LangChain's own tests over a real encoder, and the vectors of the encoder itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from ragstack import RagStack, load_config
from ragstack.langchain import RagStackChain, RagStackEmbeddings, RagStackVectorStore


@pytest.fixture(scope="module")
def real_stack(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    with RagStack.open(load_config(overrides={"store": {"home": home}})) as stack:
        yield stack


class OverARealEncoder:
    @pytest.fixture(autouse=True)
    def _stack(self, real_stack: RagStack) -> None:
        self.stack = real_stack

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return RagStackEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"stack": self.stack}


@pytest.mark.models
class TestStandardUnit(OverARealEncoder, EmbeddingsUnitTests):
    """LangChain's standard unit tests."""


@pytest.mark.models
class TestStandard(OverARealEncoder, EmbeddingsIntegrationTests):
    """LangChain's standard integration tests, sync and async."""


@pytest.mark.models
def test_questions_and_passages_are_embedded_as_the_encoder_does(real_stack: RagStack) -> None:
    embeddings = RagStackEmbeddings(real_stack)
    texts = ["The blue whale eats krill.", "蓝鲸以磷虾为食。"]
    passages = np.array(embeddings.embed_documents(texts))
    assert passages == pytest.approx(real_stack.encoder.encode_passages(texts), abs=1e-5)
    question = np.array(embeddings.embed_query("蓝鲸吃什么？"))
    assert question == pytest.approx(real_stack.encoder.encode_queries(["蓝鲸吃什么？"])[0], abs=1e-5)
    assert np.linalg.norm(passages, axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (passages @ question).argmax() == 1


def test_nothing_to_embed_needs_no_model(tmp_path: Path) -> None:
    overrides = {"store": {"home": tmp_path}, "models": {"encoder": str(tmp_path / "none")}}
    with RagStack.open(load_config(overrides=overrides)) as stack:
        assert RagStackEmbeddings(stack).embed_documents([]) == []


def test_a_vector_store_filled_with_them_can_be_asked_with_the_stack(stack: RagStack) -> None:
    with RagStackVectorStore(RagStackEmbeddings(stack), home=stack.config.home, collection="notes") as store:
        store.add_texts(["Otters hold hands while they sleep. They wrap themselves in kelp."], ids=["otters"])
        assert [document.id for document in store.similarity_search("otters sleep", k=1)] == ["otters"]
    answer = RagStackChain(stack, collection="notes").invoke("What do otters hold while they sleep?")
    assert answer["citations"][0]["document"] == "otters"
    assert answer["citations"][0]["quote"] == "Otters hold hands while they sleep."
