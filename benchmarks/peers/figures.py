"""From what the systems found and said to figures, a table, and where ragstack loses.

All are measured alike and with ragstack's own measures (docs/evaluation.md). Two rules concern other systems alone:
what they cite are the numbers in their text (or what they say they cite), and an answer whose first sentence declines
is a refusal, since only the text tells.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from cutting import Task, answerable

from ingest.text.sentences import split_sentences
from ragstack.evaluation import measures
from ragstack.evaluation.datasets import Query
from ragstack.evaluation.normalising import contains
from ragstack.evaluation.statistics import Interval, bootstrap, mean, paired_bootstrap, quantile

Record = dict[str, Any]

NAMES = {"ragstack": "ragstack", "langchain": "LangChain", "llamaindex": "LlamaIndex", "txtai": "txtai"}
HIGHER = ("ndcg@10", "recall@10", "accuracy", "cites", "citation_gold", "citation_precision", "citation_recall",
          "abstain_recall")  # fmt: skip
LOWER = (
    "failed",
    "false_abstain",
    "build_s",
    "build_cpu_s",
    "query_ms",
    "query_cpu_ms",
    "memory_mb",
    "answer_s",
    "answer_cpu_s",
    "first_s",
    "prompt_tokens",
)
MEDIANS = ("build_s", "build_cpu_s", "query_ms", "query_cpu_ms", "memory_mb", "answer_s", "answer_cpu_s", "first_s")
ABOUT = {
    "ndcg@10": "nDCG@10",
    "recall@10": "recall@10",
    "build_s": "ingest, s (median)",
    "build_cpu_s": "ingest, s of CPU (median)",
    "chunks": "chunks",
    "query_ms": "search, ms (p50)",
    "query_cpu_ms": "search, ms of CPU (p50)",
    "memory_mb": "memory after ingest, MB",
    "failed": "questions that failed",
    "accuracy": "accuracy",
    "abstain_recall": "refused, of the unanswerable",
    "false_abstain": "refused, of the answerable",
    "cites": "answers that cite anything",
    "citation_gold": "a cited document is a right one",
    "citation_precision": "citation precision (ALCE)",
    "citation_recall": "citation recall (ALCE)",
    "answer_s": "answer, s (p50)",
    "answer_cpu_s": "answer, s of CPU (p50)",
    "first_s": "first words shown, s (p50)",
    "prompt_tokens": "prompt tokens (mean)",
}
ASKED = tuple(ABOUT)[tuple(ABOUT).index("failed") :]
"""The figures of answers."""
DECLINES = re.compile(
    r"(?:do|does|did)(?:n['’]?t| not)\b[^.]{0,60}\b(?:know|mention|contain|provide|specif|state|say|include|hold)"
    r"|\bno (?:information|mention|answer)\b|\b(?:not|n['’]t) (?:mentioned|provided|specified|stated|possible to)"
    r"|\b(?:cannot|can['’]t|unable to) (?:answer|determine|find|be determined)"
    r"|不知道|没有提|未提|没有说|无法|没有相关|没有提供|没有足够|不包含|没有包含",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*[\[［【]\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]］】]")
_MARK_AFTER_STOP = re.compile(r"([.。！？!?])((?:\s*[\[［【][\d,，、\s]{1,20}[\]］】])+)")


def sentences(record: Record) -> list[tuple[str, list[int]]]:
    """The sentences of an answer without their markers, and the numbers of the passages that each cites."""
    text = _MARK_AFTER_STOP.sub(r"\2\1", record["text"])
    found = []
    for start, end in split_sentences(text):
        marks = [int(number) for mark in _MARK.findall(text[start:end]) for number in re.findall(r"\d+", mark)]
        cited = dict.fromkeys(n for n in [*marks, *record["cited"]] if 1 <= n <= len(record["passages"]))
        if plain := _MARK.sub("", text[start:end]).strip():
            found.append((plain, list(cited)))
    return found


def refused(record: Record) -> bool:
    """What the system says; else whether its first sentence declines."""
    if record["abstained"] is not None:
        return bool(record["abstained"])
    said = sentences(record)
    return not said or DECLINES.search(said[0][0]) is not None


def of_answer(query: Query, record: Record) -> dict[str, float | None]:
    """The figures of one answer; None where one has no meaning for the question. Of a failure there is no other."""
    if "error" in record:
        return dict.fromkeys(ASKED) | {"failed": 1.0}
    can, declined, said = answerable(query), refused(record), sentences(record)
    cited = {record["passages"][number - 1][0] for _, numbers in said for number in numbers}
    text = " ".join(sentence for sentence, _ in said)
    return {
        "failed": 0.0,
        "accuracy": float(not declined and contains(text, query.answers)) if can and query.answers else None,
        "abstain_recall": None if can else float(declined),
        "false_abstain": float(declined) if can else None,
        "cites": None if declined else float(bool(cited)),
        "citation_gold": float(bool(cited & query.relevant.keys())) if query.relevant and not declined else None,
        "citation_precision": None if declined else record.get("precision"),
        "citation_recall": None if declined else record.get("recall"),
        "answer_s": record["seconds"],
        "answer_cpu_s": record["cpu"],
        "first_s": record["first"],
        "prompt_tokens": record["prompt_tokens"] or None,
    }


def values(task: Task, records: Sequence[Record]) -> dict[str, dict[str, list[float | None]]]:
    """Of each system and figure the values: one a question in the task's order, or one a round."""
    return {system: _of_system(task, [r for r in records if r["system"] == system]) for system in NAMES
            if any(r["system"] == system for r in records)}  # fmt: skip


def _of_system(task: Task, records: Sequence[Record]) -> dict[str, list[float | None]]:
    rounds = [record for record in records if record["kind"] == "round"]
    found: dict[str, list[float | None]] = {
        name: [r[name] for r in rounds] for name in ("build_s", "build_cpu_s", "memory_mb", "chunks")
    }
    if rounds:
        rankings = {query.id: rounds[0]["rankings"][query.id] for query in task.searched}
        scores = measures.retrieval(rankings, {query.id: query.relevant for query in task.searched})
        for name in ("ndcg@10", "recall@10"):
            found[name] = [scores[query.id][name] for query in task.searched]
        for name, clock in (("query_ms", "seconds"), ("query_cpu_ms", "cpu")):
            found[name] = [1000 * r[clock][query.id] for r in rounds for query in task.searched]
    said = {record["question"]: record for record in records if record["kind"] == "answer"}
    answers = [of_answer(query, said[query.id]) for query in task.asked if query.id in said]
    if len(answers) == len(task.asked):
        for name in answers[0] if answers else ():
            found[name] = [answer[name] for answer in answers]
    return found


def summary(found: Mapping[str, Mapping[str, Sequence[float | None]]], seed: int) -> dict[str, dict[str, Interval]]:
    """Each figure of each system with its 95 % interval: medians of times and memory, means of the rest."""
    return {
        system: {name: _interval(name, each, seed) for name, each in of_system.items() if name in ABOUT}
        for system, of_system in found.items()
    }


def _interval(name: str, each: Sequence[float | None], seed: int) -> Interval:
    there = np.array([value for value in each if value is not None], dtype=float)
    return bootstrap(quantile(there, 0.5) if name in MEDIANS else mean(there), len(there), seed)


def table(figures: Mapping[str, Mapping[str, Interval]]) -> str:
    """A Markdown table, a figure a row and a system a column; intervals where there are several values."""
    systems = list(figures)
    lines = ["| | " + " | ".join(NAMES[system] for system in systems) + " |", "|---" * (len(systems) + 1) + "|"]
    for name, about in ABOUT.items():
        cells = [_cell(name, figures[system].get(name)) for system in systems]
        if any(cells):
            lines.append(f"| {about} | " + " | ".join(cell or "–" for cell in cells) + " |")
    return "\n".join(lines)


def losses(
    found: Mapping[str, Mapping[str, Sequence[float | None]]], figures: Mapping[str, Mapping[str, Interval]], seed: int
) -> list[str]:
    """A line for each figure in which another system is better than ragstack, with what the difference is worth."""
    lines = []
    for name in (*HIGHER, *LOWER):
        ours = figures.get("ragstack", {}).get(name)
        for system in figures:
            theirs = figures[system].get(name)
            if system == "ragstack" or ours is None or theirs is None or ours.value is None or theirs.value is None:
                continue
            if (theirs.value > ours.value) if name in HIGHER else (theirs.value < ours.value):
                beyond = _difference(found["ragstack"][name], found[system][name], seed) if name not in MEDIANS else ""
                lines.append(
                    f"{ABOUT[name]}: {_number(name, ours.value)}, {NAMES[system]} {_number(name, theirs.value)}{beyond}"
                )
    return lines


def _difference(ours: Sequence[float | None], theirs: Sequence[float | None], seed: int) -> str:
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if not both:
        return ""
    interval, _ = paired_bootstrap(*np.array(both, dtype=float).T, seed)
    if interval.low is None or interval.high is None:
        return ""
    chance = "within chance" if interval.low <= 0 <= interval.high else "beyond chance"
    spread = f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
    return f" (on the same {len(both)} questions {spread}, {chance})"


def _cell(name: str, interval: Interval | None) -> str:
    if interval is None or interval.value is None or interval.low is None or interval.high is None:
        return ""
    value, low, high = (_number(name, each) for each in (interval.value, interval.low, interval.high))
    return value if name == "chunks" or low == high == value else f"{value} [{low}, {high}]"


def _number(name: str, value: float) -> str:
    if name in ("build_s", "build_cpu_s", "query_ms", "query_cpu_ms", "memory_mb", "chunks", "prompt_tokens"):
        return f"{value:,.0f}"
    if name in ("answer_s", "answer_cpu_s", "first_s"):
        return f"{value:.1f}"
    return f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.2f}"
