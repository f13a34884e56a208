"""What a line stands under, by hand, in both languages."""

import pytest

from ingest.text.outline import parents, plain_markup

NOTES = """# 推理优化

- 显存优化
    - [MQA](http://example.org/mqa)
        - 减少 KV 缓存的数量
        - ![图](a.png)
    - FlashAttention
        - 分块计算
- Serving

Plain text ends the list.

## Batching

1. Static
2. Continuous
   - new requests join at once
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("减少 KV", ["推理优化", "显存优化", "MQA"]),
        ("分块计算", ["推理优化", "显存优化", "FlashAttention"]),
        ("Serving", ["推理优化"]),
        ("Plain text", ["推理优化"]),
        ("new requests", ["推理优化", "Batching", "Continuous"]),
        ("Continuous", ["推理优化", "Batching"]),
        ("# 推理优化", []),
    ],
)
def test_a_line_stands_under_headings_and_items(line: str, expected: list[str]) -> None:
    assert parents(NOTES, NOTES.index(line)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- **[PagedAttention](http://a.b/c)**：按块管理", "PagedAttention：按块管理"),
        ("![图片](./img/推理-12.jpg)", ""),
        ("## Sizes", "Sizes"),
        ("2 * 3 = 6 and snake_case stay", "2 * 3 = 6 and snake_case stay"),
        ("use `pip install`\nnow", "use pip install now"),
    ],
)
def test_marks_go_and_words_stay(text: str, expected: str) -> None:
    assert plain_markup(text) == expected


def test_a_paragraph_ends_the_list_above_it() -> None:
    text = "- Trees\n\nNow to the animals.\n\n    - Oak"
    assert parents(text, text.index("Oak")) == []


def test_a_row_of_a_table_takes_the_first_row_along() -> None:
    text = "## Sizes\n\nSome words.\n\n| model | size |\n|---|---|\n| BERT | 110 M |\n| GPT | 1.5 B |\n\nAfter."
    assert parents(text, text.index("| GPT")) == ["Sizes", "model | size"]
    assert parents(text, text.index("| model")) == ["Sizes"]
    assert parents(text, text.index("After")) == ["Sizes"]
    rest = "| BERT | 110 M |\n| GPT | 1.5 B |"
    assert parents(rest, rest.index("| GPT")) == ["BERT | 110 M"]
    assert parents(rest, rest.index("| GPT"), within_table=True) == []
    assert parents(f"end of a row |\n{rest}", 40) == []


def test_an_item_takes_the_line_along_that_leads_in_to_its_list() -> None:
    text = "# Policy\n\nWe pay.\n\nNot covered:\n\n- wear\n  - of tyres\n- frost\n\n"
    text += "Covered：\n\n- fire\n\nMore.\n\n- alone\n"
    assert parents(text, text.index("- frost")) == ["Policy", "Not covered:"]
    assert parents(text, text.index("- of tyres")) == ["Policy", "Not covered:", "wear"]
    assert parents(text, text.index("- fire")) == ["Policy", "Covered："]
    assert parents(text, text.index("- alone")) == ["Policy"]
    assert parents(text, text.index("More")) == ["Policy"]
