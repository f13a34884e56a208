"""What went wrong, question by question, each to be opened down to the words it rests on."""

from collections.abc import Callable, Iterator
from typing import Any

from ragstack.evaluation.report.words import both, hidden, safe
from ragstack.evaluation.results import Record, Result

__all__ = ["failures"]

_SHOWN = 100
_LARGEST = 2_000_000
"""Characters of all failures of a page: what a phone still opens."""
_LISTED = 10


def failures(result: Result) -> str:
    """The failures of a run, those that the system broke down on first; as many as a page can hold."""
    failed, tell = _TELL[result.task]
    broken = [record for record in result.records if "error" in record]
    told = broken + [record for record in result.records if "error" not in record and failed(record)]
    if not told:
        return f"<p>{both('None.', '没有。')}</p>"
    parts: list[str] = []
    room = _LARGEST
    for record in told[:_SHOWN]:
        part = _broken(record) if "error" in record else tell(record)
        room -= len(part)
        if parts and room < 0:
            break
        parts.append(part)
    more = len(told) - len(parts)
    rest = (
        f"<p>{both(f'and {more} more in records.jsonl', f'另有 {more} 个，见 records.jsonl')}</p>" if more > 0 else ""
    )
    return "".join(parts) + rest


def _broken(record: Record) -> str:
    return _failure(f"{_tag('failed', '出错', 'bad')} {safe(record['id'])}", f"<p>{safe(record['error'])}</p>")


def _is_missed(record: Record) -> bool:
    return bool(record["figures"]["recall@10"] != 1)


def _retrieval(record: Record) -> str:
    relevant, ranking = record["relevant"], record["ranking"]
    places = {document: rank for rank, document in enumerate(ranking, start=1)}
    wanted = "".join(
        f"<li><code>{safe(document)}</code> "
        + (both(f"rank {places[document]}", f"第 {places[document]} 位") if document in places else
           both(f"not among {len(ranking)}", f"不在前 {len(ranking)} 个中"))
        + "</li>"
        for document in relevant
    )  # fmt: skip
    listed = "".join(
        f"<li{' class=good' if document in relevant else ''}><code>{safe(document)}</code></li>"
        for document in ranking[:_LISTED]
    )
    chunks = "".join(
        f"<p><code>{safe(chunk['document'])}</code></p><blockquote>{safe(chunk['text'])}</blockquote>"
        for chunk in record["best"]
    )
    body = (
        f"{_head('Relevant', '相关文档')}<ul>{wanted}</ul>{_head('Found', '检索结果')}<ol>{listed}</ol>"
        f"{hidden(both('What the best chunks say', '排名最前的片段'), chunks)}"
    )
    return _failure(f"{_tag('missed', '未找到', 'bad')} {safe(record['question'])}", body)


def _is_faulty(record: Record) -> bool:
    return any(_answer_tags(record))


def _answers(record: Record) -> str:
    gold = " · ".join(safe(answer) for answer in record["gold"]) or both("none", "无")
    body = f"{_head('Gold', '标准答案')}<p>{gold}</p>{_head('Answer', '答案')}<p>{safe(record['answer'])}</p>"
    if record["abstained"]:
        body += f"<p class=dim>{safe(record['reason'])}</p>"
    body += "".join(_sentence(sentence) for sentence in record["sentences"])
    quotes = "".join(
        f"<li><blockquote>{safe(citation['quote'])}</blockquote><code>{safe(citation['document'])}</code> "
        f"<small>{citation['start']}–{citation['end']}</small>"
        f"{' ✓' if citation['document'] in record['relevant'] else ''}</li>"
        for citation in record["citations"]
    )
    body += f"{_head('Citations', '引用')}<ol>{quotes}</ol>" if quotes else ""
    dropped = "".join(f"<li>{safe(sentence)}</li>" for sentence in record["dropped"])
    body += f"{_head('Written and not shown', '写出但未显示')}<ul>{dropped}</ul>" if dropped else ""
    read = "".join(
        f"<li>{safe(item['text'])} <code>{safe(item['document'])}</code></li>" for item in record["evidence"]
    )
    body += f"{_head('Evidence that was read', '读到的证据')}<ol>{read}</ol>" if read else ""
    messages = "".join(f"<h5>{safe(each['role'])}</h5><pre>{safe(each['content'])}</pre>" for each in record["prompt"])
    body += hidden(both("The prompt", "提示词"), messages) if messages else ""
    return _failure(f"{''.join(_answer_tags(record))} {safe(record['question'])}", body)


def _answer_tags(record: Record) -> Iterator[str]:
    figure = record["figures"]
    if figure["false_abstain"] == 1:
        yield _tag("refused", "误拒", "bad")
    elif figure["accuracy"] == 0:
        yield _tag("wrong", "错误", "bad")
    if figure["abstain_recall"] == 0:
        yield _tag("should have refused", "应拒答", "bad")
    if any(sentence["supported"] is False for sentence in record["sentences"]):
        yield _tag("unsupported", "无支持", "bad")
    elif any(sentence["recalled"] is False for sentence in record["sentences"]):
        yield _tag("citation fails", "引用不成立", "doubt")
    if figure["citation_gold"] == 0:
        yield _tag("other document", "引用了其他文档", "doubt")


def _sentence(sentence: dict[str, Any]) -> str:
    """A sentence of an answer; of one that fails, the numbers that stand nowhere and what the documents say nearest."""
    if sentence["disagrees"]:
        said = both("another source, not judged", "另一来源，不作评判")
        return f"<p class=dim>{safe(sentence['text'])} <small>{said}</small></p>"
    kind = "good" if sentence["recalled"] else "doubt" if sentence["supported"] else "bad"
    marks = "".join(f"[{n}]" for n in sentence["citations"])
    flagged = f" <small>{both('shown as unsupported', '显示时标为未获支持')}</small>" if sentence["flagged"] else ""
    head = f"{safe(sentence['text'])}{marks} <small>{sentence['support']:.2f}</small>{flagged}"
    return f"<p class={kind}>{head}</p>" if sentence["recalled"] else _laid_beside(kind, head, sentence)


def _is_misjudged(record: Record) -> bool:
    """Judged otherwise than people did; without their label, judged hallucinated."""
    return bool(record["judged"] != (record["label"] or "faithful"))


def _faithfulness(record: Record) -> str:
    if record["label"] is None:
        tag = _tag("unsupported", "无支持", "bad")
    elif record["label"] == "hallucinated":
        tag = _tag("hallucination missed", "漏判幻觉", "bad")
    else:
        tag = _tag("faithful, judged hallucinated", "误判为幻觉", "doubt")
    claims = "".join(_claim(claim) for claim in record["claims"])
    asked = f"{_head('Question', '问题')}<p>{safe(record['question'])}</p>" if record["question"] else ""
    contexts = "".join(f"<blockquote>{safe(context)}</blockquote>" for context in record["contexts"])
    body = f"{asked}{_head('Claims', '陈述')}{claims}{_head('Context', '上下文')}{contexts}"
    return _failure(f"{tag} {safe(record['response'][:200])}", body)


def _claim(claim: dict[str, Any]) -> str:
    head = f"{safe(claim['text'])} <small>{claim['probability']:.2f}</small>"
    return _laid_beside("good" if claim["supported"] else "bad", head, claim)


def _laid_beside(kind: str, head: str, judged: dict[str, Any]) -> str:
    """What was judged, with its numbers that stand nowhere, above the sentences that it was laid beside."""
    missing = ""
    if judged["missing_numbers"]:
        numbers = ", ".join(safe(number) for number in judged["missing_numbers"])
        missing = f" <small>{both('numbers not found:', '未找到的数字：')} {numbers}</small>"
    nearest = "".join(f"<li>{safe(sentence)}</li>" for sentence in judged["nearest"])
    return f"<p class={kind}>{head}{missing}</p><ul>{nearest}</ul>"


def _failure(summary: str, body: str) -> str:
    """One failure: closed on a screen, open on paper."""
    return hidden(summary, body, "failure")


def _tag(english: str, chinese: str, kind: str) -> str:
    return f'<span class="tag {kind}">{both(english, chinese)}</span>'


def _head(english: str, chinese: str) -> str:
    return f"<h4>{both(english, chinese)}</h4>"


_TELL: dict[str, tuple[Callable[[Record], bool], Callable[[Record], str]]] = {
    "retrieval": (_is_missed, _retrieval),
    "answers": (_is_faulty, _answers),
    "faithfulness": (_is_misjudged, _faithfulness),
}
