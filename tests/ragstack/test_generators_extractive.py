"""The generator without a model: which sentences it quotes, and that it quotes them whole."""

from ingest.text.sentences import split_sentences
from ragstack.generators.base import Prompt, Usage
from ragstack.generators.extractive import ExtractiveGenerator


def _answer(question: str, *evidence: str) -> str:
    deltas = list(ExtractiveGenerator().stream(Prompt(question, evidence, ()), max_tokens=1, stop=[" "]))
    assert deltas[-1].usage == Usage(0, 0)
    assert all(delta.usage is None for delta in deltas[:-1])
    return "".join(delta.text for delta in deltas)


def test_the_best_two_sentences_are_quoted_in_their_order() -> None:
    answer = _answer("大熊猫吃什么？", "大熊猫主要吃竹子。", "BERT has 12 layers.", "The sky is blue.")
    assert answer == "大熊猫主要吃竹子。\n\nBERT has 12 layers."


def test_each_quote_is_a_sentence_of_its_own_even_without_a_full_stop() -> None:
    answer = _answer("sizes of models", "Sizes of models", "BERT base: 110M")
    assert [answer[start:end] for start, end in split_sentences(answer)] == ["Sizes of models", "BERT base: 110M"]


def test_no_evidence_gives_no_words() -> None:
    assert _answer("anything?") == ""
