"""RTF: structure and encodings, held against another reader of the format."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from striprtf.striprtf import rtf_to_text

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import rtf

_HEAD = (
    r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 SimSun;}{\f1\fcharset0 Arial;}"
    r"{\f2\fcharset204 Cyr;}{\f3\fcharset136 Ming;}}{\colortbl;\red0\green0\blue0;}"
    r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Kapitel;}{\s2 heading 2;}}"
)


def load(body: str, head: str = _HEAD) -> Loaded:
    return rtf.load(f"{head}{body}}}".encode("latin-1"), Limits())


def parts(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_headings_lists_tables_and_notes_are_structure() -> None:
    loaded = load(
        r"{\info{\title My paper}{\author A. Writer}{\company Left out}}"
        r"\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel4 Five\par"
        r"\pard Words{\footnote A {\b bold} note.} follow.\par"
        r"{\listtext\'b7\tab}\pard\ls1 item\par\pard\ls1\ilvl1 inner\par\pard"
        r"\trowd\cellx100\cellx200\intbl name\cell size\cell\row\trowd\intbl BERT\cell 110\par M\cell\row\pard End.\par"
    )
    assert parts(loaded) == [
        ("heading", 1, "One"),
        ("heading", 2, "Two"),
        ("heading", 5, "Five"),
        ("paragraph", 0, "Words follow."),
        ("list_item", 1, "- item"),
        ("list_item", 2, "  - inner"),
        ("table_header", 0, "| name | size |"),
        ("table_row", 0, "| BERT | 110 M |"),
        ("paragraph", 0, "End."),
        ("paragraph", 0, "A bold note."),
    ]
    assert (loaded.title, loaded.metadata) == ("My paper", {"author": "A. Writer"})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"\f0 \'c4\'e3\'ba\'c3 world", "你好 world"),
        (r"\f0 \'81@\'a3\'ac", b"\x81@\xa3\xac".decode("gb18030")),
        (r"\f3 \'a4\'a4\'a4\'e5", "中文"),
        (r"\f2 \'cf\'f0\'e8", "При"),
        (r"\f1 caf\'e9", "café"),
        (r"\u20320?\u22909?", "你好"),
        (r"\uc2\u20320\'c4\'e3\u22909\'ba\'c3.", "你好."),
        (r"\uc0\u8364 5", "€5"),
        (r"{\uc1\u-10179?\u-8704?}", "😀"),
        (r"A\emdash B\~C\_D\-E \{x\} \\", "A—B C-DE {x} \\"),
        (r"seen{\v hidden}{\deleted gone} again", "seen again"),
        (r'{\field{\*\fldinst HYPERLINK "http://x.org"}{\fldrslt link}}', "link"),
        (r"a{\pict\pngblip 89504e47}b{\*\unknown left out}c{\header head}", "abc"),
        ("a{\\pict\\bin4 x}y{}b", "ab"),
        (r"one\line two", "one\ntwo"),
        (r"text{\*\shpinst{\sp{\sn name}{\sv 1}}{\shptxt in a box\par}}", "text\nin a box"),
    ],
)
def test_encodings_and_what_is_shown(body: str, expected: str) -> None:
    assert load(body).text == expected


def test_rows_that_repeat_on_each_page_are_the_header() -> None:
    rows = r"\trowd\trhdr\intbl same\cell same\cell\row\trowd\intbl x\cell y\cell\row\pard"
    assert [kind for kind, _, _ in parts(load(rows))] == ["table_header", "table_row"]


def test_where_no_font_is_for_the_language_the_file_has_the_say() -> None:
    assert load(r"\f0 \'c4\'e3", r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset0 Arial;}}").text == "你"


def test_what_is_no_rtf_or_too_long_is_told() -> None:
    with pytest.raises(LoadError, match="does not begin as RTF"):
        rtf.load(b"plain words", Limits())
    with pytest.raises(Refused, match="longer than 3"):
        rtf.load(b"{\\rtf1 words}", Limits(max_characters=3))


_PIECES = st.sampled_from(
    [
        r"word ",
        r"\par ",
        r"{\b bold} ",
        r"\'c4\'e3",
        r"\u22909?",
        r"{\i {nested} }",
        r"\pard ",
        r"{\*\x y}",
        r"\tab ",
        "\n",
    ]
)


@settings(max_examples=150)
@given(st.lists(_PIECES, max_size=25))
def test_the_words_are_those_of_another_reader(pieces: list[str]) -> None:
    body = "".join(pieces)
    expected = rtf_to_text(f"{_HEAD}\\f0 {body}}}", errors="replace")
    assert "".join(load(rf"\f0 {body}").text.split()) == "".join(expected.split())


@settings(max_examples=200)
@given(st.binary(max_size=60), st.lists(_PIECES, max_size=8))
def test_damage_ends_in_text_or_in_a_line(noise: bytes, pieces: list[str]) -> None:
    loaded = rtf.load(b"{\\rtf1 " + "".join(pieces).encode() + noise, Limits())
    position = 0
    for block in loaded.blocks:
        assert position <= block.start < block.end <= len(loaded.text)
        position = block.end
