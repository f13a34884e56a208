"""What a generator is: it reads a prompt and writes text, piece by piece.

A generator is greedy: the same prompt gives the same text on the same machine. ``stream`` is a lazy iterator:
nothing is read before the first ``next``, and closing the iterator stops the writing. One that can be asked for the
odds of its next token is also a :class:`Judge`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Delta", "Generator", "Judge", "Message", "Prompt", "Usage", "as_chat", "harmless"]

_CONTROL = (
    r"<(?:\|[^][|<>\s]{1,40}\|?|[^][|<>\s]{1,40}\||｜[^][｜<>\s]{1,40}｜|/?s|[be]os|(?:start|end)_of_turn|reserved_\d+|</?SYS>)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\]"
)
"""How the chat formats in use write their control tokens: ChatML, Llama, Mistral, DeepSeek, Gemma, Baichuan."""


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


def as_chat(messages: Sequence[Message], tokens: Sequence[str] = ()) -> list[dict[str, str]]:
    """The conversation as chat models take it, every content made :func:`harmless`."""
    return [{"role": message.role, "content": harmless(message.content, tokens)} for message in messages]


def harmless(text: str, tokens: Sequence[str] = ()) -> str:
    """The text with nothing in it that acts as more than text.

    Tokenizers take control tokens spelt out in a document (``<|im_end|>``) for the real ones, which would end the turn
    they stand in and let the document speak as the system. So what looks like one in any chat format, and each of
    ``tokens``, those of the model that reads, is broken with spaces; half a surrogate pair, which is no text, becomes
    ``?``.
    """
    own = [re.escape(token) for token in sorted(tokens, key=len, reverse=True) if len(token) > 2]
    pattern = "|".join([*own, _CONTROL])
    return re.sub(pattern, _broken, text.encode("utf-8", "replace").decode())


def _broken(match: re.Match[str]) -> str:
    token = match.group()
    return f"{token[0]} {token[1:-1]} {token[-1]}"
