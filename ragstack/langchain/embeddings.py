"""The encoder of a stack as LangChain's embeddings, with the prefixes that it was trained with already in place."""

from typing import TYPE_CHECKING

from langchain_core.embeddings import Embeddings

from ragstack.stack import RagStack

if TYPE_CHECKING:
    from indexes.records import EncoderFingerprint

__all__ = ["RagStackEmbeddings"]


class RagStackEmbeddings(Embeddings):
    """Embeds texts with the encoder of ``stack``, which is loaded on first use and shared with the stack."""

    def __init__(self, stack: RagStack) -> None:
        self.stack = stack

    @property
    def fingerprint(self) -> "EncoderFingerprint":
        """What identifies the encoder; a vector store filled with it can be asked with the stack, and the reverse."""
        return self.stack.encoder.fingerprint

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit-length vector for each text.

        Raises:
            ModelMissing: the encoder is not on this machine; the text has the command that fetches it.
        """
        if not texts:
            return []
        vectors: list[list[float]] = self.stack.encoder.encode_passages(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit-length vector of a question.

        Raises:
            ModelMissing: the encoder is not on this machine; the text has the command that fetches it.
        """
        vector: list[float] = self.stack.encoder.encode_queries([text])[0].tolist()
        return vector
