"""HTML: what a reader sees, in order."""

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
