"""What a verifier is given, what it says, and what it must be able to do: the seam between judging and its judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Premise", "Verdict", "Verifier"]


@dataclass(frozen=True, slots=True)
class Premise:
    """A passage that may support a claim, and what it stands under."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says of one claim.

    ``probability`` that the passages support it, and ``supported``, whether that is enough. ``missing_numbers`` are
    numbers of the claim that stand in none of the passages it rests on; ``nearest`` are the sentences it was laid
    beside, best first.
    """

    probability: float
    supported: bool
    missing_numbers: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()


class Verifier(Protocol):
    """Judges claims. ``name`` says which model it is."""

    name: str

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        """Whether the premises (at least one), together, support the claim; the question may be empty.

        Raises:
            ModelError: the model failed on it.
        """
        ...
