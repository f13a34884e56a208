"""What a generator is: it reads a prompt and writes text, piece by piece.

A generator is greedy: the same prompt gives the same text on the same machine. ``stream`` is a lazy iterator:
nothing is read before the first ``next``, and closing the iterator stops the writing. One that can be asked for the
odds of its next token is also a :class:`Judge`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Delta", "Generator", "Judge", "Message", "Prompt", "Usage", "as_chat"]

_CONTROL = re.compile(r"<(\|[^|<>\s]{1,40}\||｜[^｜<>\s]{1,40}｜|/?s|(?:start|end)_of_turn)>")
"""How the chat formats in use write their control tokens: ChatML, Llama, Mistral, DeepSeek, Gemma."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question with its evidence, best first, both apart and as the conversation that a chat model reads."""

    question: str
    evidence: tuple[str, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call. ``prompt_tokens`` counts the whole prompt; ``cached_tokens`` of them cost nothing."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of text. The last one carries the usage, where it is known."""

    text: str
    usage: Usage | None = None


class Generator(Protocol):
    """Writes an answer. ``name`` is its kind and model, as in ``llamacpp:Qwen2.5-Coder-1.5B-Instruct.Q4_K_M``."""

    name: str

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """Write at most ``max_tokens`` tokens, ending before the first of the texts ``stop``.

        Raises:
            ModelError: the model failed, or the prompt is longer than its context.
        """
        ...

    def close(self) -> None:
        """Free the model. Whatever is still being written ends."""
        ...


@runtime_checkable
class Judge(Protocol):
    """Answers yes-or-no questions by the odds of its next token."""

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        """``ln P(yes) / P(no)`` of the first token that the assistant would write.

        A side's probability is the sum over the tokens that read, but for surrounding space, as one of its words.

        Raises:
            ModelError: the model failed, or the conversation is longer than its context.
        """
        ...


def as_chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The conversation as chat models take it, with nothing in a content that acts as more than text.

    Control tokens spelt out in a document (``<|im_end|>``) would end the turn they stand in and let the document
    speak as the system, so they are broken with spaces; half a surrogate pair, which is no text, becomes ``?``.
    """
    return [{"role": message.role, "content": _harmless(message.content)} for message in messages]


def _harmless(text: str) -> str:
    return _CONTROL.sub(r"< \1 >", text.encode("utf-8", "replace").decode())
