"""The files that a collection's searching structures are kept in: derived, checked, never changed.

A segment is a directory ``segment-N`` with ids, vectors, postings and, where it is large, the FAISS index. A generation
is a directory ``generation-N`` with a manifest: which segments make up the collection, which of their rows are live,
which commit this stands at, which encoder made the vectors and which analysis the terms, and the checksum of every
file and of itself. Each is written beside, synced, and renamed into its place, the generation last: so a new state is
there whole or not at all, and what a new generation has in common with the one before is not written again. What does
not agree with its manifest is not used. Readers map the files, and go on using them after they were removed.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from indexes.durable import UNFINISHED, checksum, checksum_of, written_beside
from indexes.errors import StoreDamaged
from indexes.records import EncoderFingerprint
from indexes.search.analysis import identity
from indexes.search.arrays import open_array
from indexes.search.dense import KINDS, DenseIndex, Kind
from indexes.search.ivf import Ivf
from indexes.search.lexical import Postings
from indexes.search.segment import Segment, merge, needs_writing

__all__ = ["LOCK", "Artefacts", "BadArtefact", "Manifest", "Part"]

LOCK = "writer.lock"
_LAYOUT = 3
_NAME = re.compile(r"(generation|segment)-([1-9]\d{0,17})")
_MANIFEST = "manifest.json"
_UNUSABLE = OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, RecursionError, MemoryError
"""What reading files raises that are missing, damaged or crafted."""
_LONGEST_MANIFEST = 1 << 22
_WORKSHOP = 10**17  # a number that no segment reaches


class BadArtefact(StoreDamaged):
    """The files of a generation are missing, damaged or made for something else; the text says what."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of a generation: the checksum of each file of its directory, and of its live rows' file, if any."""

    name: str
    kind: Kind
    rows: int
    files: dict[str, str]
    live: str = ""

    @property
    def seal(self) -> str:
        """What tells this segment from every other, whatever their names."""
        return checksum_of(f"{self.name} {sorted(self.files.items())}".encode())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of."""

    layout: int
    generation: int
    sequence: int
    encoder: dict[str, Any]
    token: str
    analysis: str
    parts: tuple[Part, ...]


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
        return self._numbers("generation")

    def save(
        self,
        groups: Sequence[Sequence[Segment]],
        commit: tuple[int, str],
        kind: Kind | None = None,
        *,
        afresh: bool = False,
    ) -> int:
        """Write a new generation that stands at a commit; returns its number once it is durable.

        Args:
            groups: The segments; those of a group are merged, where they are not one that is on disk already.
            commit: The number of the commit, and its token.
            kind: The kind of the dense indexes; by default the one that the size of each asks for.
            afresh: Write every segment again.

        Raises:
            OSError: It could not be written; nothing has changed.
            BadArtefact: What it would be made from is damaged.
        """
        known = {part.seal: part for part in self._newest_parts()}
        kept: list[tuple[Part, np.ndarray | None]] = []
        for group in groups:
            if not afresh and not needs_writing(group) and group[0].seal in known:
                kept.append((known[group[0].seal], group[0].live))
            else:
                for segment in group:  # damage since it was mapped must not get a checksum that fits
                    if segment.seal in known:
                        self._check(known[segment.seal])
                kept.append((self._write(group, kind), None))
        generation = max(self.generations(), default=0) + 1
        with written_beside(self.folder / f"generation-{generation}") as folder:
            parts = tuple(_with_live(folder, part, live) for part, live in kept)
            manifest = Manifest(_LAYOUT, generation, commit[0], asdict(self.encoder), commit[1], identity(), parts)
            body = asdict(manifest)
            text = json.dumps({"manifest": body, "checksum": _sealed(body)}, ensure_ascii=False, indent=1)
            (folder / _MANIFEST).write_text(text, encoding="utf-8")
        return generation

    def load(self, generation: int, held: Iterable[Segment] = ()) -> tuple[tuple[Segment, ...], Manifest]:
        """Check the files of a generation and map them.

        Args:
            generation: Its number.
            held: Segments of this directory that are mapped already, and need not be checked again.

        Raises:
            BadArtefact: They cannot be used.
        """
        folder = self.folder / f"generation-{generation}"
        mapped = {segment.seal: segment for segment in held if segment.seal}
        try:
            manifest = self._manifest(folder)
            expected = {_MANIFEST} | {f"{part.name}.npy" for part in manifest.parts if part.live}
            _check_names(folder, expected)
            segments = []
            for part in manifest.parts:
                segment = mapped.get(part.seal) or self._segment(part)
                segments.append(replace(segment, live=_live_rows(folder, part)))
        except _UNUSABLE as error:
            raise BadArtefact(f"generation {generation}: {error}") from error
        return tuple(segments), manifest

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """A directory for files that are needed for a while; what a killed process leaves of it is a leftover."""
        folder = self.folder / f"{UNFINISHED}segment-{_WORKSHOP}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def leftovers(self) -> list[Path]:
        """What killed writers left behind: unfinished directories, old generations, segments of no generation."""
        newest = self.generations()[:1]
        used = {f"generation-{number}" for number in newest} | {part.name for part in self._newest_parts()}
        return [path for path in self._entries() if _is_ours(path) and path.name not in used]

    def strangers(self) -> list[Path]:
        """What lies in the directory and was never written by this program."""
        return [path for path in self._entries() if path.name != LOCK and not _is_ours(path)]

    def prune(self) -> None:
        """Remove all but the newest generation and its segments."""
        for path in self.leftovers():
            shutil.rmtree(path, ignore_errors=True)

    def _entries(self) -> list[Path]:
        """What lies in the directory; nothing where it cannot be read, for all of it can be made again."""
        try:
            return sorted(self.folder.iterdir()) if os.access(self.folder, os.R_OK | os.X_OK) else []
        except OSError:
            return []

    def _numbers(self, what: str) -> list[int]:
        found = (_NAME.fullmatch(path.name) for path in self._entries())
        return sorted((int(match[2]) for match in found if match and match[1] == what), reverse=True)

    def _newest_parts(self) -> tuple[Part, ...]:
        """The segments of the newest generation that can be read."""
        for generation in self.generations():
            try:
                return self._manifest(self.folder / f"generation-{generation}").parts
            except _UNUSABLE:
                continue
        return ()

    def _write(self, group: Sequence[Segment], kind: Kind | None) -> Part:
        target = self.folder / f"segment-{max(self._numbers('segment'), default=0) + 1}"
        with written_beside(target) as folder:
            merged = merge(group, kind, folder)
            made, rows = merged.dense.kind, len(merged.ids)
            del merged  # what was mapped for writing is complete in the files
            files = {path.name: checksum(path) for path in sorted(folder.iterdir())}
        return Part(target.name, made, rows, files)

    def _manifest(self, folder: Path) -> Manifest:
        path = folder / _MANIFEST
        if path.stat().st_size > _LONGEST_MANIFEST:
            raise ValueError("the manifest is too long")
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["checksum"] != _sealed(stored["manifest"]):
            raise ValueError("the manifest is not what was written")
        manifest = Manifest(**stored["manifest"])
        if type(manifest.sequence) is not int or type(manifest.generation) is not int:
            raise ValueError("its numbers are none")
        if manifest.layout != _LAYOUT:
            raise ValueError(f"layout {manifest.layout} is not {_LAYOUT}")
        if manifest.encoder != asdict(self.encoder):
            raise ValueError("it was made for another encoder")
        if manifest.analysis != identity():
            raise ValueError("it was made with another analysis of text")
        if f"generation-{manifest.generation}" != folder.name:
            raise ValueError("it is the copy of another")
        return replace(manifest, parts=tuple(Part(**part) for part in stored["manifest"]["parts"]))

    def _check(self, part: Part) -> None:
        """Compare the files of a segment with what was written.

        Raises:
            BadArtefact: They differ.
        """
        folder = self.folder / part.name
        try:
            _check_names(folder, set(part.files))
            for name, expected in part.files.items():
                if Path(name).name != name or checksum(folder / name) != expected:
                    raise ValueError(f"{name} of {part.name} is not what was written")
        except OSError as error:
            raise BadArtefact(f"{part.name} cannot be read: {error}") from error
        except ValueError as error:
            raise BadArtefact(str(error)) from error

    def _segment(self, part: Part) -> Segment:
        if not _NAME.fullmatch(part.name) or part.kind not in KINDS:
            raise ValueError(f"{part.name!r} is no segment")
        self._check(part)
        folder = self.folder / part.name
        ids, vectors = open_array(folder, "ids"), open_array(folder, "vectors")
        lexical = Postings.open(folder)
        shapes = ids.shape, vectors.shape, lexical.lengths.shape
        if shapes != ((part.rows,), (part.rows, self.encoder.dimension), (part.rows,)):
            raise ValueError(f"the files of {part.name} do not fit together")
        if (ids.dtype.str, vectors.dtype.str) != ("<i8", "<f4") or not vectors.flags.c_contiguous or not _rises(ids):
            raise ValueError(f"{part.name} holds numbers of another kind")
        ivf = None if part.kind == "flat" else Ivf.open(folder, part.kind, part.rows, self.encoder.dimension)
        dense = DenseIndex(vectors, ivf, (folder / "vectors.npy").open("rb", buffering=0))
        return Segment(ids, dense, lexical, name=part.name, seal=part.seal)


def _rises(numbers: np.ndarray) -> bool:
    return bool((np.diff(numbers) > 0).all())


def _with_live(folder: Path, part: Part, live: np.ndarray | None) -> Part:
    if live is None:
        return replace(part, live="")
    path = folder / f"{part.name}.npy"
    np.save(path, live, allow_pickle=False)
    return replace(part, live=checksum(path))


def _live_rows(folder: Path, part: Part) -> np.ndarray | None:
    if not part.live:
        return None
    path = folder / f"{part.name}.npy"
    if checksum(path) != part.live:
        raise ValueError(f"the live rows of {part.name} are not what was written")
    live: np.ndarray = np.load(path, allow_pickle=False)
    if live.shape != (part.rows,) or live.dtype != np.bool_:
        raise ValueError(f"the live rows of {part.name} do not fit")
    return live


def _check_names(folder: Path, expected: set[str]) -> None:
    found = {path.name for path in folder.iterdir()}
    if missing := sorted(expected - found):
        raise ValueError(f"{missing[0]} is missing in {folder.name}")
    if foreign := sorted(found - expected):
        raise ValueError(f"{foreign[0]} does not belong in {folder.name}")


def _is_ours(path: Path) -> bool:
    return path.is_dir() and bool(_NAME.fullmatch(path.name.removeprefix(UNFINISHED)))


def _sealed(body: dict[str, Any]) -> str:
    return checksum_of(json.dumps(body, sort_keys=True).encode())
