"""What people see: the same content on a terminal and in a pipe, and nothing that a document can do to the screen."""

import io
import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console

from indexes.records import Hit, Metadata
from ragstack.answers import Answer, AnswerSentence, Citation, Event, Passage, TokenUsage
from ragstack.cli.render import flat, follow, show_answer, show_hits, show_table, size

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def screen(*, terminal: bool, width: int = 60) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    colours = "truecolor" if terminal else None
    return Console(
        file=file, force_terminal=terminal, width=width, color_system=colours, markup=False, highlight=False,
        emoji=False, legacy_windows=False, _environ={},
    ), file  # fmt: skip


def answered(**changes: object) -> Answer:
    fields: dict[str, object] = {
        "question": "What is BERT?",
        "text": "BERT is an encoder.[1]",
        "abstained": False,
        "reason": "",
        "sentences": (AnswerSentence("BERT is an encoder.", 0.93, (1,)),),
        "citations": (Citation(1, "docs/bert.pdf", "BERT", 3, 10, 45, "BERT  is\nan encoder-only\ttransformer"),),
        "generator": "llamacpp",
        "usage": TokenUsage(412, 35),
        "timings": {"total": 3.21},
    }
    return Answer(**{**fields, **changes})  # type: ignore[arg-type]


def shown(answer: Answer, *, terminal: bool = False, width: int = 60) -> str:
    out, file = screen(terminal=terminal, width=width)
    show_answer(answer, out)
    return file.getvalue()


def test_an_answer_names_file_page_and_words_in_a_pipe() -> None:
    assert shown(answered()).splitlines() == [
        "BERT is an encoder.[1]",
        "",
        "[1] docs/bert.pdf, p. 3",
        "    “BERT is an encoder-only transformer”",
        "",
        "3.2 s · 412 tokens read, 35 written · llamacpp",
    ]


def test_a_chinese_question_gets_chinese_labels() -> None:
    citation = Citation(1, "文档/模型.pdf", "模型", 12, 0, 9, "BERT 是一种\n编码器。")
    answer = answered(question="BERT 是什么？", text="BERT 是编码器。[1]", citations=(citation,), dropped=("假话。",))
    assert shown(answer).splitlines() == [
        "BERT 是编码器。[1]",
        "",
        "[1] 文档/模型.pdf，第 12 页",
        "    “BERT 是一种编码器。”",
        "",
        "因文档不支持而略去的句子：1",
        "3.2 秒 · 读入 412 个词元，写出 35 个 · llamacpp",
    ]


def test_a_source_without_pages_is_named_alone() -> None:
    citation = Citation(1, "notes.md", "Notes", None, 0, 5, "words")
    assert "[1] notes.md\n" in shown(answered(citations=(citation,)))


def test_a_source_says_its_place_how_surely_it_was_read_and_where_else_it_is() -> None:
    citation = Citation(
        1, "q3.xlsx", "Q3", 1, 0, 5, "words", place="sheet 'Q3' rows 7–8", ocr=0.934, also=("copy.xlsx", "old/q3.xlsx")
    )
    assert shown(answered(citations=(citation,)), width=200).splitlines()[2:5] == [
        "[1] q3.xlsx, sheet 'Q3' rows 7–8 (read from a picture, 93% sure)",
        "    “words”",
        "    the same in copy.xlsx, old/q3.xlsx",
    ]
    assert shown(answered(question="什么是词？", citations=(citation,))).splitlines()[2:5] == [
        "[1] q3.xlsx，工作表'Q3' 第 7–8 行（由图片识别，可信度 93%）",
        "    “words”",
        "    内容相同的文件：copy.xlsx, old/q3.xlsx",
    ]
    near = Passage("a.pptx", "A", 4, 0, 9, "near", place="slides 4–5")
    assert "  a.pptx, slides 4–5\n" in shown(answered(abstained=True, citations=(), nearest=(near,)))


def test_a_refusal_gives_the_reason_and_the_nearest_passages_shortened() -> None:
    near = Passage("a.md", "A", None, 0, 900, "near " * 180)
    lines = shown(
        answered(text="The documents don't say.", abstained=True, reason="nothing fits", citations=(), nearest=(near,))
    ).splitlines()
    assert lines[:5] == ["The documents don't say.", "nothing fits", "", "Nearest passages:", "  a.md"]
    assert lines[5].startswith("    near near")
    assert lines[5].endswith("near…")
    assert len(lines[5]) < 300


def test_long_quotes_are_wrapped_on_a_terminal_and_lose_no_letter() -> None:
    quote = "向量数据库按距离查找。" * 20
    answer = answered(question="向量数据库是什么？", citations=(Citation(1, "v.md", "v", None, 0, 220, quote),))
    lines = ANSI.sub("", shown(answer, terminal=True, width=40)).splitlines()
    assert max(cell_len(line) for line in lines) <= 40
    assert quote in "".join(line.strip() for line in lines)
    assert f"    “{quote}”" in shown(answer).splitlines()


def test_a_terminal_shows_the_words_that_a_pipe_gets() -> None:
    terminal = shown(answered(dropped=("no",)), terminal=True, width=200)
    assert "\x1b[" in terminal
    assert [line.rstrip() for line in ANSI.sub("", terminal).splitlines()] == (
        shown(answered(dropped=("no",))).splitlines()
    )


def test_a_document_cannot_write_to_the_terminal_by_itself() -> None:
    evil = "\x1b[2Jgone\x1b]0;title\x07 \x9b31m \u202egnp.exe [bold]kept[/bold] :smile:"
    citation = Citation(1, f"{evil}.md", "t", None, 0, 9, evil)
    plain = shown(answered(text=evil + "[1]", citations=(citation,)))
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", plain) == []
    assert plain.count("[bold]kept[/bold] :smile:") == 3
    refusal = answered(abstained=True, citations=(), nearest=(Passage(evil, "", None, 0, 1, evil),))
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown(refusal)) == []


def test_flat_joins_chinese_lines_and_keeps_english_words_apart() -> None:
    assert flat("大型语言\n  模型，\n很大") == "大型语言模型，很大"
    assert flat(" two\nwords \t here ") == "two words here"
    assert flat("使用\nBERT\n模型") == "使用 BERT 模型"


def events(answer: Answer) -> Iterator[Event]:
    yield Event("retrieval", ())
    yield from (Event("token", piece) for piece in ("the dr", "aft\x1b[31m"))
    yield from (Event("sentence", sentence) for sentence in answer.sentences)
    yield Event("done", answer)


def test_the_draft_is_seen_on_a_terminal_only_and_gives_way_to_what_was_checked() -> None:
    terminal, terminal_file = screen(terminal=True)
    pipe, pipe_file = screen(terminal=False)
    answer = answered()
    unsaid = [event for event in events(answer) if event.kind != "sentence"]  # which would come before it is drawn
    assert follow("What is BERT?", unsaid, terminal) is answer
    assert follow("What is BERT?", events(answer), pipe) is answer
    assert "the draft" in ANSI.sub("", terminal_file.getvalue())
    assert "\x1b[31m" not in terminal_file.getvalue()
    _, after = terminal_file.getvalue().rsplit("\x1b[1A\x1b[2K", 1)  # the line that was live is taken back
    assert ANSI.sub("", after) == shown(answer)
    assert pipe_file.getvalue() == shown(answer)


def test_a_sentence_is_in_the_pipe_as_soon_as_it_is_checked() -> None:
    pipe, file = screen(terminal=False)
    first, second = AnswerSentence("一。", 0.9, (1,)), AnswerSentence("Two.", 0.2, (), supported=False)
    seen = []

    def made() -> Iterator[Event]:
        yield Event("standalone", "BERT 是什么？")
        yield Event("sentence", first)
        seen.append(file.getvalue())
        yield Event("sentence", second)
        seen.append(file.getvalue())
        text = "一。[1]Two. [not supported]"
        yield Event("done", answered(question="那呢？", text=text, sentences=(first, second), dropped=("Two.",)))

    follow("那呢？", made(), pipe)
    assert seen == ["理解为：BERT 是什么？\n一。[1]", "理解为：BERT 是什么？\n一。[1]Two. [not supported]"]
    assert file.getvalue().startswith(seen[1] + "\n\n[1] docs/bert.pdf")
    assert "略去" not in file.getvalue()


def test_a_refusal_is_shown_once() -> None:
    pipe, file = screen(terminal=False)
    refusal = answered(abstained=True, text="The documents don't say.", reason="why", sentences=(), citations=())
    follow("What is BERT?", iter([Event("token", "draft"), Event("done", refusal)]), pipe)
    assert file.getvalue() == shown(refusal)
    assert file.getvalue().count("don't say") == 1


def test_an_answer_that_never_comes_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="ended without"):
        follow("What?", [Event("retrieval", ())], screen(terminal=False)[0])


def test_a_hit_says_what_its_score_means() -> None:
    out, file = screen(terminal=False)
    hit = Hit(7, 1, "手册.pdf", "手册", 2, 0, 6, "换行\n之前", "", {}, rank=1, score=0.03251, score_kind="rrf")
    show_hits([hit], out)
    assert file.getvalue().splitlines() == ["1. 手册.pdf, p. 2  (rrf 0.0325)", "    换行之前"]


def test_a_hit_says_its_place_and_that_it_was_read_from_a_picture() -> None:
    out, file = screen(terminal=False)
    metadata: Metadata = {"place": "pages 2–3", "ocr": 0.5}
    show_hits([Hit(7, 1, "scan.pdf", "", 2, 0, 6, "words", "", metadata, rank=1, score=1.0, score_kind="bm25")], out)
    assert file.getvalue().splitlines()[0] == "1. scan.pdf, pp. 2–3 (read from a picture, 50% sure)  (bm25 1.0000)"


def test_columns_are_aligned_by_what_letters_cover() -> None:
    out, file = screen(terminal=False, width=10)
    show_table(("NAME", "SIZE"), [("模型", "1 MB"), ("a-long-name", "2")], out)
    lines = file.getvalue().splitlines()
    assert lines == ["NAME         SIZE", "模型         1 MB", "a-long-name  2"]


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_117_320_768, "1.1 GB"), (2_000_000_000_000_000, "2000.0 TB")],
)
def test_sizes_are_in_decimal_units(n_bytes: int, words: str) -> None:
    assert size(n_bytes) == words
