"""Mending extracted text, in both languages."""

import pytest

from ingest.text.cleaning import clean_characters, collapse, join_lines, mend_spacing, plain_heading


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("the quick", "brown fox", "the quick brown fox"),
        ("大语言", "模型", "大语言模型"),
        ("参数，", "例如", "参数，例如"),
        ("使用 BERT", "模型", "使用 BERT 模型"),
        ("infor-", "mation", "information"),
        ("a well-", "known word", "a well-known word"),
        ("Alpha-", "Beta", "Alpha-Beta"),
        ("pages 3–", "5", "pages 3–5"),
        ("a dash -", "then more", "a dash - then more"),
        ("https://x.org/", "path", "https://x.org/path"),
        ("", "start", "start"),
        ("参数，", "BERT 很大", "参数，BERT 很大"),
        ("叫作 RAG", "（检索增强生成）", "叫作 RAG（检索增强生成）"),
        ("《深度", "学习》第 2 版", "《深度学习》第 2 版"),
        ("共 3", "个", "共 3 个"),
        ("コンピ", "ュータ", "コンピュータ"),
        ("He paid $5,", "then left", "He paid $5, then left"),
        ("UTF-", "8 text", "UTF-8 text"),
        ("from 3", "to 5", "from 3 to 5"),
    ],
)
def test_broken_lines_are_joined(first: str, second: str, expected: str) -> None:
    assert join_lines(first, second) == expected


def test_the_words_of_the_document_decide_about_a_hyphen() -> None:
    assert join_lines("a multi-", "step plan", {"multi-step"}) == "a multi-step plan"
    assert join_lines("a multi-", "step plan", {"multistep", "multi-step"}) == "a multistep plan"
    assert join_lines("the dual-", "encoder", {"dual", "encoder"}) == "the dual-encoder"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ﬁne ﬂow oﬃce", "fine flow office"),
        ("常⻅的⻧代烃", "常见的卤代烃"),
        ("⼤语⾔", "大语言"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("no\u00a0break   spaces", "no break spaces"),
        ("\uf0b7 item", "• item"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("ＡＢＣ，１２", "ABC，12"),
        ("ＢＥＲＴ－ｂａｓｅ（１．２亿）", "BERT－base（1.2亿）"),
        ("准确率９３．４％；全角句点．也在", "准确率93.4%；全角句点．也在"),
        ("１２，３４５元！？", "12，345元！？"),
        ("ｺﾝﾋﾟｭｰﾀ｡", "コンピュータ。"),
        ("①㎡½ stays", "①㎡½ stays"),
        ("“弯引号”——破折号……", "“弯引号”——破折号……"),
        ("infor\u00ad", "infor-"),
        ("arti\x02", "arti-"),
        ("arti\x02cles", "articles"),
        ("12\u00ad", "12"),
    ],
)
def test_characters_are_made_plain(raw: str, expected: str) -> None:
    assert clean_characters(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("中 华 人 民 共 和 国", "中华人民共和国"),
        ("车道数 用地指标 基准值", "车道数 用地指标 基准值"),
        (
            "各反应物之间用加号连接，读作和，在反应物与生 成物之间",
            "各反应物之间用加号连接，读作和，在反应物与生成物之间",
        ),
        ("用 BERT 做 检索", "用 BERT 做 检索"),
    ],
)
def test_spaces_between_han_characters_go_only_where_they_mean_nothing(raw: str, expected: str) -> None:
    assert mend_spacing(raw) == expected


def test_white_space_collapses_as_in_a_browser_but_not_within_chinese() -> None:
    assert collapse("  one\n   two\tthree ") == "one two three"
    assert collapse("第一行\n  第二行") == "第一行第二行"


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("## **Bold** and `code`", "Bold and code"),
        ("# [Link](http://x) ##", "Link"),
        ("Setext title\n======", "Setext title"),
        ("### snake_case stays", "snake_case stays"),
        ("Plain", "Plain"),
    ],
)
def test_a_heading_loses_its_marks(heading: str, words: str) -> None:
    assert plain_heading(heading) == words


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("infor\u00ad", "mation", "information"), ("arti\x02", "cles", "articles"), ("人工智\u00ad", "能", "人工智能")],
)
def test_a_soft_hyphen_at_the_end_of_a_line_joins_its_word(first: str, second: str, expected: str) -> None:
    assert join_lines(clean_characters(first), clean_characters(second)) == expected


def test_cleaning_twice_changes_nothing_more() -> None:
    text = "ﬁne ＡＢ１．５％ ｶﾞ ⼤语 soft\u00adhyphen\u00a0 end\u00ad"
    once = clean_characters(text)
    assert clean_characters(once) == once == "fine AB1.5% ガ 大语 softhyphen end-"


def test_a_line_break_beside_chinese_punctuation_is_no_space() -> None:
    assert collapse("参数，\n  BERT 很大") == "参数，BERT 很大"
    assert collapse("one,\ntwo") == "one, two"
