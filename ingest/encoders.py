"""Encoders: texts in, vectors out.

``encode_passages`` and ``encode_queries`` give an array of shape (texts, dimension), float32, each row of length 1, so
that a dot product is a cosine. The prefix that the model was trained with is put before each text. A text longer than
``max_length`` tokens is cut there; callers that must not lose anything count first: ``count_tokens`` gives the tokens
of the bare texts, without prefix and special tokens.

Opening an encoder reads a few small files; its tokenizer is loaded when tokens are first counted, and the model itself
(with torch) when something is first encoded. Nothing here asks the network for anything once the folder is there.

The precision ``int8`` is the same model in eight bits (:mod:`ingest.encoder_int8`). Its fingerprint has another
revision, so that a collection keeps to the one that filled it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from logging import ERROR
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from indexes.errors import ModelError
from indexes.records import EncoderFingerprint
from ingest.encoder_folder import EncoderFolder, read_encoder_folder
from ingest.packs import PACKS, locate

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    from ingest.encoder_int8 import Int8Model
    from ingest.encoder_torch import TorchModel

__all__ = ["Encoder", "Precision", "SentenceTransformerEncoder", "open_encoder", "precision_of"]

Precision = Literal["fp32", "int8"]


class Encoder(Protocol):
    """Turns texts into vectors."""

    @property
    def fingerprint(self) -> EncoderFingerprint:
        """All that decides what a vector means."""

    @property
    def max_length(self) -> int:
        """The most tokens of an input, prefix and special tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without prefix and special tokens."""

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts that are to be found: (texts, dimension), float32, of length 1."""

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of questions: (texts, dimension), float32, of length 1."""


class SentenceTransformerEncoder:
    """An encoder from a sentence-transformers folder, on the CPU."""

    def __init__(
        self, name: str, folder: EncoderFolder, cache: Path, threads: int = 0, precision: Precision = "fp32"
    ) -> None:
        """Describe the encoder; nothing is loaded yet. ``threads``: of the model; 0 means one for each processor."""
        self._folder = folder
        self._cache = cache
        self._threads = threads
        self._precision = precision
        self._lock = Lock()
        self.fingerprint = EncoderFingerprint(
            name=name,
            revision=folder.revision if precision == "fp32" else f"{folder.revision}-{precision}",
            dimension=folder.dimension,
            pooling=folder.pooling,
            query_prefix=folder.query_prefix,
            passage_prefix=folder.passage_prefix,
        )
        self.max_length = folder.max_length

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without prefix and special tokens."""
        encodings = self._tokenizer.encode_batch_fast([_clean(text) for text in texts], add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts that are to be found: (texts, dimension), float32, of length 1."""
        return self._encode([self._folder.passage_prefix + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of questions: (texts, dimension), float32, of length 1."""
        return self._encode([self._folder.query_prefix + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.empty((0, self._folder.dimension), dtype=np.float32)
        vectors = self._model.vectors(self._token_ids(texts))
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        tokenizer = self._tokenizer
        room = self.max_length - tokenizer.num_special_tokens_to_add(is_pair=False)
        encodings = tokenizer.encode_batch_fast([_clean(text) for text in texts], add_special_tokens=False)
        for encoding in encodings:
            encoding.truncate(room)
        return [tokenizer.post_process(encoding).ids for encoding in encodings]

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        with _one_line(self._folder.path):
            tokenizer = Tokenizer.from_file(str(self._folder.path / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @property
    def _model(self) -> "TorchModel | Int8Model":
        with self._lock:
            return self._loaded_model

    @cached_property
    def _loaded_model(self) -> "TorchModel | Int8Model":
        folder = self._folder
        if self._precision == "int8":
            from ingest.encoder_int8 import Int8Model

            return Int8Model.open(folder, self._cache, self._load, self._threads)
        from ingest.encoder_torch import TorchModel

        return TorchModel(self._load, folder.dimension, folder.pad_id, self._threads)

    def _load(self) -> "SentenceTransformer":
        import torch
        from sentence_transformers import SentenceTransformer

        options = {"use_safetensors": True, "dtype": torch.float32}
        with _one_line(self._folder.path), _quietly():
            return SentenceTransformer(
                str(self._folder.path), device="cpu", local_files_only=True, model_kwargs=options
            )


def open_encoder(
    setting: str, cache: Path, *, threads: int = 0, precision: Precision = "fp32"
) -> SentenceTransformerEncoder:
    """The encoder that ``setting`` means: a pack's name, a sentence-transformers folder, or ``hf:ORG/NAME``.

    Prefixes are those that the folder tells (``prompts``), or that the model's family is known to need.

    Raises:
        ModelMissing: there is no such model on this machine.
        ModelError: the model is no encoder.
    """
    if setting in PACKS and PACKS[setting].kind != "encoder":
        encoders = ", ".join(name for name, pack in PACKS.items() if pack.kind == "encoder")
        raise ModelError(f"{setting} is a decoder; expected an encoder, such as {encoders}")
    path = locate(setting, cache)
    name = setting if setting in PACKS or setting.startswith("hf:") else path.name
    return SentenceTransformerEncoder(name, read_encoder_folder(path, cache, name), cache, threads, precision)


def precision_of(fingerprint: EncoderFingerprint) -> Precision:
    """The precision of the encoder with this fingerprint."""
    return "int8" if fingerprint.revision.endswith("-int8") else "fp32"


def _clean(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while loading (libraries raise all kinds) into one line that names the folder."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(f"the encoder in {path} cannot be loaded: {reason}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Load without progress bars and notes about the checkpoint."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(ERROR)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
