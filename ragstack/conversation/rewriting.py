"""A follow-up question → one that stands alone, from the turns before it.

A question that does not lean on them (:mod:`ragstack.conversation.following`) stays as it is and costs nothing. One
that does is rewritten by the generator, and the rewriting is checked, for a small decoder likes to answer or to invent:
it may use no word that neither the conversation nor the question has, must keep the numbers, names and telling words of
the question, and must add something. Where it fails, or the generator cannot rewrite, the telling words of the question
before are added as they are, which is enough for a search and for a reader.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexes.search.analysis import query_terms
from ragstack.answers import Answer
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.words.names import names_missing
from ragstack.conversation.following import LEANING, leans
from ragstack.generators.base import Generator
from ragstack.language import Language, language_of
from ragstack.prompts import rewrite_prompt
from ragstack.retrieval import MAX_QUESTION_CHARACTERS

__all__ = ["Turn", "checked", "expanded", "recent", "standalone"]

LONGEST_QUESTION = 1_000
"""Characters, from its end, of the question before: a pasted page must not fill the decoder."""
LONGEST_REWRITING = 60
"""Tokens that a rewriting may have."""
MOST_WORDS = 12
"""Words of the question before that are added to one that could not be rewritten."""
LONGEST_WORD = 40
"""Characters of such a word; longer ones are no words, and in Chinese whole clauses."""

_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:[.\-'’][^\W_\u3400-\u9fff]+)*|[\u3400-\u9fff]")
_JOINING_WORDS = """
    a an the is are was were be been being do does did has have had can could will would should may might must of in on
    at to for from by with as and or than about into during after before how much many long far often what which who
    whom whose when where why between there if not
"""
_JOINING_ZH = "的了是在有和与及或被把对为以于由从到吗呢多少什么哪个些谁几怎样如何何时年里地得"
_JOINING = frozenset(_JOINING_WORDS.split()) | set(_JOINING_ZH)
_LABEL = re.compile(r"^\W*(?:rewritten|question|改写|问题)\s*[:：]\s*", re.I)
_ASKING_ZH = re.compile(
    r"什么时候|为什么|什么|多少|多[长久大高重深远快]|哪[一些个里年儿种位]?|谁|几|怎么样?|怎样|如何|是否|吗|呢|何时"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that stands alone, and what was answered; the answer is empty where there was none."""

    question: str
    answer: str = ""

    @classmethod
    def of(cls, answer: Answer) -> "Turn":
        """The turn that an answer was."""
        return cls(answer.standalone or answer.question, answer.said)


def standalone(question: str, history: Sequence[Turn], generator: Generator) -> str | None:
    """The question as it stands alone; None where it does already, or where nothing can be added to it.

    Args:
        question: As it was asked.
        history: The turns before it, oldest first.
        generator: Who rewrites.

    Raises:
        ModelError: The generator failed.
    """
    if not history or not leans(question):
        return None
    language: Language = "zh" if re.search(r"[\u3400-\u9fff]", question) else "en"
    prompt = rewrite_prompt(question, [(turn.question, turn.answer) for turn in history], language)
    written = "".join(delta.text for delta in generator.stream(prompt, max_tokens=LONGEST_REWRITING, stop=["\n"]))
    alone = checked(written, question, history) or expanded(question, history[-1].question)
    return alone if alone != question and len(alone) <= MAX_QUESTION_CHARACTERS else None


def checked(written: str, question: str, history: Sequence[Turn]) -> str | None:
    """The rewriting as it can be used, or None where it says more or less than the conversation does."""
    rewriting = _LABEL.sub("", " ".join(written.split())).strip('"“” ')
    known = _words(" ".join([question, *(f"{turn.question} {turn.answer}" for turn in history)]))
    said, asked = _words(rewriting), _words(question)
    invented = said - known - _JOINING
    lost = asked - said - _JOINING - LEANING
    if not rewriting.endswith(("?", "？")) or invented or lost or not said - asked - _JOINING:
        return None
    if missing(question, [rewriting]) or names_missing(question, [rewriting]) or leans(rewriting):
        return None
    return rewriting


def expanded(question: str, before: str) -> str:
    """The question with the telling words of the one before it that it lacks, as they stand there."""
    held = set(query_terms(question))
    words = [match.group() for match in _WORD.finditer(before)] if language_of(before) == "en" else _runs(before)
    words = [word for word in words if len(word) <= LONGEST_WORD and word.casefold() not in _JOINING]
    told = [word for word in words if not set(query_terms(word)) <= held]
    return f"{question} ({' '.join(told[:MOST_WORDS])})" if told else question


def recent(history: Sequence[Answer | Turn], budget: int, count: Callable[[Sequence[str]], list[int]]) -> list[Turn]:
    """The newest turns whose tokens, as ``count`` counts them, are within the budget, oldest first.

    Of the last turn the question is always there, cut to its end where it is very long; an answer that is too long is
    left out.
    """
    turns = [Turn.of(each) if isinstance(each, Answer) else each for each in history]
    kept: list[Turn] = []
    for turn in reversed(turns):
        questions, answers = count([turn.question, turn.answer])
        if kept and questions > budget:
            break
        with_answer = questions + answers <= budget
        kept.append(turn if with_answer else Turn(turn.question[-LONGEST_QUESTION:]))
        budget -= questions + (answers if with_answer else 0)
        if budget <= 0:
            break
    return kept[::-1]


def _words(text: str) -> set[str]:
    """Words without regard to case and to the endings of English, and Chinese characters."""
    return {_stem(word) for word in _WORD.findall(text)}


def _stem(word: str) -> str:
    folded = re.sub(r"['’]s$", "", word.casefold())
    if folded in _JOINING or folded in LEANING:
        return folded
    return next(iter(query_terms(folded)), folded) if folded.isalpha() else folded


def _runs(text: str) -> list[str]:
    """What stands between the words that only ask, in Chinese."""
    return [run for run in re.split(r"[的了是在有，。？?！、\s]+", _ASKING_ZH.sub(" ", text)) if run]
