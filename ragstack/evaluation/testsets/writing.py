"""Questions by the decoder: it asks for a given fact of a given sentence, and reads its own question back.

The examples in the prompt never change and stand first, so that they are read once. Questions are asked for one after
another before any is read back, for the same reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.outline import plain_markup
from ragstack.evaluation.testsets.values import Fact, Passage
from ragstack.generators.base import Generator, Message, Prompt
from ragstack.language import Language

__all__ = ["Writer"]

_LONGEST_QUESTION, _LONGEST_ANSWER = 60, 50
"""Tokens."""


@dataclass(frozen=True, slots=True)
class _Wording:
    """The wording of one language; examples pair what is given with the question that is wanted."""

    # A question without its text is read by someone who does not know which text it is from.
    ask: str
    given: str
    why: str
    examples: tuple[tuple[str, str, str, str], ...]
    # Reading back: a few words, so that they can be compared.
    read: str
    passage: str


_WORDING: dict[Language, _Wording] = {
    "en": _Wording(
        ask="You write exam questions. You get a text and the answer that is wanted, and write one short question "
        "that has exactly this answer. The question names what it is about, so that it is understood without the "
        'text: no "it", "this", "the text". It does not contain the answer.',
        given="Topic: {heading}\nText: {text}\nAnswer: {answer}",
        why="(ask why: {statement})",
        examples=(
            ("Lighthouses of the north", "Skarn lighthouse was rebuilt in stone and has 214 steps and two lamps.",
             "214", "How many steps does Skarn lighthouse have?"),
            ("Tea › Storage", "Opened tins of green tea keep their scent for about six weeks.", "six weeks",
             "How long do opened tins of green tea keep their scent?"),
            ("Rail safety", "In 1931 the Orvel line introduced automatic brakes on all of its wagons.", "1931",
             "In which year did the Orvel line introduce automatic brakes?"),
            ("Soils", "Loess is a fine yellowish dust that wind has laid down.",
             "a fine yellowish dust that wind has laid down", "What is loess?"),
            ("Ferries", "The crossing to Hald takes 45 minutes.", "(ask why: The crossing to Hald takes 70 minutes.)",
             "Why does the crossing to Hald take 70 minutes?"),
        ),
        read="Answer the question with the fewest words of the text. If the text does not answer it, write: none.",
        passage="Text: [{heading}] {text}\nQuestion: {question}",
    ),
    "zh": _Wording(
        ask="你负责出考题。给你一段文字和想要的答案，请写一个简短的问题，它的答案正好就是给出的答案。"
        "问题要写明说的是什么，不看原文也能看懂，不要用“它”“该”“本文”等词。问题中不能出现答案。",
        given="主题：{heading}\n文字：{text}\n答案：{answer}",
        why="（问为什么：{statement}）",
        examples=(
            ("北方的灯塔", "斯卡恩灯塔用石头重建，有 214 级台阶和两盏灯。", "214 级", "斯卡恩灯塔有多少级台阶？"),
            ("茶叶 › 保存", "开罐后的绿茶香气大约能保持六周。", "六周", "开罐后的绿茶香气能保持多久？"),
            ("铁路安全", "1931年，奥维尔线在全部车厢上安装了自动制动器。", "1931年",
             "奥维尔线在哪一年安装了自动制动器？"),
            ("土壤", "黄土是由风搬运堆积的一种淡黄色细粉尘。", "由风搬运堆积的一种淡黄色细粉尘", "什么是黄土？"),
            ("渡船", "到哈尔德的渡船要 45 分钟。", "（问为什么：到哈尔德的渡船要 70 分钟。）",
             "为什么到哈尔德的渡船要 70 分钟？"),
        ),
        read="用文字中最少的词回答问题。如果文字没有回答，就写：无。",
        passage="文字：【{heading}】{text}\n问题：{question}",
    ),
}  # fmt: skip


class Writer:
    """Asks and reads with one generator, greedily: the same passage gives the same question."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.name = generator.name

    def ask_for(self, passage: Passage, fact: Fact) -> str:
        """The question that asks for ``fact``.

        Raises:
            ModelError: the decoder failed.
        """
        return self._ask(passage, " ".join(fact.text.split()))

    def ask_why(self, passage: Passage, fact: Fact, put: str) -> str:
        """A question why something is so that is not so: ``put`` stands where the sentence has the fact.

        Raises:
            ModelError: the decoder failed.
        """
        wording = _WORDING[passage.language]
        statement = plain_markup(f"{passage.text[: fact.start]}{put}{passage.text[fact.end :]}")
        return self._ask(passage, wording.why.format(statement=statement))

    def read(self, passage: Passage, question: str) -> str:
        """The answer that the sentence and its neighbours give to a question, in few words.

        Raises:
            ModelError: the decoder failed.
        """
        wording = _WORDING[passage.language]
        text = plain_markup(passage.around)
        given = wording.passage.format(heading=passage.heading, text=text, question=question)
        return self._write((Message("system", wording.read), Message("user", given)), _LONGEST_ANSWER)

    def _ask(self, passage: Passage, answer: str) -> str:
        wording = _WORDING[passage.language]
        messages = [Message("system", wording.ask)]
        for heading, text, wanted, question in wording.examples:
            messages.append(Message("user", wording.given.format(heading=heading, text=text, answer=wanted)))
            messages.append(Message("assistant", question))
        given = wording.given.format(heading=passage.heading, text=plain_markup(passage.text), answer=answer)
        return self._write((*messages, Message("user", given)), _LONGEST_QUESTION)

    def _write(self, messages: Sequence[Message], max_tokens: int) -> str:
        prompt = Prompt(question="", evidence=(), messages=tuple(messages))
        written = "".join(delta.text for delta in self._generator.stream(prompt, max_tokens=max_tokens, stop=["\n"]))
        return " ".join(written.split())
