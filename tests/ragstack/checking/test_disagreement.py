"""When another source says otherwise, and when it only says something else."""

from pathlib import Path
from typing import Any

import pytest

from ragstack.checking.calibration import Calibration, LogisticModel
from ragstack.checking.disagreement import disagrees, names_as_much
from ragstack.stack import RagStack

HEIGHT = "How high is the Marlow tower?"
CITED = "The Marlow tower is 324 metres high and stands in Kent."


@pytest.mark.parametrize(
    ("question", "sentence", "cited", "other"),
    [
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is 330 metres high and stands in Kent."),
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower in Kent is 330 metres high."),
        (
            "When was the Vasa raised?",
            "It was raised in 1961.",
            "The Vasa was raised on 24 April 1961 from the harbour.",
            "The Vasa was raised on 24 April 1959 from the harbour.",
        ),
        (
            "Who designed the bridge?",
            "Anna Lind designed it.",
            "The bridge was designed by Anna Lind in her youth.",
            "The bridge was designed by Karl Moe in his youth.",
        ),
        (
            "Do blue whales have teeth?",
            "Blue whales do not have teeth.",
            "Blue whales do not have teeth.",
            "Blue whales have teeth.",
        ),
        (
            "When was the Vasa raised?",
            "On 24 April 1961.",
            "The Vasa was raised on 24 April 1961 from the harbour.",
            "The Vasa was raised on 28 April 1959 from the harbour.",
        ),
        ("蓝鲸最重可达多少吨？", "蓝鲸最重可达150吨。", "蓝鲸最重可达150吨。", "蓝鲸最重可达190吨。"),
        ("蓝鲸最重可达多少吨？", "蓝鲸最重可达150吨。", "蓝鲸最重可达150吨。", "蓝鲸最重可达约190吨。"),
        (
            "When does it open?",
            "It opens at 17:30.",
            "The mill opens at 17:30 daily.",
            "The mill opens at 18:45 daily.",
        ),
        ("When does it open?", "It opens at 9:30.", "The mill opens at 9:30 daily.", "The mill opens at 17:30 daily."),
        ("谁得了冠军？", "西班牙得了冠军。", "最终西班牙得了冠军。", "最终葡萄牙得了冠军。"),
        ("大桥由谁设计？", "由茅以升设计。", "大桥由茅以升设计，1937年建成。", "大桥由李国豪设计，1937年建成。"),
    ],
)
def test_another_value_in_the_place_of_the_answer_is_a_disagreement(
    question: str, sentence: str, cited: str, other: str
) -> None:
    assert disagrees(question, sentence, cited, other)


@pytest.mark.parametrize(
    ("question", "sentence", "cited", "other"),
    [
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is 324 metres high."),  # the same
        (HEIGHT, "It is 324 metres high.", CITED, "The Essex tower is 330 metres high and stands in Kent."),  # another
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is 324 metres high and stands in Essex."),
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is 9 storeys high and was painted by two people."),
        ("What is the cost?", "1.5 million euros.", "The cost is 1.5 million euros.", "The cost is 1,500,000 euros."),
        ("Who won?", "Anna Lind won.", "Anna Lind won the final race.", "Anna Lind won in dominant fashion."),
        (
            "What do blue whales eat?",
            "They eat krill.",
            "Blue whales eat krill in all oceans.",
            "Blue whales eat krill but do not sing in warm oceans.",
        ),
        (
            "How many seats has the hall?",
            "It has 320 seats.",
            "320 seats has the old hall of Marlow in Kent",
            "45 rows has the old hall of Marlow in Kent with 320 seats",
        ),
        ("森林里有多少种鸟？", "有34种。", "森林里有34种鸟。", "森林里有三十四种鸟。"),
        ("红湖有多深？", "红湖深20米。", "红湖深20米，位于北部。", "蓝湖深35米，位于北部。"),
        ("How high is the Marlow tower?", "324 metres.", CITED, "马洛塔高330米，位于肯特。"),
        (  # another year
            "What was the revenue of Acme?",
            "It was 5 million euros.",
            "In 2019 the revenue of Acme was 5 million euros.",
            "In 2020 the revenue of Acme was 6 million euros.",
        ),
        (  # another version
            "When was Acme released?",
            "Acme 2.0 was released in 2019.",
            "Acme 2.0 was released in 2019.",
            "Acme 3.0 was released in 2021.",
        ),
        (  # another town
            "What is the population of the city?",
            "It is 700,000.",
            "The population of the city of Oslo is 700,000.",
            "The population of the city of Bergen is 280,000.",
        ),
        (  # other days
            "When does breakfast begin?",
            "At 7:00.",
            "Breakfast begins at 7:00 on weekdays.",
            "Breakfast begins at 8:30 on Sundays.",
        ),
        ("What is the price?", "20 EUR", "| Blue pump | 20 | EUR |", "| Red pump | 30 | EUR |"),  # another row
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is about 320 metres high and stands in Kent."),
        (HEIGHT, "It is 324 metres high.", CITED, "The Marlow tower is 0.324 km high and stands in Kent."),
        ("蓝鲸最重可达多少吨？", "蓝鲸最重可达150吨。", "蓝鲸最重可达150吨。", "蓝鲸最重可达约150000公斤。"),
        ("When does it open?", "At 17:30.", "The mill opens at 17:30 daily.", "The mill opens at 5:30 pm daily."),
        (HEIGHT, "324.3 metres.", "The Marlow tower is 324.3 metres high.", "The Marlow tower is 324 metres high."),
        (
            "Where was Lind born?",
            "In the UK.",
            "Anna Lind was born in the UK and lived in Kent.",
            "Anna Lind was born in the United Kingdom and lived in Kent.",
        ),
        (
            "How many members has the club?",
            "Between 10 and 20.",
            "The club has between 10 and 20 members.",
            "The club has 15 members.",
        ),
        ("谁得了冠军？", "2018年法国队得了冠军。", "2018年法国队得了冠军。", "2022年阿根廷队得了冠军。"),
        (  # a year of that decade
            "When was the Marlow tower built?",
            "It was built in 1983.",
            "The Marlow tower was built in 1983 by Anna Lind.",
            "The Marlow tower was built in the 1980s by Anna Lind.",
        ),
        ("马洛塔建于哪一年？", "建于1983年。", "马洛塔建于1983年，位于肯特。", "马洛塔建于1980年代，位于肯特。"),
        ("公司的收入是多少？", "收入为5亿元。", "2019年公司的收入为5亿元。", "2020年公司的收入为6亿元。"),
    ],
)  # fmt: skip
def test_the_same_in_other_words_another_subject_or_another_point_is_none(
    question: str, sentence: str, cited: str, other: str
) -> None:
    assert not disagrees(question, sentence, cited, other)


@pytest.mark.parametrize(
    ("cited", "other"),
    [
        ("The Marlow tower was built in 1973 by Anna Lind.", "The Marlow tower was built in the 1980s by Anna Lind."),
        ("马洛塔建于1973年，位于肯特。", "马洛塔建于1980年代，位于肯特。"),
    ],
)
def test_a_year_of_another_decade_is_another(cited: str, other: str) -> None:
    question = "When was the Marlow tower built?" if cited.isascii() else "马洛塔建于哪一年？"
    assert disagrees(question, cited, cited, other)


def test_a_passage_about_another_subject_names_less_than_the_question_asks() -> None:
    assert names_as_much("How long is a pike?", "Pike. It grows to 35 cm.", "The pike. It grows to 60 cm.")
    assert not names_as_much("How long is a pike?", "Pike. It grows to 35 cm.", "Perch. It grows to 60 cm.")


@pytest.fixture
def stack(tmp_path: Path, bag_encoder: Any, monkeypatch: pytest.MonkeyPatch) -> RagStack:
    half = LogisticModel({"coverage": 10.0}, -5.0, threshold=0.5)  # what ships is fitted for trained encoders
    gate = LogisticModel({"best": 10.0}, -5.0, threshold=0.5)
    monkeypatch.setattr("ragstack.checking.load_calibration", lambda *_, **__: Calibration(gate, gate, half, half))
    files = {
        "2023.md": "The tower of Marlow weighs 324 tonnes and stands in Kent.",
        "2024.md": "The tower of Marlow weighs 330 tonnes and stands in Kent.[7]",
        "mill.md": "The mill of Marlow weighs 90 tonnes and stands in Kent.",
        "塔.md": "马洛塔重324吨，位于肯特。",
        "新塔.md": "马洛塔重330吨，位于肯特。",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    stack.ingest([tmp_path / name for name in files])
    return stack


def test_what_a_document_says_against_itself_is_not_another_source(stack: RagStack, tmp_path: Path) -> None:
    text = "The crane of Marlow weighs {} tonnes and stands in Kent.\n\n"
    text = text.format(24) + text.format(30)
    (tmp_path / "crane.md").write_text(text, encoding="utf-8")
    stack.ingest(tmp_path / "crane.md")
    answer = stack.ask("How much does the crane of Marlow weigh in tonnes?", generator="extractive")
    assert "24 tonnes" in answer.text
    assert not any(sentence.disagrees for sentence in answer.sentences)


@pytest.mark.parametrize(("talk", "times"), [("User: Again?\nAssistant: {}", 0), ("Ann: Again?\nBeth: {}", 1)])
def test_what_a_machine_is_said_to_have_said_is_not_another_source(
    stack: RagStack, tmp_path: Path, talk: str, times: int
) -> None:
    said = "The crane of Marlow weighs {} tonnes and stands in Kent."
    (tmp_path / "crane.md").write_text(said.format(24), encoding="utf-8")
    (tmp_path / "talk.md").write_text(talk.format(said.format(30)), encoding="utf-8")
    stack.ingest([tmp_path / "crane.md", tmp_path / "talk.md"])
    answer = stack.ask("How much does the crane of Marlow weigh in tonnes?", generator="extractive")
    assert "24 tonnes" in answer.text
    assert sum(sentence.disagrees for sentence in answer.sentences) == times


@pytest.mark.parametrize(
    ("question", "lang", "before", "after"),
    [
        ("How much does the tower of Marlow weigh in tonnes?", "en", "Another source says otherwise: “", "”"),
        ("马洛塔重多少吨？", "zh", "另一来源的说法不同：“", "”"),
    ],
)
def test_both_sources_are_quoted_and_cited_once(
    stack: RagStack, question: str, lang: str, before: str, after: str
) -> None:
    answer = stack.ask(question, generator="extractive", where={"lang": lang})
    assert not answer.abstained, answer.reason
    (other,) = [sentence for sentence in answer.sentences if sentence.disagrees]
    assert other.supported
    assert other.text.startswith(before)
    assert other.text.endswith(after)
    (number,) = other.citations
    quoted = next(citation.quote for citation in answer.citations if citation.n == number)
    assert quoted.startswith(other.text[len(before) : -len(after)])
    values = {value for value in ("324", "330") for citation in answer.citations if value in citation.quote}
    assert values == {"324", "330"}
    assert "[7]" not in answer.text
    assert other.marked in answer.text
    assert [each["disagrees"] for each in answer.to_dict()["sentences"]].count(True) == 1
