"""How well pages can be read: damage done here on purpose, and pages that are sound though they look strange."""

import random
import string
import time
from collections.abc import Callable

import pytest

from indexes.records import PageSpan
from ingest.documents import Loaded
from ingest.text.quality import assess

ENGLISH = (
    "The committee met in the old town hall on the first Monday of the month. After a short debate about the budget, "
    "its members agreed that the bridge should be repaired before winter, and that the costs were to be shared by the "
    "two villages. Nobody spoke against the plan, although some would have liked to hear more about the schedule."
)
CHINESE = (
    "委员会于每月的第一个星期一在旧市政厅开会。经过对预算的简短讨论，委员们一致认为应当在冬天到来之前把桥修好，"
    "费用由两个村子共同承担。没有人反对这个计划，不过有些人希望能够更多地了解工程的时间安排。会议在下午五点结束。"
)


def _doubts(text: str) -> tuple[str, ...]:
    return assess(Loaded(text, "text"))[0].doubts


def _encoded(first: str, second: str) -> Callable[[str], str]:
    return lambda text: text.encode(first).decode(second, "replace")


def _substituted(text: str) -> str:
    letters = list(string.ascii_lowercase)
    random.Random(2).shuffle(letters)
    lot = random.Random(3)
    table = dict(zip(map(ord, string.ascii_lowercase), letters, strict=True))
    table |= {ord(c): chr(lot.randrange(0x4E00, 0x9FA5)) for c in set(text) if c >= "\u4e00"}
    return text.lower().translate(table)


def _without_meaning(share: float) -> Callable[[str], str]:
    def damage(text: str) -> str:
        lot = random.Random(4)
        return "".join("\ue123" if not c.isspace() and lot.random() < share else c for c in text)

    return damage


def _without_most_spaces(text: str) -> str:
    lot = random.Random(6)
    return "".join(c for c in text if c != " " or lot.random() < 0.15)


DAMAGE: list[tuple[str, str, Callable[[str], str]]] = [
    ("odd glyphs", "both", _without_meaning(0.3)),
    ("odd glyphs", "both", lambda text: "".join(f"(cid:{ord(c) % 500})" for c in text)),
    ("odd glyphs", "both", lambda text: text.replace("e", "\ufffd").replace("，", "\x03").replace("的", "□□□□□□□□")),
    ("odd glyphs", "zh", _encoded("utf-8", "latin-1")),
    ("odd glyphs", "zh", _encoded("gbk", "latin-1")),
    ("noise", "zh", _encoded("utf-8", "gbk")),
    ("noise", "both", _substituted),
    ("noise", "en", lambda text: "".join(chr(ord(c) - 29) if "a" <= c <= "z" else c for c in text).replace("[", "x")),
    ("noise", "zh", lambda text: "".join(chr(0x370 + (ord(c) * 7) % 0xB00) if c >= "\u4e00" else c for c in text)),
    ("run together", "en", lambda text: text.replace(" ", "")),
    ("run together", "en", _without_most_spaces),
    ("spaced apart", "both", lambda text: " ".join(text.replace(" ", ""))),
    ("doubled", "both", lambda text: "".join(c * 2 if c.isalpha() else c for c in text)),
]


@pytest.mark.parametrize(
    ("reason", "text", "damage"),
    [
        (reason, text, damage)
        for reason, languages, damage in DAMAGE
        for language, text in (("en", ENGLISH), ("zh", CHINESE))
        if languages in ("both", language)
    ],
)
def test_damage_is_named(reason: str, text: str, damage: Callable[[str], str]) -> None:
    page = assess(Loaded(damage(text), "text"))[0]
    assert any(reason in doubt for doubt in page.doubts)
    assert page.readability < 0.85


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        CHINESE,
        "Annual Report",
        "目 录",
        "42",
        "第 三 章",
        "A N N U A L",
        "Figure 3: x",
        "| 1,204 | 33.7 | 0.001 |\n| 998 | 12.5 | 0.2 |\n" * 20,
        "08.03 14 0x1F 22 33 44 55 66 77 88 99 -3.5% +2.1% 1e-5\n" * 20,
        "def f(x: int) -> str:\n    return '\\n'.join(str(i ** 2) for i in range(x) if i % 2)\n" * 5,
        "for (int i = 0; i < n; ++i) { buf[i] ^= key[i % len]; }\n" * 5,
        "∀x ∈ ℝ: f(x) = ∑ aᵢxⁱ, ∂f/∂x ≠ 0 ⇒ α·β ≤ √γ ± ε → ∞\n" * 8,
        "x y z a b c + d e f = g h i; p q r s t u v w\n" * 3,
        "姓名：________ 性别：□男 □女 出生日期：____年__月__日 联系电话：____________________ 地址：________________",
        "Name: ____________ Date: ____/____/____ Signature: __________________ [ ] yes [ ] no",
        "Die Donaudampfschifffahrtsgesellschaft und die Rechtsschutzversicherungsgesellschaft haben den Vertrag zum "
        "Ende des Jahres gekündigt, weil die Verkehrsinfrastrukturfinanzierung nicht mehr gesichert war.",
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem.",
        "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều được tạo.",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью.",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており。",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을.",
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا.",
        "委員會於每月的第一個星期一在舊市政廳開會。經過對預算的簡短討論，委員們一致認為應當在冬天到來之前把橋修好。",
        "English Русский العربية हिन्दी ไทย 日本語 한국어 Ελληνικά עברית Français Deutsch 中文 Español Português",
        "HTTP TCP UDP DNS TLS SSH FTP SMTP IMAP XML JSON YAML HTML CSS SQL CPU GPU RAM SSD NVMe PCIe USB HDMI",
        "α受体和β受体；Fe₂O₃＋3CO＝2Fe＋3CO₂；用BERT模型；2023年Q3",
        "https://example.org/a/very/long/path?with=query&and=more#fragment " * 4,
    ],
)
def test_sound_pages_are_not_doubted(text: str) -> None:
    assert _doubts(text) == ()


@pytest.mark.parametrize("text", ["", "  \n\t", "--- ***", "。。。……", "\u00a0\u3000"])
def test_a_page_without_a_letter_or_digit_has_no_text(text: str) -> None:
    page = assess(Loaded(text, "text"))[0]
    assert page.doubts == ("no text on it",)
    assert (page.readability, page.language) == (0.0, "")


def test_the_share_of_odd_glyphs_is_said() -> None:
    assert _doubts("\ufffd" * 31 + "a1" * 34 + "b") == ("31 % odd glyphs",)
    assert _doubts("\ufffd" * 4 + "fine text " * 20) == ()


def test_each_page_is_assessed_once_with_all_its_lines() -> None:
    text = f"{ENGLISH}\n{CHINESE}\n----\n{CHINESE}"
    cuts = [0, len(ENGLISH) + 1, len(ENGLISH) + len(CHINESE) + 2, len(ENGLISH) + len(CHINESE) + 7, len(text)]
    numbers = [1, 2, 5, 6]
    spans = [PageSpan(number, start, end) for number, start, end in zip(numbers, cuts, cuts[1:], strict=False)]
    halved = [PageSpan(1, 0, 20, box=(0, 0, 9, 9)), PageSpan(1, 20, cuts[1], box=(0, 9, 9, 18)), *spans[1:]]
    pages = assess(Loaded(text, "pdf", pages=tuple(halved)))
    assert [(page.page, page.start, page.end) for page in pages] == [
        (number, start, end) for number, start, end in zip(numbers, cuts, cuts[1:], strict=False)
    ]
    assert [page.language for page in pages] == ["en", "zh", "", "zh"]
    assert [page.doubts for page in pages] == [(), (), ("no text on it",), ()]


def test_a_document_without_pages_is_assessed_as_a_whole() -> None:
    (page,) = assess(Loaded(ENGLISH, "text"))
    assert (page.page, page.start, page.end, page.recognised) == (None, 0, len(ENGLISH), None)
    assert page.readability > 0.97


def test_a_page_read_from_a_picture_is_doubted_where_the_reader_was_not_sure() -> None:
    spans = (PageSpan(1, 0, len(ENGLISH)), PageSpan(2, len(ENGLISH), len(ENGLISH) + len(CHINESE)))
    pages = assess(Loaded(ENGLISH + CHINESE, "pdf", pages=spans, recognised={1: 0.524, 2: 0.97}))
    assert [page.doubts for page in pages] == [("OCR confidence 0.52",), ()]
    assert pages[0].readability == pytest.approx(0.524, abs=0.02)
    assert [page.recognised for page in pages] == [0.524, 0.97]


def test_readability_falls_as_damage_grows() -> None:
    values = [
        assess(Loaded(_without_meaning(share)(CHINESE), "text"))[0].readability for share in (0, 0.1, 0.3, 0.6, 1)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.95 and values[-1] == 0


@pytest.mark.parametrize("unit", ["a ", "aa", "(cid:", "中 ", "Ã", "\ud800", "a", "ab "])
def test_a_long_page_takes_time_in_step_with_its_length(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    assess(Loaded(text, "text"))
    assert time.process_time() - began < 3
