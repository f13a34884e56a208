"""What a line of text stands under, read off Markdown's marks and indentation.

These are the headings and list items above it, for an item of a list also the line that leads in to the list, and for
a row of a table the row that the table begins with. A row or an item means little without them; a sentence taken out
of its chunk takes them along.
"""

import re

__all__ = ["parents", "plain_markup"]

_LINE = re.compile(r"(?P<indent>[ \t]*)(?:(?P<hashes>#{1,6})[ \t]+|(?:[-*+•]|\d{1,3}[.)、])[ \t]+)(?P<words>.*)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(?<!\w)[*_~`]+(?=\S)|(?<=\S)[*_~`]+(?!\w)")
_MARKER = re.compile(r"^[ \t]*(?:#{1,6}|[-*+•])[ \t]+", re.MULTILINE)


def parents(text: str, offset: int, *, within_table: bool = False) -> list[str]:
    """The words of what the line at ``offset`` stands under, outermost first.

    ``within_table`` says that ``text`` begins within a table, so that its first row is no header.
    """
    lines = text[: text.find("\n", offset) if "\n" in text[offset:] else len(text)].split("\n")
    own = _LINE.match(lines[-1])
    indent = _width(lines[-1][: len(lines[-1]) - len(lines[-1].lstrip())])
    level = len(own["hashes"]) if own and own["hashes"] else 7
    listed = own is not None and level == 7
    found = _header(lines, within_table)
    for line in reversed(lines[:-1]):
        mark = _LINE.match(line)
        if mark and mark["hashes"]:
            if len(mark["hashes"]) < level:
                found.append(plain_markup(mark["words"]))
                level = len(mark["hashes"])
            indent = 0
        elif mark and _width(mark["indent"]) < indent:
            found.append(plain_markup(mark["words"]))
            indent = _width(mark["indent"])
        elif line.strip() and not line[0].isspace() and not mark:
            indent = 0  # a paragraph: the list above it has ended
            if listed and line.rstrip()[-1] in ":：":
                found.append(plain_markup(line))
            listed = False
    return [words for words in reversed(found) if words]


def _header(lines: list[str], within_table: bool) -> list[str]:
    """The first row of the table that ends with the last of ``lines``, where that is a row below it."""
    at = len(lines)
    while at and lines[at - 1].startswith("|"):
        at -= 1
    begins_here = not lines[at - 1].strip() if at else not within_table
    return [plain_markup(lines[at]).strip("| ")] if begins_here and at < len(lines) - 1 else []


def plain_markup(text: str) -> str:
    """Text as it reads: links by their words, no images, no emphasis, no marks at the start of lines."""
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    return " ".join(_MARKS.sub("", _MARKER.sub("", text)).split())


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))
