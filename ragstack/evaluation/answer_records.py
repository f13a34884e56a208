"""One answer, judged sentence by sentence: the record that all figures of ``ragstack eval answers`` come from.

A sentence is laid beside the words it cites (see :mod:`ragstack.evaluation.citing`), and, where those do not carry it,
beside the whole of the documents it cites; where these do not either, it is unsupported, and the record says which
words of the answer that are, which of its numbers stand nowhere, and what the documents say that is nearest. A sentence
that was shown and flagged cites nothing, so it is unsupported by the answer's own check. A report that another source
says otherwise is no sentence of the answer's own: it quotes, and is not judged.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ragstack.answers import Answer, AnswerSentence
from ragstack.evaluation.citing import Cited, Citing, cite
from ragstack.evaluation.datasets import Query
from ragstack.evaluation.normalising import contains, exact_match, token_f1
from ragstack.evaluation.results import Record
from ragstack.evaluation.verdicts import Premise, Verdict, Verifier

__all__ = ["answerable", "record_of"]

_Whole = Callable[[str], Premise | None]
"""The whole of a cited document, by its name."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A sentence of the answer's own, and what decided about it: where it was flagged, the answer's own check."""

    cited: Cited
    verdict: Verdict | None

    @property
    def supported(self) -> bool:
        return self.verdict is not None and self.verdict.supported


def answerable(query: Query) -> bool | None:
    """What the data says; where it does not, a question with an answer or a document can be answered, else None."""
    return True if query.answerable is None and (query.answers or query.relevant) else query.answerable


def record_of(query: Query, answer: Answer, judge: Verifier, whole: _Whole) -> Record:
    """Judge an answer; ``whole`` gives the whole of a document that it cites.

    Raises:
        ModelError: the judge failed on it.
    """
    own = [sentence for sentence in answer.sentences if not sentence.disagrees]
    citing, judged = _judged(query, answer, own, judge, whole)
    told = iter(judged)
    how = answer.explanation
    return {
        "question": query.text,
        "answer": answer.text,
        "gold": list(query.answers),
        "answerable": answerable(query),
        "abstained": answer.abstained,
        "reason": answer.reason,
        "confidence": None if answer.confidence is None else round(answer.confidence, 4),
        "sentences": [
            _sentence(sentence, None if sentence.disagrees else next(told), span)
            for sentence, span in zip(answer.sentences, _spans(answer), strict=True)
        ],
        "citations": [
            {"n": c.n, "document": c.document, "start": c.start, "end": c.end, "quote": c.quote}
            for c in answer.citations
        ],
        "dropped": list(answer.dropped),
        "relevant": query.relevant,
        "figures": _figures(query, answer, citing, judged),
        "evidence": [{"document": item.hit.document, "text": item.text} for item in how.evidence] if how else [],
        "prompt": [{"role": each.role, "content": each.content} for each in how.prompt] if how else [],
        "seconds": {name: round(seconds, 4) for name, seconds in answer.timings.items()},
    }


def _spans(answer: Answer) -> Iterator[tuple[int, int]]:
    """Where each sentence stands in the answer's text, without its markers."""
    at = 0
    for sentence in answer.sentences:
        start = answer.text.index(sentence.text, at)
        yield start, start + len(sentence.text)
        at = start + len(sentence.marked)


def _sentence(sentence: AnswerSentence, judged: _Judged | None, span: tuple[int, int]) -> Record:
    """What is known of a sentence; all that the judge says is None for one that it was not asked about."""
    verdict = judged.verdict if judged else None
    return {
        "text": sentence.text,
        "start": span[0],
        "end": span[1],
        "support": round(sentence.support, 4),
        "citations": list(sentence.citations),
        "flagged": not sentence.supported,
        "disagrees": sentence.disagrees,
        "recalled": judged.cited.recalled if judged else None,
        "precise": list(judged.cited.precise) if judged else None,
        "supported": judged.supported if judged else None,
        "probability": round(verdict.probability, 4) if verdict else None,
        "missing_numbers": list(verdict.missing_numbers) if verdict else [],
        "nearest": list(verdict.nearest) if verdict else [],
    }


def _figures(query: Query, answer: Answer, citing: Citing, judged: Sequence[_Judged]) -> dict[str, Any]:
    """None where a figure has no meaning for this question; ``[part, whole]`` where it counts sentences."""
    can, refused, said = answerable(query), answer.abstained, answer.said
    told = can and bool(query.answers)
    documents = {citation.n: citation.document for citation in answer.citations}
    cited = {documents[number] for each in judged for number in each.cited.citations}
    return {
        "accuracy": float(not refused and contains(said, query.answers)) if told else None,
        "f1": (0.0 if refused else token_f1(said, query.answers)) if told else None,
        "exact_match": float(not refused and exact_match(said, query.answers)) if told else None,
        "citation_precision": None if refused else citing.precision,
        "citation_recall": None if refused else citing.recall,
        "citation_gold": float(bool(cited & query.relevant.keys())) if query.relevant and not refused else None,
        "unsupported_rate": None if refused else [sum(not each.supported for each in judged), len(judged)],
        "abstain_recall": float(refused) if can is False else None,
        "false_abstain": float(refused) if can else None,
        "prompt_tokens_mean": float(answer.usage.prompt_tokens),
    }


def _judged(
    query: Query, answer: Answer, own: Sequence[AnswerSentence], judge: Verifier, whole: _Whole
) -> tuple[Citing, list[_Judged]]:
    quoted = {citation.n: Premise(citation.quote, citation.title) for citation in answer.citations}
    documents = {citation.n: citation.document for citation in answer.citations}
    heard: dict[tuple[str, tuple[int, ...]], Verdict] = {}

    def supports(text: str, citations: Sequence[int]) -> bool:
        verdict = judge.check(query.text, text, [quoted[number] for number in citations])
        heard[text, tuple(citations)] = verdict
        return verdict.supported

    citing = cite([(sentence.text, sentence.citations) for sentence in own], supports)
    judged = []
    for sentence, cited in zip(own, citing.sentences, strict=True):
        verdict = heard.get((sentence.text, cited.citations)) or _flagged(sentence, answer)
        if not cited.recalled:
            read = [whole(uri) for uri in dict.fromkeys(documents[number] for number in cited.citations)]
            if premises := [premise for premise in read if premise]:
                verdict = judge.check(query.text, sentence.text, premises)
        judged.append(_Judged(cited, verdict))
    return citing, judged


def _flagged(sentence: AnswerSentence, answer: Answer) -> Verdict | None:
    """What the answer's own check found where it flagged a sentence, for that one cites nothing to lay it beside."""
    how = answer.explanation
    for check in how.checks if how else ():
        if check.text == sentence.text and check.outcome == "flagged":
            nearest = tuple(how.evidence[at].text for at in check.cited) if how else ()
            return Verdict(check.support, False, check.missing_numbers, nearest)
    return None
