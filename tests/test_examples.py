"""The example documents hold what their questions ask, where the questions say, and nowhere else."""

import functools
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import bs4
import docx
import pypdf
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DOCUMENTS = EXAMPLES / "documents"
NAMES = (
    "llm-primer.en.md",
    "llm-primer.zh.md",
    "deployment-notes.pdf",
    "vector-databases.docx",
    "hallucination-and-evaluation.html",
)
PRIMERS = set(NAMES[:2])  # the two primers are parallel and share facts
LINES = (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
QUESTIONS: list[dict[str, Any]] = [json.loads(line) for line in LINES]
ANSWERABLE = [question for question in QUESTIONS if question["document"]]
UNANSWERABLE = [question for question in QUESTIONS if not question["document"]]


def identify(question: dict[str, Any]) -> str:
    return str(question["id"])


def squash(text: str) -> str:
    """Text without white space: line ends of a PDF fall inside phrases."""
    return re.sub(r"\s+", "", text)


@functools.cache
def pages(name: str) -> tuple[str, ...]:
    """The text of a document as a reader extracts it; one item unless the format has pages."""
    path = DOCUMENTS / name
    if path.suffix == ".pdf":
        return tuple(page.extract_text() for page in pypdf.PdfReader(path).pages)
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return ("\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells]),)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        article = bs4.BeautifulSoup(text, "lxml").find("article")
        assert article is not None
        text = article.get_text()
    return (text,)


def places(phrase: str) -> set[tuple[str, int]]:
    """Every document and page (from 1) where the phrase stands."""
    found = {(name, number) for name in NAMES for number, page in enumerate(pages(name), 1)}
    return {(name, number) for name, number in found if squash(phrase) in squash(pages(name)[number - 1])}


@pytest.mark.parametrize("question", ANSWERABLE, ids=identify)
def test_an_answer_stands_where_its_question_says_and_nowhere_else(question: dict[str, Any]) -> None:
    document = question["document"]
    elsewhere = places(question["answers"][0]) - {(document, question["page"] or 1)}
    assert (document, question["page"] or 1) in places(question["answers"][0])
    assert {name for name, _ in elsewhere} <= (PRIMERS - {document} if document in PRIMERS else set())
    assert (question["page"] is not None) == document.endswith(".pdf")


@pytest.mark.parametrize("question", UNANSWERABLE, ids=identify)
def test_no_document_holds_the_answer_of_an_unanswerable_question(question: dict[str, Any]) -> None:
    assert (question["answers"], question["page"]) == ([], None)
    assert question["absent"]
    assert [places(phrase) for phrase in question["absent"]] == [set()] * len(question["absent"])


def test_the_questions_are_balanced_over_languages_and_reach_every_document() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) == 40
    for language in ("en", "zh"):
        asked = [question for question in QUESTIONS if question["lang"] == language]
        assert (len(asked), sum(not question["document"] for question in asked)) == (20, 4)
        assert all(bool(re.search("[一-鿿]", question["text"])) == (language == "zh") for question in asked)
    counts = {name: sum(question["document"] == name for question in QUESTIONS) for name in NAMES}
    assert counts == dict(zip(NAMES, (8, 8, 8, 4, 4), strict=True))


def test_the_folder_holds_the_five_documents_and_nothing_else() -> None:
    assert {path.name for path in DOCUMENTS.iterdir()} == set(NAMES)


def test_the_pdf_has_a_title_and_pages_in_alternating_languages() -> None:
    reader = pypdf.PdfReader(DOCUMENTS / "deployment-notes.pdf")
    assert reader.metadata is not None and "语言模型部署笔记" in str(reader.metadata.title)
    shares = [len(re.findall("[一-鿿]", text)) / len(squash(text)) for text in pages("deployment-notes.pdf")[:6]]
    assert [share > 0.5 for share in shares] == [False, True] * 3


def test_the_pdf_extracts_as_real_characters_with_its_page_numbers() -> None:
    for number, text in enumerate(pages("deployment-notes.pdf"), 1):
        assert f"– {number} –" in text
        odd = {char for char in text if unicodedata.category(char) in ("Co", "Cn", "Cc") and char != "\n"}
        assert not odd and "\ufffd" not in text and "(cid:" not in text


@pytest.mark.parametrize("stem", ["deployment-notes", "vector-databases"])
def test_a_built_document_holds_every_line_of_its_source(stem: str) -> None:
    source = (EXAMPLES / "sources" / f"{stem}.md").read_text(encoding="utf-8")
    name = next(name for name in NAMES if name.startswith(stem))
    built = squash("".join(pages(name)))
    lines = [re.sub(r"^(#+|-|\d+\.) ", "", line).replace("**", "") for line in source.splitlines()]
    cells = [cell for line in lines if line.startswith("|") and "---" not in line for cell in line.split("|")]
    prose = [line for line in lines if not line.startswith(("|", "<!--"))]
    assert [text for text in prose + cells if squash(text) not in built] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_paper_cited_in_a_document_is_listed_among_its_sources(name: str) -> None:
    text = "\n".join(pages(name))
    body, _, sources = text.rpartition("出处" if name.endswith("zh.md") else "Sources")
    cited = set(re.findall(r"(\w+)(?: et al\.| 等| and \w+| 与 \w+)[,，（]? ?(\d{4})", body))
    listed = squash(sources)
    assert len(cited) >= 8
    missing = {
        (who, year) for who, year in cited if not re.search(rf"{who}[^\"“]*[\"“][^\"”]*[\"”][,，]\w*?{year}", listed)
    }
    assert missing == set()
