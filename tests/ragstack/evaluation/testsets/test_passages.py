"""Which sentences are asked about."""

import pytest

from ragstack.evaluation.testsets.passages import choose, is_good
from ragstack.stack import RagStack


@pytest.mark.parametrize(
    "text",
    [
        "Skarn lighthouse was built by Olaf Brenner in 1902 on a bare rock.",
        "- The base of the mill has 38 wheels and is made of oak.",
        "长风桥全长 812 米，桥面宽 24 米。",
        "1. 明月湖水产研究所在1984年成立，现有 65 名职工。",
    ],
)
def test_a_whole_sentence_that_stands_alone_is_good(text: str) -> None:
    assert is_good(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It was built by Olaf Brenner in 1902 on a bare rock.", "nobody knows what"),
        ("However, the lighthouse was built in 1902 on a bare rock.", "it goes on"),
        ("The lighthouse of Skarn was built in the same year as the mill.", "which year"),
        ("As Figure 3 shows, the lighthouse is made of stone and of wood.", "a figure"),
        ("The history of the lighthouse and of its keepers", "a heading"),
        ("The lighthouse has the following parts and is made of:", "a lead-in"),
        ("Is the lighthouse of Skarn made of stone or of wood?", "a question"),
        ("The lighthouse is old.", "too short"),
        ("Copyright of the pictures is with the keepers of the lighthouse.", "boilerplate"),
        ("Brenner, O., The Lamps of Skarn, Harrow Press, and Notes.", "a source"),
        ("The keeper (of the lighthouse at Skarn was known to all.", "an open bracket"),
        ("Le phare de Skarn est une construction de pierre sur un rocher.", "neither English nor Chinese"),
        ("The lighthouse was built in 1902 – 1903, 12 + 14 = 26, 33, 44, 55, 66, 77, 88, 99.", "mostly figures"),
        ("它全长 812 米，桥面宽 24 米，两侧有人行道。", "什么东西"),
        ("该桥全长 812 米，桥面宽 24 米，两侧有人行道。", "哪座桥"),
        ("长风桥当年的车流量是 812 辆，比预计的多。", "哪一年"),
        ("如下图所示，长风桥全长 812 米，桥面宽 24 米。", "图"),
        ("长风桥很长。", "太短"),
        ("长风桥的历史、结构与维护情况以及桥面的宽度", "标题"),
    ],
)
def test_what_leans_on_others_or_is_no_prose_is_left_out(text: str, why: str) -> None:
    assert not is_good(text), why


def test_passages_are_exact_and_take_turns_among_documents(filled: RagStack) -> None:
    collection = filled.collection("set")
    passages = choose(collection, seed=3)
    assert {passage.document.split("/")[-1] for passage in passages[:4]} == {"skarn.md", "veld.md", "桥.md", "湖.md"}
    for passage in passages:
        document = collection.document(passage.document_id)
        assert document
        assert document.text[passage.start : passage.end] == passage.text
        assert document.text[passage.around_start :].startswith(passage.around)
        assert passage.text in passage.around
        assert "|" not in passage.text
    texts = [passage.text for passage in passages]
    assert any(text.startswith("A fog horn") for text in texts)
    assert not any("loud" in text or "Copyright" in text or "它" in text for text in texts)


def test_the_seed_decides_the_order_and_nothing_else_does(filled: RagStack) -> None:
    collection = filled.collection("set")
    orders = [[passage.id for passage in choose(collection, seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_a_sentence_that_stands_in_two_documents_is_in_neither(filled: RagStack, tmp_path: object) -> None:
    folder = filled.config.home.parent / "documents"
    shared = "A fog horn is a device that warns ships with sound, since light does not reach far in fog."
    (folder / "copy.md").write_text(f"# Copy\n\n{shared} The copy of the text was made by hand in May.\n")
    filled.ingest(folder, collection="set")
    texts = [passage.text for passage in choose(filled.collection("set"), seed=0)]
    assert not any(text.startswith("A fog horn") for text in texts)
    assert any(text.startswith("The copy") for text in texts)
