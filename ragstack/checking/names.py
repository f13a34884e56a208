"""Names of a sentence that stand in none of its sources, in English and Chinese.

Capitalised words, and what a tagger of Chinese takes for people, places and bodies. A name near one of the sources, in
its first letters or in two neighbouring characters, is not missing: what is told has to be near certain.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from ragstack.checking.quantities import MONTH_OF_DATE
from ragstack.language import language_of

__all__ = ["NO_NAMES", "han_names", "names_missing"]

_CAPITALISED = re.compile(r"(?<![A-Za-z0-9.'’-])[A-Z][A-Za-z0-9À-ɏ'’]*(?:[-&][A-Za-z0-9À-ɏ]+)*")
_BEGINS = re.compile(r"[.!?。！？:：][\"'”’)]* *[\"'“‘(]*$")
_NO_NAMES = """
    I The A An He She It They We You This That These Those There In On At Of For From By With As And Or But If
    When While Yes No Not His Her Its Their Our My Your One Two Mr Mrs Ms Dr Sir Also
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words that are capitalised and no names."""
_NO_NAMES_ZH = """
    东西 长度 海洋 太阳 阳光 山脉 雨林 山区 湖泊 礁湖 海滩 海峡 海湾 海滨 海港 港湾 河口 河畔 山水 平原 高原 高山
    高峰 洪水 咸水 台风 城市 都市 城镇 新城 东区 大街 东路 南路 西路 北路 中路 南站 西站 北站 天桥 大桥 入口 交汇处
    沿海地区 城堡 宫殿 修道院 天文台 卫星 望远镜 巴士 海关 交易所 上市公司 联合会 国家队 陆军 朝廷 王朝 博客 横梁
    玉米 马匹 巨龙 许可证 宣言 加盟 晋级 连胜 大胜 荣获 弘扬 容纳 封锁 中断 修正 普及 加密 查明 明白 崇拜 康复 养老
    长大 新建 铺平 布满 祝福 许可 安保 冷凝 本赛季 上赛季 季后赛 友谊赛 公开赛 世锦赛 上半场 梅开二度 亚军 卫冕冠军
    东道主 二人 祖先 子孙 哥哥 王子 伯爵 小姐 侍中 侍郎 大将军 顾问 嘉宾 英雄 明星 巨星 富豪 元老 青少年 华裔 古老
    美丽 文明 友谊 智慧 公正 荣誉 光荣 道德 权威 福利 福祉 宝贵 新鲜 神圣 温馨 英勇 古典 史前 高清 深度 范畴 左翼
    令人 诸如 多达 广为 英里 南北 大都 关联 任教于 曾效力 二世 三世 亚科 蓝绿色
"""
_NO_HAN_NAMES = frozenset(_NO_NAMES_ZH.split())
"""What the tagger takes for names and are none, as far as many passages and news hold them."""
_NAME_TAGS = ("nr", "ns", "nt")
_PREFIX = 4
"""Letters that two forms of a name have in common: China and Chinese, Europe and European."""
_OTHER_FORMS = """
    french/france spanish/spain danish/denmark dutch/netherlands polish/poland swiss/switzerland irish/ireland
    welsh/wales finnish/finland flemish/flanders
"""
_OTHER_FORM: dict[str, str] = {}
for _pair in _OTHER_FORMS.split():
    _one, _other = _pair.split("/")
    _OTHER_FORM |= {_one: _other, _other: _one}
_LONG_NAME = re.compile(r"\b(?!The )[A-Z]\w+(?:(?:[ -]| of | and | for | the | of the )[A-Z]\w+)+")
_SHORT_NAME = 3
"""Letters that a name made of initials has at least."""


def names_missing(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Names of the claim that stand in no source, nor anything near them; none where the languages differ."""
    known = " ".join(sources)
    language = language_of(claim)
    if language != language_of(known):
        return ()
    folded = unicodedata.normalize("NFKC", known).casefold()
    known_words = set(re.findall(r"[^\W_]+", folded))
    initials = {re.sub("[^A-Z]", "", name) for name in _LONG_NAME.findall(known)}
    missing = {
        name
        for name in _latin_names(MONTH_OF_DATE.sub(lambda month: month[0].lower(), claim))
        if not _latin_known(name, folded, known_words) and not (len(name) >= _SHORT_NAME and name in initials)
    }
    if language == "zh":
        missing |= {name for name in han_names(claim) if not any(pair in folded for pair in _pairs(name))}
    return tuple(sorted(missing))


def _latin_names(claim: str) -> list[str]:
    """Capitalised words, but for one that begins a sentence, which any may be; what has digits is left to numbers."""
    found = []
    for match in _CAPITALISED.finditer(claim):
        begins = not claim[: match.start()].rstrip(" \"'“‘(") or _BEGINS.search(claim, 0, match.start())
        for word in re.sub(r"['’]s?$", "", match.group()).split("-"):
            told = not begins or any(letter.isupper() for letter in word[1:])
            if told and word[:1].isupper() and len(word) > 1 and word.isalpha() and word not in NO_NAMES:
                found.append(word)
    return found


def _latin_known(name: str, known: str, words: set[str]) -> bool:
    folded = unicodedata.normalize("NFKC", name).casefold()
    near = any(word[:_PREFIX] == folded[:_PREFIX] for word in words)
    return near or folded in known or _OTHER_FORM.get(folded) in words


def han_names(text: str) -> list[str]:
    """Names of people, places and bodies in a text, as far as they are in Chinese characters."""
    with _TAGGING:
        tagged: list[tuple[str, str]] = _tagger().tag(text, False)
    names = [word for word, tag in tagged if tag.startswith(_NAME_TAGS) and len(word) >= 2]
    return [name for name in names if language_of(name) == "zh" and name not in _NO_HAN_NAMES]


def _pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)]


_TAGGING = threading.Lock()


@cache
def _tagger() -> Any:
    import rjieba

    return rjieba.Jieba()
