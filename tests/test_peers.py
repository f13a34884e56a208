"""The comparison with other systems, without them: cutting data, reading answers, resuming, the table, the endpoint."""

import importlib
import json
import math
import urllib.request
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, ClassVar

import pytest

from ragstack.evaluation import Premise, Verdict
from ragstack.evaluation.datasets import Passage, Query, Questions
from ragstack.generators.base import Delta, Prompt, Usage

PEERS = Path(__file__).resolve().parents[1] / "benchmarks" / "peers"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of benchmarks/peers by name."""
    monkeypatch.syspath_prepend(str(PEERS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def data(documents: int, questions: int, unanswerable: int) -> Questions:
    corpus = tuple(Passage(f"d/{n}", "Title" if n % 2 else "", f"text {n}") for n in range(documents))
    told = [Query(f"q{n}", f"question {n}?", (str(n),), True, {f"d/{n}": 1}) for n in range(questions)]
    without = [Query(f"u{n}", f"nothing {n}?", (), False, {}) for n in range(unanswerable)]
    return Questions((*told, *without), corpus, {"corpus.jsonl": "0"})


def answer(text: str, passages: Sequence[str], **other: Any) -> dict[str, Any]:
    said = {"text": text, "passages": [(name, f"text of {name}") for name in passages], "cited": [], "abstained": None}
    return said | {"first": None, "seconds": 2.0, "cpu": 1.0, "prompt_tokens": 30} | other


def test_a_cut_keeps_what_its_questions_need_and_fills_up(module: Any) -> None:
    cutting = module("cutting")
    task = cutting.cut("toy", data(100, 40, 40), 30, 12, 10, seed=3)
    assert len(task.texts) == 30
    assert len(task.searched) == 12
    assert all(query.relevant.keys() <= task.texts.keys() for query in (*task.searched, *task.asked))
    for query in task.searched:
        [name] = query.relevant
        assert task.texts[name].endswith(f"text {query.answers[0]}"), "the relevant name is that of the right text"
    assert sum(query.answerable is False for query in task.asked) == 5, "half of the data is unanswerable"


def test_titles_are_the_first_line_and_names_are_plain(module: Any) -> None:
    texts = module("cutting").cut("toy", data(4, 2, 0), 4, 2, 2, seed=0).texts
    assert sorted(texts.values()) == ["Title\n\ntext 1", "Title\n\ntext 3", "text 0", "text 2"]
    assert all(name.isalnum() for name in texts)


def test_asking_more_changes_neither_documents_nor_earlier_questions(module: Any) -> None:
    cut = module("cutting").cut
    few, many = (cut("toy", data(100, 40, 20), 30, 12, answers, seed=1) for answers in (3, 12))
    assert few.texts == many.texts
    assert {query.id for query in few.asked} < {query.id for query in many.asked}
    assert cut("toy", data(100, 40, 20), 30, 12, 3, seed=2).texts != few.texts


@pytest.mark.parametrize(
    ("text", "cited", "expected"),
    [
        ("It is red [2]. It is old. [1][3]", [], [("It is red.", [2]), ("It is old.", [1, 3])]),
        ("它是红的【2】。它很旧[1，3]。", [], [("它是红的。", [2]), ("它很旧。", [1, 3])]),
        ("It is red [9].", [], [("It is red.", [])]),
        ("It is red. It is old.", [2], [("It is red.", [2]), ("It is old.", [2])]),
        ("[1]", [], []),
    ],
)
def test_citations_are_read_sentence_by_sentence(
    module: Any, text: str, cited: list[int], expected: list[tuple[str, list[int]]]
) -> None:
    assert module("figures").sentences(answer(text, ["a", "b", "c"], cited=cited)) == expected


@pytest.mark.parametrize(
    ("text", "abstained", "expected"),
    [
        ("I don't know.", None, True),
        ("The context does not mention who paid. It was in 1990.", None, True),
        ("上下文中没有提到这一点。", None, True),
        ("In 1990 [1]. I don't know more.", None, False),
        ("", None, True),
        ("I don't know.", False, False),
        ("Paris.", True, True),
    ],
)
def test_a_refusal_is_what_the_system_says_else_what_the_first_sentence_says(
    module: Any, text: str, abstained: bool | None, expected: bool
) -> None:
    assert module("figures").refused(answer(text, ["a"], abstained=abstained)) is expected


def test_the_figures_of_an_answer_by_hand(module: Any) -> None:
    of_answer = module("figures").of_answer
    query = Query("1", "Where?", ("Paris",), True, {"b": 1})
    right = of_answer(query, answer("In Paris [2].", ["a", "b"], precision=1.0, recall=0.5))
    assert (right["accuracy"], right["cites"], right["citation_gold"]) == (1.0, 1.0, 1.0)
    assert (right["citation_precision"], right["citation_recall"]) == (1.0, 0.5)
    assert right["abstain_recall"] is None
    wrong = of_answer(query, answer("In Rome [1].", ["a", "b"]))
    assert (wrong["accuracy"], wrong["citation_gold"], wrong["false_abstain"]) == (0.0, 0.0, 0.0)
    declined = of_answer(query, answer("I don't know that Paris [2].", ["a", "b"], prompt_tokens=0))
    assert (declined["accuracy"], declined["false_abstain"], declined["cites"]) == (0.0, 1.0, None)
    assert declined["prompt_tokens"] is None, "a question that the gate refused has no prompt"
    nothing = of_answer(Query("2", "Why?", (), False, {}), answer("Because [1].", ["a"]))
    assert (nothing["abstain_recall"], nothing["false_abstain"], nothing["accuracy"]) == (0.0, None, None)


def test_a_question_that_failed_is_counted_and_in_no_other_figure(module: Any) -> None:
    figures = module("figures")
    queries = tuple(Query(f"q{n}", "?", ("red",), True, {}) for n in range(2))
    task = module("cutting").Task("toy", {}, (), queries, {})
    one = {"kind": "answer", "system": "txtai", "question": "q0"} | answer("Red [1].", ["a"])
    other = {"kind": "answer", "system": "txtai", "question": "q1", "error": "ReadTimeout: timed out"}
    found = figures.summary(figures.values(task, [one, other]), seed=0)["txtai"]
    assert found["failed"].value == 0.5
    assert found["accuracy"].value == 1.0
    assert found["answer_s"].value == 2.0


def ranked(system: str, rankings: dict[str, list[str]], build: float) -> dict[str, Any]:
    seconds = dict.fromkeys(rankings, 0.1)
    return {"kind": "round", "system": system, "build_s": build, "build_cpu_s": 1.0, "memory_mb": 10, "chunks": 5,
            "rankings": rankings, "seconds": seconds, "cpu": seconds}  # fmt: skip


def test_table_and_losses(module: Any) -> None:
    figures = module("figures")
    queries = tuple(Query(f"q{n}", "?", (), True, {"a": 1}) for n in range(20))
    task = module("cutting").Task("toy", {}, queries, (), {})
    second, first = ({query.id: order for query in queries} for order in (["b", "a"], ["a", "b"]))
    found = figures.values(task, [ranked("ragstack", second, 3.0), ranked("langchain", first, 5.0)])
    numbers = figures.summary(found, seed=0)
    assert numbers["ragstack"]["ndcg@10"].value == pytest.approx(1 / math.log2(3))
    assert numbers["langchain"]["ndcg@10"].value == pytest.approx(1)
    page = figures.table(numbers)
    assert "| | ragstack | LangChain |" in page
    assert "| nDCG@10 | .631 | 1.00 |" in page
    assert "accuracy" not in page, "nothing was asked"
    lost = figures.losses(found, numbers, seed=0)
    assert len(lost) == 1, "the faster ingest and the equal recall are no losses"
    assert lost[0].startswith("nDCG@10: .631, LangChain 1.00")
    assert "beyond chance" in lost[0]


class Literal:
    """Supports a claim where a premise holds its last word."""

    name = "literal"

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        held = any(claim.split()[-1].strip(".") in premise.text for premise in premises)
        return Verdict(float(held), held)


def test_citations_are_judged_by_what_the_cited_passages_say(module: Any) -> None:
    judged = module("compare").judged
    said = answer("It is red [1][2]. It is old [2]. It is big.", [])
    said["passages"] = [("a", "The door is red."), ("b", "Nothing of use.")]
    precision, recall = judged("What is it like?", said, Literal())
    assert recall == pytest.approx(1 / 3), "only the first sentence is supported by what it cites"
    assert precision == pytest.approx(1 / 3), "of three citations one is to the point"
    assert judged("What?", answer("", []), Literal()) == (None, None)


class FakeWorker:
    """Counts what it is asked to build; ``broken`` fails, as an interruption would."""

    built: ClassVar[list[str]] = []
    broken = ""

    def __init__(self, system: str, *_: Any, **__: Any) -> None:
        self.system = system

    def __call__(self, do: str, **request: Any) -> dict[str, Any]:
        if do == "build":
            if self.system == self.broken:
                raise KeyboardInterrupt
            self.built.append(self.system)
        return {"chunks": 1, "seconds": 1.0, "cpu": 1.0, "memory_mb": 1, "documents": ["p000000"]}

    def ask(self, question: str) -> dict[str, Any]:
        self.built.append(question)
        return {"error": "ReadTimeout"} if question == self.broken else answer("Red.", [])

    def close(self) -> None:
        self.built.append("closed")


def test_questions_that_failed_are_asked_again_and_no_others(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare, running = module("compare"), module("running")
    monkeypatch.setattr(compare, "Worker", FakeWorker)
    task = module("cutting").cut("toy", data(3, 2, 0), 3, 2, 2, seed=0)
    first, second = (query.text for query in task.asked)
    options = Namespace(threads=1, systems=["txtai"])
    for broken, expected in ((first, [first, second]), ("", [first]), ("", [])):
        monkeypatch.setattr(FakeWorker, "built", [])
        monkeypatch.setattr(FakeWorker, "broken", broken)
        compare.ask_all(task, running.Kept(tmp_path / "records.jsonl"), tmp_path, None, options)
        assert [each for each in FakeWorker.built if each not in (compare.WARM, "closed")] == expected
        assert FakeWorker.built[-1:] == (["closed"] if expected else [])


def test_what_is_done_is_not_done_again(module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare, running = module("compare"), module("running")
    monkeypatch.setattr(compare, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "built", [])
    task = module("cutting").cut("toy", data(3, 2, 0), 3, 2, 0, seed=0)
    options = Namespace(rounds=2, threads=1, systems=["ragstack", "txtai"])

    def run() -> None:
        compare.search_rounds(task, running.Kept(tmp_path / "records.jsonl"), tmp_path, None, options)

    monkeypatch.setattr(FakeWorker, "broken", "txtai")
    with pytest.raises(KeyboardInterrupt):
        run()
    assert FakeWorker.built == ["ragstack", "closed", "closed"], "also the one that was interrupted"
    monkeypatch.setattr(FakeWorker, "broken", "")
    run()
    built = [each for each in FakeWorker.built if each != "closed"]
    assert built == ["ragstack", "txtai", "txtai", "ragstack"], "the second round begins with the other"
    run()
    assert [each for each in FakeWorker.built if each != "closed"] == built


def test_records_of_other_code_and_lines_cut_off_do_not_count(module: Any, tmp_path: Path) -> None:
    running = module("running")
    path = tmp_path / "records.jsonl"
    kept = running.Kept(path)
    kept.add({"kind": "round", "system": "txtai", "version": "old", "round": 0})
    kept.add({"kind": "round", "system": "txtai", "version": running.version_of("txtai"), "round": 1})
    path.write_text(path.read_text(encoding="utf-8") + '\n{"kind": "rou', encoding="utf-8")
    again = running.Kept(path)
    assert not again.has("round", "txtai", round=0)
    assert again.has("round", "txtai", round=1)
    again.add({"kind": "round", "system": "txtai", "version": running.version_of("txtai"), "round": 2})
    assert [record["round"] for record in running.Kept(path).current()] == [1, 2]


class Echo:
    """Writes the last message back, word by word."""

    name = "echo"

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        words = prompt.messages[-1].content.split()[:max_tokens]
        for word in words:
            yield Delta(word + " ")
        yield Delta("", Usage(sum(len(m.content.split()) for m in prompt.messages), len(words)))

    def close(self) -> None:
        """Nothing."""


def test_the_endpoint_speaks_openais_way_and_counts(module: Any) -> None:
    endpoint = module("endpoint")
    openai = pytest.importorskip("openai")
    endpoint.Handler.decoder = endpoint.Decoder(Echo())
    server = endpoint.ThreadingHTTPServer(("127.0.0.1", 0), endpoint.Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/v1"
    client = openai.OpenAI(base_url=address, api_key="none")
    messages = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "一 two three"}]
    whole = client.chat.completions.create(model="echo", messages=messages, max_tokens=2)
    assert whole.choices[0].message.content == "一 two "
    assert whole.usage.prompt_tokens == 5
    pieces = client.chat.completions.create(model="echo", messages=messages, stream=True, max_completion_tokens=9)
    assert [chunk.choices[0].delta.content for chunk in pieces][:3] == ["一 ", "two ", "three "]
    with urllib.request.urlopen(f"{address}/usage") as reply:  # noqa: S310
        counts = json.load(reply)
    assert counts.pop("cpu") > 0
    assert counts == {"requests": 2, "prompt_tokens": 10, "completion_tokens": 5}
    server.shutdown()
    server.server_close()
