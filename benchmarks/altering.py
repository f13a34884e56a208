"""True and false sentences made from a passage and its questions (``benchmarks/claims.py``).

Each pair differs in one thing: the answer that is put into the question, a negation, two names or numbers in each
other's place, a name from elsewhere.
"""

import random
import re
from collections.abc import Iterator

from ragstack.checking.words.contradictions import opposites
from ragstack.checking.words.names import han_names
from ragstack.language import Language, language_of

__all__ = [
    "Made",
    "alterations",
    "answers",
    "clause",
    "exchanged",
    "negated",
    "opposed",
    "qualified",
    "relisted",
    "renumbered",
    "shortened",
    "subject",
    "swapped",
]

LONGEST = 250
"""Characters of a sentence."""
SENTENCES = {"en": re.compile(r"(?<=[.!?])\s+(?=[A-Z])"), "zh": re.compile(r"(?<=[。！？])")}
NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*")
NAMES = {
    "en": re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*"),
    "zh": re.compile(r"(?<=[在于由向与和、至到是])[\u4e00-\u9fff]{1,3}[省市国县州岛]|(?<=《)[^》]{2,12}(?=》)"),
}  # fmt: skip
NEGATIONS = {
    "en": [(r"\b(is|are|was|were|can|will|had|has been) (?!not\b)", r"\1 not ")],
    "zh": [
        ("(?<![不没而但就都也还若于只])(是|可以|能够)(?!否|在|由|因|以)", r"不\1"),
        ("位于", "不在"),
        ("成为了?", "没有成为"),
    ],
}
ROLES = {
    "en": r"(?<![-\w])(?:president|minister|governor|mayor|director|secretary|chairman|commander|leader|professor|judge"
    r"|manager|captain|bishop|chancellor|ambassador|editor|coach|inspector|treasurer|principal|marshal)\b",
    "zh": "总统|主席|总理|省长|市长|县长|部长|局长|院长|校长|会长|总裁|总经理|主任|书记|秘书长|司令|教授|队长|馆长",
}  # fmt: skip
CLAUSES = {
    "en": re.compile(r"[,;:] (?:(?:and|but|while|whereas|although|which|who|that) )?| and "),
    "zh": re.compile("[，；：]"),
}
LEAST = {"en": 6, "zh": 8}
"""Words, or Chinese characters, of a clause."""
LISTED = {
    "en": re.compile(r"(?<=[a-z] )([A-Z][a-z]+(?: [A-Z][a-z]+)*)(, (?:[A-Z][a-z]+, )*(?:[A-Z][a-z]+,? )?and | and )"
                     r"([A-Z][a-z]+(?: [A-Z][a-z]+)*)"),
    "zh": re.compile("([\u4e00-\u9fff]{1,3}[省市国县州岛])([、和与及])([\u4e00-\u9fff]{1,3}[省市国县州岛])"),
}  # fmt: skip
QUALIFIERS = {"en": ["vice ", "deputy ", "acting ", "assistant "], "zh": ["副", "代理", "名誉"]}
ASKED_ZH = re.compile("什么名字|什么时候|什么时间|哪一年|哪年|哪里|哪个国家|哪个城市|多少|什么|谁|几(?=[个年月日次岁])")

Made = tuple[str, str, str, str]
"""Kind, question, true sentence, false sentence."""


def answers(passage: str, asked: list[tuple[str, str]], stranger: str, chance: random.Random) -> Iterator[Made]:
    """A question as a statement: with its answer, and with another's of the same kind that is in the passage too."""
    del stranger
    for question, answer in chance.sample(asked, len(asked)):
        others = [o for _, o in asked if kind_of(o) == kind_of(answer) and o not in answer and answer not in o]
        true = statement(question, answer)
        if others and true and len(answer) < 40:
            yield "answer", question, true, statement(question, chance.choice(others))


def kind_of(answer: str) -> str:
    return "number" if any(letter.isdigit() for letter in answer) else "name" if answer[:1].isupper() else "words"


def statement(question: str, answer: str) -> str:
    """The question with its answer in the place of what it asks for; empty where its form is not a known one."""
    answer = answer.strip(' .,。，;；"“”')
    if language_of(question) == "zh":
        before, *after = ASKED_ZH.split(question.rstrip("？? "))
        return f"{before}{answer}{after[0].removeprefix(answer[-1:])}。" if len(after) == 1 else ""
    bare = question.rstrip("? ")
    if re.search(r" (?:of|with|for|to|in|on|by|from|as|at|about)$", bare):
        return ""
    if match := re.match(r"(?:What|Who) (is|was|are|were) ((?:the|a|an|[A-Z])\b.*)", bare):
        told = match[2][0].upper() + match[2][1:]
        return f"{told} {match[1]} {answer}."
    if match := re.match(r"Who ((?!(?:do|does|did|is|are|was|were|else)\b)[a-z]+ .*)", bare):
        return f"{answer[0].upper()}{answer[1:]} {match[1]}."
    return ""


def alterations(passage: str, asked: list[tuple[str, str]], stranger: str, chance: random.Random) -> Iterator[Made]:
    """A sentence that answers, shortened, and the same altered."""
    language = language_of(passage)
    makers = [negated, swapped, renamed]
    chance.shuffle(makers)
    for sentence in SENTENCES[language].split(passage):
        question = next((q for q, answer in asked if answer in sentence), "")
        short = shortened(sentence.strip(), language)
        if not question or not short or len(short) > LONGEST:
            continue
        for make in makers:
            false = make(short, language, stranger, chance)
            if false and false != short:
                yield make.__name__, question, short, false


def shortened(sentence: str, language: Language) -> str:
    """The sentence without its last clause or what it holds in brackets; empty where it has neither."""
    if language == "zh":
        clauses = re.split("，", sentence.rstrip("。！？"))
        return "，".join(clauses[:-1]) + "。" if len(clauses) > 2 else ""
    short = re.sub(r" \([^)]*\)|, (?:which|who|where|including|such as|with)\b[^,]*(?=[,.])", "", sentence)
    if short == sentence:
        opening = re.compile(r"^(?:However|Moreover|In \d{4}|Today|Also|Furthermore|In addition), (\w)")
        short = opening.sub(lambda match: match[1].upper(), short)
    opens = re.match("Due|While|When|If|Although|After|As|In|During|Since|Because|Despite|With", sentence)
    if short == sentence and sentence.count(",") == 1 and sentence.index(",") > 50 and not opens:
        short = sentence[: sentence.index(",")] + "."
    return short if short != sentence and len(short.split()) >= 6 else ""


def clause(sentence: str, language: Language, chance: random.Random) -> str:
    """One clause of a sentence that is at least twice as long; empty where none says enough."""
    clauses = [part.strip() for part in CLAUSES[language].split(sentence.strip(" .。！？!?"))]
    long = [part for part in clauses if size(part, language) >= LEAST[language]]
    long = [part for part in long if 2 * size(part, language) <= size(sentence, language)]
    if not long:
        return ""
    one = chance.choice(long)
    return f"{one}。" if language == "zh" else f"{one[0].upper()}{one[1:]}."


def size(text: str, language: Language) -> int:
    return len(text) if language == "zh" else len(text.split())


def subject(sentence: str, part: str, language: Language) -> str:
    """A clause behind the first name of its sentence, as one who cites it says who is meant; empty where it has it."""
    names = han_names(sentence) if language == "zh" else re.findall(r"[A-Z][a-z]+(?: [A-Z][a-z]+)+", sentence)
    if not names or names[0] in part or part[:1] in "其该此这他她它":
        return ""
    return f"{names[0]}{part}" if language == "zh" else f"{names[0]} {part[0].lower()}{part[1:]}"


def renumbered(sentence: str, language: Language, passage: str, chance: random.Random) -> str:
    """With another number of its passage in the place of one of its own."""
    own = list(NUMBER.finditer(sentence))
    held = {match.group() for match in own}
    others = sorted({n for n in NUMBER.findall(passage) if n not in held and own and len(n) == len(own[-1].group())})
    return sentence[: own[-1].start()] + chance.choice(others) + sentence[own[-1].end() :] if others else ""


def opposed(sentence: str, language: Language, passage: str, chance: random.Random) -> str:
    """With one of its words against its opposite."""
    found = opposites(sentence)
    if not found:
        return ""
    start, end, other = chance.choice(found)
    return sentence[:start] + other + sentence[end:]


def negated(sentence: str, language: Language, stranger: str, chance: random.Random) -> str:
    """With a negation at its first verb that takes one, or without the one that it has."""
    for found, put in NEGATIONS[language]:
        altered = re.sub(found, put, sentence, count=1)
        if altered != sentence:
            return altered
    return ""


def swapped(sentence: str, language: Language, stranger: str, chance: random.Random) -> str:
    """With two of its names, or two of its numbers, in each other's place."""
    for pattern in (NAMES[language], NUMBER):
        places = list(pattern.finditer(sentence))
        if len(places) >= 2 and places[0].group() != places[-1].group():
            one, other = places[0], places[-1]
            between = sentence[one.end() : other.start()]
            if not re.match(", |、| and | or |和", between) and not re.search("(?:, |、| and | or |和)$", between):
                return sentence[: one.start()] + other.group() + between + one.group() + sentence[other.end() :]
    return ""


def renamed(sentence: str, language: Language, stranger: str, chance: random.Random) -> str:
    """With a name of another passage in the place of one of its own."""
    own, others = NAMES[language].findall(sentence), NAMES[language].findall(stranger)
    others = [other for other in others if other not in sentence]
    return sentence.replace(own[-1], chance.choice(others)) if own and others else ""


def exchanged(sentence: str, language: Language, passage: str, chance: random.Random) -> str:
    """With another name of its passage in the place of its last one."""
    own = NAMES[language].findall(sentence)
    others = [name for name in NAMES[language].findall(passage) if name not in sentence]
    other = chance.choice(others) if own and others else ""
    return sentence.replace(own[-1], other, 1) if other and own[-1] not in other else ""


def qualified(sentence: str, language: Language, passage: str, chance: random.Random) -> str:
    """With a qualifier before its first role, or without the one that it has."""
    put = chance.choice(QUALIFIERS[language])
    for word in QUALIFIERS[language]:
        if re.search(f"{word}(?:{ROLES[language]})", sentence):
            return sentence.replace(word, "", 1)
    return re.sub(ROLES[language], lambda match: put + match[0], sentence, count=1)


def relisted(sentence: str, language: Language, passage: str, chance: random.Random) -> str:
    """With the first and the last name of a list in each other's place, which is as true."""
    if re.search("respectively|分别", sentence):
        return ""
    return LISTED[language].sub(r"\3\2\1", sentence, count=1)
