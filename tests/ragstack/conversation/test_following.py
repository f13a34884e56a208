"""Which questions lean on a conversation, judged by people beforehand."""

import pytest

from ragstack.conversation.following import leans


@pytest.mark.parametrize(
    "question",
    [
        "How much does it weigh?",
        "And in 2020?",
        "What about the large model?",
        "Who designed them?",
        "Why?",
        "Since when?",
        "In which year?",
        "How many people?",
        "For the small one?",
        "What are its limits?",
        "Is that still true?",
        "Did Apple buy it?",
        "What is the price of the latter?",
        "How many people live there?",
        "它有多重？",
        "那 BERT-large 呢？",
        "2020年呢？",
        "为什么？",
        "有多少参数？",
        "是谁写的？",
        "后者多少钱？",
        "其参数有多少？",
        "还有别的吗？",
        "他还写过什么作品？",
    ],
)
def test_a_question_that_needs_the_conversation_leans(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is BERT?",
        "How long does it take to train BERT?",
        "Is it possible to return a used pump?",
        "Which river flows through Budapest, and how long is it?",
        "What did Google release when it bought YouTube?",
        "How did Marie Curie find her husband?",
        "What share of the sentences was supported by their citations?",
        "Are there any limits to the number of files?",
        "What is the role of the former minister?",
        "photosynthesis light reaction",
        "Who discovered penicillin?",
        "什么是熵？",
        "谁发明了电话？",
        "为什么天空是蓝色的呢？",
        "黄河发源于哪里，它流经多少个省区？",
        "其他国家有多少人口？",
        "应该怎样保存锂电池？",
        "如何注册？",
        "鲸是什么？",
        "马其顿的首都在哪里？",
    ],
)
def test_a_question_that_stands_alone_does_not(question: str) -> None:
    assert not leans(question)
