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

FRENCH = (
    "Les membres du comité se sont réunis dans la vieille mairie le premier lundi du mois et ont parlé du pont. "
    "Personne ne fut contre le projet, bien que certains aient voulu en savoir davantage sur la durée des travaux."
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


def _twice(text: str) -> str:
    return "".join(c * 2 if c.isalpha() else c for c in text)


def _without_most_spaces(text: str) -> str:
    lot = random.Random(6)
    return "".join(c for c in text if c != " " or lot.random() < 0.15)


DAMAGE: list[tuple[str, str, Callable[[str], str]]] = [
    ("odd glyphs", "both", _without_meaning(0.3)),
    ("odd glyphs", "both", lambda text: "".join(f"(cid:{ord(c) % 500})" for c in text)),
    ("odd glyphs", "both", lambda text: text.replace("e", "\ufffd").replace("，", "\x03").replace("的", "\ufffd" * 8)),
    ("odd glyphs", "both", lambda text: "".join("□" if i % 3 else c for i, c in enumerate(text))),
    ("odd glyphs", "zh", _encoded("utf-8", "latin-1")),
    ("odd glyphs", "zh", _encoded("gbk", "latin-1")),
    ("noise", "zh", _encoded("utf-8", "gbk")),
    ("noise", "both", _substituted),
    ("noise", "en", lambda text: "".join(chr(ord(c) - 29) if "a" <= c <= "z" else c for c in text).replace("[", "x")),
    ("noise", "zh", lambda text: "".join(chr(0x370 + (ord(c) * 7) % 0xB00) if c >= "\u4e00" else c for c in text)),
    ("run together", "en", lambda text: text.replace(" ", "")),
    ("run together", "en", _without_most_spaces),
    ("run together", "en", lambda _: FRENCH.replace(" ", "")),
    ("spaced apart", "both", lambda text: " ".join(text.replace(" ", ""))),
    ("doubled", "both", _twice),
]


LISTS = [
    "周喆、吴芃、郑翀、冯昕、褚骁、卫玥、蒋彧、沈旻、韩昊、杨琨、朱琪、秦韬、许璐、何璇、吕琰、施琛、张瑜、孔玮",
    "鲫鱼 鲢鱼 鳙鱼 鲈鱼 鳜鱼 鲶鱼 鲟鱼 鳕鱼 鲳鱼 鲷鱼 鲅鱼 鳗鱼 鲱鱼 鲭鱼 鲑鱼 鲹鱼",
    "鯽魚、鰱魚、鱅魚、鱸魚、鱖魚、鯰魚、鱘魚、鱈魚、鯧魚、鯛魚、鮁魚、鰻魚、鯡魚、鯖魚、鮭魚、鰺魚",
    "黄芪、茯苓、芍药、枸杞、薏苡仁、莪术、茜草、菟丝子、苁蓉、藿香、蒺藜、芫花、葶苈子、荜茇、蔓荆子",
    "氦锂铍硼氖钪钛钒铬锗砷硒溴氪铷锶钇锆铌钼锝钌铑钯镉铟锑碲碘氙铯钡镧铈镨钕钷钐铕钆铽镝钬铒铥镱镥铪钽钨铼锇铱铊铋",
    "嘧啶、吡啶、噻唑、咪唑、嘌呤、吲哚、呋喃、噻吩、哌啶、哌嗪、吗啉、喹啉、吡咯、吖啶、咔唑、蒽醌、萘酚、芘、䓛",
    "我哋琴日喺嗰間舖頭買咗啲嘢，佢話冇乜嘢好食。你哋聽日嚟唔嚟？唔嚟就話聲俾我知，我自己瞓多陣先，攰到死。",
    "关关雎鸠，在河之洲。窈窕淑女，君子好逑。参差荇菜，左右流之。寤寐求之。蒹葭苍苍，螽斯羽，诜诜兮。",
]
PROGRAMS = [
    "AbstractTransactionalTestSupportFactory\nDefaultListenerContainerRegistryFactory\nConfigurableListableBeanFactory\n",
    "public final class OrderRepositoryIntegrationTest extends AbstractTransactionalTestSupport {\n"
    "    private OrderRepositoryImplementation repository;\n"
    "    void shouldReturnNothingWhenThatOrderIsMissing() { assertThat(repository.findByOrder(1)).isEmpty(); }\n",
    "getElementsByTagNameNS(name)\nAbstractMessageConverterFactory\nDefaultListenerContainerRegistry\n" * 5,
    "XMLHttpRequestEventTargetListener HTTPSConnectionPoolManagerFactory URLSearchParametersIterator " * 5,
]
LONG_WORDS = [
    "Landesverwaltungshandbuch, Bundeshandelsbestimmungen, Verbandsklageverfahren, Brandschutzverordnungen, "
    "Handelsvertretungsverträge, Standesamtsverordnungen, Bestandsschutzregelungen",
    "Die Rechtsschutzversicherungsgesellschaften haben die Kraftfahrzeughaftpflichtversicherung und die "
    "Arbeitsunfähigkeitsbescheinigungen geprüft. Die Verwaltungsgerichtsordnung regelt Zuständigkeitsvereinbarungen "
    "und die Geschwindigkeitsbegrenzungen sowie das Grundstücksverkehrsgenehmigungsverfahren.",
    "Kansaneläkelaitoksen työttömyysturvajärjestelmän uudistamistoimenpiteet sekä ammattikorkeakouluopiskelijoiden "
    "asumistukihakemusten käsittelyaikataulut ovat valmistelussa, samoin lentokonesuihkuturbiinimoottorit.",
    "Methylprednisolone and hydroxychloroquine were compared with hydrochlorothiazide; acetylcholinesterase, "
    "glycosylphosphatidylinositol, methylenetetrahydrofolate and deoxyribonucleotides and phosphatidylserine.",
]
BLANKS = [
    "性别：□男 □女 婚姻：□未婚 □已婚 □离异 □丧偶 学历：□高中 □大专 □本科 □硕士 □博士 驾照：□是 □否 住宿：□是 □否",
    "Licence: □ A □ B □ C □ D\nMeals: □ yes □ no □ some\nSex: □ male □ female □ other\n",
    "合同编号：XXXXXXXX\n甲方：XXXXXXXX\n乙方：XXXXXXXX\n地址：XXXXXXXXXXXX\n电话：XXXXXXXX\n签字：............",
    "Party A: XXXXXXXXXXXX\nParty B: XXXXXXXXXXXXXXXX\nAddress: XXXXXXXXXXXXXXXXXXXXXXXX\nDate: ......... \n" * 3,
    "Key\nA B C D B C A D B C A D\nB C A D A B D C C A D B\n",
    "answers: a b c d b c a d b c a d c a b d",
    "日 一 二 三 四 五 六\n" * 4,
    "A N N U A L\nR E P O R T\nN O R T H E R N\nB R I D G E S",
]
CODES = [
    "item,price\n" + "".join(f"{code}-{n},{n * 3}\n" for n, code in enumerate(["XKQZVB", "QWRTPL", "MKJHGF"] * 8)),
    "| item | price |\n" + "".join(f"| {code} | {n} |\n" for n, code in enumerate(["XKQZVB", "QWRTPL", "MKJHGF"] * 8)),
    "host key fingerprints\n" + "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDkQvYxPqZrHwXs\n" * 12,
    "checksums\n" + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  archive.zip\n" * 8,
    "attachment\n" + "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Erk\n" * 4,
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
        *LISTS,
        *PROGRAMS,
        *LONG_WORDS,
        *BLANKS,
        *CODES,
    ],
)
def test_sound_pages_are_not_doubted(text: str) -> None:
    assert _doubts(text) == ()


def _outside(count: int) -> str:
    """Return that many Han characters that no national set has."""

    def has(character: str, encoding: str) -> bool:
        return character.encode(encoding, "ignore") != b""

    candidates = map(chr, range(0x4E00, 0x9FA5))
    alien = [c for c in candidates if not any(has(c, name) for name in ("gb2312", "big5hkscs", "euc_jp"))]
    return "".join(random.Random(7).sample(alien, count))


_SENTENCE = "thecommitteemetinthetownhallandagreedthatthebridgeshouldberepairedwiththevillagesbeforethiswinter"


def _joined(percent: int) -> str:
    pieces = " ".join(_SENTENCE[at : at + 24] for at in (0, 24, 48, 72))
    return pieces + " town" * round(24 * (100 - percent) / percent)


def _mixed(percent: int) -> str:
    blocks = [101 // (percent + 1)] * percent
    return "".join("ж" * n if i % 2 else "ก" * n for i, n in enumerate([*blocks, 101 - sum(blocks)]))


@pytest.mark.parametrize(
    ("reason", "below", "above", "share"),
    [
        ("odd glyphs", 9, 11, lambda n: "\ufffd" * n + ("town " * 25).replace(" ", "")[: 100 - n]),
        ("odd glyphs", 48, 52, lambda n: "□" * n + ("town" * 25)[: 100 - n]),
        ("run together", 9, 11, _joined),
        ("spaced apart", 28, 32, lambda n: " ".join(_SENTENCE[:n]) + " town" * ((100 - n) // 4)),
        (
            "doubled",
            28,
            32,
            lambda n: _twice(_SENTENCE[: n // 2]) + " town" * ((100 - n) // 4),
        ),
        ("noise", 30, 34, lambda n: _outside(n) + (CHINESE.replace("，", "").replace("。", "") * 2)[: 100 - n]),
        ("noise", 18, 22, _mixed),
        ("noise", 64, 68, lambda n: "qz " * n + "th " * (100 - n)),
    ],
)
def test_damage_counts_from_its_share_on(reason: str, below: int, above: int, share: Callable[[int], str]) -> None:
    assert not any(reason in doubt for doubt in _doubts(share(below)))
    assert any(reason in doubt for doubt in _doubts(share(above)))


def test_a_text_of_the_rarer_characters_of_one_national_set_is_no_noise() -> None:
    for encoding, leads in (("gb2312", range(0xD8, 0xF8)), ("big5", range(0xC9, 0xFA)), ("euc_jp", range(0xD0, 0xF4))):
        rows = (bytes((lead, trail)).decode(encoding, "ignore") for lead in leads for trail in range(0xA1, 0xFF))
        assert _doubts("、".join(random.Random(8).sample(list(filter(None, rows)), 90))) == ()


@pytest.mark.parametrize(("sure", "doubted"), [(0.84, True), (0.86, False)])
def test_a_reader_is_sure_from_85_percent_on(sure: float, doubted: bool) -> None:
    pages = assess(Loaded(ENGLISH, "pdf", pages=(PageSpan(1, 0, len(ENGLISH)),), recognised={1: sure}))
    assert bool(pages[0].doubts) is doubted


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
    began = time.thread_time()
    assess(Loaded(text, "text"))
    assert time.thread_time() - began < 20
