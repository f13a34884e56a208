"""Mail (EML, MHTML): who wrote to whom, when and about what, then the text of the message, history and all.

The text is the plain one where there is one that says as much as the page of HTML that came with it, else the page.
Each header is a place of its own (``header Subject``), and the rest is the ``body``. Attachments, and mails in the
mail, are files of their own; see :func:`attachments`. Signatures, and what styles a
page or runs in it, are left out.

Headers are taken as they stand and decoded here, for mail programs have broken the rules in every way there is: bytes
without a name for their encoding, characters cut in two between encoded words, the name of a smaller character set
than was used.
"""

import mimetypes
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import PurePath

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.documents import Block, Limits, Loaded, Refused
from ingest.files.decoding import decode
from ingest.files.unpacking import Budget, Member, Names
from ingest.text.cleaning import clean_characters
from ingest.text.joining import Joiner

__all__ = ["Mail", "attachments", "load", "parse"]

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_LEFT_OUT = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/css"}
    | {"text/javascript", "application/javascript", "application/x-javascript"}
)
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PGP = "-----BEGIN PGP MESSAGE-----"
_ENCRYPTED = "its message is encrypted; save it decrypted from the mail program"
_LETTER = re.compile(r"\w")
_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\n]*\?=")
_MUCH_LESS = 4
_LONGEST_HEADER = 20_000
"""Characters; thousands of people may be written to, but decoding takes time that grows with the square."""
_Part = Message


@dataclass(slots=True)
class Mail:
    """A message taken apart: what to read as its text, in order, and what came along."""

    headers: dict[str, str]
    bodies: list[_Part] = field(default_factory=list)
    attached: list[_Part] = field(default_factory=list)
    sealed: bool = False


def parse(data: bytes) -> Mail:
    """Take a message apart; whatever is broken in it is taken as text."""
    message = message_from_bytes(data.lstrip())
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        if name.title() in _HEADERS and name.title() not in headers:
            headers[name.title()] = _header(str(value)[:_LONGEST_HEADER])
    mail = Mail(headers)
    waiting = [(message, True)]
    while waiting:
        waiting.extend(reversed(_sorted_in(*waiting.pop(), mail)))
    return mail


def _sorted_in(part: _Part, is_read: bool, mail: Mail) -> list[tuple[_Part, bool]]:
    """Put a part where it belongs; return the parts within it that are still to be sorted in.

    Of a part that another says better (``is_read`` is false) only the files are kept.
    """
    kind = part.get_content_type()
    within = part.get_payload() if part.is_multipart() else []
    inner = [each for each in within if isinstance(each, Message)] if isinstance(within, list) else []
    if kind == "multipart/encrypted" or (kind in _SEALED and part.get_param("smime-type") != "certs-only"):
        mail.sealed = True
    elif kind == "multipart/alternative" and inner:
        best = _best(inner) if is_read else []
        return [(each, each in best) for each in inner]
    elif kind.startswith("multipart/") and inner:
        return [(each, is_read) for each in inner]
    elif kind in _LEFT_OUT:
        pass
    elif (_is_body(kind) or (not is_read and kind.startswith("text/"))) and not _is_attached(part):
        mail.bodies += [part] * is_read
    else:
        mail.attached.append(part)
    return []


def _is_body(kind: str) -> bool:
    """Whether parts of a kind are read in the mail; one of several parts that could not be told apart is text."""
    return kind in ("text/plain", "text/html", "message/delivery-status") or kind.startswith("multipart/")


def _is_attached(part: _Part) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_filename() is not None


def _best(alternatives: list[_Part]) -> list[_Part]:
    """Of parts that say the same, the plain one, unless it says much less than the page of HTML."""
    plain = [part for part in alternatives if part.get_content_type() == "text/plain"]
    rich = [part for part in alternatives if _pages(part)]
    if plain and rich:
        page = " ".join(map(_decoded, _pages(rich[0])))
        words = _count(re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^<>]*>", " ", page))
        return plain if _count(_decoded(plain[0])) * _MUCH_LESS >= words else rich[:1]
    return (plain or rich or alternatives[-1:])[:1]


def _pages(part: _Part) -> list[_Part]:
    return [each for each in part.walk() if each.get_content_type() == "text/html" and not _is_attached(each)]


def _count(text: str) -> int:
    return len(_LETTER.findall(text))


def load(mail: Mail, limits: Limits) -> Loaded:
    """Return the message without what is attached to it.

    Raises:
        Refused: it is encrypted, or longer than the limit.
    """
    joiner = Joiner(limits)
    head, spans = _head(mail.headers)
    joiner.add(head)
    for part in mail.bodies:
        start, end = joiner.add(_body(part, limits))
        if end > start:
            spans.append(PageSpan(1, start, end, "body"))
    if mail.sealed and spans[-1:] and spans[-1].label != "body":
        raise Refused(_ENCRYPTED)
    metadata: dict[str, Scalar] = {}
    if "From" in mail.headers:
        metadata["author"] = mail.headers["From"]
    if date := _date(mail.headers.get("Date", "")):
        metadata["date"] = date
    title = mail.headers.get("Subject") or None
    return Loaded(joiner.text(), "eml", title, tuple(joiner.blocks), tuple(spans), metadata)


def _head(headers: dict[str, str]) -> tuple[Loaded, list[PageSpan]]:
    lines: list[str] = []
    spans: list[PageSpan] = []
    offset = 0
    for name in _HEADERS:
        if value := headers.get(name):
            line = f"{name}: {value}"
            lines.append(line)
            spans.append(PageSpan(1, offset, offset + len(line), f"header {name}"))
            offset += len(line) + 1
    text = "\n".join(lines)
    return Loaded(text, "eml", None, (Block(0, len(text), "paragraph"),) if text else ()), spans


def _body(part: _Part, limits: Limits) -> Loaded:
    from ingest.loaders import html, text

    content = _decoded(part)
    if _PGP in content:
        raise Refused(_ENCRYPTED)
    if part.get_content_type() == "text/html":
        return html.load(content, limits)
    return text.load(content.strip("\n"), limits)


def _decoded(part: _Part) -> str:
    """The text of a part; where its bytes are in no encoding that can be told, with marks for what is not readable."""
    if part.get_content_type() == "message/delivery-status":
        within = part.get_payload()
        return "\n".join(str(each) for each in within) if isinstance(within, list) else str(within)
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    declared = _charset(part)
    try:
        return decode(data, declared)[0]
    except Refused:
        return data.decode("utf-8", "replace").replace("\0", "").replace("\r\n", "\n")


def _charset(part: _Part) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def attachments(mail: Mail, budget: Budget) -> Iterator[Member]:
    """Return the files that came with a message, in order."""
    settle = Names().settle
    for number, part in enumerate(mail.attached, 1):
        name = settle(_name(part, number))
        if not budget.take_member():
            yield Member(name, budget.too_many())
            return
        yield Member(name, _content(part, budget))


def _content(part: _Part, budget: Budget) -> bytes | LoadError:
    if part.get_content_maintype() == "message":
        within = part.get_payload()
        if isinstance(within, list):
            return b"\n".join(each.as_bytes() for each in within if isinstance(each, Message))
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload:
        return Refused("it is empty")
    try:
        budget.take_bytes(len(payload))
    except Refused as error:
        return error
    return payload


def _name(part: _Part, number: int) -> str:
    """The name of an attachment, by whichever of the ways there are to give one; else one by its kind."""
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError, MessageError):
        name = ""
    name = PurePath(_header(name[:_LONGEST_HEADER]).replace("\\", "/")).name
    if name:
        return name
    if part.get_content_type() == "message/rfc822":
        return f"message {number}.eml"
    return f"attachment {number}{mimetypes.guess_extension(part.get_content_type()) or ''}"


def _header(value: str) -> str:
    """The words of a header on one line, whatever they were encoded in."""
    value = _repaired(value)
    if _WORD.search(value):
        with suppress(ValueError, LookupError, MessageError):  # base64 that is none
            value = "".join(_piece(text, charset) for text, charset in decode_header(value))
    return " ".join(clean_characters(value).split())


def _piece(text: str | bytes, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    if charset is None:
        return text.decode("ascii", "replace")
    try:
        return decode(text, charset)[0]
    except Refused:
        return text.decode("utf-8", "replace")


def _repaired(value: str) -> str:
    """A header in which bytes that are not ASCII stand as they came, in the encoding that they are likely in."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return decode(raw)[0] if raw.strip() and not value.isascii() else value
    except Refused:
        return raw.decode("latin-1")


def _date(value: str) -> str:
    """A date as ISO 8601 writes it; empty where it cannot be told."""
    try:
        return parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return value if re.match(r"\d{4}-\d\d-\d\d", value) else ""
