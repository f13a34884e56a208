"""The readers that `extraction` compares, each in a process of its own that can be stopped."""

import hashlib
import json
import multiprocessing
import re
import time
import zipfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

__all__ = ["READERS", "Reader"]


def read_ours(path: Path) -> tuple[str, list[dict[str, Any]]]:
    from ingest.documents import LoadOptions
    from ingest.files.loading import load_parts

    parts: list[dict[str, Any]] = []
    texts: list[str] = []
    for part in load_parts(path.read_bytes(), path.name, LoadOptions()):
        text = part.loaded.text if part.loaded else ""
        texts.append(text)
        parts.append(
            {
                "path": part.path,
                "outcome": part.outcome or "loaded",
                "reason": part.reason,
                "characters": len(text),
                "recognised": len(part.loaded.recognised) if part.loaded else 0,
            }
        )
    return "\n".join(texts), parts


def read_markitdown(path: Path) -> str:
    from markitdown import MarkItDown

    return str(MarkItDown().convert(path).text_content)


def read_pdfminer(path: Path) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(path)


def read_pdfium(path: Path) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def read_pypdf(path: Path) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def read_nodes(path: Path) -> str:
    """All text of a DOCX's parts (deletions aside), or of an HTML page without scripts, styles and templates."""
    from bs4 import BeautifulSoup

    if path.suffix.lower() == ".docx":
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if re.fullmatch(r"word/(?:document|footnotes|endnotes)\d*\.xml", n)]
            soups = [BeautifulSoup(archive.read(name), "xml") for name in names]
        paragraphs = [p for soup in soups for p in soup.find_all("w:p")]
        return "\n".join("".join(node.get_text() for node in p.find_all("w:t")) for p in paragraphs)
    soup = BeautifulSoup(path.read_bytes(), "lxml")
    for node in soup(["script", "style", "template", "head", "noscript"]):
        node.decompose()
    return soup.get_text("\n")


READERS: dict[str, Callable[[Path], Any]] = {
    "ours": read_ours,
    "markitdown": read_markitdown,
    "pdfminer": read_pdfminer,
    "pdfium": read_pdfium,
    "pypdf": read_pypdf,
    "nodes": read_nodes,
}


def serve(reader: str, pipe: Connection) -> None:
    """Read one file after the other, as asked through the pipe."""
    import logging

    logging.disable(logging.CRITICAL)
    read = READERS[reader]
    while True:
        path = Path(pipe.recv())
        began = time.perf_counter()
        try:
            found = read(path)
        except Exception as error:  # noqa: BLE001 - a reader may stumble over anything
            found = {"error": f"{type(error).__name__}: {error}"[:200]}
        seconds = time.perf_counter() - began
        answer = found if isinstance(found, dict) else {"text": found} if isinstance(found, str) else None
        answer = answer or {"text": found[0], "parts": found[1]}
        pipe.send({**answer, "seconds": seconds})


class Reader:
    """A reader in a process of its own, which is replaced when it takes too long or dies."""

    def __init__(self, name: str, timeout: float, cache: Path | None) -> None:
        self._name = name
        self._timeout = timeout
        self._cache = cache if name != "ours" else None
        self._process: Any = None
        self._pipe: Any = None

    def read(self, path: Path) -> dict[str, Any]:
        kept = self._cache / f"{self._name}-{_digest(path)}.json" if self._cache else None
        if kept and kept.exists():
            return dict(json.loads(kept.read_text()))
        found = self._ask(path)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(found))
        return found

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _ask(self, path: Path) -> dict[str, Any]:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(self._name, theirs), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send(str(path))
            if self._pipe.poll(self._timeout):
                return dict(self._pipe.recv())
        except (EOFError, OSError):
            self.close()
            return {"error": "its process died", "seconds": 0.0}
        self.close()
        return {"error": "timeout", "seconds": self._timeout}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.suffix.encode() + path.read_bytes()).hexdigest()[:32]
