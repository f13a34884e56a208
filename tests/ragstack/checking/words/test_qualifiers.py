"""Words put before another, or lost there, that change who or what is meant; all pairs were written by hand."""

import pytest

from ragstack.checking.words.qualifiers import requalified

ELECTED = "Ada Perrin was elected president of the rowing club in Lyon in 1932."
当选 = "佩林于1932年在里昂当选为划船俱乐部主席。"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Ada Perrin was elected vice president in 1932.", ELECTED),
        ("Ada Perrin was elected vice-president of the club.", ELECTED),
        ("The deputy mayor opened the mill.", "The mayor opened the mill in March."),
        ("The acting director of the mint signed it.", "The director of the mint signed the order."),
        ("She worked as assistant editor of the Courier.", "She worked for years as editor of the Courier."),
        ("Its deputy prime minister resigned.", "Its prime minister resigned on Monday."),
        ("Ghent reached the semi-final in May.", "Ghent reached the final in May."),
        ("His grandson inherited the mill.", "His son inherited the mill in 1871."),
        ("Her stepfather built boats.", "Her father built boats in Ghent."),
        ("It was bought by his brother-in-law in May.", "It was bought by his brother in May."),
        ("Ada Perrin is the former president of the club.", "Ada Perrin is the president of the club."),
        ("Ada Perrin is the co-founder of the mint.", "Ada Perrin is the founder of the mint."),
        ("The non-Guild rules bind every baker.", "The Guild's rules bind every baker."),
        ("The chapel was unestablished in 1872.", "The chapel was established in 1872."),
        ("An undamaged hull was towed to Ghent.", "The damaged hull was towed to Ghent."),
        ("He was elected president of the club.", "He was elected vice president of the club."),
        ("The mayor opened the mill.", "The deputy mayor opened the mill in March."),
        ("Ghent reached the final in May.", "Ghent reached the semifinal in May."),
        ("His son inherited the mill.", "His grandson inherited the mill in 1871."),
        ("She was acting mayor of Ghent in 1931.", "She was deputy mayor of Ghent in 1931."),
        ("The vice president of the mint signed it.", "The interim president of the mint signed it."),
        ("她于1931年任代理市长。", "她于1931年任副市长。"),
        ("她于1931年任副市长。", "她于1931年任代市长。"),
        ("佩林于1932年当选为俱乐部副主席。", 当选),
        ("代理市长为磨坊揭幕。", "三月，市长为磨坊揭幕。"),
        ("根特队进入了半决赛。", "根特队五月进入了决赛。"),
        ("非会员国可以投票。", "会员国可以投票，观察员只能旁听。"),
        ("反政府武装占领了港口。", "政府武装占领了港口和磨坊。"),
        ("他是该校前校长。", "他现在是该校校长。"),
        ("他是该校原校长。", "他是该校现任校长。"),
        ("他被任命为市长。", "他被任命为副市长。"),
        ("她是该校的教授。", "她是该校的副教授。"),
    ],
)
def test_a_qualifier_put_in_or_lost_is_seen(claim: str, source: str) -> None:
    assert requalified(claim, [source], [source])


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        (ELECTED, ELECTED),
        ("The vice president opened the mill.", "The president was ill, so his vice president opened the mill."),
        ("The former president lives in Lyon.", "He was president until 1990 and lives in Lyon."),
        ("President Perrin lives in Lyon.", "Former president Perrin lives in Lyon."),
        ("The club is unelected.", "The club is not elected."),
        ("The mint is a non-state company.", "The mint is a company outside the state."),
        ("The anti-slavery society met.", "The society against slavery met in Ghent."),
        ("He was grandson to the miller.", "The miller's son Leo had a son, Jean."),
        ("Ada is his sister-in-law.", "Ada is the sister of his wife."),
        ("Ada was a co-founder of the mint.", "Ada was a founder of the mint."),
        ("She was a coach of the team.", "She was assistant coach of the team."),
        ("He served under President Nolan.", "He was vice president under Nolan."),
        ("Unlike the ferry, the bridge is free.", "The bridge is free like most bridges; the ferry is not."),
        ("The unrest began in May.", "In May the rest of the town began to strike."),
        ("They discovered the tomb in 1931.", "In 1931 the tomb, covered with sand, came to light."),
        ("Imports rose in May.", "The ports took in more in May."),
        ("He informed the mayor of it.", "A club was formed and the mayor knew of it."),
        ("The team was undefeated in May.", "The team defeated all others in May."),
        ("It is not uncommon in Ghent.", "It is common in Ghent."),
        ("She won an acting award.", "She won an award for her acting."),
        ("He played in the semi-final, and the final.", "He played in the last four, then in the final: two matches."),
        ("Immigrants came to Ghent.", "Migrants came to Ghent."),
        ("She was acting president of the club.", "For a year she acted as president of the club."),
        ("He is deputy governor of the isle.", "He is lieutenant governor of the isle."),
        ("Ghent reached the semi-finals in May.", "Ghent reached the final four in May."),
        ("His ex-wife sails.", "His former wife sails."),
        ("She is interim director of the mint.", "She is acting director of the mint."),
        ("She was vice director of the mint.", "She was deputy director of the mint."),
        ("She was acting mayor of Ghent.", "She was deputy mayor of Ghent and acted as its mayor in 1931."),
        ("She was former mayor of Ghent.", "She was deputy mayor of Ghent."),
        ("她于1931年任代理市长。", "她于1931年任副市长，主持市政府工作。"),
        ("她于1931年任临时市长。", "她于1931年任代理市长。"),
        ("他任代理省长。", "他任代省长。"),
        ("他任代理市长。", "他任市长，只是暂时的。"),
        ("他是历代总统之一。", "他是总统之一。"),
        ("根特队进入了半决赛。", "根特队进入了决赛圈的最后四场。"),
        ("副主席致开幕词。", "主席生病，由副主席致开幕词。"),
        ("前总统住在里昂。", "他1990年卸任总统，现住在里昂。"),
        ("总统佩林住在里昂。", "前总统佩林住在里昂。"),
        ("反腐败斗争仍在继续。", "打击腐败的斗争仍在继续。"),
        ("非洲代表出席了会议。", "各洲代表出席了会议。"),
        ("他买了一副眼镜。", "他买了眼镜。"),
        ("这一标准化学方法很常用。", "这一化学方法很常用，是标准。"),
        ("他违反规定被罚款。", "他因不守规定被罚款。"),
        ("该国批准成员加入。", "该国的成员加入得到批准。"),
        ("以前校长住在这里。", "校长以前住在这里。"),
        ("非官方数字更高。", "官方数字较低，不是官方的数字更高。"),
    ],
)
def test_true_rewordings_pass(claim: str, source: str) -> None:
    assert requalified(claim, [source], [source]) == ()


def test_what_any_evidence_holds_is_no_addition() -> None:
    other = "Leo Marsh was vice president of the club from 1932."
    assert requalified("Ada Perrin was elected vice president in 1932.", [ELECTED], [ELECTED, other]) == ()
    assert requalified("佩林当选为俱乐部副主席。", [当选], [当选, "副主席另有其人。"]) == ()


def test_a_lost_qualifier_counts_only_where_the_bare_word_stands_nowhere() -> None:
    source = "The deputy mayor opened the mill in March."
    assert requalified("The mayor opened the mill.", [source], [source, "The mayor spoke at the mill."]) == ()


def test_the_altered_words_are_named() -> None:
    assert requalified("Ada Perrin was elected vice president in 1932.", [ELECTED], [ELECTED]) == ("vice president",)
    assert requalified("佩林于1932年当选为俱乐部副主席。", [当选], [当选]) == ("副主席",)


def test_words_in_other_surroundings_are_left_to_others() -> None:
    source = "The president, who had been ill, spoke to the guests."
    assert requalified("A vice president drank tea.", [source], [source]) == ()
