"""What the decoder is given, and what the real one makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.filters import fault
from ragstack.evaluation.testsets.roundtrip import agrees
from ragstack.evaluation.testsets.values import Passage
from ragstack.evaluation.testsets.writing import Writer
from ragstack.stack import RagStack

Make = Callable[..., Passage]
SENTENCES = ("Skarn lighthouse has 214 steps and two lamps.", "长风桥全长 812 米，桥面很宽。")


@pytest.mark.parametrize("text", SENTENCES)
def test_the_decoder_is_given_text_heading_and_answer_in_its_language(passage: Make, scribe: Any, text: str) -> None:
    decoder = scribe()
    made = passage(text, around=f"{text} More.", heading="Coast › Lights")
    Writer(decoder).ask_for(made, facts(made)[0])
    Writer(decoder).ask_why(made, facts(made)[0], "300")
    Writer(decoder).read(made, "Which?")
    asked, why, read = decoder.calls
    assert "Coast › Lights" in asked
    assert text in asked
    assert asked.endswith(facts(made)[0].text)
    assert facts(made)[0].text not in why.rpartition("\n")[2]
    assert "300" in why.rpartition("\n")[2]
    assert "More." in read
    assert ("Answer: " in asked) is text.isascii()


@pytest.mark.models
def test_the_real_decoder_asks_for_a_fact_and_reads_it_back(passage: Make, tmp_path: Path) -> None:
    made = passage(SENTENCES[0], heading="Skarn lighthouse")
    fact = facts(made)[0]
    with RagStack.open(home=tmp_path) as stack:
        writer = Writer(stack.generator("llamacpp"))
        question = writer.ask_for(made, fact)
        assert fault(question, "answerable", made, fact) == ""
        assert agrees(writer.read(made, question), fact, "en")
