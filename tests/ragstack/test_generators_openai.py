"""The client for OpenAI-compatible endpoints, against a real HTTP server that speaks the protocol."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from indexes.errors import ConfigError, ModelError
from ragstack.generators.base import Delta, Message, Prompt, Usage
from ragstack.generators.openai import OpenAIGenerator

PROMPT = Prompt(
    "什么是 BERT？", ("BERT 是编码器。",), (Message("system", "Be brief."), Message("user", "什么是 BERT？"))
)
KEY = "sk-secret-of-the-test"


class Endpoint(ThreadingHTTPServer):
    """Answers with the bytes it is told to, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.replies: list[tuple[int, str, list[bytes]]] = []
        self.pause = 0.0
        self.hung_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def will_stream(self, *events: object) -> None:
        lines = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events]
        self.replies.append((200, "text/event-stream", [*lines, b"data: [DONE]\n\n"]))

    def will_refuse(self, status: int, message: str) -> None:
        self.replies.append((status, "application/json", [json.dumps({"error": {"message": message}}).encode()]))


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(json.loads(body) | {"path": self.path})
        self.server.keys.append(self.headers["Authorization"])
        status, kind, parts = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-should-retry", "false")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(self.server.pause)
        except (BrokenPipeError, ConnectionResetError):
            self.server.hung_up.set()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _chunk(text: str | None = None, finish: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "tiny",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _usage(**counts: Any) -> dict[str, Any]:
    return _chunk() | {"choices": [], "usage": counts}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def _opened(endpoint: Endpoint, timeout: float = 60.0) -> Iterator[OpenAIGenerator]:
    generator = OpenAIGenerator(endpoint.url, "tiny", api_key=KEY, timeout=timeout)
    yield generator
    generator.close()


def _refusal(endpoint: Endpoint, timeout: float = 60.0) -> str:
    with _opened(endpoint, timeout) as generator, pytest.raises(ModelError) as caught:
        list(generator.stream(PROMPT, max_tokens=8))
    line = str(caught.value)
    assert "\n" not in line
    assert KEY not in line
    return line


def test_text_arrives_piece_by_piece_with_the_usage_last(endpoint: Endpoint) -> None:
    endpoint.will_stream(
        {**_chunk(), "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
        _chunk("编码"),
        _chunk("器。"),
        _chunk(finish="stop"),
        _usage(prompt_tokens=21, completion_tokens=3, total_tokens=24, prompt_tokens_details={"cached_tokens": 16}),
    )
    with _opened(endpoint) as generator:
        assert generator.name == "openai:tiny"
        deltas = list(generator.stream(PROMPT, max_tokens=8, stop=["\n"]))
    assert deltas == [Delta("编码"), Delta("器。"), Delta("", Usage(21, 3, 16))]
    assert endpoint.keys == [f"Bearer {KEY}"]
    assert endpoint.requests == [
        {
            "path": "/v1/chat/completions",
            "model": "tiny",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "什么是 BERT？"}],
            "max_tokens": 8,
            "temperature": 0.0,
            "stop": ["\n"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_a_server_that_tells_no_usage_is_fine(endpoint: Endpoint) -> None:
    endpoint.will_stream(_chunk("Yes."), _chunk(finish="stop"))
    with _opened(endpoint) as generator:
        assert list(generator.stream(PROMPT, max_tokens=8)) == [Delta("Yes."), Delta("", None)]
    assert "stop" not in endpoint.requests[0]


def test_a_server_that_does_not_know_stream_options_is_asked_again_without(endpoint: Endpoint) -> None:
    endpoint.will_refuse(400, "Unrecognized request argument supplied: stream_options")
    endpoint.will_stream(_chunk("Yes."), _chunk(finish="stop"))
    with _opened(endpoint) as generator:
        assert "".join(delta.text for delta in generator.stream(PROMPT, max_tokens=8)) == "Yes."
    assert ["stream_options" in request for request in endpoint.requests] == [True, False]


def test_nothing_is_asked_before_the_first_piece_is_wanted(endpoint: Endpoint) -> None:
    endpoint.will_stream(_chunk("Yes."), _chunk(finish="stop"))
    with _opened(endpoint) as generator:
        generator.stream(PROMPT, max_tokens=8)
    assert endpoint.requests == []


def test_closing_the_iterator_hangs_up(endpoint: Endpoint) -> None:
    endpoint.pause = 0.02
    endpoint.will_stream(*[_chunk("word ")] * 10_000)
    with _opened(endpoint) as generator:
        pieces = generator.stream(PROMPT, max_tokens=600)
        assert next(pieces).text == "word "
        pieces.close()  # type: ignore[attr-defined]
        assert endpoint.hung_up.wait(60)


@pytest.mark.parametrize(
    ("status", "says", "remedy"),
    [
        (401, "Incorrect API key", "set generator.api_key"),
        (403, "not for you", "generator.api_key"),
        (404, "The model `tiny` does not exist", "check generator.model"),
        (422, "max_tokens too large", "see the log"),
        (429, "You exceeded your quota", "wait a moment"),
        (500, "out of memory", "see the log"),
    ],
)
def test_a_refusal_says_what_the_server_said_and_what_to_do(
    endpoint: Endpoint, status: int, says: str, remedy: str
) -> None:
    endpoint.will_refuse(status, f"{says}\n  details")
    line = _refusal(endpoint)
    assert endpoint.url in line
    assert f"HTTP {status}: {says} details" in line
    assert remedy in line


def test_a_server_that_is_not_there_is_named() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/v1"
    with pytest.raises(ModelError, match=rf"no connection to {url} \(.*\); start the server"):
        list(OpenAIGenerator(url, "tiny").stream(PROMPT, max_tokens=8))


def test_a_silent_server_is_given_up_on_after_the_timeout(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragstack.generators.openai.RETRIES", 0)
    endpoint.pause = 600.0
    endpoint.replies.append((200, "text/event-stream", [b"", b""]))
    assert "sent nothing for 0.2 seconds; raise generator.timeout" in _refusal(endpoint, timeout=0.2)


@pytest.mark.parametrize(
    "parts",
    [
        [b"data: {'not': json}\n\n"],
        [b'data: {"choices": [{"delta"\n\n'],
        [b'data: {"choices": [{"index": 0}]}\n\n'],
        [b"data: [1, 2]\n\n"],
    ],
)
def test_a_stream_that_is_no_protocol_is_one_line(endpoint: Endpoint, parts: list[bytes]) -> None:
    endpoint.replies.append((200, "text/event-stream", parts))
    assert "cannot be read" in _refusal(endpoint)


def test_a_page_instead_of_a_stream_points_at_the_address(endpoint: Endpoint) -> None:
    endpoint.replies.append((200, "text/html", [b"<html>Welcome</html>"]))
    assert "check generator.base_url" in _refusal(endpoint)


def test_an_error_in_the_middle_of_a_stream_is_reported(endpoint: Endpoint) -> None:
    endpoint.will_stream(_chunk("Yes"), {"error": {"message": "the GPU fell off", "code": 500}})
    assert "the GPU fell off" in _refusal(endpoint)


def test_an_endpoint_without_a_name_or_an_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match=r"generator\.model is empty"):
        OpenAIGenerator("http://127.0.0.1:9/v1", "")
    with pytest.raises(ConfigError, match=r"generator\.base_url: expected an http:// or https:// address, got 'local'"):
        OpenAIGenerator("local", "tiny")
