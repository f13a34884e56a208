"""Any endpoint that speaks the OpenAI chat protocol: vLLM, Ollama, llama-server, a company's gateway, a cloud.

Every failure is one line that says what to type. The key is never part of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indexes.errors import ConfigError, ModelError
from ragstack.generators.base import Delta, Prompt, Usage, as_chat

if TYPE_CHECKING:
    from openai import APIStatusError, Stream
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletionChunk

__all__ = ["OpenAIGenerator"]

RETRIES = 2
"""Further tries, each after a longer pause, of a connection that fails, a 429 or a server's own error."""
_REMEDIES: Mapping[int, str] = {
    401: "set {0}.api_key, or the environment variable RAGSTACK_{1}__API_KEY",
    403: "set {0}.api_key to a key that may use this model",
    404: "check {0}.model and {0}.base_url, which as a rule ends in /v1",
    429: "wait a moment, or raise the quota of the key",
}


class OpenAIGenerator:
    """Talks to one model of one endpoint.

    Args:
        base_url: The endpoint, as a rule ending in ``/v1``.
        model: The name that the endpoint knows.
        api_key: Its key; many local servers want none.
        timeout: Seconds to wait for a connection or for the next piece.
        section: The section of the settings that all this comes from, for errors to name.
        retries: Further tries of a connection that fails, a 429 or a server's own error.

    Raises:
        ConfigError: the endpoint or the model has no name.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        timeout: float = 120.0,
        section: str = "generator",
        retries: int = RETRIES,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(f"setting {section}.base_url: expected an http:// or https:// address, got {base_url!r}")
        if not model:
            raise ConfigError(f"setting {section}.model is empty: name the model that {base_url} should run")
        from openai import OpenAI

        self.name = f"openai:{model}"
        self._model = model
        self._base_url = base_url
        self._timeout = timeout
        self._section = section
        self._client = OpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=retries)

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """Write greedily; the last delta has no usage where the endpoint tells none."""
        from openai import OpenAIError

        usage: Usage | None = None
        answered = False
        try:
            with self._open(prompt, max_tokens, stop) as chunks:
                for chunk in chunks:
                    for choice in chunk.choices or ():
                        answered = True
                        if text := choice.delta.content:
                            yield Delta(text)
                    usage = _usage(chunk.usage) or usage
        except (OpenAIError, ValueError, AttributeError, TypeError) as error:
            raise ModelError(self._explain(error)) from None
        if not answered:
            raise ModelError(
                f"{self._base_url} answered with something else than a stream of chat completions; "
                f"check {self._section}.base_url, which as a rule ends in /v1"
            )
        yield Delta("", usage)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _open(self, prompt: Prompt, max_tokens: int, stop: Sequence[str]) -> "Stream[ChatCompletionChunk]":
        from openai import BadRequestError, UnprocessableEntityError

        request: dict[str, Any] = {
            "model": self._model,
            "messages": as_chat(prompt.messages),
            "max_tokens": max_tokens,
            "temperature": 0.0,
            "stream": True,
        }
        if stop:
            request["stop"] = list(stop)
        stream: Stream[ChatCompletionChunk]
        try:
            stream = self._client.chat.completions.create(**request, stream_options={"include_usage": True})
        except (BadRequestError, UnprocessableEntityError) as error:
            if "stream_options" not in str(error):
                raise
            stream = self._client.chat.completions.create(**request)
        return stream

    def _explain(self, error: Exception) -> str:
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        if isinstance(error, APITimeoutError):
            return f"{self._base_url} sent nothing for {self._timeout:g} seconds; raise {self._section}.timeout"
        if isinstance(error, APIConnectionError):
            cause = _line(error.__cause__ or error)
            return f"no connection to {self._base_url} ({cause}); start the server, or set {self._section}.base_url"
        if isinstance(error, APIStatusError):
            remedy = _REMEDIES.get(error.status_code, "see the log of the server")
            remedy = remedy.format(self._section, self._section.upper())
            return (
                f"{self._base_url} refused model {self._model} (HTTP {error.status_code}: {_reason(error)}); {remedy}"
            )
        return f"{self._base_url} broke off with something that cannot be read ({_line(error)}); see its log"


def _usage(counts: "CompletionUsage | None") -> Usage | None:
    if counts is None:
        return None
    details = counts.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Usage(counts.prompt_tokens, counts.completion_tokens, cached)


def _reason(error: "APIStatusError") -> str:
    """What the server said, without the braces around it."""
    body = error.body
    said = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return _line(said or error.message)


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]
