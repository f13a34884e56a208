"""A stack over a few small documents, with a tiny encoder and the generator that needs no model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragstack import RagStack, load_config
from ragstack.checking.calibration import Calibration, LogisticModel

FILES = {
    "whale.md": "# Blue whale\n\nThe blue whale weighs up to 150 tonnes. The blue whale eats krill every day.",
    "鲸.md": "# 蓝鲸\n\n蓝鲸最重可达150吨。蓝鲸每天以磷虾为食。",
    "oak.md": "# Oak\n\nThe oak drops its acorns in autumn. Jays carry the acorns away.",
    "tea.txt": "Green tea is not fermented. Black tea is fermented before it is dried.",
}


@pytest.fixture
def documents(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.fixture
def stack(
    tmp_path: Path, documents: list[Path], bag_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RagStack]:
    """The calibration that ships is for trained encoders; here a third of a question's words must be in a sentence."""
    half = LogisticModel({"coverage": 10.0}, -5.0, threshold=0.5)
    gate = LogisticModel({"best": 10.0}, -3.0, threshold=0.5)
    monkeypatch.setattr("ragstack.checking.load_calibration", lambda *_, **__: Calibration(gate, gate, half, half))
    overrides = {"store": {"home": tmp_path / "home"}, "generator": {"kind": "extractive"}}
    with RagStack.open(load_config(overrides=overrides)) as opened:
        opened._models._encoder = bag_encoder
        opened.ingest(documents)
        yield opened
