"""Nothing is shown unchecked: is the answer in the evidence, which words carry a sentence, and do they support it.

``abstention`` asks before anything is written. ``citations`` lays each written sentence beside its words, and
``verification`` asks whether they support it; ``alterations`` are what a sentence says otherwise for certain.
``disagreement`` finds what other documents say otherwise. All compare ``numbers`` and ``words`` strictly, and what they
say as a probability is one that was fitted and measured (``calibration``).
"""

from ragstack.checking.abstention import answerable
from ragstack.checking.calibration import Calibration, load_calibration
from ragstack.checking.citations import Alignment, align
from ragstack.checking.disagreement import disagreeing
from ragstack.checking.verification import quoted, support, support_features

__all__ = [
    "Alignment",
    "Calibration",
    "align",
    "answerable",
    "disagreeing",
    "load_calibration",
    "quoted",
    "support",
    "support_features",
]
