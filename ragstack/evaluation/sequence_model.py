"""A sequence-classification model of Hugging Face in the place of our own small verifier.

Two kinds are understood: models of natural language inference, one of whose labels names an entailment
(bart-large-mnli, mDeBERTa-XNLI), and models that give one number, the higher the better supported (HHEM). Evidence is
read whole where it fits, else the sentences of it that hold most of the claim. Code that comes with a model is not run.
"""

from pathlib import Path
from threading import Lock
from typing import Any

from indexes.errors import ModelError
from ragstack.verifier.reading import choose, sentences_of

__all__ = ["SequenceModel"]

LONGEST = 512
"""Tokens of a pair, whatever more the model could read."""


class SequenceModel:
    """Scores a claim over evidence; see :class:`ragstack.evaluation.pair_verifier.PairModel`."""

    threshold = 0.5

    def __init__(self, folder: Path) -> None:
        """Load the model in ``folder``.

        Raises:
            ModelError: it cannot be loaded, or does not say entailment.
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True
            ).eval()
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"the model in {folder} cannot be loaded: {reason}") from error
        self._supported = _supported(self._model.config, folder)
        self._lock = Lock()

    def probability(self, claim: str, evidence: str) -> float:
        """The probability that the evidence supports the claim."""
        import torch

        with self._lock, torch.inference_mode():
            pair = self._tokenizer(
                self._fitting(claim, evidence), claim, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            logits = self._model(**pair).logits[0].float()
            if self._supported is None:
                return float(torch.sigmoid(logits[0]))
            return float(torch.softmax(logits, dim=0)[self._supported])

    def _fitting(self, claim: str, evidence: str) -> str:
        room = LONGEST - self._count(claim) - self._tokenizer.num_special_tokens_to_add(pair=True)
        if self._count(evidence) <= room:
            return evidence
        sentences = [sentence.text for sentence in sentences_of(evidence)]
        chosen = choose(claim, evidence, [self._count(sentence) for sentence in sentences], room)
        return " ".join(sentences[at] for at in chosen)

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _supported(config: Any, folder: Path) -> int | None:
    """The place of the label that names an entailment; None where there is one number alone."""
    if config.num_labels == 1:
        return None
    labels = {int(place): str(label).casefold() for place, label in config.id2label.items()}
    found = [place for place, label in labels.items() if label.startswith("entail")]
    if len(found) != 1:
        named = ", ".join(labels.values())
        raise ModelError(
            f"the model in {folder} has the labels {named}; expected one that begins with 'entail', or one number"
        )
    return found[0]
