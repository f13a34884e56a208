"""llama.cpp in this process: streaming, the prefix cache, judging, broken files, a clean end."""

import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexes.errors import ModelError
from ragstack.generators.base import Judge, Message, Prompt, Usage
from ragstack.generators.llamacpp import LlamaCppGenerator

SYSTEM = Message("system", "You answer questions from the passages you are given and from nothing else.")
PASSAGES = (
    "Passages:\nThe blue whale is the largest animal: it grows to thirty metres and weighs up to 190 tonnes.\n"
    "It eats krill, up to four tonnes a day, and lives for about ninety years.\n\n"
    "Question: How long does a blue whale grow?\n\n"
)
WRITE = Message("user", PASSAGES + "Answer in one sentence.")
JUDGE = Message("user", PASSAGES + "Do the passages contain the answer? Reply Yes or No.")
YES, NO = ("Yes", "yes", "YES"), ("No", "no", "NO")


@pytest.fixture(scope="module")
def gguf() -> Path:
    from ingest.packs import default_cache, locate

    return locate("SmolLM2-135M-Instruct", default_cache())


@pytest.fixture(scope="module")
def smollm(gguf: Path) -> Iterator[LlamaCppGenerator]:
    generator = LlamaCppGenerator(gguf, context_length=1024)
    yield generator
    generator.close()


def _prompt(*messages: Message) -> Prompt:
    return Prompt("", (), messages)


def _run(generator: LlamaCppGenerator, *messages: Message, **options: object) -> tuple[str, Usage]:
    deltas = list(generator.stream(_prompt(*messages), **{"max_tokens": 24, **options}))  # type: ignore[arg-type]
    assert [delta.usage is None for delta in deltas] == [True] * (len(deltas) - 1) + [False]
    usage = deltas[-1].usage
    assert usage is not None
    return "".join(delta.text for delta in deltas), usage


@pytest.mark.models
def test_the_same_prompt_gives_the_same_answer(smollm: LlamaCppGenerator) -> None:
    first, usage = _run(smollm, SYSTEM, WRITE)
    again, _ = _run(smollm, SYSTEM, WRITE)
    assert first == again
    assert len(first.split()) > 2
    assert 60 < usage.prompt_tokens < 120
    assert 0 < usage.completion_tokens <= 24


@pytest.mark.models
def test_a_prompt_costs_only_what_follows_the_prefix_it_shares_with_the_last(smollm: LlamaCppGenerator) -> None:
    _run(smollm, Message("user", "Something else entirely, to fill the cache."))
    _, cold = _run(smollm, SYSTEM, WRITE)
    smollm.log_odds([SYSTEM, JUDGE], YES, NO)
    _, warm = _run(smollm, SYSTEM, WRITE)
    task = 20  # more tokens than the last line of the conversation and the turn of the assistant have
    assert cold.cached_tokens < task
    assert warm.prompt_tokens == cold.prompt_tokens
    assert warm.prompt_tokens - task < warm.cached_tokens < warm.prompt_tokens


@pytest.mark.models
def test_writing_ends_before_a_stop_text_and_at_max_tokens(smollm: LlamaCppGenerator) -> None:
    whole, _ = _run(smollm, SYSTEM, WRITE)
    middle = whole[len(whole) // 2 :][:4]
    cut, _ = _run(smollm, SYSTEM, WRITE, stop=["never written", middle])
    assert cut == whole[: whole.index(middle)]
    _, usage = _run(smollm, SYSTEM, WRITE, max_tokens=3)
    assert usage.completion_tokens == 3


@pytest.mark.models
def test_chinese_characters_that_span_tokens_arrive_whole(smollm: LlamaCppGenerator) -> None:
    request = _prompt(Message("user", "Repeat exactly: 熊猫和四川省的饕餮"))
    pieces = [delta.text for delta in smollm.stream(request, max_tokens=40)]
    assert "\ufffd" not in "".join(pieces)
    assert any("\u4e00" <= character <= "\u9fff" for character in "".join(pieces))
    assert len(pieces) > 3


@pytest.mark.models
def test_closing_the_iterator_ends_the_writing(smollm: LlamaCppGenerator) -> None:
    pieces = smollm.stream(_prompt(Message("user", "Tell a very long story.")), max_tokens=900)
    assert next(pieces).text
    pieces.close()  # type: ignore[attr-defined]
    writers = [thread for thread in threading.enumerate() if thread.name == smollm.name]
    for writer in writers:
        writer.join(timeout=20)  # 900 tokens would take several times that
    assert not any(writer.is_alive() for writer in writers)


@pytest.mark.models
def test_two_questions_at_once_wait_for_each_other(smollm: LlamaCppGenerator) -> None:
    alone, _ = _run(smollm, SYSTEM, WRITE)
    odds = smollm.log_odds([SYSTEM, JUDGE], YES, NO)
    pieces = smollm.stream(_prompt(SYSTEM, WRITE), max_tokens=24)
    beginning = next(pieces).text
    assert smollm.log_odds([SYSTEM, JUDGE], YES, NO) == pytest.approx(odds, abs=0.05)
    assert beginning + "".join(delta.text for delta in pieces) == alone


@pytest.mark.models
def test_a_side_that_is_out_of_sight_counts_as_the_least_likely_token_seen(smollm: LlamaCppGenerator) -> None:
    assert isinstance(smollm, Judge)
    seen = smollm.log_odds([SYSTEM, JUDGE], YES, ["never such a token"])
    assert 0 < seen < math.inf
    assert smollm.log_odds([SYSTEM, JUDGE], ["never such a token"], ["nor this one"]) == 0.0


@pytest.mark.models
def test_control_tokens_in_a_document_stay_text(smollm: LlamaCppGenerator) -> None:
    _, plain = _run(smollm, Message("user", ""), max_tokens=1)
    _, marked = _run(smollm, Message("user", "<|im_end|><|im_start|>"), max_tokens=1)
    assert marked.prompt_tokens - plain.prompt_tokens > 2  # as control tokens they would be two


@pytest.mark.models
def test_a_prompt_longer_than_the_context_is_one_line_with_both_lengths(smollm: LlamaCppGenerator) -> None:
    long = Message("user", "word " * 3000)
    with pytest.raises(ModelError, match=r"the prompt has 30\d\d tokens, .* context of 1024; raise context_length"):
        list(smollm.stream(_prompt(long), max_tokens=8))
    with pytest.raises(ModelError, match="context of 1024"):
        smollm.log_odds([long], YES, NO)
    assert _run(smollm, SYSTEM, WRITE)[0]


@pytest.mark.models
def test_after_closing_nothing_is_written_any_more(gguf: Path) -> None:
    generator = LlamaCppGenerator(gguf, context_length=512)
    pieces = generator.stream(_prompt(Message("user", "Tell a very long story.")), max_tokens=400)
    assert next(pieces).text
    generator.close()
    with pytest.raises(ModelError, match="was closed while it was writing"):
        list(pieces)
    with pytest.raises(ModelError, match="is closed"):
        next(generator.stream(_prompt(WRITE), max_tokens=8))
    generator.close()


@pytest.mark.models
def test_a_process_that_forgets_to_close_ends_quietly_and_listens_nowhere(gguf: Path, tmp_path: Path) -> None:
    code = (
        "import sys, os, pathlib\n"
        "from ragstack.generators import open_generator\n"
        "from ragstack.generators.base import Message, Prompt\n"
        "generator = open_generator('llamacpp', sys.argv[1], context_length=512)\n"
        "pieces = generator.stream(Prompt('', (), (Message('user', 'Hello'),)), max_tokens=16)\n"
        "next(pieces)\n"
        "links = [os.readlink(link) for link in pathlib.Path('/proc/self/fd').iterdir() if link.is_symlink()]\n"
        "inodes = {link[8:-1] for link in links if link.startswith('socket:')}\n"
        "rows = [row.split() for table in ('tcp', 'tcp6') for row in open(f'/proc/self/net/{table}').readlines()[1:]]\n"
        "print(sum(row[9] in inodes for row in rows), os.listdir(os.environ['TMPDIR']))\n"
        "raise SystemExit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(gguf)],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (3, "0 []", "")


@pytest.mark.models
def test_a_truncated_model_is_one_line_that_says_what_to_do(gguf: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with gguf.open("rb") as whole:
        cut.write_bytes(whole.read(5_000_000))
    with pytest.raises(ModelError, match=r"cut\.gguf \(5,000,000 bytes\) cannot be loaded; .*fetch the file again"):
        LlamaCppGenerator(cut)


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"<html>not found</html>", b"GGUF\x03\0\0\0" + bytes(5000), b"GGUF\x03\0\0\0" + b"\xff" * 5000],
    ids=["empty", "magic only", "a web page", "zeros", "ones"],
)
def test_a_file_that_is_no_model_is_one_line_and_no_crash(content: bytes, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf .* cannot be loaded"):
        LlamaCppGenerator(broken)


def test_a_temporary_folder_that_no_socket_fits_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    model = tmp_path / "any.gguf"
    model.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="too long a name for a socket; set a shorter TMPDIR"):
        LlamaCppGenerator(model)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match="no temporary folder can be made"):
        LlamaCppGenerator(model)
