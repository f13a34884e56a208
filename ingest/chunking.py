"""From a document to the stretches of its text that are encoded and found: chunks.

A chunk is whole sentences, counted with the encoder's own tokenizer, so that nothing is cut off in silence. It ends
at the best border at hand: before a heading, else between paragraphs, else between sentences; within a sentence only
where the sentence alone is longer than a chunk. A heading, and a line that leads in to a list, stay with what follows;
short sections share a chunk. Where a paragraph had to be cut, the next chunk repeats its last sentences.

Each chunk carries a context, ``Title › Section › Subsection`` (and the header of a table that goes on, or the line
that leads in to a list that does), which is
put before the text for the encoder and for BM25 and is no part of the text: ``document.text[start:end]`` is the text
of a chunk, to the character, and every letter and digit is in a chunk; what would have neither (the frame of an empty
row, a rule) is none. Its metadata have the ``place`` where it stands in the file (``slides 4–5``) where that is more
than a page.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from indexes.places import describe
from indexes.records import Chunk, touched
from ingest.contexts import Contexts, CountTokens, Path
from ingest.documents import Loaded
from ingest.units import SENTENCES, Unit, all_blocks, cut_points, goes_along, leads_in, trimmed, units

__all__ = ["ChunkSettings", "chunk", "embedded_text"]

_TARGET = re.compile(
    r"!?\[([^\]\[\n]*)\]\((?:<[^<>\n]*>|(?=[^()\s]*[/.#])[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:[ \t]+\"[^\"\n]*\")?\)"
)


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How long chunks are.

    Attributes:
        max_tokens: The most tokens of a chunk together with its context.
        overlap_sentences: Sentences repeated where a paragraph had to be cut.
        max_context_tokens: The most tokens of the context (a table's header row comes on top).
    """

    max_tokens: int = 128
    overlap_sentences: int = 1
    max_context_tokens: int = 48


@dataclass(slots=True)
class _Draft:
    """Units that are to be one chunk; the first ``repeated`` of them are the end of the chunk before."""

    units: list[Unit] = field(default_factory=list)
    repeated: int = 0

    @property
    def tokens(self) -> int:
        return sum(unit.tokens for unit in self.units)


def embedded_text(context: str, text: str) -> str:
    """What is encoded for a chunk: its context and its text, links and images by their words alone."""
    text = _words(text)
    return f"{context}\n{text}" if context else text


def chunk(loaded: Loaded, title: str, count: CountTokens, settings: ChunkSettings) -> list[Chunk]:
    """Cut a document into chunks.

    Args:
        loaded: The document's text and structure.
        title: Its title, the first part of each context; may be empty.
        count: The encoder's token counter.
        settings: How long chunks are; ``max_tokens`` must not be more than the encoder reads.

    Returns:
        Chunks in the order of the text, none of more than ``settings.max_tokens`` tokens with its context.
    """
    return _Chunker(loaded, title, count, settings).run()


class _Chunker:
    """Holds what the steps of one document's chunking share."""

    def __init__(self, loaded: Loaded, title: str, count: CountTokens, settings: ChunkSettings) -> None:
        self._text = loaded.text
        self._pages = loaded.pages
        self._page_starts = [page.start for page in loaded.pages]
        self._blocks = list(all_blocks(loaded))
        self._count = count
        self._settings = settings
        self._contexts = Contexts(loaded.text, self._blocks, title, count, settings.max_context_tokens)
        self._room = max(1, settings.max_tokens - settings.max_context_tokens)

    def run(self) -> list[Chunk]:
        drafts = self._fit(list(self._pack(self._counted(units(self._text, self._blocks)))))
        return [self._chunk(draft) for draft in drafts if self._says_something(draft)]

    def _says_something(self, draft: _Draft) -> bool:
        return any(map(str.isalnum, self._text[draft.units[0].start : draft.units[-1].end]))

    def _counted(self, units: Iterator[Unit]) -> Iterator[Unit]:
        """Give each unit its number of tokens, and split those that are longer than a chunk."""
        waiting = list(units)
        counts = self._count([_words(self._text[unit.start : unit.end]) for unit in waiting])
        for unit, tokens in zip(waiting, counts, strict=True):
            if tokens <= self._room:
                yield replace(unit, tokens=max(tokens, 1))
            else:
                yield from self._split(replace(unit, tokens=tokens))

    def _split(self, unit: Unit) -> Iterator[Unit]:
        """Cut a unit into parts of about equal length that fit, at lines, clauses or words where there are any."""
        parts = -(-unit.tokens * 5 // (self._room * 4))
        parts = min(max(parts, 2), unit.end - unit.start)
        cuts = [unit.start, *cut_points(self._text, unit, parts), unit.end]
        spans = [trimmed(self._text, start, end) for start, end in pairwise(cuts)]
        spans = [(start, end) for start, end in spans if start < end]
        counts = self._count([_words(self._text[start:end]) for start, end in spans])
        for (start, end), tokens in zip(spans, counts, strict=True):
            part = replace(unit, start=start, end=end, tokens=max(tokens, 1))
            if tokens > self._room and end - start > 1:
                yield from self._split(part)
            else:
                yield part

    def _pack(self, units: Iterator[Unit]) -> Iterator[_Draft]:
        """Fill chunks with units, ending each at the best border."""
        draft = _Draft()
        small = self._settings.max_tokens // 4
        continued = False
        for unit in units:
            ends_section = unit.kind == "heading" and any(each.kind != "heading" for each in draft.units)
            if ends_section and (continued or draft.tokens >= small):
                yield draft
                draft, continued = _Draft(), False
            while draft.units and self._full(draft, unit):
                done, rest = self._cut(draft, unit)
                if len(done.units) > done.repeated:
                    yield done
                draft, continued = rest, True
            draft.units.append(unit)
        if len(draft.units) > draft.repeated:
            yield draft

    def _full(self, draft: _Draft, unit: Unit) -> bool:
        """Whether ``unit`` would make a chunk too long; one that begins within a table or list bears more context."""
        first = draft.units[0]
        overhead = self._contexts.of(first.path)[1]
        if goes_along(self._text, self._blocks[first.block], first):
            overhead += self._settings.max_context_tokens
        return overhead + draft.tokens + unit.tokens > self._settings.max_tokens

    def _cut(self, draft: _Draft, following: Unit) -> tuple[_Draft, _Draft]:
        """End a full chunk: what is done, and what goes on into the next with ``following``."""
        units = draft.units
        end = len(units)
        if units[-1].block == following.block and following.kind in SENTENCES:
            total, before = draft.tokens, 0
            for index in range(1, len(units)):
                before += units[index - 1].tokens
                if units[index].block != units[index - 1].block and before >= 0.6 * total:
                    end = index
        while end > draft.repeated + 1 and self._leads_in(units[end - 1]):
            end -= 1
        if end == len(units) or self._leads_in(units[end - 1]):
            return draft, self._overlap(units, following)
        return _Draft(units[:end], draft.repeated), _Draft(units[end:])

    def _leads_in(self, unit: Unit) -> bool:
        """Whether a unit belongs with what follows it."""
        block = self._blocks[unit.block]
        items = [each for each in self._blocks[unit.block + 1 : unit.block + 2] if each.kind == "list_item"]
        has_items = unit.kind == "list_item" and any(0 < block.level < each.level for each in items)
        begins = unit.kind == "paragraph" and unit.end == block.end and items and leads_in(self._text, block)
        always = unit.kind in ("heading", "table_header") or self._text[unit.end - 1] in ":："
        return has_items or bool(begins) or always

    def _overlap(self, units: list[Unit], following: Unit) -> _Draft:
        """Begin a chunk with the last sentences of the paragraph that was cut, as many as are short together."""
        if units[-1].block != following.block or following.kind != "paragraph" or following.tokens * 2 > self._room:
            return _Draft()
        number = self._settings.overlap_sentences
        last = [unit for unit in units[1:][-number:] if unit.block == following.block] if number > 0 else []
        while sum(unit.tokens for unit in last) * 4 > self._room:
            last = last[1:]
        return _Draft(last, len(last))

    def _fit(self, drafts: list[_Draft]) -> list[_Draft]:
        """Count each chunk as it will be encoded, and cut in two the few that are too long after all.

        Sentences together may have more tokens than the sum of their parts; that is rare and small.
        """
        fitting: list[_Draft] = []
        counts = self._count([embedded_text(*self._parts(draft)) for draft in drafts])
        for draft, tokens in zip(drafts, counts, strict=True):
            if tokens <= self._settings.max_tokens:
                fitting.append(draft)
            elif len(draft.units) > 1:
                units = draft.units[draft.repeated :]
                middle = -(-len(units) // 2)
                fitting += self._fit([_Draft(half) for half in (units[:middle], units[middle:]) if half])
            elif draft.units[0].end - draft.units[0].start > 1:
                fitting += self._fit([_Draft([part]) for part in self._split(draft.units[0])])
            else:
                fitting.append(draft)
        return fitting

    def _parts(self, draft: _Draft) -> tuple[str, str]:
        """The context and the text of a chunk."""
        first = draft.units[0]
        path = first.path
        for unit in draft.units:
            if unit.path[: len(path)] != path:
                path = _common(path, unit.path)
        context = self._contexts.below(path, goes_along(self._text, self._blocks[first.block], first))
        return context, self._text[self._start(first) : draft.units[-1].end]

    def _start(self, unit: Unit) -> int:
        """Where a chunk that begins with ``unit`` starts: a list item takes its indentation along."""
        line = self._text.rfind("\n", 0, unit.start) + 1
        indented = unit.kind == "list_item" and self._text[line : unit.start].isspace()
        return line if indented else unit.start

    def _chunk(self, draft: _Draft) -> Chunk:
        context, text = self._parts(draft)
        start = self._start(draft.units[0])
        page = bisect_right(self._page_starts, start) - 1
        digest = hashlib.sha256(embedded_text(context, text).encode()).hexdigest()
        number = self._pages[page].number if page >= 0 else None
        place = describe(touched(self._pages, start, start + len(text)))
        metadata = {} if place in ("", f"page {number}") else {"place": place}
        return Chunk(start, start + len(text), context, digest, number, metadata)


def _words(text: str) -> str:
    """The text as it is encoded: the target of a link or an image says nothing to an encoder, however long it is."""
    return _TARGET.sub(r"\1", _TARGET.sub(r"\1", text)) if "](" in text else text


def _common(first: Path, second: Path) -> Path:
    length = 0
    while length < min(len(first), len(second)) and first[length] == second[length]:
        length += 1
    return first[:length]
