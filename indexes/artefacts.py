"""The files that a collection's searching structures are kept in: derived, checked, replaced as a whole.

A generation is a directory ``generation-N`` with the FAISS index, the postings, the ids and a manifest. The manifest
says which commit the files stand at, which encoder made the vectors and which analysis the terms, and the SHA-256 of
every file and of itself. A generation is written beside, synced, and renamed into its place, so it is there whole or
not at all; what does not agree with its manifest is not used. Files are never changed: readers map them, and go on
using them after the directory was removed.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexes.analysis import identity
from indexes.dense import DenseIndex, Kind
from indexes.lexical import Postings
from indexes.records import EncoderFingerprint
from indexes.segment import Segment

__all__ = ["Artefacts", "BadArtefact", "Manifest"]

_LAYOUT = 1
_NAME = re.compile(r"generation-(\d{1,18})")
_MANIFEST = "manifest.json"
_IDS = "ids.npy"
_LIVE = "live.npy"


class BadArtefact(Exception):
    """The files of a generation are missing, damaged or made for something else; the text says what."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of: ``files`` gives the SHA-256 of each by name."""

    layout: int
    generation: int
    sequence: int
    encoder: dict[str, Any]
    analysis: str
    kind: Kind
    rows: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The generations of one collection, in their directory."""

    folder: Path
    encoder: EncoderFingerprint

    def stamp(self) -> int:
        """A number that changes whenever a generation comes or goes; 0 where there is no directory."""
        try:
            return self.folder.stat().st_mtime_ns
        except OSError:
            return 0

    def generations(self) -> list[int]:
        """The numbers of the generations, the newest first."""
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted((int(match[1]) for match in found if match), reverse=True)

    def save(self, segment: Segment, sequence: int) -> int:
        """Write a new generation that stands at commit ``sequence``; returns its number once it is durable.

        Raises:
            OSError: It could not be written; nothing has changed.
        """
        generation = max(self.generations(), default=0) + 1
        with self._beside() as folder:
            np.save(folder / _IDS, segment.ids, allow_pickle=False)
            if segment.live is not None:
                np.save(folder / _LIVE, segment.live, allow_pickle=False)
            segment.lexical.save(folder)
            segment.dense.save(folder)
            manifest = Manifest(
                layout=_LAYOUT,
                generation=generation,
                sequence=sequence,
                encoder=asdict(self.encoder),
                analysis=identity(),
                kind=segment.dense.kind,
                rows=len(segment.ids),
                files={path.name: _digest(path) for path in sorted(folder.iterdir())},
            )
            body = asdict(manifest)
            text = json.dumps({"manifest": body, "sha256": _digest_of(body)}, ensure_ascii=False, indent=1)
            (folder / _MANIFEST).write_text(text, encoding="utf-8")
            for path in folder.iterdir():
                path.chmod(0o600)
                _sync(path)
            _sync(folder)
            folder.rename(self.folder / f"generation-{generation}")
        _sync(self.folder)
        return generation

    def load(self, generation: int) -> tuple[Segment, Manifest]:
        """Check the files of a generation and map them.

        Raises:
            BadArtefact: They cannot be used.
        """
        folder = self.folder / f"generation-{generation}"
        try:
            manifest = self._manifest(folder)
            for name, digest in manifest.files.items():
                if Path(name).name != name or _digest(folder / name) != digest:
                    raise BadArtefact(f"{name} of generation {generation} is not what was written")
            return self._segment(folder, manifest), manifest
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise BadArtefact(f"generation {generation}: {error}") from error

    def prune(self, keep: int) -> None:
        """Remove what is older than generation ``keep`` and what unfinished writing left behind."""
        for path in self.folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if (match and int(match[1]) < keep) or path.name.startswith("writing-"):
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _beside(self) -> Iterator[Path]:
        folder = self.folder / f"writing-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _manifest(self, folder: Path) -> Manifest:
        stored = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if stored["sha256"] != _digest_of(stored["manifest"]):
            raise BadArtefact(f"the manifest in {folder.name} is not what was written")
        manifest = Manifest(**stored["manifest"])
        if manifest.layout != _LAYOUT:
            raise BadArtefact(f"{folder.name} has layout {manifest.layout}, expected {_LAYOUT}")
        if manifest.encoder != asdict(self.encoder):
            raise BadArtefact(f"{folder.name} was made for another encoder")
        if manifest.analysis != identity():
            raise BadArtefact(f"{folder.name} was made with another analysis of text")
        return manifest

    def _segment(self, folder: Path, manifest: Manifest) -> Segment:
        ids = np.load(folder / _IDS, mmap_mode="r", allow_pickle=False)
        live = np.load(folder / _LIVE, allow_pickle=False) if _LIVE in manifest.files else None
        dense = DenseIndex.open(folder, manifest.kind, manifest.rows, self.encoder.dimension)
        return Segment(ids, dense, Postings.open(folder), live)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
