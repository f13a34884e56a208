"""How an answer came about, for people: the steps of ``ask --explain``, each with its scores and its time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from indexes.places import place_of
from ragstack.cli.render import flat, paragraph, show_table

if TYPE_CHECKING:
    from rich.console import Console

    from ragstack.answers import Answer
    from ragstack.explanation import Check
    from ragstack.retrieval.candidates import Place, Trace

__all__ = ["show_explanation"]


def show_explanation(answer: "Answer", out: "Console") -> None:
    """What was found, read, asked, written and dropped, as far as the answer came."""
    told, timings = answer.explanation, answer.timings
    if told is None:
        return
    if answer.standalone:
        _head(out, "Understood as", timings["rewrite"])
        paragraph(out, flat(answer.standalone), indent=2)
    _head(out, "Retrieved", timings["retrieve"])
    if told.retrieval:
        _show_trace(told.retrieval, out)
    _head(out, "Evidence", timings["evidence"])
    for number, item in enumerate(told.evidence, start=1):
        heading = f"[{flat(item.heading)}] " if item.heading else ""
        paragraph(out, f"{number}. {item.score:.3f}  {heading}{flat(item.text)}", indent=2)
    _head(out, "Gate", timings["gate"])
    if told.features is not None and answer.confidence is not None and told.threshold is not None:
        verdict = "enough" if answer.confidence >= told.threshold else "not enough"
        paragraph(out, f"probability {answer.confidence:.3f}, needed {told.threshold:.3f}: {verdict}", indent=2)
        paragraph(out, _features(told.features), "dim", indent=2)
    if told.prompt:
        _head(out, "Prompt", None)
        for message in told.prompt:
            paragraph(out, f"{message.role}:", "dim", indent=2)
            for line in message.content.splitlines():
                paragraph(out, flat(line), indent=4)
        _head(out, "Draft", timings["generate"])
        paragraph(out, flat(told.draft), indent=2)
        _head(out, "Checks", timings["verify"])
    for check in told.checks:
        _show_check(check, out)


def _head(out: "Console", name: str, seconds: float | None) -> None:
    out.print()
    paragraph(out, name if seconds is None else f"{name} ({seconds:.2f} s)", "bold")


def _show_trace(trace: "Trace", out: "Console") -> None:
    steps = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in trace.seconds.items())
    paragraph(out, f"{trace.mode}{f', reranker {trace.reranker}' if trace.reranker else ''}: {steps}", "dim", indent=2)
    mixed = any(each.foreign for each in trace.found)
    rows = [
        (
            f"  {each.hit.rank}",
            f"{each.hit.score:.4f} {each.hit.score_kind}",
            _place(each.dense),
            _place(each.lexical),
            _place(each.fused),
            *([_place(each.foreign)] if mixed else []),
            " ".join(part for part in (each.hit.document, place_of(each.hit)) if part),
        )
        for each in trace.found
    ]
    head = ("  #", "score", "dense", "lexical", "fused", *(["other language"] if mixed else []), "document")
    show_table(head, [("  " + row[0], *row[1:]) for row in rows], out)


def _place(place: "Place | None") -> str:
    return f"{place.rank} ({place.score:.4f})" if place else "–"


def _show_check(check: "Check", out: "Console") -> None:
    paragraph(out, f"{check.outcome}: {flat(check.text)}", indent=2)
    cited = ", ".join(str(at + 1) for at in check.cited)
    said = (
        [f"support {check.support:.3f}"]
        if check.outcome != "declined"
        else ["no answer: says that the passages do not say, or the question again"]
    )
    said += [f"needed {check.threshold:.3f}"] if check.threshold is not None else []
    said += [f"rests on evidence {cited}"] if cited else []
    said += [f"numbers that stand nowhere: {', '.join(check.missing_numbers)}"] if check.missing_numbers else []
    said += [f"otherwise than its source: {check.altered}"] if check.altered else []
    said += [_features(check.features)] if check.features is not None else []
    paragraph(out, " · ".join(said), "dim", indent=4)


def _features(features: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in features.items())
