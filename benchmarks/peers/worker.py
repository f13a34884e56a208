"""One system in a process of its own: ``worker.py SYSTEM SETTINGS_JSON INDEX``.

Reads a request a line (JSON, ``do`` names it) and answers each with a line. Nothing else reaches standard output:
what libraries print goes to standard error.
"""

import importlib
import json
import os
import resource
import sys
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import peer

PACKAGES = {
    "ragstack": ("ragstack", "torch", "sentence-transformers", "faiss-cpu", "xllamacpp"),
    "langchain": ("langchain-classic", "langchain-core", "langchain-community", "langchain-huggingface",
                  "langchain-openai", "langchain-text-splitters", "faiss-cpu", "torch", "sentence-transformers"),
    "llamaindex": ("llama-index-core", "llama-index-embeddings-huggingface", "llama-index-llms-openai-like", "torch",
                   "sentence-transformers"),
    "txtai": ("txtai", "faiss-cpu", "torch", "transformers"),
}  # fmt: skip


def reply(system: str, loaded: peer.Peer, request: dict[str, Any]) -> dict[str, Any]:
    do, began, worked = request.pop("do"), time.perf_counter(), cpu_seconds()
    if do == "build":
        chunks = loaded.build(Path(request["corpus"]))
        seconds = time.perf_counter() - began
        return {"chunks": chunks, "seconds": seconds, "cpu": cpu_seconds() - worked, "memory_mb": memory_mb()}
    if do == "open":
        loaded.open()
        return {}
    if do == "search":
        found = loaded.search(request["question"], request["k"])
        seconds = time.perf_counter() - began
        return {"documents": list(dict.fromkeys(found)), "seconds": seconds, "cpu": cpu_seconds() - worked}
    if do == "ask":
        said = asdict(loaded.ask(request["question"]))
        return said | {"seconds": time.perf_counter() - began, "cpu": cpu_seconds() - worked}
    if do == "versions":
        return {"python": sys.version.split()[0]} | {name: metadata.version(name) for name in PACKAGES[system]}
    raise ValueError(f"there is no request {do}")


def cpu_seconds() -> float:
    """What this process and those it has waited for have worked: on a shared machine steadier than the clock."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def memory_mb() -> float:
    """The most memory that this process has held, in MB (Linux counts in KiB)."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


def main() -> None:
    system, settings, index = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    loaded = importlib.import_module(f"with_{system}").load(peer.Settings(**json.loads(settings)), Path(index))
    print(json.dumps({"ready": True}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            answer = reply(system, loaded, json.loads(line))
        except Exception as error:  # noqa: BLE001 - one failed question must not end the measurement
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), file=replies, flush=True)


if __name__ == "__main__":
    main()
