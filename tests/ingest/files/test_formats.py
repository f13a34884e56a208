"""Kinds told by content: signatures of letters in texts, and the same signatures at the start of real files."""

import bz2

import pytest

from ingest.documents import Limits, Refused
from ingest.files.formats import detect
from ingest.files.unpacking import Budget


def kind(data: bytes | str, name: str = "note.txt") -> str:
    return detect(data.encode() if isinstance(data, str) else data, name, Budget(Limits()))


@pytest.mark.parametrize(
    "text",
    [
        "ID3 is an algorithm that builds decision trees.\n",
        "ID3,name,score\n1,Ann,3\n",
        "ID3 算法根据信息增益构造决策树。\n",
        "OTTO von Guericke showed what a vacuum can do.\n",
        "PAR1 receptors are found on platelets.\n",
        "PAR1 受体拮抗剂可抑制血小板聚集。\n",
        "BZhao wrote to the committee.\n",
        "BZh9 is what a file of bzip2 begins with.\n",
        "GIF89a is a format for pictures.\n",
        "GIF87a came before it.\n",
        "MThd begins a MIDI file.\n",
        "OggS begins each page.\n",
        "fLaC begins a file of sound.\n",
        "ITSF begins a help file.\n",
        "8BPS is a signature.\n",
        "wOFF and wOF2 fonts are compressed.\n",
        "AT&TFORM is a signature.\n",
        "#!AMR is a signature.\n",
        "!BDN begins a mailbox.\n",
        "!<arch>\nis the first line of a library.\n",
        "%!PS is the first line of a PostScript file.\n",
        "The ftyp box comes first in a film.\n",
        "RIFF....WAVE is how it begins.\n",
        "%PDF-1.4 is how a file begins, and 1 0 obj begins an object in it.\n",
        "%PDF- is how a file begins, and 1 0 obj begins an object in it.\n",
        "# How PDF works\n\nA file starts with `%PDF-1.4`, then `1 0 obj` follows.\n",
        "# How PDF works\n\n```\n%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n```\n",
        "# PDF 的结构\n\n文件以 `%PDF-1.7` 开头，其后是 `1 0 obj` 等对象。\n",
    ],
)
def test_a_text_may_begin_with_a_signature_or_quote_it(text: str) -> None:
    assert kind(text) == "text"
    assert kind(text.encode("gb18030")) == "text"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GIF89a\x01\0\x01\0\x80\0\0", "image"),
        (bz2.compress(b"words"), "bzip2"),
        (bz2.compress(b""), "bzip2"),
        (b"{\\rtf1\\ansi words}", "rtf"),
        (b"%PDF-1.4\n1 0 obj", "pdf"),
        (b"%PDF-1.4", "pdf"),
        (b"%PDF-1.7 %\xe2\xe3\xcf\xd3\r1 0 obj", "pdf"),
        (b"\n\n \0junk%PDF-1.4\n1 0 obj << >>", "pdf"),
        (b"HTTP/1.1 200 OK\n\n%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF\n", "pdf"),
        (b"a page" + bytes(251) + b"ustar\x0000", "tar"),
    ],
)
def test_the_same_signatures_are_known_where_they_begin_a_file(data: bytes, expected: str) -> None:
    assert kind(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"ID3\x04\0\0\0\0\0\0", "audio"),
        (b"OTTO\0\x0b\0\x80\0\x03", "font"),
        (b"wOFF\0\x01\0\0", "font"),
        (b"PAR1\x15\x04\x15\x10", "Parquet"),
        (b"MThd\0\0\0\x06", "audio"),
        (b"OggS\0\x02\0\0", "audio"),
        (b"ITSF\x03\0\0\0", "help"),
        (b"8BPS\0\x01\0\0", "Photoshop"),
        (b"AT&TFORM\0\0\x10\x24DJVU", "DjVu"),
        (b"%!PS-Adobe-3.0\n%%Title: x\n", "PostScript"),
        (b"%!PS\n/Times findfont\n", "PostScript"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "video"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio"),
    ],
)
def test_and_refused_where_they_begin_a_file_that_is_not_read(data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        kind(data)
