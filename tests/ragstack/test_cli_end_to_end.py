"""The commands at work, on a real database with a bag of words for an encoder, and once with the real models."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from indexes.errors import ModelMissing
from indexes.records import EncoderFingerprint
from ingest.packs import PullProgress
from ingest.report import Progress
from ragstack import checking
from ragstack.checking.calibration import Calibration, LogisticModel
from ragstack.cli import ingest, models
from ragstack.cli.app import program
from ragstack.stack import RagStack

ROOT = Path(__file__).parents[2]

ENGLISH = """# Encoders

BERT is an encoder-only transformer that was published in 2018.
It reads a whole sentence at once, to the left and to the right.

# Storage

A vector database stores embeddings and finds the nearest of them.
"""
CHINESE = """# 编码器

BERT 是一种只有编码器的模型，发表于 2018 年。
它同时从左右两个方向阅读句子。

# 存储

向量数据库保存向量，并查找最接近的向量。
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("RAGSTACK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bag(monkeypatch: pytest.MonkeyPatch, bag_encoder: Any) -> Any:
    """The encoder of every stack is a bag of words, and what a bag of words can tell is what counts."""
    monkeypatch.setattr(RagStack, "encoder", property(lambda _: bag_encoder))
    by_words = LogisticModel({"best": 10.0}, bias=-5.0, threshold=0.5)
    anything = LogisticModel({}, bias=0.0, threshold=0.5)
    monkeypatch.setattr(
        checking, "load_calibration", lambda *_, **__: Calibration(by_words, by_words, anything, anything)
    )
    return bag_encoder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    write_documents(folder)
    return folder


def write_documents(folder: Path) -> None:
    (folder / "en.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "zh.md").write_text(CHINESE, encoding="utf-8")


def run(*words: str, **settings: Any) -> Result:
    return CliRunner().invoke(program, [*words, "--home", "home"], **settings)


def run_json(*words: str, status: int = 0) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == status, result.stderr
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_ingest_reports_by_file_and_by_chunk(bag: Any, docs: Path) -> None:
    first = run_json("ingest", "docs", "--collection", "手册")
    promised = {"collection", "seconds", "files", "chunks", "problems", "chunks_per_second", "peak_rss_bytes"}
    assert set(first) >= promised
    assert first["collection"] == "手册"
    assert {outcome: count for outcome, count in first["files"].items() if count} == {"added": 2}
    assert set(first["files"]) >= {"added", "changed", "unchanged", "removed", "refused", "failed"}
    assert first["chunks"]["added"] == first["chunks"]["total"] == len(bag.encoded)
    encoded = len(bag.encoded)
    again = run_json("ingest", "docs", "--collection", "手册")
    assert (again["files"]["unchanged"], again["chunks"]["added"], len(bag.encoded)) == (2, 0, encoded)
    (docs / "zh.md").unlink()
    pruned = run_json("ingest", "docs", "--collection", "手册", "--prune")
    assert (pruned["files"]["removed"], pruned["chunks"]["total"]) == (1, first["chunks"]["total"] // 2)


def test_a_file_that_cannot_be_read_is_named_and_stops_nothing(bag: Any, docs: Path) -> None:
    (docs / "empty.txt").touch()
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    report = run_json("ingest", "docs", status=1)
    assert report["files"]["added"] == 2
    problems = {item["path"]: item for item in report["problems"]}
    assert sorted(problems) == ["docs/broken.pdf", "docs/empty.txt"]
    assert all(item["outcome"] in ("refused", "failed") and item["reason"] for item in problems.values())
    plain = run("ingest", "docs")
    assert plain.exit_code == 1
    for path, item in problems.items():
        assert re.search(rf"^{item['outcome']} +{re.escape(path)} +{re.escape(item['reason'])}$", plain.stdout, re.M)
    assert plain.stdout.startswith("default: 2 unchanged, ")


def test_paths_that_are_all_missing_are_a_wrong_call_and_make_nothing(bag: Any, tmp_path: Path) -> None:
    result = run("ingest", "nowhere", "不存在.pdf")
    assert result.exit_code == 2
    assert result.stderr == "ragstack: there is no such file or folder: nowhere, 不存在.pdf; check the path\n"
    assert not (tmp_path / "home").exists()


def test_one_missing_path_among_others_is_a_problem_of_its_own(bag: Any, docs: Path) -> None:
    report = run_json("ingest", "nowhere", "docs", status=1)
    assert report["files"]["added"] == 2
    assert [item["path"] for item in report["problems"]] == ["nowhere"]


def test_a_folder_without_files_says_so(bag: Any, tmp_path: Path) -> None:
    (tmp_path / "leer").mkdir()
    report = run_json("ingest", "leer", status=1)
    assert [item["path"] for item in report["problems"]] == ["leer"]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_gives_ranked_chunks_with_exact_offsets(bag: Any, docs: Path, mode: str) -> None:
    run_json("ingest", "docs")
    found = run_json("search", "向量数据库 保存 什么", "-k", "1", "--mode", mode)
    kinds = {"hybrid": "rerank", "dense": "cosine", "lexical": "bm25"}
    assert sorted(found) == ["hits", "mode", "question", "seconds"]
    assert found["mode"] == mode
    (hit,) = found["hits"]
    assert (hit["rank"], hit["document"], hit["score_kind"]) == (1, "docs/zh.md", kinds[mode])
    assert "向量数据库" in hit["text"]
    names = ["rank", "score", "score_kind", "chunk_id", "document", "title", "page", "start", "end", "text", "metadata"]
    assert sorted(hit) == sorted([*names, "place"])
    with RagStack.open(home="home") as stack:
        texts = [stack.database.collection("default").document(key) for key in [str(docs / "zh.md")]]
    assert texts[0] is not None
    assert texts[0].text[hit["start"] : hit["end"]] == hit["text"]


def test_search_filters_and_shows_people_where_it_found_what(bag: Any, docs: Path) -> None:
    run_json("ingest", "docs")
    languages = {hit["metadata"].get("lang") for hit in run_json("search", "BERT")["hits"]}
    assert languages == {"en", "zh"}
    assert {hit["document"] for hit in run_json("search", "BERT", "--where", "lang=zh")["hits"]} == {"docs/zh.md"}
    lines = run("search", "BERT encoder", "--where", "lang=en", "-k", "1").stdout.splitlines()
    assert re.fullmatch(r"1\. docs/en\.md  \(rerank \d+\.\d{4}\)", lines[0])
    assert run("search", "BERT", "--where", "lang=fr").stdout == "no chunk was found\n"


def test_collections_are_listed_shown_and_deleted(bag: Any, docs: Path) -> None:
    assert run("collections", "list").stdout.startswith("there is no collection in ")
    (docs / "empty.txt").touch()
    run_json("ingest", "docs", "--collection", "手册", status=1)
    (listed,) = run_json("collections", "list")["collections"]
    assert (listed["name"], listed["documents"], listed["encoder"]["name"]) == ("手册", 2, "bag-of-words")
    shown = run_json("collections", "show", "手册")
    assert {item["document"] for item in shown["contents"]} == {"docs/en.md", "docs/zh.md"}
    assert [item["path"] for item in shown["problems"]] == ["docs/empty.txt"]
    assert "docs/empty.txt" in run("collections", "show", "手册").stdout
    refused = run("collections", "delete", "手册")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert run_json("collections", "delete", "手册", "--yes")["deleted"]["name"] == "手册"
    assert run_json("collections", "list")["collections"] == []
    assert (docs / "en.md").exists()


def test_another_writer_is_waited_for_and_then_named(bag: Any, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_json("ingest", "docs")
    (docs / "new.md").write_text("A new document about attention.", encoding="utf-8")
    monkeypatch.setenv("RAGSTACK_STORE__LOCK_TIMEOUT", "0.1")
    with RagStack.open(home="home") as stack, stack.database.collection("default").writer():
        result = run("ingest", "docs", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["type"] == "StoreBusy"
    assert run_json("ingest", "docs")["files"]["added"] == 1


def test_a_home_that_is_a_file_is_one_line(bag: Any, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    for words in (["ingest", "docs"], ["search", "BERT"], ["collections", "list"]):
        result = run(*words)
        assert result.exit_code == 1
        assert result.stderr.startswith("ragstack: ")
        assert result.stderr.count("\n") == 1
        assert "--home" in result.stderr


def test_doctor_says_what_is_missing_and_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAGSTACK_MODELS__CACHE", str(tmp_path / "no models"))
    report = run_json("doctor", status=1)
    checks = {check["name"]: check for check in report["checks"]}
    assert report["ready"] is False
    assert not checks["encoder"]["ok"]
    assert "ragstack models pull multilingual-e5-small" in checks["encoder"]["found"]
    assert "ragstack models pull Qwen2.5-Coder-1.5B-Instruct" in checks["decoder"]["found"]
    assert checks["collection default"]["fix"] == "ragstack ingest PATH"
    assert checks["home"]["ok"]
    assert not (tmp_path / "home").exists()
    plain = run("doctor")
    assert plain.exit_code == 1
    assert plain.stdout.endswith("not ready to ask\n")


@pytest.fixture
def listed_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Has `fc-list` on Linux print what it is called with, as its list of Chinese fonts."""

    def put(fonts: str) -> None:
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        lister = programs / "fc-list"
        lister.write_text(f'#!/bin/sh\n[ "$1" = :lang=zh ] && printf %s "{fonts}"\n')
        lister.chmod(0o755)
        monkeypatch.setenv("PATH", str(programs))
        monkeypatch.setattr("platform.system", lambda: "Linux")

    return put


def fonts_of_doctor() -> dict[str, Any]:
    return next(check for check in json.loads(run("doctor", "--json").stdout)["checks"] if check["name"] == "fonts")


def test_doctor_says_what_to_type_where_no_chinese_font_is_installed(
    listed_fonts: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed_fonts("")
    missing = fonts_of_doctor()
    assert (missing["ok"], missing["needed"]) == (False, False)
    assert "apt install" in missing["fix"]
    listed_fonts("/usr/share/fonts/wqy-zenhei.ttc: WenQuanYi Zen Hei:style=Regular")
    assert fonts_of_doctor()["ok"]
    monkeypatch.setenv("PATH", "")
    assert fonts_of_doctor() == missing
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert fonts_of_doctor()["ok"]


def test_doctor_is_content_where_nothing_is_missing(
    bag: Any, docs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed_fonts: Callable[[str], None]
) -> None:
    listed_fonts("/usr/share/fonts/wqy-zenhei.ttc: WenQuanYi Zen Hei:style=Regular")
    monkeypatch.setenv("RAGSTACK_MODELS__ENCODER", str(tmp_path))
    monkeypatch.setenv("RAGSTACK_GENERATOR__KIND", "extractive")
    run_json("ingest", "docs")
    report = run_json("doctor")
    assert report["ready"]
    assert [check["name"] for check in report["checks"] if not check["ok"]] == []
    assert "decoder" not in [check["name"] for check in report["checks"]]


def test_doctor_sees_a_collection_of_another_encoder(
    bag: Any, docs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGSTACK_MODELS__ENCODER", str(tmp_path))
    monkeypatch.setenv("RAGSTACK_GENERATOR__KIND", "extractive")
    run_json("ingest", "docs")
    bag.fingerprint = EncoderFingerprint(name="another", revision="2", dimension=64)
    checks = {check["name"]: check for check in run_json("doctor", status=1)["checks"]}
    assert checks["collection default"]["found"] == "filled by encoder bag-of-words (revision 1), not by another"
    refused = run("search", "BERT")
    assert refused.exit_code == 1
    assert "bag-of-words" in refused.stderr


def test_a_missing_model_is_named_with_the_command_that_fetches_it(
    docs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGSTACK_MODELS__CACHE", str(tmp_path / "no models"))
    result = run("ingest", "docs", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["type"] == ModelMissing.__name__
    assert "ragstack models pull multilingual-e5-small" in error["message"]


def test_models_are_listed_with_what_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAGSTACK_MODELS__CACHE", str(tmp_path / "no models"))
    listed = run_json("models", "list")
    assert [item["name"] for item in listed["models"]] == [
        "multilingual-e5-small", "all-MiniLM-L6-v2", "Qwen2.5-Coder-1.5B-Instruct", "SmolLM2-135M-Instruct",
    ]  # fmt: skip
    assert [item["present"] for item in listed["models"]] == [False] * 4
    assert re.search(r"^Qwen2\.5-Coder-1\.5B-Instruct +no +1\.1 GB +Apache-2\.0 ", run("models", "list").stdout, re.M)


def test_pull_fetches_what_the_settings_use_and_tells_its_stages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def fetch(names: list[str], _: Path, progress: Callable[[PullProgress], None]) -> None:
        asked.append(names)
        for done in (0, 500_000, 1_500_000):
            progress(PullProgress(names[0], "downloading", done, 1_500_000))
        progress(PullProgress(names[0], "ready", 1, 1))

    monkeypatch.setattr("ingest.packs.pull", fetch)
    monkeypatch.setenv("RAGSTACK_MODELS__CACHE", str(tmp_path / "no models"))
    monkeypatch.setenv("RAGSTACK_MODELS__DECODER", "my/own.gguf")
    result = run("models", "pull", "--json")
    assert json.loads(result.stdout)["cache"] == str(tmp_path / "no models")
    assert result.stderr == "multilingual-e5-small: downloading, 1.5 MB\n"
    run_json("models", "pull", "all-MiniLM-L6-v2", "SmolLM2-135M-Instruct", "all-MiniLM-L6-v2")
    assert asked == [["multilingual-e5-small"], ["all-MiniLM-L6-v2", "SmolLM2-135M-Instruct"]]


def test_on_a_terminal_work_shows_bars_that_vanish() -> None:
    file = io.StringIO()
    out = Console(file=file, force_terminal=True, width=120)
    with models._progress(out) as pulling:
        pulling(PullProgress("all-MiniLM-L6-v2", "downloading", 500_000, 1_500_000))
    with ingest.progress_bar(out) as working:
        assert working is not None
        working(Progress(files_done=3, files_total=7, chunks_done=21, current="文档/[red]第一章.md"))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert "all-MiniLM-L6-v2: downloading" in shown
    assert "0.5/1.5 MB" in shown
    assert re.search(r"3/7 files, 21 chunks .* 文档/\[red\]第一章\.md", shown)
    assert file.getvalue().endswith("\x1b[1A\x1b[2K")


def test_ask_quotes_the_documents_without_any_decoder(bag: Any, docs: Path) -> None:
    run_json("ingest", "docs")
    answer = run_json("ask", "--generator", "extractive", "BERT 是编码器吗？")
    assert (answer["question"], answer["generator"]) == ("BERT 是编码器吗？", "extractive")
    assert set(answer["timings"]) >= {"evidence", "generate", "retrieve", "total", "verify"}
    with RagStack.open(home="home") as stack:
        collection = stack.database.collection("default")
        texts = {item.uri: collection.document(item.key) for item in collection.documents()}
    for citation in answer["citations"]:
        document = texts[citation["document"]]
        assert document is not None
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]
    numbers = {citation["n"] for citation in answer["citations"]}
    assert {n for sentence in answer["sentences"] for n in sentence["citations"]} == numbers
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer["answer"])} == numbers


def test_a_refusal_is_status_0_with_reason_and_nearest_passages(bag: Any, docs: Path) -> None:
    run_json("ingest", "docs")
    answer = run_json("ask", "--generator", "extractive", "Who won the football cup in Peru?")
    assert answer["abstained"] is True
    assert answer["citations"] == []
    assert answer["reason"]
    plain = run("ask", "--generator", "extractive", "秘鲁足球杯的冠军是谁？")
    assert plain.exit_code == 0
    assert plain.stdout.startswith("文档中没有说明。\n")
    assert "最接近的段落：\n" in plain.stdout
    assert "\x1b" not in plain.stdout


def apart(*words: str, home: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith("RAGSTACK_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run(
        [sys.executable, "-m", "ragstack.cli", *words, "--home", str(home)],
        capture_output=True, timeout=300, check=False, env=environment, cwd=home.parent,
    )  # fmt: skip


C_LOCALE = {"LANG": "C", "LC_ALL": "C"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Documents, and a home that the command has put them into with the real encoder."""
    docs, home = tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("home") / "home"
    write_documents(docs)
    done = apart("ingest", str(docs), "--json", home=home, **C_LOCALE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"]["added"] == 2
    assert done.stderr == b""
    return docs, home


@pytest.mark.models
def test_the_real_encoder_in_processes_of_their_own(filled: tuple[Path, Path]) -> None:
    docs, home = filled
    done = apart("ask", "--generator", "extractive", "向量数据库保存什么？", "--json", home=home, **C_LOCALE)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["abstained"] is False
    assert (str(docs / "zh.md"), "向量数据库保存向量，并查找最接近的向量。") in [
        (citation["document"], citation["quote"]) for citation in answer["citations"]
    ]
    done = apart("ask", "--generator", "extractive", "When was BERT published?", home=home)
    assert done.returncode == 0, done.stderr
    assert "“BERT is an encoder-only transformer that was published in 2018.”" in done.stdout.decode()
    assert b"\x1b" not in done.stdout


@pytest.mark.models
def test_on_a_terminal_an_answer_comes_in_colour_and_leaves_no_draft(filled: tuple[Path, Path]) -> None:
    _, home = filled
    lines = "".join(terminal("ask", "--generator", "extractive", "When was BERT published?", "--home", str(home)))
    assert "\x1b[" in lines
    assert "published in 2018" in lines
    assert "Traceback" not in lines


def terminal(*words: str) -> Iterator[str]:
    """What a command writes to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ragstack.cli", *words], stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    with io.FileIO(leader) as screen:
        while True:
            try:
                piece = screen.read(4096)
            except OSError:  # how the end of a terminal is told
                break
            if not piece:
                break
            yield piece.decode(errors="replace")
    assert process.wait(300) == 0
