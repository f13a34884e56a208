"""Where new arrays are put: in memory, or in ``.npy`` files of a directory, which never are in memory as a whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Allocate", "in_folder", "in_memory", "open_array"]

Allocate = Callable[[str, tuple[int, ...], Any], np.ndarray]
"""Makes an array to be filled, of a name, a shape and a type."""


def in_memory(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array in memory."""
    return np.empty(shape, dtype)


def in_folder(folder: Path) -> Allocate:
    """Arrays in files of a directory, one ``NAME.npy`` each, which must not be there yet."""

    def allocate(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        path = folder / f"{name}.npy"
        if 0 in shape:  # nothing to map
            np.save(path, np.empty(shape, dtype), allow_pickle=False)
            return np.empty(shape, dtype)
        array: np.ndarray = np.lib.format.open_memmap(path, "w+", dtype, shape)
        with path.open("r+b") as file:  # a full disk is an error here; found while the map is filled, it is a signal
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return array

    return allocate


def open_array(folder: Path, name: str) -> np.ndarray:
    """Map an array of a directory, to be read only.

    Raises:
        OSError: The file is missing.
        ValueError: The file is not an array.
    """
    array: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return array
