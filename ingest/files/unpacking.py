"""Unpacks within bounds: what a file and all the files in it may come to, counted over every level.

A :class:`Budget` is made once for a file and handed down to the archives in it, so that a hundred small archives are
bounded as one large archive is. Nothing is believed that an archive says of itself: bytes are counted as they are
unpacked, in small pieces, and unpacking stops at the first piece too many.
"""

from dataclasses import dataclass
from posixpath import splitext
from typing import Protocol

from indexes.errors import LoadError
from ingest.documents import Limits, Refused

__all__ = ["Budget", "Member", "Names", "Stream", "is_passed_over", "leads_out"]

_PIECE = 1 << 16
_LONGEST_NAME = 1_000
_FREE = 1 << 20
"""Bytes that may be unpacked whatever the ratio: a small file of blanks is no bomb."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, and its bytes or why there are none."""

    name: str
    content: bytes | LoadError


class Stream(Protocol):
    """Bytes that are unpacked as they are read."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""


class Budget:
    """What may still be unpacked, in files and in bytes."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members_left = limits.max_members
        self._bytes_left = limits.max_unpacked_bytes

    def take_member(self) -> bool:
        """Count one file; False where there have been too many."""
        self.members_left -= 1
        return self.members_left >= 0

    def too_many(self) -> Refused:
        """The reason why this file and those after it are not read."""
        limit = self.limits.max_members
        return Refused(f"it and the files after it are more than {limit:,}; split the archive, or raise the limit")

    def too_many_in_archive(self) -> Refused:
        """The reason why an archive that says how many files it has is not read."""
        limit = self.limits.max_members
        return Refused(f"it makes the files more than {limit:,}; split the archive, or raise the limit")

    def check(self, unpacked: int, packed: int) -> None:
        """Refuse sizes that are over the limits.

        Raises:
            Refused: too many bytes, or too many for what they were packed in.
        """
        if unpacked > self.limits.max_bytes:
            raise Refused(f"it unpacks to more than {self.limits.max_bytes:,} bytes; split it, or raise the limit")
        if unpacked > self._bytes_left:
            total = self.limits.max_unpacked_bytes
            raise Refused(f"its archive unpacks to more than {total:,} bytes; split the archive, or raise the limit")
        self._check_ratio(unpacked, packed)

    def take_bytes(self, unpacked: int) -> None:
        """Count a file that is unpacked already.

        Raises:
            Refused: as :meth:`check`.
        """
        self.check(unpacked, unpacked)
        self._bytes_left -= unpacked

    def check_package(self, unpacked: int, packed: int) -> None:
        """Refuse a document that is a package by the size of all in it.

        Raises:
            Refused: as :meth:`check`.
        """
        if unpacked > self._bytes_left:
            total = self.limits.max_unpacked_bytes
            raise Refused(f"it unpacks to more than {total:,} bytes; split it, or raise the limit")
        self._check_ratio(unpacked, packed)

    def _check_ratio(self, unpacked: int, packed: int) -> None:
        ratio = self.limits.max_ratio
        if unpacked > _FREE and unpacked > packed * ratio:
            raise Refused(f"it unpacks to more than {ratio} times its size, as bombs do; unpack it, or raise the limit")

    def read(self, stream: Stream, packed: int, *, gently: bool = False) -> bytes:
        """Read a stream of ``packed`` bytes to its end, piece by piece.

        ``gently`` asks for small pieces of one that unpacks as much as it is given.

        Raises:
            Refused: as :meth:`check`, at the piece that is too many.
        """
        most = _PIECE // 16 if gently else _PIECE
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := stream.read(most):
                size += len(piece)
                self.check(size, packed)
                pieces.append(piece)
        finally:
            self._bytes_left -= size
        return b"".join(pieces)


class Names:
    """Gives each file in an archive a name of its own."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def settle(self, name: str) -> str:
        """Return ``name`` fit to be shown, shortened where it is very long and numbered where it was given before."""
        shown = "".join(character if character.isprintable() else "\ufffd" for character in name.strip())
        shown = shown[:_LONGEST_NAME] or "unnamed"
        stem, suffix = splitext(shown)
        settled = shown
        while settled in self._given:
            self._given[shown] += 1
            settled = f"{stem} ({self._given[shown]}){suffix}"
        self._given[settled] = 1
        return settled


def is_passed_over(name: str) -> bool:
    """True for hidden files and for what operating systems put into archives for themselves."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return bool(parts) and (
        parts[0] == "__MACOSX"
        or any(part.startswith(".") for part in parts)
        or parts[-1].lower() in ("thumbs.db", "desktop.ini")
    )


def leads_out(name: str) -> bool:
    """True for the name of a file that would not be unpacked into the archive's own folder."""
    return name.startswith("/") or ".." in name.split("/") or name[1:3] in (":/", ":\\")
