"""The search of a stack as LangChain's retriever."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from ragstack.config import SearchMode
from ragstack.langchain.documents import from_hit
from ragstack.stack import RagStack, Where

__all__ = ["RagStackRetriever"]


class RagStackRetriever(BaseRetriever):
    """Searches a collection of ``stack``; what is left None is as the stack's config says.

    ``k``, ``mode`` and ``where`` can also be given with a call: ``retriever.invoke("…", k=3)``.
    """

    stack: RagStack
    collection: str | None = None
    k: int | None = None
    mode: SearchMode | None = None
    where: Where = None

    def __init__(self, stack: RagStack, **fields: Any) -> None:
        super().__init__(**{"stack": stack, **fields})

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        mode: SearchMode | None = None,
        where: Where = None,
    ) -> list[Document]:
        hits = self.stack.search(
            query,
            self.k if k is None else k,
            collection=self.collection,
            mode=mode or self.mode,
            where=self.where if where is None else where,
        )
        return [from_hit(hit) for hit in hits]
