"""Packages are told apart by what is in them, and checked before a loader sees them."""

import io
import struct
import zipfile

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, LoadOptions, Refused
from ingest.files.loading import load_parts
from ingest.files.packages import package_kind
from ingest.files.unpacking import Budget

LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'


def pack(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", ".").replace("_", "/"), content)
    return buffer.getvalue()


def kind(data: bytes, limits: Limits | None = None) -> str:
    return package_kind(data, Budget(limits or Limits()))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"word_document__xml": b"<x/>"}, "docx"),
        ({"word_document2__xml": b"<x/>"}, "docx"),
        ({"ppt_presentation__xml": b"<x/>"}, "pptx"),
        ({"xl_workbook__xml": b"<x/>"}, "xlsx"),
        ({"META-INF_container__xml": b"<x/>"}, "epub"),
        ({"mimetype": b"application/vnd.oasis.opendocument.text"}, "odt"),
        ({"content__xml": b"<x/>", "META-INF_manifest__xml": b"<x/>"}, "odt"),
        ({"content__xml": b"<x/>"}, "zip"),
        ({"word_document of mine__txt": b"words"}, "zip"),
        ({"folder_word_document__xml": b"<x/>"}, "zip"),
    ],
)
def test_kinds(files: dict[str, bytes], expected: str) -> None:
    assert kind(pack(**files)) == expected


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"xl_workbook__bin": b""}, "xlsb"),
        ({"Index_Document__iwa": b""}, "Pages, Numbers or Keynote"),
        ({"word_document__xml": LAUGHS}, "declares entities"),
        ({"word_document__xml": b"<x/>", "word_styles__xml": LAUGHS.decode().encode("utf-16")}, "declares entities"),
        ({"content__xml": LAUGHS, "META-INF_manifest__xml": b"<x/>"}, "declares entities"),
        ({"xl_workbook__xml": b"<x/>", "xl_sheet__xml": b" " * 100_000 + LAUGHS}, "declares entities"),
        ({"word_document__xml": b"a" * 3_000_000}, "more than 200 times its size"),
    ],
)
def test_what_is_not_read_is_refused(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        kind(pack(**files))


def test_entities_are_seen_wherever_they_begin() -> None:
    for before in range((1 << 14) - 20, (1 << 14) + 2):
        with pytest.raises(Refused, match="declares entities"):
            kind(pack(word_document__xml=b"<x/>", word_more__xml=b" " * before + LAUGHS))


def test_limits_hold_and_sizes_that_are_lies_do_not_help() -> None:
    data = pack(word_document__xml=bytes(range(256)) * 2000, word_more__xml=b"x")
    assert kind(data, Limits(max_unpacked_bytes=512_001)) == "docx"
    with pytest.raises(Refused, match="unpacks to more than 512,000 bytes"):
        kind(data, Limits(max_unpacked_bytes=512_000))
    with pytest.raises(Refused, match="more than 1 files"):
        kind(data, Limits(max_members=1))
    lie = bytearray(pack(word_document__xml=bytes(50_000_000)))
    entry = lie.index(b"PK\x01\x02")
    lie[entry + 24 : entry + 28] = struct.pack("<I", 49_000_000)
    with pytest.raises(Refused, match="more than 200 times"):
        kind(bytes(lie))


def test_a_package_that_is_encrypted_is_refused() -> None:
    data = bytearray(pack(word_document__xml=b"<x/>"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Refused, match="password"):
        kind(bytes(data))


def test_damage_is_a_failure() -> None:
    with pytest.raises(LoadError, match="damaged or cut short"):
        kind(pack(word_document__xml=b"<x/>")[:-30])


def test_packages_that_unpack_in_an_archive_are_checked_too() -> None:
    bomb = pack(word_document__xml=b"a" * 3_000_000)
    found = {part.path: part for part in load_parts(pack(bomb__docx=bomb, a__txt=b"words"), "a.zip", LoadOptions())}
    assert "more than 200 times" in found["bomb.docx"].reason
    assert found["a.txt"].loaded is not None
