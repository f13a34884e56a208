"""Sentence borders against references made by hand: ``¦`` marks each border in the texts below.

The running texts in ``data/sentences_en.txt`` and ``data/sentences_zh.txt`` have one sentence a line; their first lines
say how they were made.
"""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.sentences import split_sentences

ENGLISH = [
    "Hello World. ¦My name is Jonas.",
    "What is your name? ¦My name is Jonas.",
    "There it is! ¦I found it.",
    "My name is Jonas E. Smith.",
    "Please turn to p. 55 and read on.",
    "Were Jane and co. at the party?",
    "They closed the deal with Pitt, Briggs & Co. at noon.",
    "Let's ask Jane and co. ¦They should know.",
    "I can see Mt. Fuji from here.",
    "St. Michael's Church is on 5th St. near the light.",
    "That is JFK Jr.'s book.",
    "I visited the U.S.A. last year.",
    "I live in the E.U. ¦How about you?",
    "I live in the U.S. ¦We moved there in 2019.",
    "I work for the U.S. Government in Virginia.",
    "I have lived in the U.S. for 20 years.",
    "At 5 a.m. Mr. Smith went to the bank. ¦He left at 6 p.m. ¦The next day he came back.",
    "She has $100.00 in her bag. ¦It is hers.",
    "She has $100.00. ¦It is in her bag.",
    "He teaches science (He worked for 5 years as an engineer.) at the local university.",
    "Her email is Jane.Doe@example.com. ¦I sent her a note.",
    "The site is https://www.example.com/a.b?c=d.e and it works. ¦Visit it.",
    '"This is great," she said. ¦Nobody answered.',
    '"Is this great?" she asked.',
    '"Is this great?" Mary asked. ¦No.',
    "He said “It works.” ¦Then he left.",
    "“Stop!” ¦The car stopped.",
    "Hello!! ¦Long time no see.",
    "Hello?? ¦Who is there?",
    "Hello!? ¦Is that you?",
    "You can find it at N°. 1026.253.553. ¦That is where the treasure is.",
    "1. The first item is here. ¦2 items follow.",
    "This is version 2.0.1 of the program. ¦It needs Python 3.11.",
    "See Fig. 3 for the result. ¦Fig. 4 shows more.",
    "The method (cf. Sec. 4.2) works well. ¦Results follow.",
    "Vaswani et al. (2017) proposed the Transformer. ¦It uses attention.",
    "As shown by Devlin et al., BERT reads both ways.",
    "Lewis et al. The paper is well known.".replace("al. The", "al. ¦The"),
    "Some models, e.g. GPT-3, are large. ¦Others, i.e. small ones, are not.",
    "E.g. BERT is an encoder.",
    "Use a band, e.g. The Quarrymen, as an example. ¦Or none.",
    "It costs approx. 5 dollars. ¦No. 5 is alive.",
    "Is it true? ¦No. ¦It is not.",
    "The answer is no. ¦Nobody came.",
    "It was due on Jan. 5 and paid on Feb. 7.",
    "We met in Dec. ¦It was cold.",
    "Dr. J. R. Miller and Prof. A. Chen wrote it. ¦They met in 1999.",
    "J. K. Rowling wrote it.",
    "Take vitamin C. ¦It helps.",
    "The ellipsis... it goes on.",
    "I never meant that.... ¦She left the store.",
    "Wait … what? ¦Yes.",
    "The loss fell to 0.25. ¦That was good.",
    "Accuracy was 93.4%. ¦The rest failed.",
    "It was shown before.[12] ¦The next step is clear.",
    "It was shown before [3, 4]. ¦The next step is clear.",
    "**This is bold.** ¦This is not.",
    "Use `model.fit(x)`. ¦Then call `model.predict(x)`.",
    "Open config.toml and README.md. ¦Edit them.",
    "He bought apples, pears, etc. and went home.",
    "He bought apples, pears, etc. ¦Then he went home.",
    "Acme Inc. was sold. ¦Foo Ltd. bought it.",
    "She works at Acme Inc. ¦She likes it.",
    "It ended in 1999. ¦2000 was better.",
    "The U.K. and the U.S. signed. ¦It rained.",
    "He has a Ph.D. in physics. ¦She has an M.D. ¦They met in school.",
    "Yahoo! is a company. ¦It is old.",
    "Which is it: A or B? ¦It is B.",
    "The paper was long. ¦(It had an appendix.) ¦We read it.",
    "Line one goes\nover to line two. ¦And a third\nline follows.",
    "Heading\n\n¦Text under it.",
    "# Title\n¦Text under it. ¦More text.",
    "Items:\n¦- first item\n¦- second item. ¦With more.\n¦* third",
    "Steps:\n¦1. Do this.\n¦2. Do that.",
    "| a | b |\n¦|---|---|\n¦| 1. x | 2. Y |",
    "Code:\n¦```\n¦x = 1. \n¦y = Foo. Bar\n¦```\n¦Done.",
    "GPT-3 has 175 B parameters. ¦T5 has 11 B. ¦BERT has 0.34 B.",
    "Cf. Smith v. Jones for the rule.",
    "The temperature was −3.5 °C. ¦It fell.",
    "He wrote: “First this. ¦Then that.” ¦We agreed.",
    "Is RAG useful? ¦“Yes.” ¦Why?",
]
CHINESE = [
    "今天天气很好。¦我们去公园吧。",
    "你叫什么名字？¦我叫小明。",
    "太好了！¦我找到了。",
    "他说：“我来了。”¦大家都笑了。",
    "“你来了吗？”他问。",
    "“你来了吗？”他问道：“什么时候走？”¦没人回答。",
    "“太好了！”小明说。¦他跑了出去。",
    "“你好！”，他说。",
    "她问：“为什么？”¦他没有回答。",
    "《你好，李焕英》上映了。¦票房很高。",
    "《为什么是我？》是一本书。",
    "模型有三类：编码器；¦解码器；¦编码器-解码器。",
    "他走了……¦她没有说话。",
    "他走了……，再也没有回来。",
    "真的吗？！¦我不信。",
    "什么？？？¦不可能！！！",
    "这个模型有 1.5 亿个参数。¦它很小。",
    "准确率为 93.4%。¦其余失败。",
    "版本 2.0.1 已发布。¦请升级。",
    "请访问 https://www.example.com/a.b 查看。¦谢谢。",
    "BERT 由 Devlin et al. 提出。¦它是编码器。",
    "例如（参见第 3 章。）这样写。¦下一句。",
    "他（你知道他是谁吗？）来了。¦我走了。",
    "我们完成了。（见附录。）¦下一步开始。".replace("。（", "。¦（"),
    "GPT是解码器。¦T5是编码器-解码器。",
    "我用的是GPT-4.¦它很好。".replace(".¦", ". ¦"),
    "它支持 Python 3.11。¦也支持 C++。",
    "Transformer 是什么？¦It is a model. ¦它用注意力机制。",
    "他说OK. ¦然后走了。",
    "是的!¦我同意。",
    "你确定?¦我确定。",
    "“第一句。¦第二句。”¦第三句。",
    "「你好。」¦他点头。",
    "『真的？』她问。",
    "（全文完。）¦谢谢阅读。",
    "第一章 总则\n¦第一条 为了规范管理，制定本法。\n¦第二条 本法适用于全国。",
    "一、背景\n¦二、方法\n¦三、结论",
    "（一）背景介绍\n¦（二）方法介绍",
    "1、先做这个。\n¦2、再做那个。",
    "1. 先做这个。\n¦2. 再做那个。",
    "①第一点；\n¦②第二点。",
    "# 标题\n¦正文第一句。¦正文第二句。",
    "标题\n\n¦正文。",
    "- 苹果\n¦- 香蕉。¦很甜。\n¦- 梨",
    "- 7. 推理\n¦    - 7.1 显存优化\n¦- 8. Serving",
    "| 模型 | 参数。量 |\n¦|---|---|\n¦| 甲。乙 | 1 |",
    "这一行没有写完，\n下一行继续。¦新的一句。",
    "时间是 2024.01.05。¦地点是北京。",
    "价格为 ¥3.50。¦很便宜。",
    "他问：“A还是B？”¦我说：“B。”",
    "注意力（attention）很重要。¦它来自论文[1]。¦后来被广泛使用。",
    "效果很好。[1]¦因此被采用。",
    "**这是粗体。**¦这不是。",
    "使用 `a.b()`。¦再调用 `c.d()`。",
    "打开 config.toml。¦修改它。",
    "张三、李四等人。¦他们都来了。",
    "Q：什么是RAG？¦A：检索增强生成。",
    "他来自U.S.的公司。¦规模很大。",
    "幻觉是指什么？¦“编造事实。”¦对。",
    "温度为-3.5℃。¦下降了。",
    "苏轼《浣溪沙》：“人间有味是清欢。”¦读来可喜。",
    "预训练；¦微调；¦部署。",
    "大模型（LLM）参数多。¦（小模型参数少。）¦各有用处。",
    "他想：“走还是留？”¦最后留下。",
    "全角句点．¦也算句末。",
    "材料：¦\n1．身份证。¦\n2．照片两张。¦\n3．户口簿。",
    "一．总则。¦\nA．选项一。",
    "选A．¦不选B．",
    f"目录{'·' * 40}3．¦说明。",
    "1 范围¦\n1．1 本标准适用于自来水¦\n1．2 本标准不适用于污水",
    "唉……¦算了吧！",
    "“走！”老师喊道。¦学生们出发了。",
    "结果见表3.1。¦讨论见第4节。",
]


def _reference(marked: str) -> tuple[str, list[str]]:
    return marked.replace("¦", ""), [part.strip() for part in marked.split("¦")]


@pytest.mark.parametrize("marked", ENGLISH)
def test_english_borders_are_where_a_reader_puts_them(marked: str) -> None:
    text, expected = _reference(marked)
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@pytest.mark.parametrize("marked", CHINESE)
def test_chinese_borders_are_where_a_reader_puts_them(marked: str) -> None:
    text, expected = _reference(marked)
    assert [text[start:end] for start, end in split_sentences(text)] == expected


def _running_texts(language: str) -> list[tuple[str, set[int]]]:
    """The texts of a reference file, each with the offsets where its sentences begin, the first left out."""
    content = (Path(__file__).parent / "data" / f"sentences_{language}.txt").read_text(encoding="utf-8")
    texts = []
    for paragraph in content.split("\n\n")[1:]:
        text, begins = "", set()
        for line in paragraph.strip("\n").split("\n"):
            bare = line.lstrip("⏎␣")
            breaks = line[: len(line) - len(bare)].replace("⏎", "\n").replace("␣", " ")
            text += (breaks or (" " if language == "en" else "")) if text else ""
            begins.add(len(text))
            text += bare.replace("⏎", "\n")
        texts.append((text, begins - {0}))
    return texts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_at_least_99_of_100_borders_of_running_text_are_right(language: str) -> None:
    texts = _running_texts(language)
    right = found = wanted = 0
    for text, begins in texts:
        starts = {start for start, _ in split_sentences(text)} - {0}
        right, found, wanted = right + len(starts & begins), found + len(starts), wanted + len(begins)
    assert wanted + len(texts) >= 400
    assert right >= 0.99 * found, f"precision {right / found:.4f}"
    assert right >= 0.99 * wanted, f"recall {right / wanted:.4f}"


@given(st.text(alphabet='ab AB.!?。！？…；“”"()（）\n-#|1`e.g，,', max_size=80), st.integers(0, 20), st.integers(0, 80))
def test_spans_are_ordered_trimmed_and_lose_nothing(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(len(text), start + length)
    spans = split_sentences(text, start, end)
    position = start
    for first, last in spans:
        assert position <= first < last <= end
        assert text[position:first].strip() == ""
        assert text[first:last] == text[first:last].strip()
        position = last
    assert text[position:end].strip() == ""


def test_a_sentence_in_the_middle_of_a_text_keeps_the_offsets_of_the_text() -> None:
    text = "Skipped. One here. Two here. Skipped."
    start, end = text.index("One"), text.index(" Skipped.", 9)
    assert [text[a:b] for a, b in split_sentences(text, start, end)] == ["One here.", "Two here."]


@pytest.mark.parametrize(
    "unit", ["(a. ", "“。", "e.g. ", "[", "a.b.c. D", "。", ")。(", "word ", "中文，", " ", "-", "\n   -"]
)
def test_time_grows_in_step_with_length(unit: str) -> None:
    text = unit * (150_000 // len(unit))
    began = time.thread_time()
    split_sentences(text)
    assert time.thread_time() - began < 6
