"""Small good files of every format, and ways of spoiling them: what the tests and the bench of loaders share.

``seeds`` makes a file of each format, in English and Chinese, of the same bytes each time. ``mutate`` spoils one, the
same way for the same random numbers: flipped and lost bytes, parts doubled or taken from another file, numbers made
huge, tags nested a thousand deep, and for packages the same inside one of the files in them. ``flaws`` says what is
wrong with what came of it.
"""

import gzip
import io
import json
import re
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from email.message import EmailMessage
from random import Random

from ingest.documents import Loaded, Part

__all__ = ["flaws", "mutate", "seeds"]

_TEXT = "Retrieval finds passages; generation writes the answer. 检索找到段落，生成写出答案。"
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[a-zA-Z][\w:]*[^<>]*>|[\[{(]|<<|\{\\\w+")
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_HUGE = (b"0", b"-1", b"65536", b"2147483647", b"4294967295", b"99999999999999999999", b"1e308")
_ODD = (b"\0", b"\xff\xfe", b"\xff" * 64, b"A" * 5000, b"\r\n\r\n", b"%s%n", b"<!ENTITY x", b"]]>", b"\x1b$B", b"&#x0;")
_LARGEST = 2_000_000


def seeds() -> dict[str, bytes]:
    """A small file of every format by its name."""
    image = _image()
    files = {
        "a.pdf": _pdf(),
        "a.docx": _docx(),
        "a.pptx": _pptx(),
        "a.xlsx": _xlsx(),
        "a.odt": _zip(_open_document("text", f"<text:h text:outline-level='1'>H</text:h><text:p>{_TEXT}</text:p>")),
        "a.ods": _zip(_open_document("spreadsheet", _SHEET)),
        "a.epub": _zip(_epub()),
        "a.rtf": rb"{\rtf1\ansi\ansicpg936{\fonttbl\f0 Arial;}\f0\b Title\b0\par Words \u27979? \'d6\'d0.\par}",
        "a.html": f"<html><head><title>T</title></head><body><h1>H</h1><p>{_TEXT}</p>{_TABLE}</body></html>".encode(),
        "a.xml": f"<?xml version='1.0'?><feed><title>T</title><item><d>{_TEXT}</d><n a='b'/></item></feed>".encode(),
        "a.md": f"---\ntitle: T\n---\n# H\n\n{_TEXT}\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode(),
        "a.txt": f"第一章 开始\n\n{_TEXT}\n\nChapter 2 End\n\n{_TEXT}\n".encode("gb18030"),
        "a.csv": 'name,size,名称\nBERT,110,伯特\nGPT,175000,\n"quoted, cell",1,x\n'.encode(),
        "a.json": json.dumps({"title": "T", "items": [{"text": _TEXT, "n": 1}, {"text": "x", "deep": [[1]]}]}).encode(),
        "a.jsonl": b'{"question": "q", "answer": "a"}\n{"question": "r", "answer": [1, 2]}\n' * 3,
        "a.eml": _mail(image),
        "a.mbox": b"".join(b"From a@b.org Tue Oct  1 12:34:56 2024\n" + _mail(b"") + b"\n" for _ in range(2)),
        "a.png": image,
        "a.txt.gz": gzip.compress(_TEXT.encode(), mtime=0),
    }
    packed = {name: files[name] for name in ("a.txt", "a.html", "a.docx", "a.eml")}
    files["a.zip"] = _zip({**packed, "inner.zip": _zip({"folder/a.txt": _TEXT.encode()})})
    files["a.tar"] = _tar(packed)
    return files


_TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td rowspan=2>1</td><td>2</td></tr><tr><td>3</td></tr></table>"
_SHEET = (
    "<table:table table:name='S'><table:table-row table:number-rows-repeated='2'>"
    "<table:table-cell table:number-columns-repeated='3'><text:p>words</text:p></table:table-cell>"
    "</table:table-row></table:table>"
)


def _pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pageCompression=0, invariant=1)
    for page in range(2):
        for line in range(8):
            canvas.drawString(72, 700 - 14 * line, f"Line {line} of page {page} tells of retrieval.")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Title", 1)
    document.add_paragraph(_TEXT)
    document.add_paragraph("item", style="List Bullet")
    document.add_table(2, 2).cell(0, 0).text = "cell"
    return _package(document.save)


def _pptx() -> bytes:
    import pptx

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes[0].text_frame.text = "Title"
    slide.shapes[1].text_frame.text = _TEXT
    return _package(presentation.save)


def _xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["name", "size"], ["BERT", 110], ["伯特", 1.5]):
        book.active.append(row)
    return _package(book.save)


def _package(save: Callable[[io.BytesIO], object]) -> bytes:
    """A package as its library saves it, but for the moment when it did so."""
    with zipfile.ZipFile(io.BytesIO(_saved(save))) as archive:
        return _zip({name: _MOMENT.sub(b"2024-10-01T12:34:56Z", archive.read(name)) for name in archive.namelist()})


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def _image() -> bytes:
    from PIL import Image

    return _saved(lambda buffer: Image.new("L", (40, 30), 255).save(buffer, "PNG"))


def _open_document(kind: str, body: str) -> dict[str, bytes]:
    spaces = " ".join(
        f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{name}:1.0'" for name in ("office", "text", "table")
    )
    content = f"<office:document-content {spaces}><office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
        "content.xml": f"{content}</office:document-content>".encode(),
        "META-INF/manifest.xml": b"<manifest/>",
    }


def _epub() -> dict[str, bytes]:
    spine = "<spine><itemref idref='a'/></spine>"
    item = "<manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
    return {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": b"<container><rootfiles><rootfile full-path='a.opf'/></rootfiles></container>",
        "a.opf": f"<package>{item}{spine}</package>".encode(),
        "a.xhtml": f"<html><body><h1>Chapter</h1><p>{_TEXT}</p></body></html>".encode(),
    }


def _mail(attached: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["Message-ID"], message["Subject"] = "a@example.org", "<1@example.org>", "检索 report"
    message.set_content(_TEXT)
    message.add_alternative(f"<p>{_TEXT}</p>", subtype="html")
    if attached:
        message.add_attachment(attached, "image", "png", filename="图.png")
    message.add_attachment(b"a,b\n1,2\n3,4\n", "text", "csv", filename="a.csv")
    for number, part in enumerate(each for each in message.walk() if each.is_multipart()):
        part.set_boundary(f"boundary{number}")  # else a random one
    return bytes(message)


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # names that became the same
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def mutate(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Spoil a file in one to four ways; ``others`` are files to take pieces from."""
    for _ in range(random.randint(1, 4)):
        inside = data.startswith(b"PK\x03\x04") and random.random() < 0.7
        data = _in_package(data, others, random) if inside else _once(data, others, random)
    return data[:_LARGEST]


def _once(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    way = random.choice((_flip, _flip, _cut, _drop, _double, _splice, _insert, _enlarge, _nest))
    return way(data, others, random) if data else random.choice(others)


def _flip(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(random.choice((1, 1, 4, 16, max(1, len(data) // 50)))):
        spoiled[random.randrange(len(data))] = random.choice((0, 0xFF, random.randrange(256)))
    return bytes(spoiled)


def _cut(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.choice((1, 8, 64, 512, 4096)))


def _drop(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _double(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _span(data, random)
    times = random.choice((2, 10, 1000)) if end - start < 1000 else 3
    return data[:start] + data[start:end] * times + data[end:]


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others) or b"x"
    start, end = _span(other, random)
    at = random.randrange(len(data))
    return data[:at] + other[start:end] + data[at + random.choice((0, end - start)) :]


def _insert(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + random.choice(_ODD) + data[at:]


def _enlarge(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Replace a number by one that nobody expects."""
    found = list(_NUMBER.finditer(data, 0, 200_000))
    if not found:
        return data
    match = random.choice(found)
    return data[: match.start()] + random.choice(_HUGE) + data[match.end() :]


def _nest(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Open a tag or bracket a thousand times."""
    found = list(_TAG.finditer(data, 0, 200_000))
    if not found:
        return data
    match = random.choice(found)
    return data[: match.start()] + match[0] * random.choice((2, 100, 5000)) + data[match.end() :]


def _in_package(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Spoil one of the files in a package, or lose, rename or double one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001 - it was spoiled before, in any way
        return _once(data, others, random)
    if not files:
        return data
    name = random.choice(list(files))
    way = random.randrange(8)
    if way == 0:
        del files[name]
    elif way == 1:
        files[random.choice(("../x", "/x", "\0", name.upper(), name * 20))] = files.pop(name)
    elif way == 2:
        files[name] = random.choice(list(files.values()))
    else:
        files[name] = _once(files[name], others, random)
    return _zip(files)


def flaws(parts: Sequence[Part]) -> list[str]:
    """What is wrong with the parts of a file, whatever it is: none, one without a reason, a text out of joint."""
    if not parts:
        return ["no part"]
    found = [] if len({part.path for part in parts}) == len(parts) else ["two parts of one path"]
    for part in parts:
        if part.loaded is None:
            if part.outcome not in ("refused", "failed") or not part.reason.strip() or "\n" in part.reason:
                found.append(f"no reason: {part}")
        else:
            found += _flaws_of(part.loaded)
    return found


def _flaws_of(loaded: Loaded) -> Iterable[str]:
    length = len(loaded.text)
    if not any(map(str.isalnum, loaded.text)):
        yield "a document without words"
    try:
        loaded.text.encode()
        (loaded.title or "").encode()
        repr(dict(loaded.metadata)).encode()
    except UnicodeEncodeError:
        yield "a text that cannot be stored"
    end = 0
    for block in loaded.blocks:
        if not end <= block.start <= block.end <= length:
            yield f"a block out of place: {block} of {length}"
            break
        end = block.end
    place = (0, 0)
    for span in loaded.pages:
        if not (place <= (span.number, span.start) and span.start <= span.end <= length and span.number > 0):
            yield f"a page out of place: {span} after {place} of {length}"
            break
        place = (span.number, span.end)
