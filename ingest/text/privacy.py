"""Finds personal data and secrets in a text and blacks them out at equal length, so that every offset stays right.

What is found: e-mail addresses, phone numbers (as written in English-speaking countries and in China), payment cards,
Chinese resident identity numbers, IBANs, and secrets (keys of known make, private keys, passwords that are assigned).
Numbers must bear out what they seem to be: cards by issuer and check digit (Luhn, ISO/IEC 7812-1), identity numbers
by birthday, province and check character (GB 11643-1999, ISO 7064 MOD 11-2), IBANs by country and ISO 7064 MOD 97-10.
What has no check digit must look the part: :mod:`ingest.text.phones`, :mod:`ingest.text.credentials`.

Full-width digits and letters count as plain ones. Spaces and hyphens within numbers do not matter, and where a check
digit confirms it a number may go on in the next line. Every search takes time in step with the length of the text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.text.credentials import find_secrets
from ingest.text.phones import find_phones

__all__ = ["Finding", "Kind", "find", "masked"]

Kind = Literal["email", "phone", "card", "id", "iban", "secret"]
_MASK = "█"


@dataclass(frozen=True, slots=True)
class Finding:
    """``text[start:end]`` is personal data or a secret of this kind."""

    kind: Kind
    start: int
    end: int


_PLAIN = str.maketrans(
    "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0\u2010\u2011\u2012\u2013\u2014\u2212",
    "".join(map(chr, range(0x21, 0x7F))) + "  ------",
)
_BREAK = r"(?:[ -]|[ -]?\n[ \t]{0,8})"
"""What may stand between two groups of a number."""
_ALONE = r"(?<![A-Za-z0-9_.@#$€£¥])(?<![0-9][-/,:])(?<![/=&?]\w)"
_ENDS = r"(?![A-Za-z0-9_@%]|[-./,:]\d)"


def find(text: str) -> list[Finding]:
    """Return the personal data and secrets in ``text``, in order and without overlap."""
    plain = text.translate(_PLAIN)
    taken = bytearray(len(text))
    findings: list[Finding] = []
    for kind, search in _SEARCHES:
        for start, end in search(plain):
            if not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                findings.append(Finding(kind, start, end))
    return sorted(findings, key=lambda finding: finding.start)


def masked(text: str, findings: Sequence[Finding]) -> str:
    """Return ``text`` with ``█`` for every character of the findings; its length and its lines stay the same."""
    parts, position = [], 0
    for finding in sorted(findings, key=lambda each: each.start):
        start = max(position, finding.start)
        hidden = "".join(c if c in "\r\n" else _MASK for c in text[start : finding.end])
        parts += [text[position:start], hidden]
        position = max(position, finding.end)
    return "".join([*parts, text[position:]])


_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_DOMAIN = re.compile(r"\n?((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9_-])")
_FILES = " png jpg jpeg gif svg webp py js ts json css html htm md txt pdf csv xml so dll exe zip gz "
"""What ends the names of files rather than domains, as in ``icon@2x.png``."""


def _emails(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        file = domain is not None and f" {domain[1].rpartition('.')[2].lower()} " in _FILES
        if domain and not file and text[domain.end() : domain.end() + 1] != ":":
            before = text[max(0, at - 64) : at]
            start = at - len(before[len(before.rstrip(_LOCAL)) :].lstrip(".%+-"))
            if start < at and not (text[start - 1 : start] == ":" and "//" in before):
                yield start, domain.end()
        at = text.find("@", at + 1)


_ID = re.compile(rf"{_ALONE}[1-9]\d{{5}}{_BREAK}?\d{{8}}{_BREAK}?\d{{3}}[\dXx]{_ENDS}")
_BROKEN_ID = re.compile(rf"{_ALONE}[1-9](?:\d\n?){{16}}[\dXx]{_ENDS}")
_OLD_ID = re.compile(rf"{_ALONE}[1-8]\d{{14}}{_ENDS}")
_PROVINCES = (
    " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "
)
_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))


def _identities(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_ID, _BROKEN_ID, _OLD_ID):
        for match in pattern.finditer(text):
            digits = _bare(match[0])
            if match[0].count("\n") <= 1 and f" {digits[:2]} " in _PROVINCES and _is_identity(digits):
                yield match.span()


def _is_identity(digits: str) -> bool:
    """Whether birthday and check character of an identity number of 18 or 15 characters are right."""
    birthday = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    try:
        born = date(int(birthday[:4]), int(birthday[4:6]), int(birthday[6:]))
    except ValueError:
        return False
    if not 1880 <= born.year <= 2100 or digits[2:4] == "00":
        return False
    if len(digits) == 15:
        return True
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return "10X98765432"[total % 11] == digits[17].upper()


_CARD = re.compile(
    rf"{_ALONE}(?:\d{{4}}(?:([ -])\d{{4}}){{3}}(?:[ -]\d{{1,3}})?|\d{{4}}[ -]\d{{6}}[ -]\d{{4,5}}"
    rf"|\d{{4}}{_BREAK}\d{{4}}{_BREAK}\d{{4}}{_BREAK}\d{{4}}|\d{{13,19}}|\d(?:\d\n?){{12,17}}\d){_ENDS}"
)
_ISSUERS = (
    (r"4", (13, 16, 19)),
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    (r"3[47]", (15,)),
    (r"6011|65|64[4-9]", (16, 19)),
    (r"352[89]|35[3-8]", (16, 19)),
    (r"3(?:0[0-5]|[689])", (14,)),
    (r"62", (16, 17, 18, 19)),
)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = _bare(match[0])
        issued = any(len(digits) in lengths and re.match(start, digits) for start, lengths in _ISSUERS)
        if issued and match[0].count("\n") <= 1 and len(set(digits)) > 1 and _luhn(digits):
            yield match.span()


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(each - 9 * (each > 9) for each in doubled)) % 10 == 0


_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_IBAN_LENGTHS = (
    "NO15 BE16 DK18 FI18 NL18 SI19 AT20 EE20 LT20 LU20 CH21 HR21 LI21 LV21 BG22 DE22 GB22 IE22 CZ24 ES24 RO24 SE24 SK24"
    " PT25 FR27 GR27 IT27 MC27 CY28 HU28 PL28 MT31"
)


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        bare = match[0].replace(" ", "")
        if f"{bare[:2]}{len(bare)}" in _IBAN_LENGTHS and _mod_97(bare) == 1:
            yield match.span()


def _mod_97(iban: str) -> int:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _bare(number: str) -> str:
    return "".join(c for c in number if c.isalnum())


_SEARCHES: tuple[tuple[Kind, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("secret", find_secrets),
    ("email", _emails),
    ("id", _identities),
    ("iban", _ibans),
    ("card", _cards),
    ("phone", find_phones),
)
