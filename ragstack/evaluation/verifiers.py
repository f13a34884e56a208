"""Who judges whether passages support a claim.

``decoder`` is the stack's own decoder, asked as it is asked before a sentence of an answer is shown: the same
features, weights and threshold (:mod:`ragstack.checking.verification`). ``small`` is our own small model, which costs
milliseconds; models of Hugging Face can stand in its place. How far each agrees with people says
:mod:`ragstack.evaluation.trust`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexes.errors import UsageError
from indexes.records import Hit
from ingest.packs import locate
from ingest.text.outline import plain_markup
from ingest.text.sentences import split_sentences
from ragstack.checking.calibration import Calibration, load_calibration
from ragstack.checking.citations import align
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.verification import support
from ragstack.config import EvidenceSettings
from ragstack.evaluation.verdicts import Premise, Verdict, Verifier
from ragstack.evidence import CHUNKS_READ, Evidence, EvidencePicker
from ragstack.generators.base import Judge
from ragstack.language import Language, language_of

if TYPE_CHECKING:
    from ingest.encoders import Encoder
    from ragstack.stack import RagStack

__all__ = ["DecoderVerifier", "Premise", "Verdict", "Verifier", "open_verifier"]

WORTH_READING = 0.5
"""Beside a claim more is read than beside a question: what it says may rest on several sentences."""

_ANY_QUESTION: dict[Language, str] = {"en": "What do the passages say?", "zh": "资料说了什么？"}


class DecoderVerifier:
    """The decoder as a judge: seconds a claim on two cores, less where claims share their passages."""

    def __init__(
        self, name: str, judge: Judge, encoder: "Encoder", settings: EvidenceSettings, calibration: Calibration
    ) -> None:
        self.name = name
        self._judge = judge
        self._encoder = encoder
        self._settings = settings
        self._picker = EvidencePicker(encoder, settings, WORTH_READING)
        self._calibration = calibration

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        """Judge as an answer's sentence is judged; see :class:`Verifier`."""
        question = question.strip() or _ANY_QUESTION[language_of(claim)]
        evidence = self.read(f"{question} {claim}", premises)
        if not evidence:
            return Verdict(0.0, False)
        [alignment] = align(question, [claim], evidence, self._encoder)
        # laid beside the premises as a whole: a number may stand in a sentence that was not picked to be read
        numbers = missing(claim, [question, *(f"{premise.title} {premise.text}" for premise in premises)])
        alignment = replace(alignment, missing_numbers=numbers)
        found = support(question, claim, alignment, evidence, self._judge, self._calibration)
        nearest = tuple(evidence[at].text for at in alignment.positions)
        return Verdict(found.probability, found.supported, numbers, nearest)

    def read(self, about: str, premises: Sequence[Premise]) -> list[Evidence]:
        """All sentences where they fit what the decoder reads, so that its cache serves all claims; else the best."""
        if len(premises) > CHUNKS_READ:  # the picker reads no further
            premises = [Premise("\n\n".join(premise.text for premise in premises))]
        hits = [_hit(number, premise) for number, premise in enumerate(premises, start=1)]
        every = [
            Evidence(hit, start, end, hit.text[start:end], hit.context, 1.0)
            for hit in hits
            for start, end in split_sentences(hit.text)
            if plain_markup(hit.text[start:end])
        ]
        if len(every) <= self._settings.max_sentences:
            lengths = self._encoder.count_tokens([item.plain for item in every])
            if sum(lengths) <= self._settings.max_tokens:
                return every
        return self._picker.pick(about, hits)


def open_verifier(stack: "RagStack", name: str = "decoder") -> Verifier:
    """The verifier of that name.

    ``decoder`` is the stack's own; ``llm`` any language model (:mod:`ragstack.evaluation.llm_judge`); ``small`` our own
    small one (:mod:`ragstack.verifier`); a folder one that ``ragstack train verifier`` wrote, or, like ``hf:ORG/NAME``,
    a model of Hugging Face that classifies pairs (:mod:`ragstack.evaluation.sequence_model`).

    Raises:
        UsageError: there is none of that name.
        ModelMissing: a model is not on this machine.
        ModelError: what the folder holds is no verifier.
    """
    if name == "llm":
        from ragstack.evaluation.llm_judge import open_llm_judge

        return open_llm_judge(stack)
    if name == "small" or (name != "decoder" and (name.startswith("hf:") or Path(name).is_dir())):
        return _open_pair_verifier(stack, name)
    if name != "decoder":
        raise UsageError(f"there is no verifier {name!r}; expected decoder, small, llm, a folder or hf:ORG/NAME")
    kind = stack.config.generator.kind if stack.config.generator.kind != "extractive" else "llamacpp"
    decoder = stack.generator(kind)
    if not isinstance(decoder, Judge):  # an endpoint that says no odds: the embedded decoder judges
        decoder = stack.generator("llamacpp")
    if not isinstance(decoder, Judge):
        raise UsageError(f"{decoder.name} cannot judge; set generator.kind to llamacpp or transformers")
    return DecoderVerifier(decoder.name, decoder, stack.encoder, stack.config.evidence, load_calibration())


def _open_pair_verifier(stack: "RagStack", name: str) -> Verifier:
    from ragstack.evaluation.pair_verifier import PairVerifier
    from ragstack.evaluation.sequence_model import SequenceModel
    from ragstack.verifier.model import WEIGHTS, open_small

    if name == "small":
        return PairVerifier(name, open_small())
    if Path(name, WEIGHTS).is_file():
        return PairVerifier(f"small:{Path(name).resolve().name}", open_small(Path(name)))
    model = SequenceModel(locate(name, stack.config.model_cache))
    return PairVerifier(name if name.startswith("hf:") else Path(name).resolve().name, model)


def _hit(number: int, premise: Premise) -> Hit:
    return Hit(number, number, "", premise.title, None, 0, len(premise.text), premise.text, premise.title, {}, number,
               1.0, "rrf")  # fmt: skip
