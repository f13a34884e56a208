"""ragstack for LangChain: real subclasses of its interfaces, so that they go wherever LangChain's own parts go.

==========================  ======================================================================================
:class:`RagStackChain`       a ``Runnable``: question → answer with verified citations
:class:`RagStackRetriever`   a ``BaseRetriever``: question → the chunks of a collection
:class:`RagStackVectorStore` a ``VectorStore``: LangChain's documents, any embeddings, kept in a home directory
:class:`RagStackEmbeddings`  an ``Embeddings``: the encoder of the config, for any vector store
:func:`answer_tool`          a tool that an agent can call; also ``RagStack.as_tool()``
==========================  ======================================================================================

This package and :mod:`ragstack.tool` alone import LangChain; ``import ragstack`` does not.
"""

from ragstack.langchain.chain import RagStackChain
from ragstack.langchain.embeddings import RagStackEmbeddings
from ragstack.langchain.retriever import RagStackRetriever
from ragstack.langchain.vectorstore import RagStackVectorStore
from ragstack.tool import answer_tool

__all__ = ["RagStackChain", "RagStackEmbeddings", "RagStackRetriever", "RagStackVectorStore", "answer_tool"]
