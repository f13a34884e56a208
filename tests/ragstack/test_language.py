"""Which language a question is in."""

import pytest

from ragstack.language import Language, language_of, place_in


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


@pytest.mark.parametrize(
    ("place", "english", "chinese"),
    [
        ("page 3", "p. 3", "第 3 页"),
        ("pages 3–4", "pp. 3–4", "第 3–4 页"),
        ("slide 4", "slide 4", "第 4 张幻灯片"),
        ("sheet 'Q3' row 17", "sheet 'Q3' row 17", "工作表'Q3' 第 17 行"),
        ("sheet 'Q3' rows 17–19", "sheet 'Q3' rows 17–19", "工作表'Q3' 第 17–19 行"),
        ("sheet 'Q3'", "sheet 'Q3'", "工作表'Q3'"),
        (
            "sheet 'A' row 9 – sheet 'B' row 1",
            "sheet 'A' row 9 – sheet 'B' row 1",
            "工作表'A' 第 9 行 – 工作表'B' 第 1 行",
        ),
        ("header Subject", "header Subject", "邮件头 Subject"),
        ("record 12", "record 12", "第 12 条记录"),
        ("data record 12", "data record 12", "data 第 12 条记录"),
        ("server.port", "server.port", "server.port"),
    ],
)
def test_places_are_said_in_both_languages(place: str, english: str, chinese: str) -> None:
    assert place_in(place, "en") == english
    assert place_in(place, "zh") == chinese
