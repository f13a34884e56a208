"""Pictures: PNG, JPEG, TIFF with all its pages, BMP, GIF and WebP (of what moves, the first picture).

The text is what :mod:`ingest.ocr` reads, put into order like a page of a PDF; boxes are in points by the picture's
own resolution, or a point for a pixel where it names none.
"""

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexes.errors import LoadError
from indexes.records import Scalar
from ingest import ocr
from ingest.documents import Loaded, LoadOptions, Refused, TextBuilder
from ingest.loaders.pdf.layout import arrange, spans
from ingest.loaders.pdf.page import Line
from ingest.loaders.pdf.scans import Clock, recognised_lines

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["load"]

_MOST_PIXELS = 100_000_000
_FORMATS = ("PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "GIF", "WEBP")
_RESOLUTIONS = range(30, 2_401)


def load(source: bytes, options: LoadOptions) -> Loaded:
    """Load a picture.

    Raises:
        LoadError: it is damaged or cut short.
        Refused: there is no OCR, it has too many pixels or pages, or no text is seen in it.
    """
    obstacle = ocr.missing() if options.ocr else "switch OCR on to have pictures read"
    if obstacle:
        raise Refused(f"it is a picture; {obstacle}")
    clock = Clock(options.limits)
    lines: list[Line] = []
    confidences: dict[int, float] = {}
    count = unread = 0
    for picture, scale in _pictures(source, options):
        count += 1
        if clock.is_over():
            unread += 1
            continue
        found, confidence = recognised_lines(picture, count, scale)
        lines += found
        if found:
            confidences[count] = confidence
    builder = TextBuilder(options.limits.max_characters)
    placed = arrange(lines, builder)
    text = builder.text()
    if not text:
        raise Refused("no text is seen in the picture")
    metadata: dict[str, Scalar] = {"pages": count}
    if unread:
        metadata["unread_pages"] = unread
    return Loaded(text, "image", None, tuple(builder.blocks), spans(placed, count, len(text)), metadata, confidences)


def _pictures(source: bytes, options: LoadOptions) -> Iterator[tuple["Image", float]]:
    """The pictures of a file, upright and on white, each with its points per pixel."""
    from PIL import Image, ImageOps, ImageSequence

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(source), formats=_FORMATS) as file:
            warnings.simplefilter("ignore")
            frames = getattr(file, "n_frames", 1) if file.format == "TIFF" else 1
            if frames > options.limits.max_pages:
                limit = options.limits.max_pages
                raise Refused(f"it has {frames:,} pages, more than {limit:,}; split it, or raise the limit")
            for index, frame in enumerate(ImageSequence.Iterator(file)):
                if index == frames:
                    break
                if frame.width * frame.height > _MOST_PIXELS:
                    raise Refused(f"it has more than {_MOST_PIXELS:,} pixels; scale it down")
                scale = 72 / _resolution(frame)
                yield _on_white(ImageOps.exif_transpose(frame)), scale
    except LoadError:
        raise
    except Image.DecompressionBombError as error:
        raise Refused(f"it has more than {_MOST_PIXELS:,} pixels; scale it down") from error
    except Exception as error:  # broken pictures raise anything
        raise LoadError("the picture is damaged or cut short; fetch or export it again") from error


def _resolution(picture: "Image") -> float:
    """Pixels per inch, or 72 where the picture does not say, or says what cannot be."""
    found = picture.info.get("dpi", (72, 72))
    across = float(found[0] if isinstance(found, tuple) else found)
    return across if round(across) in _RESOLUTIONS else 72.0


def _on_white(picture: "Image") -> "Image":
    from PIL import Image

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white
