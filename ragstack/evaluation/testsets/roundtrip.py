"""The way back: does a question lead to its source, to nothing else, and do those that should lead nowhere?

Found is a source where a hybrid search has its chunk among the first :func:`depth`, which is deeper than what figures
look at, so that a test set does not flatter the search that made it more than it must. The reading back is that of
Alberti et al. (2019): whoever reads the source with the question must come to the answer it was made for.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexes.records import Hit
from indexes.search.analysis import query_terms, terms
from ingest.text.sentences import split_sentences
from ragstack.evaluation.normalising import contains, token_f1
from ragstack.evaluation.testsets.facts import defined
from ragstack.evaluation.testsets.values import Fact, Passage
from ragstack.evidence import coverage, information
from ragstack.language import Language

if TYPE_CHECKING:
    from collections.abc import Callable

    Search = Callable[[str, int], list[Hit]]

__all__ = ["agrees", "answered_after_all", "depth", "lost"]

_LEAST, _MOST = 10, 50
_FITS = 0.95
"""A sentence that holds so much of what the source holds of a question answers it, perhaps, as well."""
_TOUCHES = 0.6
"""A chunk that holds a twist and so much of the rest of its question may answer it after all."""
_SAME = 0.5
"""F1 of a definition with the one it was made for."""


def depth(chunks: int) -> int:
    """How deep a source may lie: a tenth of the chunks, from 10 to 50."""
    return max(_LEAST, min(_MOST, chunks // 10))


def lost(text: str, passage: Passage, fact: Fact, search: "Search", deep: int) -> str:
    """Why the question does not lead to its source and to it alone; empty where it does."""
    hits = search(text, deep)
    start, end = passage.start + fact.start, passage.start + fact.end
    if not any(hit.document_id == passage.document_id and hit.start <= start and end <= hit.end for hit in hits):
        return "its source is not found"
    others = [sentence for hit in hits for sentence in _sentences(hit, passage)]
    asked = list(query_terms(text))
    weights = information([terms(sentence) for sentence in (*others, passage.text)])
    own = coverage(asked, set(terms(f"{passage.heading} {passage.text}")), weights, 0.0)
    for sentence in others:
        if fact.asks == "definition" and defined(sentence, passage.language) != defined(passage.text, passage.language):
            continue
        held = coverage(asked, set(terms(sentence)), weights, 0.0)
        if held >= _FITS * own and not contains(sentence, [fact.text]):
            return "another sentence fits as well"
    return ""


def answered_after_all(text: str, put: str, search: "Search", deep: int) -> bool:
    """Whether a chunk near a question holds what was put into it together with most of the rest of the question."""
    rest = [term for term in query_terms(text) if term not in terms(put)]
    hits = search(text, deep) + search(put, deep)
    held = [set(terms(f"{hit.context} {hit.text}")) for hit in hits]
    weights = information([list(words) for words in held])
    wanted = set(terms(put))
    return any(wanted <= words and coverage(rest, words, weights, 1.0) >= _TOUCHES for words in held)


def agrees(read: str, fact: Fact, language: Language) -> bool:
    """Whether what was read in answer to a question is what it was made for."""
    if fact.asks == "definition":
        return token_f1(read, [fact.text]) >= _SAME
    bare = fact.text.strip("《》")
    if language == "zh":
        bare = bare.rstrip("个個种種项层次位名人家所届部件")
    return contains(read, [bare])


def _sentences(hit: Hit, passage: Passage) -> Sequence[str]:
    """The sentences of a hit, but for the passage itself."""
    found = []
    for start, end in split_sentences(hit.text):
        own = hit.document_id == passage.document_id
        if not (own and hit.start + start < passage.end and passage.start < hit.start + end):
            found.append(hit.text[start:end])
    return found
