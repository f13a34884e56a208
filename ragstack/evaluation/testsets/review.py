"""The page on which a person accepts or rejects the questions of a test set, one after another.

It stands alone: no network, every label in English and in Chinese, readable on paper. Decisions are kept in the
browser and saved as a file, ``decisions.json``, which ``ragstack testset accept`` reads; they carry the digest of the
questions they are about.
"""

import json
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from ragstack.evaluation.report.words import both, safe
from ragstack.evaluation.testsets.values import Kind, Question

__all__ = ["review_page"]

_KINDS: dict[Kind, tuple[str, str]] = {
    "answerable": ("answerable", "可回答"),
    "unanswerable": ("unanswerable", "不可回答"),
    "false_premise": ("false premise", "错误前提"),
}
_ASK: dict[Kind, tuple[str, str]] = {
    "answerable": (
        "Can it be understood without the text? Is the marked answer right, and the only one?",
        "不看原文能看懂吗？标出的答案是否正确、唯一？",
    ),
    "unanswerable": (
        "Does it make sense, and do the documents really not answer it?",
        "问题说得通吗？文档里确实没有答案吗？",
    ),
    "false_premise": (
        "Does it take something wrong for granted, and do the documents really not say so?",
        "它是否以错误的事实为前提？文档里确实没有这样的说法吗？",
    ),
}
_BUTTONS = (
    ("accept", "a", "Accept", "接受"),
    ("reject", "r", "Reject", "拒绝"),
    ("edit", "e", "Edit", "修改"),
    ("clear", "u", "Undo", "撤销"),
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def review_page(questions: Sequence[Question], collection: str, sha256: str) -> str:
    """The whole page as HTML; ``sha256`` is that of ``questions.jsonl``."""
    here = files("ragstack.evaluation.testsets")
    style = here.joinpath("review.css").read_text(encoding="utf-8")
    script = here.joinpath("review.js").read_text(encoding="utf-8")
    set_ = json.dumps({"collection": collection, "sha256": sha256}).replace("<", "\\u003c")
    cards = "".join(_card(number, question) for number, question in enumerate(questions, start=1))
    keys = both(
        "Keys: j next, k previous, a accept, r reject, e edit, u undo, s save.",
        "按键：j 下一个，k 上一个，a 接受，r 拒绝，e 修改，u 撤销，s 保存。",
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>Review · {safe(collection)}</title><style>{style}</style></head><body>
<input type="radio" name="language" id="en" checked><input type="radio" name="language" id="zh">
<header><div class="bar">
<strong>{both("Review", "审阅")} <small>{safe(collection)}</small></strong>
<span id="count" role="status" aria-live="polite"></span><progress id="done" max="{len(questions)}" value="0"
 aria-label="decided"></progress>
<label><input type="checkbox" id="open"> {both("only undecided", "只看未决定的")}</label>
<button id="save">{both("Save decisions", "保存决定")}</button>
<nav><label for="en">English</label><label for="zh">中文</label></nav>
</div></header>
<main><p class="dim">{keys}</p>
{cards}
</main><script type="application/json" id="set">{set_}</script><script>{script}</script></body></html>
"""


def _card(number: int, question: Question) -> str:
    buttons = "".join(
        f'<button data-do="{what}" title="{key}">{both(english, chinese)}</button>'
        for what, key, english, chinese in _BUTTONS
    )
    passage = question.passage
    return f"""<article id="q{number}" tabindex="-1" data-id="{escape(question.id)}" data-kind="{question.kind}">
<p class="top"><span class="n">{number}</span> <span class="tag {question.kind}">{both(*_KINDS[question.kind])}</span>
<span class="state"></span></p>
<h2 class="text">{safe(question.text)}</h2>
{_twist(question)}<blockquote>{_marked(question)}</blockquote>
<p class="dim">{safe(passage.document)} · {passage.start}–{passage.end}{_under(passage.heading)}</p>
<p class="ask">{both(*_ASK[question.kind])}</p>
{_form(question)}<p class="buttons">{buttons}</p></article>
"""


def _under(heading: str) -> str:
    return f" · {safe(heading)}" if heading else ""


def _twist(question: Question) -> str:
    if question.twist is None:
        return ""
    put, instead_of = (safe(word) for word in question.twist)
    return f"<p>{both('put in the place of', '替换')}: <del>{instead_of}</del> → <ins>{put}</ins></p>"


def _marked(question: Question) -> str:
    """The sentence, which stands out, with its neighbours; in it the answer, or what the premise gets wrong."""
    passage = question.passage
    start, end = question.passage.start - passage.around_start, passage.end - passage.around_start
    before, after = passage.around[:start], passage.around[end:]
    first, last = question.fact.start, question.fact.end
    if question.kind != "answerable" and question.twist:
        found = re.search(re.escape(question.twist[1]), passage.text)
        first, last = found.span() if found else (0, 0)
    text = passage.text
    mark = f"<mark>{safe(text[first:last])}</mark>" if last > first else ""
    sentence = f"{safe(text[:first])}{mark}{safe(text[last:])}"
    return f'<span class="dim">{safe(before)}</span><b>{sentence}</b><span class="dim">{safe(after)}</span>'


def _form(question: Question) -> str:
    """What can be changed: the question, and the answer of one that has any."""
    rows = [("text", question.text, "Question", "问题")]
    if question.kind == "answerable":
        rows.append(("answer", question.to_dict()["answers"][0], "Answer", "答案"))
    fields = "".join(
        f'<label>{both(english, chinese)}<textarea name="{name}" rows="2">{safe(value)}</textarea></label>'
        for name, value, english, chinese in rows
    )
    return f'<form hidden autocomplete="off">{fields}</form>\n'
