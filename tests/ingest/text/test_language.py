"""Which language a text is in, short and mixed ones included."""

import pytest

from ingest.text.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat sat.", "en"),
        ("Table of contents", "en"),
        ("It is raining, and we are at home.", "en"),
        ("请看 the following example of a RAG system in production", "en"),
        ("你好", "zh"),
        ("东京", "zh"),
        ("RAG 是什么", "zh"),
        ("What is 检索增强?", "zh"),
        ("使用 Python 3.11 安装 pip install requests", "zh"),
        ("姓名 Name 张三 性别 Sex 男", "zh"),
        ("委員會於舊市政廳開會", "zh"),
        ("hello", None),
        ("Chapter 1", None),
        ("Total 2,431 3,200", None),
        ("", None),
        ("12 34 56", None),
        ("これは日本語です", None),
        ("안녕하세요", None),
        ("Wir sind hier in der Stadt, und er war so nett", None),
        ("Le chat est sur la table et il dort", None),
        ("El gato no es de la casa y duerme a sus anchas", None),
        ("Questo è il testo in italiano, a cura di chi lo ha scritto", None),
    ],
)
def test_language_of_short_and_mixed_texts(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_a_long_text_is_told_by_its_beginning_and_its_middle() -> None:
    assert detect_language("1 " * 20_000 + "the end of it is here. " * 2_000) == "en"
    assert detect_language("The first part is in English. " * 5 + "后面全部是中文。" * 5_000) == "zh"
