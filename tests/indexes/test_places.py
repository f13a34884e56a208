"""Places in files, as people say them."""

import pytest

from indexes.places import Box, boxes, describe, place_of
from indexes.records import Document, Metadata, PageSpan, StoredChunk, touched


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], ""),
        (["slide 4"], "slide 4"),
        (["slide 4", "slide 5", "slide 7"], "slides 4–7"),
        (["sheet 'Q3' row 17"] * 2, "sheet 'Q3' row 17"),
        (["sheet 'Q3' row 17", "sheet 'Q3' row 19"], "sheet 'Q3' rows 17–19"),
        (["sheet 'Q3' row 17", "sheet 'Q4' row 2"], "sheet 'Q3' row 17 – sheet 'Q4' row 2"),
        (["sheet 'Q3'", "sheet 'Q3' row 2"], "sheet 'Q3' row 2"),
        (["sheet 'Q3'", "sheet 'Q3' row 2", "sheet 'Q3' row 5"], "sheet 'Q3' rows 2–5"),
        (["sheet 'Q3' row 9", "sheet 'Q4'"], "sheet 'Q3' row 9 – sheet 'Q4'"),
        (["header Subject", "header From"], "header Subject – header From"),
        (["data record 3", "data record 4"], "data records 3–4"),
    ],
)
def test_labels_that_follow_one_another_make_one_place(labels: list[str], expected: str) -> None:
    spans = [PageSpan(1, at, at + 1, label) for at, label in enumerate(labels)]
    assert describe(spans) == expected


def test_without_labels_the_place_is_the_page_or_the_pages() -> None:
    lines = [PageSpan(3, 0, 5), PageSpan(3, 5, 9), PageSpan(4, 9, 12)]
    assert describe(lines[:2]) == "page 3"
    assert describe(lines) == "pages 3–4"


def test_spans_are_found_by_what_they_share_with_a_stretch() -> None:
    spans = (PageSpan(1, 0, 5), PageSpan(1, 6, 9), PageSpan(2, 9, 9), PageSpan(3, 9, 20), PageSpan(4, 25, 30))
    for start in range(32):
        for end in range(start + 1, 32):
            shared = tuple(span for span in spans if any(start <= at < end for at in range(span.start, span.end)))
            found = touched(spans, start, end)
            assert tuple(span for span in found if span.start < span.end) == shared
            assert Document("k", "u", "t", "", "d", {}, spans).spans(start, end) == found


def test_boxes_are_those_of_the_lines_that_have_one() -> None:
    box = (72.0, 100.5, 300.0, 112.0)
    assert boxes([PageSpan(2, 0, 5, box=box), PageSpan(2, 5, 9)]) == (Box(2, box),)


@pytest.mark.parametrize(
    ("page", "metadata", "expected"),
    [
        (3, {}, "page 3"),
        (1, {"place": "sheet 'Q3' rows 1–9"}, "sheet 'Q3' rows 1–9"),
        (None, {"place": "Berlin"}, ""),
        (2, {"place": 7}, "page 2"),
    ],
)
def test_a_chunk_has_its_place_or_its_page(page: int | None, metadata: Metadata, expected: str) -> None:
    assert place_of(StoredChunk(1, 1, "a", "A", page, 0, 1, "x", "", metadata)) == expected
