"""Which sentences of the evidence a claim is laid beside."""

from ragstack.verifier.reading import choose, sentences_of

TEXT = "The harbour froze in March. Ships waited outside. The lighthouse keeper counted forty of them. Bread ran out."


def test_the_sentences_that_hold_the_claim_are_chosen_in_their_order_within_the_tokens() -> None:
    sentences = sentences_of(TEXT)
    assert [sentence.length for sentence in sentences] == [5, 3, 7, 3]
    assert choose("The keeper counted ships.", TEXT, [5, 3, 7, 3], 10) == [1, 2]
    assert choose("Bread ran out in March.", TEXT, [5, 3, 7, 3], 8) == [0, 3]


def test_a_word_that_is_held_already_counts_less_than_one_that_is_missing() -> None:
    text = "Red kites nest here. Red kites hunt here. Mice hide."
    assert choose("Red kites eat mice.", text, [4, 4, 2], 8) == [0, 2]


def test_what_is_held_already_still_counts_a_little_and_less_each_time() -> None:
    text = "Red kites nest. Rain fell. Red kites hunt. Mice hide by day. Red kites rest."
    assert choose("Red kites", text, [1] * 5, 2) == [0, 2]  # rather than a sentence that holds nothing of it
    assert choose("Red kites and mice", text, [1] * 5, 2) == [0, 3]
    assert choose("Red kites and mice", text, [1] * 5, 3) == [0, 2, 3]
    twice = "Kites and mice and voles. Kites and mice. Kites nest. Owls and mice hide."
    assert choose("Kites, mice, voles and owls", twice, [1] * 4, 2) == [0, 3]


def test_where_no_word_is_shared_the_first_sentences_are_read() -> None:
    assert choose("红隼吃什么", TEXT, [5, 3, 7, 3], 9) == [0, 1]


def test_what_is_too_long_is_passed_over_unless_there_is_nothing_else() -> None:
    assert choose("The keeper counted ships.", TEXT, [5, 3, 700, 3], 10) == [0, 1]
    assert choose("Anything.", "One very long sentence.", [900], 10) == [0]


def test_repeats_and_sentences_without_words_are_left_out() -> None:
    assert [
        (sentence.text, sentence.length) for sentence in sentences_of("It froze. It froze.\n\n—\n\n***\n\n海港结冰。")
    ] == [
        ("It froze.", 2),
        ("海港结冰。", 4),
    ]
    assert choose("It froze.", "***", []) == []


def test_of_a_sentence_that_is_a_list_the_beginning_is_read() -> None:
    [sentence] = sentences_of("Ships, " * 400 + "and boats.")
    assert sentence.text == ("Ships, " * 400)[:600]
    assert sentence.length == len(sentence.terms) == 86
