"""What is known of one question so far, step by step; becomes an :class:`ragstack.answers.Answer`."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from indexes.engine import VectorCollection
from indexes.places import boxes, describe, place_of
from indexes.records import Hit
from ragstack.answers import Answer, AnswerSentence, Citation, Event, Passage, TokenUsage, ocr_of, unmarked
from ragstack.evidence import Evidence
from ragstack.explanation import Check, Explanation
from ragstack.generators.base import Usage
from ragstack.language import PHRASES, Language, language_of

__all__ = ["Assembly"]

NEAREST_SHOWN = 3
"""Passages that a refusal shows."""
STEPS = ("rewrite", "retrieve", "evidence", "gate", "generate", "verify")


class Assembly:
    """One answer in the making. ``question`` is what is being answered, ``asked`` what was asked."""

    def __init__(self, asked: str, collection: VectorCollection, generator: str, *, explain: bool) -> None:
        self.asked = self.question = asked
        self.language: Language = language_of(asked)
        self.hits: list[Hit] = []
        self.confidence: float | None = None
        self.draft = ""
        self.usage = Usage(0, 0)
        self.dropped: list[str] = []
        self.sentences: list[AnswerSentence] = []
        self.citations: dict[tuple[str, int, int], Citation] = {}
        self.timings: dict[str, float] = dict.fromkeys(STEPS, 0.0)
        self.explanation: Explanation | None = Explanation() if explain else None
        self._collection = collection
        self._generator = generator
        self._flagged: list[AnswerSentence] = []
        self._objecting: set[tuple[str, int]] = set()
        self._started = time.perf_counter()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the seconds of the block to ``step``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[step] += time.perf_counter() - started

    def note(self, **known: Any) -> None:
        """Keep fields of the explanation, where one was asked for."""
        if self.explanation is not None:
            self.explanation = replace(self.explanation, **known)

    def explain(self, check: Check) -> None:
        """Keep what became of one more sentence, likewise."""
        if self.explanation is not None:
            self.note(checks=(*self.explanation.checks, check))

    def show(
        self, sentence: str, support: float, cited: Sequence[Evidence], *, disagrees: bool = False
    ) -> Iterator[Event]:
        """Keep a verified sentence; citations are numbered in the order of their first use."""
        for flagged in self._flagged:
            self.sentences.append(flagged)
            yield Event("sentence", flagged)
        self._flagged.clear()
        used = []
        for item in cited:
            key = (item.hit.document, item.start, item.end)
            if key not in self.citations:
                self.citations[key] = _citation(len(self.citations) + 1, item, self._collection)
                yield Event("citation", self.citations[key])
            used.append(self.citations[key].n)
        self.sentences.append(AnswerSentence(sentence, support, tuple(sorted(used)), disagrees=disagrees))
        yield Event("sentence", self.sentences[-1])

    def drop(self, sentence: str, support: float, *, flag: bool) -> Iterator[Event]:
        """Leave a sentence out, or show it flagged, but only beside one that is supported: alone it is no answer."""
        self.dropped.append(sentence)
        if flag:
            self._flagged.append(AnswerSentence(sentence, support, (), supported=False))
            if self.sentences:
                self.sentences.append(self._flagged.pop())
                yield Event("sentence", self.sentences[-1])

    def object(self, cited: Evidence, other: Evidence) -> Iterator[Event]:
        """Say that another source says otherwise than the cited one, in its own words; once of any two."""
        places = {(item.hit.document, item.start) for item in (cited, other)}
        if not places & self._objecting:
            self._objecting |= places
            quote = " ".join(unmarked(other.plain).split())
            text = PHRASES[self.language].otherwise.format(quote=quote)
            yield from self.show(text, 1.0, [other], disagrees=True)

    def finish(self) -> Event:
        """The answer, with its markers."""
        text = PHRASES[self.language].separator.join(sentence.marked for sentence in self.sentences)
        return self._done(text, abstained=False, reason="")

    def refuse(self, reason: str) -> Event:
        """The refusal; ``reason`` names one of :class:`ragstack.language.Phrases`."""
        phrases = PHRASES[self.language]
        why: str = getattr(phrases, reason).format(collection=self._collection.name, passages=len(self.hits))
        return self._done(phrases.refusal, abstained=True, reason=why)

    def _done(self, text: str, *, abstained: bool, reason: str) -> Event:
        nearest = tuple(
            Passage(hit.document, hit.title, hit.page, hit.start, hit.end, hit.text, place_of(hit))
            for hit in self.hits[:NEAREST_SHOWN]
        )
        self.note(draft=self.draft)
        answer = Answer(
            question=self.asked,
            text=text,
            abstained=abstained,
            reason=reason,
            sentences=() if abstained else tuple(self.sentences),
            citations=() if abstained else tuple(self.citations.values()),
            generator=self._generator,
            confidence=self.confidence,
            dropped=tuple(self.dropped),
            nearest=nearest if abstained else (),
            usage=TokenUsage(self.usage.prompt_tokens, self.usage.completion_tokens),
            timings={**self.timings, "total": time.perf_counter() - self._started},
            standalone=None if self.question == self.asked else self.question,
            explanation=self.explanation,
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
