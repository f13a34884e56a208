"""The first candidates of a hybrid search → a better order.

A reranker gives each candidate a score; it can neither add nor lose one, and equal scores keep the order of the
fusion. Two are here: the fitted one, which weighs what both searches say with what the words of question and chunk
say and costs milliseconds, and any cross-encoder of sentence-transformers, which reads question and chunk together
and costs a pass of its model for each candidate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from indexes.errors import ModelError
from ingest.chunking import embedded_text
from ingest.packs import PACKS, locate
from ragstack.retrieval.candidates import Candidate
from ragstack.retrieval.rank_features import FEATURES, features, load_weights

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["CrossEncoderReranker", "FittedReranker", "Reranker", "Scored", "open_reranker"]

_BATCH = 8
"""Pairs that go through a cross-encoder at once: on a CPU more of them only wait for the longest."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A reranker's score of one candidate, and the parts that it is the sum of, where it is one."""

    score: float
    parts: Mapping[str, float]


class Reranker(Protocol):
    """Scores candidates. ``name`` says which it is, as settings do."""

    name: str

    def score(self, question: str, candidates: Sequence[Candidate]) -> list[Scored]:
        """A score for each candidate, in their order; higher is better, and only within this question.

        Raises:
            ModelMissing: the model is not on this machine.
            ModelError: the model cannot be loaded, or failed.
        """
        ...


class FittedReranker:
    """A weighted sum of scale-free features (`rank_features`), fitted by ``benchmarks/retrieving.py``."""

    name = "fitted"

    def score(self, question: str, candidates: Sequence[Candidate]) -> list[Scored]:
        """See :class:`Reranker`."""
        if not candidates:
            return []
        weights = load_weights()
        parts = features(question, candidates) * np.array([weights[name] for name in FEATURES])
        return [Scored(float(row.sum()), dict(zip(FEATURES, row.tolist(), strict=True))) for row in parts]


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers with one output, on the CPU. Nothing is loaded before the first use."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._lock = Lock()

    def score(self, question: str, candidates: Sequence[Candidate]) -> list[Scored]:
        """See :class:`Reranker`; the model reads what the encoder read of a chunk, its context and its text."""
        if not candidates:
            return []
        texts = (embedded_text(each.chunk.context, each.chunk.text) for each in candidates)
        pairs = [(_clean(question), _clean(text)) for text in texts]
        with self._lock:
            values = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
        if not np.isfinite(values).all():
            raise ModelError(f"reranker {self.name} gave a score that is not a number; expected another model")
        return [Scored(float(value), {}) for value in values]

    @cached_property
    def _model(self) -> "CrossEncoder":
        from sentence_transformers import CrossEncoder

        try:
            model: CrossEncoder = CrossEncoder(
                str(self._folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
            kind, outputs = _described(model)
        except Exception as error:  # libraries raise all kinds
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"the reranker in {self._folder} cannot be loaded: {reason}") from error
        if not kind.endswith("ForSequenceClassification"):  # its last layer would be made of random numbers
            raise ModelError(f"{self.name} is a {kind}, no cross-encoder; set retrieval.reranker to one, or to fitted")
        if outputs != 1:
            raise ModelError(f"{self.name} has {outputs} outputs; expected a cross-encoder with one, the relevance")
        return model


def _described(model: "CrossEncoder") -> tuple[str, int]:
    """The architecture that the weights were saved with, and the number of outputs."""
    config: Any = model.config
    return (config.architectures or ["model of no known kind"])[0], int(config.num_labels)


def _clean(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def open_reranker(setting: str, cache: Path) -> Reranker | None:
    """The reranker that ``retrieval.reranker`` means: ``fitted``, ``none``, a folder, or ``hf:ORG/NAME``.

    Raises:
        ModelMissing: there is no such model on this machine.
        ModelError: the model is no cross-encoder.
    """
    if setting == "none":
        return None
    if setting == "fitted":
        return FittedReranker()
    if setting in PACKS:
        raise ModelError(f"{setting} is no cross-encoder; set retrieval.reranker to fitted, none, a folder or hf:…")
    return CrossEncoderReranker(setting, locate(setting, cache))
