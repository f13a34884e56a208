"""The page as a reader sees it: opened in headless Chromium, on a phone and on a desk, by mouse, by keyboard, on paper.

Skipped where there is no Chromium with its driver; every other property of the page is tested without one.
"""

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from indexes.errors import ModelError
from ragstack.config import Config, StoreSettings
from ragstack.evaluation import evaluate_answers, evaluate_faithfulness, evaluate_retrieval, write_report
from ragstack.evaluation.verifiers import Verdict
from ragstack.stack import RagStack

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

TASKS = ("retrieval", "answers", "faithfulness")

CONTRAST = """
const light = c => c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const parsed = text => text.match(/[\\d.]+/g).map(Number);
const behind = node => { for (; node; node = node.parentElement) {
  const colour = parsed(getComputedStyle(node).backgroundColor);
  if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3); } return [255, 255, 255]; };
const poor = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  if (!own || !node.checkVisibility()) continue;
  const [a, b] = [light(parsed(getComputedStyle(node)[node.closest('svg') ? 'fill' : 'color']).slice(0, 3)),
    light(behind(node))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) poor.push([node.tagName, node.textContent.trim().slice(0, 30), ratio]);
}
return poor;
"""
"""The texts below the contrast that WCAG 2.2 asks for (success criterion 1.4.3, level AA)."""


class Half:
    """Supports every second claim, and breaks on one."""

    name = "half"

    def check(self, question: str, claim: str, premises: Any) -> Verdict:
        if "BREAK" in claim:
            raise ModelError("the judge broke on a_very_long_name_without_any_blank_in_it_" + "x" * 80)
        return Verdict(0.5 + len(claim) % 2 * 0.4, len(claim) % 2 == 1, ("170",), (premises[0].text[:80],))


QUERIES = [
    {"id": "q1", "text": "How heavy is the blue whale?", "answers": ["150 tonnes"], "answerable": True},
    {"id": "q2", "text": "Where do orcas live?", "answers": ["In groups"], "answerable": True},
    {"id": "q3", "text": "大熊猫主要吃竹子？", "answers": ["竹子"], "answerable": True},
    {"id": "q4", "text": "The blue whale eats krill?", "answers": [], "answerable": False},
]


def lines(file: Path, records: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, bags: Any) -> dict[str, Path]:
    """A page of each task, with failures of many kinds, and words too long for a phone."""
    folder = tmp_path_factory.mktemp("pages")
    stack = RagStack(Config(store=StoreSettings(home=folder / "home")))
    stack._models._encoder = bags()
    (folder / "whales").mkdir()
    lines(folder / "whales" / "corpus.jsonl", [
        {"id": "blue", "title": "Blue whale", "text": "The blue whale weighs 150 tonnes. The blue whale eats krill."},
        {"id": "orca", "title": "Orca", "text": "Orcas live in groups led by the oldest female."},
        {"id": "熊猫", "title": "大熊猫", "text": "大熊猫生活在四川，主要吃竹子。"},
    ])  # fmt: skip
    lines(folder / "whales" / "queries.jsonl", QUERIES)
    (folder / "whales" / "qrels.tsv").write_text("q1\tnowhere\t1\nq2\torca\t1\nq3\t熊猫\t1\n", encoding="utf-8")
    records = [
        {"id": str(n), "question": "它吃什么？", "context": "大熊猫吃竹子。" * 9, "response": text, "label": label}
        for n, (text, label) in enumerate([
            ("大熊猫住在四川，吃竹子。", "faithful"), ("大熊猫吃鱼。[1] 它会飞。", "faithful"),
            ("Supercalifragilistic" * 9 + " whales are blue.", "hallucinated"), ("BREAK it.", "hallucinated"),
            ("<b>Bold</b> claim & more.", "hallucinated"),
        ])
    ]  # fmt: skip
    results = {
        "retrieval": evaluate_retrieval(stack, folder / "whales"),
        "answers": evaluate_answers(stack, folder / "whales", generator="extractive", verifier=Half()),
        "faithfulness": evaluate_faithfulness(stack, lines(folder / "examples.jsonl", records), verifier=Half()),
    }
    for task, result in results.items():
        write_report(result, folder / f"{task}.html")
    return {task: folder / f"{task}.html" for task in results}


def opened(browser: "WebDriver", page: Path, width: int = 1280, **media: Any) -> "WebDriver":
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []} | media)
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.as_uri())
    return browser


def requests(browser: "WebDriver") -> list[str]:
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


def open_all(browser: "WebDriver") -> None:
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")


def overflow(browser: "WebDriver") -> list[str]:
    """What reaches beyond the right edge of the window."""
    return browser.execute_script(
        "const edge = document.documentElement.clientWidth + 1;"
        "return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility()"
        " && e.getBoundingClientRect().right > edge).map(e => e.outerHTML.slice(0, 90))"
    )


@pytest.mark.parametrize("task", TASKS)
def test_a_page_fetches_nothing_and_complains_of_nothing(
    browser: "WebDriver", pages: dict[str, Path], task: str
) -> None:
    opened(browser, pages[task])
    open_all(browser)
    assert requests(browser) == [pages[task].as_uri()]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("task", TASKS)
def test_nothing_reaches_over_the_edge(browser: "WebDriver", pages: dict[str, Path], task: str, width: int) -> None:
    opened(browser, pages[task], width)
    open_all(browser)
    for language in ("en", "zh"):
        browser.execute_script(f"document.getElementById('{language}').click()")
        assert overflow(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("task", TASKS)
def test_every_word_can_be_told_from_its_paper(
    browser: "WebDriver", pages: dict[str, Path], task: str, scheme: str
) -> None:
    opened(browser, pages[task], features=[{"name": "prefers-color-scheme", "value": scheme}])
    open_all(browser)
    assert browser.execute_script(CONTRAST) == []


def test_a_failure_opens_by_mouse_and_by_keyboard_down_to_the_prompt(
    browser: "WebDriver", pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    opened(browser, pages["answers"])
    failure = browser.find_element(By.CSS_SELECTOR, "details.failure:has(details)")
    gold = failure.find_element(By.TAG_NAME, "h4")
    assert not gold.is_displayed()
    failure.find_element(By.TAG_NAME, "summary").click()
    assert gold.is_displayed()
    inner = failure.find_element(By.CSS_SELECTOR, ":scope details summary")
    prompt = failure.find_element(By.CSS_SELECTOR, ":scope details pre")
    assert not prompt.is_displayed()
    inner.send_keys(Keys.ENTER)
    assert prompt.is_displayed()
    said = [each.text for each in failure.find_elements(By.CSS_SELECTOR, ":scope details pre")]
    assert "from nothing else" in said[0]
    assert "Passages:\n" in said[1]
    inner.send_keys(Keys.SPACE)
    assert not prompt.is_displayed()


def test_the_language_changes_by_mouse_and_by_keyboard(browser: "WebDriver", pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    opened(browser, pages["faithfulness"])

    def head() -> str:
        return browser.find_element(By.TAG_NAME, "h1").text

    assert head().startswith("Faithfulness")
    browser.find_element(By.CSS_SELECTOR, "label[for=zh]").click()
    assert head().startswith("忠实度")
    body = browser.find_element(By.TAG_NAME, "main").text
    assert "失败的例子" in body
    assert "Failures" not in body
    browser.find_element(By.ID, "zh").send_keys(Keys.ARROW_LEFT)
    assert head().startswith("Faithfulness")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_whatever_the_screen_is(browser: "WebDriver", pages: dict[str, Path], scheme: str) -> None:
    opened(browser, pages["answers"], media="print", features=[{"name": "prefers-color-scheme", "value": scheme}])
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    poor = browser.execute_script(CONTRAST)
    assert (paper, poor) == ("rgb(255, 255, 255)", [])


def printed(browser: "WebDriver") -> str:
    """The text of the page on paper, read by another program."""
    from pypdf import PdfReader

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(base64.b64decode(pdf))).pages)


@pytest.mark.usefixtures("chinese_font")
def test_on_paper_failures_are_open_and_buttons_are_gone(browser: "WebDriver", pages: dict[str, Path]) -> None:
    opened(browser, pages["faithfulness"])
    text = printed(browser)
    for words in ("Figures", "balanced_accuracy", "Claims", "<b>Bold</b> claim & more.", "the judge broke on"):
        assert words in text
    assert "中文" not in text.split("Faithfulness")[0]
    browser.execute_script("document.getElementById('zh').click()")
    assert "陈述" in printed(browser)
