"""Settings: typed, with one place of truth for each default, and one clear line for each mistake.

Order of precedence: flags (``overrides``), environment variables (``RAGSTACK_SECTION__KEY``), the TOML file, the
defaults below. No other module reads settings; the lower floors take plain arguments.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from indexes.errors import ConfigError
from ragstack.generators import GeneratorKind

__all__ = ["Config", "GeneratorKind", "IngestSettings", "SearchMode", "load_config"]

SearchMode = Literal["hybrid", "dense", "lexical"]

_PREFIX = "RAGSTACK_"
_Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _not_empty(value: Any) -> Any:
    """Refuse the empty string, which as a path would quietly mean the working directory."""
    if value == "":
        raise ValueError("expected a directory")
    return value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Where the data lives."""

    home: Annotated[Path, BeforeValidator(_not_empty)] = Path("~/.ragstack")
    collection: Annotated[str, Field(min_length=1)] = "default"
    url: str = ""
    lock_timeout: _Seconds = 10.0
    index: Literal["auto", "flat", "ivf_sq8", "ivf_pq"] = "auto"


class ModelSettings(_Section):
    """Which models read and write."""

    cache: str = ""
    encoder: Annotated[str, Field(min_length=1)] = "multilingual-e5-small"
    encoder_precision: Literal["fp32", "int8"] = "fp32"
    decoder: Annotated[str, Field(min_length=1)] = "Qwen2.5-Coder-1.5B-Instruct"
    threads: Annotated[int, Field(ge=0, le=1024)] = 0


class IngestSettings(_Section):
    """How files become chunks."""

    chunk_tokens: Annotated[int, Field(ge=32, le=8192)] = 128
    overlap_sentences: Annotated[int, Field(ge=0, le=10)] = 1
    pdf_reader: Literal["pdfium", "pypdf"] = "pdfium"
    ocr: bool = True
    doubtful_pages: bool = False
    personal_data: Literal["keep", "mask", "refuse"] = "keep"
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    max_file_mb: Annotated[int, Field(ge=1)] = 200
    max_unpacked_mb: Annotated[int, Field(ge=1)] = 400
    max_ratio: Annotated[int, Field(ge=2)] = 200
    max_archive_files: Annotated[int, Field(ge=1)] = 10_000
    max_archive_depth: Annotated[int, Field(ge=0, le=10)] = 3
    max_pages: Annotated[int, Field(ge=1)] = 5000
    max_seconds: _Seconds = 600.0
    max_memory_mb: Annotated[int, Field(ge=256)] = 2000


class RetrievalSettings(_Section):
    """How chunks are found."""

    mode: SearchMode = "hybrid"
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    candidates: Annotated[int, Field(ge=1, le=10_000)] = 50
    reranker: Annotated[str, Field(min_length=1)] = "fitted"
    rrf_k: Annotated[int, Field(ge=1)] = 60


class EvidenceSettings(_Section):
    """How much the generator reads."""

    max_sentences: Annotated[int, Field(ge=1, le=50)] = 8
    max_tokens: Annotated[int, Field(ge=32, le=8192)] = 200


class AnswerSettings(_Section):
    """What is shown, and what is remembered."""

    max_risk: Annotated[float, Field(gt=0, lt=1)] = 0.15
    unsupported: Literal["drop", "flag"] = "drop"
    history_tokens: Annotated[int, Field(ge=0, le=8192)] = 300


class GeneratorSettings(_Section):
    """Who writes the answer."""

    kind: GeneratorKind = "llamacpp"
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 160
    context_length: Annotated[int, Field(ge=512, le=131_072, validate_default=True)] = 2048
    base_url: str = "http://127.0.0.1:8000/v1"
    model: str = ""
    api_key: str = Field(default="", repr=False)
    timeout: _Seconds = 120.0

    @field_validator("context_length")
    @classmethod
    def _room_to_read(cls, value: int, info: ValidationInfo) -> int:
        longest_answer = info.data.get("max_tokens", 0)
        if longest_answer >= value:
            raise ValueError(f"expected more than generator.max_tokens, which is {longest_answer}")
        return value


class JudgeSettings(_Section):
    """Who judges where ``--verifier llm`` is asked for, and what that costs."""

    base_url: str = ""
    model: str = ""
    api_key: str = Field(default="", repr=False)
    timeout: _Seconds = 60.0
    input_price: Annotated[float, Field(ge=0)] = 0.0
    output_price: Annotated[float, Field(ge=0)] = 0.0


class Config(BaseSettings):
    """All settings. ``Config()`` alone reads the environment; :func:`load_config` also reads a file."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, case_sensitive=False
    )

    store: StoreSettings = StoreSettings()
    models: ModelSettings = ModelSettings()
    ingest: IngestSettings = IngestSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    answers: AnswerSettings = AnswerSettings()
    generator: GeneratorSettings = GeneratorSettings()
    judge: JudgeSettings = JudgeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what :func:`load_config` read from the file."""
        return env_settings, init_settings

    @property
    def home(self) -> Path:
        """The home directory, with ``~`` expanded."""
        return self.store.home.expanduser()

    @property
    def model_cache(self) -> Path:
        """Where model packs live."""
        from ingest.packs import default_cache

        return Path(self.models.cache).expanduser() if self.models.cache else default_cache()


def load_config(
    path: str | os.PathLike[str] | None = None, *, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Config:
    """Read the settings.

    Args:
        path: A TOML file. None means ``./config.toml`` where it exists, else the defaults.
        overrides: Sections of settings that win over file and environment (the flags of a command).

    Raises:
        ConfigError: a file that is missing or no TOML, an unknown key, a wrong type or an impossible value; the
            text is one line that names the key.
    """
    file = Path(path) if path is not None else Path("config.toml")
    values = _read(file) if path is not None or file.is_file() else {}
    _refuse_unknown_environment()
    try:
        config = Config(**values)
    except ValidationError as error:
        raise ConfigError(_explain(error, "", "the environment")) from None
    except SettingsError as error:
        raise ConfigError(f"environment: {error}; expected {_PREFIX}SECTION__KEY=VALUE") from None
    return _overridden(config, overrides or {})


def _read(file: Path) -> dict[str, Any]:
    """The settings of a file, each of exactly the type it should have: TOML knows numbers, words and booleans apart."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {file}; give an existing one with --config FILE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read config file {file}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
    for section, settings in values.items():
        try:
            _section(section, str(file)).model_validate_json(json.dumps(settings, default=str), strict=True)
        except ValidationError as error:
            raise ConfigError(_explain(error, section, str(file))) from None
    return values


def _overridden(config: Config, overrides: Mapping[str, Mapping[str, Any]]) -> Config:
    sections: dict[str, BaseModel] = {}
    for name, settings in overrides.items():
        model = _section(name, "a flag")
        try:
            sections[name] = model.model_validate({**getattr(config, name).model_dump(), **settings})
        except ValidationError as error:
            raise ConfigError(_explain(error, name, "a flag")) from None
    return config.model_copy(update=sections)


def _section(name: str, source: str) -> type[BaseModel]:
    field = Config.model_fields.get(name)
    if field is None or not isinstance(field.annotation, type):
        raise ConfigError(f"unknown setting {name} (in {source}){_did_you_mean(name)}")
    return field.annotation


def _refuse_unknown_environment() -> None:
    sections = Config.model_fields
    for name in os.environ:
        if name.startswith(_PREFIX) and name[len(_PREFIX) :].split("__")[0].lower() not in sections:
            raise ConfigError(
                f"environment variable {name} names no setting; expected {_PREFIX}SECTION__KEY with a section of "
                + ", ".join(sections)
            )


def _explain(error: ValidationError, section: str, source: str) -> str:
    """The first problem as one line: key, what is wrong, what was given, where it stands."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in (section, *first["loc"]) if part != "")
    if first["type"] == "extra_forbidden":
        return f"unknown setting {key} (in {source}){_did_you_mean(key)}"
    given = "" if "api_key" in key else f", got {first['input']!r}"
    message = first["msg"].removeprefix("Value error, ")
    return f"setting {key}: {message[0].lower()}{message[1:]}{given} (in {source})"


def _did_you_mean(key: str) -> str:
    close = get_close_matches(key, _known_keys(), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else "; config.toml lists all keys"


def _known_keys() -> list[str]:
    return [key for name in Config.model_fields for key in (name, *_keys(name))]


def _keys(section: str) -> list[str]:
    return [f"{section}.{key}" for key in _section(section, "").model_fields]
