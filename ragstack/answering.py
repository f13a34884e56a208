"""The flow of a question, told in one place.

question → search → evidence → gate: is there enough? → the generator reads the evidence → each sentence is aligned
with the words it rests on and tested → what is not supported is dropped → :class:`ragstack.answers.Answer`.

The decoder needs the cores for itself, so nothing else runs while it does: encoding comes before and after.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from indexes.engine import VectorCollection
from indexes.filters import Filter
from indexes.places import boxes, describe, place_of
from indexes.records import Hit
from ingest.encoders import Encoder
from ingest.text.sentences import split_sentences
from ragstack.abstention import answerable
from ragstack.answers import Answer, AnswerSentence, Citation, Event, Passage, TokenUsage, ocr_of
from ragstack.calibration import Calibration
from ragstack.citations import align
from ragstack.evidence import Evidence, EvidencePicker
from ragstack.generators.base import Generator, Judge, Usage
from ragstack.language import PHRASES, Language, language_of
from ragstack.prompts import TEMPLATES, answer_prompt
from ragstack.retrieval import Retriever, check_question
from ragstack.verification import support

__all__ = ["Answerer"]

NEAREST_SHOWN = 3
"""Passages that a refusal shows."""


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
        max_tokens: int,
    ) -> None:
        self._collection = collection
        self._retriever = retriever
        self._picker = picker
        self._encoder = encoder
        self._generator = generator
        self._judge = generator if isinstance(generator, Judge) else None
        self._calibration = calibration
        self._max_tokens = max_tokens

    def ask(self, question: str, where: Filter | None = None) -> Answer:
        """The answer, or a refusal that says why.

        Raises:
            UsageError: the question is empty or too long.
            ModelError: the generator failed.
        """
        answer: Answer | None = None
        for event in self.stream(question, where):
            answer = event.value if event.kind == "done" else answer
        if answer is None:
            raise RuntimeError("the stream of an answer ended without its answer")
        return answer

    def stream(self, question: str, where: Filter | None = None) -> Iterator[Event]:
        """The same as :meth:`ask`, step by step; the last event is ``done``."""
        question = check_question(question)
        run = _Run(question, self._collection.name, self._generator.name)
        with run.timed("retrieve"):
            run.hits = self._retriever.search(question, where=where)
        yield Event("retrieval", tuple(run.hits))
        with run.timed("evidence"):
            evidence = self._picker.pick(question, run.hits)
        if not evidence:
            yield run.refuse("nothing_found")
            return
        with run.timed("gate"):
            run.confidence, enough = answerable(question, evidence, self._encoder, self._judge, self._calibration)
        if not enough:
            yield run.refuse("not_in_evidence")
            return
        yield from self._write(run, evidence)
        yield from self._verify(run, evidence)

    def _write(self, run: "_Run", evidence: Sequence[Evidence]) -> Iterator[Event]:
        prompt = answer_prompt(run.question, evidence, run.language)
        with run.timed("generate"):
            for delta in self._generator.stream(prompt, max_tokens=self._max_tokens):
                run.draft += delta.text
                if delta.usage:
                    run.usage = delta.usage
                if delta.text:
                    yield Event("token", delta.text)

    def _verify(self, run: "_Run", evidence: Sequence[Evidence]) -> Iterator[Event]:
        declines = TEMPLATES[run.language].declines
        sentences = (run.draft[start:end] for start, end in split_sentences(run.draft))
        written = [sentence for sentence in sentences if not declines.search(sentence)]
        if not written:
            yield run.refuse("decoder_declined")
            return
        with run.timed("verify"):
            alignments = align(run.question, written, evidence, self._encoder)
            for sentence, alignment in zip(written, alignments, strict=True):
                probability, supported = support(
                    run.question, sentence, alignment, evidence, self._judge, self._calibration
                )
                if not supported:
                    run.dropped.append(sentence)
                    continue
                cited = [evidence[at] for at in alignment.positions]
                yield from run.cite(sentence, probability, cited, self._collection)
        yield run.finish() if run.sentences else run.refuse("nothing_supported")


class _Run:
    """What is known of one question so far; becomes an :class:`Answer`."""

    def __init__(self, question: str, collection: str, generator: str) -> None:
        self.question = question
        self.language: Language = language_of(question)
        self.collection = collection
        self.generator = generator
        self.hits: list[Hit] = []
        self.confidence: float | None = None
        self.draft = ""
        self.usage = Usage(0, 0)
        self.dropped: list[str] = []
        self.sentences: list[AnswerSentence] = []
        self.citations: dict[tuple[str, int, int], Citation] = {}
        self.timings: dict[str, float] = dict.fromkeys(("retrieve", "evidence", "gate", "generate", "verify"), 0.0)
        self._started = time.perf_counter()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the seconds of the block to ``step``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[step] += time.perf_counter() - started

    def cite(
        self, sentence: str, probability: float, cited: Sequence[Evidence], collection: VectorCollection
    ) -> Iterator[Event]:
        """Keep a verified sentence; citations are numbered in the order of their first use."""
        used = []
        for item in cited:
            key = (item.hit.document, item.start, item.end)
            if key not in self.citations:
                self.citations[key] = _citation(len(self.citations) + 1, item, collection)
                yield Event("citation", self.citations[key])
            used.append(self.citations[key].n)
        self.sentences.append(AnswerSentence(sentence, probability, tuple(sorted(used))))
        yield Event("sentence", self.sentences[-1])

    def finish(self) -> Event:
        """The answer, with its markers."""
        text = PHRASES[self.language].separator.join(sentence.marked for sentence in self.sentences)
        return self._done(text, abstained=False, reason="")

    def refuse(self, reason: str) -> Event:
        """The refusal; ``reason`` names one of :class:`ragstack.language.Phrases`."""
        phrases = PHRASES[self.language]
        why: str = getattr(phrases, reason).format(collection=self.collection, passages=len(self.hits))
        return self._done(phrases.refusal, abstained=True, reason=why)

    def _done(self, text: str, *, abstained: bool, reason: str) -> Event:
        nearest = tuple(
            Passage(hit.document, hit.title, hit.page, hit.start, hit.end, hit.text, place_of(hit))
            for hit in self.hits[:NEAREST_SHOWN]
        )
        answer = Answer(
            question=self.question,
            text=text,
            abstained=abstained,
            reason=reason,
            sentences=() if abstained else tuple(self.sentences),
            citations=() if abstained else tuple(self.citations.values()),
            generator=self.generator,
            confidence=self.confidence,
            dropped=tuple(self.dropped),
            nearest=nearest if abstained else (),
            usage=TokenUsage(self.usage.prompt_tokens, self.usage.completion_tokens),
            timings={**self.timings, "total": time.perf_counter() - self._started},
        )
        return Event("done", answer)


def _citation(number: int, item: Evidence, collection: VectorCollection) -> Citation:
    """Where the words of an evidence sentence stand; if its document was deleted meanwhile, where its chunk stood."""
    hit = item.hit
    document = collection.document(hit.document_id)
    spans = document.spans(item.start, item.end) if document else ()
    return Citation(
        n=number,
        document=hit.document,
        title=hit.title,
        page=document.page_at(item.start) if document else hit.page,
        start=item.start,
        end=item.end,
        quote=item.text,
        place=describe(spans) or place_of(hit),
        boxes=boxes(spans),
        ocr=ocr_of(hit.metadata),
        also=collection.sources(document.key) if document else (),
    )
