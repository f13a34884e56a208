"""The decoder behind an OpenAI-compatible address on this machine, for systems that have none of their own.

``endpoint.py DECODER`` prints its address and serves ``POST …/chat/completions`` under it. The decoder is ragstack's
own, loaded as ragstack loads it and greedy, so that every system writes with the same one and as fast. ``GET …/usage``
tells the tokens read and written since the start, so that they are counted alike for all, and the CPU's seconds.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from ragstack import RagStack
from ragstack.generators.base import Delta, Generator, Message, Prompt

CONTEXT = 4096
"""Tokens of prompt and answer: what four chunks of 1,000 characters of Chinese need."""


class Decoder:
    """Answers one request after the other, and counts."""

    def __init__(self, generator: Generator) -> None:
        self.name, self.usage = generator.name, {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0}
        self._generator, self._lock = generator, Lock()

    def stream(self, body: dict[str, Any]) -> Iterator[Delta]:
        messages = tuple(Message(each["role"], _text(each["content"])) for each in body["messages"])
        longest = body.get("max_completion_tokens") or body.get("max_tokens") or 160
        with self._lock:
            self.usage["requests"] += 1
            for delta in self._generator.stream(Prompt("", (), messages), max_tokens=longest):
                if delta.usage:
                    self.usage["prompt_tokens"] += delta.usage.prompt_tokens
                    self.usage["completion_tokens"] += delta.usage.completion_tokens
                yield delta


class Handler(BaseHTTPRequestHandler):
    decoder: Decoder

    def do_GET(self) -> None:
        self._send(json.dumps(self.decoder.usage | {"cpu": time.process_time()}).encode(), "application/json")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        deltas = self.decoder.stream(body)
        if not body.get("stream"):
            self._send(json.dumps(self._whole(deltas)).encode(), "application/json")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta in deltas:
            if delta.text:
                self._event(self._chunk({"role": "assistant", "content": delta.text}, None))
        self._event(self._chunk({}, "stop"))
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _whole(self, deltas: Iterator[Delta]) -> dict[str, Any]:
        read = list(deltas)
        usage = next(delta.usage for delta in reversed(read) if delta.usage)
        message = {"role": "assistant", "content": "".join(delta.text for delta in read)}
        counts = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
                  "total_tokens": usage.prompt_tokens + usage.completion_tokens}  # fmt: skip
        return self._of("chat.completion", {"message": message}, "stop") | {"usage": counts}

    def _chunk(self, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
        return self._of("chat.completion.chunk", {"delta": delta}, finish)

    def _of(self, kind: str, choice: dict[str, Any], finish: str | None) -> dict[str, Any]:
        choices = [{"index": 0, "finish_reason": finish} | choice]
        return {"id": "0", "object": kind, "created": 0, "model": self.decoder.name, "choices": choices}

    def _event(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _text(content: Any) -> str:
    """A message's text, also where it comes in parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def main() -> None:
    os.environ["RAGSTACK_MODELS__DECODER"] = sys.argv[1]
    os.environ["RAGSTACK_GENERATOR__CONTEXT_LENGTH"] = str(CONTEXT)
    with RagStack.open() as stack:
        Handler.decoder = Decoder(stack.generator("llamacpp"))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
