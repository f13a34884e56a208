"""Settings: one truth for each default, a clear order of precedence, and one line that names the key of a mistake."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import ConfigError
from ragstack.config import Config, load_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside: no variable, and no config.toml in the working directory."""
    for name in os.environ:
        if name.upper().startswith("RAGSTACK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_config_toml_holds_every_setting_with_its_default() -> None:
    written = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    assert written == Config().model_dump(mode="json")


def test_config_toml_says_why_beside_every_setting() -> None:
    lines = (ROOT / "config.toml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if re.match(r"\w+ = ", line)]
    without = [line for line in settings if not re.search(r"  # \S.{8,}", line)]
    assert len(settings) == sum(len(section) for section in Config().model_dump().values())
    assert without == []


def test_without_a_file_the_defaults_hold() -> None:
    assert load_config() == Config()


def test_the_file_of_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\ncollection = "手册"\n', encoding="utf-8")
    assert load_config().store.collection == "手册"


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, '[retrieval]\nk = 3\nrrf_k = 30\ncandidates = 33\n[generator]\nkind = "openai"\n')
    monkeypatch.setenv("RAGSTACK_RETRIEVAL__K", "4")
    monkeypatch.setenv("RAGSTACK_RETRIEVAL__RRF_K", "40")
    config = load_config(file, overrides={"retrieval": {"k": 5}})
    assert (config.retrieval.k, config.retrieval.rrf_k, config.retrieval.candidates) == (5, 40, 33)
    assert (config.retrieval.mode, config.generator.kind) == ("hybrid", "openai")


def test_a_whole_section_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGSTACK_EVIDENCE", '{"max_sentences": 4, "max_tokens": 100}')
    assert load_config().evidence.model_dump() == {"max_sentences": 4, "max_tokens": 100}


def test_the_home_is_expanded() -> None:
    assert load_config(overrides={"store": {"home": "~/papers"}}).home == Path.home() / "papers"


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGSTACK_GENERATOR__API_KEY", "sk-very-secret")
    config = load_config()
    assert config.generator.api_key == "sk-very-secret"
    assert "sk-very-secret" not in repr(config)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().retrieval.k = 3  # type: ignore[misc]


WRONG_IN_A_FILE = {
    "unknown key": ("[retrieval]\nkk = 3", "retrieval.kk", "did you mean retrieval.k?"),
    "unknown section": ("[retrival]\nk = 3", "retrival", "did you mean retrieval?"),
    "key outside its section": ("k = 3", "k", "config.toml lists all keys"),
    "word for a number": ('[retrieval]\nk = "viele"', "retrieval.k", "got 'viele'"),
    "quoted number": ('[retrieval]\nk = "7"', "retrieval.k", "got '7'"),
    "boolean for a number": ("[retrieval]\nk = true", "retrieval.k", "got True"),
    "fraction for a whole number": ("[retrieval]\nk = 2.0", "retrieval.k", "got 2.0"),
    "number for a word": ("[models]\nencoder = 3", "models.encoder", "got 3"),
    "number for a path": ("[store]\nhome = 3", "store.home", "got 3"),
    "value for a section": ("store = 3", "store", "got 3"),
    "zero": ("[retrieval]\nk = 0", "retrieval.k", "greater than or equal to 1"),
    "negative": ("[models]\nthreads = -1", "models.threads", "got -1"),
    "not a number": ("[store]\nlock_timeout = nan", "store.lock_timeout", "got nan"),
    "no such choice": ('[generator]\nkind = "gpt"', "generator.kind", "'llamacpp', 'transformers', 'openai'"),
    "empty home": ('[store]\nhome = ""', "store.home", "expected a directory"),
    "answer longer than the context": (
        "[generator]\nmax_tokens = 600\ncontext_length = 600",
        "generator.context_length",
        "expected more than generator.max_tokens, which is 600",
    ),
}


@pytest.mark.parametrize(("text", "key", "hint"), WRONG_IN_A_FILE.values(), ids=WRONG_IN_A_FILE.keys())
def test_a_mistake_in_the_file_is_one_line_with_key_and_file(tmp_path: Path, text: str, key: str, hint: str) -> None:
    file = write(tmp_path, text)
    message = refused(file)
    assert re.search(rf"setting {re.escape(key)}\b", message)
    assert hint in message
    assert f"(in {file})" in message


WRONG_IN_THE_ENVIRONMENT = {
    "unknown key": ("RAGSTACK_RETRIEVAL__KK", "3", "retrieval.kk"),
    "unknown section": ("RAGSTACK_RETRIVAL__K", "3", "RAGSTACK_RETRIVAL__K"),
    "one underscore": ("RAGSTACK_HOME", "/data", "RAGSTACK_HOME"),
    "word for a number": ("RAGSTACK_RETRIEVAL__K", "many", "retrieval.k"),
    "empty": ("RAGSTACK_RETRIEVAL__K", "", "retrieval.k"),
    "empty home": ("RAGSTACK_STORE__HOME", "", "store.home"),
    "too deep": ("RAGSTACK_RETRIEVAL__K__N", "3", "retrieval.k"),
    "section that is no JSON": ("RAGSTACK_STORE", "here", "store"),
    "impossible": ("RAGSTACK_INGEST__CHUNK_TOKENS", "1", "ingest.chunk_tokens"),
}


@pytest.mark.parametrize(
    ("name", "value", "key"), WRONG_IN_THE_ENVIRONMENT.values(), ids=WRONG_IN_THE_ENVIRONMENT.keys()
)
def test_a_mistake_in_the_environment_is_one_line_with_its_key(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, key: str
) -> None:
    monkeypatch.setenv(name, value)
    message = refused()
    assert re.search(rf"\b{re.escape(key)}\b", message)
    assert "environment" in message


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"retrieval": {"k": 0}}, "retrieval.k"),
        ({"retrieval": {"kk": 1}}, "retrieval.kk"),
        ({"generator": {"kind": "gpt"}}, "generator.kind"),
        ({"retrival": {"k": 1}}, "retrival"),
    ],
)
def test_a_mistake_in_a_flag_is_one_line_with_its_key(overrides: dict[str, dict[str, Any]], key: str) -> None:
    message = refused(overrides=overrides)
    assert re.search(rf"setting {re.escape(key)}\b", message)
    assert "(in a flag)" in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.toml") == (
        f"there is no config file {tmp_path / 'nowhere.toml'}; give an existing one with --config FILE"
    )


@pytest.mark.parametrize("content", [b"[store", b"k: 3\n", b"\xff\xfe\x00", b"[store]\nhome = '\xb2\xe2'\n"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    assert str(file) in refused(file)


def test_a_directory_for_a_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "saved_by_notepad.toml"
    file.write_bytes(b"\xef\xbb\xbf[retrieval]\r\nk = 3\r\n")
    assert load_config(file).retrieval.k == 3


def refused(file: Path | None = None, overrides: dict[str, dict[str, Any]] | None = None) -> str:
    """The message with which the settings are refused: one line."""
    with pytest.raises(ConfigError) as raised:
        load_config(file, overrides=overrides)
    message = str(raised.value)
    assert "\n" not in message
    return message
