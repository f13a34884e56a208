"""LlamaIndex: a vector index and its query engine, as its starter tutorial builds them.

Sources: developers.llamaindex.ai/python/framework/getting_started/starter_example_local and …/getting_started/faq
(``HuggingFaceEmbedding``, ``VectorStoreIndex.from_documents``, ``as_query_engine``),
…/understanding/storing (``persist``). Its defaults stay: sentences up to 1,024 tokens with 200 shared, 2 chunks, the
"compact" way of answering and its prompt. Added: numbers before the chunks, the instruction to cite and refuse, and
ten minutes of patience, since in the minute that it waits by default few cores may not have read the prompt.
"""

import time
from pathlib import Path

import peer
from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import ChatPromptTemplate
from llama_index.core.prompts.chat_prompts import CHAT_TEXT_QA_PROMPT
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.openai_like import OpenAILike


class LlamaIndex:
    def __init__(self, settings: peer.Settings, index: Path) -> None:
        self._folder = index
        Settings.embed_model = HuggingFaceEmbedding(
            model_name=settings.folder, query_instruction=settings.query, text_instruction=settings.passage
        )
        Settings.llm = OpenAILike(
            model=settings.decoder, api_base=settings.endpoint or "http://127.0.0.1:1/v1", api_key="none",
            is_chat_model=True, context_window=4096, max_tokens=peer.MAX_TOKENS, timeout=600, temperature=0,
        )  # fmt: skip

    def build(self, corpus: Path) -> int:
        texts = [Document(text=text, id_=name) for name, text in peer.documents(corpus)]
        self._index = VectorStoreIndex.from_documents(texts)
        self._index.storage_context.persist(str(self._folder))
        return len(self._index.index_struct.nodes_dict)

    def open(self) -> None:
        self._index = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(self._folder)))

    def search(self, question: str, k: int) -> list[str]:
        return [found.node.ref_doc_id for found in self._index.as_retriever(similarity_top_k=k).retrieve(question)]

    def ask(self, question: str) -> peer.Said:
        [system, user] = CHAT_TEXT_QA_PROMPT.message_templates
        told = ChatMessage(role=system.role, content=f"{system.content}\n{peer.CITE}")
        engine = self._index.as_query_engine(
            streaming=True,
            text_qa_template=ChatPromptTemplate(message_templates=[told, user]),
            node_postprocessors=[Numbering()],
        )
        started, first, text = time.perf_counter(), None, ""
        response = engine.query(question)
        for piece in response.response_gen:
            first = first or time.perf_counter() - started
            text += piece
        found = [(each.node.metadata["name"], each.node.metadata["plain"]) for each in response.source_nodes]
        return peer.Said(text, found, first=first)


class Numbering(BaseNodePostprocessor):
    """Puts ``[n]`` before the text of each chunk that is read."""

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return [_numbered(number, found) for number, found in enumerate(nodes, start=1)]


def _numbered(number: int, found: NodeWithScore) -> NodeWithScore:
    text = found.node.get_content(MetadataMode.NONE)
    kept = {"name": found.node.ref_doc_id, "plain": text}
    node = TextNode(text=f"[{number}] {text}", metadata=kept, excluded_llm_metadata_keys=list(kept))
    return NodeWithScore(node=node, score=found.score)


def load(settings: peer.Settings, index: Path) -> peer.Peer:
    return LlamaIndex(settings, index)
