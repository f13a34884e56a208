"""Build the binary example documents from their Markdown sources.

``sources/deployment-notes.md`` becomes a PDF (a comment ``<!-- page -->`` begins a new page) and
``sources/vector-databases.md`` becomes a DOCX. The same sources, font and library versions give the same bytes.

The PDF embeds a subset of a TrueType font that holds Latin and Chinese glyphs; reportlab cannot embed fonts with
PostScript (CFF) outlines. WenQuanYi Micro Hei (Debian package ``fonts-wqy-microhei``, Apache-2.0 or GPL-3 with the
font exception) is the one the committed files were built with:

    python examples/build.py --font /usr/share/fonts/truetype/wqy/wqy-microhei.ttc
"""

import argparse
import datetime
import html
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent
PAGE_BREAK = "<!-- page -->"
EPOCH = datetime.datetime(2025, 1, 1)  # naive, as python-docx writes it
PDF_TITLE = "Deployment notes for language models · 语言模型部署笔记"
DOCX_TITLE = "Vector databases in practice"
AUTHOR = "ragstack example documents"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a source: its kind (h1, h2, h3, p, ul, ol, table, page) and its lines of text or rows of cells."""

    kind: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def main() -> None:
    """Write both documents into ``documents/``."""
    parser = argparse.ArgumentParser(description="Build the binary example documents from their Markdown sources.")
    parser.add_argument("--font", type=Path, required=True, help="a TrueType font file with Latin and Chinese glyphs")
    font: Path = parser.parse_args().font
    if not font.is_file():
        parser.error(f"no font at {font}; install fonts-wqy-microhei or name another TrueType font with --font")
    output = ROOT / "documents"
    (output / "deployment-notes.pdf").write_bytes(_pdf(_read("deployment-notes.md"), font))
    (output / "vector-databases.docx").write_bytes(_docx(_read("vector-databases.md")))


def _read(name: str) -> list[Block]:
    return list(_blocks((ROOT / "sources" / name).read_text(encoding="utf-8")))


def _blocks(markdown: str) -> Iterator[Block]:
    """Yield the blocks of the small part of Markdown that the sources use."""
    tokens = iter(MarkdownIt("commonmark").enable("table").parse(markdown))
    for token in tokens:
        if token.type == "heading_open":
            yield Block(token.tag, (next(tokens).content,))
        elif token.type == "paragraph_open":
            yield Block("p", (next(tokens).content,))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Block(token.tag, tuple(_inlines(tokens, token.type.replace("open", "close"))))
        elif token.type == "table_open":
            yield Block("table", rows=tuple(_rows(tokens)))
        elif token.type == "html_block" and token.content.strip() == PAGE_BREAK:
            yield Block("page")


def _inlines(tokens: Iterator[Any], end: str) -> Iterator[str]:
    for token in tokens:
        if token.type == end:
            return
        if token.type == "inline":
            yield token.content


def _rows(tokens: Iterator[Any]) -> Iterator[tuple[str, ...]]:
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open":
            yield tuple(_inlines(tokens, "tr_close"))


def _pdf(blocks: list[Block], font: Path) -> bytes:
    """Lay the blocks out on A4 pages with a running header and page numbers."""
    from reportlab import rl_config
    from reportlab.lib import textsplit
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import SimpleDocTemplate, paragraph

    for module in (textsplit, paragraph):  # no line begins with these; reportlab knows the Japanese ones alone
        module.ALL_CANNOT_START += "，；：？！）”"
    rl_config.invariant = 1  # fixed dates and identifiers: the same input gives the same bytes
    pdfmetrics.registerFont(TTFont("Body", str(font), subfontIndex=0))
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer, title=PDF_TITLE, author=AUTHOR, leftMargin=62, rightMargin=62, topMargin=64, bottomMargin=58
    )
    story = [flowable for block in blocks for flowable in _flowables(block, _styles())]
    template.build(story, onFirstPage=_furniture, onLaterPages=_furniture)
    return buffer.getvalue()


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    style = partial(ParagraphStyle, fontName="Body", wordWrap="CJK")
    return {
        "h1": style("h1", fontSize=16, leading=23, spaceAfter=8),
        "h2": style("h2", fontSize=14, leading=20, spaceBefore=4, spaceAfter=6),
        "p": style("p", fontSize=10.5, leading=15.5, spaceAfter=6),
        "li": style("li", fontSize=10.5, leading=15, spaceAfter=2, leftIndent=16, firstLineIndent=-10),
        "td": style("td", fontSize=9.5, leading=13),
    }


def _flowables(block: Block, styles: dict[str, Any]) -> list[Any]:
    """Turn one block into what reportlab lays out."""
    from reportlab.lib import colors
    from reportlab.platypus import PageBreak, Paragraph, Spacer, Table

    if block.kind == "page":
        return [PageBreak()]
    if block.kind == "table":
        cells = [[Paragraph(_markup(cell), styles["td"]) for cell in row] for row in block.rows]
        grid = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]
        return [Table(cells, style=grid, hAlign="LEFT"), Spacer(1, 8)]
    if block.kind in ("ul", "ol"):
        marks = [f"{n}." if block.kind == "ol" else "•" for n in range(1, len(block.lines) + 1)]
        lines = zip(marks, block.lines, strict=True)
        return [*(Paragraph(f"{mark} {_markup(line)}", styles["li"]) for mark, line in lines), Spacer(1, 6)]
    return [Paragraph(_markup(block.lines[0]), styles[block.kind])]


def _markup(text: str) -> str:
    """Escape text for reportlab; the font has one weight, so strong text is coloured instead."""
    parts = html.escape(text, quote=False).split("**")
    return "".join(f'<font color="#1f3f77">{part}</font>' if i % 2 else part for i, part in enumerate(parts))


def _furniture(canvas: Any, template: Any) -> None:
    """Draw the running header and the page number."""
    width, height = template.pagesize
    canvas.saveState()
    canvas.setFont("Body", 8.5)
    canvas.drawString(62, height - 40, PDF_TITLE)
    canvas.line(62, height - 46, width - 62, height - 46)
    canvas.drawCentredString(width / 2, 34, f"– {canvas.getPageNumber()} –")
    canvas.restoreState()


def _docx(blocks: list[Block]) -> bytes:
    """Write the blocks as a Word document with real headings, lists and tables."""
    import docx

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = DOCX_TITLE, AUTHOR, ""
    properties.created = properties.modified = EPOCH
    list_styles = {"ul": "List Bullet", "ol": "List Number"}
    for block in blocks:
        if block.kind == "table":
            table = document.add_table(rows=len(block.rows), cols=len(block.rows[0]), style="Table Grid")
            for cells, row in zip(table.rows, block.rows, strict=True):
                for cell, text in zip(cells.cells, row, strict=True):
                    cell.text = text
        elif block.kind in list_styles:
            for line in block.lines:
                document.add_paragraph(line, style=list_styles[block.kind])
        elif block.kind == "p":
            document.add_paragraph(block.lines[0])
        else:
            document.add_heading(block.lines[0], level=int(block.kind[1]))
    buffer = io.BytesIO()
    document.save(buffer)
    return _fixed_times(buffer.getvalue())


def _fixed_times(archive: bytes) -> bytes:
    """Rewrite a ZIP archive with one fixed time for all members, so that equal content means equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, EPOCH.timetuple()[:6]), source.read(name), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
