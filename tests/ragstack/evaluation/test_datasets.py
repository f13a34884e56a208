"""Reading data that is whole, broken, packed, or somebody else's."""

import gzip
import json
from pathlib import Path

import pytest

from indexes.errors import UsageError
from ragstack.evaluation.datasets import read_examples, read_questions, sample
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
