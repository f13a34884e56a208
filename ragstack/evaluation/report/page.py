"""The page around the figures and failures: its head, its style, and how sure the judge is."""

import json
from importlib.resources import files

from ragstack.evaluation.report.failures import failures
from ragstack.evaluation.report.figures import curves, table
from ragstack.evaluation.report.words import NOTES, both, hidden, problem, safe
from ragstack.evaluation.results import Result
from ragstack.evaluation.statistics import Interval

__all__ = ["page"]

_TASKS = {
    "retrieval": ("Retrieval", "检索"),
    "answers": ("Answers", "回答"),
    "faithfulness": ("Faithfulness", "忠实度"),
}


def page(result: Result) -> str:
    """The whole page as HTML."""
    style = files("ragstack.evaluation.report").joinpath("style.css").read_text(encoding="utf-8")
    english, chinese = _TASKS[result.task]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{english} · {safe(result.data)}</title><style>{style}</style></head><body>
<input type="radio" name="language" id="en" checked><input type="radio" name="language" id="zh">
<nav><label for="en">English</label><label for="zh">中文</label></nav>
<main>
<h1>{both(english, chinese)} <small>{safe(result.data)}</small></h1>
{_counts(result)}
<section><h2>{both("Figures", "指标")}</h2>{table(result)}{_notes(result)}</section>
{_judge(result)}
<section><h2>{both("Curves", "曲线")}</h2>{curves(result)}</section>
<section><h2>{both("Failures", "失败的例子")}</h2>{failures(result)}</section>
{_how(result)}
</main></body></html>
"""


def _counts(result: Result) -> str:
    told = f"<p>{both(f'{result.n} measured', f'测量了 {result.n} 个')}"
    if result.missing:
        failed = both(f"{result.missing} failed and are in no figure", f"{result.missing} 个出错，未计入任何指标")
        told += f' <span class="tag bad">{failed}</span>'
    faults = "".join(
        f"<li>{both(*problem(each.kind))}: {each.count} <small>({safe(each.first)})</small></li>"
        for each in result.problems
    )
    return told + "</p>" + (f"<ul class=dim>{faults}</ul>" if faults else "")


def _notes(result: Result) -> str:
    notes = "".join(f"<li>{both(note, NOTES.get(note, note))}</li>" for note in result.notes)
    return f"<ul class=dim>{notes}</ul>" if notes else ""


def _judge(result: Result) -> str:
    """Who judged, and how far that agrees with people."""
    if not result.judge:
        return ""
    rows = "".join(
        f"<tr><td>{safe(each.data)}</td><td>{each.language}</td><td class=number>{each.n}</td>"
        f"<td class=number>{_span(each.auroc)}</td><td class=number>{_span(each.balanced_accuracy)}</td>"
        f"<td class=number>{_span(each.kappa) if each.kappa else '–'}</td></tr>"
        for each in result.agreement
    )
    heads = (("Data", "数据"), ("Language", "语言"), ("Responses", "回答数"), ("AUROC", "AUROC"),
             ("Balanced accuracy", "平衡准确率"), ("Kappa", "Kappa"))  # fmt: skip
    head = "".join(f"<th>{both(*each)}</th>" for each in heads)
    if rows:
        what = both("Its agreement with people, on labelled responses that it was not fitted on:",
                    "它与人工标注的一致程度（未参与拟合的数据）：")  # fmt: skip
        known = f"<p>{what}</p><table class=people><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    else:
        known = f"<p>{both('How far it agrees with people is not known.', '它与人工标注的一致程度未知。')}</p>"
    return f"<section><h2>{both('The judge', '裁判')}</h2><p><code>{safe(result.judge)}</code></p>{known}</section>"


def _span(interval: Interval) -> str:
    if interval.value is None:
        return "–"
    if interval.low is None or interval.high is None:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _how(result: Result) -> str:
    told = {
        "seed": result.seed,
        "settings": result.settings,
        "versions": result.versions,
        "sha256": result.sha256,
        "seconds": round(result.seconds, 1),
        "run": result.folder,
    }
    listed = f"<pre>{safe(json.dumps(told, ensure_ascii=False, indent=1))}</pre>"
    return f"<section>{hidden(both('Settings, versions and digests', '设置、版本与摘要'), listed)}</section>"
