"""The rules of the house, held by a machine: imports run down, no pickle, no print outside the command line."""

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("indexes", "ingest", "ragstack")  # from the ground up
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "torch.load", "input"}


def modules(floor: str) -> list[Path]:
    return sorted((ROOT / floor).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def upward(source: str, floor: str) -> list[str]:
    """The imports in ``source`` that would run up from ``floor``."""
    above = FLOORS[FLOORS.index(floor) + 1 :]
    return [name for name in imports(ast.parse(source)) if name.split(".")[0] in above]


def called_name(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_the_checker_sees_an_upward_import() -> None:
    assert upward("def f():\n    from ragstack.config import Config", "ingest") == ["ragstack.config"]
    assert upward("import ingest.packs", "indexes") == ["ingest.packs"]
    assert upward("import indexes.errors", "ingest") == []


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_run_down_only(floor: str) -> None:
    assert modules(floor)
    found = {str(path.relative_to(ROOT)): up for path in modules(floor) if (up := upward(path.read_text(), floor))}
    assert found == {}


def imported_modules(tree: ast.AST, known: Collection[str]) -> set[str]:
    """The modules of ``known`` that a module imports, also late; of ``from a import b``, ``a.b`` if it is a module."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in inner.values()}
    return found & set(known)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A circle in ``graph``, module by module; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_the_checker_sees_a_circle() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for floor in FLOORS
        for path in modules(floor)
    }
    graph = {
        name: imported_modules(ast.parse(path.read_text(encoding="utf-8")), files) - {name}
        for name, path in files.items()
    }
    assert sum(map(len, graph.values())) > len(files)
    assert circle(graph) == []


@pytest.mark.parametrize("floor", FLOORS)
def test_nothing_deserialises_code(floor: str) -> None:
    found = []
    for path in modules(floor):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [f"{path}: import {name}" for name in imports(tree) if name.split(".")[0] in FORBIDDEN_MODULES]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                if called_name(node) in FORBIDDEN_CALLS:
                    found.append(f"{path}:{node.lineno}: {called_name(node)}")
                found += [
                    f"{path}:{node.lineno}: allow_pickle"
                    for word in node.keywords
                    if word.arg == "allow_pickle"
                    and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                ]
    assert found == []


@pytest.mark.parametrize("floor", FLOORS)
def test_print_lives_in_the_command_line_alone(floor: str) -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in modules(floor)
        if path.relative_to(ROOT).parts[:2] != ("ragstack", "cli")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and called_name(node) == "print"
    ]
    assert found == []


def test_import_is_light() -> None:
    """``import ragstack`` loads none of the heavy libraries; they come on first use."""
    heavy = ("torch", "transformers", "sentence_transformers", "faiss", "langchain", "langchain_core", "xllamacpp",
             "sqlalchemy", "numpy", "pypdf", "openai")  # fmt: skip
    code = f"import sys, ragstack; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


DOORS = {
    "indexes",
    "indexes.care.compact",
    "indexes.care.findings",
    "indexes.database",
    "indexes.engine",
    "indexes.errors",
    "indexes.filters",
    "indexes.locks",
    "indexes.places",
    "indexes.records",
    "indexes.search.analysis",
    "indexes.storable",
}


@pytest.mark.parametrize("floor", FLOORS[1:])
def test_the_database_is_entered_by_its_doors(floor: str) -> None:
    """Another engine can stand behind `indexes.engine` for as long as nobody above reaches past it."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(floor)
        for name in imports(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] == "indexes" and name not in DOORS
    }
    assert found == set()
