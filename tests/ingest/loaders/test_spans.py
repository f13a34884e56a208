"""What holds for every loader of tables, slides and records: blocks in order, places that rise, chunks that fit."""

import csv as stdlib
import io
import json as stdjson
import re
import zipfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

import openpyxl  # type: ignore[import-untyped]
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx.util import Inches

from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Limits, Loaded
from ingest.loaders import csv, json, odt, rtf, text, xlsx
from ingest.loaders import pptx as slides

_TOKEN = re.compile(r"[A-Za-z]{1,4}|\d|[^\sA-Za-z\d]")
_WORDS = st.text(st.sampled_from("ab 12.,:：|。中文-\n[]()/é"), max_size=30)
_ROWS = st.lists(st.lists(_WORDS, min_size=1, max_size=5), min_size=1, max_size=12)
Rows = list[list[str]]


def count(texts: Sequence[str]) -> list[int]:
    return [len(_TOKEN.findall(each)) for each in texts]


def as_csv(rows: Rows) -> Loaded:
    buffer = io.StringIO()
    stdlib.writer(buffer, delimiter="\t").writerows(rows)
    return csv.load(buffer.getvalue().replace("\r\n", "\n"), Limits())


def as_json(rows: Rows) -> Loaded:
    records: list[Any] = [{cell[:4]: [cell, {"inner": row}] for cell in row} for row in rows]
    return json.load(stdjson.dumps({"first": rows[0][0], "many": records}), Limits())


def as_xlsx(rows: Rows) -> Loaded:
    workbook = openpyxl.Workbook()
    other = workbook.create_sheet("其他")
    for row in rows:
        workbook.active.append([f" {cell}" for cell in row])
        other.append([len(cell) for cell in row])
    buffer = io.BytesIO()
    workbook.save(buffer)
    return xlsx.load(buffer.getvalue(), Limits())


def as_pptx(rows: Rows) -> Loaded:
    deck = pptx.Presentation()
    for row in rows[:3]:
        shapes = deck.slides.add_slide(deck.slide_layouts[5]).shapes
        shapes.title.text = row[0]
        for number, cell in enumerate(row):
            shapes.add_textbox(Inches(number), Inches(len(cell)), Inches(1), Inches(1)).text_frame.text = cell
    buffer = io.BytesIO()
    deck.save(buffer)
    return slides.load(buffer.getvalue(), Limits())


def as_odt(rows: Rows, kind: str = "text") -> Loaded:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    cells = [[f"<t:table-cell><x:p>{escape(cell)}</x:p></t:table-cell>" for cell in row] for row in rows]
    table = "".join(f"<t:table-row>{''.join(row)}</t:table-row>" for row in cells)
    inner = (
        f"<x:h>{escape(rows[0][0])}</x:h><t:table>{table}</t:table>"
        if kind == "text"
        else f"<t:table>{table}</t:table>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(
            "content.xml",
            f'<o:c xmlns:o="{urn}office:1.0" xmlns:x="{urn}text:1.0" xmlns:t="{urn}table:1.0">'
            f"<o:body><o:{kind}>{inner}</o:{kind}></o:body></o:c>",
        )
    return odt.load(buffer.getvalue(), Limits())


def as_ods(rows: Rows) -> Loaded:
    return as_odt(rows, "spreadsheet")


def as_rtf(rows: Rows) -> Loaded:
    body = "".join(
        "\\trowd\\intbl " + "".join(f"{_rtf(cell)}\\cell " for cell in row) + f"\\row\\pard {_rtf(row[0])}\\par "
        for row in rows
    )
    return rtf.load(f"{{\\rtf1\\uc0 {body}}}".encode(), Limits())


def _rtf(words: str) -> str:
    return "".join(each if each.isascii() else f"\\u{ord(each)} " for each in words)


def as_text(rows: Rows) -> Loaded:
    return text.load("\n\n".join("\n".join(f"- {cell}" for cell in row) for row in rows), Limits())


@pytest.mark.parametrize("load", [as_csv, as_json, as_xlsx, as_pptx, as_odt, as_ods, as_rtf, as_text])
def test_blocks_and_places_are_in_order_and_chunks_are_exact_and_fit(load: Callable[[Rows], Loaded]) -> None:
    @settings(max_examples=12 if load in (as_xlsx, as_pptx) else 60)
    @given(_ROWS, st.integers(24, 90))
    def holds(rows: Rows, limit: int) -> None:
        loaded = load(rows)
        length = len(loaded.text)
        position = 0
        for block in loaded.blocks:
            assert position <= block.start < block.end <= length
            position = block.end
        for first, second in pairwise(loaded.pages):
            assert first.number <= second.number and first.end <= second.start
        assert all(0 <= span.start < span.end <= length and span.label for span in loaded.pages)
        covered = [False] * length
        for each in chunk(loaded, "Title", count, ChunkSettings(limit, 1, limit // 4)):
            piece = loaded.text[each.start : each.end]
            assert piece == piece.rstrip() != ""
            assert count([embedded_text(each.context, piece)])[0] <= limit
            covered[each.start : each.end] = [True] * (each.end - each.start)
            assert not loaded.pages or "place" in each.metadata
        assert all(done or not character.isalnum() for done, character in zip(covered, loaded.text, strict=True))

    holds()
