"""XML: what it says, whatever its tags; and nothing that it asks its parser to do."""

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Refused
from ingest.loaders import xml


def parts(source: str) -> list[tuple[str, str]]:
    loaded = xml.load(source, Limits())
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_values_keep_their_names_and_a_record_is_one_paragraph() -> None:
    source = """<?xml version="1.0" encoding="gb2312"?><countries xmlns="urn:x" xmlns:y="urn:y">
      <country><name>瑞士</name><y:capital>Bern</y:capital><tag>a</tag><tag>b</tag></country>
      <country><name>France &amp; more</name><size unit="km2" value="551695"/></country></countries>"""
    assert parts(source) == [
        ("paragraph", "name: 瑞士\ncapital: Bern\ntag: a; b"),
        ("paragraph", "name: France & more\nsize: unit: km2, value: 551695"),
    ]


def test_a_feed_reads_as_people_read_it() -> None:
    source = """<rss><channel><title>News</title><item><title>One</title><pubDate>Monday</pubDate>
      <description>&lt;p&gt;Bold &lt;b&gt;words&lt;/b&gt;.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;item&lt;/ul&gt;</description>
      <content><![CDATA[<p>More&nbsp;words.</p><script>alert(1)</script><p>End</p>]]></content></item></channel></rss>"""
    assert parts(source) == [
        ("heading", "News"), ("heading", "One"), ("paragraph", "pubDate: Monday"), ("paragraph", "Bold words."),
        ("list_item", "- item"), ("paragraph", "More words."), ("paragraph", "End"),
    ]  # fmt: skip
    assert xml.load(source, Limits()).title == "News"


def test_a_document_has_headings_paragraphs_items_and_code() -> None:
    source = """<book><title>Title</title><chapter><title>Chapter</title>
      <para>Some <emphasis>stressed</emphasis> words,<?php no?><!-- no --> caf&eacute;.</para>
      <itemizedlist><listitem><para>one</para></listitem></itemizedlist>
      <programlisting>if x:
    y</programlisting><screen/></chapter></book>"""
    assert parts(source) == [
        ("heading", "Title"), ("heading", "Chapter"), ("paragraph", "Some stressed words, café."), ("paragraph", "one"),
        ("code", "if x:\n    y"),
    ]  # fmt: skip


def test_a_drawing_gives_its_words_only() -> None:
    source = """<svg xmlns="http://www.w3.org/2000/svg"><style>.a {}</style><path d="M0 0L10 10"/>
      <text x="1">Label <tspan>one</tspan></text></svg>"""
    assert [text for _, text in parts(source)] == ["Label one"]


def laughs(root: str) -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]><{root}>words &l11;</{root}>'


@pytest.mark.parametrize("root", ["lolz", "svg"])
def test_entities_are_not_expanded(root: str) -> None:
    try:
        text = xml.load(laughs(root), Limits()).text
    except Refused as error:
        text = str(error)
    assert len(text) < 100


def test_nothing_is_fetched() -> None:
    source = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>words &x;</a>'
    assert xml.load(source, Limits()).text == "a: words &x;"
    source = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a>words</a>'
    assert xml.load(source, Limits()).text == "a: words"
    included = (
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/><p>words</p></a>'
    )
    assert "root:" not in xml.load(included, Limits()).text


def test_xml_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(Refused, match="beyond reason"):
        xml.load("<a>" * 100_000 + "words" + "</a>" * 100_000, Limits())


@pytest.mark.parametrize("source", ["<a><b>words</b>\n<c>more", "<a>\n<b></a>", "<a/>\nwords"])
def test_damage_is_said_with_its_line(source: str) -> None:
    with pytest.raises(LoadError, match="in line 2"):
        xml.load(source, Limits())
