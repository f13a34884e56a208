"""The control words and the text of RTF: a stream of events, with all encodings undone.

An event is a pair: ``("text", words)``, ``("begin", "")`` and ``("end", "")`` for groups, or a control word with its
number as text (``("par", "")``, ``("ls", "2")``). Pictures, fonts and whatever else is not shown are left out.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["Event", "events"]

Event = tuple[str, str]

_TOKEN = re.compile(r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)|[\r\n]+", re.S)
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ",
    "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
_SYMBOLS = {"~": " ", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\", "\n": "\0", "\r": "\0", "\t": "\t"}
_NOT_SHOWN = frozenset(
    {"pict", "colortbl", "xe", "tc", "rxe", "txe", "private", "sn", "sv", "do", "nonesttables", "fldinst", "pn"}
    | {"objdata", "header", "headerf", "headerl", "headerr", "footer", "footerf", "footerl", "footerr"}
    | {"ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn"}
)
_SHOWN = frozenset({"shpinst", "shptxt", "fonttbl", "listtext", "pntext", "nesttableprops"})
"""Destinations that are read although they are marked as such that an old program may pass over."""
_PAGES = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_CODE_PAGES = {936: "gb18030", 950: "cp950", 65001: "utf-8", 10000: "mac_roman"}


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits: whether it is shown, its encoding, and how many bytes stand in for a Unicode character."""

    shown: bool = True
    hidden: bool = False
    page: str = ""
    stand_ins: int = 1
    in_fonts: bool = False


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._page = "cp1252"
        self._fonts: dict[str, str] = {}
        self._font = ""
        self._state = _State()
        self._stack: list[_State] = []
        self._optional = False
        self._skip = 0
        self._decoder = codecs.getincrementaldecoder("cp1252")("replace")
        self._decodes = "cp1252"
        self._pieces: list[str] = []

    def events(self) -> Iterator[Event]:
        """Read to the end; a group that is never closed ends there."""
        position = 0
        while match := _TOKEN.match(self._source, position):
            position = match.end()
            word, number, byte, symbol, brace, text = match.groups()
            if word == "bin":
                position += max(int(number or 0), 0)
            elif word is not None:
                yield from self._control(word, number or "")
            elif byte or text:
                self._bytes(bytes.fromhex(byte) if byte else text.encode("latin-1", "replace"))
            elif brace:
                yield from self._flush()
                yield from self._brace(brace)
            elif symbol == "*":
                self._optional = True
            elif symbol is not None:
                yield from self._symbol(symbol)
        yield from self._flush()

    def _brace(self, brace: str) -> Iterator[Event]:
        self._optional = False
        self._skip = 0
        if brace == "{":
            self._stack.append(self._state)
            yield "begin", ""
        elif self._stack:
            self._state = self._stack.pop()
            yield "end", ""

    def _symbol(self, symbol: str) -> Iterator[Event]:
        if self._skip:
            self._skip -= 1
            return
        character = _SYMBOLS.get(symbol, "")
        if character == "\0":
            yield from self._flush()
            yield "par", ""
        else:
            self._put(character)

    def _control(self, word: str, number: str) -> Iterator[Event]:
        if word == "u" and number:
            self._unicode(int(number))
            return
        if word in _CHARACTERS:
            self._put(_CHARACTERS[word])
            return
        yield from self._flush()
        self._visibility(word, number)
        self._encoding(word, number)
        self._optional = False
        if self._state.shown:
            yield word, number

    def _visibility(self, word: str, number: str) -> None:
        if word in _NOT_SHOWN or (self._optional and word not in _SHOWN):
            self._state = replace(self._state, shown=False)
        elif word in ("v", "deleted"):
            self._state = replace(self._state, hidden=number != "0")
        elif word == "plain":
            self._state = replace(self._state, hidden=False, page="")

    def _encoding(self, word: str, number: str) -> None:
        if word == "uc":
            self._state = replace(self._state, stand_ins=min(max(int(number or 1), 0), 16))
        elif word == "ansicpg":
            self._page = _known(_CODE_PAGES.get(int(number or 1252), f"cp{number}"))
        elif word == "mac":
            self._page = "mac_roman"
        elif word == "fonttbl":
            self._state = replace(self._state, in_fonts=True)
        elif self._state.in_fonts and word == "f":
            self._font = number
        elif self._state.in_fonts and word == "fcharset":
            self._fonts[self._font] = _PAGES.get(int(number or 0), "")
        elif word == "f":
            page = self._fonts.get(number, "")
            western = page == "cp1252" and self._page not in self._fonts.values()  # no font is for the file's language
            self._state = replace(self._state, page="" if western else page)

    def _unicode(self, number: int) -> None:
        self._finish()
        self._put(chr(number % 0x10000), decoded=True)
        self._skip = self._state.stand_ins

    def _bytes(self, data: bytes) -> None:
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        page = self._state.page or self._page
        if page != self._decodes:
            self._finish()
            self._decodes, self._decoder = page, codecs.getincrementaldecoder(page)("replace")
        self._put(self._decoder.decode(data), decoded=True)

    def _put(self, text: str, *, decoded: bool = False) -> None:
        state = self._state
        if not decoded:
            self._finish()
        if state.shown and not state.hidden and not state.in_fonts:
            self._pieces.append(text)

    def _finish(self) -> None:
        """End a character of several bytes that was cut short."""
        rest = self._decoder.decode(b"", True)
        self._decoder.reset()
        if rest:
            self._put(rest, decoded=True)

    def _flush(self) -> Iterator[Event]:
        self._finish()
        text, self._pieces = "".join(self._pieces), []
        if text:
            yield "text", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def events(source: bytes) -> Iterator[Event]:
    """The events of an RTF file."""
    return _Reader(source.decode("latin-1")).events()


def _known(page: str) -> str:
    try:
        return codecs.lookup(page).name
    except LookupError:
        return "cp1252"
