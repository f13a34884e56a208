"""TAR archives and packed files: as ZIP archives, within the same bounds."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, LoadOptions, Refused
from ingest.files.loading import load_parts
from ingest.files.unpacking import Budget
from ingest.loaders.tar import inner_name, unpack


def pack(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                archive.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def texts(data: bytes, name: str = "a.tar", limits: Limits | None = None) -> dict[str, str]:
    parts = load_parts(data, name, LoadOptions(limits or Limits()))
    return {part.path: part.loaded.text if part.loaded else part.reason for part in parts}


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_files_are_read_and_what_leads_out_is_not(packed: type[bytes]) -> None:
    data = pack(
        ("a/b.txt", b"words"), ("../c.txt", b"words"), ("/etc/d.txt", b"words"), link("e.txt", "/etc/passwd"),
        link("f.txt", "a/b.txt", tarfile.LNKTYPE), link("device", "", tarfile.CHRTYPE), (".hidden", b"words"),
        ("档案.txt", b"more words"),
    )  # fmt: skip
    found = texts(packed(data), "a.tgz")
    assert {path: "words" in text for path, text in found.items()} == {
        "a/b.txt": True,
        "../c.txt": False,
        "/etc/d.txt": False,
        "e.txt": False,
        "f.txt": False,
        "device": False,
        "档案.txt": True,
    }


@pytest.mark.parametrize(
    ("kind", "pack_bytes"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)]
)
def test_bombs_are_refused_and_damage_fails(kind: str, pack_bytes: type[bytes]) -> None:
    assert unpack(pack_bytes(b"words"), kind, Budget(Limits())) == b"words"
    with pytest.raises(Refused, match="more than 200 times"):
        unpack(pack_bytes(bytes(30_000_000)), kind, Budget(Limits()))
    with pytest.raises(LoadError, match="damaged"):
        unpack(pack_bytes(b"words" * 1000)[:-9], kind, Budget(Limits()))


def test_an_archive_cut_short_gives_what_came_before() -> None:
    found = texts(pack(("a.txt", b"words"), ("b.txt", b"more" * 1000))[:2000])
    assert found["a.txt"] == "words" and all("words" not in text for path, text in found.items() if path != "a.txt")
    assert len(found) >= 2


def test_too_many_files_are_said_where_reading_ends() -> None:
    found = texts(pack(*((f"{number}.txt", b"words") for number in range(5))), limits=Limits(max_members=2))
    assert list(found) == ["0.txt", "1.txt", "2.txt"] and "more than 2" in found["2.txt"]


def test_the_name_of_what_is_packed() -> None:
    names = ["a.txt.gz", "a.tgz", "b.tar.bz2", "c", "d.txz"]
    assert [inner_name(name) for name in names] == ["a.txt", "a.tar", "b.tar", "c", "d.tar"]
