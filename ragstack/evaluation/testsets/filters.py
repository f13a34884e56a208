"""What is wrong with a question by its words alone; each fault has the name it is counted under.

*Leakage*: the question holds its answer, or so long a run of its sentence's words that finding the sentence is no
test. *Leaning*: it cannot be understood without its text ("this", "it", "the text", 本文, 该公司).
"""

import re

from ragstack.evaluation.normalising import tokens
from ragstack.evaluation.testsets.values import Fact, Kind, Passage
from ragstack.language import Language

__all__ = ["fault", "repeats"]

_SHORTEST = {"en": 3, "zh": 5}
_LONGEST = {"en": 35, "zh": 60}
"""Tokens of a question: words in English, characters in Chinese."""
_LONGEST_RUN = {"en": 12, "zh": 26}
"""Tokens that a question may have in one run from its sentence."""
_ALIKE = 0.8
"""Questions with such a share of their tokens in common are the same."""
_ASKS = {
    "en": re.compile(
        r"^(?:[^?]{0,60}\b)?(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can)\b", re.I
    ),
    "zh": re.compile("什么|哪|谁|多少|几|多[长大高久远深重快宽厚]|为何|为什么|怎|何|是否|吗"),
}
_LEANS = {
    "en": re.compile(
        r"\b(?:it|its|he|his|him|she|hers?|they|their|them|this|these|those|we|our|us|i|my|you|your)\b"
        r"|\b(?:the|given|following|above) (?:\w+ )?(?:text|passage|document|paper|article|authors?|sentence|statement"
        r"|study|report|company|table|figure|section|chapter|answer)\b"
        r"|\bthe (?:deal|agreement|merger|event|team|game|match|season|club|city|government|bill|rule|proposal"
        r"|foregoing)\b(?! (?:of|between|with|for|on))|\baccording to\b|\bmentioned\b|\bauthors?\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"本(?:[文书节章次项届周月年]|报告|公司|论文)|该|这|那[个些]|此(?![前后外])|[它他她我你您昨]|文[中章]|上[述文]|下[述列]|以[上下]"
        r"|其(?![他它中实余次])|作者|原文|文[字本]|段落|句子|材料|资料|题目|今[年天]|去年|目前|近日|现时|当[年时天日地]"
        r"|(?:^|，)(?:学院|学校|公司|球队|协会|会址|电影|影片|小说|专辑|校方|官方|当局|会议|大会|比赛|赛事|首场|决赛|招待会|活动)(?!名)"
    ),
}


def fault(text: str, kind: Kind, passage: Passage, fact: Fact) -> str:
    """The first fault of a question; empty where its words show none."""
    language = passage.language
    count = len(tokens(text))
    if bool(re.search("[\u4e00-\u9fff]", text)) != (language == "zh"):
        return "in another language"
    if not text.endswith(("?", "？")) or len(re.findall("[?？]", text)) != 1 or not _ASKS[language].search(text):
        return "no single question"
    if not _SHORTEST[language] <= count <= _LONGEST[language]:
        return "too short or too long"
    if leaning(text, language):
        return "leans on its text"
    if kind != "false_premise" and _holds(text, fact):
        return "holds its answer"
    if longest_run(tokens(text), tokens(passage.text)) > _LONGEST_RUN[language]:
        return "copies its sentence"
    return ""


def leaning(text: str, language: Language) -> bool:
    """Whether a question points at a text that its reader does not see."""
    return bool(_LEANS[language].search(text))


def repeats(text: str, others: list[str]) -> bool:
    """Whether a question says what one of ``others`` says, by the tokens they have in common."""
    own = set(tokens(text))
    for other in others:
        theirs = set(tokens(other))
        if own and len(own & theirs) >= _ALIKE * len(own | theirs):
            return True
    return False


def longest_run(some: list[str], others: list[str]) -> int:
    """The length of the longest run of tokens that both have."""
    best, previous = 0, [0] * (len(others) + 1)
    for token in some:
        row = [0]
        for at, other in enumerate(others, start=1):
            row.append(previous[at - 1] + 1 if token == other else 0)
        best, previous = max(best, *row), row
    return best


def _holds(text: str, fact: Fact) -> bool:
    """Whether the answer's tokens stand in the question; of a definition, whether half of them do."""
    asked, wanted = tokens(text), tokens(fact.text)
    if fact.asks == "definition":
        return len(set(asked) & set(wanted)) > len(set(wanted)) / 2
    digits = [token for token in wanted if any(character.isdigit() for character in token)]
    wanted = digits or wanted
    return any(asked[at : at + len(wanted)] == wanted for at in range(len(asked) - len(wanted) + 1))
