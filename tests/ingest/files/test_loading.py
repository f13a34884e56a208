"""From files to documents: the kind is told by content, and what cannot be read says why in one line."""

import gzip
import io
import os
import time
import zipfile
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, LoadOptions, Part, Refused
from ingest.files.loading import load, load_parts
from ingest.loaders import text as plain


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


def slides() -> bytes:
    buffer = io.BytesIO()
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[0]).shapes.title.text = "Words of a slide."
    presentation.save(buffer)
    return buffer.getvalue()


def workbook() -> bytes:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["Words", "of", "a", "table"])
    book.save(buffer)
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
        ("data.csv", "name,size\nBERT,110\n", "csv"),
        ("data.txt", '{"name": "BERT", "size": 110}', "json"),
        ("data.txt", '<?xml version="1.0"?><data>words</data>', "xml"),
        ("page.xml", '<?xml version="1.0"?><!DOCTYPE html><html><p>Words</p></html>', "html"),
        ("mail.txt", "From: a@b.org\nMessage-ID: <1@b.org>\nSubject: Hi\n\nWords.", "eml"),
        ("note.txt", "From: a friend\nSubject: hello\n\nWords.", "text"),
        ("short.eml", "Subject: Hi\n\nWords.", "eml"),
        ("mail.txt", "\ufeffFrom: a@b.org\nMessage-ID: <1@b.org>\n\nWords.".encode("utf-16-le"), "eml"),
        ("letter.txt", "{\\rtf1\\ansi words}", "rtf"),
        ("about.txt", "The header %PDF-1.7 begins a file in that format.", "text"),
        ("cars.txt", "BMW makes cars, MZ made motorcycles.", "text"),
        ("readme.md", "<div>\n\n# Title\n\n</div>\n", "markdown"),
        ("slides.docx", slides(), "pptx"),
        ("table.docx", workbook(), "xlsx"),
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
        ("binary.txt", b"\x00\x01\x02\x03" * 100, "binary"),
        ("archive.docx", package(), "no files in it"),
        ("binary.xlsx", package("xl/workbook.bin"), "xlsb"),
        ("song.txt", b"ID3\x04\0\0\0\0\0\0", "audio"),
        ("film.txt", b"\0\0\0\x20ftypisom\0\0\2\0", "video"),
        ("data.txt", b"SQLite format 3\0" + bytes(100), "database"),
        ("more.zip", b"7z\xbc\xaf\x27\x1c" + bytes(100), "7-Zip"),
        ("more.zip", b"Rar!\x1a\x07\x01\0" + bytes(100), "RAR"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "DOCX"),
        ("old.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "__properties_version1.0".encode("utf-16-le"), "EML"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "2007"),
        ("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
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
    began = time.thread_time()
    assert "words" in load(path).text
    assert time.thread_time() - began < 3


def archive(**files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def mail(subject: str, body: str, **attached: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["Message-ID"], message["Subject"] = "a@example.org", "<1@example.org>", subject
    message.set_content(body)
    for name, content in attached.items():
        message.add_attachment(content, "application", "octet-stream", filename=name.replace("__", "."))
    return bytes(message)


def parts(data: bytes, name: str = "file", limits: Limits | None = None) -> list[Part]:
    return list(load_parts(data, name, LoadOptions(limits or Limits())))


def texts(found: list[Part]) -> dict[str, str]:
    return {part.path: part.loaded.text if part.loaded else f"{part.outcome}: {part.reason}" for part in found}


def test_a_plain_file_is_one_part_with_its_digest() -> None:
    (part,) = parts(b"Just words.", "a.txt")
    assert (part.path, part.outcome, part.reason) == ("", "", "")
    assert part.digest == sha256(b"Just words.").hexdigest()
    (part,) = parts(b"\x7fELF\x02", "a.txt")
    assert (part.loaded, part.outcome) == (None, "refused")
    assert part.digest == sha256(b"\x7fELF\x02").hexdigest()


def test_files_in_files_are_parts_by_their_paths_and_one_bad_one_costs_no_other() -> None:
    inner = archive(b__txt="inner words", broken__pdf=b"%PDF-1.4\n1 0 obj")
    letter = mail("Report", "See attached.", notes__txt=b"attached words", inner__zip=inner)
    found = texts(parts(archive(a__txt="outer words", inner__zip=inner, letter__eml=letter, empty__txt="")))
    assert list(found) == [
        "a.txt",
        "inner.zip!/b.txt",
        "inner.zip!/broken.pdf",
        "letter.eml",
        "letter.eml!/notes.txt",
        "letter.eml!/inner.zip!/b.txt",
        "letter.eml!/inner.zip!/broken.pdf",
        "empty.txt",
    ]
    assert found["inner.zip!/b.txt"] == found["letter.eml!/inner.zip!/b.txt"] == "inner words"
    assert found["letter.eml!/notes.txt"] == "attached words"
    assert found["letter.eml"].endswith("See attached.")
    assert found["inner.zip!/broken.pdf"].startswith("failed: ")
    assert found["empty.txt"] == "refused: it is empty"


def test_a_mail_without_a_body_still_gives_its_attachments() -> None:
    message = b"Message-ID: <1>\nMIME-Version: 1.0\nContent-Type: text/plain; name=a.txt\n\nattached words\n"
    assert texts(parts(message)) == {"": "refused: no text was found in it", "a.txt": "attached words\n"}


def test_archives_within_one_another_end_at_the_limit_of_depth() -> None:
    data = archive(words__txt="deepest")
    for _ in range(3):
        data = archive(in__zip=data, words__txt="words")
    found = texts(parts(data))
    assert found["words.txt"] == found["in.zip!/words.txt"] == found["in.zip!/in.zip!/words.txt"] == "words"
    assert "4 archives or mails within one another" in found["in.zip!/in.zip!/in.zip"]
    assert len(found) == 4
    assert texts(parts(data, limits=Limits(max_depth=4)))["in.zip!/in.zip!/in.zip!/words.txt"] == "deepest"
    message = mail("deep", "text", a__txt=b"words")
    found = texts(parts(archive(mail__eml=message), limits=Limits(max_depth=1)))
    assert found["mail.eml"].endswith("text") and "within one another" in found["mail.eml!/a.txt"]


def test_packed_files_within_one_another_end_too() -> None:
    data = b"words"
    for _ in range(4):
        data = gzip.compress(data)
    assert "within one another" in texts(parts(data))[""]
    assert texts(parts(gzip.compress(gzip.compress(b"words")), "a.txt.gz")) == {"": "words"}


def test_what_is_unpacked_counts_over_all_archives_in_a_file() -> None:
    inner = archive(a__bin=os.urandom(300_000).hex())
    found = texts(
        parts(archive(a__zip=inner, b__zip=inner, c__txt="words"), limits=Limits(max_unpacked_bytes=1_500_000))
    )
    assert "unpacks to more than 1,500,000 bytes" in found["b.zip!/a.bin"]
    assert "a.zip!/a.bin" in found and "unpacks" not in found["a.zip!/a.bin"]
    found = texts(
        parts(archive(a__zip=archive(a="x", b="x"), b__zip=archive(a="x", b="x")), limits=Limits(max_members=4))
    )
    assert "more than 4" in found["b.zip"] and found["a.zip!/b"] == "x"


def test_a_loader_that_is_surprised_fails_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprised(source: str, limits: Limits) -> None:
        raise KeyError(source) if "bad" in source else RecursionError

    monkeypatch.setattr(plain, "load", surprised)
    found = texts(parts(archive(a__txt="bad", b__txt="deep", c__md="words")))
    assert found["a.txt"] == "failed: its loader failed on it (KeyError); convert it to another format and try again"
    assert found["b.txt"].startswith("failed: its parts are nested too deeply")
    assert found["c.md"] == "words"


def test_running_out_of_memory_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(source: str, limits: Limits) -> None:
        raise MemoryError

    monkeypatch.setattr(plain, "load", greedy)
    with pytest.raises(MemoryError):
        parts(b"words", "a.txt")


def test_an_archive_is_no_single_document(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it is an archive"):
        load(write(tmp_path, "a.zip", archive(a__txt="words")))


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.txt", b""),
        ("a.md", b"# H\n\n"),
        ("a.html", b"<html><p>"),
        ("a.eml", b"From: a@b.org\nMessage-ID: <1>\n\n"),
        ("a.json", b'{"a": ['),
        ("a.csv", b"a,b\n"),
    ],
)
def test_one_line_of_ten_megabytes_does_not_hold_up_the_run(name: str, head: bytes) -> None:
    began = time.thread_time()
    (part,) = parts(head + b"word " * 2_000_000, name)
    assert part.outcome or (part.loaded is not None and len(part.loaded.text) > 9_999_990)
    assert time.thread_time() - began < 20


def test_a_saved_page_is_its_text_and_not_its_styles() -> None:
    related = b"--x\nContent-Type: text/%s\nContent-Location: http://example.org/%s\n\n%s\n"
    head = b"From: <Saved>\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n"
    data = (
        head + related % (b"html", b"a", b"<h1>Page</h1><p>Words.</p>") + related % (b"css", b"b", b"p {}") + b"--x--\n"
    )
    assert {path: text.partition("\n\n")[2] for path, text in texts(parts(data, "a.mht")).items()} == {
        "": "Page\n\nWords."
    }
