"""Secrets in a text: keys of known make, private keys, passwords in addresses, and what is assigned to a password.

A value counts as a password where it looks drawn by lot: kinds of characters mixed, and enough bits per character.
Names of variables, references such as ``${TOKEN}`` and calls are none.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

__all__ = ["find_secrets"]

_KEYS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"  # Amazon Web Services
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}"  # Slack
    r"|sk-(?:[a-z0-9]{2,10}-){0,3}[A-Za-z0-9_]{20,255}|sk-(?:proj|ant|svcacct)-[A-Za-z0-9_-]{20,255}"
    r"|AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,64}|ya29\.[A-Za-z0-9_-]{20,512}"  # Google
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}"
    r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"
    r"|LTAI[A-Za-z0-9]{16,26}|AKID[A-Za-z0-9]{28,40}"  # Alibaba and Tencent Cloud
    r"|eyJ[A-Za-z0-9_-]{8,4096}+\.eyJ[A-Za-z0-9_-]{8,4096}+\.[A-Za-z0-9_-]{8,1024}"  # JSON Web Token
    r")(?![A-Za-z0-9_-])"
)
_HEADER = re.compile(r"-----(BEGIN|END) (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,.-]*+")
_URL_PASSWORD = re.compile(r"(?<=://)[^\s/:@\"'<>]{1,64}:[^\s/@\"'<>]{3,64}(?=@[A-Za-z0-9])")
_ASSIGNED = re.compile(
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|auth|private|secret|account)[_ -]?key|密码|口令|密钥"
    r"|令牌)[\"']?[ \t]{0,4}(?:=>|:=|==?|:|是|为)[ \t]{0,4}[\"'`]?",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[A-Za-z0-9!#$%&*+./:=?@^_~|-]{8,512}")
_LEAST_BITS = 2.75
"""Shannon entropy per character; a word of eight different letters has 3, one of English prose about 2.5."""


def find_secrets(text: str) -> Iterator[tuple[int, int]]:
    """Yield where secrets start and end; some may come twice."""
    yield from _private_keys(text)
    for pattern in (_KEYS, _URL_PASSWORD):
        yield from (match.span() for match in pattern.finditer(text))
    seen = 0
    for name in _ASSIGNED.finditer(text):
        value = _VALUE.match(text, name.end()) if name.start() >= seen else None
        seen = value.end() if value else seen
        if value and text[value.end() : value.end() + 1] not in ("(", "[", "{"):
            bare = value[0].rstrip(".:?!")
            if _is_random(bare):
                yield value.start(), value.start() + len(bare)


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    """Blocks of private keys, up to where their last line or their body ends."""
    start: int | None = None
    for header in _HEADER.finditer(text):
        if start is None and header[1] == "BEGIN":
            body = _KEY_BODY.match(text, header.end())
            start, end = header.start(), body.end() if body else header.end()
        elif start is not None and header[1] == "END":
            yield start, header.end()
            start = None
    if start is not None:
        yield start, end


def _is_random(value: str) -> bool:
    kinds = sum(any(map(kind, value)) for kind in (str.islower, str.isupper, str.isdigit, _is_sign))
    bits = -sum(number / len(value) * math.log2(number / len(value)) for number in Counter(value).values())
    return kinds >= 2 and any(map(str.isdigit, value)) and bits >= _LEAST_BITS and "://" not in value


def _is_sign(character: str) -> bool:
    return not character.isalnum()
