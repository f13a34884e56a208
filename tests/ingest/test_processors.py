"""How many processors are counted."""

from pathlib import Path

import pytest

from ingest.processors import processors


def test_processors_are_cores_or_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 5})
    monkeypatch.setattr("ingest.processors._SIBLINGS", str(tmp_path / "{}"))
    for value, expected in (("3", 3), ("0", 1), ("", 4), ("many", 4)):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert processors() == expected
    for number, siblings in ((0, "0-1"), (1, "0-1"), (2, "2-3"), (5, "4-5")):
        (tmp_path / str(number)).write_text(siblings)
    assert processors() == 3
