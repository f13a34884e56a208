"""Reads the text in pictures, English and Chinese, without a network.

The models are PP-OCR's as the package rapidocr ships them, run by onnxruntime. Both packages are optional;
:func:`missing` says what to install. The models are loaded at the first picture.
"""

import functools
import importlib.util
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Words", "missing", "read"]

_THREADS = 1
"""Others are at work beside a loader; threads that wait for one another would only take their time."""
_PACKAGES = ("rapidocr", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text in a picture.

    Attributes:
        text: Its characters.
        confidence: How sure the reader is of them, in [0, 1].
        box: Left, top, right, bottom in pixels.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]


def missing() -> str:
    """What to do before pictures can be read, or nothing where they can be."""
    absent = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    return "type `pip install 'ragstack[ocr]'` to have pictures read" if absent else ""


def read(picture: "Image") -> list[Words]:
    """Return the lines of text in a picture, from the top; `missing` must have said nothing."""
    import numpy as np

    pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]  # the models know blue, green, red
    found = _engine()(np.ascontiguousarray(pixels))
    if found.txts is None:
        return []
    lines = []
    for text, confidence, corners in zip(found.txts, found.scores, found.boxes, strict=True):
        xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
        lines.append(Words(str(text), float(confidence), (min(xs), min(ys), max(xs), max(ys))))
    return lines


@functools.cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    settings = {
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Rec.rec_batch_num": 1,  # lines of unlike length in one batch cost more than they save
    }
    return RapidOCR(params=settings)
