"""The models of a config: opened once, and anew after they were closed."""

from pathlib import Path

from ragstack.config import load_config
from ragstack.models import Models


def test_a_generator_is_opened_once_and_anew_after_closing(tmp_path: Path) -> None:
    models = Models(load_config(overrides={"store": {"home": tmp_path}, "generator": {"kind": "extractive"}}))
    first = models.generator()
    assert models.generator("extractive") is first
    models.close()
    assert models.generator() is not first
