"""Small data in both languages, a stack with a bag of words for an encoder, and a verifier that needs no model."""

import gzip
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from indexes.errors import ModelError
from ragstack.evaluation.verifiers import Premise, Verdict
from ragstack.stack import RagStack

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

CORPUS = [
    {"id": "blue", "title": "Blue whale", "text": "The blue whale weighs up to 150 tonnes. It eats krill."},
    {"id": "sperm", "title": "Sperm whale", "text": "Sperm whales dive to 2,000 metres. They hunt squid."},
    {"id": "orca", "title": "Orca", "text": "Orcas live in groups led by the oldest female."},
    {"id": "蓝鲸", "title": "蓝鲸", "text": "蓝鲸最重可达150吨，以磷虾为食。"},
    {"id": "熊猫", "title": "大熊猫", "text": "大熊猫生活在四川，主要吃竹子。"},
]
QUERIES = [
    {"id": "q1", "text": "How heavy is the blue whale?", "answers": ["150 tonnes"], "answerable": True},
    {"id": "q2", "text": "How deep do sperm whales dive?", "answers": ["2,000 metres", "2000 m"], "answerable": True},
    {"id": "q3", "text": "大熊猫吃什么？", "answers": ["竹子"], "answerable": True},
    {"id": "q4", "text": "How fast does an orca swim?", "answers": [], "answerable": False},
]
QRELS = [("q1", "blue", 2), ("q1", "蓝鲸", 1), ("q2", "sperm", 1), ("q3", "熊猫", 1)]


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in the common layout."""
    folder = tmp_path / "whales"
    folder.mkdir()
    write_lines(folder / "corpus.jsonl", CORPUS)
    write_lines(folder / "queries.jsonl.gz", QUERIES)
    (folder / "qrels.tsv").write_text("".join(f"{q}\t{d}\t{r}\n" for q, d, r in QRELS), encoding="utf-8")
    return folder


@pytest.fixture
def stack(tmp_path: Path, bag_encoder: Any) -> RagStack:
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    return stack


class Verbatim:
    """Supports what stands, as it is, in one premise or in several joined; fails on claims that say so."""

    name = "verbatim"

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        self.asked.append((claim, tuple(premise.text for premise in premises)))
        if "BREAK" in claim:
            raise ModelError("the judge broke")
        held = claim.strip() in " ".join(premise.text for premise in premises)
        return Verdict(0.9 if held else 0.1, held)


@pytest.fixture
def verbatim() -> Verbatim:
    return Verbatim()


SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
            "--no-first-run", "--disable-sync", "--disable-background-networking", "--disable-component-update",
            "--hide-scrollbars")  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[WebDriver]":
    """A headless Chromium; without one or its driver the tests that want it are skipped."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the package selenium")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield browser
    browser.quit()
