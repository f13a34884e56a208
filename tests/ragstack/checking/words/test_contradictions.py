"""What the words of a sentence show to be otherwise than its sources, and what they leave open."""

import pytest

from ragstack.checking.words.contradictions import opposed, turned_by_prefix, turned_negation
from ragstack.checking.words.names import names_missing

TURNED = [
    ("Blue whales do not eat krill.", "Blue whales eat krill."),
    ("Blue whales never eat krill.", "Blue whales eat krill."),
    ("The whale doesn't sleep.", "The whale sleeps at night."),
    ("Blue whales have teeth in the jaw.", "Blue whales have no teeth in the jaw."),
    ("蓝鲸不吃磷虾。", "蓝鲸吃磷虾。"),
    ("蓝鲸没有牙齿。", "蓝鲸有牙齿。"),
    ("大熊猫吃肉类食物。", "大熊猫不吃肉类食物。"),
    ("The panda does not eat bamboo.", "大熊猫以竹子为食。"),
]
LEFT_OPEN = [
    ("Blue whales eat krill.", "Blue whales eat krill and fish."),
    ("Blue whales do not eat squid.", "Blue whales never eat squid."),
    ("It is not possible.", "It is impossible."),
    ("It is impossible.", "It is not possible."),
    ("The whale not only sings.", "The whale sings."),
    ("Whales live in the sea.", "Whales live in the sea; they do not breathe water."),
    ("非洲象不仅吃草，还吃树叶。", "非洲象吃草和树叶。"),
    ("这种方法非常有效。", "这种方法有效。"),
    ("蓝鲸不吃鱿鱼。", "蓝鲸从未吃过鱿鱼。"),
]


@pytest.mark.parametrize(("claim", "source"), TURNED)
def test_a_negation_that_was_added_or_lost_is_seen(claim: str, source: str) -> None:
    assert turned_negation(claim, [source])


@pytest.mark.parametrize(("claim", "source"), LEFT_OPEN)
def test_a_denial_that_the_source_shares_or_no_denial_at_all_is_none(claim: str, source: str) -> None:
    assert not turned_negation(claim, [source])


@pytest.mark.parametrize(
    ("claim", "source", "words"),
    [
        ("Prices decreased in spring.", "Prices increased in spring.", ("decreased",)),
        ("Oslo lies in the north.", "Oslo lies in the south.", ("north",)),
        ("There were less whales.", "There were more whales.", ("less",)),
        ("气温上升了。", "气温下降了。", ("上升",)),
        ("这里不可以拍照。", "这里可以拍照。", ("不可以",)),
        ("Prices rose.", "Prices increased.", ()),
        ("Prices fell after they rose.", "Prices rose, then fell.", ()),
        ("气温上升了。", "气温升高了。", ()),
    ],
)
def test_the_opposite_of_a_word_is_seen_where_the_source_has_not_the_word_itself(
    claim: str, source: str, words: tuple[str, ...]
) -> None:
    assert opposed(claim, [source]) == words


@pytest.mark.parametrize(
    ("claim", "source", "names"),
    [
        ("Giant pandas live in Africa.", "Giant pandas live in China.", ("Africa",)),
        ("Giant pandas live in the Chinese mountains.", "Giant pandas live in China.", ()),
        ("It was built by Ada Lovelace.", "It was built by Charles Babbage.", ("Ada", "Lovelace")),
        ("BERT was built by NASA.", "BERT was built by people at Google.", ("NASA",)),
        ("Whales sing. However, they dive.", "whales sing and dive", ()),
        ("An AI-based tool by GPT-3", "a tool with AI by GPT-2", ()),  # what the digits say is the numbers' matter
        ("大熊猫生活在非洲。", "大熊猫生活在中国。", ("非洲",)),
        ("大熊猫生活在中国的山区。", "大熊猫生活在中国中部的山区。", ()),
        ("北京发布了 BERT 模型。", "上海发布了中文模型。", ("BERT", "北京")),
        ("Pandas live in Africa.", "大熊猫生活在中国。", ()),
    ],
)
def test_a_name_that_no_source_has_is_seen_in_the_language_of_the_source(
    claim: str, source: str, names: tuple[str, ...]
) -> None:
    assert names_missing(claim, [source]) == names


@pytest.mark.parametrize(
    ("claim", "source", "words"),
    [
        ("Who leads the non-elected council?", "The elected council meets in May.", ("non-elected",)),
        ("Who leads the nonelected council?", "The council was elected in May.", ("nonelected",)),
        ("Which plans were disapproved?", "The board disapproved two plans.", ()),
        ("Which plans were unapproved?", "The board approved two plans.", ("unapproved",)),
        ("Who was dissatisfied?", "Most guests were satisfied.", ("dissatisfied",)),
        ("Which plants are inedible?", "All plants of the garden are edible.", ("inedible",)),
        ("Which talks were informal?", "The council holds formal talks.", ("informal",)),
        ("Who was informed?", "The council was formed in May.", ()),
        ("What did the immigrants improve unless paid?", "Migrants prove less in debt.", ()),
        ("Who are the unelected members?", "Elected and unelected members meet in May.", ()),
        ("How many discoveries?", "Covers and coveries.", ()),
        ("Which country is united?", "The country was founded in May.", ()),
        ("How deep is the inland sea?", "The land is flat.", ()),
        ("How do I unlock, unsubscribe or unmount?", "Locked accounts, subscribers and mounted disks.", ()),
        ("Who unblocks contacts?", "Blocked contacts are listed.", ()),
        ("Which contacts are unblocked?", "Blocked contacts are listed.", ("unblocked",)),
        ("What does the antivirus find?", "Viruses are found in mail.", ()),
    ],
)
def test_a_prefix_that_turns_a_word_is_seen_where_the_source_has_only_the_word(
    claim: str, source: str, words: tuple[str, ...]
) -> None:
    assert turned_by_prefix(claim, [source]) == words
