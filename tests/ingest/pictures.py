"""Small pictures of text, drawn for the tests of recognition."""

import io
from pathlib import Path

import reportlab
from noto_cjk_sans_jp_regular import FONT_PATH
from PIL import Image, ImageDraw, ImageFont

__all__ = ["CHINESE", "ENGLISH", "encoded", "picture"]

ENGLISH = ["The heron stands in the shallow water,", "and waits for a fish to come near."]
CHINESE = ["苍鹭站在浅水里，", "等着鱼游到近处。"]


def picture(lines: list[str], *, size: int = 30, width: int = 700, height: int = 200) -> Image.Image:
    """Black lines on white."""
    latin = str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    page = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        font = ImageFont.truetype(latin if line.isascii() else str(FONT_PATH), size)
        pen.text((30, 30 + index * size * 2), line, font=font, fill="black")
    return page


def encoded(page: Image.Image, kind: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, kind, **settings)
    return buffer.getvalue()
