"""Chinese words before another that change who or what is meant, put in or lost: 副主席, 代理市长, 半决赛, 非会员."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ragstack.checking.words.denials import denials

__all__ = ["requalified_zh"]

_ROLES = """
    总统 主席 总理 省长 市长 县长 州长 部长 局长 院长 校长 会长 总裁 总经理 经理 主任 书记 总书记 秘书长 司令
    总司令 教授 董事长 队长 组长 处长 科长 厅长 所长 馆长 社长 理事长 总督 首相 主编 总编辑 检察长 大使 教练
    主教练 主教 议长 参谋长 厂长 行长 台长 团长 师长 军长 旅长 连长 班长 站长 总领事 领事 总指挥 指挥 研究员
    教务长 镇长 区长 村长 船长 机长
"""
_ROLE = "|".join(sorted(_ROLES.split(), key=len, reverse=True))
_TITLED = re.compile(
    rf"(?P<word>现任|副|代理?|临时|署理|看守|候任|候补|名誉|助理|前任?|原)?(?P<head>{_ROLE}|决赛(?!圈|阶段|周))|(?P<half>半|准)(?P<final>决赛)"
)
_TURNED = re.compile(
    r"(?<![是除并莫若绝无南北东西中而即决岂])(?P<not>非)(?![洲常凡法但典议分得要])(?P<what>[\u4e00-\u9fff]{2})"
    r"|(?<![违相造谋平正])(?P<anti>反)(?![对应映而复弹馈思之击抗省正射感驳响转常过])(?P<whom>[\u4e00-\u9fff]{2})"
    r"|(?<![虚真作])(?P<false>伪)(?!装|造|劣|善|证|君)(?P<of>[\u4e00-\u9fff]{2})"
)
_TELLING_WHEN_LOST = frozenset(["副", "代", "代理", "临时", "署理", "看守", "候任", "候补", "名誉", "半", "准"])
_IN_OTHER_WORDS = (
    (("代", "代理", "临时", "署理", "看守"), re.compile("代[为行职表理]|暂|临时|主持.{0,6}工作|署理|看守")),
    (("副", "助理"), re.compile("副手|协助|辅佐|助手|第二把手|二把手")),
)
_FORMER = ("前", "前任", "原")
_NOW, _THEN = re.compile("现任|目前|现在|如今"), re.compile("曾|至|卸任|辞|离|去世|后来|当时|时任|前|原|退")
_AGAINST = re.compile("反|抗|击|敌|批|抵|惩|治|除")
_NO_QUALIFIER = re.compile(
    r"[之以从目年月日天周此史空跟眼提当][前原]$|正副$|[历当现近古时世一二三四五六七八九十几某\d]代$"
)
_AROUND = 2
"""Characters on either side that are the same where two words stand in the same surroundings."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A word of a text, what stands before it as its qualifier or ``""``, and the characters on either side."""

    qualifier: str
    head: str
    around: tuple[str, str]

    def beside(self, other: "_Place") -> bool:
        """Whether it stands in the surroundings of the other."""
        return any(one == another for one, another in zip(self.around, other.around, strict=True) if len(one) > 1)


def requalified_zh(claim: str, cited: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    """What a Chinese claim says of a cited word with a qualifier that was not read, or without its own."""
    known = [place for text in read for place in _places(text)]
    told, everything = [place for text in cited for place in _places(text)], "".join(read)
    found = [
        place.qualifier + place.head
        for place in _places(claim)
        if _added(place, told, "".join(cited), everything) or _lost(place, told, known)
    ]
    return (*found, *_turned(claim, cited, everything))


def _added(place: _Place, told: list[_Place], cited: str, read: str) -> bool:
    if not place.qualifier or place.qualifier + place.head in read:
        return False
    if place.qualifier in _FORMER:
        if not _NOW.search(cited) or _THEN.search(cited):
            return False
    elif place.qualifier in read:
        return False
    if any(place.qualifier in words and said.search(cited) for words, said in _IN_OTHER_WORDS):
        return False
    return any(
        (not other.qualifier or another_office([other.qualifier], [place.qualifier], _IN_OTHER_WORDS))
        and other.head == place.head
        and place.beside(other)
        for other in told
    )


def another_office(
    one: Collection[str], other: Collection[str], offices: Sequence[tuple[Collection[str], re.Pattern[str]]]
) -> bool:
    """Whether two words' qualifiers are of offices, the one of another than the other: ``deputy``, ``acting``."""
    kinds = [{at for at, (kind, _) in enumerate(offices) if not {*kind}.isdisjoint(words)} for words in (one, other)]
    return all(kinds) and kinds[0].isdisjoint(kinds[1])


def _lost(place: _Place, told: list[_Place], known: list[_Place]) -> bool:
    if place.qualifier or any(not other.qualifier for other in known if other.head == place.head):
        return False
    return any(
        other.head == place.head and other.qualifier in _TELLING_WHEN_LOST and place.beside(other) for other in told
    )


def _turned(claim: str, cited: Sequence[str], read: str) -> Iterator[str]:
    """What a claim turns by 非, 反 or 伪 in the surroundings of the bare word, where nothing cited denies it."""
    text = "".join(cited)
    for match in _TURNED.finditer(claim):
        head = match["what"] or match["whom"] or match["of"]
        if match[0] in read or (denials(text) if match["not"] else match["anti"] and _AGAINST.search(text)):
            continue
        place = _Place(match[0][0], head, _around(claim, match.start(), match.end()))
        bare = [_Place("", head, _around(text, at.start(), at.end())) for at in re.finditer(head, text)]
        if any(place.beside(other) for other in bare):
            yield match[0]


def _places(text: str) -> list[_Place]:
    """The titles and finals of a text; what only ends as with a qualifier (之前, 正副) is bare."""
    found = []
    for match in _TITLED.finditer(text):
        word, head = match["word"] or match["half"] or "", match["head"] or match["final"]
        start = match.start()
        if word == "现任":
            word = ""
        elif word and _NO_QUALIFIER.search(text[: start + len(word)]):
            word, start = "", start + len(word)
        found.append(_Place(word, head, _around(text, start, match.end())))
    return found


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    return text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
