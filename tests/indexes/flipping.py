"""Flips bytes in the files of a home and looks at what becomes of the answers. Tests and benchmarks share it.

Every flip is tried on a copy of the home, in a child process, so that a crash of the process would be seen as one.
What came of a flip is one of `OUTCOMES`.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toys

from indexes.database import Database
from indexes.errors import RagStackError
from indexes.filters import parse_mapping
from indexes.records import LedgerEntry

OUTCOMES = {
    "harmless": "every answer is as before, and verify finds nothing",
    "found": "every answer is as before or an error, and verify finds the damage",
    "wrong, found": "an answer is wrong without an error, and verify finds the damage",
    "refused": "there are errors, and verify finds nothing",
    "missed": "an answer is wrong without an error, and verify finds nothing",
    "crash": "the process died, or raised something that is no error of ours",
}
FILTERS = (
    {"lang": "zh"},
    {"year": {"<=": 2010}},
    {"lang": ["en", "fr"], "page": {">": 3}},
    {"note": {"exists": False}},
)


@dataclass(frozen=True)
class Flip:
    """One flip and what came of it."""

    number: int
    file: str
    offset: int
    outcome: str
    detail: str


def build(home: Path, documents: int, *, unclean: bool) -> None:
    """A home with two collections, files, removed chunks, and changes that the files lack.

    Args:
        home: Where.
        documents: How many in the larger collection.
        unclean: Whether to leave it as a killed process would, with SQLite's log not yet worked into its file.
    """
    made = home.with_name(home.name + "-made") if unclean else home
    with Database.open(made) as database:
        for name, count in (("papers", documents), ("other", 3)):
            with database.create(name, toys.ENCODER).writer() as writer:
                for number in range(count):
                    _put(writer, f"{name}{number}", number)
                    if number == count * 3 // 4:
                        writer.delete(f"{name}1")
                        writer.publish()
                writer.delete(f"{name}2")
        if unclean:
            shutil.copytree(made, home)
    if unclean:
        shutil.rmtree(made)


def _put(writer: Any, key: str, number: int) -> None:
    metadata = {"lang": ("zh", "en", "fr")[number % 3], "year": 2000 + number} | ({"note": "x"} if number % 2 else {})
    made = toys.make(key, [f"{key} {each}" for each in toys.PARAGRAPHS], metadata, title=f"title {key}")
    writer.put(made.document, made.chunks, made.vectors, LedgerEntry(key, key, "added", digest="d"))


def answers(home: Path) -> dict[str, Any]:
    """What searches and reads give, each by a name; an error of ours in the place of an answer is its type."""
    with closing(Database.open(home, lock_timeout=0.5)) as database:
        found: dict[str, Any] = {}

        def ask(name: str, question: Any) -> None:
            try:
                found[name] = question(database.collection("papers"))
            except RagStackError as error:
                found[name] = f"! {type(error).__name__}"

        for number, text in enumerate((*toys.PARAGRAPHS[:3], "向量")):
            ask(f"dense {number}", lambda c, text=text: _hits(c.dense(toys.vector_of(text), 10)))
            ask(f"lexical {number}", lambda c, text=text: _hits(c.lexical(text, 10)))
        for number, where in enumerate(FILTERS):
            ask(f"filter {number}", lambda c, w=where: _hits(c.dense(toys.vector_of("q"), 500, parse_mapping(w))))
        ask("chunks", lambda c: repr(c.chunks(range(1, 500))))
        ask("documents", lambda c: repr(c.documents()))
        ask("texts", lambda c: [repr(c.document(f"papers{number}")) for number in range(20)])
        ask("vectors", lambda c: c.vectors(range(1, 500)).tobytes().hex())
    return found


def _hits(hits: Any) -> list[Any]:
    return [[id_, round(score, 5)] for id_, score in hits]


def outcome(expected: dict[str, Any], found: dict[str, Any], damage: int) -> tuple[str, str]:
    """What came of a flip, and which answers are wrong."""
    errors = [name for name, answer in found.items() if isinstance(answer, str) and answer.startswith("! ")]
    wrong = [name for name, answer in found.items() if name not in errors and answer != expected[name]]
    if wrong:
        return ("wrong, found" if damage else "missed"), " ".join(wrong)
    if damage:
        return "found", ""
    return ("refused", f"{errors[0]} {found[errors[0]]}") if errors else ("harmless", "")


def flips(home: Path, count: int, seed: int) -> Iterator[Flip]:
    """Flip bytes at random places, spread evenly over all bytes of all files; each in its own copy of the home."""
    first = 0
    while first < count:
        command = [sys.executable, __file__, str(home), str(first), str(count), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as child:
            assert child.stdout is not None
            for line in child.stdout:
                yield Flip(**json.loads(line))
                first += 1
        if child.returncode:
            yield Flip(first, *_place(home, first, seed)[:2], "crash", f"the process ended with {child.returncode}")
            first += 1


def _environment() -> dict[str, str]:
    root, here = Path(toys.__file__).parents[2], Path(toys.__file__).parent
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{root}{os.pathsep}{here}"}


def _place(home: Path, number: int, seed: int) -> tuple[str, int, int]:
    """File, offset and change of a flip."""
    chance = random.Random(f"{seed} {number}")
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.stat().st_size)
    files = [path for path in files if not path.name.endswith("-shm")]  # SQLite makes that anew
    at = chance.randrange(sum(path.stat().st_size for path in files))
    for path in files:
        if at < path.stat().st_size:
            return str(path.relative_to(home)), at, 1 << chance.randrange(8)
        at -= path.stat().st_size
    raise AssertionError


def _try(home: Path, number: int, seed: int, expected: dict[str, Any]) -> Flip:
    name, offset, change = _place(home, number, seed)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        with (copy / name).open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ change]))
        try:
            found = answers(copy)
            with closing(Database.open(copy, lock_timeout=0.5)) as database:
                damage = sum(len(report.damage) for report in database.verify())
        except RagStackError as error:
            return Flip(number, name, offset, "crash", f"verify raised {type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001
            return Flip(number, name, offset, "crash", f"{type(error).__name__}: {error}")
        return Flip(number, name, offset, *outcome(expected, found, damage))


def main() -> None:
    import logging

    logging.disable(logging.WARNING)
    home, first, count, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(home, Path(folder) / "home")
        expected = answers(Path(folder) / "home")
    assert not any(isinstance(answer, str) and answer.startswith("! ") for answer in expected.values())
    for number in range(first, count):
        flip = _try(home, number, seed, expected)
        print(json.dumps(flip.__dict__), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
