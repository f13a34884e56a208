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
        ("Halve the dose after the first week.", "Double the dose after the first week.", "opposite"),
        ("儿童服用时剂量须加倍。", "儿童服用时剂量须减半。", "opposite"),
        ("佩林塔于1937年3月在里昂开放，比老磨坊高，高于旧塔。", 塔, "number"),
        ("佩林塔没有于1931年3月在里昂开放，比老磨坊高，高于旧塔。", 塔, "negation"),
        ("佩林塔于1931年3月在里昂开放，比老磨坊高，低于旧塔。", 塔, "opposite"),
        ("渡轮冬天不开。", "渡轮冬天开。", "negation"),
        ("The mill always opens on Sundays in May.", "The mill never opens on Sundays in May.", "negation"),
        ("The mill never opens on Sundays in May.", "The mill always opens on Sundays in May.", "negation"),
        ("这家店星期天总是开门营业。", "这家店星期天从不开门营业。", "negation"),
        ("这家店星期天从未开门营业。", "这家店星期天始终开门营业。", "negation"),
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
        ("The mill is never open on Sundays in May.", "The mill is always closed on Sundays in May."),
        ("The mill has not been open on Sundays.", "The mill has been closed on Sundays."),
        ("这扇门在冬天从来都是不打开的。", "这扇门在冬天从来都是关闭的。"),
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


LONG = (
    "The Perrin tower is 324 metres high, was opened by the queen in March 1931, does not close in winter, and is "
    "visited by more people every year than any other building of the town."
)
长 = "佩林塔高324米，是1931年3月由女王揭幕的，冬天不关闭，三部电梯每小时可运送六百人，游客人数高于城里任何一座建筑。"


@pytest.mark.parametrize(
    ("claim", "source", "kind"),
    [
        ("The Perrin tower is 342 metres high.", LONG, "number"),
        ("The Perrin tower was opened by the queen in March 1937.", LONG, "number"),
        ("The Perrin tower was not opened by the queen in March 1931.", LONG, "negation"),
        ("The Perrin tower does close in winter.", LONG, "negation"),
        ("It is visited by fewer people every year than any other building of the town.", LONG, "opposite"),
        (
            "The valve holds up to 180 degrees.",
            "Made of steel; the valve holds up to 120 degrees; oil it twice.",
            "number",
        ),
        (
            "The warranty of the phone covers water damage.",
            "The warranty of the phone does not cover water damage, but for two years it covers faults of the motor.",
            "negation",
        ),
        ("保修服务涵盖进水损坏。", "保修服务不涵盖进水损坏，但两年内涵盖电机故障，电池除外，由厂家维修。", "negation"),
        ("佩林塔高342米。", 长, "number"),
        ("佩林塔是1937年3月由女王揭幕的。", 长, "number"),
        ("佩林塔不是1931年3月由女王揭幕的。", 长, "negation"),
        ("佩林塔冬天关闭。", 长, "negation"),
        ("佩林塔的游客人数低于城里任何一座建筑。", 长, "opposite"),
    ],
)
def test_what_is_altered_in_a_clause_of_a_long_sentence_is_named(claim: str, source: str, kind: str) -> None:
    assert altered(claim, [source], [source]) == kind


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The Perrin tower was opened by the queen in March 1931.", LONG),
        ("The Perrin tower does not close in winter.", LONG),
        ("佩林塔冬天不关闭。", 长),
        ("佩林塔三部电梯每小时可运送六百人。", 长),
        (
            "The sales of the firm were 15 million in 2020.",
            "The sales of the firm were 12 million in 2019, and 15 million in 2020, and a rise is expected.",
        ),
        (
            "The meeting was held in Lyon on 10 May.",
            "The meeting was to be held in Lyon on 3 May, but because of the snow it was put off to 10 May.",
        ),
        (
            "The tower was built in 1921.",
            "The tower was not built in 1931, but in 1921, as the old people of the town know.",
        ),
        (
            "The shop is not open on Sundays in May.",
            "The shop is open on Sundays, but not in May, and it closes at noon on holidays.",
        ),
        (
            "In May the shop is open on Sundays.",
            "The shop is not open on Sundays, though in May it is, and it closes at noon on holidays.",
        ),
        (
            "The warranty of the phone covers faults of the motor.",
            "The warranty of the phone does not cover water damage, but for two years it covers faults of the motor.",
        ),
        (
            "The shop by the mill opens on Sundays in May.",
            "The shop by the mill does not open on Sundays in winter, but it opens for some hours in May and June.",
        ),
        ("保修服务涵盖电机故障。", "保修服务不涵盖进水损坏，但两年内涵盖电机故障，电池除外，由厂家维修。"),
        (
            "He was the third manager of the firm.",
            "He was not the founder of the firm, as is often said, but its third manager, who came in 1950.",
        ),
        (
            "Exports fell in the second half of the year.",
            "Exports rose in the first half of the year, fell in the second, and ended the year where they had begun.",
        ),
        (
            "The old ferry took part in the race.",
            "As for the storm, he said, whether the old ferry did not take part in the race is not known.",
        ),
        ("2020年公司净销售额为15亿元。", "2019年公司净销售额为12亿元，2020年为15亿元，预计明年继续增长。"),
        ("会议于5月10日在里昂举行。", "会议原定于5月3日在里昂举行，后因大雪推迟到5月10日，由市长主持。"),
        ("这座塔是1921年建的。", "这座塔不是1931年建的，而是1921年建的，老人们都记得很清楚。"),
        ("商店五月周日不营业。", "商店周日营业，但五月不营业，节假日照常。"),
        ("设备在电池电量充足时会启动。", "设备在电池电量不足时不会启动，须先充电两小时，再按电源键。"),
        ("他按时赶到了码头。", "假如他没按时赶到码头，渡轮就会开走，那批货物也只好改走陆路。"),
    ],
)
def test_what_the_rest_of_a_long_sentence_says_is_no_alteration(claim: str, source: str) -> None:
    assert altered(claim, [source], [source]) is None


def test_what_another_source_says_is_no_alteration_of_a_clause() -> None:
    winter = "In winter the museum closes at 5 pm, and on Mondays and holidays it stays closed, but for schools."
    summer = "From May on, if the weather is fine and enough guards are found, the doors of the museum close at 8 pm."
    claim = "The museum closes at 8 pm."
    assert altered(claim, [winter], [winter]) == "number"
    assert altered(claim, [winter, summer], [winter, summer]) is None


@pytest.mark.parametrize(("items", "kind"), [(39, "number"), (40, None)])
def test_a_source_of_more_clauses_than_can_be_compared_is_a_list(items: int, kind: str | None) -> None:
    source = "The valve holds up to 120 degrees, " + ", ".join(f"part {chr(97 + at % 26)}" for at in range(items))
    assert altered("The valve holds up to 180 degrees.", [source], [source]) == kind


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
        ("The old ferry needs 90 minutes to the island.", "The old ferry needs 1h30 to the island."),
        ("The old ferry costs children 50 cents each way.", "The old ferry costs children $0.50 each way."),
        ("The old ferry leaves the port at 17:30.", "The old ferry leaves the port at 5:30 p.m."),
        ("这艘旧渡轮的儿童票每张是3.5元。", "这艘旧渡轮的儿童票每张是3元5角。"),
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
        (
            "The old ferry left the port in 1902 and sank in 1890.",
            "The old ferry left the port in 1890 and sank in 1902.",
        ),
        ("The old ferry costs children 50 dollars.", "The old ferry costs children $0.50."),
        ("The guard of the team had 17 points in a 33:23 win.", "The guard of the team had 23 points in a 33:17 win."),
        (
            "The old ferry makes 18 knots, leaves on 18 May and is back on 20 May.",
            "The old ferry makes 20 knots, leaves on 18 May and is back on 20 May.",
        ),
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
