"""Processes and records: a system in a process of its own, the decoder behind an address, what outlives a stop."""

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from argparse import Namespace
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from peer import Settings

Record = dict[str, Any]

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}
"""No model is looked for in the network, and nothing is reported to anyone."""


class Worker:
    """A system in a process of its own (worker.py); ``asked`` ones that have no decoder get one (endpoint.py)."""

    def __init__(
        self, system: str, settings: Settings, index: Path, options: Namespace, *, asked: bool = False
    ) -> None:
        self.system = system
        self._log = (options.out / f"{system}.log").open("a", encoding="utf-8")
        self._threads = {"OMP_NUM_THREADS": str(options.threads), "RAGSTACK_MODELS__THREADS": str(options.threads)}
        self._endpoint, self._decoder = "", None
        if asked and system != "ragstack":
            self._decoder = self._start([sys.executable, str(HERE / "endpoint.py"), settings.decoder], options.out)
            self._endpoint = self._decoder.stdout.readline().strip() if self._decoder.stdout else ""
        told = json.dumps(asdict(replace(settings, endpoint=self._endpoint)))
        python = sys.executable if system == "ragstack" else str(options.peers)
        self._process = self._start([python, str(HERE / "worker.py"), system, told, str(index)], options.out)
        self._line()

    def __call__(self, do: str, **request: Any) -> Record:
        """The reply. A question that is asked may fail (``error``); all else ends the run."""
        print(json.dumps({"do": do} | request), file=self._process.stdin, flush=True)
        return self._line(may_fail=do == "ask")

    def ask(self, question: str) -> Record:
        """What was said, with its prompts' tokens and the CPU's seconds, those of its decoder too; or ``error``."""
        before = self._usage()
        said = self("ask", question=question)
        if "error" in said:
            return said
        after = self._usage()
        said["cpu"] += after["cpu"] - before["cpu"]
        if said["prompt_tokens"] is None:
            said["prompt_tokens"] = after["prompt_tokens"] - before["prompt_tokens"]
        return said

    def close(self) -> None:
        self._process.communicate()
        if self._decoder:
            self._decoder.terminate()
            self._decoder.communicate()
        self._log.close()

    def _start(self, command: list[str], folder: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, encoding="utf-8",
            env=os.environ | QUIET | self._threads, cwd=folder,
        )  # fmt: skip

    def _line(self, *, may_fail: bool = False) -> Record:
        line = self._process.stdout.readline() if self._process.stdout else ""
        reply = json.loads(line) if line else {"error": "the process ended"}
        if "error" in reply and not (line and may_fail):
            raise SystemExit(f"{self.system}: {reply['error']}; its log is {self._log.name}")
        return dict(reply)

    def _usage(self) -> dict[str, Any]:
        if not self._endpoint:
            return {"prompt_tokens": 0, "cpu": 0.0}
        with urllib.request.urlopen(f"{self._endpoint}/usage") as answer:  # noqa: S310 - our own endpoint
            return dict(json.load(answer))


class Kept:
    """Records that outlive an interruption, a line each; a line that was cut off is left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: list[Record] = []
        for line in path.read_text(encoding="utf-8").split("\n") if path.is_file() else ():
            try:
                self.records.append(json.loads(line))
            except ValueError:
                continue

    def add(self, record: Record) -> None:
        self.records.append(record)
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(record, ensure_ascii=False))

    def has(self, kind: str, system: str, **wanted: Any) -> bool:
        """Whether there is a record of the system as it is now."""
        wanted |= {"kind": kind, "system": system, "version": version_of(system)}
        return any(all(record.get(key) == value for key, value in wanted.items()) for record in self.records)

    def current(self) -> list[Record]:
        """The records of the systems as they are now."""
        return [record for record in self.records if record["version"] == version_of(record["system"])]


@cache
def version_of(system: str) -> str:
    """A digest of what a system's records depend on: the pinned packages and the adapter, or ragstack's own code."""
    files = [HERE / "peer.py", HERE / f"with_{system}.py"]
    if system == "ragstack":
        floors = [ROOT / floor for floor in ("indexes", "ingest", "ragstack")]
        files += sorted(path for floor in floors for kind in ("*.py", "*.json") for path in floor.rglob(kind))
    else:
        files.append(HERE / "requirements.txt")
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]
