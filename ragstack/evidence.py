"""Retrieved chunks → the few sentences that the generator reads, with their exact offsets.

Reading is the slow part on a CPU, so chunks are taken apart: the sentences of the best chunks are scored, and the
best few go into the prompt, in the order of their documents. A sentence's score adds four things, each in [0, 1]:
the share of the question's information that it holds, the share that its chunk holds, the place of its chunk in the
ranking, and, for the most promising sentences only since it costs an encoding, the cosine of its vector with the
question's. A sentence beside one that was picked is preferred a little, since sentences lean on their neighbours.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexes.records import Hit
from indexes.search.analysis import terms
from ingest.encoders import Encoder
from ingest.text.outline import parents, plain_markup
from ingest.text.sentences import split_sentences
from ragstack.config import EvidenceSettings

__all__ = ["Evidence", "EvidencePicker", "coverage", "information", "talk_start"]

CHUNKS_READ = 8
"""Chunks taken apart; on development data the answer was in the first eight for 99 questions of 100."""
SENTENCES_ENCODED = 16
"""Sentences whose cosine is worth computing: with twelve or all of them, evidence holds the answer equally often."""
WORDS, CHUNK, RANK, MEANING, BESIDE = 1.0, 0.5, 0.3, 0.5, 0.25
"""The weights of a score, chosen on one half of a development set and reported on the other in
``docs/decisions/0007-evidence-not-chunks.md``."""
SAME = 1e-5
"""Cosines no farther apart than this are the same: it is more than the error of a product in single precision, which
hangs on the processor and on where a row stands."""
SPACE = 4
"""Characters that may lie between neighbours: a space, the end of a paragraph, the mark of a list."""
WORTH_READING = 0.8
"""Sentences below this share of the best one's score are left out even where there is room, but for what goes on from
the best: a question that stands in a document is answered there, and ``The steps are:`` is followed by them. What is
left out holds the answer to two questions of a hundred, and took a third of the reading (record 7)."""
READ_ANYWAY, WORTH_READING_ANYWAY = 60, 0.5
"""Until so many tokens are read, a sentence of this share is read as well: where sentences are short, as in notes and
tables, several cost no more than one does elsewhere, and belong together more often."""

_OVERRIDES = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:(?:all|any|every|the|your|of)\s+)*(?:previous|prior|above|earlier|preceding)\b"
    r".{0,30}\b(?:instructions?|prompts?|rules?|passages?|text)\b"
    r"|(?:忽略|无视|忘记|忘掉)你?(?:以上|之前|上面|前面|先前|上述)的?(?:所有|全部|一切)?.{0,4}(?:指令|指示|提示|规则|要求|内容)",
    re.IGNORECASE | re.DOTALL,
)
"""Orders to whoever answers to leave what it was told: never evidence, unless the question is about such an order."""

_HAN = "一二三四五六七八九十"
_ITEM = re.compile(
    rf"[-*+•·]\s|[(（](?:\d{{1,3}}|[{_HAN}]{{1,3}})[)）]|\d{{1,3}}[.．)）、](?!\d)|[{_HAN}]{{1,3}}、|[①-⑳]|\|"
    rf"|step \d|第(?:\d{{1,2}}|[{_HAN}]{{1,3}})步",
    re.IGNORECASE,
)
"""The mark of an item of a list, or of a row of a table."""
_LEADS_IN = re.compile(r"[?？:：][\"”』」)）*_]*$")
_WITHIN_LINE = re.compile(r"[^\n]*|\n[ \t]+")
"""Between two sentences of one line, also one that goes on indented."""

_ASKING, _ANSWERING = "system|user|human|系统|用户|人类", "(?:ai )?assistant|ai|chatbot|(?:ai|智能)?助手|人工智能"
_TURN = r"[ \t>*_#-]*(?:%s)[ \t*_]*[:：]"
_LABEL = r"[ \t>*_#-]*[^\W\d][^\n:：\d.,。，]{0,20}[:：]"
_SAID = rf"(?:.*\n(?!(?!{_TURN % f'{_ASKING}|{_ANSWERING}'}){_LABEL}))*.*\n"
_TALK = re.compile(
    "|".join(rf"^{_TURN % one}{_SAID}{_TURN % other}" for one, other in ((_ASKING, _ANSWERING), (_ANSWERING, _ASKING))),
    re.IGNORECASE | re.MULTILINE,
)
_OF_TALK = re.compile(
    r"\b(?:assistant|ai|chat|chatbot|conversation|dialogue|transcript)\b|助手|人工智能|对话|聊天", re.I
)
"""Talk with a machine: lines with the labels of both sides, and no other label between them; questions about such."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that the generator may use: ``text == document.text[start:end]``.

    ``heading`` is what it stands under: title, headings, the list items it hangs on.
    """

    hit: Hit
    start: int
    end: int
    text: str
    heading: str
    score: float

    @property
    def plain(self) -> str:
        """The text as it reads, without the marks of Markdown."""
        return plain_markup(self.text)

    @property
    def section(self) -> tuple[int, str]:
        """Its document and what it stands under: sentences that share it are read as one passage."""
        return self.hit.document_id, self.heading

    def follows(self, other: "Evidence") -> bool:
        """Whether it stands behind the other with nothing but space between."""
        return self.hit.document_id == other.hit.document_id and 0 <= self.start - other.end <= SPACE

    def stands_beside(self, others: Sequence["Evidence"]) -> bool:
        """Whether it follows one of the others, or one of them it."""
        return any(self.follows(other) or other.follows(self) for other in others)


def information(sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much each term tells among ``sentences``: ``ln(1 + N / df)``, an inverse document frequency."""
    frequency = Counter(term for sentence in sentences for term in set(sentence))
    return {term: math.log1p(len(sentences) / count) for term, count in frequency.items()}


def coverage(of: Sequence[str], by: set[str], weights: dict[str, float], unknown: float) -> float:
    """The share of the information of the terms ``of`` that the terms ``by`` hold, in [0, 1].

    Sums are exact but for their last rounding: the order of a set is another in each run, the share is not.
    """
    total = math.fsum(weights.get(term, unknown) for term in set(of))
    held = math.fsum(weights.get(term, unknown) for term in set(of) & by)
    return held / total if total else 0.0


class EvidencePicker:
    """Picks evidence with the encoder that fills the collection.

    ``worth_reading`` is the share of the best score from which on a sentence is read.
    """

    def __init__(self, encoder: Encoder, settings: EvidenceSettings, worth_reading: float = WORTH_READING) -> None:
        self._encoder = encoder
        self._settings = settings
        self._worth_reading = worth_reading

    def pick(self, question: str, hits: Sequence[Hit]) -> list[Evidence]:
        """The best sentences of the first chunks within the budget, section by section, in reading order."""
        candidates = _candidates(question, hits[:CHUNKS_READ])
        if not candidates:
            return []
        scores = _scores(question, candidates)
        promising = sorted(np.argsort(-scores, kind="stable")[:SENTENCES_ENCODED].tolist())
        candidates, scores = [candidates[at] for at in promising], scores[promising]
        texts = [candidate.plain for candidate in candidates]
        cosines = self._encoder.encode_passages(texts) @ self._encoder.encode_queries([question])[0]
        scores = scores + MEANING * _spread(cosines)
        evidence = [
            Evidence(
                candidate.hit, candidate.start, candidate.end, candidate.text, candidate.heading(), float(scores[at])
            )
            for at, candidate in enumerate(candidates)
        ]
        return _in_order(self._fill(evidence))

    def _fill(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        """The sentences picked, best first until sentences or tokens are used up; at least one.

        What a sentence stands under is read too, once for all that stand under it, and counts like the rest.
        """
        sentences = self._encoder.count_tokens([item.plain for item in evidence])
        headings = self._encoder.count_tokens([item.heading for item in evidence])
        picked: list[Evidence] = []
        left = self._settings.max_tokens
        first = max(evidence, key=lambda item: item.score)
        going_on = _going_on(first, evidence)
        waiting = dict(enumerate(evidence))
        while waiting and len(picked) < self._settings.max_sentences:
            worth = {at: item.score + BESIDE * item.stands_beside(picked) for at, item in waiting.items()}
            best = max(worth, key=lambda at: (worth[at], -at))
            item = waiting.pop(best)
            cost = sentences[best] + (headings[best] if all(item.section != other.section for other in picked) else 0)
            little = left > self._settings.max_tokens - READ_ANYWAY
            least = min(self._worth_reading, WORTH_READING_ANYWAY) if little else self._worth_reading
            worthy = worth[best] >= least * first.score or item in going_on
            if worthy and cost <= left and all(item.plain != other.plain for other in picked):
                picked.append(item)
                left -= cost
        return picked or [first]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence of a chunk."""

    hit: Hit
    start: int
    text: str
    plain: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def heading(self) -> str:
        """What the sentence stands under: the chunk's context, and what is above it within the chunk."""
        path, _, along = self.hit.context.partition("\n")
        context = " ".join(self.hit.context.split())
        within = path.startswith("|") or "|" in along  # the header of the table is in the context
        above = parents(self.hit.text, self.start - self.hit.start, within_table=within)
        above = [name for name in above if name not in context]
        return " › ".join([context, *above] if context else above)


def _going_on(first: Evidence, evidence: Sequence[Evidence]) -> list[Evidence]:
    """What goes on from a sentence: the next one, and behind it the rest of a list or of what answers a question.

    A list is read on with all that its items say, a question or what leads in with the line behind it.
    """
    run = [first]
    for item in sorted(evidence, key=lambda item: item.start):
        if not item.follows(run[-1]):
            continue
        listed = any(_ITEM.match(each.text) for each in run[:2])
        between = first.hit.text[run[-1].end - first.hit.start : item.start - first.hit.start]
        within = (listed or _LEADS_IN.search(first.text)) and _WITHIN_LINE.fullmatch(between)
        if len(run) == 1 or within or (listed and _ITEM.match(item.text)):
            run.append(item)
    return run[1:]


def _in_order(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Sections by the rank of their best chunk, and within one as its document has them."""
    rank: dict[tuple[int, str], int] = {}
    for item in evidence:
        rank[item.section] = min(item.hit.rank, rank.get(item.section, item.hit.rank))
    return sorted(evidence, key=lambda item: (rank[item.section], item.section, item.start))


def _candidates(question: str, hits: Sequence[Hit]) -> list[_Candidate]:
    """Each sentence of the chunks that holds words, once; Markdown's heading lines only where there is nothing else.

    A heading says what its section is about and seldom anything that answers; it is read with what it stands over.
    """
    found: dict[tuple[int, int], _Candidate] = {}
    asks_of_orders = _OVERRIDES.search(question)
    talked: list[_Candidate] = []
    for hit in hits:
        talk = len(hit.text) if _OF_TALK.search(question) else talk_start(hit.text)
        for start, end in split_sentences(hit.text):
            offset, text = hit.start + start, hit.text[start:end]
            plain = plain_markup(text)
            if not plain or (_OVERRIDES.search(plain) and not asks_of_orders):
                continue
            candidate = _Candidate(hit, offset, text, plain)
            if end > talk:
                talked.append(candidate)
            else:
                found.setdefault((hit.document_id, offset), candidate)
    sentences = [candidate for candidate in found.values() if not candidate.text.startswith("#")]
    return sentences or talked or list(found.values())


def talk_start(text: str) -> int:
    """Where talk with a machine begins in a chunk, or its length.

    A document can fake such turns, and a decoder takes them for its own. So what is said in them is read only where
    nothing else was found, as in a collection of such talks.
    """
    found = _TALK.search(text)
    return found.start() if found else len(text)


def _scores(question: str, candidates: Sequence[_Candidate]) -> np.ndarray:
    """What can be said of each candidate without its vector."""
    tokenised = [terms(candidate.plain) for candidate in candidates]
    weights = information(tokenised)
    rarest = math.log1p(len(candidates))
    asked = terms(question)
    chunks: dict[int, set[str]] = {}
    for candidate, sentence in zip(candidates, tokenised, strict=True):
        chunks.setdefault(candidate.hit.chunk_id, set()).update(sentence)
    held = {chunk: coverage(asked, words, weights, rarest) for chunk, words in chunks.items()}
    return np.array(
        [
            WORDS * coverage(asked, set(sentence), weights, rarest)
            + CHUNK * held[candidate.hit.chunk_id]
            + RANK / candidate.hit.rank
            for candidate, sentence in zip(candidates, tokenised, strict=True)
        ]
    )


def _spread(cosine: np.ndarray) -> np.ndarray:
    """Cosines moved to [0, 1] within the candidates: encoders crowd theirs into a narrow band."""
    low, high = float(cosine.min()), float(cosine.max())
    return (cosine - low) / (high - low) if high - low > SAME else np.ones_like(cosine)
