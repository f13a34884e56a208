"""What a line of text stands under: headings and list items above it, read off Markdown's marks and indentation.

In notes kept as nested lists a line means little without the items it hangs on; a sentence taken out of its chunk
takes them along.
"""

import re

__all__ = ["parents", "plain_markup"]

_LINE = re.compile(r"(?P<indent>[ \t]*)(?:(?P<hashes>#{1,6})[ \t]+|(?:[-*+•]|\d{1,3}[.)、])[ \t]+)(?P<words>.*)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(?<!\w)[*_~`]+(?=\S)|(?<=\S)[*_~`]+(?!\w)")
_MARKER = re.compile(r"^[ \t]*(?:#{1,6}|[-*+•])[ \t]+", re.MULTILINE)


def parents(text: str, offset: int) -> list[str]:
    """The words of the headings and list items that the line at ``offset`` stands under, outermost first."""
    lines = text[: text.find("\n", offset) if "\n" in text[offset:] else len(text)].split("\n")
    own = _LINE.match(lines[-1])
    indent = _width(lines[-1][: len(lines[-1]) - len(lines[-1].lstrip())])
    level = len(own["hashes"]) if own and own["hashes"] else 7
    found: list[str] = []
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
    return [words for words in reversed(found) if words]


def plain_markup(text: str) -> str:
    """Text as it reads: links by their words, no images, no emphasis, no marks at the start of lines."""
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    return " ".join(_MARKS.sub("", _MARKER.sub("", text)).split())


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))
