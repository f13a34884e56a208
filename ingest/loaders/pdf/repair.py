"""A PDF whose table of objects is lost, as where the file is cut short, gets a new one.

The objects that are whole are found by their headers, and listed. The root is the file's own where it and the list of
pages survive; else a new one lists what pages there are, in the order in which they stand in the file. Objects that
are packed in streams are not found.
"""

import re

__all__ = ["repaired"]

_OBJECT = re.compile(rb"(?<!\d)(\d{1,8})\s+(\d{1,5})\s+obj\b")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_TREE = re.compile(rb"/Pages\s+(\d+)\s+\d+\s+R")
_WINDOW = 4_000
"""In so many bytes of an object its type is looked for."""
_MOST_OBJECTS = 1_000_000


def repaired(source: bytes) -> bytes:
    """Return the file up to its last whole object, with a new table of objects.

    Raises:
        ValueError: no page is found.
    """
    whole = source[: source.rfind(b"endobj") + len(b"endobj")]
    headers = list(_OBJECT.finditer(whole))
    if not headers or len(headers) > _MOST_OBJECTS:
        raise ValueError("no objects")
    offsets = {int(header[1]): header.start() for header in headers}
    pages: list[int] = []
    root = 0
    for header in headers:
        number = int(header[1])
        body = whole[header.end() : header.end() + _WINDOW].partition(b"endobj")[0].partition(b"stream")[0]
        if _PAGE.search(body) and number not in pages:
            pages.append(number)
        tree = _TREE.search(body) if _CATALOG.search(body) else None
        if tree and int(tree[1]) in offsets:
            root = number
    if not pages:
        raise ValueError("no pages")
    return _written(whole, offsets, root, pages)


def _written(whole: bytes, offsets: dict[int, int], root: int, pages: list[int]) -> bytes:
    """The file with a root, if it has none, and the table of all objects."""
    result = bytearray(whole + b"\n")
    if not root:
        root, tree = max(offsets) + 1, max(offsets) + 2
        kids = b" ".join(b"%d 0 R" % page for page in pages)
        for number, body in (
            (root, b"<</Type/Catalog/Pages %d 0 R>>" % tree),
            (tree, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids)),
        ):
            offsets[number] = len(result)
            result += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(result)
    result += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in sorted(offsets.items()):
        if number:
            result += b"%d 1\n%010d 00000 n \n" % (number, offset)
    result += b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (max(offsets) + 1, root, start)
    return bytes(result)
