"""Settings: typed, with one place of truth for each default, and one clear line for each mistake.

Order of precedence: flags (``overrides``), environment variables (``RAGSTACK_SECTION__KEY``), the TOML file, the
defaults below. No other module reads settings; the lower floors take plain arguments.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from indexes.errors import ConfigError

__all__ = ["Config", "GeneratorKind", "SearchMode", "load_config"]

SearchMode = Literal["hybrid", "dense", "lexical"]
GeneratorKind = Literal["llamacpp", "transformers", "openai", "extractive"]

_PREFIX = "RAGSTACK_"
_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Where the data lives."""

    home: Path = Path("~/.ragstack")
    collection: Annotated[str, Field(min_length=1)] = "default"
    url: str = ""
    lock_timeout: _Seconds = 10.0


class ModelSettings(_Section):
    """Which models read and write."""

    cache: str = ""
    encoder: Annotated[str, Field(min_length=1)] = "multilingual-e5-small"
    decoder: Annotated[str, Field(min_length=1)] = "Qwen2.5-Coder-1.5B-Instruct"
    threads: Annotated[int, Field(ge=0, le=1024)] = 0


class IngestSettings(_Section):
    """How files become chunks."""

    chunk_tokens: Annotated[int, Field(ge=32, le=8192)] = 256
    overlap_sentences: Annotated[int, Field(ge=0, le=10)] = 0
    max_file_mb: Annotated[int, Field(ge=1)] = 200
    max_pages: Annotated[int, Field(ge=1)] = 5000


class RetrievalSettings(_Section):
    """How chunks are found."""

    mode: SearchMode = "hybrid"
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    candidates: Annotated[int, Field(ge=1, le=10_000)] = 50
    rrf_k: Annotated[int, Field(ge=1)] = 60


class EvidenceSettings(_Section):
    """How much the generator reads."""

    max_sentences: Annotated[int, Field(ge=1, le=50)] = 6
    max_tokens: Annotated[int, Field(ge=32, le=8192)] = 260


class GeneratorSettings(_Section):
    """Who writes the answer."""

    kind: GeneratorKind = "llamacpp"
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 160
    context_length: Annotated[int, Field(ge=512, le=131_072)] = 2048
    base_url: str = "http://127.0.0.1:8000/v1"
    model: str = ""
    api_key: str = Field(default="", repr=False)
    timeout: _Seconds = 120.0


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
    generator: GeneratorSettings = GeneratorSettings()

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
    values: dict[str, Any] = {}
    if path is not None or file.is_file():
        values = _read(file)
    _refuse_unknown_environment()
    try:
        config = Config(**values)
        return _overridden(config, overrides or {})
    except ValidationError as error:
        raise ConfigError(_explain(error, file if values else None)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {file}; give an existing one with --config FILE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read config file {file}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None


def _overridden(config: Config, overrides: Mapping[str, Mapping[str, Any]]) -> Config:
    values = config.model_dump()
    for section, settings in overrides.items():
        values[section] = {**values[section], **settings}
    sections = {name: type(getattr(config, name)).model_validate(value) for name, value in values.items()}
    return config.model_copy(update=sections)


def _refuse_unknown_environment() -> None:
    sections = Config.model_fields
    for name in os.environ:
        if name.startswith(_PREFIX) and name[len(_PREFIX) :].split("__")[0].lower() not in sections:
            raise ConfigError(
                f"environment variable {name} names no setting; expected {_PREFIX}SECTION__KEY with a section of "
                + ", ".join(sections)
            )


def _explain(error: ValidationError, file: Path | None) -> str:
    """The first problem as one line: key, what is wrong, what was given, where it may come from."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    source = f" (in {file} or the environment)" if file else " (in the environment or a flag)"
    if first["type"] == "extra_forbidden":
        close = get_close_matches(key, _known_keys(), n=1, cutoff=0.6)
        hint = f"; did you mean {close[0]}?" if close else "; config.toml lists all keys"
        return f"unknown setting {key}{source}{hint}"
    given = "" if "api_key" in key else f", got {first['input']!r}"
    return f"setting {key}: {first['msg'][0].lower()}{first['msg'][1:]}{given}{source}"


def _known_keys() -> list[str]:
    keys: list[str] = []
    for section, field in Config.model_fields.items():
        keys.append(section)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += [f"{section}.{key}" for key in field.annotation.model_fields]
    return keys
