"""A GGUF model in this process, through llama.cpp (the ``xllamacpp`` wheels). The embedded default.

llama.cpp's server is used without its network side: it insists on a listener, so it gets a socket file in a private
directory that is removed as soon as the model is loaded. There is one slot, so requests wait for one another, and
a prompt costs only the tokens after what it has in common with the one before.
"""

import math
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from indexes.errors import ModelError, ModelMissing
from ragstack.generators.base import Delta, Message, Prompt, Usage, as_chat

__all__ = ["LlamaCppGenerator"]

MAX_SOCKET_PATH = 100
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""
TOP_TOKENS = 100
"""Tokens whose log-probability a judgement looks at; what is not among them counts as likely as the last of them."""
LOOK_UP, GUESS = 3, 4
"""Tokens that must agree before a guess, and tokens guessed: longer guesses cost more than they win."""

Chunk = dict[str, Any]


class LlamaCppGenerator:
    """Runs one GGUF file.

    Args:
        model: The GGUF file.
        context_length: Tokens that prompt and answer may have together.
        threads: 0 means one for each physical core.

    Raises:
        ModelMissing: there is no such file.
        ModelError: the file is no GGUF model that llama.cpp can run.
    """

    def __init__(self, model: str | os.PathLike[str], *, context_length: int = 2048, threads: int = 0) -> None:
        path = Path(model).expanduser()
        if not path.is_file():
            raise ModelMissing(
                f"there is no model file {path}; expected a GGUF file; "
                "fetch the default one with: ragstack models pull Qwen2.5-Coder-1.5B-Instruct"
            )
        self.name = f"llamacpp:{path.stem}"
        self._context_length = context_length
        self._closed = Event()
        self._servers = [_load(path, context_length, threads)]
        self._finalizer = weakref.finalize(self, _free, self._closed, self._servers)

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """Write greedily; see :class:`ragstack.generators.base.Generator`."""
        request = _request(prompt.messages, max_tokens)
        request |= {"stream": True, "stream_options": {"include_usage": True}, "stop": list(stop)}
        for chunk in self._chunks(request):
            for choice in chunk["choices"]:
                if text := choice["delta"].get("content"):
                    yield Delta(text)
            if counts := chunk.get("usage"):
                cached = counts["prompt_tokens_details"]["cached_tokens"]
                yield Delta("", Usage(counts["prompt_tokens"], counts["completion_tokens"], cached))

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        """One token read out; see :class:`ragstack.generators.base.Judge`."""
        request = _request(messages, 1) | {"logprobs": True, "top_logprobs": TOP_TOKENS}
        [chunk] = self._chunks(request)
        top = chunk["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        return _log_probability(top, yes) - _log_probability(top, no)

    def close(self) -> None:
        """Free the model. Whatever is still being written ends at its next token."""
        self._finalizer()

    def _chunks(self, request: Chunk) -> Iterator[Chunk]:
        """What the server says, from a thread of its own: its calls return only when all is said."""
        if not self._servers:
            raise ModelError(f"model {self.name} is closed; open it again")
        chunks: SimpleQueue[Chunk | Exception | None] = SimpleQueue()
        left = Event()
        Thread(target=_run, args=(self._servers[0], request, chunks, left, self._closed), name=self.name).start()
        try:
            while (chunk := chunks.get()) is not None:
                if isinstance(chunk, Exception):
                    raise ModelError(f"model {self.name} failed: {_line(chunk)}")
                if error := chunk.get("error"):
                    raise ModelError(self._explain(error))
                yield chunk
        finally:
            left.set()
        if self._closed.is_set():
            raise ModelError(f"model {self.name} was closed while it was writing; open it again")

    def _explain(self, error: Chunk) -> str:
        if error.get("type") == "exceed_context_size_error":
            return (
                f"the prompt has {error['n_prompt_tokens']} tokens, but model {self.name} was opened with a context of "
                f"{error['n_ctx']}; raise context_length, or give it fewer or shorter passages"
            )
        return f"model {self.name} failed: {_line(error.get('message', error))}"


def _request(messages: Sequence[Message], max_tokens: int) -> Chunk:
    return {"messages": as_chat(messages), "max_tokens": max_tokens, "temperature": 0.0, "cache_prompt": True}


def _run(
    server: Any, request: Chunk, chunks: "SimpleQueue[Chunk | Exception | None]", left: Event, closed: Event
) -> None:
    def take(chunk: Chunk) -> bool:
        chunks.put(chunk)
        return left.is_set() or closed.is_set()

    try:
        server.handle_chat_completions(request, take)
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits
        chunks.put(error)
    finally:
        chunks.put(None)


def _free(closed: Event, servers: list[Any]) -> None:
    closed.set()
    servers.clear()


def _log_probability(top: Sequence[Chunk], words: Sequence[str]) -> float:
    found = [math.exp(token["logprob"]) for token in top if token["token"].strip() in words]
    return math.log(sum(found)) if found else min(token["logprob"] for token in top)


def _load(path: Path, context_length: int, threads: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_length
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or _physical_cores()
    params.cache_ram_mib = 0  # the one slot's prefix is enough; the default keeps up to 8 GB of old prompts
    params.enable_reasoning = 0
    _guess_copied_words(params)
    params.verbosity = -1
    with _private_socket() as socket:
        params.hostnames = [socket]
        try:
            return xllamacpp.Server(params)
        except RuntimeError:
            raise ModelError(
                f"{path} ({path.stat().st_size:,} bytes) cannot be loaded; expected a whole GGUF model that llama.cpp "
                "knows and memory for it; fetch the file again"
            ) from None


def _guess_copied_words(params: Any) -> None:
    """Prompt look-up: where the last tokens stand in the prompt too, guess that what follows there follows here.

    The guess is checked in one pass, so the text stays greedy. Twenty answers were written in .83 of the time.
    """
    import xllamacpp

    params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    params.speculative.ngram_simple.size_n, params.speculative.ngram_simple.size_m = LOOK_UP, GUESS


@contextmanager
def _private_socket() -> Iterator[str]:
    """The path of a socket that only this user can reach, and after the block nobody."""
    try:
        with tempfile.TemporaryDirectory(prefix="ragstack-") as folder:
            socket = str(Path(folder, "llama.sock"))
            if len(os.fsencode(socket)) > MAX_SOCKET_PATH:
                raise ModelError(
                    f"the temporary folder {folder} has too long a name for a socket; set a shorter TMPDIR"
                )
            yield socket
    except OSError as error:
        raise ModelError(f"no temporary folder can be made ({error.strerror}); set TMPDIR to one with room") from None


def _physical_cores() -> int:
    """Physical cores that this process may use; -1, which lets llama.cpp count them, where Linux does not say."""
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(topology.format(cpu)).read_text() for cpu in os.sched_getaffinity(0)})
    except (AttributeError, OSError):
        return -1


def _line(error: object) -> str:
    return " ".join(str(error).split())
