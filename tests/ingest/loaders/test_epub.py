"""EPUB: chapters in the order of reading, with their places."""

import io
import zipfile

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import epub

CONTAINER = '<container xmlns="urn:x"><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
OPF = """<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The Book</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:language>en</dc:language>
</metadata><manifest>
<item id="c2" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="c1" href="text/one%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="cover.svg" media-type="image/svg+xml"/>
<item id="c3" href="three.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine><itemref idref="c1"/><itemref idref="pic"/><itemref idref="c2"/><itemref idref="c3"/></spine>
</package>"""


def page(text: str) -> str:
    return f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{text}</body></html>'


FILES = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OPS/book.opf": OPF,
    "OPS/text/one a.xhtml": page("<h1>First</h1><p>Words of one.</p>"),
    "OPS/text/two.xhtml": page("<h1>第二章</h1><p>正文。</p>"),
    "OPS/three.xhtml": page("<ul><li>End.</li></ul>"),
    "OPS/unlisted.xhtml": page("<p>Not read.</p>"),
}


def load(files: dict[str, str]) -> Loaded:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return epub.load(buffer.getvalue(), Limits())


def test_chapters_come_in_the_order_of_reading_with_their_places() -> None:
    loaded = load(FILES)
    assert loaded.text == "First\n\nWords of one.\n\n第二章\n\n正文。\n\n- End."
    assert [(loaded.text[block.start : block.end], block.kind) for block in loaded.blocks] == [
        ("First", "heading"), ("Words of one.", "paragraph"), ("第二章", "heading"), ("正文。", "paragraph"),
        ("- End.", "list_item"),
    ]  # fmt: skip
    places = {span.label: (span.number, loaded.text[span.start : span.end]) for span in loaded.pages}
    assert places == {
        "chapter 1": (1, "First\n\nWords of one."),
        "chapter 2": (2, "第二章\n\n正文。"),
        "chapter 3": (3, "- End."),
    }
    assert (loaded.title, loaded.metadata) == ("The Book", {"author": "Ann, Bob", "html_lang": "en"})


def test_a_chapter_that_is_missing_is_said_and_costs_no_other() -> None:
    loaded = load({name: content for name, content in FILES.items() if "two" not in name})
    assert "End." in loaded.text and "First" in loaded.text
    assert loaded.metadata["missing"] == "chapters 2"
    assert [span.number for span in loaded.pages] == [1, 3]


def test_a_book_without_its_description_is_read_by_the_names_of_its_pages() -> None:
    loaded = load({name: content for name, content in FILES.items() if name.endswith("xhtml")})
    assert loaded.text.startswith("First\n\nWords of one.\n\n第二章") and loaded.text.endswith("Not read.")


def encrypted(method: str, name: str) -> dict[str, str]:
    listed = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
        f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{method}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{name}"/></enc:CipherData></enc:EncryptedData></encryption>'
    )
    return {**FILES, "META-INF/encryption.xml": listed}


def test_a_book_with_encrypted_chapters_is_refused_and_one_with_encrypted_fonts_is_not() -> None:
    with pytest.raises(Refused, match="protected against copying"):
        load(encrypted("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OPS/three.xhtml"))
    assert load(encrypted("http://www.idpf.org/2008/embedding", "OPS/font.otf")).title == "The Book"


def test_entities_in_its_description_are_not_expanded() -> None:
    laughs = '<!DOCTYPE package [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    loaded = load({**FILES, "OPS/book.opf": laughs + OPF.replace("The Book", "Book &b;&x;")})
    assert loaded.title == "Book &b;&x;"


def test_damage_fails_and_limits_hold() -> None:
    with pytest.raises(LoadError, match="damaged"):
        epub.load(b"PK\x03\x04 nothing", Limits())
    with pytest.raises(LoadError, match="damaged"):
        load({name: content for name, content in FILES.items() if not name.endswith("xhtml")})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    with pytest.raises(Refused, match="more than 2 chapters"):
        epub.load(buffer.getvalue(), Limits(max_pages=2))
    with pytest.raises(Refused, match="longer than 20 characters"):
        epub.load(buffer.getvalue(), Limits(max_characters=20))
