"""Care of the database from the command line: what it prints, what it returns, what it says to type."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from indexes.database import Database
from indexes.records import LedgerEntry
from ragstack.cli.app import program

sys.path.insert(0, str(Path(__file__).parents[1] / "indexes"))
import toys

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Database.open(tmp_path / "home") as database, database.create("手册", toys.ENCODER).writer() as writer:
        for key in ("one.md", "two words.md"):
            made = toys.make(key, [f"{key} {each}" for each in toys.PARAGRAPHS])
            writer.put(made.document, made.chunks, made.vectors, LedgerEntry(key, key, "added"))
        writer.publish()
        writer.delete("none")
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as ended:
            program.main(["collections", *words, "--home", str(home)])
        said = capfd.readouterr()
        return int(ended.value.code or 0), json.loads(said.out) if "--json" in words else said.out + said.err

    return call


def damage(home: Path, statement: str) -> None:
    with Database.open(home) as database, database._catalogue.write() as connection:
        connection.execute(text(statement))


def test_a_sound_home_is_said_to_be_sound(run: Run) -> None:
    status, said = run("verify", "--recall")
    assert status == 0
    assert "home: sound" in said
    assert "手册: sound (2 documents, 16 chunks)" in said
    assert "recall@10 1.0000 over 16 queries, index flat" in said


def test_damage_is_listed_with_what_to_type_and_repaired(run: Run, home: Path) -> None:
    damage(home, "UPDATE chunk SET text = 'x' WHERE id = 1")
    damage(home, "UPDATE document SET text = 'x' WHERE id = 2")
    status, said = run("verify", "手册")
    assert status == 1
    assert "chunk 1 of document 'one.md': is not what was written" in said
    assert "type `ragstack collections repair 手册`" in said
    status, found = run("verify", "手册", "--json")
    assert (status, found["sound"], found["reports"][1]["collection"]) == (1, False, "手册")
    assert {"kind", "where", "what", "mend"} == set(found["reports"][1]["findings"][0])
    status, said = run("repair", "手册")
    assert status == 0
    assert "chunk 1 of document 'one.md': mended" in said
    assert "`ragstack ingest 'two words.md' --collection 手册`" in said
    assert run("repair", "--json")[1]["repairs"][1]["done"] == []
    assert run("verify")[0] == 0


def test_what_a_repair_leaves_is_an_exit_status_of_1(run: Run, home: Path) -> None:
    (home / "notes.txt").touch()
    status, said = run("repair")
    assert status == 1
    assert "notes.txt: does not belong here" in said


def test_compacting_says_how_many_bytes_came_back(run: Run, home: Path) -> None:
    with Database.open(home) as database, database.collection("手册").writer() as writer:
        writer.delete("one.md")
    status, said = run("compact", "--json")
    assert status == 0
    collection, catalogue = said["compacted"]
    assert collection["collection"] == "手册"
    assert collection["bytes_after"] < collection["bytes_before"]
    assert catalogue["collection"] is None
    assert "the catalogue: " in run("compact", "手册")[1]


def test_an_unknown_collection_is_a_wrong_call(run: Run) -> None:
    for command in ("verify", "repair", "compact"):
        status, said = run(command, "other")
        assert status == 2
        assert "There is no collection 'other'" in said
