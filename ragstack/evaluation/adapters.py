"""What other systems call their outputs, as one value: a response, the question and the contexts it was written from.

* question: ``question``; RAGAS ``user_input``; LangChain ``query``, ``input``
* response: ``response``; RAGAS ``answer``; LangChain ``result``, ``answer``, ``output``
* contexts: ``context``, a text; RAGAS ``contexts``, ``retrieved_contexts``, lists of texts; LangChain
  ``source_documents``, ``context``, lists of documents
* gold answer, where there is one: RAGAS ``ground_truth``, ``reference``, ``ground_truths``
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Response", "from_langchain", "from_ragas", "response_of"]


@dataclass(frozen=True, slots=True)
class Response:
    """What a system wrote, and what it had read: ``contexts`` in their order, so that a marker ``[2]`` is the second.

    ``gold`` is the reference answer, where the record has one.
    """

    response: str
    contexts: tuple[str, ...]
    question: str = ""
    gold: str = ""


def from_ragas(record: Mapping[str, Any]) -> Response:
    """A row of a RAGAS data set, with the names of its versions 0.1 and 0.2.

    Raises:
        ValueError: it has no answer or no contexts; the text names them.
    """
    gold = _first(record, "ground_truth", "reference", "ground_truths")
    return Response(
        _text(record, "answer", "response"),
        _contexts(_first(record, "contexts", "retrieved_contexts")),
        _optional(record, "question", "user_input"),
        gold if isinstance(gold, str) else str(gold[0]) if isinstance(gold, Sequence) and gold else "",
    )


def from_langchain(record: Mapping[str, Any]) -> Response:
    """What a LangChain chain returns: ``RetrievalQA`` or a retrieval chain; documents may be objects or JSON.

    Raises:
        ValueError: it has no answer or no documents; the text names them.
    """
    return Response(
        _text(record, "result", "answer", "output"),
        _contexts(_first(record, "source_documents", "context")),
        _optional(record, "query", "input", "question"),
    )


def response_of(record: Mapping[str, Any]) -> Response:
    """The response in a record of any of the three kinds, told by the names it uses.

    Raises:
        ValueError: it is of none, or what it needs is not there.
    """
    if "contexts" in record or "retrieved_contexts" in record:
        return from_ragas(record)
    if "source_documents" in record or ("response" not in record and "context" in record):
        return from_langchain(record)
    return Response(
        _text(record, "response"),
        _contexts(record.get("context")),
        _optional(record, "question"),
    )


def _first(record: Mapping[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _text(record: Mapping[str, Any], *names: str) -> str:
    value = _first(record, *names)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{' or '.join(names)} is {value!r:.80}; expected a text")
    return value


def _optional(record: Mapping[str, Any], *names: str) -> str:
    value = _first(record, *names)
    return value if isinstance(value, str) else ""


def _contexts(value: Any) -> tuple[str, ...]:
    documents = [value] if isinstance(value, str) else value
    if not isinstance(documents, Sequence):
        raise ValueError(f"the context is {value!r:.80}; expected a text, or a list of texts or documents")
    texts = tuple(_content(document) for document in documents)
    if not any(text.strip() for text in texts):
        raise ValueError("the context is empty; expected what the response was written from")
    return texts


def _content(document: Any) -> str:
    """The text of a context: a text, a LangChain document, or the JSON of one (plain, or as LangChain dumps it)."""
    if isinstance(document, Mapping):
        inner = document.get("kwargs", document)
        document = _first(inner if isinstance(inner, Mapping) else document, "page_content", "text", "content")
    text = getattr(document, "page_content", document)
    if not isinstance(text, str):
        raise ValueError(f"a context is {document!r:.80}; expected a text or a document with page_content")
    return text
