"""An encoder in eight bits: about twice as fast on a CPU, with vectors that are nearly the same.

The model of a sentence-transformers folder is exported to ONNX, its matrices rounded to eight bits (dynamic
quantisation: activations are rounded as they come), and run by onnxruntime, which needs no torch. The table of its
words is most of a multilingual model; it is rounded row by row and stays beside, where only the rows that are looked
up are read. All this is made once, on first use, from what is on this machine, and kept in the model cache in
``.int8/REVISION-DIGEST/``: the beginnings of the SHA-256 of the weights that it was made from, and of the files. What
is not what its name says is made anew. It appears by one rename, whole or not at all.

Each text goes through the model alone: there is no padding, and no vector depends on which texts it is encoded with.
Matrices use seven bits of the eight, so that sums of products cannot overflow on processors that add them up in 16
bits, and vectors mean the same on all.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexes.errors import ExtraMissing, ModelError
from ingest.encoder_folder import EncoderFolder
from ingest.packs.download import sha256_of
from ingest.processors import processors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["Int8Model"]

_MATRICES, _WORDS, _SCALES = "matrices.onnx", "words.npy", "scales.npy"
_OPSET = 17
_ROWS = 16_384
"""Rows of the table of words that are rounded at once, to spare memory."""


class Int8Model:
    """Runs the eight-bit form of a model; safe to use from several threads."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Load the files in ``path``. ``threads`` texts are encoded at once; 0 means one for each processor."""
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._workers = ThreadPoolExecutor(threads or processors(), "encoder")
        self._session = InferenceSession(str(path / _MATRICES), options, providers=["CPUExecutionProvider"])
        self._words = np.load(path / _WORDS, mmap_mode="r", allow_pickle=False)
        self._scales = np.load(path / _SCALES, allow_pickle=False)

    @classmethod
    def open(
        cls, folder: EncoderFolder, cache: Path, load: "Callable[[], SentenceTransformer]", threads: int = 0
    ) -> "Int8Model":
        """The eight-bit form of the model in ``folder``, made on first use.

        Args:
            folder: What the model says of itself.
            cache: The model cache.
            load: Loads the model; called only where the files have to be made.
            threads: How many texts are encoded at once.

        Raises:
            ExtraMissing: onnxruntime, or what makes the files, is not installed.
            ModelError: the cache cannot be used, or the model cannot be exported.
        """
        try:
            import onnxruntime  # noqa: F401

            return cls(_found(folder, cache / ".int8") or _made(folder, cache / ".int8", load), threads)
        except ImportError as error:
            raise ExtraMissing(
                f"an encoder in int8 needs the package {error.name}: type `pip install 'ragstack[onnx]'`, "
                'or set models.encoder_precision = "fp32"'
            ) from error
        except OSError as error:
            raise ModelError(f"the model cache {cache} cannot be used: {error.strerror or error}") from error

    def vectors(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """The vectors of texts given as token ids, special tokens included: (texts, dimension), float32, in order."""
        longest_first = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        made = dict(zip(longest_first, self._workers.map(lambda row: self._one(ids[row]), longest_first), strict=True))
        return np.stack([made[row] for row in range(len(ids))])

    def _one(self, ids: Sequence[int]) -> np.ndarray:
        rows = np.asarray(ids)
        words = self._words[rows].astype(np.float32) * self._scales[rows]
        vector: np.ndarray = self._session.run(None, {"words": words[None]})[0][0]
        return vector


def _found(folder: EncoderFolder, place: Path) -> Path | None:
    """What was made of these weights before, checked."""
    for path in sorted(place.glob(f"{folder.revision}-*")):
        if all((path / name).is_file() for name in (_MATRICES, _WORDS, _SCALES)) and path.name == _name(folder, path):
            return path
        shutil.rmtree(path, ignore_errors=True)
    return None


def _name(folder: EncoderFolder, path: Path) -> str:
    digests = "".join(sha256_of(path / name) for name in (_MATRICES, _WORDS, _SCALES))
    return f"{folder.revision}-{hashlib.sha256(digests.encode()).hexdigest()[:12]}"


def _made(folder: EncoderFolder, place: Path, load: "Callable[[], SentenceTransformer]") -> Path:
    """Make the eight-bit form and give it its name."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as temporary, _one_line(folder.path), _quietly():
        path, exported = Path(temporary, "int8"), Path(temporary, "fp32.onnx")
        path.mkdir()
        _export(load(), folder.pad_id, exported, path)
        quantize_dynamic(exported, path / _MATRICES, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        for name in (_MATRICES, _WORDS, _SCALES):
            with (path / name).open("rb") as file:
                os.fsync(file.fileno())
        target = place / _name(folder, path)
        if not target.exists():  # another process may have made the same meanwhile
            path.rename(target)
        return target


def _export(model: "SentenceTransformer", pad_id: int, graph: Path, table: Path) -> None:
    """Write the model, pooling included, as a graph from the rows of words (texts, tokens, width), and its table."""
    import torch

    class Given(torch.nn.Module):
        """Stands for the table: gives the rows that were put into it."""

        rows = torch.empty(0)

        def forward(self, _: torch.Tensor) -> torch.Tensor:
            return self.rows

    class Unpadded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            given.rows = rows
            ids = torch.full(rows.shape[:2], pad_id + 1, dtype=torch.int64)  # only that they are no padding counts
            features = self.model({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
            vectors: torch.Tensor = features["sentence_embedding"]
            return vectors

    transformer: Any = model[0].auto_model
    words, given = transformer.get_input_embeddings().weight.detach(), Given()
    _round(words.numpy(), table)
    transformer.set_input_embeddings(given)
    with torch.inference_mode():
        torch.onnx.export(
            Unpadded().eval(),
            (torch.zeros((2, 7, words.shape[1])),),
            str(graph),
            input_names=["words"],
            output_names=["vectors"],
            dynamic_axes={"words": {0: "texts", 1: "tokens"}, "vectors": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _round(table: np.ndarray, path: Path) -> None:
    """Write a table (words, width) as int8, each row with the scale that makes it float32 again."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / 127
    rounded = np.lib.format.open_memmap(path / _WORDS, mode="w+", dtype=np.int8, shape=table.shape)
    for start in range(0, len(table), _ROWS):
        part = slice(start, start + _ROWS)
        rounded[part] = np.rint(table[part] / scales[part])
    rounded.flush()
    np.save(path / _SCALES, scales)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the exporter raises where a model is not made as it expects into one line."""
    try:
        yield
    except (ImportError, ModelError, OSError):
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f'the encoder in {path} cannot be rounded to int8: {reason}; set models.encoder_precision = "fp32"'
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Work without the exporter's and the quantiser's notes."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
