"""The page for reviewing: whole, alone, safe against what the documents hold, and used by keyboard in a browser."""

import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.review import review_page
from ragstack.evaluation.testsets.values import Kind, Passage, Question

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

Make = Callable[..., Passage]
NASTY = '</script><script>document.title="taken"</script> & "quoted" \u202e'


@pytest.fixture
def questions(passage: Make) -> list[Question]:
    def ask(id_: str, kind: Kind, text: str, made: Passage, twist: tuple[str, str] | None = None) -> Question:
        return Question(id_, kind, text, made, facts(made)[0], twist)

    steps = passage("Skarn lighthouse has 214 steps.", f"It is old. Skarn lighthouse has 214 steps. {NASTY}", NASTY)
    bridge = passage("长风桥全长 812 米，桥面宽 24 米。", heading="桥梁 › 长风桥")
    return [
        ask("1-a", "answerable", "How many steps does Skarn lighthouse have?", steps),
        ask("2-a", "answerable", "长风桥全长多少米？", bridge),
        ask("3-u", "unanswerable", "How many steps does Veld mill have?", steps, ("Veld mill", "Skarn lighthouse")),
        ask("4-f", "false_premise", "为什么长风桥全长 500 米？", bridge, ("500", "812")),
    ]


class Parsed(HTMLParser):
    """Tags in order, the text of marks, and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.marked: list[str] = []
        self.links: list[str] = []
        self._in_mark = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_mark = tag == "mark"
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self._in_mark:
            self.marked.append(data)
            self._in_mark = False


def test_the_page_stands_alone_and_documents_cannot_write_into_it(questions: list[Question]) -> None:
    html = review_page(questions, "</script>manuals", "ab12")
    parsed = Parsed(html)
    assert parsed.tags.count("script") == 2
    assert parsed.links == []
    assert "http:" not in html
    assert "https:" not in html
    assert "\u202e" not in html
    assert json.loads(html.split('id="set">')[1].split("</script>")[0]) == {
        "collection": "</script>manuals",
        "sha256": "ab12",
    }


def test_answers_and_what_a_premise_gets_wrong_are_marked(questions: list[Question]) -> None:
    assert Parsed(review_page(questions, "set", "ab12")).marked == ["214", "812 米", "Skarn lighthouse", "812"]


def test_every_label_is_there_in_both_languages(questions: list[Question]) -> None:
    html = review_page(questions, "set", "ab12").split("<main>")[1]
    assert html.count('<span lang="en">') == html.count('<span lang="zh">') > 20
    for label in re.findall('<span lang="zh">(.*?)</span>', html):
        assert re.search("[\u4e00-\u9fff]", label)


def opened(browser: "WebDriver", questions: list[Question], folder: Path, width: int = 1280) -> Path:
    """The page of the questions, in the browser.

    All files may be of one origin, and what one page stores is seen by the next a moment later: so the set is known by
    its folder's name, and no test finds the decisions of another.
    """
    page = folder / "review.html"
    page.write_text(review_page(questions, "set", folder.name), encoding="utf-8")
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("browser")
    browser.get(page.as_uri())
    return page


def wait_until(true: Callable[[], object]) -> None:
    """Wait for what the browser does in its own time; whoever calls looks at what came of it."""
    ends = time.monotonic() + 120
    while not true() and time.monotonic() < ends:
        time.sleep(0.1)


def press(browser: "WebDriver", keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def test_a_set_is_reviewed_by_keyboard_and_the_decisions_are_kept_and_saved(
    questions: list[Question], tmp_path: Path, browser: "WebDriver"
) -> None:
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path / "saved")}
    )
    page = opened(browser, questions, tmp_path)
    assert browser.title == "Review · set"  # and not what a document would have it be
    press(browser, "jae")  # accept the first, edit the second
    field = browser.switch_to.active_element
    field.clear()
    field.send_keys("长风桥有多长？")
    browser.execute_script("document.activeElement.blur(); document.querySelector('#q2').focus()")
    press(browser, "ar")
    decided = ["accepted", "accepted", "rejected", ""]
    assert state(browser) == decided

    def kept() -> bool:
        browser.get(page.as_uri())
        return state(browser) == decided

    wait_until(kept)
    assert state(browser) == decided
    assert browser.find_element("css selector", "#q2 .text").text == "长风桥有多长？"
    press(browser, "jjjus")
    saved = tmp_path / "saved" / "decisions.json"
    wait_until(saved.exists)
    assert json.loads(saved.read_text(encoding="utf-8")) == {
        "collection": "set",
        "sha256": tmp_path.name,
        "decisions": {"1-a": {"accepted": True}, "2-a": {"accepted": True, "text": "长风桥有多长？"}},
    }
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_other_language_and_only_what_is_undecided(
    questions: list[Question], tmp_path: Path, browser: "WebDriver"
) -> None:
    opened(browser, questions, tmp_path, 390)
    assert "0 of 4 decided" in browser.find_element("css selector", "header").text
    browser.find_element("css selector", "label[for=zh]").click()
    assert "已决定 0 / 4" in browser.find_element("css selector", "header").text
    assert "decided" not in browser.find_element("css selector", "header").text
    press(browser, "jr")
    browser.find_element("css selector", "#open").click()
    shown = [card.is_displayed() for card in browser.find_elements("css selector", "article")]
    assert shown == [False, True, True, True]
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_the_key_that_ends_the_choice_of_a_chinese_word_does_not_end_the_edit(
    questions: list[Question], tmp_path: Path, browser: "WebDriver"
) -> None:
    opened(browser, questions, tmp_path)
    press(browser, "je")
    key = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Escape', bubbles: true, {}}}))"
    form = browser.find_element("css selector", "#q1 form")
    browser.execute_script(key.format("isComposing: true"))
    assert form.is_displayed()
    browser.execute_script(key.format("isComposing: false"))
    assert not form.is_displayed()


def state(browser: Any) -> list[str]:
    return [card.get_attribute("class") for card in browser.find_elements("css selector", "article")]
