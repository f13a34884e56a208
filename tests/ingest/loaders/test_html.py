"""HTML: what a reader sees, in order."""

import time

import pytest

from ingest.documents import Limits, Loaded
from ingest.loaders import html


def parts(source: str) -> list[tuple[str, str]]:
    loaded = html.load(source, Limits())
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def load(source: str) -> Loaded:
    return html.load(source, Limits())


def test_parts_come_in_order_and_fill_the_text() -> None:
    source = """<html lang="en"><head><title> The
      page </title><style>p {}</style></head><body><nav>Menu</nav>
      <h1>Models &amp; data</h1><p>Some <b>bold</b>ly
      written words.<br>Next line.</p>
      <ul><li>one<ul><li>nested</li></ul></li><li><p>two</p></li></ul>
      <table><tr><th>name</th><th>size</th></tr><tr><td>BERT</td><td>110 <i>M</i></td></tr></table>
      <pre>def f():
    return 1</pre><script>alert(1)</script><div hidden>no</div><!-- no -->bare words
      <footer>Footer</footer></body></html>"""
    assert parts(source) == [
        ("heading", "Models & data"),
        ("paragraph", "Some boldly written words.\nNext line."),
        ("list_item", "- one"),
        ("list_item", "  - nested"),
        ("list_item", "- two"),
        ("table_header", "| name | size |"),
        ("table_row", "| BERT | 110 M |"),
        ("code", "def f():\n    return 1"),
        ("paragraph", "bare words"),
        ("paragraph", "Footer"),
    ]
    loaded = load(source)
    assert loaded.title == "The page"
    assert loaded.metadata == {"html_lang": "en"}
    assert "- one\n  - nested\n- two\n\n| name" in loaded.text


def test_chinese_lines_join_without_a_space() -> None:
    assert parts("<p>大语言\n   模型 GPT\n很大。</p>") == [("paragraph", "大语言模型 GPT 很大。")]


def test_a_table_that_lays_out_a_page_is_read_as_content() -> None:
    source = "<table><tr><td><h2>Left</h2><p>Words.</p></td><td><p>Right.</p></td></tr></table>"
    assert parts(source) == [("heading", "Left"), ("paragraph", "Words."), ("paragraph", "Right.")]


def test_the_first_heading_is_the_title_where_there_is_no_other() -> None:
    assert load("<body><h1>Head</h1><p>x</p>").title == "Head"
    assert load("<p>x</p>").title is None


def test_a_footer_of_an_article_stays() -> None:
    assert ("paragraph", "Source: a book") in parts("<article><p>Words</p><footer>Source: a book</footer></article>")


def test_a_page_nested_beyond_reason_is_read_or_refused_but_does_not_crash() -> None:
    assert "deep" in load("<div>" * 5000 + "deep" + "</div>" * 5000).text


def test_a_page_nested_beyond_reason_is_read_in_no_time() -> None:
    began = time.thread_time()
    tables = "<table><tr><td>a</td><td>" * 3000 + "deep" + "</td></tr></table>" * 3000
    assert load(tables).text == "a\n\n" * 2999 + "| a | deep |"
    for tag in ("div", "b", "h1", "pre", "ul><li", "table><tr><th"):
        text = load(f"<html><{tag}>" * 3000 + "deep" + "</div><p>after").text
        assert "deep" in text and "after" in text
    assert time.thread_time() - began < 15


def test_a_cell_over_several_rows_is_in_each_and_names_over_one_another_are_one() -> None:
    source = """<table><caption>Sales</caption>
      <thead><tr><th rowspan="2">Region</th><th colspan="2">2023</th></tr><tr><th>Q1</th><th>Q2</th></tr></thead>
      <tr><td rowspan="2">North</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>
      <tr><td>South</td><td colspan="2">none</td></tr></table>"""
    assert parts(source) == [
        ("paragraph", "Sales"),
        ("table_header", "| Region | 2023 Q1 | Q2 |"),
        ("table_row", "| North | 1 | 2 |"),
        ("table_row", "| North | 3 | 4 |"),
        ("table_row", "| South | none |  |"),
    ]


def test_spans_beyond_reason_are_bounded() -> None:
    rows = "<tr>" + "<td rowspan=65534 colspan=99999999>abc</td>" * 200 + "</tr>" + "<tr><td>x</td></tr>" * 200
    assert load(f"<table>{rows}</table>").text.count("abc") == 200 * 201
    wide = load("<table><tr><td colspan=99999>a</td><td>b</td></tr></table>").text
    assert wide.startswith("| a | ") and wide.endswith(" | b |") and wide.count("|") == 1002


def test_names_of_columns_are_found_where_no_cell_is_marked() -> None:
    row = "<tr><td><p>{}</p></td><td>{}</td><td>{}</td></tr>".format
    source = f"<table>{row('Year', 'Sales', 'Costs')}{row(2021, 10, 7)}{row(2022, 12, 8)}</table>"
    assert [kind for kind, _ in parts(source)] == ["table_header", "table_row", "table_row"]


def test_terms_and_their_definitions_are_a_list() -> None:
    source = "<dl><dt>Recall</dt><dd>What was found</dd><dd>of all</dd></dl><ol><li>one<p>more</ol>"
    assert parts(source) == [
        ("paragraph", "Recall"),
        ("list_item", "- What was found"),
        ("list_item", "- of all"),
        ("list_item", "1. one"),
        ("paragraph", "more"),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<ol><li>x<li>y</ol>", "1. x\n2. y"),
        ("<ol start=5 type=a><li>x</li><li>y</li></ol>", "e. x\nf. y"),
        ("<ol type=A start=27><li>x</li></ol>", "AA. x"),
        ("<ol type=I><li>甲<ol><li>乙</li></ol></li><li value=9>丙</li><li>丁</ol>", "I. 甲\n  1. 乙\nIX. 丙\nX. 丁"),
        ("<ol reversed><li>x</li><li>y</li></ol>", "2. x\n1. y"),
        ("<ol start=no><li><p>x</p><ul><li>y</li></ul></li><li value=''>z</li></ol>", "1. x\n\n  - y\n2. z"),
    ],
)
def test_items_of_ordered_lists_have_the_numbers_that_a_reader_sees(source: str, expected: str) -> None:
    assert load(source).text.replace("\n\n", "\n") == expected.replace("\n\n", "\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("10<sup>6</sup> and 10<sup>−3</sup>", "10^6 and 10^−3"),
        ("2019<sup>[3]</sup>, m<sup>2</sup>, 第2<sup>次</sup>", "2019[3], m2, 第2次"),
        ("10<sup>1<i>2</i></sup>", "10^12"),
        ("3<sup></sup>4", "34"),
    ],
)
def test_powers_of_numbers_are_told_from_their_digits(source: str, expected: str) -> None:
    assert load(f"<p>{source}</p>").text == expected


def test_what_is_hidden_is_left_out_and_nothing_else() -> None:
    source = """<body style="display:none">
      <div style="color:red; DISPLAY : none">no<p>no</p></div><span hidden>no</span><div role=navigation>no</div>
      <template><p>no</p></template><svg><title>no</title><text>no</text></svg><select><option>no</select>
      <p style="display:nonesuch">yes</p><ruby>漢<rp>(</rp><rt>no</rt></ruby>
      <img alt="A bar chart of sales"><img alt="no"><p style="background:url(hidden)">yes</p></body>"""
    assert [text for _, text in parts(source)] == ["yes", "漢 A bar chart of sales", "yes"]


def test_code_keeps_its_lines_and_its_indentation() -> None:
    source = "<pre><code>for x in y:\n\tif <b>x</b> &lt; 1:<br>        pass\n</code></pre>"
    assert parts(source) == [("code", "for x in y:\n    if x < 1:\n        pass")]


def test_an_encoding_named_in_the_page_does_not_spoil_decoded_text() -> None:
    assert load('<html><meta charset="gbk"><p>大语言模型</p>').text == "大语言模型"
