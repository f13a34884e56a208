"""A number of a text with its multiplier and unit, and whether one of a source may be the same."""

import math
from dataclasses import dataclass, field

from ragstack.checking.numbers.clock import same_time
from ragstack.checking.numbers.rounding import rounds_to
from ragstack.checking.numbers.units import SIGNS, ratios

__all__ = ["DOZEN", "Quantity"]

DOZEN = 12.0
"""The one multiplier that no table leaves out."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a text.

    Attributes:
        text: In digits as it stands; a time of the day as ``17:30``; empty for one and half in words, which only
            hold what names their unit.
        number: Its value; of a time, the minutes since midnight.
        scale: What it is multiplied by.
        unit: Its unit, or ``""``.
        rounding: How it is rounded, where the text says that it is.
        year: Whether it may be a year.
        version: As what it is known if it numbers a version or a section, of which 3.10 is not 3.1.
        written: How a time was written.
        parts: What it is made of or may be read as instead.
        span: Where it stands in the text as NFKC has it, with the words that round it.
    """

    text: str
    number: float
    scale: float = 1.0
    unit: str = ""
    rounding: str = ""
    year: bool = False
    version: str = ""
    written: str = ""
    parts: tuple["Quantity", ...] = ()
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    def agrees(self, source: "Quantity") -> bool:
        """Whether a source's may be the same: no less is asked, for a source often leaves a unit to its context."""
        if self.written or source.written:
            both = bool(self.written and source.written)
            return both and same_time(self.number - source.number, {self.written, source.written})
        if self.version and source.version and not self.rounding:
            return self.version == source.version
        if not source.text and not self.unit:
            return False
        if self._as_it_stands(source):
            return True
        factors = ratios(source.unit, self.unit) if self.unit and source.unit else [1.0]
        values = [source.number * source.scale / self.scale * factor for factor in factors]
        if any(math.isclose(self.number, value, rel_tol=1e-9) for value in values):
            return True
        told = bool(source.unit) if self.unit else source.unit != "%"
        return told and any(
            rounds_to(self.rounding, self.text, self.number, value, year=source.year) for value in values
        )

    def _as_it_stands(self, source: "Quantity") -> bool:
        """Whether the numbers are the same, and at most a multiplier is left out, as in a table of millions."""
        bare = [each for each in (self, source) if each.scale == 1.0]
        left_out = (
            len(bare) == 1
            and DOZEN not in (self.scale, source.scale)
            and (not bare[0].unit or (bare[0] is source and source.unit in SIGNS))
        )
        scaled = self.scale == source.scale or left_out
        units = not (self.unit and source.unit) or 1.0 in ratios(source.unit, self.unit)
        return scaled and units and self.number == source.number
