"""What people see: answers, hits and tables, in colour on a terminal and as plain text elsewhere.

A pipe or a file gets the same content without colour, cursor codes or broken lines. Control characters of documents
are taken out, so that no document can write to the terminal by itself. White space is collapsed in what is shown,
never in what is stored.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexes.places import paged, place_of
from ragstack.answers import ocr_of
from ragstack.language import PHRASES, Language, language_of, place_in

if TYPE_CHECKING:
    from rich.console import Console

    from indexes.records import Hit
    from ragstack.answers import Answer, Event

__all__ = ["console", "flat", "follow", "paragraph", "show_answer", "show_hits", "show_table", "size"]

_PASSAGE_CHARACTERS = 280
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # and what turns text around
_CHINESE = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
_CHINESE_BREAK = re.compile(rf"(?<={_CHINESE})\s*\n\s*(?={_CHINESE})")


@dataclass(frozen=True, slots=True)
class _Labels:
    place: str
    ocr: str
    also: str
    quote: str
    dropped: str
    cost: str
    standalone: str


_LABELS: dict[Language, _Labels] = {
    "en": _Labels(
        place="{document}, {place}",
        ocr=" (read from a picture, {ocr:.0%} sure)",
        also="the same in {also}",
        quote="“{quote}”",
        dropped="sentences left out because the documents do not support them: {n}",
        cost="{seconds:.1f} s · {read} tokens read, {written} written · {generator}",
        standalone="Understood as: {question}",
    ),
    "zh": _Labels(
        place="{document}，{place}",
        ocr="（由图片识别，可信度 {ocr:.0%}）",
        also="内容相同的文件：{also}",
        quote="“{quote}”",
        dropped="因文档不支持而略去的句子：{n}",
        cost="{seconds:.1f} 秒 · 读入 {read} 个词元，写出 {written} 个 · {generator}",
        standalone="理解为：{question}",
    ),
}


def console(*, stderr: bool = False) -> "Console":
    """A console that takes no bracket or colon in a text for markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def flat(text: str) -> str:
    """Text for one paragraph: no control characters, white space collapsed, broken Chinese lines joined."""
    return " ".join(_CHINESE_BREAK.sub("", _CONTROL.sub(" ", text)).split())


def size(n_bytes: int) -> str:
    """A number of bytes for people, in decimal units as disks are sold."""
    if n_bytes < 1000:
        return f"{n_bytes} B"
    power = min((len(str(n_bytes)) - 1) // 3, 4)
    return f"{n_bytes / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def follow(question: str, events: "Iterable[Event]", out: "Console") -> "Answer":
    """Show the answer to a question while it is made: each sentence once it is checked, at the end what belongs to it.

    On a terminal the draft is seen before that, dim, and gives way to what was checked.
    """
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    shown = Live(Spinner("dots"), console=out, transient=True, refresh_per_second=4) if out.is_terminal else None
    language = language_of(question)
    draft, checked = Text(style="dim"), ""
    answer: Answer | None = None
    with shown or nullcontext():
        for event in events:
            if event.kind == "done":
                answer = event.value
            elif event.kind == "standalone":
                paragraph(out, _LABELS[language].standalone.format(question=flat(event.value)), "dim")
            elif event.kind == "sentence":
                piece = (PHRASES[language].separator if checked else "") + flat(event.value.marked)
                checked += piece
                if shown:
                    shown.update(Text(checked))
                else:
                    out.print(Text(piece), end="", soft_wrap=True)
            elif event.kind == "token" and shown:
                draft.append(_CONTROL.sub("", event.value))
                shown.update(draft)
    if answer is None:
        raise RuntimeError("the stream of an answer ended without its answer")
    said = bool(checked) and shown is None
    if said:
        out.print()
    show_answer(answer, out, said=said)
    return answer


def show_answer(answer: "Answer", out: "Console", *, said: bool = False) -> None:
    """An answer with its citations, or a refusal with what came nearest, in the language of the question.

    ``said`` means that the text itself has been shown.
    """
    language = language_of(answer.question)
    labels = _LABELS[language]
    if not said:
        paragraph(out, flat(answer.text), "bold" if answer.abstained else "")
    if answer.abstained:
        paragraph(out, flat(answer.reason))
    if answer.citations or answer.nearest:
        out.print()
    for citation in answer.citations:
        where = _where(citation.document, citation.place or paged(citation.page), citation.ocr, language)
        paragraph(out, f"[{citation.n}] {where}", "cyan")
        paragraph(out, labels.quote.format(quote=flat(citation.quote)), indent=4)
        if citation.also:
            paragraph(out, labels.also.format(also=flat(", ".join(citation.also))), "dim", indent=4)
    if answer.nearest:
        out.print(PHRASES[language].nearest)
    for passage in answer.nearest:
        where = _where(passage.document, passage.place or paged(passage.page), None, language)
        paragraph(out, where, "cyan", indent=2)
        paragraph(out, _shortened(passage.text), "dim", indent=4)
    out.print()
    flagged = sum(not sentence.supported for sentence in answer.sentences)
    if len(answer.dropped) > flagged and not answer.abstained:
        paragraph(out, labels.dropped.format(n=len(answer.dropped) - flagged), "dim")
    cost = labels.cost.format(
        seconds=answer.timings.get("total", 0.0),
        read=answer.usage.prompt_tokens,
        written=answer.usage.completion_tokens,
        generator=answer.generator,
    )
    paragraph(out, cost, "dim")


def show_hits(hits: "Sequence[Hit]", out: "Console") -> None:
    """Ranked chunks, each with its place, its score and what the score means."""
    for hit in hits:
        where = _where(hit.document, place_of(hit), ocr_of(hit.metadata), "en")
        paragraph(out, f"{hit.rank}. {where}  ({hit.score_kind} {hit.score:.4f})", "cyan")
        paragraph(out, _shortened(hit.text), indent=4)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], out: "Console") -> None:
    """Rows in columns, aligned by what letters cover on the screen; no line is broken or cut."""
    from rich.cells import cell_len
    from rich.text import Text

    lines = [list(columns), *([flat(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(columns))]
    for number, line in enumerate(lines):
        padded = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        out.print(Text(padded.rstrip(), style="" if number else "bold"), soft_wrap=True)


def paragraph(out: "Console", text: str, style: str = "", *, indent: int = 0) -> None:
    """One paragraph: broken at the width of a terminal, never broken elsewhere."""
    from rich.padding import Padding
    from rich.text import Text

    if out.is_terminal:
        out.print(Padding(Text(text, style, overflow="fold"), (0, 0, 0, indent), expand=False))
    else:
        out.print(Text(" " * indent + text), soft_wrap=True)


def _where(document: str, place: str, ocr: float | None, language: Language) -> str:
    """The name of a file and the place in it; ``ocr`` is how surely its text was read from a picture."""
    labels, where = _LABELS[language], flat(document)
    if place:
        where = labels.place.format(document=where, place=flat(place_in(place, language)))
    return where if ocr is None else where + labels.ocr.format(ocr=ocr)


def _shortened(text: str) -> str:
    text = flat(text)
    return text if len(text) <= _PASSAGE_CHARACTERS else text[:_PASSAGE_CHARACTERS].rstrip() + "…"
