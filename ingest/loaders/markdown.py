"""Markdown: stored word for word; its parts are found by the line numbers of markdown-it's block tokens.

Front matter between ``---`` lines gives metadata from its plain ``key: value`` lines. The title is the front
matter's, else that of the first heading of the highest level near the top. A comment that stands alone is stored but
is no part: nobody who reads the page sees it, so it is neither found nor quoted.
"""

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from indexes.records import Scalar
from ingest.documents import Block, BlockKind, Limits, Loaded, Refused
from ingest.text.cleaning import plain_heading

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["load"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_SCALAR_LINE = re.compile(r"^([A-Za-z_][\w-]*):[ \t]+(\S.*)$", re.MULTILINE)
_COMMENT = re.compile(r"\s*(?:<!--(?:(?!-->).)*-->\s*)+\Z", re.DOTALL)
_LEAF_KINDS: dict[str, BlockKind] = {"fence": "code", "code_block": "code", "html_block": "paragraph"}


def load(source: str, limits: Limits) -> Loaded:
    """Load Markdown.

    Raises:
        Refused: the text is longer than the limit.
    """
    if len(source) > limits.max_characters:
        raise Refused(f"its text is longer than {limits.max_characters:,} characters; split it, or raise the limit")
    metadata, body = _front_matter(source)
    blocks = [Block(0, body, "code")] if body else []
    blocks += _blocks(source, body)
    title = metadata.pop("title", None)
    return Loaded(source, "markdown", str(title) if title else _title(source, blocks), tuple(blocks), (), metadata)


def _front_matter(source: str) -> tuple[dict[str, Scalar], int]:
    match = _FRONT_MATTER.match(source)
    if match is None or not _SCALAR_LINE.search(match[1]):
        return {}, 0
    found: dict[str, Scalar] = {}
    for key, value in _SCALAR_LINE.findall(match[1]):
        if value[0] not in "[{|>&*!#":
            found[key] = value.rstrip(" \t").strip("\"'")
    return found, match.end()


def _blocks(source: str, body: int) -> list[Block]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["block"])
    text = source[body:]
    starts = [body, *(body + offset for offset in accumulate(len(line) + 1 for line in text.split("\n")))]
    blocks: list[Block] = []
    for token, kind, depth in _structure(parser.parse(text)):
        if token.map is None:
            continue
        delimiter = kind == "table_header"  # the line of dashes below belongs to the header
        start, end = starts[token.map[0]], min(starts[token.map[1] + delimiter], len(source))
        if blocks:
            start = max(start, blocks[-1].end)
        if source[start:end].strip():
            level = int(token.tag[1]) if kind == "heading" else depth
            blocks.append(Block(start, start + len(source[start:end].rstrip()), kind, level))
    return blocks


def _structure(tokens: "list[Token]") -> "list[tuple[Token, BlockKind, int]]":
    """Pick the tokens that stand for parts, with their kinds and the number of lists they are in."""
    found: list[tuple[Token, BlockKind, int]] = []
    lists = 0
    head = False
    for token in tokens:
        if token.type == "list_item_open":
            lists += 1
        elif token.type == "list_item_close":
            lists -= 1
        elif token.type in ("thead_open", "thead_close"):
            head = token.nesting == 1
        elif token.type == "tr_open":
            found.append((token, "table_header" if head else "table_row", lists))
        elif token.type == "heading_open":
            found.append((token, "heading", lists))
        elif token.type == "paragraph_open":
            found.append((token, "list_item" if lists else "paragraph", lists))
        elif token.type == "html_block" and _COMMENT.match(token.content):
            continue
        elif token.type in _LEAF_KINDS:
            found.append((token, _LEAF_KINDS[token.type], lists))
    return found


def _title(source: str, blocks: list[Block]) -> str | None:
    headings = [block for block in blocks if block.kind == "heading"][:3]
    if not headings:
        return None
    best = min(headings, key=lambda block: block.level)
    return plain_heading(source[best.start : best.end]) or None
