"""LangChain: a vector store and the "stuff" chain, as its documentation builds them.

Sources: reference.langchain.com/python/langchain-classic/chains/retrieval/create_retrieval_chain (the chain),
docs.langchain.com/oss/python/langchain/chunking (the recursive splitter), the tutorial "Build a Retrieval Augmented
Generation (RAG) App" (1,000 characters of which 200 are shared, the prompt),
docs.langchain.com/oss/python/integrations/vectorstores/faiss. ``as_retriever()`` gives its default of 4 chunks.
Added to the documented chain: numbers before the chunks, and the instruction to cite them and to refuse.
"""

import time
from operator import itemgetter
from pathlib import Path

import peer
from langchain_classic.chains import create_retrieval_chain
from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_openai import ChatOpenAI
from langchain_text_splitters import RecursiveCharacterTextSplitter

PROMPT = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved context to answer the "
    "question. If you don't know the answer, just say that you don't know. Use three sentences maximum and keep the "
    f"answer concise. {peer.CITE}\n\nContext: {{context}}"
)


class LangChain:
    def __init__(self, settings: peer.Settings, index: Path) -> None:
        self._settings, self._folder = settings, index
        self._embeddings = HuggingFaceEmbeddings(
            model_name=settings.folder,
            encode_kwargs={"normalize_embeddings": True, "prompt": settings.passage},
            query_encode_kwargs={"normalize_embeddings": True, "prompt": settings.query},
        )

    def build(self, corpus: Path) -> int:
        texts = [Document(text, metadata={"source": name}) for name, text in peer.documents(corpus)]
        chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(texts)
        self._store = FAISS.from_documents(chunks, self._embeddings)
        self._store.save_local(str(self._folder))
        return len(chunks)

    def open(self) -> None:
        # The store's own format holds a pickle; this one was written by build, a moment ago.
        self._store = FAISS.load_local(str(self._folder), self._embeddings, allow_dangerous_deserialization=True)

    def search(self, question: str, k: int) -> list[str]:
        return [found.metadata["source"] for found in self._store.similarity_search(question, k=k)]

    def ask(self, question: str) -> peer.Said:
        chat = ChatOpenAI(base_url=self._settings.endpoint, api_key="none", model=self._settings.decoder,
                          temperature=0, max_completion_tokens=peer.MAX_TOKENS)  # fmt: skip
        prompt = ChatPromptTemplate.from_messages([("system", PROMPT), ("human", "{input}")])
        stuff = create_stuff_documents_chain(
            chat, prompt, document_prompt=PromptTemplate.from_template("[{number}] {page_content}")
        )
        chain = create_retrieval_chain(itemgetter("input") | self._store.as_retriever() | _numbered, stuff)
        started, first, text, found = time.perf_counter(), None, "", []
        for piece in chain.stream({"input": question}):
            found = piece.get("context", found)
            if written := piece.get("answer"):
                first = first or time.perf_counter() - started
                text += written
        return peer.Said(text, [(chunk.metadata["source"], chunk.page_content) for chunk in found], first=first)


def _numbered(chunks: list[Document]) -> list[Document]:
    return [
        Document(chunk.page_content, metadata=chunk.metadata | {"number": number})
        for number, chunk in enumerate(chunks, start=1)
    ]


def load(settings: peer.Settings, index: Path) -> peer.Peer:
    return LangChain(settings, index)
