"""What the page says, English and Chinese side by side, and the small pieces of HTML that all parts share."""

from html import escape

__all__ = ["NOTES", "both", "hidden", "meaning", "problem", "safe"]

_LONGEST = 20_000
"""Characters of one text that a page shows."""
_Meaning = tuple[str, str, int]
"""What a measure is, 是什么, and whether higher is better (1), lower (-1), or neither (0)."""

_MEASURES: dict[str, _Meaning] = {
    "ndcg@10": ("ranking of the first ten, best document first", "前十个结果的排序质量", 1),
    "recall@10": ("relevant documents among the first ten", "前十个结果中找到的相关文档", 1),
    "mrr@10": ("one over the rank of the first relevant document", "第一个相关文档名次的倒数", 1),
    "recall@100": ("relevant documents among the first hundred", "前一百个结果中找到的相关文档", 1),
    "span@10": ("answers that stand whole in one of the first ten chunks", "答案完整出现在前十个片段中的比例", 1),
    "query_ms_p50": ("milliseconds of a query, half are faster", "查询耗时的中位数（毫秒）", -1),
    "query_ms_p95": ("milliseconds of a query, 95 % are faster", "查询耗时的 95 分位数（毫秒）", -1),
    "accuracy": ("answers that hold a gold one", "包含标准答案的回答", 1),
    "f1": ("F1 of the answer's words against the gold ones", "答案与标准答案的词语 F1", 1),
    "exact_match": ("the answer is a gold one, word for word", "答案与标准答案完全一致", 1),
    "citation_precision": ("citations that are needed and hold (ALCE)", "必要且成立的引用（ALCE）", 1),
    "citation_recall": ("sentences that their citations support (ALCE)", "得到引用支持的句子（ALCE）", 1),
    "citation_gold": ("answers that cite a relevant document", "引用了相关文档的答案", 1),
    "unsupported_rate": ("sentences that fail verification", "未通过核验的句子", -1),
    "cited_unsupported_rate": ("cited sentences that what they cite does not support", "所引内容不支持的句子", -1),
    "abstain_recall": ("unanswerable questions that were refused", "拒答了的无答案问题", 1),
    "false_abstain": ("answerable questions that were refused", "被误拒的可回答问题", -1),
    "prompt_tokens_mean": ("tokens read for an answer", "每个答案读入的词元", -1),
    "seconds_p50": ("seconds of an answer, half are faster", "回答耗时的中位数（秒）", -1),
    "abstain_auroc": ("confidence tells answerable questions from others", "置信度区分可回答与不可回答问题的能力", 1),
    "calibration_error": ("distance of probabilities from what happened", "概率与实际的偏差", -1),
    "balanced_accuracy": ("agreement with people, both labels counting alike", "与人工标注的一致（两类等权）", 1),
    "auroc": ("hallucinated responses score above faithful ones", "幻觉得分高于忠实回答的机会", 1),
    "kappa": ("agreement with people beyond chance", "扣除偶然后与人工的一致", 1),
    "ms_per_example": ("milliseconds to judge one response", "裁判一个回答的毫秒数", -1),
    "judged_faithful": ("responses that were judged faithful", "被判为忠实的回答", 0),
}  # fmt: skip
_OF_JUDGES: dict[str, _Meaning] = {
    "accuracy": ("judgements that people share", "与人工标注相同的判断", 1),
    "f1": ("F1 of finding hallucinated responses", "识别幻觉回答的 F1", 1),
}
NOTES = {
    "A document ranks where its best chunk does.": "文档的名次取其最好的片段。",
    "query_ms_*: encoding one question and searching it, 100 chunks deep.":
        "query_ms_*：编码一个问题并检索前 100 个片段的耗时。",
    "accuracy, f1, exact_match and false_abstain: over answerable questions, a refusal counting 0 in the first three.":
        "accuracy、f1、exact_match 和 false_abstain 只计可回答的问题，拒答在前三项中计 0。",
    "citation_* and unsupported_rate are over questions that were answered, as the judge sees them.":
        "citation_* 和 unsupported_rate 只计作答了的问题，由裁判判定。",
    "Unanswerable means what the data set says: often only that one passage does not hold the answer.":
        "“不可回答”以数据集为准：往往只表示某一段落不含答案。",
    "Hallucinated is the positive class of f1 and auroc.": "f1 和 auroc 以幻觉为正类。",
}  # fmt: skip
"""The notes of the runs, and the same in Chinese."""


_PROBLEMS = {
    "broken records in": "损坏的记录：",
    "repeated ids in": "重复的编号：",
    "no qrels.tsv": "没有 qrels.tsv",
    "broken lines in qrels.tsv": "qrels.tsv 中损坏的行",
    "qrels of unknown documents": "qrels 中未知的文档",
    "qrels of unknown questions": "qrels 中未知的问题",
    "relevant documents not found": "未找到的相关文档",
    "unanswerable questions left out": "略过的不可回答问题",
    "questions without qrels left out": "略过的没有 qrels 的问题",
    "passages without words": "没有文字的段落",
    "passages that cannot be stored": "无法保存的段落",
    "answerable questions without gold answers": "没有标准答案的可回答问题",
    "questions that may be answerable or not": "不知能否回答的问题",
    "examples without a label": "没有标注的例子",
}
"""What may be wrong with the data; the name of a file may follow."""


def problem(kind: str) -> tuple[str, str]:
    """A kind of fault in both languages."""
    named = next((known for known in _PROBLEMS if kind == known or kind.startswith(f"{known} ")), "")
    return kind, _PROBLEMS[named] + kind[len(named) :].strip() if named else kind


def meaning(task: str, name: str) -> _Meaning:
    """What a measure of a task is."""
    known = _OF_JUDGES.get(name) if task == "faithfulness" else None
    return known or _MEASURES.get(name, ("", "", 0))


def both(english: str, chinese: str) -> str:
    """A label in both languages, of which the page shows one."""
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>'


def safe(value: object) -> str:
    """Text of the data, which is no HTML, cannot turn the page's text around, and ends where it is very long."""
    turning = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    text = str(value)
    more = len(text) - _LONGEST
    left_out = f" <small>{both(f'… {more:,} more characters', f'……另有 {more:,} 个字符')}</small>" if more > 0 else ""
    return escape(text[:_LONGEST].translate(turning)) + left_out


def hidden(summary: str, body: str, kind: str = "") -> str:
    """A part that opens; ``summary`` and ``body`` are HTML."""
    named = f' class="{kind}"' if kind else ""
    return f"<details{named}><summary>{summary}</summary><div>{body}</div></details>"
