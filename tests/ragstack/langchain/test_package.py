"""What the package offers, and what importing it costs."""

import subprocess
import sys
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.vectorstores import VectorStore

from ragstack.langchain import RagStackChain, RagStackEmbeddings, RagStackRetriever, RagStackVectorStore


def test_the_classes_are_langchains_own_kinds() -> None:
    assert issubclass(RagStackChain, Runnable)
    assert issubclass(RagStackRetriever, BaseRetriever)
    assert issubclass(RagStackVectorStore, VectorStore)
    assert issubclass(RagStackEmbeddings, Embeddings)


def test_importing_it_loads_no_model_library() -> None:
    code = (
        "import sys, ragstack.langchain; "
        "print([m for m in ('torch', 'transformers', 'sentence_transformers', 'faiss', 'xllamacpp', 'langchain') "
        "if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert out.stdout.strip() == "[]"
