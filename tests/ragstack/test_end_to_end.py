"""The real thing: example documents, the default encoder, the default decoder, no part replaced."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragstack import RagStack
from ragstack.answers import Answer

pytestmark = pytest.mark.models

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "examples/questions.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Iterator[RagStack]:
    with RagStack.open(home=tmp_path_factory.mktemp("home")) as stack:
        report = stack.ingest(examples)
        assert report.files.added == 5
        yield stack


def assert_exact(stack: RagStack, answer: Answer) -> None:
    """Each citation is the stored text to the character, on its page, and each sentence has one."""
    documents = {info.uri: stack.collection().document(info.key) for info in stack.collection().documents()}
    for citation in answer.citations:
        document = documents[citation.document]
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote
        assert citation.page == document.page_at(citation.start)
    numbers = {citation.n for citation in answer.citations}
    assert all(sentence.citations and set(sentence.citations) <= numbers for sentence in answer.sentences)


@pytest.mark.parametrize(
    ("question", "words", "document"),
    [
        ("How many parameters does BERT-base have?", "110", "llm-primer.en.md"),
        ("BERT 一次最多读入多少个词元？", "512", "llm-primer.zh.md"),
    ],
)
def test_the_decoder_answers_with_the_exact_words_of_a_document(
    stack: RagStack, question: str, words: str, document: str
) -> None:
    answer = stack.ask(question)
    assert not answer.abstained, answer.reason
    assert words in answer.text
    assert document in {Path(citation.document).name for citation in answer.citations}
    assert answer.usage.prompt_tokens < 500
    assert_exact(stack, answer)


@pytest.mark.parametrize("question", ["Who won the football world cup in 1998?", "红烧肉怎么做？"])
def test_what_no_document_holds_is_refused(stack: RagStack, question: str) -> None:
    answer = stack.ask(question)
    assert answer.abstained
    assert answer.text in ("The documents don't say.", "文档中没有说明。")
    assert answer.nearest


def test_a_page_is_named_for_what_stands_in_a_pdf(stack: RagStack) -> None:
    known = [q for q in QUESTIONS if q["page"]]
    hits = {q["id"]: stack.search(q["text"], k=5, where=["format=pdf"]) for q in known}
    found = [any(hit.page == q["page"] for hit in hits[q["id"]]) for q in known]
    assert sum(found) >= 0.9 * len(found)


def test_quoting_without_a_decoder_cites_the_right_document(stack: RagStack) -> None:
    answered: list[tuple[dict[str, Any], Answer]] = []
    for question in [q for q in QUESTIONS if q["answers"]]:
        answer = stack.ask(question["text"], generator="extractive")
        assert_exact(stack, answer)
        if not answer.abstained:
            answered.append((question, answer))
            quotes = [citation.quote for citation in answer.citations]
            assert all(any(sentence.text in quote for quote in quotes) for sentence in answer.sentences)
    right = [q["document"] in {Path(c.document).name for c in answer.citations} for q, answer in answered]
    assert len(answered) >= 20
    assert sum(right) >= 0.8 * len(right)
