"""The flow of a question, told in one place.

question → alone, if it leant on the conversation → search → evidence → gate: is there enough? → the generator reads
the evidence → each sentence is aligned with the words it rests on and tested → what is not supported is dropped, what
another source denies is followed by that source's words → :class:`ragstack.answers.Answer`.

The decoder needs the cores for itself, so nothing else runs while it does: encoding comes before and after.
"""

from collections.abc import Iterator, Sequence

from indexes.engine import VectorCollection
from indexes.filters import Filter
from ingest.encoders import Encoder
from ingest.text.sentences import split_sentences
from ragstack.answers import Answer, Event, unmarked
from ragstack.assembly import Assembly
from ragstack.checking.abstention import answerable
from ragstack.checking.calibration import Calibration
from ragstack.checking.citations import Alignment, align
from ragstack.checking.disagreement import disagreeing
from ragstack.checking.verification import Support, quoted, support
from ragstack.config import AnswerSettings
from ragstack.conversation import Turn, recent, standalone
from ragstack.evidence import Evidence, EvidencePicker
from ragstack.explanation import Check, Outcome
from ragstack.generators.base import Generator, Judge
from ragstack.language import Language
from ragstack.prompts import TEMPLATES, answer_prompt
from ragstack.retrieval import Retriever, check_question

__all__ = ["Answerer"]


class Answerer:
    """Answers questions over one collection with one generator."""

    def __init__(
        self,
        collection: VectorCollection,
        retriever: Retriever,
        picker: EvidencePicker,
        encoder: Encoder,
        generator: Generator,
        calibration: Calibration,
        settings: AnswerSettings,
        max_tokens: int,
    ) -> None:
        self._collection = collection
        self._retriever = retriever
        self._picker = picker
        self._encoder = encoder
        self._generator = generator
        self._judge = generator if isinstance(generator, Judge) else None
        self._calibration = calibration
        self._settings = settings
        self._max_tokens = max_tokens

    def stream(
        self,
        question: str,
        where: Filter | None = None,
        *,
        history: Sequence[Answer | Turn] = (),
        explain: bool = False,
    ) -> Iterator[Event]:
        """The answer, or a refusal that says why, step by step; the last event is ``done`` and holds it.

        Raises:
            UsageError: the question is empty or too long.
            ModelError: the generator failed.
        """
        run = Assembly(check_question(question), self._collection, self._generator.name, explain=explain)
        if history:
            yield from self._understand(run, history)
        with run.timed("retrieve"):
            trace = self._retriever.explain(run.question, where=where)
            run.hits = trace.hits
            run.note(retrieval=trace)
        yield Event("retrieval", tuple(run.hits))
        with run.timed("evidence"):
            evidence = self._picker.pick(run.question, run.hits)
            run.note(evidence=tuple(evidence))
        if not evidence:
            yield run.refuse("nothing_found")
            return
        if not self._enough(run, evidence):
            yield run.refuse("not_in_evidence")
            return
        yield from self._write(run, evidence)
        yield from self._verify(run, evidence)

    def _understand(self, run: Assembly, history: Sequence[Answer | Turn]) -> Iterator[Event]:
        with run.timed("rewrite"):
            turns = recent(history, self._settings.history_tokens, self._encoder.count_tokens)
            alone = standalone(run.question, turns, self._generator)
        if alone:
            run.question = alone
            yield Event("standalone", alone)

    def _enough(self, run: Assembly, evidence: Sequence[Evidence]) -> bool:
        with run.timed("gate"):
            run.confidence, model, features = answerable(run.question, evidence, self._judge, self._calibration)
        run.note(features=features, threshold=model.threshold)
        return run.confidence >= model.threshold

    def _write(self, run: Assembly, evidence: Sequence[Evidence]) -> Iterator[Event]:
        prompt = answer_prompt(run.question, evidence, run.language)
        run.note(prompt=prompt.messages)
        with run.timed("generate"):
            for delta in self._generator.stream(prompt, max_tokens=self._max_tokens):
                run.draft += delta.text
                if delta.usage:
                    run.usage = delta.usage
                if delta.text:
                    yield Event("token", delta.text)

    def _verify(self, run: Assembly, evidence: Sequence[Evidence]) -> Iterator[Event]:
        draft = unmarked(run.draft)
        sentences = [draft[start:end] for start, end in split_sentences(draft)]
        asked = {run.question[start:end].strip() for start, end in split_sentences(run.question)}
        declined = [each for each in sentences if each in asked or _declines(each, evidence, run.language)]
        written = [sentence for sentence in sentences if sentence not in declined]
        for sentence in declined:
            run.explain(Check(sentence, "declined"))
        if not written:
            yield run.refuse("decoder_declined")
            return
        with run.timed("verify"):
            for sentence, alignment in zip(written, align(run.question, written, evidence, self._encoder), strict=True):
                yield from self._check(run, sentence, alignment, evidence)
        yield run.finish() if run.sentences else run.refuse("nothing_supported")

    def _check(
        self, run: Assembly, sentence: str, alignment: Alignment, evidence: Sequence[Evidence]
    ) -> Iterator[Event]:
        found = support(run.question, sentence, alignment, evidence, self._judge, self._calibration)
        flag = self._settings.unsupported == "flag"
        run.explain(_check(sentence, found, alignment, flag=flag))
        if not found.supported:
            yield from run.drop(sentence, found.probability, flag=flag)
            return
        cited = [evidence[at] for at in alignment.positions]
        yield from run.show(sentence, found.probability, cited)
        if other := disagreeing(run.question, sentence, cited[0], run.hits):
            yield from run.object(cited[0], other)


def _declines(sentence: str, evidence: Sequence[Evidence], language: Language) -> bool:
    """Whether a sentence says that the passages do not say, and not something of what the evidence calls so."""
    templates = TEMPLATES[language]
    read = " ".join(f"{item.heading} {item.plain}" for item in evidence).casefold()
    of_evidence = any(each in read for each in templates.calls_them.findall(sentence.casefold()))
    return bool(templates.declines.search(sentence)) and not of_evidence and not quoted(sentence, evidence)


def _check(sentence: str, found: Support, alignment: Alignment, *, flag: bool) -> Check:
    """What decided about a sentence, for those who want to know."""
    outcome: Outcome = "shown" if found.supported else "flagged" if flag else "dropped"
    return Check(
        sentence,
        outcome,
        found.probability,
        found.threshold,
        alignment.positions,
        found.features,
        alignment.missing_numbers,
        found.altered,
    )
