"""A run as one page: figures with intervals, curves, and failures one can open. No network, no script, printable.

Every label stands on the page in English and in Chinese; two buttons choose.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexes.errors import StoreError
from ragstack.evaluation.report.page import page
from ragstack.evaluation.results import Result

__all__ = ["check_writable", "page", "write_report"]


def check_writable(path: str | Path) -> None:
    """Find out before the work whether a page can be written there; nothing is changed but for missing folders.

    Raises:
        StoreError: it cannot.
    """
    with _writing(Path(path)) as file:
        there = file.exists()
        file.open("ab").close()
        if not there:
            file.unlink()


def write_report(result: Result, path: str | Path) -> None:
    """Write the page of a run; folders on the way are made.

    Raises:
        StoreError: it cannot be written there.
    """
    with _writing(Path(path)) as file:
        file.write_text(page(result), encoding="utf-8")


@contextmanager
def _writing(file: Path) -> Iterator[Path]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield file
    except OSError as error:
        raise StoreError(f"the report cannot be written to {file} ({error.strerror}); give another --report") from None
