"""Bytes of a text file to characters, without guessing wrong in silence.

UTF-8 and UTF-16 with a byte order mark are certain. Otherwise strict UTF-8 is tried, then Russian and its relatives by
the shape of their words, the two legacy Chinese encodings, GB18030 and Big5, judged by how much of the text falls in
the rows that hold the characters in common use (a test that works from a handful of characters on, where statistical
detectors do not), Japanese and Korean by their scripts, then Western text, and last charset-normalizer. What may be
text in several encodings, as a few characters often may, is Chinese, unless its UTF-8 makes sense. What none of them
can read is refused rather than stored as garbage. An encoding that the text itself declares (HTML, XML) or that came
with it (mail) is tried after UTF-8 and before the guesses.
"""

import codecs
import contextlib
import re
from collections.abc import Sequence

from ingest.documents import Refused

__all__ = ["decode", "decode_names"]

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
_DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})["']|<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252", "shift_jis": "cp932",
           "euc_kr": "cp949", "big5": "big5hkscs", "iso8859-9": "cp1254", "tis-620": "cp874"}  # fmt: skip
_NEVER_FAIL = frozenset({"cp1252", "latin-1", "cp437", "iso8859-15"})
_KANA = re.compile(r"[\u3041-\u30ff]")
_SCRIPTS = (
    ("euc_kr", re.compile(r"[\uac00-\ud7a3]"), 0.95, 12),
    ("euc_jp", _KANA, 0.25, 3),
    ("cp932", _KANA, 0.25, 3),
)  # an encoding, what is in hardly any text of another, the share of it among all but ASCII, and of how many at least
_ENOUGH_TO_EXPECT_KANJI = 8
_KANA_BY_CHANCE = 0.6, 6
_CYRILLIC = ("cp1251", "koi8_r", "cp866")
_CYRILLIC_WORD = re.compile(r"[A-Za-z\u0400-\u045f\u0490\u0491]+")
_CYRILLIC_SHAPE = re.compile(r"[A-Za-z]+|[Ѐ-ЯҐ]?[а-џґ]+|[Ѐ-ЯҐ]+")
_CYRILLIC_SIGNS = frozenset("«»„“”‘’–—…№§°©\xa0•")
_CYRILLIC_FREQUENT = frozenset("оеаинтсрвлОЕАИНТСРВЛ")
_FEWEST_CYRILLIC = 10
_LEAST_FREQUENT = 0.45
"""Half of Russian are the frequent letters; of Greek that is read as Russian, a third."""
_MORE_FOR_SMALL = 0.15
_RUN = re.compile(r"[^\x00-\x7f]+")
_TWO_BYTE_SCRIPTS = (range(0xA1, 0x180), range(0x386, 0x3F7), range(0x400, 0x460), range(0x530, 0x590),
                     range(0x590, 0x600), range(0x600, 0x700))  # fmt: skip
_SAMPLE = 100_000
_ENOUGH_TO_EXPECT_COMMON = 60
_CONVINCING = 0.75


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """Return the text of ``data``, every line end a single line feed, and the name of its encoding.

    ``declared`` is the name of the encoding that came with the bytes, which may well be wrong.

    Raises:
        Refused: the bytes are no text, or text in an encoding that cannot be told.
    """
    text, encoding = _decode(data, declared or _declared(data))
    if len(_CONTROL.findall(text[:200_000])) > len(text[:200_000]) / 200 or "\0" in text:
        raise Refused("it holds binary data, not text; convert it to PDF, DOCX, HTML, Markdown or plain text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Return the names of files in an archive that does not say in which encoding they are; all are in the same.

    They are UTF-8, else Chinese or Japanese where most of their characters are in common use, else code page 437.
    """
    joined = b"\n".join(names)
    encodings = ["utf-8", *(encoding for _, encoding, _ in _eastern(joined)), "cp437"]
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            return [name.decode(encoding) for name in names]
    return [name.decode("cp437") for name in names]


def _declared(data: bytes) -> str | None:
    """The encoding that a page of HTML or a file of XML says it is in."""
    match = _DECLARATION.search(data[:4096])
    return next(filter(None, match.groups())).decode("ascii", "replace") if match else None


def _decode(data: bytes, declared: str | None) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            marked = _try(data, encoding)
            if marked is None:
                raise Refused(f"it is marked as {encoding.removesuffix('-sig')} and is not; save it as UTF-8")
            return marked, encoding.removesuffix("-sig")
    if b"\0" in data:
        return _unmarked_utf16(data)
    certain = ("iso2022_jp", "utf-8") if b"\x1b$" in data[:20_000] else ("utf-8",)
    for encoding in certain:
        text = _try(data, encoding)
        if text is not None:
            chinese = _by_chance_utf8(data, text) if encoding == "utf-8" else None
            return (text, encoding) if chinese is None else (chinese, "gb18030")
    _refuse_damaged_utf8(data)
    known = _as_declared(data, declared) if declared is not None else None
    return known or _guess(data)


def _by_chance_utf8(data: bytes, text: str) -> str | None:
    """The Chinese text whose few bytes are UTF-8 by chance, as those of 系统 are; None where UTF-8 makes sense.

    It does where a character stands alone among ASCII, and where neighbours are of one script.
    """
    runs = _RUN.findall(text[:_SAMPLE])
    if not runs or any(len(run) < 2 or max(run) > "\u07ff" for run in runs) or all(map(_is_one_script, runs)):
        return None
    chinese = _try(data, "gb18030")
    return chinese if chinese is not None and _chinese_score(data, chinese, "gb18030") == 1 else None


def _is_one_script(run: str) -> bool:
    letters = list(map(ord, filter(str.isalpha, run)))
    return any(all(letter in script for letter in letters) for script in _TWO_BYTE_SCRIPTS)


def _guess(data: bytes) -> tuple[str, str]:
    cyrillic = _cyrillic(data)
    if cyrillic is not None:
        return cyrillic
    eastern = _eastern(data)
    if eastern:
        return eastern[0][2], eastern[0][1]
    text = _try(data, "cp1252")
    if text is not None and _looks_western(text):
        return text, "cp1252"
    return _detect(data)


def _as_declared(data: bytes, declared: str) -> tuple[str, str] | None:
    """Decode as was declared, by the larger encodings that people mean by the names of smaller ones.

    Latin-1 is declared for anything and never fails, so it is believed only where the text looks Western.
    """
    try:
        name = codecs.lookup(declared.strip()).name
    except (LookupError, ValueError):
        return None
    name = _LARGER.get(name, name)
    text = _try(data, name)
    if text is None or "\ufffd" in text or (name in _NEVER_FAIL and not _looks_western(text)):
        return None
    return text, name


def _cyrillic(data: bytes) -> tuple[str, str] | None:
    """Read Cyrillic text: words of small letters, or with one capital first, or of capitals, and the usual letters.

    What is Chinese or in another of these encodings has capitals within its words, and signs.
    """
    found = []
    for name in _CYRILLIC:
        text = _try(data, name)
        if text is None:
            continue
        wide = [character for character in text[:_SAMPLE] if character > "\x7f"]
        letters = [character for character in wide if character not in _CYRILLIC_SIGNS]
        words = _CYRILLIC_WORD.findall(text[:_SAMPLE])
        shaped = sum(_CYRILLIC_SHAPE.fullmatch(word) is not None for word in words)
        if len(letters) < _FEWEST_CYRILLIC or not all(map(_CYRILLIC_WORD.match, letters)) or shaped < 0.95 * len(words):
            continue
        small = sum(map(str.islower, letters)) >= len(letters) / 2
        frequent = sum(character in _CYRILLIC_FREQUENT for character in letters) / len(letters)
        if frequent >= _LEAST_FREQUENT:
            found.append((frequent + small * _MORE_FOR_SMALL, text, name))
    return max(found)[1:] if found else None


def _eastern(data: bytes) -> list[tuple[float, str, str]]:
    """The encodings of the East that read the bytes convincingly: score, name and text, the best first."""
    scored = [(score, name, text) for name in ("gb18030", "big5") if (text := _try(data, name)) is not None
              and (score := _chinese_score(data, text, name)) >= _CONVINCING]  # fmt: skip
    found = sorted(scored, key=lambda entry: entry[:2], reverse=True)
    for name, script, share, fewest in _SCRIPTS:
        text = _try(data, name)
        if text is None or (wide := _wide(text[:_SAMPLE])) < fewest:
            continue
        own = len(script.findall(text[:_SAMPLE])) / wide
        if name == "euc_jp" and found and wide < _ENOUGH_TO_EXPECT_KANJI:
            share, fewest = _KANA_BY_CHANCE  # Big5 has the frequent characters where EUC-JP has kana
        if own >= share and wide >= fewest:
            found.insert(0, (own, name, text))
    return found


def _wide(text: str) -> int:
    return sum(character > "\x7f" for character in text)


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


def _unmarked_utf16(data: bytes) -> tuple[str, str]:
    """Decode UTF-16 without a mark, told by zeros that fall on one side of nearly all pairs of bytes.

    Raises:
        Refused: the bytes are anything else.
    """
    sample = data[:20_000]
    high, low = sample[::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if low > high else "utf-16-be"
    if min(high, low) * 20 <= max(high, low) and max(high, low) * 8 >= len(sample):
        text = _try(data, encoding)
        if text is not None:
            return text, encoding
    raise Refused("it holds binary data, not text; if it is text in UTF-16, save it as UTF-8")


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
