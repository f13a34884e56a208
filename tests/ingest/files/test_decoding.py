"""Bytes to characters: right, or refused; never wrong in silence."""

import codecs

import pytest

from ingest.documents import Refused
from ingest.files.decoding import decode, decode_names

CHINESE = "大语言模型是什么？它由编码器或解码器组成，参数很多。"
TRADITIONAL = "大型語言模型是什麼？它由編碼器或解碼器組成，參數很多。"
ENGLISH = "Large language models are built from encoders and decoders."
FRENCH = "Où est le café ? L’élève a dû répondre à l’été."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
@pytest.mark.parametrize("text", [CHINESE, ENGLISH, f"{ENGLISH} {CHINESE}"])
def test_text_comes_back_as_it_was_written(text: str, encoding: str) -> None:
    if encoding in ("utf-16-le", "utf-16-be") and text == CHINESE:
        pytest.skip("without a mark and without a zero byte nothing tells UTF-16 from noise")
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize("text", ["你好", "你好，世界", "模型", "北京", "请问GPU是什么？", CHINESE])
def test_short_gb18030_is_read_as_chinese(text: str) -> None:
    assert decode(text.encode("gb18030")) == (text, "gb18030")


@pytest.mark.parametrize("text", [TRADITIONAL, "你好，世界", "資料庫與檢索"])
def test_big5_is_read_as_chinese(text: str) -> None:
    assert decode(text.encode("big5")) == (text, "big5")


@pytest.mark.parametrize("text", [FRENCH, "können", "Über die Größe des Modells", "“Quoted” – dashed…"])
def test_western_text_is_no_chinese(text: str) -> None:
    assert decode(text.encode("cp1252")) == (text, "cp1252")


def test_line_ends_become_line_feeds() -> None:
    assert decode(b"a\r\nb\rc\n")[0] == "a\nb\nc\n"


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 8,
        b"MZ\x90\x00\x03\x00\x00\x00" * 50,
        b"text with a \0 zero",
        b"\x01\x02\x03\x04" * 20,
        codecs.BOM_UTF16_LE + b"\x00\xd8",
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match=r"text|is not; save it as UTF-8"):
        decode(data)


def test_a_single_form_feed_does_not_make_a_text_binary() -> None:
    assert decode(b"page one\x0cpage two")[0] == "page one\x0cpage two"


@pytest.mark.parametrize("text", [CHINESE * 3, "naïve café, déjà vu — " * 20])
@pytest.mark.parametrize("broken", [b"\xff", b"\xe4\xb8", b"\xc3"])
def test_damaged_utf8_is_refused_with_its_line_and_never_read_as_something_else(text: str, broken: bytes) -> None:
    data = text.encode() + b"\n" + broken + b"\n" + text.encode()
    with pytest.raises(Refused, match=rf"UTF-8 with damage, first in line {text.count(chr(10)) + 2};"):
        decode(data)


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("吾輩は猫である。名前はまだ無い。", "shift_jis", "cp932"),
        ("吾輩は猫である。名前はまだ無い。", "euc_jp", "euc_jp"),
        ("吾輩は猫である。名前はまだ無い。", "iso2022_jp", "iso2022_jp"),
        ("カタカナのテキスト", "shift_jis", "cp932"),
        ("오늘은 날씨가 아주 좋습니다. 산책을 갑시다.", "euc_kr", "euc_kr"),
        ("彩电冰柜点播", "gb18030", "gb18030"),  # every byte of it may be Korean too
        ("中国经济发展报告", "gb2312", "gb18030"),
    ],
)
def test_neighbours_of_chinese_are_not_taken_for_it(text: str, encoding: str, name: str) -> None:
    assert decode(text.encode(encoding)) == (text, name)


@pytest.mark.parametrize(
    ("text", "encoding", "head", "name"),
    [
        ("안녕", "cp949", '<html><meta charset="euc-kr">', "cp949"),
        ("漢", "big5", "<meta http-equiv=Content-Type content='text/html; charset=big5'>", "big5hkscs"),
        ("镕基", "gb18030", '<?xml version="1.0" encoding="gb2312"?>', "gb18030"),
        ("大模型", "utf-8", '<meta charset="gbk">', "utf-8"),
        ("大模型的参数", "gb18030", '<meta charset="iso-8859-1">', "gb18030"),
        ("大模型的参数", "gb18030", '<meta charset="utf-8">', "gb18030"),
        ("дом", "koi8-r", '<meta charset="koi8-r">', "koi8-r"),
        ("大模型的参数", "gb18030", '<meta charset="nonsense">', "gb18030"),
    ],
)
def test_a_declared_encoding_is_believed_where_it_can_be_true(text: str, encoding: str, head: str, name: str) -> None:
    assert decode(head.encode() + text.encode(encoding)) == (head + text, name)


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("系统", "gb18030", "gb18030"),
        ("系统 系统", "gb18030", "gb18030"),
        ("拼图", "gb18030", "gb18030"),
        ("中文測試", "big5", "big5"),
        ("中心文化", "big5", "big5"),
        ("カタカナのテキスト", "euc_jp", "euc_jp"),
        ("それはとてもいいです", "euc_jp", "euc_jp"),
        ("На дом", "utf-8", "utf-8"),
        ("και", "utf-8", "utf-8"),
        ("ϵ = 0.1", "utf-8", "utf-8"),
        ("μϵ", "utf-8", "utf-8"),
        ("café à côté", "utf-8", "utf-8"),
        ("äöü", "utf-8", "utf-8"),
        ("«да»", "utf-8", "utf-8"),
        ("של", "utf-8", "utf-8"),
    ],
)
def test_a_few_characters_are_chinese_unless_utf8_makes_sense(text: str, encoding: str, name: str) -> None:
    assert decode(text.encode(encoding)) == (text, name)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "cp866"])
@pytest.mark.parametrize(
    "text",
    [
        "сторонами на срок",
        "Новый договор аренды был подписан вчера вечером.",
        "Отчёт о прибылях и убытках",
        "The word привет means hello, and договор a contract.",
        "УСТАВ ОБЩЕСТВА",
    ],
)
def test_short_russian_is_read_in_each_of_its_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)


def test_greek_is_not_taken_for_russian() -> None:
    text = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."
    assert decode(text.encode("cp1253")) == (text, "cp1253")


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "euc_kr", "cp932", "euc_jp"])
def test_no_text_of_the_east_is_taken_for_russian(encoding: str) -> None:
    texts = {"gb18030": CHINESE, "big5": TRADITIONAL, "euc_kr": "오늘은 날씨가 아주 좋습니다. 산책을 갑시다."}
    text = texts.get(encoding, "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。")
    assert decode(text.encode(encoding))[0] == text


def test_damaged_utf8_is_refused_whatever_it_declares() -> None:
    with pytest.raises(Refused, match="UTF-8 with damage"):
        decode(b'<meta charset="gbk">' + (CHINESE * 3).encode() + b"\xff")


def test_names_in_an_archive_share_one_encoding() -> None:
    names = ["测试.txt", "a.txt", "数据/报告.pdf"]
    assert decode_names([name.encode("gbk") for name in names]) == names
    assert decode_names([name.encode() for name in names]) == names
    assert decode_names(["naïve.txt".encode("cp437")]) == ["naïve.txt"]
    assert decode_names([]) == []
