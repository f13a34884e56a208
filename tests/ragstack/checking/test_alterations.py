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
        ("The warranty does not cover faults for two years.", "The warranty covers faults for two years.", "negation"),
        ("The mill opened to visitors in 1931.", "The mill did not open to visitors in 1931.", "negation"),
        ("Use metal tools in the pan.", "Never use metal tools in the pan.", "negation"),
        ("Take these tablets with milk.", "Don't take these tablets with milk.", "negation"),
        ("请使用金属铲翻炒。", "请勿使用金属铲翻炒。", "negation"),
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
        ("三队的得分为12、15和18分。", "三队得分为12，15和18分。"),
        ("No, the ferry runs in winter.", "The ferry runs in winter."),
        ("The ferry does run in winter.", "The ferry runs in winter."),
        ("The mill did not open until May 1931.", "The mill opened in May 1931."),
        ("The tower is open in winter.", "Not even in 1931 was it known whether the tower is open in winter."),
    ],
)
def test_other_words_for_the_same_are_no_alteration(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The museum is not open on Mondays in winter.", "The museum is closed on Mondays in winter."),
        ("Taking pictures is forbidden in the halls.", "Taking pictures is not allowed in the halls."),
        ("博物馆展厅内不允许使用闪光灯拍照。", "博物馆展厅内禁止使用闪光灯拍照。"),
        ("第三次升级在所有机器上都失败了。", "第三次升级在所有机器上都没有成功。"),
        ("The war began in 1931 and ended in 1950.", "The war started in 1931 and ended in 1950."),
        ("Most rooms of the inn have at least two beds.", "Most rooms of the inn have two beds or more."),
        ("工程于1931年开始，1950年结束。", "工程于1931年启动，1950年结束。"),
        (
            "As the survey says, exports were lower than imports.",
            "As the survey says, imports were higher than exports.",
        ),
        ("五月份该国进口高于出口，海关说。", "五月份该国出口低于进口，海关说。"),
    ],
)
def test_a_word_denied_or_turned_round_is_not_its_opposite(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Ferries do not run to the island on Sundays.", "No ferries run to the island on Sundays."),
        ("The tower and the mill are not open in winter.", "Neither the tower nor the mill is open in winter."),
        ("The hatch can be opened only when power is off.", "The hatch cannot be opened unless the power is off."),
        ("The device can be used only with a licence key.", "The device cannot be used without a licence key."),
        ("Route 7 to the harbour was opened by the mayor.", "Route No. 7 to the harbour was opened by the mayor."),
        ("这种手术对老年患者有风险。", "这种手术对老年患者并非没有风险。"),
        ("由于大雪，学校只得停课三天。", "由于大雪，学校不得不停课三天。"),
    ],
)
def test_what_denies_as_often_or_twice_more_is_no_negation(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


def test_a_shorter_list_of_numbers_is_no_other_number() -> None:
    source = "The lift stops at floors 1, 3, 5, 7 and 9 on weekdays."
    assert altered("The lift stops at floors 1, 3 and 5, among others, on weekdays.", [source], [source]) is None
    assert altered("The lift stops at floors 1, 3, 5, 7 and 8 on weekdays.", [source], [source]) == "number"
    both = "The lift stopped at floor 3 in May and at floor 5 in June."
    assert altered("The lift stopped at floor 5 in May.", [both], [both]) is None  # too loosely the same
    assert altered("The lift stopped at floor 5 in May and also in June.", [both], [both]) == "number"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The boat was tested on 3 May 2021 by the port.", "The boat was tested on 2021-05-03 by the port."),
        ("The WHO said in 2020 that it was over.", "The World Health Organization said in 2020 that it was over."),
        ("The turbine was made by a French company in 1931.", "The turbine was made by a company from France in 1931."),
    ],
)
def test_a_name_in_another_form_is_known(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The old ferry carries about 200 cars a day.", "The old ferry carries about 198 cars a day."),
        ("The old ferry carries over 60 cars a day.", "The old ferry carries 64 cars a day."),
        ("The old ferry leaves at 17:30 in winter.", "The old ferry leaves at 5:30 pm in winter."),
        ("The old ferry needs 90 minutes to the island.", "The old ferry needs 1.5 hours to the island."),
        ("这艘旧渡轮每天运送约200辆汽车。", "这艘旧渡轮每天运送约198辆汽车。"),
        ("这艘旧渡轮冬天下午5点30分从港口开船。", "这艘旧渡轮冬天17点30分从港口开船。"),
        ("这艘旧渡轮的乘客中有百分之十四是儿童。", "这艘旧渡轮的乘客中有14%是儿童。"),
    ],
)
def test_a_rounded_number_and_the_same_written_otherwise_are_no_other_number(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The old ferry carries about 300 cars a day.", "The old ferry carries about 198 cars a day."),
        ("The old ferry carries over 150 cars a day.", "The old ferry carries over 100 cars a day."),
        ("The old ferry leaves at 5:30 am in winter.", "The old ferry leaves at 17:30 in winter."),
        ("这艘旧渡轮每天运送约300辆汽车。", "这艘旧渡轮每天运送约198辆汽车。"),
        ("这艘旧渡轮冬天上午5点30分从港口开船。", "这艘旧渡轮冬天17点30分从港口开船。"),
    ],
)
def test_one_that_does_not_round_to_it_is_another_number(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) == "number"


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
