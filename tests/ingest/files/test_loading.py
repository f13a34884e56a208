"""From files to documents: the kind is told by content, and what cannot be read says why in one line."""

import io
import os
import time
import zipfile
from pathlib import Path

import docx
import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Refused
from ingest.loading import load


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def word_file() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Words of a document.")
    document.save(buffer)
    return buffer.getvalue()


def package(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.md", "Just words.", "markdown"),
        ("a.txt", "Just words.", "text"),
        ("a.txt", "# Title\n\nSee [this](http://x.org).\n", "markdown"),
        ("script.txt", "# a comment\nx = 1\n", "text"),
        ("page.txt", "<!DOCTYPE html><html><body><p>Words</p></body></html>", "html"),
        ("page", "\n<!-- note --><HTML><p>Words</p></HTML>", "html"),
        ("letter.txt", word_file(), "docx"),
        ("data.csv", "name,size\nBERT,110\n", "text"),
        ("无后缀", "中文内容。", "text"),
    ],
)
def test_the_kind_is_told_by_content(tmp_path: Path, name: str, content: bytes | str, kind: str) -> None:
    loaded = load(write(tmp_path, name, content))
    assert loaded.format == loaded.metadata["format"] == kind


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "it is empty"),
        ("blank.txt", b" \n\t\n", "it is empty"),
        ("marks.txt", b"--- *** ---", "no text was found in it"),
        ("program.txt", b"\x7fELF\x02\x01\x01\x00", "a program"),
        ("picture.md", b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        ("binary.txt", b"\x00\x01\x02\x03" * 100, "binary"),
        ("slides.docx", package("ppt/presentation.xml"), "PowerPoint"),
        ("sheet.docx", package("xl/workbook.xml"), "Excel"),
        ("archive.docx", package("readme.txt"), "ZIP archive"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "2007"),
        ("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("letter.txt", "{\\rtf1 words}", "RTF"),
        ("data.txt", '<?xml version="1.0"?><data>words</data>', "XML"),
        ("mail.txt", "From: a@b.org\nMessage-ID: <1@b.org>\nSubject: Hi\n\nWords.", "e-mail"),
    ],
)
def test_what_is_not_read_is_refused_with_a_reason(
    tmp_path: Path, name: str, content: bytes | str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        load(write(tmp_path, name, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("cut.docx", word_file()[:2000]), ("odd.docx", package("word/document.xml")), ("cut.pdf", b"%PDF-1.4\n1 0 obj")],
)
def test_damaged_files_fail_with_one_line_and_are_not_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(LoadError) as caught:
        load(write(tmp_path, name, content))
    assert not isinstance(caught.value, Refused)
    assert "\n" not in str(caught.value) and "damaged" in str(caught.value)


def test_limits_hold(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "word " * 100)
    with pytest.raises(Refused, match="500 bytes, more than 499"):
        load(path, Limits(max_bytes=499))
    with pytest.raises(Refused, match="longer than 400 characters"):
        load(path, Limits(max_characters=400))
    with pytest.raises(Refused, match="unpacks to more than"):
        load(write(tmp_path, "a.docx", word_file()), Limits(max_unpacked_bytes=1000))


def test_paths_that_are_no_readable_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        load(tmp_path / "missing.md")
    with pytest.raises(Refused, match="not a regular file"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="not a regular file"):
        load(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The model is trained on a large corpus of text.", "en"),
        ("大语言模型在海量文本上训练。", "zh"),
        ("Transformer 是一种基于 attention 的模型结构。", "zh"),
        ("これは日本語の文章です。漢字も使います。", None),
        ("Das Modell wird auf großen Textmengen trainiert.", None),
        ("12345 67890", None),
    ],
)
def test_the_language_is_noted(tmp_path: Path, text: str, language: str | None) -> None:
    assert load(write(tmp_path, "a.txt", text)).metadata.get("lang") == language


def test_gb18030_is_stored_as_text_and_its_encoding_noted(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, "a.txt", "大模型的参数。".encode("gb18030")))
    assert loaded.text == "大模型的参数。"
    assert loaded.metadata == {"encoding": "gb18030", "format": "text", "lang": "zh"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comments.txt", "<!--a-->" * 2_000 + "words"),
        ("brackets.txt", "words " + "[" * 200_000),
        ("links.txt", "words " + "[a](" * 50_000),
        ("blank.txt", "words" + "\n" * 100_000 + "words"),
        ("heading.md", "# words " + "<" * 100_000),
        ("matter.md", "---\na: b" + " " * 50_000 + "c\n---\nwords"),
    ],
)
def test_no_text_makes_its_kind_or_its_title_hard_to_tell(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path, name, content)
    began = time.perf_counter()
    assert "words" in load(path).text
    assert time.perf_counter() - began < 3
