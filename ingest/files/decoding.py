"""Bytes of a text file to characters, without guessing wrong in silence.

UTF-8 and UTF-16 with a byte order mark are certain. Otherwise strict UTF-8 is tried, then the two legacy Chinese
encodings, GB18030 and Big5, judged by how much of the text falls in the rows that hold the characters in common use
(a test that works from a handful of characters on, where statistical detectors do not), then Western text, and last
charset-normalizer. What none of them can read is refused rather than stored as garbage.
"""

import codecs
import re

from ingest.documents import Refused

__all__ = ["decode"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_COMMON = frozenset(
    "的一是不了在人有我他这中大来上个国和说们为子到你地出时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都"
)
_COMMON |= frozenset("這個國說們為時會過學對後麼來與無開關於資業")
_ENOUGH_TO_EXPECT_COMMON = 60
_CONVINCING = 0.75


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of ``data``, every line end a single line feed, and the name of its encoding.

    Raises:
        Refused: the bytes are no text, or text in an encoding that cannot be told.
    """
    text, encoding = _decode(data)
    if len(_CONTROL.findall(text[:200_000])) > len(text[:200_000]) / 200 or "\0" in text:
        raise Refused("it holds binary data, not text; convert it to PDF, DOCX, HTML, Markdown or plain text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _decode(data: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = _try(data, encoding)
            if text is None:
                raise Refused(f"it is marked as {encoding.removesuffix('-sig')} and is not; save it as UTF-8")
            return text, encoding.removesuffix("-sig")
    if b"\0" in data:
        text, encoding = _unmarked_utf16(data)
        if text is not None:
            return text, encoding
        raise Refused("it holds binary data, not text; if it is text in UTF-16, save it as UTF-8")
    text = _try(data, "utf-8")
    if text is not None:
        return text, "utf-8"
    _refuse_damaged_utf8(data)
    scored = [(score, name, text) for name in ("gb18030", "big5") if (text := _try(data, name)) is not None
              and (score := _chinese_score(data, text, name)) >= _CONVINCING]  # fmt: skip
    if scored:
        _, name, text = max(scored, key=lambda entry: (entry[0], entry[1]))
        return text, name
    text = _try(data, "cp1252")
    if text is not None and _looks_western(text):
        return text, "cp1252"
    return _detect(data)


def _refuse_damaged_utf8(data: bytes) -> None:
    """Refuse UTF-8 in which some bytes are broken, as a cut download leaves it; no other encoding reads it right.

    Characters of several bytes follow a strict form in UTF-8, so text in another encoding hardly ever has any: where
    they are many times more than what is broken, the text is UTF-8.

    Raises:
        Refused: the text is UTF-8 and damaged.
    """
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) - broken >= 10 * broken:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        raise Refused(f"it is UTF-8 with damage, first in line {line}; fetch it again, or mend it in an editor")


def _unmarked_utf16(data: bytes) -> tuple[str | None, str]:
    """Decode UTF-16 without a mark, told by zeros that fall on one side of nearly all pairs of bytes."""
    sample = data[:20_000]
    high, low = sample[::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if low > high else "utf-16-be"
    if min(high, low) * 20 > max(high, low) or max(high, low) * 8 < len(sample):
        return None, encoding
    return _try(data, encoding), encoding


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _chinese_score(data: bytes, text: str, encoding: str) -> float:
    """The share of two-byte characters that are Chinese in common use or full-width punctuation, in [0, 1].

    GB 2312 puts its 3,755 frequent characters in lead bytes B0-D7, Big5 its 5,401 in A4-C6. Korean (EUC-KR) falls in
    the same rows as the former, so a longer text must also hold some of the most frequent characters of all.
    """
    first, last, marks = (0xB0, 0xD7, range(0xA1, 0xA4)) if encoding == "gb18030" else (0xA4, 0xC6, range(0xA1, 0xA4))
    double = good = 0
    index = 0
    sample = data[:200_000]
    while index < len(sample) - 1:
        lead, trail = sample[index], sample[index + 1]
        if lead < 0x80:
            index += 1
            continue
        double += 1
        in_set = trail >= 0xA1 if encoding == "gb18030" else True
        good += in_set and (first <= lead <= last or lead in marks)
        index += 2
    if not double:
        return 0.0
    common = sum(character in _COMMON for character in text[:100_000])
    if double >= _ENOUGH_TO_EXPECT_COMMON and common < double / 50:
        return 0.0
    return good / double


def _looks_western(text: str) -> bool:
    """True where accented letters and typographic marks are sprinkled among plain Latin letters."""
    foreign = [character for character in text if character > "\x7f"]
    likely = sum(character.isalpha() or character in "‘’“”–—…€£©®°«»§·•¿¡\xa0" for character in foreign)
    letters = sum(character.isascii() and character.isalpha() for character in text)
    return likely >= 0.9 * len(foreign) and len(foreign) <= 0.5 * letters


def _detect(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:500_000]).best()
    text = _try(data, best.encoding) if best is not None else None
    if best is None or text is None or best.chaos > 0.2:
        raise Refused("its text is in an encoding that cannot be told; save it as UTF-8")
    return text, best.encoding
