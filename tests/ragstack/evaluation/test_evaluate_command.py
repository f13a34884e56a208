"""``ragstack eval``: what is printed, what is stored, and how it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ragstack.cli.app import program
from ragstack.stack import RagStack

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    tmp_path: Path, bag_encoder: Any, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Call:
    """Runs a command in this process, with a bag of words for an encoder; returns its status and output."""
    monkeypatch.setattr(RagStack, "encoder", bag_encoder)

    def run(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            program.main([*map(str, words), "--home", str(tmp_path / "home")])
        out, err = capfdbinary.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()

    return run


def test_retrieval_in_json_is_one_object_with_what_others_rely_on(call: Call, data: Path, tmp_path: Path) -> None:
    status, out, err = call("eval", "retrieval", "--data", data, "--limit", "2", "--seed", "5", "--json",
                            "--report", tmp_path / "page.html")  # fmt: skip
    result = json.loads(out)
    assert (status, err) == (0, "")
    assert {"task", "data", "n", "seed", "metrics", "settings", "seconds"} <= result.keys()
    assert (result["task"], result["data"], result["n"], result["seed"]) == ("retrieval", str(data), 2, 5)
    names = {"ndcg@10", "recall@10", "mrr@10", "recall@100", "query_ms_p50", "query_ms_p95"}
    assert names <= result["metrics"].keys()
    assert all(each.keys() == {"value", "low", "high"} for each in result["metrics"].values())
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(Path(result["run"], "records.jsonl").read_text().splitlines()) == 2


def test_people_see_a_table_and_what_was_wrong_with_the_data(call: Call, data: Path) -> None:
    with (data / "corpus.jsonl").open("a") as file:
        file.write("{\n")
    status, out, _ = call("eval", "retrieval", "--data", data)
    assert status == 0
    assert "ndcg@10" in out
    assert "broken records in corpus.jsonl: 1 (first: line 6: it is not JSON" in out
    assert "unanswerable questions left out: 1" in out


def test_the_gate_closes_on_a_spoilt_retriever_and_opens_for_an_equal_one(
    call: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (data / "queries.jsonl").open("w") as queries, (data / "qrels.tsv").open("w") as qrels:
        for n in range(12):
            queries.write(json.dumps({"id": f"s{n}", "text": f"squid {n} sperm whales hunt"}) + "\n")
            qrels.write(f"s{n}\tsperm\t1\n")
    (data / "queries.jsonl.gz").unlink()
    task = ("eval", "retrieval", "--data", data)
    assert call(*task, "--out", tmp_path / "before")[0] == 0
    assert call(*task, "--out", tmp_path / "same")[0] == 0
    search = RagStack.search
    monkeypatch.setattr(RagStack, "search", lambda self, *words, **more: search(self, *words, **more)[::-1])
    assert call(*task, "--out", tmp_path / "spoilt")[0] == 0

    status, out, _ = call("eval", "gate", tmp_path / "same", "--baseline", tmp_path / "before")
    assert (status, out) == (0, "passed: 12 questions compared\n")
    status, out, _ = call("eval", "gate", tmp_path / "spoilt", "--baseline", tmp_path / "before")
    assert status == 1
    assert "worse: mrr@10 1.0000 → 0.2000" in out
    assert out.endswith("stopped: 12 questions compared\n")
    status, out, _ = call("eval", "gate", tmp_path / "spoilt", "--baseline", tmp_path / "before", "--json")
    verdict = json.loads(out)
    assert (status, verdict["passed"]) == (1, False)
    assert set(verdict["regressions"]) == {"mrr@10", "ndcg@10"}

    status, out, _ = call("eval", "compare", tmp_path / "before", tmp_path / "spoilt")
    assert status == 0
    assert "worse: 12 questions" in out
    assert "s0: squid 0 sperm whales hunt (ndcg@10 1.00 → " in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("retrieval", "--data", "nowhere"), "there is no nowhere; expected a folder"),
        (("retrieval",), "Missing option '--data'"),
        (("retrieval", "--data", ".", "--limit", "0"), "0 is not in the range x>=1"),
        (
            ("answers", "--data", "{data}", "--verifier", "oracle"),
            "there is no verifier 'oracle'; expected decoder",
        ),
        (("faithfulness", "--data", "{data}"), "has no examples.jsonl"),
        (("gate", "{data}", "--baseline", "{data}"), "there is no finished run in"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(call: Call, data: Path, words: tuple[str, ...], says: str) -> None:
    status, out, err = call("eval", *(word.format(data=data) for word in words))
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


EXAMPLES = [
    {"id": str(n), "context": f"It is known. Whale {n} eats krill.", "response": f"Whale {n} eats krill.[1]"}
    for n in range(4)
]


def test_a_dry_run_tells_what_a_run_takes_and_leaves_nothing_behind(
    call: Call, tmp_path: Path, data: Path, verbatim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstack.evaluation.faithfulness.open_verifier", lambda stack, name: verbatim)
    monkeypatch.setattr("ragstack.evaluation.answers.open_verifier", lambda stack, name: verbatim)
    monkeypatch.setattr("ragstack.evaluation.estimating.time", SimpleNamespace(perf_counter=lambda: 7.0))
    file = tmp_path / "examples.jsonl"
    file.write_text("".join(json.dumps(example) + "\n" for example in EXAMPLES))
    status, out, err = call("eval", "faithfulness", "--data", file, "--limit", "3", "--dry-run")
    assert (status, err) == (0, "")
    # three responses of one claim, each read twice (all contexts, and the one cited): 7 tokens and 120 around them
    assert out == "3 examples: 3 claims, 6 judgements; about 762 tokens to read; about 0 seconds\n"
    status, out, _ = call("eval", "faithfulness", "--data", file, "--dry-run", "--json")
    told = json.loads(out)
    assert (status, told["items"], told["calls"], told["tokens_read"], told["cost"]) == (0, 4, 8, 1016, None)
    status, out, _ = call("eval", "answers", "--data", data, "--generator", "extractive", "--dry-run")
    assert status == 0
    assert out.startswith("4 questions: 6 claims, 6 judgements; about 1,200 tokens to read; about ")
    assert out.endswith("; 5 passages to bring in first\n")
    status, out, _ = call("collections", "list", "--json")
    assert json.loads(out)["collections"] == []  # nor was the corpus brought in
    assert not (tmp_path / "home" / "evaluations").exists()
    assert not any("Whale" in claim for claim, _ in verbatim.asked)  # a made-up passage was timed, the data not judged


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """A file of questions, over the collection ``mine`` that is to be made."""
    file = tmp_path / "questions.jsonl"
    file.write_text('{"text": "How heavy is the blue whale?"}\n{"text": "大熊猫吃什么？"}\n', encoding="utf-8")
    return file


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_dry_run_refuses_what_a_run_refuses(
    call: Call, tmp_path: Path, data: Path, questions: Path, bag_encoder: Any, dry: tuple[str, ...]
) -> None:
    task = ("eval", "answers", "--verifier", "small", "--generator", "extractive", *dry)
    status, out, err = call(*task, "--data", questions, "--collection", "mine")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "mine" in err
    status, out, err = call(*task, "--data", data, "--collection", "mine")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "a corpus of its own" in err
    RagStack.open(home=tmp_path / "home").database.create("mine", bag_encoder.fingerprint)
    status, out, err = call(*task, "--data", questions, "--collection", "mine")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "collection mine holds no document; type `ragstack ingest PATH -c mine` first" in err


def test_a_dry_run_of_a_stopped_run_tells_what_is_left(
    call: Call, tmp_path: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whale.md").write_text("The blue whale weighs 150 tonnes.", encoding="utf-8")
    call("ingest", tmp_path / "whale.md", "--collection", "mine")
    task = ("eval", "answers", "--verifier", "small", "--generator", "extractive", "--data", questions,
            "--collection", "mine", "--out", tmp_path / "run")  # fmt: skip
    ask = RagStack.ask

    def stopping(self: RagStack, question: str, **settings: Any) -> Any:
        if "大熊猫" in question:
            raise KeyboardInterrupt
        return ask(self, question, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(RagStack, "ask", stopping)
        assert call(*task)[0] == 130
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["records.jsonl", "run.json"]
    status, out, _ = call(*task, "--dry-run")
    assert status == 0
    assert out.startswith("1 questions, 1 more done before: 2 claims, 2 judgements;")
    status, out, _ = call(*task, "--json")
    assert (status, json.loads(out)["n"]) == (0, 2)


HOLD = """
import sys, time
from pathlib import Path
from indexes.locks import exclusive
with exclusive(Path(sys.argv[1]), "It", 0):
    print(flush=True)
    time.sleep(600)
"""


def test_a_second_process_on_the_folder_of_a_run_is_refused_in_one_line(call: Call, tmp_path: Path, data: Path) -> None:
    """Nothing of the first one's run is touched; when that one has ended, or died, the way is free."""
    out = tmp_path / "run"
    task = ("eval", "retrieval", "--data", data, "--out", out)
    assert call(*task)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert before.keys() == {"run.json", "records.jsonl", "result.json"}
    with subprocess.Popen([sys.executable, "-c", HOLD, out / "lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        status, said, err = call(*task)
        holder.kill()
    assert (status, said, err.count("\n")) == (1, "", 1)
    assert f"The run in {out} is being written by process {holder.pid}: let it finish, then type" in err
    assert {name: (out / name).read_bytes() for name in before} == before
    assert call(*task)[0] == 0


def test_importing_the_command_loads_nothing_heavy() -> None:
    heavy = ("numpy", "ir_measures", "torch", "sqlalchemy", "rich")
    code = f"import sys, ragstack.cli.evaluate; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_report_that_cannot_be_written_is_found_out_before_the_work(call: Call, data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, out, err = call("eval", "retrieval", "--data", data, "--report", tmp_path / "file" / "page.html")
    assert (status, out) == (1, "")
    assert "the report cannot be written to" in err
    assert not (tmp_path / "home").exists()
