"""Bytes flipped at random places over all files of a home: found or harmless, never a crash, never missed."""

from collections import Counter
from pathlib import Path

import pytest
from flipping import answers, build, flips

from indexes.database import Database
from indexes.errors import StoreDamaged


@pytest.mark.parametrize(("unclean", "count"), [(False, 40), (True, 20)])
def test_flipped_bytes_are_found_or_harmless(tmp_path: Path, unclean: bool, count: int) -> None:
    home = tmp_path / "home"
    build(home, 12, unclean=unclean)
    found = list(flips(home, count, seed=7))
    assert [flip for flip in found if flip.outcome in ("missed", "refused", "crash")] == []
    outcomes = Counter(flip.outcome for flip in found)
    assert outcomes["found"] + outcomes["wrong, found"] > count / 4
    wrong = [name for flip in found if flip.outcome == "wrong, found" for name in flip.detail.split()]
    assert set(wrong) <= {"filter"} | set("0123")  # nothing guards the indexes that filters read, before verify


def test_acknowledged_commits_that_a_damaged_log_has_lost_are_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    build(home, 6, unclean=True)
    log = home / "catalog.db-wal"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    assert set(answers(home).values()) == {"! StoreDamaged"}
    with Database.open(home) as database, pytest.raises(StoreDamaged, match=r"commits .* are lost"):
        database.collections()
    with Database.open(home) as database:
        ((finding,),) = [report.findings for report in database.verify()]
        assert "commits" in finding.what
        assert "commits are lost" in database.repair()[0].done[0]
    with Database.open(home) as database:
        assert not any(report.damage for report in database.verify())
