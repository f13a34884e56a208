"""Processes that read files: what a hostile file can reach there, and what it costs."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexes.records import PageSpan
from ingest.documents import Block, Limits, Loaded, LoadOptions, Part
from ingest.processes.wire import WireError, decode_options, decode_part, encode_options, encode_part
from ingest.processes.workers import Workers

# What stands in for the loaders in the process: it does what the file says.
HOSTILE = """
import os, sys, time
import ingest.files.loading
from ingest.documents import Loaded, Part

def load_parts(data, name, options):
    try:
        exec(data.decode(), {"path": name})
        yield Part("", "", Loaded("it was done", "text"))
    except (PermissionError, OSError) as error:
        yield Part("", "", None, "refused", f"{type(error).__name__}: {error}")

ingest.files.loading.load_parts = load_parts
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(LoadOptions(Limits(max_seconds=120, max_memory=600_000_000)), 1) as pool:
        yield pool


def one(parts: Iterator[Part]) -> Part:
    [part] = parts
    return part


def test_a_file_is_read_in_another_process(workers: Workers) -> None:
    part = one(workers.load("# 标题\n\n一些文字。".encode(), "a.md"))
    assert part.loaded is not None
    assert (part.loaded.text, part.loaded.title, part.loaded.format) == ("# 标题\n\n一些文字。", "标题", "markdown")


def test_several_files_come_back_in_their_own_order() -> None:
    with Workers(LoadOptions(), 2) as pool:
        coming = [pool.load(f"Text number {n} of them all.".encode(), f"{n}.txt") for n in range(20)]
        texts = [one(parts).loaded for parts in coming]
    assert [loaded.text for loaded in texts if loaded] == [f"Text number {n} of them all." for n in range(20)]


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import socket; socket.socket()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "open(path, 'w')",
        "open(path, 'ab')",
        "open(path, 'r+')",
        "import os; os.open(path, os.O_CREAT | os.O_WRONLY)",
        "import os; os.remove(path)",
        "import os; os.rename(path, path + '2')",
        "import pathlib; pathlib.Path(path).unlink()",
        "import os; os.mkdir(path + '2')",
        "import shutil; shutil.rmtree(path)",
    ],
)
def test_a_loader_can_neither_write_nor_call_out(hostile: None, workers: Workers, deed: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    part = one(workers.load(deed.encode(), str(victim)))
    assert part.outcome == "refused" and "may not" in part.reason
    assert victim.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sitecustomize.py", "victim"]


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("import os; os._exit(3)", "without an answer"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
        (
            "import os, contextlib\nfor n in range(3, 20):\n with contextlib.suppress(OSError): os.write(n, b'~' * 99)",
            "",
        ),
    ],
)
def test_a_process_that_dies_costs_one_file(hostile: None, workers: Workers, deed: str, reason: str) -> None:
    part = one(workers.load(deed.encode(), "a"))
    assert part.outcome == "failed" and reason in part.reason
    after = one(workers.load(b"pass", "b"))
    assert after.loaded is not None and after.loaded.text == "it was done"


def test_what_a_library_prints_is_no_answer(hostile: None, workers: Workers) -> None:
    part = one(workers.load(b"print('{}' * 99); import os; os.write(1, b'!' * 99)", "a"))
    assert part.loaded is not None


def test_a_file_that_takes_too_long_costs_its_limit(hostile: None) -> None:
    with Workers(LoadOptions(Limits(max_seconds=3)), 1) as pool:
        began = time.monotonic()
        part = one(pool.load(b"while True: pass", "a"))
        assert part.outcome == "failed" and "longer than 3 s" in part.reason
        assert time.monotonic() - began < 60
        pool._options = LoadOptions()  # to start another process takes its time too
        assert one(pool.load(b"pass", "b")).loaded is not None


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_a_file_that_takes_too_much_memory_is_refused(hostile: None, workers: Workers) -> None:
    part = one(workers.load(b"bytearray(2_000_000_000)", "a"))
    assert part.outcome == "refused" and "600,000,000 bytes of memory" in part.reason
    assert one(workers.load(b"pass", "b")).loaded is not None


@pytest.mark.skipif(sys.platform != "linux", reason="the system has to tell")
def test_processes_end_with_the_one_that_started_them(hostile: None) -> None:
    script = """

from ingest.documents import LoadOptions
from ingest.processes.workers import Workers
with Workers(LoadOptions(), 1) as pool:
    parts = pool.load(b"pass", "a"); list(parts)
    print([process._child.pid for process in pool._all], flush=True)
    list(pool.load(b"import time; time.sleep(600)", "b"))
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    pids = json.loads(child.stdout.readline())
    handles = [os.pidfd_open(pid) for pid in pids]  # a number alone may soon be another process's
    child.kill()
    child.wait()
    assert handles
    for handle in handles:
        ended, _, _ = select.select([handle], [], [], 60)
        os.close(handle)
        assert ended


def test_leaving_stops_at_once(hostile: None) -> None:
    began = time.monotonic()
    with Workers(LoadOptions(), 1) as pool:
        pool.load(b"import time; time.sleep(600)", "a")
        time.sleep(0.5)
    assert time.monotonic() - began < 120


PART = Part(
    "a/b.pdf",
    "ab" * 32,
    Loaded(
        "Title\n\n正文 \udc80 text",
        "pdf",
        None,
        (Block(0, 5, "heading", 1), Block(7, 9, "paragraph")),
        (PageSpan(1, 0, 5, "slide 1"), PageSpan(1, 7, 9, "", (1.0, 2.0, 3.5, 4.0)), PageSpan(2, 9, 9)),
        {"pages": 2, "author": "A", "x": None, "ratio": 0.5, "flag": True},
        {1: 0.75},
    ),
)


def test_parts_and_options_pass_unchanged() -> None:
    assert decode_part(encode_part(PART)) == PART
    bad = Part("", "", None, "failed", "it is\nbroken")
    assert decode_part(encode_part(bad)) == bad
    options = LoadOptions(Limits(max_pages=3, max_seconds=1.5), pdf="pypdf", ocr=False)
    assert decode_options(encode_options("名\udcff.pdf", options)) == ("名\udcff.pdf", options)


def test_a_crafted_answer_is_no_part() -> None:
    good = json.loads(encode_part(PART))
    loaded = good["loaded"]
    crafted = [
        {**good, "outcome": "added"},
        {**good, "outcome": "failed"},
        {**good, "path": 3},
        {**good, "more": 1},
        {**good, "loaded": {**loaded, "text": ["a"]}},
        {**good, "loaded": {**loaded, "blocks": [[0, 999, "paragraph", 0]]}},
        {**good, "loaded": {**loaded, "blocks": [[5, 7, "paragraph", 0], [3, 9, "paragraph", 0]]}},
        {**good, "loaded": {**loaded, "blocks": [[0, 5, "script", 0]]}},
        {**good, "loaded": {**loaded, "pages": [[1, -1, 5, "", None]]}},
        {**good, "loaded": {**loaded, "pages": [[1, 0, 5, "", [1, 2, 3]]]}},
        {**good, "loaded": {**loaded, "metadata": {"a": []}}},
        {**good, "loaded": {**loaded, "recognised": [["x", 1]]}},
        {key: value for key, value in good.items() if key != "path"},
    ]
    for values in crafted:
        with pytest.raises(WireError):
            decode_part(json.dumps(values).encode())
    for payload in (b"", b"[]", b"\xff", b"[" * 100_000, b'{"loaded": 3}'):
        with pytest.raises(WireError):
            decode_part(payload)
