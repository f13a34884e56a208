"""Which language a question is in."""

import pytest

from ragstack.language import Language, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is BERT?", "en"),
        ("什么是 Transformer encoder 的注意力机制？", "zh"),
        ("BERT 是编码器吗？", "zh"),
        ("Who wrote the novel called 红楼梦 in the eighteenth century?", "en"),
        ("42?", "en"),
        ("", "en"),
    ],
)
def test_a_fifth_of_han_letters_makes_a_chinese_question(text: str, language: Language) -> None:
    assert language_of(text) == language
