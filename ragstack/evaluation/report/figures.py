"""The figures of a run: the table of measures, and the curves as drawings of their own."""

from collections.abc import Sequence

import numpy as np

from ragstack.evaluation.report.words import both, meaning, safe
from ragstack.evaluation.results import Result
from ragstack.evaluation.statistics import Interval

__all__ = ["curves", "table"]

_SIDE, _EDGE = 260, 34
_TIMES = {
    "retrieval": (("query", "Milliseconds of a query", "查询耗时（毫秒）", 1000.0),),
    "answers": (("total", "Seconds of an answer", "回答耗时（秒）", 1.0),
                ("retrieve", "Seconds of these to retrieve", "其中检索（秒）", 1.0),
                ("generate", "Seconds of these to write", "其中生成（秒）", 1.0),
                ("verify", "Seconds of these to verify", "其中核验（秒）", 1.0)),
    "faithfulness": (("judge", "Milliseconds to judge a response", "裁判耗时（毫秒）", 1000.0),),
}  # fmt: skip
"""Of each task the times that are drawn: their names in a record, what they are, and their unit over a second."""
_RELIABILITY = {
    "answers": (("confidence that it can be answered", "可回答的置信度"), ("share that can", "实际可回答的比例")),
    "faithfulness": (("probability of faithful", "预测为忠实的概率"), ("share faithful", "实际忠实的比例")),
}
_BINS = 20
_UNIT = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))

_Label = tuple[str, str]
_Ticks = Sequence[tuple[float, str]]


def table(result: Result) -> str:
    """Each measure with its value, its interval, drawn too where it is a share, and what it is."""
    rows = "".join(_row(result.task, name, interval) for name, interval in result.metrics.items())
    head = "".join(
        f"<th>{both(english, chinese)}</th>"
        for english, chinese in (("Measure", "指标"), ("Value", "数值"), ("95 % interval", "95% 区间"), ("", ""),
                                 ("What it is", "含义"))
    )  # fmt: skip
    return f"<table class=measures><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def curves(result: Result) -> str:
    """What can be drawn of the run: risk against coverage, probabilities against what happened, times."""
    drawn = []
    if points := result.curves.get("risk_coverage"):
        steps = [(coverage, risk) for coverage, risk in points]
        title = ("Wrong answers among the surest", "最有把握的答案中的错误")
        axes = ("share of questions answered", "回答的问题比例"), ("share wrong", "错误比例")
        drawn.append(_drawing(_line(steps), title, *axes))
    if rows := result.curves.get("reliability"):
        largest = max(count for _, _, count in rows)
        dots = "".join(_dot(_x(said), _y(was), 3 + 6 * (count / largest) ** 0.5) for said, was, count in rows)
        ideal = f'<line class="ideal" stroke="gray" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
        drawn.append(_drawing(ideal + dots, ("Said and true", "预测与实际"), *_RELIABILITY[result.task]))
    for name, english, chinese, scale in _TIMES[result.task]:
        times = [scale * record["seconds"][name] for record in result.records if "error" not in record]
        drawn.append(_histogram(times, (english, chinese)))
    shown = "".join(drawn)
    return f"<div class=curves>{shown}</div>" if shown else f"<p>{both('Nothing to draw.', '没有可画的曲线。')}</p>"


def _row(task: str, name: str, interval: Interval) -> str:
    english, chinese, direction = meaning(task, name)
    mark = {1: "↑", -1: "↓", 0: ""}[direction]
    value = "–" if interval.value is None else _number(interval.value)
    known = interval.low is not None and interval.high is not None
    span = f"{_number(interval.low or 0.0)} – {_number(interval.high or 0.0)}" if known else ""
    return (
        f"<tr><th scope=row><code>{safe(name)}</code> <small>{mark}</small></th><td class=number>{value}</td>"
        f"<td class=number>{span}</td><td>{_bar(interval)}</td><td class=meaning>{both(english, chinese)}</td></tr>"
    )


def _bar(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None or not 0 <= interval.high <= 1:
        return ""
    low, high = max(interval.low, 0.0), interval.high
    drawn = (
        _box("track", "lightgray", 4, 5, 100, 2),
        _box("range", "lightblue", 4 + 100 * low, 3, max(100 * (high - low), 1), 6),
        _dot(4 + 100 * interval.value, 6, 3.5),
    )
    return f'<svg class="bar" viewBox="0 0 108 12" width="108" height="12" aria-hidden="true">{"".join(drawn)}</svg>'


def _histogram(times: Sequence[float], title: _Label) -> str:
    """How many took how long; the axis ends at the longest."""
    if len(times) < 2 or min(times) == max(times):
        return ""
    longest = max(times)
    counts, edges = np.histogram(times, bins=min(_BINS, len(times)), range=(0.0, longest))
    most = int(counts.max())
    bars = "".join(
        _box("column", "royalblue", _x(float(low) / longest), _y(count / most),
             max(_x(float(high) / longest) - _x(float(low) / longest) - 1, 1), _y(0) - _y(count / most))
        for low, high, count in zip(edges[:-1], edges[1:], counts.tolist(), strict=True) if count
    )  # fmt: skip
    half = float(np.median(times))
    middle = f'<line class="ideal" stroke="gray" x1="{_x(half / longest):.1f}" y1="{_y(0)}" ' \
             f'x2="{_x(half / longest):.1f}" y2="{_y(1)}"/>'  # fmt: skip
    along = [(share, f"{share * longest:.3g}") for share in (0.0, 0.5, 1.0)]
    below = (f"half within {half:.3g}", f"中位数 {half:.3g}")
    return _drawing(bars + middle, title, below, ("how many", "个数"), along, ((0.0, "0"), (1.0, str(most))))


def _line(points: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    dots = "".join(_dot(_x(x), _y(y), 2.5) for x, y in points) if len(points) < 40 else ""
    return f'<polyline fill="none" stroke="royalblue" points="{path}"/>{dots}'


def _dot(x: float, y: float, radius: float) -> str:
    return f'<circle fill="royalblue" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def _box(kind: str, colour: str, x: float, y: float, width: float, height: float) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" fill="{colour}" {size}/>'


def _drawing(
    inside: str, title: _Label, below: _Label, beside: _Label, along: _Ticks = _UNIT, up: _Ticks = _UNIT
) -> str:
    """A frame with its axes named, and marks along them."""
    marks = "".join(f'<text x="{_x(at):.1f}" y="{_y(0) + 13}" text-anchor="middle">{text}</text>' for at, text in along)
    marks += "".join(f'<text x="{_x(0) - 5}" y="{_y(at) + 4}" text-anchor="end">{text}</text>' for at, text in up)
    frame = f'<path class="frame" fill="none" stroke="gray" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>'
    box = f"0 0 {_SIDE + 2 * _EDGE} {_SIDE // 2 + _EDGE + 8}"
    named = both(*title)
    return (
        f"<figure><figcaption><b>{named}</b><br><small>→ {both(*below)} · ↑ {both(*beside)}</small></figcaption>"
        f'<svg viewBox="{box}" role="img" aria-label="{title[0]} / {title[1]}">{frame}{marks}{inside}</svg></figure>'
    )


def _x(share: float) -> float:
    return _EDGE + _SIDE * share


def _y(share: float) -> float:
    return _EDGE / 2 + _SIDE / 2 * (1 - share)


def _number(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.3f}"
