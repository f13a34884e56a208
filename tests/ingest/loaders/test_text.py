"""Plain text is stored word for word."""

from ingest.documents import Limits, Loaded
from ingest.loaders import text


def parts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_paragraphs_are_set_apart_by_blank_lines() -> None:
    source = "First\nparagraph.\n \t\n\nSecond one.\n"
    loaded = text.load(source, Limits())
    assert loaded.text == source
    assert parts(loaded) == [("paragraph", "First\nparagraph."), ("paragraph", "Second one.")]


def test_chapter_lines_are_headings_in_both_languages() -> None:
    loaded = text.load("第一章 总则\n第一条的内容。\n第二节 范围\n内容。\n\nChapter 3: Results\nText.\n", Limits())
    assert [
        (block.level, loaded.text[block.start : block.end]) for block in loaded.blocks if block.kind == "heading"
    ] == [
        (1, "第一章 总则"),
        (2, "第二节 范围"),
        (1, "Chapter 3: Results"),
    ]


def test_a_sentence_that_begins_like_a_chapter_is_none() -> None:
    assert {kind for kind, _ in parts(text.load("第一章讲的是编码器的原理。\nChapter 3 is long.", Limits()))} == {
        "paragraph"
    }


def test_a_first_line_that_stands_alone_is_the_title() -> None:
    assert text.load("About models\n\nThey are large.", Limits()).title == "About models"
    assert text.load("They are large.\n\nMore.", Limits()).title is None
    assert text.load("One line only", Limits()).title is None


def test_lines_with_marks_are_the_items_of_a_list_and_one_alone_is_not() -> None:
    source = "不予赔偿：\n（一）自然磨损\n（二）人为\n损坏\n\nTo do:\n- wash\n- 2.5 kg flour\n\n"
    source += "- he said\nand left.\n\n2.5 is no mark.\n"
    loaded = text.load(source, Limits())
    assert loaded.text == source
    assert parts(loaded) == [
        ("paragraph", "不予赔偿："),
        ("list_item", "（一）自然磨损"),
        ("list_item", "（二）人为\n损坏"),
        ("paragraph", "To do:"),
        ("list_item", "- wash"),
        ("list_item", "- 2.5 kg flour"),
        ("paragraph", "- he said\nand left."),
        ("paragraph", "2.5 is no mark."),
    ]
