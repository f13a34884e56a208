"""ragstack: ask a pile of documents, in English and Chinese, and get answers that can be checked word by word.

>>> from ragstack import RagStack
>>> stack = RagStack.open()
>>> stack.ingest("docs/")
>>> stack.ask("What is BERT?").text

Heavy libraries are imported on first use, so that ``import ragstack`` costs next to nothing.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indexes.errors import RagStackError
    from indexes.records import Hit
    from ingest.pipeline import IngestReport
    from ragstack.answers import Answer, AnswerSentence, Citation, Event, Passage
    from ragstack.config import Config, load_config
    from ragstack.conversation import Turn
    from ragstack.stack import RagStack

__all__ = [
    "Answer",
    "AnswerSentence",
    "Citation",
    "Config",
    "Event",
    "Hit",
    "IngestReport",
    "Passage",
    "RagStack",
    "RagStackError",
    "Turn",
    "load_config",
]

_HOMES = {
    "Answer": "ragstack.answers",
    "AnswerSentence": "ragstack.answers",
    "Citation": "ragstack.answers",
    "Config": "ragstack.config",
    "Event": "ragstack.answers",
    "Hit": "indexes.records",
    "IngestReport": "ingest.pipeline",
    "Passage": "ragstack.answers",
    "RagStack": "ragstack.stack",
    "RagStackError": "indexes.errors",
    "Turn": "ragstack.conversation",
    "load_config": "ragstack.config",
}

# A thread of a model that waits for another spins a little and then sleeps. By its own default OpenMP spins far
# longer, which wins nothing on idle cores and makes writing four times slower where anything else keeps a core busy.
# The library reads this once, when torch or llama.cpp loads it.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ragstack' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
