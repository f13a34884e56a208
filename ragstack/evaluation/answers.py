"""How well questions are answered, cited and refused.

Every answer is made by ``stack.ask`` and then judged by a verifier on its own, sentence by sentence: see
:mod:`ragstack.evaluation.answer_records`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstack.evaluation.answer_figures import curves, statistics
from ragstack.evaluation.answer_records import answerable, record_of
from ragstack.evaluation.corpus import waiting
from ragstack.evaluation.datasets import Query, read_questions, sample
from ragstack.evaluation.estimating import Estimate, Expect, estimate_answers
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record, Result
from ragstack.evaluation.retrieval import collection_for, named, resolved
from ragstack.evaluation.runs import Progress, Run
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verdicts import Premise, Verifier
from ragstack.evaluation.verifiers import open_verifier
from ragstack.language import language_of

if TYPE_CHECKING:
    from ragstack.generators import GeneratorKind
    from ragstack.stack import RagStack

__all__ = ["evaluate_answers", "foresee_answers"]

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
    expect: Expect | None = None,
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
        expect: Called before the first question, with what the rest will take.

    Raises:
        UsageError: the data cannot be read, there is no such verifier, or no document to be found.
        UnknownCollection: there is no such collection.
        ModelMissing: a model is not on this machine.
        StoreBusy: another call is at the same run.
    """
    began, data, problems = time.perf_counter(), Path(data), Problems()
    judge = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    questions = read_questions(data, problems)
    name = collection_for(stack, data, questions, collection, problems, progress)
    asked = sample(resolved(stack, questions, name, problems), limit, seed, answerable)
    settings = _settings(stack, name, generator, judge.name, limit)
    run = Run("answers", data, seed, settings, questions.sha256, problems, stack.config.home,
              Path(out) if out else None, began, progress)  # fmt: skip
    stack.encoder.encode_queries(["?"])  # loads the encoder, unmeasured
    with run.alone():
        if expect is not None and (left := len(run.waiting(asked))):
            expect(_estimate(stack, left, len(asked) - left, generator, judge))
        records = run.over(asked, _worker(stack, name, generator, judge))
        measured = [record for record in records if "error" not in record]
        _count_unknown(measured, problems)
        return run.finish(
            records,
            statistics(measured),
            judge=judge.name,
            agreement=agreement(judge.name, {language_of(query.text) for query in asked}),
            curves=curves(measured),
            notes=_NOTES,
        )


def foresee_answers(
    stack: "RagStack",
    data: str | Path,
    *,
    collection: str | None = None,
    generator: "GeneratorKind | None" = None,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
) -> Estimate:
    """What :func:`evaluate_answers`, called alike, has still to do; no run is stored, no endpoint asked.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        UnknownCollection: there is no such collection.
        ModelMissing: a model is not on this machine.
    """
    data, problems = Path(data), Problems()
    judge = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    questions = read_questions(data, problems)
    name = named(stack, data, questions, collection)
    asked = sample(questions.queries, limit, seed, answerable)
    settings = _settings(stack, name, generator, judge.name, limit)
    run = Run("answers", data, seed, settings, questions.sha256, problems, stack.config.home,
              Path(out) if out else None, time.perf_counter())  # fmt: skip
    left = len(run.waiting(asked))
    passages = len(waiting(stack, name, questions.corpus)) if questions.corpus else 0
    return replace(_estimate(stack, left, len(asked) - left, generator, judge), passages=passages)


def _count_unknown(records: Sequence[Record], problems: Problems) -> None:
    """Count the questions that some figures are silent about."""
    for record in records:
        if record["answerable"] and not record["gold"]:
            problems.add("answerable questions without gold answers", f"question {record['id']}: no accuracy, no f1")
        if record["answerable"] is None:
            problems.add(
                "questions that may be answerable or not", f"question {record['id']}: in no figure of refusing"
            )


def _estimate(
    stack: "RagStack", questions: int, done: int, generator: "GeneratorKind | None", judge: Verifier
) -> Estimate:
    asks = (generator or stack.config.generator.kind) == "openai"
    return estimate_answers(stack, questions, done, stack.generator(generator), judge, asks=asks)


def _worker(
    stack: "RagStack", collection: str, generator: "GeneratorKind | None", judge: Verifier
) -> Callable[[Query], Record]:
    """Asks and judges one question."""
    there = stack.collection(collection)
    ids = {info.uri: info.document_id for info in there.documents()}

    def whole(uri: str) -> Premise | None:
        document = there.document(ids[uri]) if uri in ids else None  # it came while questions were asked
        return Premise(document.text, document.title) if document else None

    def work(query: Query) -> Record:
        answer = stack.ask(query.text, collection=collection, generator=generator, explain=True)
        return record_of(query, answer, judge, whole)

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
