"""The models of a config: opened once, whoever asks, and anew after they were closed."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ragstack.config import load_config
from ragstack.models import Models
from ragstack.retrieval import reranking


def test_a_generator_is_opened_once_and_anew_after_closing(tmp_path: Path) -> None:
    models = Models(load_config(overrides={"store": {"home": tmp_path}, "generator": {"kind": "extractive"}}))
    first = models.generator()
    assert models.generator("extractive") is first
    models.close()
    assert models.generator() is not first


def test_threads_that_ask_at_once_share_one_reranker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[reranking.Reranker] = []

    def slow(setting: str, cache: Path) -> reranking.Reranker:
        time.sleep(0.2)
        opened.append(reranking.FittedReranker())
        return opened[-1]

    monkeypatch.setattr(reranking, "open_reranker", slow)
    models = Models(load_config(overrides={"store": {"home": tmp_path}}))
    together = Barrier(2)

    def ask(_: int) -> object:
        together.wait()
        return models.reranker

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(ask, range(2))
    assert first is second
    assert opened == [first]
