"""Chunks: exact offsets, nothing lost, never too long, cut where a reader would cut."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes.records import Chunk, PageSpan
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Limits, Loaded, TextBuilder
from ingest.loaders import csv, markdown, text

_TOKEN = re.compile(r"[A-Za-z]{1,4}|\d|[^\sA-Za-z\d]")


def count(texts: Sequence[str]) -> list[int]:
    """A tokenizer that can be counted by hand: four letters, a digit, or any other character."""
    return [len(_TOKEN.findall(each)) for each in texts]


def texts_of(loaded: Loaded, chunks: Sequence[Chunk]) -> list[str]:
    return [loaded.text[each.start : each.end] for each in chunks]


def markdown_chunks(source: str, **options: int) -> tuple[list[str], list[Chunk]]:
    loaded = markdown.load(source, Limits())
    chunks = chunk(loaded, loaded.title or "", count, ChunkSettings(**options))
    return texts_of(loaded, chunks), chunks


_WORDS = st.one_of(
    st.sampled_from(["word", "句子", "。", "Next", "，", "：", " ", "\n", "\n\n", ". ", "verylong" * 9, "长" * 60]),
    st.sampled_from(["# Head\n", "## 小节\n", "- item\n", "1. ", "> ", "---\n", "```\ncode\n```\n"]),
    st.just("| a | b |\n|---|---|\n| 1 | 2 |\n"),
)
_LOADERS = st.sampled_from([markdown.load, text.load])
_SOURCES = st.lists(_WORDS, max_size=60).map("".join)


@settings(max_examples=150)
@given(_SOURCES, st.integers(20, 80), st.integers(0, 2), _LOADERS)
def test_every_chunk_is_within_its_limit_and_nothing_is_lost(
    source: str, limit: int, overlap: int, load: Callable[[str, Limits], Loaded]
) -> None:
    loaded = load(source, Limits())
    chunks = chunk(loaded, "Title", count, ChunkSettings(limit, overlap, limit // 4))
    covered = [False] * len(source)
    for before, after in pairwise(chunks):
        assert before.start < after.start and before.end < after.end
    for each in chunks:
        piece = source[each.start : each.end]
        assert piece == piece.rstrip() and any(map(str.isalnum, piece))
        assert not piece[0].isspace() or source[: each.start].endswith("\n") or each.start == 0
        assert count([embedded_text(each.context, piece)])[0] <= limit
        assert each.digest == hashlib.sha256(embedded_text(each.context, piece).encode()).hexdigest()
        covered[each.start : each.end] = [True] * (each.end - each.start)
    assert all(done or not character.isalnum() for done, character in zip(covered, source, strict=True))


def test_the_limit_holds_for_a_tokenizer_that_also_counts_the_gaps() -> None:
    def characters(texts: Sequence[str]) -> list[int]:
        return [len(each) for each in texts]

    source = "\n\n\n\n".join(["One two.  Six ten."] * 30)
    loaded = text.load(source, Limits())
    chunks = chunk(loaded, "T", characters, ChunkSettings(60, 1, 10))
    assert max(characters([embedded_text(each.context, source[each.start : each.end]) for each in chunks])) <= 60
    assert {match.start() for match in re.finditer("One", source)} <= {
        offset for each in chunks for offset in range(each.start, each.end)
    }


def test_a_short_document_is_one_chunk_with_its_title_as_context() -> None:
    found, chunks = markdown_chunks("# Guide\n\nOne sentence. Another one.\n")
    assert found == ["# Guide\n\nOne sentence. Another one."]
    assert chunks[0].context == "Guide"


def test_chunks_end_at_sentences_in_english_and_chinese() -> None:
    english = " ".join(f"This is sentence number {n} of it." for n in range(40))
    chinese = "".join(f"这是第{n}个句子。" for n in range(60))
    for source in (english, chinese):
        found, _ = markdown_chunks(source, max_tokens=60, overlap_sentences=0)
        assert len(found) > 5
        assert all(each.endswith((".", "。")) for each in found)


def test_a_heading_begins_the_chunk_of_its_text_and_is_the_context_of_what_follows() -> None:
    body = " ".join(f"Sentence {n} of the section is here." for n in range(12))
    found, chunks = markdown_chunks(f"# Book\n\n{body}\n\n## Part\n\n{body}\n", max_tokens=80, overlap_sentences=0)
    [first] = [index for index, each in enumerate(found) if "## Part" in each]
    assert found[first].startswith("## Part\n\nSentence 0")
    assert chunks[first].context == "Book"
    assert {each.context for each in chunks[first + 1 :]} == {"Book › Part"}
    assert not any(each.endswith("Part") for each in found)


def test_short_sections_share_a_chunk_under_what_they_have_in_common() -> None:
    found, chunks = markdown_chunks("# FAQ\n\n## A\n\nYes.\n\n### B\n\nNo.\n\n## C\n\nMaybe.\n", max_tokens=200)
    assert len(found) == 1
    assert chunks[0].context == "FAQ"


def test_a_paragraph_that_had_to_be_cut_repeats_its_last_sentence_and_a_whole_one_does_not() -> None:
    source = " ".join(f"Number {n} is a sentence." for n in range(12))
    found, _ = markdown_chunks(source, max_tokens=50, overlap_sentences=1, max_context_tokens=4)
    for before, after in pairwise(found):
        assert after.startswith(before[before.rindex("Number") :])
    paragraphs = "\n\n".join(f"Paragraph {n} has {'some ' * 18}words." for n in range(6))
    found, _ = markdown_chunks(paragraphs, max_tokens=40, overlap_sentences=1, max_context_tokens=4)
    assert found == paragraphs.split("\n\n")


def test_of_several_sentences_to_repeat_as_many_are_repeated_as_are_short_together() -> None:
    source = " ".join(f"Number {n} is a sentence of seven." for n in range(12))
    found, _ = markdown_chunks(source, max_tokens=50, overlap_sentences=9, max_context_tokens=4)
    assert len(found) > 2
    for before, after in pairwise(found):
        assert after.startswith(before[before.rindex("Number") :])
    assert all(after.split("Number")[2] not in before for before, after in pairwise(found))


def test_a_paragraph_border_late_in_a_chunk_is_preferred_to_a_sentence_border() -> None:
    first = " ".join(["Alpha beta gamma."] * 6)
    second = " ".join(["Delta epsi zeta."] * 6)
    found, _ = markdown_chunks(f"{first}\n\n{second}", max_tokens=52, overlap_sentences=0, max_context_tokens=4)
    assert found == [first, second]


def test_rows_of_a_long_table_keep_its_header_in_their_context() -> None:
    rows = "\n".join(f"| model {n} | {n} B |" for n in range(40))
    found, chunks = markdown_chunks(
        f"# Sizes\n\n| name | size |\n|---|---|\n{rows}\n", max_tokens=90, max_context_tokens=20
    )
    assert len(found) > 3
    assert found[0].startswith("# Sizes\n\n| name | size |")
    assert all(each.context == "Sizes\n| name | size |" for each in chunks[1:])
    assert all(each.startswith("| model") and each.endswith("|") for each in found[1:])


def test_a_line_that_leads_in_to_a_list_stays_with_the_list() -> None:
    filler = " ".join(["Some words here."] * 9)
    source = f"{filler}\n\nThe models are:\n\n- BERT is one\n- GPT is two\n- Tfive is three\n"
    found, _ = markdown_chunks(source, max_tokens=50, overlap_sentences=0, max_context_tokens=4)
    assert any(each.startswith("The models are:\n\n- BERT") for each in found)


def test_a_sentence_longer_than_a_chunk_is_cut_at_clauses() -> None:
    sentence = "，".join(["这是一个很长的分句" * 2] * 20) + "。"
    found, _ = markdown_chunks(sentence, max_tokens=64, overlap_sentences=1, max_context_tokens=4)
    assert len(found) > 4
    assert all(each.endswith(("，", "。")) for each in found)
    assert "".join(found) == sentence


def test_context_is_kept_short_by_leaving_out_the_middle_then_the_end() -> None:
    source = "# aaaa\n\n## bbbb\n\n### cccc\n\n#### dddd\n\n" + "More text." * 40
    loaded = markdown.load(source, Limits())
    assert chunk(loaded, "Title", count, ChunkSettings(40, 0, 8))[-1].context == "Title › cccc › dddd"
    context = chunk(loaded, "x" * 400, count, ChunkSettings(40, 0, 8))[-1].context
    assert set(context) == {"x"} and 29 <= len(context) <= 32


@pytest.mark.parametrize(("offset", "page"), [(0, 1), (30, 3)])
def test_a_chunk_bears_the_page_on_which_it_starts(offset: int, page: int) -> None:
    source = "First page has this.\n\nSecond paragraph here on page three."
    loaded = Loaded(source, "pdf", None, (), (PageSpan(1, 0, 22), PageSpan(2, 22, 22), PageSpan(3, 22, len(source))))
    chunks = chunk(loaded, "", count, ChunkSettings(16, 0, 2))
    [found] = [each for each in chunks if each.start <= offset < each.end]
    assert found.page == page


def test_an_edited_paragraph_changes_only_the_chunks_around_it() -> None:
    paragraphs = [" ".join(f"Topic {n} has fact {m} to tell." for m in range(n % 5 + 2)) for n in range(120)]
    options = ChunkSettings(100, 0, 10)
    before = {each.digest for each in chunk(Loaded("\n\n".join(paragraphs), "text"), "T", count, options)}
    paragraphs[40] = "A new and rather different paragraph stands here now. It is short."
    after = chunk(Loaded("\n\n".join(paragraphs), "text"), "T", count, options)
    assert sum(each.digest not in before for each in after) <= 4


def test_nested_lists_give_their_items_as_context_and_keep_parents_with_their_children() -> None:
    source = "# 推理\n\n" + "\n".join(
        f"- 方法{n}\n    - 第{n}种方法的核心思想是减少缓存的数量\n    - 第{n}种方法的缺点是精度下降"
        for n in range(1, 5)
    )
    texts, chunks = markdown_chunks(source, max_tokens=60, max_context_tokens=20)
    assert len(texts) > 1
    assert not any(text.rstrip().endswith(f"- 方法{n}") for text in texts for n in range(1, 5))
    alone = [each for each, text in zip(chunks, texts, strict=True) if "- 方法" not in text]
    assert all(" › 方法" in each.context for each in alone)
    assert all(text.startswith(("#", "- ", "    - ")) for text in texts)


def test_lists_in_lists_by_the_thousand_cost_no_more_than_their_length() -> None:
    source = "\n".join("  " * depth + f"- item {depth}" for depth in range(1_000))
    began = time.thread_time()
    texts, _ = markdown_chunks(source)
    assert time.thread_time() - began < 5
    assert list(dict.fromkeys(re.findall(r"item \d+", " ".join(texts)))) == [f"item {depth}" for depth in range(1_000)]


def test_both_rows_of_a_header_go_along_with_a_table_that_goes_on() -> None:
    rows = "".join(f"Region {n},{n},{n + 1},{n},{n}\n" for n in range(40))
    loaded = csv.load(f"In millions,,\n,2023,,2024\nRegion,H1,H2,H1,H2\n{rows}", Limits())
    chunks = chunk(loaded, "Sales", count, ChunkSettings(130, 0, 40))
    assert len(chunks) > 3
    begin = "In millions\n\n|  | 2023 |  | 2024 |\n| Region | H1 | H2 | H1 | H2 |"
    assert texts_of(loaded, chunks)[0].startswith(f"{begin}\n| Region 0 | 0 | 1 | 0 | 0 |")
    context = "Sales\nIn millions\n| | 2023 | | 2024 |\n| Region | H1 | H2 | H1 | H2 |"
    assert {each.context for each in chunks[1:]} == {context}


def test_the_rest_of_a_long_row_bears_the_name_of_the_row_and_of_its_columns() -> None:
    answer = "".join(f"第{n}步是检查缓存，" for n in range(40))
    loaded = csv.load(f"no,question,answer,source\n1,如何排错？,{answer},手册\n2,Who?,Me.,talk\n", Limits())
    chunks = chunk(loaded, "", count, ChunkSettings(90, 0, 20))
    texts = texts_of(loaded, chunks)
    rest = [each for each, text in zip(chunks, texts, strict=True) if text.startswith("第") and "第0步" not in text]
    assert len(rest) > 3
    assert {each.context for each in rest} == {"answer | source |\n如何排错？"}


def test_rows_are_cut_between_cells_where_they_must_be_cut() -> None:
    cells = [f"cell {n} is of some length" for n in range(30)]
    loaded = csv.load(",".join(f"c{n}" for n in range(30)) + "\n" + ",".join(cells) + "\n1" + "\n", Limits())
    texts = texts_of(loaded, chunk(loaded, "", count, ChunkSettings(64, 0, 8)))
    assert all(text.startswith(("cell", "|", "c")) and text.endswith("|") for text in texts)


def test_the_items_of_a_list_that_is_cut_keep_the_line_that_leads_in_to_it() -> None:
    items = "\n".join(f"- damage of kind number {n}" for n in range(30))
    source = f"# Policy\n\nWe pay. The following are excluded:\n\n{items}\n\nAll else is covered.\n"
    texts, chunks = markdown_chunks(source, max_tokens=70, max_context_tokens=20, overlap_sentences=0)
    rest = [each for each, text in zip(chunks, texts, strict=True) if text.startswith("- damage")]
    assert len(rest) > 2
    assert {each.context for each in rest} == {"Policy\nThe following are excluded:"}
    after, _ = markdown_chunks(source + "\nMore words here. " * 40, max_tokens=70, max_context_tokens=20)
    assert "excluded" not in after[-1]


@pytest.mark.parametrize(
    ("line", "leads"),
    [
        ("The policy does not cover the following", True),
        ("Not covered are", True),
        ("以下情形不予赔偿", True),
        ("**Excluded:**", True),
        ("Nothing is covered.", False),
        ("这些都不赔。”", False),
        ("not " * 40 + "covered are", False),
        ("Two lines\nare no name", False),
    ],
)
def test_a_short_line_without_an_end_leads_in_to_the_list_below_it(line: str, leads: bool) -> None:
    items = "\n".join(f"- damage of kind number {n}" for n in range(30))
    filler = " ".join(["Some words here."] * 17)
    texts, chunks = markdown_chunks(f"{filler}\n\n{line}\n\n{items}\n", max_tokens=90, max_context_tokens=20)
    assert {each.context for each in chunks[2:]} == {line if leads else ""}
    assert any(text.startswith(f"{line}\n\n- damage") for text in texts) or not leads


def test_a_plain_text_list_keeps_its_lead_in_too_in_chinese() -> None:
    source = "下列情形不予赔偿：\n" + "\n".join(f"（{n}）第{n}种损坏属于自然磨损" for n in range(1, 30))
    loaded = text.load(source, Limits())
    chunks = chunk(loaded, "", count, ChunkSettings(70, 0, 20))
    assert len(chunks) > 3
    assert {each.context for each in chunks[1:]} == {"下列情形不予赔偿："}


def test_a_list_whose_depth_is_not_known_keeps_its_lead_in_to_its_end_and_no_further() -> None:
    builder = TextBuilder(10_000)
    builder.add("Needed:", "paragraph")
    for number in range(30):
        builder.add(f"- thing number {number}", "list_item")
    builder.add("And that is " + "really " * 60 + "all.", "paragraph")
    chunks = chunk(Loaded(builder.text(), "html", None, tuple(builder.blocks)), "", count, ChunkSettings(60, 0, 12))
    contexts = [each.context for each in chunks]
    assert contexts[1:3] == ["Needed:"] * 2
    assert contexts[-1] == ""


def test_targets_of_links_and_images_take_no_room_in_what_is_encoded() -> None:
    image = "![](data:image/png;base64," + "iVBORw0KGgo" * 3_000 + ")"
    source = f"# Guide\n\nSee [the manual](https://example.org/{'path/' * 50}).\n\n{image}\n\nThen f[0](x) is called.\n"
    texts, chunks = markdown_chunks(source)
    assert texts == [source.strip()]
    assert embedded_text(chunks[0].context, texts[0]) == (
        "Guide\n# Guide\n\nSee the manual.\n\n\n\nThen f[0](x) is called."
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[![alt](a.png)](https://x.org/a_(b))", "alt"),
        ('[words](<a b.md> "title") and [more](#part)', "words and more"),
        ('[words](a.md "title")', "words"),
        ("参见[第二章](./ch2.md)。", "参见第二章。"),
        ("[not](closed", "[not](closed"),
        ("g[i](y)", "g[i](y)"),
    ],
)
def test_links_are_encoded_by_their_words(source: str, expected: str) -> None:
    assert embedded_text("", source) == expected


def test_hostile_brackets_cost_no_more_than_their_length() -> None:
    began = time.thread_time()
    for source in (
        "[" * 200_000 + "](",
        "[a](" * 50_000,
        "[](a.(" * 50_000,
        "![" + "x" * 200_000 + "](/" + "(" * 9_999,
    ):
        embedded_text("", source)
    assert time.thread_time() - began < 5


def test_a_chunk_bears_its_place_where_that_is_more_than_its_page() -> None:
    loaded = csv.load("name,size\n" + "".join(f"model {n},{n}\n" for n in range(60)), Limits())
    chunks = chunk(loaded, "", count, ChunkSettings(90, 0, 20))
    found = [span.label for span in loaded.pages if span.start >= chunks[1].start]
    assert chunks[0].metadata["place"] == f"rows 1–{int(found[0].split()[1]) - 1}"
    source = "On the first page.\n\nOn the second page."
    pages = (PageSpan(1, 0, 20), PageSpan(2, 20, len(source)))
    [both] = chunk(Loaded(source, "pdf", None, (), pages), "", count, ChunkSettings())
    assert both.metadata == {"place": "pages 1–2"}
    assert chunk(Loaded(source, "pdf", None, (), pages[:1]), "", count, ChunkSettings())[0].metadata == {}


def test_what_has_no_letter_and_no_digit_is_no_chunk() -> None:
    rows = "|  |  |  |\n" * 60
    words = " ".join(["Some words here."] * 20)
    texts, _ = markdown_chunks(f"{words}\n\n{rows}\n{words}\n\n---\n", max_tokens=40, max_context_tokens=4)
    assert len(texts) > 3 and all(re.search(r"\w", text) for text in texts)
    assert markdown_chunks("* * *\n") == ([], [])


def test_room_is_left_for_the_header_that_goes_along_so_that_chunks_of_rows_are_alike() -> None:
    header = " | ".join(["name"] * 20)
    rows = "\n".join(f"| row {n} |" + " |" * 19 for n in range(60))
    texts, _ = markdown_chunks(f"| {header} |\n{'|---' * 20}|\n{rows}\n", max_tokens=120, max_context_tokens=40)
    assert {text.count("\n") for text in texts[2:-1]} == {2}
