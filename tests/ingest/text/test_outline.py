"""What a line stands under, by hand, in both languages."""

import pytest

from ingest.outline import parents, plain_markup

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
