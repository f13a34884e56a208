"""A language model as a judge, against a real HTTP server that fails, babbles, hangs and hangs up as servers do."""

import contextlib
import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import ConfigError, ModelError, StoreError
from ragstack.config import Config, GeneratorSettings, JudgeSettings, StoreSettings
from ragstack.evaluation import evaluate_faithfulness, foresee_faithfulness
from ragstack.evaluation.estimating import Estimate
from ragstack.evaluation.llm_judge import open_llm_judge, says_yes
from ragstack.evaluation.reply_cache import Reply, ReplyCache, key_of
from ragstack.evaluation.results import Result, read_records
from ragstack.evaluation.verifiers import Premise
from ragstack.generators.base import Delta, Message, Prompt, Usage
from ragstack.stack import RagStack

Behaviour = Callable[[BaseHTTPRequestHandler, str], None]
KEY = "sk-secret-of-the-test"


def truth(prompt: str) -> str:
    """What an honest judge says: the statement stands in the passages, or it does not."""
    chinese = "陈述：" in prompt
    passages, _, rest = prompt.partition("\n\n陈述：" if chinese else "\n\nStatement: ")
    held = rest.split("\n")[0] in passages
    return ("是" if held else "否") if chinese else ("Yes." if held else "No.")


def say(handler: BaseHTTPRequestHandler, text: str) -> None:
    """One chat completion, streamed; with 100 tokens read and 2 written."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    frame: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    usage = {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102}
    for event in (frame | {"choices": [choice]}, frame | {"choices": [], "usage": usage}):
        handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
    handler.wfile.write(b"data: [DONE]\n\n")


def honest(handler: BaseHTTPRequestHandler, prompt: str) -> None:
    say(handler, truth(prompt))


def junk(handler: BaseHTTPRequestHandler, _: str) -> None:
    say(handler, "As a large language model, I find this hard to tell.")


def no_json(handler: BaseHTTPRequestHandler, _: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    handler.wfile.write(b"data: {<html>\n\n")


def refuse(handler: BaseHTTPRequestHandler, _: str) -> None:
    handler.send_response(500)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def hang(handler: BaseHTTPRequestHandler, _: str) -> None:
    time.sleep(600)


def cut(handler: BaseHTTPRequestHandler, _: str) -> None:
    """Hang up in the middle of a word."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Content-Length", "9999")
    handler.end_headers()
    choice = '{"index": 0, "delta": {"content": "Y"}, "finish_reason": null}'
    start = f'data: {{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{choice}]}}'
    handler.wfile.write(start.encode() + b"\n\ndata: {")


class Endpoint(ThreadingHTTPServer):
    """Behaves as ``behave(number of the request, prompt)`` says, and remembers the prompts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.prompts: list[str] = []
        self.keys: set[str | None] = set()
        self.behave: Callable[[int, str], Behaviour] = lambda number, prompt: honest


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = asked["messages"][-1]["content"]
        self.server.prompts.append(prompt)
        self.server.keys.add(self.headers["Authorization"])
        self.server.behave(len(self.server.prompts), prompt)(self, prompt)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def judged_by(endpoint: Endpoint, tmp_path: Path, bag_encoder: Any) -> Callable[..., RagStack]:
    def opened(**settings: Any) -> RagStack:
        url = f"http://127.0.0.1:{endpoint.server_port}/v1"
        judge = JudgeSettings(**({"base_url": url, "model": "m", "api_key": KEY, "timeout": 120.0} | settings))
        stack = RagStack(Config(store=StoreSettings(home=tmp_path / "home"), judge=judge))
        stack._models._encoder = bag_encoder
        return stack

    return opened


@pytest.fixture
def stack(judged_by: Callable[..., RagStack]) -> RagStack:
    return judged_by()


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Ten in English and ten in Chinese, every second one hallucinated; one claim each."""
    file = tmp_path / "examples.jsonl"
    records = []
    for n in range(10):
        held, other = f"Whale {n} eats krill.", f"Whale {n} eats stone {n}."
        records.append({"id": f"e{n}", "context": f"It is known. {held}", "response": held if n % 2 else other,
                        "label": "faithful" if n % 2 else "hallucinated"})  # fmt: skip
        held, other = f"第{n}只熊猫吃竹子。", f"第{n}只熊猫吃鱼。"
        records.append({"id": f"z{n}", "context": f"众所周知。{held}", "response": held if n % 2 else other,
                        "label": "faithful" if n % 2 else "hallucinated"})  # fmt: skip
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return file


def run(stack: RagStack, examples: Path, **settings: Any) -> Result:
    return evaluate_faithfulness(stack, examples, verifier="llm", **settings)


def without_times(folder: Path) -> list[dict[str, Any]]:
    return [{**record, "seconds": None} for record in read_records(folder)]


def test_an_honest_judge_is_always_right_and_is_asked_everything_once(
    stack: RagStack, examples: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    first = run(stack, examples, out=tmp_path / "1")
    assert (first.n, first.missing, first.metrics["balanced_accuracy"].value) == (20, 0, 1.0)
    assert len(endpoint.prompts) == len(set(endpoint.prompts)) == 20
    assert endpoint.keys == {f"Bearer {KEY}"}
    assert first.judge == f"llm:openai:m at http://127.0.0.1:{endpoint.server_port}/v1"
    assert first.agreement == ()
    second = run(stack, examples, out=tmp_path / "2")
    assert len(endpoint.prompts) == 20
    assert without_times(tmp_path / "1") == without_times(tmp_path / "2")
    assert second.metrics["auroc"] == first.metrics["auroc"]
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_judge_that_fails_on_a_tenth_of_the_calls_loses_nothing_when_asked_again(
    stack: RagStack, examples: Path, endpoint: Endpoint
) -> None:
    """Each kind of failure in its turn, and every one of them passes."""
    faults = {3: refuse, 7: junk, 11: cut, 15: no_json}
    endpoint.behave = lambda number, prompt: faults.get(number, honest)
    result = run(stack, examples)
    assert (result.n, result.missing, result.metrics["balanced_accuracy"].value) == (20, 0, 1.0)
    assert len(endpoint.prompts) == 20 + len(faults)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (refuse, "HTTP 500"),
        (junk, "replied 'As a large language model, I find this hard to tell.'; expected Yes or No"),
        (no_json, "broke off with something that cannot be read"),
        (cut, "peer closed connection"),
    ],
)
def test_what_keeps_failing_is_missing_from_every_figure_and_asked_again_in_the_next_run(
    stack: RagStack, examples: Path, endpoint: Endpoint, fault: Behaviour, says: str
) -> None:
    endpoint.behave = lambda number, prompt: fault if "3" in prompt else honest
    result = run(stack, examples)
    assert (result.n, result.missing) == (18, 2)
    assert result.metrics["balanced_accuracy"].value == 1.0  # 16 of 18 measured, none of them averaged with a failure
    errors = {record["id"]: record["error"] for record in result.records if "error" in record}
    assert errors.keys() == {"e3", "z3"}
    assert says in errors["e3"]
    assert KEY not in errors["e3"]
    failing = sum("3" in prompt for prompt in endpoint.prompts)
    assert 2 <= failing / 2 <= 4  # few tries, and an end to them
    endpoint.behave = lambda number, prompt: honest
    asked = len(endpoint.prompts)
    assert run(stack, examples).missing == 0
    assert len(endpoint.prompts) == asked + 2


def test_an_endpoint_that_hangs_is_waited_for_as_long_as_the_setting_says(
    judged_by: Callable[..., RagStack], endpoint: Endpoint
) -> None:
    endpoint.behave = lambda number, prompt: hang
    judge = open_llm_judge(judged_by(timeout=0.3))
    with pytest.raises(ModelError, match=r"sent nothing for 0\.3 seconds; raise judge\.timeout"):
        judge.check("", "It is.", [Premise("It is.")])
    deadline = time.monotonic() + 60
    while len(endpoint.prompts) < 4 and time.monotonic() < deadline:  # it may read the last only after that
        time.sleep(0.01)
    assert len(endpoint.prompts) == 4


def endless(handler: BaseHTTPRequestHandler, _: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    choice = {"index": 0, "delta": {"content": "well, " * 200}, "finish_reason": None}
    frame = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    with contextlib.suppress(OSError):
        for _ in range(100_000):  # more than the system keeps on the way
            handler.wfile.write(f"data: {json.dumps(frame)}\n\n".encode())
        handler.server.ended = True  # type: ignore[attr-defined]


def test_an_endpoint_that_never_stops_is_hung_up_on(stack: RagStack, endpoint: Endpoint) -> None:
    endpoint.behave = lambda number, prompt: endless
    with pytest.raises(ModelError, match="wrote more than"):
        open_llm_judge(stack).check("", "It is.", [Premise("It is.")])
    assert not hasattr(endpoint, "ended")


class Stopped(BaseException):
    """As from the keyboard."""


def test_an_interrupted_run_asks_only_what_it_has_not_heard(
    stack: RagStack, examples: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    def stop(task: str, done: int, total: int) -> None:
        if done == 8:
            raise Stopped

    with pytest.raises(Stopped):
        run(stack, examples, out=tmp_path / "halves", progress=stop)
    assert len(endpoint.prompts) == 8
    told: list[Estimate] = []
    run(stack, examples, out=tmp_path / "halves", expect=told.append)
    assert len(endpoint.prompts) == 20
    assert [(each.items, each.done, each.calls) for each in told] == [(12, 8, 12)]
    run(stack, examples, out=tmp_path / "whole")
    assert without_times(tmp_path / "halves") == without_times(tmp_path / "whole")


CHILD = """
import runpy, sys
from ragstack.cli.app import program
from ragstack.stack import RagStack
RagStack.encoder = runpy.run_path(sys.argv.pop(1))["BagEncoder"]()
program.main(sys.argv[1:])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_by_a_signal_goes_on_where_it_was(
    examples: Path, endpoint: Endpoint, tmp_path: Path, number: signal.Signals
) -> None:
    """The seventh call hangs when the command is stopped; what six said is neither lost nor asked again."""
    seventh, answer = threading.Event(), threading.Event()

    def wait(handler: BaseHTTPRequestHandler, prompt: str) -> None:
        seventh.set()
        answer.wait(300)
        handler.close_connection = True

    endpoint.behave = lambda count, prompt: wait if count == 7 else honest
    words = ["eval", "faithfulness", "--data", examples, "--verifier", "llm", "--home", tmp_path / "home", "--json"]
    environment = os.environ | {"RAGSTACK_JUDGE__BASE_URL": f"http://127.0.0.1:{endpoint.server_port}/v1",
                                "RAGSTACK_JUDGE__MODEL": "m"}  # fmt: skip
    call = [sys.executable, "-c", CHILD, Path(__file__).parents[2] / "conftest.py", *words]
    with subprocess.Popen(call, env=environment, stderr=subprocess.PIPE, text=True) as child:
        assert seventh.wait(300)
        child.send_signal(number)
        _, err = child.communicate(timeout=300)
        assert child.returncode in (130, -number)
        assert "Traceback" not in err
    answer.set()
    asked = len(endpoint.prompts)
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert (result["n"], result["missing"], len(endpoint.prompts) - asked) == (20, 0, 14)
    assert done.stderr.startswith("14 examples, 6 more done before: 14 claims, 14 judgements;")


def test_a_dry_run_says_what_it_takes_and_asks_nothing(
    judged_by: Callable[..., RagStack], examples: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    """Its tokens are those of what the server is sent afterwards, their price is reckoned by hand."""
    stack = judged_by(input_price=2.0, output_price=10.0)
    foreseen = foresee_faithfulness(stack, examples, verifier="llm")
    assert endpoint.prompts == []
    assert not (tmp_path / "home" / "evaluations").exists()
    assert (foreseen.items, foreseen.done, foreseen.claims, foreseen.calls, foreseen.cached) == (20, 0, 20, 20, 0)
    assert foreseen.tokens_written == 40
    assert foreseen.seconds is None  # it was never asked before
    run(stack, examples, limit=4)
    again = foresee_faithfulness(stack, examples, verifier="llm")
    assert (again.calls, again.cached, len(endpoint.prompts)) == (20, 4, 4)
    assert again.seconds is not None
    assert again.seconds > 0
    run(stack, examples)
    sent = sum(stack.encoder.count_tokens(endpoint.prompts))
    assert foreseen.tokens_read - sent == 10 * 26 + 10 * 41  # the words and characters of the system messages
    assert foreseen.cost == pytest.approx((foreseen.tokens_read * 2 + 40 * 10) / 1e6)
    assert foresee_faithfulness(stack, examples, verifier="llm").cost == 0.0
    free = judged_by()
    assert foresee_faithfulness(free, examples, verifier="llm").cost is None


def test_cited_contexts_are_asked_about_too_and_foreseen(stack: RagStack, tmp_path: Path, endpoint: Endpoint) -> None:
    file = tmp_path / "cited.jsonl"
    file.write_text('{"answer": "It is blue.[2] It is big.", "contexts": ["It is big.", "It is blue."]}\n')
    assert foresee_faithfulness(stack, file, verifier="llm").calls == 3
    result = run(stack, file)
    [record] = result.records
    assert [claim["cited_supported"] for claim in record["claims"]] == [True, None]
    assert len(endpoint.prompts) == 3


def test_words_of_question_claim_passage_title_and_model_all_tell_judgements_apart(
    judged_by: Callable[..., RagStack], endpoint: Endpoint
) -> None:
    judge = open_llm_judge(judged_by())
    asked = [("q", "It is.", [Premise("It is.")]), ("r", "It is.", [Premise("It is.")]),
             ("q", "It was.", [Premise("It is.")]), ("q", "It is.", [Premise("It is.", "T")]),
             ("q", "It is.", [Premise("It is."), Premise("More.")])]  # fmt: skip
    for question, claim, premises in asked * 2:
        judge.check(question, claim, premises)
    assert len(endpoint.prompts) == 5
    open_llm_judge(judged_by(model="n")).check(*asked[0])
    assert len(endpoint.prompts) == 6
    assert "The statement answers this question: q" in endpoint.prompts[0]
    assert "[T]\nIt is." in endpoint.prompts[3]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Yes", True), ("**Yes.**", True), ("yes, they do", True), ("Yes\nNo other passage says it.", True),
        ("<think>No… or yes?</think>\n\nNo", False), ("No, they don't.", False), ("Not supported", False),
        ("是", True), ("是的。", True), ("“是”", True), ("否", False), ("不是。", False), ("不支持", False),
        ("", None), ("Maybe", None), ("Yes and no", None), ("Yesterday", None), ("None of them", None),
        ("是否支持？", None), ("是或否", None), ("<think>Yes", None), ('{"verdict": "yes"}', None), ("不清楚", None),
    ],
)  # fmt: skip
def test_a_reply_is_read_by_how_it_begins(reply: str, verdict: bool | None) -> None:
    assert says_yes(reply) is verdict


def test_an_endpoint_without_a_model_is_told_by_its_setting(judged_by: Callable[..., RagStack]) -> None:
    with pytest.raises(ConfigError, match=r"setting judge\.model is empty"):
        open_llm_judge(judged_by(model=""))


class Local:
    """A model of this machine that says what an honest judge says."""

    name = "local"

    def __init__(self) -> None:
        self.read: list[Sequence[Message]] = []

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        self.read.append(prompt.messages)
        yield Delta(truth(prompt.messages[-1].content), Usage(9, 1))

    def close(self) -> None:
        pass


def test_without_an_endpoint_the_decoder_is_asked_in_words(
    judged_by: Callable[..., RagStack], examples: Path, endpoint: Endpoint
) -> None:
    stack, local = judged_by(base_url=""), Local()
    stack._models._generators["llamacpp"] = local
    foreseen = foresee_faithfulness(stack, examples, verifier="llm")
    assert [foreseen.seconds is None, foreseen.cost] == [False, None]  # it was timed on a passage of nobody's
    assert not any("Whale" in messages[1].content or "熊猫" in messages[1].content for messages in local.read)
    result = run(stack, examples)
    assert (result.judge, result.metrics["balanced_accuracy"].value) == ("llm:local", 1.0)
    assert endpoint.prompts == []
    assert "检查" not in local.read[0][0].content
    assert GeneratorSettings().kind == "llamacpp"


def test_replies_outlive_a_process_that_is_killed_and_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    key = key_of("m", [Message("user", "是吗？")])
    writer = multiprocessing.get_context("forkserver").Process(target=_keep_and_die, args=(path, key))
    writer.start()
    writer.join()
    assert writer.exitcode == -9
    cache = ReplyCache(path)
    assert cache.get(key) == Reply("是", 2, 1.5)
    assert cache.get(key_of("n", [Message("user", "是吗？")])) is None
    assert cache.pace("m") is not None
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    path.write_bytes(b"no database" * 500)
    with pytest.raises(StoreError, match=r"replies\.sqlite cannot be used .*remove the file"):
        cache.get(key)


def _keep_and_die(path: Path, key: str) -> None:
    ReplyCache(path).put(key, "m", Reply("是", 2, 1.5))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_pace_is_the_middle_of_what_was_heard(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "replies.sqlite")
    for n, seconds in enumerate((1.0, 9.0, 2.0)):
        cache.put(str(n), "m", Reply("Yes", 3 * n, seconds))
    pace = cache.pace("m")
    assert pace is not None
    assert (pace.seconds, pace.completion_tokens) == (2.0, 3.0)
    assert cache.pace("other") is None


def test_a_reply_that_cannot_be_read_is_not_kept(stack: RagStack, endpoint: Endpoint) -> None:
    endpoint.behave = lambda number, prompt: junk
    judge = open_llm_judge(stack)
    for _ in range(2):
        with pytest.raises(ModelError, match="expected Yes or No"):
            judge.check("", "It is.", [Premise("It is.")])
    assert len(endpoint.prompts) == 4
