"""What a run will take, told before it starts: judgements, tokens, money where its price is known, and time.

A model of this machine is timed on a made-up passage, which takes seconds. An endpoint is asked nothing: its time is
what it took before, where it was ever asked. Tokens are counted with the encoder's tokenizer, which is near the
model's own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from indexes.errors import ModelError
from indexes.records import Hit
from ingest.text.sentences import split_sentences
from ragstack.evaluation.adapters import Response
from ragstack.evaluation.judging import checks, claims_of
from ragstack.evaluation.llm_judge import LlmJudge
from ragstack.evaluation.verdicts import Premise, Verifier
from ragstack.evaluation.verifiers import DecoderVerifier
from ragstack.evidence import Evidence
from ragstack.generators.base import Generator
from ragstack.prompts import answer_prompt

if TYPE_CHECKING:
    from ragstack.stack import RagStack

__all__ = ["Estimate", "Expect", "estimate_answers", "estimate_judging"]

_PASSAGE = (
    "The harbour office keeps a register of every vessel that comes in with the tide. Each entry names the master, the "
    "cargo and the berth, and is signed by the clerk on duty before the lines are made fast. Fees fall due when the "
    "vessel leaves, and a master who cannot pay leaves a part of the cargo as a pledge with the warden of the store. "
    "In winter, when ice closes the outer basin, boats are drawn up on the slip and no fee is asked of their owners."
)
_SHORT = "The mill stands by the river. Its wheel turns all year."
_ASKED = "Who signs what is written about a vessel?"
_CLAIM = "What is written about a vessel bears the signature of the clerk."
"""Made up, and in other words than the passage, so that a judge must read; with no number that settles it."""

_PROMPT_TOKENS = 120
"""What a question to a model holds beside passages, question and claim."""
_CLAIM_TOKENS = 40
_CHECKS = 1.5
"""Judgements of an answer, and claims of one: most are one sentence, laid beside its citation, some beside more."""
_REPLY_TOKENS = 2.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is still to be done. ``calls`` are judgements, ``cached`` of which cost nothing.

    ``tokens_read`` and ``tokens_written`` are the judge's, of those that are not cached. ``cost`` is None where no
    price is set or nothing is paid, ``seconds`` where an endpoint was never asked before, or a model failed.
    ``passages`` of a corpus are to be brought in first, for which the time is not reckoned.
    """

    items: int
    done: int
    claims: int
    calls: int
    cached: int
    tokens_read: int
    tokens_written: int
    cost: float | None
    seconds: float | None
    passages: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``--dry-run``."""
        return asdict(self)


Expect = Callable[[Estimate], None]
"""Called once, before the work."""


def estimate_judging(stack: "RagStack", responses: Sequence[Response], done: int, verifier: Verifier) -> Estimate:
    """What judging these responses takes, ``done`` others being done already."""
    claims = sum(len(claims_of(response.response)) for response in responses)
    asked = [(response.question, *check) for response in responses for check in checks(response)]
    if isinstance(verifier, LlmJudge):
        foreseen = [verifier.foresee(*each) for each in asked]
        texts = [call.text for call in foreseen if not call.cached]
        read = sum(stack.encoder.count_tokens(texts))
        found = _of_llm(verifier, len(texts), read, stack)
        return replace(found, items=len(responses), done=done, claims=claims, calls=len(asked),
                       cached=len(asked) - len(texts))  # fmt: skip
    shared = isinstance(verifier, DecoderVerifier)
    read = sum(_tokens_read(response, stack, shared=shared) for response in responses)
    return Estimate(len(responses), done, claims, len(asked), 0, read, 0, None, _judging(read, verifier, stack))


def estimate_answers(
    stack: "RagStack", questions: int, done: int, generator: Generator, verifier: Verifier, *, asks: bool
) -> Estimate:
    """What answering and judging so many questions takes; ``asks`` says that the generator is an endpoint.

    What will be written is not known before, so a claim and a half for each question is taken.
    """
    calls = round(_CHECKS * questions)
    read = calls * (_PROMPT_TOKENS + 2 * _CLAIM_TOKENS)
    if isinstance(verifier, LlmJudge):
        found = _of_llm(verifier, calls, read, stack)
    else:
        found = Estimate(0, 0, 0, 0, 0, read, 0, None, _judging(read, verifier, stack))
    answering = None if asks else _answering(questions, generator, stack)
    seconds = None if answering is None or found.seconds is None else answering + found.seconds
    return replace(found, items=questions, done=done, claims=calls, calls=calls, seconds=seconds)


def _of_llm(judge: LlmJudge, calls: int, read: int, stack: "RagStack") -> Estimate:
    settings, pace = stack.config.judge, judge.pace
    written = round(calls * (pace.completion_tokens if pace and pace.completion_tokens else _REPLY_TOKENS))
    priced = settings.base_url and (settings.input_price or settings.output_price)
    cost = (read * settings.input_price + written * settings.output_price) / 1_000_000 if priced else None
    if not calls:
        seconds: float | None = 0.0
    elif pace:
        seconds = calls * pace.seconds
    else:
        seconds = None if settings.base_url else _judging(read, judge, stack)
    return Estimate(0, 0, 0, 0, 0, read, written, cost, seconds)


def _tokens_read(response: Response, stack: "RagStack", *, shared: bool) -> int:
    """Passages that fit are read once for all claims by a decoder, those that do not, for each claim again."""
    asked = len(checks(response))
    [context] = stack.encoder.count_tokens(["\n".join(response.contexts)])
    room = stack.config.evidence.max_tokens
    if shared and asked and context <= room:
        return context + _PROMPT_TOKENS + _CLAIM_TOKENS * asked
    return asked * (min(context, room) + _PROMPT_TOKENS)


def _judging(read: int, verifier: Verifier, stack: "RagStack") -> float | None:
    """Seconds to read so many tokens; None where the judge fails on the passage too."""
    if not read:
        return 0.0
    try:
        verifier.check(_ASKED, _CLAIM, [Premise(_SHORT)])  # loads the model, unmeasured
        began = time.perf_counter()
        verifier.check(_ASKED, _CLAIM, [Premise(_PASSAGE)])
    except ModelError:
        return None
    took = time.perf_counter() - began
    return read * took / (stack.encoder.count_tokens([_PASSAGE])[0] + _PROMPT_TOKENS)


def _answering(questions: int, generator: Generator, stack: "RagStack") -> float | None:
    if not questions:
        return 0.0
    try:
        _write(generator, _SHORT, 1)
        began = time.perf_counter()
        _write(generator, _PASSAGE, stack.config.generator.max_tokens)
    except ModelError:
        return None
    return questions * (time.perf_counter() - began)


def _write(generator: Generator, passage: str, longest: int) -> None:
    hit = Hit(1, 1, "", "", None, 0, len(passage), passage, "", {}, 1, 1.0, "rrf")
    evidence = [Evidence(hit, start, end, passage[start:end], "", 1.0) for start, end in split_sentences(passage)]
    for _ in generator.stream(answer_prompt(_ASKED, evidence, "en"), max_tokens=longest):
        pass
