"""Documents written for these tests, in both languages, and a decoder that needs no model."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from indexes.errors import ModelError
from ragstack.evaluation.testsets.values import Passage
from ragstack.generators.base import Delta, Prompt
from ragstack.language import language_of
from ragstack.stack import RagStack

DOCUMENTS = {
    "skarn.md": """# Skarn lighthouse

Skarn lighthouse has 214 steps and two lamps. Skarn lighthouse was built by Olaf Brenner in 1902 on a bare rock.

A fog horn is a device that warns ships with sound, since light does not reach far in fog. It is loud.

| lamp | power |
|---|---|
| upper | 400 watts in all of the years from 1950 to 1960. |
""",
    "veld.md": """# Veld mill

Veld mill contains 38 wheels and many belts of leather. Veld mill was opened in 1866 by the town of Harrow.

A sluice is a gate that lets water out of a pond and onto a wheel. Copyright 2001 Veld Trust, all rights reserved.
""",
    "桥.md": """# 长风桥

长风桥全长 812 米，桥面宽 24 米。长风桥于1957年建成，由李同舟设计。

引桥是一种连接正桥和道路的桥段，坡度比较平缓。它很长。
""",
    "湖.md": """# 镜泊湖

明月湖的面积为 36 平方公里，最深处有 51 米。明月湖水产研究所在1984年成立，现有 65 名职工。
""",
}


@pytest.fixture
def passage() -> Callable[..., Passage]:
    """Makes a passage of a sentence, with neighbours where they matter."""

    def make(text: str, around: str = "", heading: str = "") -> Passage:
        around = around or text
        return Passage("1-0", "a.md", 1, heading, language_of(text), 0, len(text), text, -around.index(text), around)

    return make


@pytest.fixture
def filled(stack: RagStack, tmp_path: Path) -> RagStack:
    """A stack with the documents in its collection ``set``."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert stack.ingest(folder, collection="set").files.added == len(DOCUMENTS)
    return stack


class Scribe:
    """A decoder by rule: asks what number, year or thing a text gives, and reads answers from where they stand."""

    name = "scribe"

    def __init__(self, breaks: Sequence[str] = (), misreads: Sequence[str] = ()) -> None:
        self.breaks, self.misreads = breaks, misreads
        self.calls: list[str] = []

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        given = prompt.messages[-1].content
        self.calls.append(given)
        if any(word in given for word in self.breaks):
            raise ModelError("the decoder broke")
        yield Delta(self._read(given) if re.search("Question:|问题：", given) else self._ask(given))

    def close(self) -> None:
        pass

    def _ask(self, given: str) -> str:
        text = re.search("(?:Text: |文字：)(.*)", given)[1]  # type: ignore[index]
        answer = re.search("(?:Answer: |答案：)(.*)", given)[1]  # type: ignore[index]
        if why := re.search("why: (.*)[.]|为什么：(.*)[。]", answer):
            return f"Why {why[1]}?" if why[1] else f"为什么{why[2]}？"
        if text.isascii():
            words = [word for word in re.findall("[A-Za-z]{3,}", text) if word not in answer]
            return f"Which value goes with {' '.join(reversed(words[:7]))}?"
        rest = text.replace(answer, "").strip("，。")
        return f"{rest[-4:]}和{rest[:4]}的那一项是多少？"

    def _read(self, given: str) -> str:
        return "something else" if any(word in given for word in self.misreads) else given


@pytest.fixture
def scribe() -> type[Scribe]:
    return Scribe
