"""How well questions are answered, cited and refused.

Every answer is made by ``stack.ask`` and then judged by a verifier on its own: each sentence against the words it
cites (citation recall and precision, see :mod:`ragstack.evaluation.citing`), and, where those do not carry it,
against the whole of the documents it cites (unsupported).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragstack.answers import Answer
from ragstack.evaluation import measures
from ragstack.evaluation.citing import Citing, cite
from ragstack.evaluation.datasets import Query, read_questions, sample
from ragstack.evaluation.normalising import contains, exact_match, token_f1
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.retrieval import collection_for, resolved
from ragstack.evaluation.runs import Progress, Record, Result, Run, figures
from ragstack.evaluation.statistics import Statistic, quantile
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verifiers import Premise, Verifier, open_verifier
from ragstack.language import language_of

if TYPE_CHECKING:
    from ragstack.generators import GeneratorKind
    from ragstack.stack import RagStack

__all__ = ["evaluate_answers"]

_Whole = Callable[[str], Premise | None]
"""The whole of a cited document, by its name."""

_NAMES = ("accuracy", "f1", "exact_match", "citation_precision", "citation_recall", "citation_gold",
          "unsupported_rate", "abstain_recall", "false_abstain", "prompt_tokens_mean")  # fmt: skip
_NOTES = (
    "accuracy, f1, exact_match and false_abstain: over answerable questions, a refusal counting 0 in the first three.",
    "citation_* and unsupported_rate are over questions that were answered, as the judge sees them.",
    "Unanswerable means what the data set says: often only that one passage does not hold the answer.",
)


def evaluate_answers(
    stack: "RagStack",
    data: str | Path,
    *,
    collection: str | None = None,
    generator: "GeneratorKind | None" = None,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
    expect: Callable[[int, float], None] | None = None,
) -> Result:
    """Measure ``stack.ask``; the names of the figures stand in ``docs/evaluation.md``.

    Args:
        stack: What is measured.
        data: A folder in the common layout, or a file of questions over ``collection``.
        collection: One's own, for a file of questions; None means the config's default.
        generator: Who writes; None means the config's.
        verifier: Who judges, or its name.
        limit: Measure a sample of so many questions, answerable and not in their proportions.
        seed: Of the sample and of the intervals.
        out: Where the run is stored; None means in the stack's home.
        progress: Called as work goes on.
        expect: Called when the first question is done, with the questions in all and the seconds they may take.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        UnknownCollection: there is no such collection.
        ModelMissing: a model is not on this machine.
    """
    began, data, problems = time.perf_counter(), Path(data), Problems()
    judge = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    questions = read_questions(data, problems)
    name = collection_for(stack, data, questions, collection, problems, progress)
    asked = sample(resolved(stack, questions, name, problems), limit, seed, _answerable)
    settings = _settings(stack, name, generator, judge.name, limit)
    run = Run("answers", data, seed, settings, questions.sha256, problems, stack.config.home,
              Path(out) if out else None, began, progress)  # fmt: skip
    stack.encoder.encode_queries(["?"])  # loads the encoder, unmeasured
    records = run.over(asked, _worker(stack, name, generator, judge, run.waiting(asked), expect))
    measured = [record for record in records if "error" not in record]
    for record in measured:
        if record["answerable"] and not record["gold"]:
            problems.add("answerable questions without gold answers", f"question {record['id']}: no accuracy, no f1")
    return run.finish(
        records,
        _statistics(measured),
        judge=judge.name,
        agreement=agreement(judge.name, {language_of(query.text) for query in asked}),
        curves=_curves(measured),
        notes=_NOTES,
    )


def _worker(
    stack: "RagStack",
    collection: str,
    generator: "GeneratorKind | None",
    judge: Verifier,
    waiting: Sequence[Query],
    expect: Callable[[int, float], None] | None,
) -> Callable[[Query], Record]:
    """Asks and judges one question; the first one done says how long all of them may take."""
    there = stack.collection(collection)
    ids = {info.uri: info.document_id for info in there.documents()}

    def whole(uri: str) -> Premise | None:
        document = there.document(ids[uri])
        return Premise(document.text, document.title) if document else None

    def work(query: Query) -> Record:
        began = time.perf_counter()
        answer = stack.ask(query.text, collection=collection, generator=generator)
        record = _record(query, answer, judge, whole)
        if expect is not None and query is waiting[0]:
            expect(len(waiting), len(waiting) * (time.perf_counter() - began))
        return record

    return work


def _settings(
    stack: "RagStack", collection: str, generator: "GeneratorKind | None", judge: str, limit: int | None
) -> dict[str, Any]:
    config = stack.config
    return {
        "encoder": stack.encoder.fingerprint.name,
        "encoder_revision": stack.encoder.fingerprint.revision,
        "generator": stack.generator(generator).name,
        "max_tokens": config.generator.max_tokens,
        "verifier": judge,
        "collection": collection,
        "retrieval": config.retrieval.model_dump(),
        "evidence": config.evidence.model_dump(),
        "ingest": config.ingest.model_dump(),
        "limit": limit,
    }


def _answerable(query: Query) -> bool:
    """What the data says; where it says nothing, a question with an answer or a document can be answered."""
    return bool(query.answers or query.relevant) if query.answerable is None else query.answerable


def _record(query: Query, answer: Answer, judge: Verifier, whole: _Whole) -> Record:
    said = " ".join(sentence.text for sentence in answer.sentences)
    citing = _citing(query, answer, judge)
    unsupported = _unsupported(query, answer, citing, judge, whole)
    return {
        "question": query.text,
        "answer": answer.text,
        "gold": list(query.answers),
        "answerable": _answerable(query),
        "abstained": answer.abstained,
        "reason": answer.reason,
        "confidence": None if answer.confidence is None else round(answer.confidence, 4),
        "sentences": [
            {
                "text": sentence.text,
                "support": round(sentence.support, 4),
                "citations": list(sentence.citations),
                "recalled": cited.recalled,
                "precise": list(cited.precise),
                "supported": number not in unsupported,
            }
            for number, (sentence, cited) in enumerate(zip(answer.sentences, citing.sentences, strict=True))
        ],
        "citations": [
            {"n": c.n, "document": c.document, "start": c.start, "end": c.end, "quote": c.quote}
            for c in answer.citations
        ],
        "dropped": list(answer.dropped),
        "relevant": query.relevant,
        "figures": _figures(query, answer, said, citing, len(unsupported)),
        "seconds": {name: round(seconds, 4) for name, seconds in answer.timings.items()},
    }


def _figures(query: Query, answer: Answer, said: str, citing: Citing, unsupported: int) -> dict[str, Any]:
    """None where a figure has no meaning for this question; ``[part, whole]`` where it counts sentences."""
    answerable, refused = _answerable(query), answer.abstained
    told = answerable and bool(query.answers)
    cited = {citation.document for citation in answer.citations}
    return {
        "accuracy": float(not refused and contains(said, query.answers)) if told else None,
        "f1": (0.0 if refused else token_f1(said, query.answers)) if told else None,
        "exact_match": float(not refused and exact_match(said, query.answers)) if told else None,
        "citation_precision": None if refused else citing.precision,
        "citation_recall": None if refused else citing.recall,
        "citation_gold": float(bool(cited & query.relevant.keys())) if query.relevant and not refused else None,
        "unsupported_rate": None if refused else [unsupported, len(answer.sentences)],
        "abstain_recall": None if answerable else float(refused),
        "false_abstain": float(refused) if answerable else None,
        "prompt_tokens_mean": float(answer.usage.prompt_tokens),
    }


def _citing(query: Query, answer: Answer, judge: Verifier) -> Citing:
    quoted = {citation.n: Premise(citation.quote, citation.title) for citation in answer.citations}

    def supports(sentence: str, citations: Sequence[int]) -> bool:
        return judge.check(query.text, sentence, [quoted[number] for number in citations]).supported

    return cite([(sentence.text, sentence.citations) for sentence in answer.sentences], supports)


def _unsupported(query: Query, answer: Answer, citing: Citing, judge: Verifier, whole: _Whole) -> frozenset[int]:
    """The numbers of the sentences that neither their quotes nor the whole of the documents they cite support."""
    failed = set()
    documents = {citation.n: citation.document for citation in answer.citations}
    for number, (sentence, cited) in enumerate(zip(answer.sentences, citing.sentences, strict=True)):
        if cited.recalled:
            continue
        read = [whole(uri) for uri in dict.fromkeys(documents[n] for n in cited.citations)]
        premises = [premise for premise in read if premise]
        if not premises or not judge.check(query.text, sentence.text, premises).supported:
            failed.add(number)
    return frozenset(failed)


def _statistics(records: Sequence[Record]) -> dict[str, Statistic]:
    found = figures(records)
    seconds = np.array([record["seconds"]["total"] for record in records])
    label = np.array([float(record["answerable"]) for record in records])
    sure = np.array([np.nan if record["confidence"] is None else record["confidence"] for record in records])

    def of_sure(figure: Any) -> Statistic:
        def statistic(at: np.ndarray) -> float:
            there = at[~np.isnan(sure[at])]
            return float(figure(label[there], sure[there])) if len(there) else float("nan")

        return statistic

    return {
        **{name: found.get(name, lambda _: float("nan")) for name in _NAMES},
        "seconds_p50": quantile(seconds, 0.5),
        "abstain_auroc": of_sure(measures.auroc),
        "calibration_error": of_sure(measures.calibration_error),
    }


def _curves(records: Sequence[Record]) -> dict[str, list[list[float]]]:
    """Risk-coverage: of all questions, the surest so many answered, and how many of those answers are wrong.

    It ends where refusing begins. Right is an answer that holds a gold one.
    """
    answered = [record for record in records if not record["abstained"]]
    if not answered or not any(record["gold"] for record in records):
        return {}
    right = np.array([float(record["figures"]["accuracy"] or 0.0) for record in answered])
    sure = np.array([record["confidence"] or 0.0 for record in answered])
    share = len(answered) / len(records)
    curve = measures.risk_coverage(right, sure)
    return {"risk_coverage": [[round(coverage * share, 6), round(risk, 6)] for coverage, risk in curve]}
