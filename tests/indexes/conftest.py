"""The fixtures of the database's tests. What stands on them runs on SQLite and on a real PostgreSQL server.

A test that is about the file of SQLite is marked with `toys.sqlite_only`.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside, which child processes import too
pytest.register_assert_rewrite("toys")

import clusters  # noqa: E402
import toys as helpers  # noqa: E402

from indexes.collection import Collection  # noqa: E402
from indexes.database import Database  # noqa: E402


@pytest.fixture(scope="session")
def cluster() -> Iterator[clusters.Cluster]:
    with clusters.cluster() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty catalogue; None for the file in the home."""
    if backend == "sqlite":
        yield None
    else:
        with request.getfixturevalue("cluster").database() as made:
            yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter: the beginning of any session of pytest closes those that it has made."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def database(home: Path, url: str | None) -> Iterator[Database]:
    with Database.open(home, url=url, lock_timeout=0.3) as opened:
        yield opened


@pytest.fixture
def collection(database: Database) -> Collection:
    return database.create("papers", helpers.ENCODER)


@pytest.fixture
def opened(home: Path, url: str | None) -> Iterator[Callable[..., Database]]:
    """Opens the database as another process would: nothing is shared with what was open."""
    others: list[Database] = []

    def again(lock_timeout: float = 0.3) -> Database:
        others.append(Database.open(home, url=url, lock_timeout=lock_timeout))
        return others[-1]

    yield again
    for other in others:
        other.close()


@pytest.fixture
def reopened(opened: Callable[..., Database]) -> Callable[..., Collection]:
    """Opens the collection as another process would."""
    return lambda **how: opened(**how).collection("papers")


@pytest.fixture(scope="session")
def toys() -> Any:
    """The helpers that tests call."""
    return helpers
