"""Fixtures that every floor may use: a tiny deterministic encoder, and the directory of the model packs."""

import hashlib
import multiprocessing
import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import ragstack  # noqa: F401 - first of all: it says how long OpenMP's threads spin, before anything loads OpenMP
from indexes.records import EncoderFingerprint

ROOT = Path(__file__).parents[1]

# Temporary folders lie in memory where there is room: each commit of a database is synced, which a disk takes time for.
MEMORY = Path("/dev/shm")  # noqa: S108
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4e9 and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Where a shell runs tests in the background, it has interruptions ignored, and their children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Children of tests are forked from one server, which starts with the first of them and loads these once for all.
multiprocessing.get_context("forkserver").set_forkserver_preload(
    ["ingest.pipeline", "indexes.database", "faiss", "rjieba", "snowballstemmer", "psycopg", "pytest", "hypothesis"]
)


# A run says the same as the one before it, and on a slow machine as on a quick one: the examples that Hypothesis makes
# are those of the code alone, and none has a time limit. `--hypothesis-profile=default` draws others.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# The servers of tests are on this machine; a proxy that the environment names is for others.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


class BagEncoder:
    """A bag of words hashed into 512 dimensions: no model, the same vectors each time, similar texts near."""

    fingerprint = EncoderFingerprint(name="bag-of-words", revision="1", dimension=512)
    max_length = 512

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.full((len(texts), 512), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _words(text):
                digest = hashlib.sha256(word.encode()).digest()
                vectors[row, int.from_bytes(digest[:2]) % 512] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+|[\u3400-\u9fff]", text.lower())


@pytest.fixture(scope="session")
def chinese_font() -> None:
    """Skips the test where the machine has no Chinese font, without which text that names one cannot be laid out.

    A Linux without fontconfig has none that is known of; other systems come with such fonts.
    """
    lister = shutil.which("fc-list")
    if platform.system() == "Linux" and not (
        lister and subprocess.run([lister, ":lang=zh"], capture_output=True, check=True).stdout
    ):
        pytest.skip("no Chinese font is installed")


@pytest.fixture
def bag_encoder() -> BagEncoder:
    return BagEncoder()


@pytest.fixture
def gate_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that believes the judge, or words where there is none: the one that ships is fitted for real cosines."""
    from ragstack.checking.calibration import LogisticModel, load_calibration

    believing = LogisticModel({"judge": 1.0}, 0.0, threshold=0.5)
    words = LogisticModel({"best": 10.0}, -5.0, threshold=0.5)
    gate = replace(load_calibration(), answerable=believing, answerable_without_judge=words)
    monkeypatch.setattr("ragstack.checking.load_calibration", lambda *_, **__: gate)


@pytest.fixture(scope="session")
def bags() -> type[BagEncoder]:
    """The bag of words for fixtures that outlive one test."""
    return BagEncoder


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples" / "documents"
