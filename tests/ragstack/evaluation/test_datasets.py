"""Reading data that is whole, broken, packed, or somebody else's."""

import gzip
import json
from pathlib import Path

import pytest

from indexes.errors import UsageError
from ragstack.evaluation.datasets import Span, read_examples, read_questions, sample
from ragstack.evaluation.problems import Problems


def counted(problems: Problems) -> dict[str, int]:
    return {problem.kind: problem.count for problem in problems}


def test_a_whole_folder_is_read_without_a_word(data: Path) -> None:
    problems = Problems()
    questions = read_questions(data, problems)
    assert questions.corpus is not None
    assert [passage.id for passage in questions.corpus] == ["blue", "sperm", "orca", "蓝鲸", "熊猫"]
    by_id = {query.id: query for query in questions.queries}
    assert by_id["q1"].relevant == {"blue": 2, "蓝鲸": 1}
    assert (by_id["q3"].answers, by_id["q4"].answerable) == (("竹子",), False)
    assert counted(problems) == {}


def test_packing_changes_nothing(data: Path) -> None:
    plain = read_questions(data, Problems())
    packed = data / "corpus.jsonl.gz"
    packed.write_bytes(gzip.compress((data / "corpus.jsonl").read_bytes()))
    (data / "corpus.jsonl").unlink()
    assert read_questions(data, Problems()) == plain


def test_broken_records_are_counted_and_the_first_is_told(data: Path) -> None:
    with (data / "corpus.jsonl").open("ab") as file:
        file.write(b'{"id": "half", "text": "cut o\n\xff\xfe\n[1]\n{"id": "blank", "text": " "}\n')
        file.write(b'{"id": "lone", "text": "\\ud800"}\n{"id": true, "text": "x"}\n{"id": "blue", "text": "again"}\n')
    with (data / "qrels.tsv").open("a") as file:
        file.write("q1\tnowhere\t1\nq9\tblue\t1\nq1 blue 1\n")
    problems = Problems()
    questions = read_questions(data, problems)
    assert counted(problems) == {
        "broken records in corpus.jsonl": 6,
        "repeated ids in corpus.jsonl": 1,
        "qrels of unknown documents": 1,
        "broken lines in qrels.tsv": 1,
        "qrels of unknown questions": 1,
    }
    assert next(iter(problems)).first.startswith("line 6: it is not JSON")
    assert questions.queries[0].relevant == {"blue": 2, "蓝鲸": 1, "nowhere": 1}  # it counts as not found


def test_qrels_may_be_packed_and_a_relevance_beyond_all_measure_is_told(data: Path) -> None:
    text = (data / "qrels.tsv").read_text(encoding="utf-8") + f"q2\torca\t{10**30}\n"
    (data / "qrels.tsv.gz").write_bytes(gzip.compress(text.encode()))
    (data / "qrels.tsv").unlink()
    problems = Problems()
    questions = read_questions(data, problems)
    assert {query.id: query.relevant for query in questions.queries}["q1"] == {"blue": 2, "蓝鲸": 1}
    assert counted(problems) == {"broken lines in qrels.tsv": 1}


@pytest.mark.parametrize(
    "more",
    [{"label": ["faithful"]}, {"label": {}}, {"response": "half \ud800"}, {"question": "\0"}, {"context": ["\udfff"]}],
)
def test_an_example_that_cannot_be_judged_or_stored_is_counted(tmp_path: Path, more: dict[str, object]) -> None:
    whole = {"id": "whole", "context": "It is.", "response": "It is."}
    file = tmp_path / "examples.jsonl"
    file.write_text(json.dumps(whole) + "\n" + json.dumps(whole | {"id": "broken"} | more) + "\n")
    problems = Problems()
    [example] = read_examples(file, problems)[0]
    assert (example.id, counted(problems)) == ("whole", {"broken records in examples.jsonl": 1})


def test_a_header_line_of_qrels_is_no_fault_and_relevance_0_is_not_relevant(data: Path) -> None:
    (data / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tblue\t0\nq1\tsperm\t1\n")
    problems = Problems()
    assert read_questions(data, problems).queries[0].relevant == {"sperm": 1}
    assert counted(problems) == {}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "corpus.jsonl").write_text(""), "corpus.jsonl holds no usable record"),
        (lambda folder: (folder / "corpus.jsonl").write_text("{}\n"), "corpus.jsonl holds no usable record"),
        (lambda folder: (folder / "corpus.jsonl").unlink(), "has no corpus.jsonl"),
        (lambda folder: (folder / "queries.jsonl.gz").write_bytes(b"no gzip"), "cannot be read"),
        (lambda folder: (folder / "queries.jsonl.gz").write_bytes(gzip.compress(b"x" * 999)[:20]), "cannot be read"),
    ],
)
def test_data_of_which_nothing_is_left_is_refused_in_one_line(data: Path, spoil: object, says: str) -> None:
    spoil(data)  # type: ignore[operator]
    with pytest.raises(UsageError, match=says) as caught:
        read_questions(data, Problems())
    assert "\n" not in str(caught.value)


def test_examples_of_three_makes_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "examples.jsonl"
    records = [
        {"id": "a", "context": "It eats krill.", "response": "It eats krill.", "label": "faithful"},
        {"question": "q", "answer": "x", "contexts": ["c1", "c2"], "ground_truth": "g"},
        {"user_input": "q", "response": "x", "retrieved_contexts": ["c"], "reference": "g"},
        {"query": "q", "result": "x", "source_documents": [{"page_content": "c", "metadata": {}}]},
        {"input": "q", "answer": "x", "context": [{"kwargs": {"page_content": "c"}}, "plain"]},
        {"response": "x", "context": ""},
        {"response": "x", "context": "c", "label": "maybe"},
    ]
    file.write_text("\n".join(json.dumps(record) for record in records))
    problems = Problems()
    examples, sha256 = read_examples(tmp_path, problems)
    assert [example.id for example in examples] == ["a", "2", "3", "4", "5"]
    assert [example.response.contexts for example in examples[1:]] == [("c1", "c2"), ("c",), ("c",), ("c", "plain")]
    assert [example.response.question for example in examples[1:]] == ["q"] * 4
    assert [example.response.gold for example in examples[1:3]] == ["g", "g"]
    assert counted(problems) == {"broken records in examples.jsonl": 2}
    assert list(sha256) == ["examples.jsonl"]


def test_marked_spans_say_what_is_hallucinated(tmp_path: Path) -> None:
    file = tmp_path / "ragtruth.jsonl"
    spans = [{"start": 0, "end": 1, "label_type": "Evident Conflict"}]
    records = [{"id": "a", "response": "x", "source_info": "c", "labels": labels} for labels in ([], spans)]
    file.write_text("\n".join(json.dumps(record | {"id": n}) for n, record in enumerate(records)))
    examples, _ = read_examples(file, Problems())
    assert [example.label for example in examples] == ["faithful", "hallucinated"]


def test_a_folder_with_several_files_of_examples_asks_which(tmp_path: Path) -> None:
    for name in ("examples_dev.jsonl", "examples_test.jsonl"):
        (tmp_path / name).write_text('{"context": "c", "response": "r"}\n')
    with pytest.raises(UsageError, match=r"several files of examples .*examples_dev\.jsonl"):
        read_examples(tmp_path, Problems())
    assert len(read_examples(tmp_path / "examples_dev.jsonl", Problems())[0]) == 1


def test_a_sample_keeps_the_proportions_and_a_smaller_one_is_a_part_of_it() -> None:
    items = [("yes", n) for n in range(90)] + [("no", n) for n in range(30)]
    large = sample(items, 40, 3, lambda item: item[0])
    assert sum(kind == "no" for kind, _ in large) == 10
    assert list(large) == sorted(large, key=items.index)
    assert set(sample(items, 12, 3, lambda item: item[0])) <= set(large)
    assert sample(items, 40, 3, lambda item: item[0]) == large
    assert sample(items, 40, 4, lambda item: item[0]) != large
    assert sample(items, None, 3, lambda item: item[0]) == tuple(items)


def test_questions_say_where_their_answers_stand_and_unknown_keys_are_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    span = {"document": "a.md", "start": 3, "end": 9}
    records: list[dict[str, object]] = [
        {"text": "How many?", "documents": ["a.md"], "spans": [span], "kind": "answerable", "twist": {"put": "x"}},
        {"text": "How deep?", "spans": [span | {"end": 3}]},
        {"text": "How wide?", "spans": [span | {"start": True}]},
        {"text": "How long?", "spans": "a.md"},
        {"text": "How tall?"},
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    problems = Problems()
    first, last = read_questions(file, problems).queries
    assert first.spans == (Span("a.md", 3, 9),)
    assert last.spans == ()
    assert counted(problems) == {"broken records in own.jsonl": 3}
