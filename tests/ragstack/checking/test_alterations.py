"""What a sentence alters in the one it repeats; the expectations were written by hand."""

import pytest

from ragstack.checking.alterations import altered

TOWER = "The Perrin tower in Lyon was opened in March 1931 and is higher than the old mill."
塔 = "佩林塔于1931年3月在里昂开放，比老磨坊高，高于旧塔。"


@pytest.mark.parametrize(
    ("claim", "source", "kind"),
    [
        ("The Perrin tower in Lyon was opened in March 1937 and is higher than the old mill.", TOWER, "number"),
        ("The Perrin tower in Lyon was not opened in March 1931 and is higher than the old mill.", TOWER, "negation"),
        ("The Perrin tower in Lyon wasn't opened in March 1931 and is higher than the old mill.", TOWER, "negation"),
        ("The Perrin tower in Lyon was opened in March 1931 and is lower than the old mill.", TOWER, "opposite"),
        ("The Perrin tower in Ghent was opened in March 1931 and is higher than the old mill.", TOWER, "name"),
        ("The ferry can run in winter.", "The ferry can't run in winter.", "negation"),
        ("The ferry does run in winter.", "The ferry does not run in winter.", "negation"),
        ("佩林塔于1937年3月在里昂开放，比老磨坊高，高于旧塔。", 塔, "number"),
        ("佩林塔没有于1931年3月在里昂开放，比老磨坊高，高于旧塔。", 塔, "negation"),
        ("佩林塔于1931年3月在里昂开放，比老磨坊高，低于旧塔。", 塔, "opposite"),
        ("渡轮冬天不开。", "渡轮冬天开。", "negation"),
    ],
)
def test_what_is_altered_is_named(claim: str, source: str, kind: str) -> None:
    assert altered(claim, [source], [source]) == kind


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The Perrin tower was opened in March 1931 and is higher than the old mill.", TOWER),
        ("The Perrin tower in Lyon opened in March 1931 and is higher than the mill.", TOWER),
        ("The bridge has 1,000 lamps and three piers.", "The bridge has 1000 lamps and 3 piers."),
        ("The mill closed in 1931.", "It is not known who closed the mill, but that was in 1931, as they say."),
        ("The tower is open all year.", "The tower is not only open all year but free."),
        ("渡轮全年开放，票价14元。", "渡轮全年开放，票价十四元。"),
        ("这座桥可以行车。", "这座桥不但可以行车，还可以步行通过。"),
        ("渡轮冬天不开。", "The ferry runs in winter."),
        (
            "The tower was opened in 1937 by the queen, they say.",
            TOWER,
        ),  # so loosely the same that others must weigh it
        ("No, the ferry runs in winter.", "The ferry runs in winter."),
    ],
)
def test_other_words_for_the_same_are_no_alteration(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


def test_the_source_that_it_repeats_best_is_the_one_that_counts() -> None:
    other = "The Kestrel drone weighs 9 kg with its battery."
    claim = "The Kestrel drone weighs 2.4 kg, with battery."
    own = "The Kestrel drone weighs 2.4 kg with its battery."
    assert altered(claim, [other, own], [other, own]) is None
    assert altered(claim, [other], [other, own]) == "number"


def test_a_name_that_the_question_or_other_evidence_holds_may_be_put_in() -> None:
    source, claim = "It was opened in March 1931 by the queen.", "The Perrin was opened in March 1931 by the queen."
    assert altered(claim, [source], [source, "What is the Perrin?"]) is None
    assert altered("It was opened in March 1931 by queen Ada.", [source], [source]) == "name"


def test_without_sources_nothing_is_altered() -> None:
    assert altered("Anything.", [], []) is None
