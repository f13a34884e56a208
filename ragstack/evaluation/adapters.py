"""What other systems call their outputs, as one value: a response, the question and the contexts it was written from.

* question: ``question``; RAGAS ``user_input``; LangChain ``query``, ``input``
* response: ``response``; RAGAS ``answer``; LangChain ``result``, ``answer``, ``output``
* contexts: ``context``, a text; RAGAS ``contexts``, ``retrieved_contexts``, lists of texts; LangChain
  ``source_documents``, ``context``, lists of documents
* of RAGTruth, with its two files joined: ``source_info``, a text or an object with ``question`` and ``passages``
* gold answer, where there is one: RAGAS ``ground_truth``, ``reference``, ``ground_truths``

A conversation (RAGAS ``user_input`` of several turns, an agent's ``messages``) counts with its last question and its
last answer; its contexts are what tools returned after that question. Messages may be objects, plain JSON, or JSON as
LangChain dumps it.
"""

import json
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
    """A row of a RAGAS data set, with the names of its versions 0.1 to 0.4, of one turn or of several.

    Raises:
        ValueError: it has no answer or no contexts; the text names them.
    """
    gold = _first(record, "ground_truth", "reference", "ground_truths")
    told = gold if isinstance(gold, str) else str(gold[0]) if isinstance(gold, Sequence) and gold else ""
    contexts = _first(record, "contexts", "retrieved_contexts")
    if isinstance(record.get("user_input"), list):
        return _last_turn(record["user_input"], contexts, told)
    return Response(
        _text(record, "answer", "response"), _contexts(contexts), _optional(record, "question", "user_input"), told
    )


def from_langchain(record: Mapping[str, Any]) -> Response:
    """What a LangChain chain or agent returns; documents and messages may be objects or JSON.

    Raises:
        ValueError: it has no answer or no documents; the text names them.
    """
    if isinstance(record.get("messages"), list):
        return _last_turn(record["messages"], _first(record, "source_documents", "context"), "")
    return Response(
        _text(record, "result", "answer", "output"),
        _contexts(_first(record, "source_documents", "context")),
        _optional(record, "query", "input", "question"),
    )


def response_of(record: Mapping[str, Any]) -> Response:
    """The response in a record of any of these kinds, told by the names it uses.

    Raises:
        ValueError: it is of none, or what it needs is not there.
    """
    if "contexts" in record or "retrieved_contexts" in record or isinstance(record.get("user_input"), list):
        return from_ragas(record)
    if "source_documents" in record or "messages" in record or ("response" not in record and "context" in record):
        return from_langchain(record)
    source = record.get("source_info")
    if isinstance(source, Mapping):
        passages = source.get("passages") or json.dumps(source, ensure_ascii=False)
        return Response(_text(record, "response"), _contexts(passages), _optional(source, "question"))
    context = _first(record, "context", "source_info")
    return Response(_text(record, "response"), _contexts(context), _optional(record, "question"))


def _first(record: Mapping[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _text(record: Mapping[str, Any], *names: str) -> str:
    value = _first(record, *names)
    text = value if isinstance(value, str) or value is None else _said(value)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{' or '.join(names)} is {value!r:.80}; expected a text")
    return text


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


def _last_turn(messages: Sequence[Any], contexts: Any, gold: str) -> Response:
    """The last question of a conversation, what was read for it, and the last that was said in answer."""
    kinds = [_kind(message) for message in messages]
    if "human" not in kinds:
        raise ValueError("the conversation has no message of a person; expected messages of type human, ai and tool")
    asked = len(kinds) - 1 - kinds[::-1].index("human")
    after = list(zip(kinds, messages, strict=True))[asked + 1 :]
    said = [text for kind, message in after if kind == "ai" and (text := _said(message)).strip()]
    if not said:
        raise ValueError("the last question of the conversation has no answer; expected a message of type ai after it")
    if contexts is None:
        contexts = [text for kind, message in after if kind == "tool" for text in _returned(message)]
    return Response(said[-1], _contexts(contexts), _said(messages[asked]), gold)


def _kind(message: Any) -> str:
    """``human``, ``ai`` or ``tool``, by LangChain's and RAGAS' names or by those of OpenAI's protocol."""
    kind = _field(message, "type") or _field(message, "role")
    return {"user": "human", "assistant": "ai"}.get(str(kind), str(kind))


def _said(message: Any) -> str:
    """The text of a message, which may stand in blocks."""
    content = message if isinstance(message, str) else _field(message, "content")
    blocks = content if isinstance(content, list) else [content]
    texts = [block if isinstance(block, str) else _field(block, "text") for block in blocks]
    return "\n".join(text for text in texts if isinstance(text, str))


def _returned(message: Any) -> list[str]:
    """What a tool returned: the documents it found, where it kept them, else its text."""
    found = _field(message, "artifact")
    return [_content(document) for document in found] if isinstance(found, list) and found else [_said(message)]


def _field(value: Any, name: str) -> Any:
    """A field of an object, or of its JSON (plain, or as LangChain dumps it)."""
    if not isinstance(value, Mapping):
        return getattr(value, name, None)
    inner = value.get("kwargs")
    return (inner if isinstance(inner, Mapping) else value).get(name)


def _content(document: Any) -> str:
    """The text of a context: a text, or a document."""
    names = ("page_content", "text", "content")
    found = [document] if isinstance(document, str) else [_field(document, name) for name in names]
    text = next((value for value in found if value is not None), None)
    if not isinstance(text, str):
        raise ValueError(f"a context is {document!r:.80}; expected a text or a document with page_content")
    return text
