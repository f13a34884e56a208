"""Mail: headers with their places, the message as text, attachments as files; however the rules were broken."""

import time
from email.message import EmailMessage

import pytest

from ingest.documents import Limits, Loaded, LoadOptions, Refused
from ingest.files.loading import load_parts
from ingest.loaders import eml

START = b"From: a@example.org\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n"


def load(data: bytes) -> Loaded:
    return eml.load(eml.parse(data), Limits())


def texts(data: bytes, limits: Limits | None = None) -> dict[str, str]:
    parts = load_parts(data, "a.eml", LoadOptions(limits or Limits()))
    return {part.path: part.loaded.text if part.loaded else part.reason for part in parts}


def message(body: str = "Words.", **headers: str) -> EmailMessage:
    built = EmailMessage()
    for name, value in {"From": "Ann <ann@example.org>", "Message-ID": "<1@example.org>", **headers}.items():
        built[name.replace("_", "-")] = value
    built.set_content(body)
    return built


def test_headers_and_body_have_places_of_their_own() -> None:
    data = message(
        "第一行\n\n> 引用", To="Bob <bob@example.org>", Date="Tue, 01 Oct 2024 12:34:56 -0500", Subject="季度报告"
    )
    loaded = load(bytes(data))
    places = [(span.number, span.label, loaded.text[span.start : span.end].strip()) for span in loaded.pages]
    assert places == [
        (1, "header From", "From: Ann <ann@example.org>"),
        (1, "header To", "To: Bob <bob@example.org>"),
        (1, "header Date", "Date: Tue, 01 Oct 2024 12:34:56 -0500"),
        (1, "header Subject", "Subject: 季度报告"),
        (1, "body", "第一行\n\n> 引用"),
    ]
    assert loaded.title == "季度报告"
    assert loaded.metadata == {"author": "Ann <ann@example.org>", "date": "2024-10-01T12:34:56-05:00"}
    assert [loaded.text[block.start : block.end] for block in loaded.blocks][1:] == ["第一行", "> 引用"]


@pytest.mark.parametrize(
    "raw",
    [
        b"=?utf-8?B?5a2j5bqm5oql5ZGK?=",
        b"=?utf-8?Q?=E5=AD=A3=E5?=\n =?utf-8?Q?=BA=A6=E6=8A=A5=E5=91=8A?=",  # a character cut in two
        b"=?gb2312?B?vL62yLGouOY=?=",
        "季度报告".encode("gb18030"),  # no encoding named
        "季度报告".encode(),
        b"\n =?GBK?B?vL62yLGouOY=?=",
    ],
)
def test_subjects_are_read_however_they_were_encoded(raw: bytes) -> None:
    assert load(b"Subject: " + raw + b"\n" + START + b"\nWords.").title == "季度报告"


@pytest.mark.parametrize("raw", [b"=?nosuch?B?AAAA?=", b"=?utf-8?B?A?=", b"=?utf-8?Q?=FF=FE?=", b"\xff\xfe", b"=?a?q?"])
def test_subjects_that_cannot_be_read_do_not_cost_the_message(raw: bytes) -> None:
    assert load(b"Subject: " + raw + b"\n" + START + b"\nWords.").text.endswith("\n\nWords.")


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("gb2312", "gb18030"), ("utf-8", "gb18030"), ("nosuch", "utf-8"), ("us-ascii", "utf-8"), ("big5", "utf-8")],
)
@pytest.mark.parametrize("base64", [True, False])
def test_bodies_are_read_whatever_they_claim_to_be(charset: str, encoding: str, base64: bool) -> None:
    text = "镕基先生的来信，我们已经收到了。"
    body = text.encode(encoding)
    if base64:
        import base64 as b64

        body = b64.encodebytes(body)
    head = (
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {'base64' if base64 else '8bit'}\n\n"
    )
    assert load(START + head.encode() + body).text.split("\n\n")[1].strip() == text


def alternative(plain: str, page: str) -> bytes:
    built = message(plain)
    built.add_alternative(page, subtype="html")
    return bytes(built)


def test_the_plain_text_is_read_unless_the_page_says_much_more() -> None:
    page = "<h1>Report</h1><p>The quarter went well and sales rose by ten percent.</p>"
    assert load(alternative("Plain: sales rose by ten percent.", page)).text.endswith(
        "Plain: sales rose by ten percent."
    )
    loaded = load(alternative("See page", page + "<style>p {}</style>"))
    assert loaded.text.endswith("Report\n\nThe quarter went well and sales rose by ten percent.")
    assert [loaded.text[block.start : block.end] for block in loaded.blocks if block.kind == "heading"] == ["Report"]


def test_files_within_the_version_that_is_not_read_are_kept() -> None:
    page = b"\n--y\nContent-Type: text/html\n\n"
    data = START + (
        b"Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\nBefore. After it.\n"
        b"--x\nContent-Type: multipart/mixed; boundary=y\n" + page + b"<p>Before.</p>"
        b"\n--y\nContent-Type: text/plain; name=terms.txt\nContent-Disposition: inline\n\nThe terms."
        + page
        + b"<p>After it.</p>\n--y--\n--x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--x--\n"
    )
    assert texts(data) == {"": "From: a@example.org\n\nBefore. After it.", "terms.txt": "The terms."}
    much = data.replace(b"After it.</p>", "很长的正文。".encode() * 20 + b"</p>")
    found = texts(much)
    assert list(found) == ["", "terms.txt"]
    assert found[""] == "From: a@example.org\n\nBefore.\n\n" + "很长的正文。" * 20


@pytest.mark.parametrize("kind", [b"mixed", b"alternative", b"mixed; boundary=other"])
def test_parts_that_cannot_be_told_apart_are_read_as_text(kind: bytes) -> None:
    data = START + b"Content-Type: multipart/" + kind + b"\n\n--x\nContent-Type: text/plain\n\nThe only words.\n--x--\n"
    assert "The only words." in load(data).text


def test_the_name_of_a_file_is_read_in_the_pieces_and_the_encoding_it_was_written_in() -> None:
    data = START + (
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n"
        b"Content-Disposition: attachment; filename*0*=gb2312''%BC%BE%B6%C8; filename*1*=%B1%A8%B8%E6; "
        b'filename*2=".txt"\n\nwords\n--x--\n'
    )
    assert list(texts(data)) == ["", "季度报告.txt"]


def test_attachments_are_files_with_the_names_they_were_given() -> None:
    built = message()
    built.add_attachment("附件内容".encode(), "application", "octet-stream", filename="报告.txt")  # RFC 2231
    built.add_attachment(b"<p>A page.</p>", "text", "html", filename="../../page.html")
    data = bytes(built).replace(
        b'filename="../../page.html"', b'filename="=?gb2312?B?vL62yLGouOY=?=.html"; x="../../page.html"'
    )
    assert texts(data) == {"": load(data).text, "报告.txt": "附件内容", "季度报告.html": "A page."}
    assert "A page." not in load(data).text
    assert list(texts(bytes(built))) == ["", "报告.txt", "page.html"]


def test_mails_in_a_mail_are_files_too() -> None:
    inner = message("Inner words.", Subject="Inner")
    inner.add_attachment(b"deepest words", "text", "plain", filename="a.txt")
    outer = message("Outer words.")
    outer.add_attachment(inner)
    found = texts(bytes(outer))
    assert list(found) == ["", "message 1.eml", "message 1.eml!/a.txt"]
    assert found["message 1.eml"].endswith("Inner words.") and found["message 1.eml!/a.txt"] == "deepest words"


@pytest.mark.parametrize(
    "kind",
    [
        b'multipart/encrypted; boundary=x; protocol="application/pgp-encrypted"\n\n--x\n\nVersion: 1\n--x--',
        b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nAAAA",
        b"text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nhIwDY32hYGCE8\n-----END PGP MESSAGE-----",
    ],
)
def test_what_is_encrypted_is_refused(kind: bytes) -> None:
    with pytest.raises(Refused, match="encrypted"):
        load(START + b"Content-Type: " + kind + b"\n")


def test_a_signature_is_left_out() -> None:
    data = START + (
        b"Content-Type: multipart/signed; boundary=x\n\n--x\nContent-Type: text/plain\n\nSigned words.\n"
        b"--x\nContent-Type: application/pgp-signature; name=s.asc\n\n-----BEGIN PGP SIGNATURE-----\n--x--\n"
    )
    assert texts(data) == {"": "From: a@example.org\n\nSigned words."}


def test_a_mailbox_is_its_messages() -> None:
    box = b"From a@b.org Tue Oct  1 12:34:56 2024\n" + START + b"\nFirst words.\n\n"
    box += b"From a@b.org Tue Oct  1 12:34:57 2024\n" + START + b"\nFrom here on, in 2024, words.\n"
    found = texts(box)
    assert list(found) == ["1.eml", "2.eml"]
    assert found["2.eml"].endswith("From here on, in 2024, words.")
    assert list(texts(box[: box.index(b"\n\nFrom") + 1])) == [""]


def test_ten_thousand_attachments_are_each_accounted_for() -> None:
    part = b"--x\nContent-Type: text/plain; name=a.txt\n\nwords\n"
    data = START + b"Content-Type: multipart/mixed; boundary=x\n\n" + part * 2_000 + b"--x--\n"
    found = texts(data)
    assert len(found) == 2_001 and set(found.values()) == {"words", "From: a@example.org"}
    found = texts(data, Limits(max_members=100))
    assert len(found) == 102 and "more than 100" in found["a (101).txt"]


@pytest.mark.parametrize(
    "data",
    [
        START
        + b"".join(b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(1000))
        + b"\nhi",
        START + b"Content-Type: message/rfc822\n\n" + (START + b"Content-Type: message/rfc822\n\n") * 1000 + b"\nwords",
        b"Subject: " + b"=?utf-8?q?a?= " * 400_000 + b"\n" + START + b"\nwords",
        START + b"X-Junk: words\n" * 50_000 + b"\nwords",
    ],
)
def test_no_message_takes_long(data: bytes) -> None:
    began = time.thread_time()
    assert len(texts(data)) >= 1
    assert time.thread_time() - began < 20
