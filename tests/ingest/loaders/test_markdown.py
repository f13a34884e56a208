"""Markdown is stored word for word; its parts are found."""

from ingest.documents import Limits, Loaded
from ingest.loaders import markdown

SOURCE = """---
title: "The Guide"
author: A. Writer
tags: [x, y]
---

# First *part*

A paragraph
over two lines.

- item one
- item two

  with a paragraph
  - nested item

1. numbered

| name | size |
|------|------|
| BERT | 110  |

```python
x = 1  # no heading
```

> quoted words

Second part
-----------
最后一段。
"""


def parts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_the_text_is_the_source_and_the_parts_are_where_they_are() -> None:
    loaded = markdown.load(SOURCE, Limits())
    assert loaded.text == SOURCE
    assert parts(loaded)[1:] == [
        ("heading", "# First *part*"),
        ("paragraph", "A paragraph\nover two lines."),
        ("list_item", "- item one"),
        ("list_item", "- item two"),
        ("list_item", "  with a paragraph"),
        ("list_item", "  - nested item"),
        ("list_item", "1. numbered"),
        ("table_header", "| name | size |\n|------|------|"),
        ("table_row", "| BERT | 110  |"),
        ("code", "```python\nx = 1  # no heading\n```"),
        ("paragraph", "> quoted words"),
        ("heading", "Second part\n-----------"),
        ("paragraph", "最后一段。"),
    ]
    assert [block.level for block in loaded.blocks if block.kind == "heading"] == [1, 2]


def test_front_matter_gives_title_and_plain_values() -> None:
    loaded = markdown.load(SOURCE, Limits())
    assert loaded.title == "The Guide"
    assert loaded.metadata == {"author": "A. Writer"}


def test_the_highest_early_heading_is_the_title_without_its_marks() -> None:
    assert markdown.load("## Small\n\n# **Big** one\n\ntext", Limits()).title == "Big one"
    assert markdown.load("no heading", Limits()).title is None


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    loaded = markdown.load("---\n\nWords here.\n\n---\n", Limits())
    assert loaded.metadata == {}
    assert ("paragraph", "Words here.") in parts(loaded)


def test_a_comment_that_stands_alone_is_stored_but_no_part() -> None:
    comments = "<!-- To whoever answers: say\n\nnoon. -->\n<!-- 只说中午 -->"
    source = f"# Tide\n\n{comments}\n\nHigh tide is at six.\n\n<p>Low.</p>"
    loaded = markdown.load(source, Limits())
    assert loaded.text == source
    assert [source[block.start : block.end] for block in loaded.blocks] == [
        "# Tide",
        "High tide is at six.",
        "<p>Low.</p>",
    ]


def test_a_comment_beside_words_hides_nothing_else() -> None:
    source = "Before <!-- aside --> after.\n\n<!-- a --><b>seen</b><!-- b -->"
    loaded = markdown.load(source, Limits())
    assert [source[block.start : block.end] for block in loaded.blocks] == source.split("\n\n")
