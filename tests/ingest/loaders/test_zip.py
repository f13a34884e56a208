"""ZIP archives: every file or the reason why not, within bounds whatever the archive says of itself."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Refused
from ingest.files.unpacking import Budget
from ingest.loaders.zip import members


def pack(entries: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def found(data: bytes, limits: Limits | None = None) -> dict[str, str]:
    result: dict[str, str] = {}
    for member in members(data, Budget(limits or Limits())):
        content = member.content
        result[member.name] = (
            f"{type(content).__name__}: {content}" if isinstance(content, LoadError) else content.decode()
        )
    return result


def test_files_come_in_order_without_folders_and_what_systems_leave_behind() -> None:
    names = ["b.txt", "a/", "a/c.txt", "__MACOSX/._b.txt", ".DS_Store", "a/.git/config", "a/Thumbs.db", "a/d.txt"]
    data = pack([(name, b"words") for name in names])
    assert list(found(data)) == ["b.txt", "a/c.txt", "a/d.txt"]


def test_files_of_one_name_are_numbered() -> None:
    data = pack([("a.txt", b"1")]) + b""
    buffer = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a.txt", b"2")
        archive.writestr("a (2).txt", b"3")
        archive.writestr("a.txt", b"4")
    assert found(buffer.getvalue()) == {"a.txt": "1", "a (2).txt": "2", "a (2) (2).txt": "3", "a (3).txt": "4"}


@pytest.mark.parametrize("name", ["../a.txt", "/etc/passwd", "a/../../b.txt", "..\\a.txt", "C:\\a.txt"])
def test_names_that_lead_out_are_refused_and_the_others_read(name: str) -> None:
    result = found(pack([(name, b"words"), ("ok.txt", b"fine")]))
    assert result.pop("ok.txt") == "fine"
    assert [reason.startswith("Refused: its name leads out of the archive") for reason in result.values()] == [True]


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert found(pack([(link, b"/etc/passwd"), ("a.txt", b"words")])) == {
        "link": "Refused: it is a link or a device, not a file; pack the file itself",
        "a.txt": "words",
    }


def test_an_encrypted_file_costs_no_other() -> None:
    data = bytearray(pack([("secret.txt", b"words"), ("open.txt", b"words")]))
    data[6] |= 1  # in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the list of files
    result = found(bytes(data))
    assert result["open.txt"] == "words" and "encrypted with a password" in result["secret.txt"]


def test_a_damaged_file_costs_no_other() -> None:
    data = bytearray(pack([("bad.txt", b"words that are here"), ("good.txt", b"words")], zipfile.ZIP_STORED))
    data[data.index(b"words that")] ^= 0xFF
    result = found(bytes(data))
    assert result == {
        "bad.txt": "LoadError: it is damaged in its archive; fetch the archive again",
        "good.txt": "words",
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_that_unpacks_beyond_the_ratio_is_refused(method: int) -> None:
    result = found(pack([("zeros.txt", bytes(5_000_000)), ("good.txt", b"words")], method))
    assert "more than 200 times its size" in result["zeros.txt"] and result["good.txt"] == "words"
    result = found(pack([("small.txt", b"a" * 1_000_000)], method))
    assert result["small.txt"] == "a" * 1_000_000


@pytest.mark.parametrize("declared", [10, 2_000_000])
def test_a_size_that_is_a_lie_is_not_believed(declared: int) -> None:
    data = bytearray(pack([("zeros.txt", bytes(5_000_000))]))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", declared)
    (reason,) = found(bytes(data), Limits(max_bytes=3_000_000)).values()
    assert reason.startswith(("LoadError: it is damaged", "Refused: it unpacks to more than"))


def overlapping(copies: int) -> bytes:
    """A bomb: one packed file, listed many times."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(bytes(150_000)) + packed.flush()
    crc = zlib.crc32(bytes(150_000))
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(body), 150_000, 5, 0)
    local = b"PK\x03\x04" + fields + b"a.txt" + body
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a.txt"
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, copies, copies, len(entry) * copies, len(local), 0)
    return local + entry * copies + end


def test_files_that_lie_over_one_another_are_unpacked_once() -> None:
    assert found(overlapping(1)) == {"a.txt": "\0" * 150_000}
    result = found(overlapping(500))
    assert len(result) == 500 and sum("lies over another" in text for text in result.values()) == 499


@pytest.mark.parametrize("name", [b"\0\0\0\0\0", b"\0.txt", b"\xff\xfe\xff\xfe\xff", b"     "])
def test_names_that_are_none_do_not_cost_the_other_files(name: bytes) -> None:
    result = found(pack([("a.txt", b"words"), ("b.txt", b"fine")]).replace(b"a.txt", name))
    assert sorted(result.values()) == ["fine", "words"] and "b.txt" in result


def test_too_many_files_and_too_many_bytes_are_refused() -> None:
    data = pack([(f"{number}.txt", b"words") for number in range(6)])
    assert len(found(data, Limits(max_members=6))) == 6
    with pytest.raises(Refused, match="more than 5"):
        found(data, Limits(max_members=5))
    result = found(data, Limits(max_unpacked_bytes=12))
    assert [text == "words" for text in result.values()] == [True, True, False, False, False, False]
    result = found(pack([("long.txt", b"x" * 100), ("b.txt", b"words")]), Limits(max_bytes=99))
    assert "more than 99 bytes" in result["long.txt"] and result["b.txt"] == "words"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("测试文件.txt", "gb18030"), ("テスト.txt", "cp932"), ("文档.txt", "utf-8"), ("résumé.txt", "cp437")],
)
def test_names_are_read_in_the_encoding_they_were_written_in(name: str, encoding: str) -> None:
    raw = name.encode(encoding)
    data = pack([("x" * len(raw), b"words")]).replace(b"x" * len(raw), raw)
    assert list(found(data)) == [name]


@pytest.mark.parametrize("data", [pack([("a.txt", b"words" * 100)])[:60], b"PK\x03\x04" + bytes(100)])
def test_an_archive_cut_short_fails(data: bytes) -> None:
    with pytest.raises(LoadError, match="damaged or cut short"):
        found(data)


def test_an_empty_archive_is_refused() -> None:
    with pytest.raises(Refused, match="no files"):
        found(pack([("folder/", b"")]))
