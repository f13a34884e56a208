"""What a loader makes of a file: the text that will be stored, and where its parts are.

A :class:`Loaded` holds the document's stored text, settled once and for all. Everything else points into it by
character offsets: blocks (headings, paragraphs, list items, table rows, code) for the chunker, pages for citations.
Blocks are in reading order and do not overlap; text outside every block is treated as plain paragraphs.

A file that cannot become a document ends in one of two ways, each with a line that says what to do about it:

* :class:`Refused`: we understand the file and decline it (empty, encrypted, binary, unknown type, too large, no text);
* any other :class:`indexes.errors.LoadError`: the file is broken or surprised its reader, and counts as *failed*.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexes.errors import LoadError
from indexes.records import Metadata, PageSpan

__all__ = ["Block", "BlockKind", "Limits", "LoadOptions", "Loaded", "Part", "PdfReader", "Refused", "TextBuilder"]

BlockKind = Literal["heading", "paragraph", "list_item", "table_header", "table_row", "code"]

_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_header", "table_row"})


class Refused(LoadError):
    """We understand what the file is and decline it; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Block:
    """``text[start:end]`` is one part of a document.

    ``level`` counts from 1: a heading's rank, or the number of lists that a part is in; 0 where there is none.
    """

    start: int
    end: int
    kind: BlockKind
    level: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file as its loader understood it.

    Attributes:
        text: The text that will be stored.
        format: The kind of file: ``pdf``, ``markdown``, …
        title: None where the file names none.
        blocks: Its parts in reading order.
        pages: Where stretches of the text stand in the file.
        metadata: What else the file says of itself.
        recognised: For each page whose text was read from its picture, how sure the reader is of it, in [0, 1].
    """

    text: str
    format: str
    title: str | None = None
    blocks: tuple[Block, ...] = ()
    pages: tuple[PageSpan, ...] = ()
    metadata: Metadata = field(default_factory=dict)
    recognised: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file, so that no file can take the machine.

    Attributes:
        max_bytes: Bytes of the file, and of each member of an archive.
        max_unpacked_bytes: Bytes that a package or archive unpacks to, with all that is packed in it.
        max_ratio: How many times its packed size an archive may unpack to.
        max_members: Files in an archive, with those in archives in it.
        max_depth: Archives (and mails with attachments) within one another.
        max_pages: Pages, slides or sheets.
        max_characters: Characters of text.
        max_seconds: Seconds of work on one file.
        max_memory: Bytes that the process that reads files may hold.
    """

    max_bytes: int = 200_000_000
    max_unpacked_bytes: int = 400_000_000
    max_ratio: int = 200
    max_members: int = 10_000
    max_depth: int = 3
    max_pages: int = 5_000
    max_characters: int = 50_000_000
    max_seconds: float = 600.0
    max_memory: int = 2_000_000_000


PdfReader = Literal["pdfium", "pypdf"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How files are read: within which limits, with which reader of PDFs, and whether pictures are read (OCR)."""

    limits: Limits = field(default_factory=Limits)
    pdf: PdfReader = "pdfium"
    ocr: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a file, or of one file in it.

    A plain file has one part. An archive or a mail has one for each file in it, and a mail one for itself.

    Attributes:
        path: Where in the file it is: empty for the file itself, else ``folder/a.pdf`` or ``inner.zip!/b.txt``.
        digest: SHA-256 of its bytes, in hex; empty for a file in an archive whose bytes could not be had.
        loaded: The document; None where there is none, and then ``reason`` says why.
        outcome: ``refused`` or ``failed`` where there is no document.
        reason: One line: what was found and what to do about it.
    """

    path: str
    digest: str
    loaded: Loaded | None = None
    outcome: Literal["", "refused", "failed"] = ""
    reason: str = ""


class TextBuilder:
    """Builds the stored text of a format that has no plain text of its own, noting each part's offsets.

    Parts are set apart by a blank line; rows of one table and items of one list by a line break.
    """

    def __init__(self, max_characters: int) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._limit = max_characters
        self.blocks: list[Block] = []

    @property
    def length(self) -> int:
        """The number of characters so far."""
        return self._length

    def add(self, text: str, kind: BlockKind, level: int = 0) -> Block | None:
        """Append a part and return its block, or None where ``text`` is blank.

        Raises:
            Refused: the document grows beyond the limit of characters.
        """
        text = text.strip("\n").rstrip() if kind in ("code", "list_item") else text.strip()
        if not text:
            return None
        if self.blocks:
            last = self.blocks[-1].kind
            tight = kind in _TIGHT and last in _TIGHT and (kind == "list_item") == (last == "list_item")
            apart = not tight or (kind == "table_header" and last != "table_header")
            self._push("\n\n" if apart else "\n")
        block = Block(self._length, self._length + len(text), kind, level)
        self._push(text)
        self.blocks.append(block)
        if self._length > self._limit:
            raise Refused(f"its text is longer than {self._limit:,} characters; split it, or raise the limit")
        return block

    def add_row(self, cells: Iterable[str], *, header: bool = False) -> Block | None:
        """Append a table row as ``| cell | cell |``, or nothing where all cells are blank."""
        texts = [" ".join(cell.split()) for cell in cells]
        if not any(texts):
            return None
        return self.add(f"| {' | '.join(texts)} |", "table_header" if header else "table_row")

    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def _push(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
