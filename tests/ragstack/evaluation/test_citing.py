"""Citation recall and precision on cases worked by hand from the definitions of ALCE, section 4.2."""

import pytest

from ragstack.evaluation.citing import cite


def holding(*enough: set[int]) -> "object":
    """φ of a world in which each of these sets of passages, and every larger one, supports the sentence."""

    def supports(sentence: str, citations: "tuple[int, ...]") -> bool:
        return any(each <= set(citations) for each in enough)

    return supports


@pytest.mark.parametrize(
    ("citations", "enough", "recalled", "precise"),
    [
        ((1,), [{1}], True, (1,)),
        ((1,), [{2}], False, ()),
        ((), [set()], False, ()),  # what cites nothing is not supported by citations
        ((1, 2), [{1}], True, (1,)),  # 2 is beside the point: alone nothing, and 1 does without it
        ((1, 2), [{1, 2}], True, (1, 2)),  # only together: both are needed
        ((1, 2), [{1}, {2}], True, (1, 2)),  # each alone would do: neither is beside the point
        ((1, 2, 3), [{1, 2}], True, (1, 2)),
        ((1, 2, 3), [{4}], False, ()),
    ],
)
def test_one_sentence(
    citations: tuple[int, ...], enough: list[set[int]], recalled: bool, precise: tuple[int, ...]
) -> None:
    [cited] = cite([("A sentence.", citations)], holding(*enough)).sentences  # type: ignore[arg-type]
    assert (cited.recalled, cited.precise) == (recalled, precise)


def test_an_answer_is_the_mean_of_its_sentences_and_the_share_of_its_citations() -> None:
    def supports(sentence: str, citations: object) -> bool:
        return sentence == "Good."

    citing = cite([("Good.", (1, 2)), ("Bad.", (3,)), ("Bare.", ())], supports)
    assert citing.recall == pytest.approx(1 / 3)
    assert citing.precision == pytest.approx(2 / 3)
    assert cite([("Bare.", ())], supports).precision == 0.0
