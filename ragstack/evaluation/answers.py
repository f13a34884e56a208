"""How well questions are answered, cited and refused.

Every answer is made by ``stack.ask`` and then judged by a verifier on its own: each sentence against the words it
cites (citation recall and precision, see :mod:`ragstack.evaluation.citing`), and, where those do not carry it,
against the whole of the documents it cites (unsupported).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstack.answers import Answer
from ragstack.evaluation.answer_figures import curves, statistics
from ragstack.evaluation.citing import Citing, cite
from ragstack.evaluation.datasets import Query, read_questions, sample
from ragstack.evaluation.estimating import Estimate, Expect, estimate_answers
from ragstack.evaluation.normalising import contains, exact_match, token_f1
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record, Result
from ragstack.evaluation.retrieval import collection_for, resolved
from ragstack.evaluation.runs import Progress, Run
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verdicts import Premise, Verifier
from ragstack.evaluation.verifiers import open_verifier
from ragstack.language import language_of

if TYPE_CHECKING:
    from ragstack.generators import GeneratorKind
    from ragstack.stack import RagStack

__all__ = ["evaluate_answers", "foresee_answers"]

_Whole = Callable[[str], Premise | None]
"""The whole of a cited document, by its name."""

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
    if expect is not None and (waiting := run.waiting(asked)):
        expect(_estimate(stack, len(waiting), len(asked) - len(waiting), generator, judge))
    records = run.over(asked, _worker(stack, name, generator, judge))
    measured = [record for record in records if "error" not in record]
    for record in measured:
        if record["answerable"] and not record["gold"]:
            problems.add("answerable questions without gold answers", f"question {record['id']}: no accuracy, no f1")
        if record["answerable"] is None:
            problems.add(
                "questions that may be answerable or not", f"question {record['id']}: in no figure of refusing"
            )
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
    generator: "GeneratorKind | None" = None,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
) -> Estimate:
    """What :func:`evaluate_answers` of the same data takes from its start; no run is stored, no endpoint asked.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        ModelMissing: a model is not on this machine.
    """
    judge = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    asked = sample(read_questions(Path(data), Problems()).queries, limit, seed, _answerable)
    return _estimate(stack, len(asked), 0, generator, judge)


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
        return _record(query, answer, judge, whole) | _read(answer)

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


def _answerable(query: Query) -> bool | None:
    """What the data says; where it does not, a question with an answer or a document can be answered, else None."""
    return True if query.answerable is None and (query.answers or query.relevant) else query.answerable


def _record(query: Query, answer: Answer, judge: Verifier, whole: _Whole) -> Record:
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
        "figures": _figures(query, answer, citing, len(unsupported)),
        "seconds": {name: round(seconds, 4) for name, seconds in answer.timings.items()},
    }


def _read(answer: Answer) -> Record:
    """What the generator read: evidence, and the prompt, which is empty where nothing was to be written."""
    how = answer.explanation
    return {
        "evidence": [{"document": item.hit.document, "text": item.text} for item in how.evidence] if how else [],
        "prompt": [{"role": each.role, "content": each.content} for each in how.prompt] if how else [],
    }


def _figures(query: Query, answer: Answer, citing: Citing, unsupported: int) -> dict[str, Any]:
    """None where a figure has no meaning for this question; ``[part, whole]`` where it counts sentences."""
    answerable, refused, said = _answerable(query), answer.abstained, answer.said
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
        "abstain_recall": float(refused) if answerable is False else None,
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
