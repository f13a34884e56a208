"""The models that the settings name, each opened on first use and kept until it is closed."""

from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from indexes.errors import ModelError, ModelMissing
from indexes.records import EncoderFingerprint
from ragstack.config import Config, GeneratorKind

if TYPE_CHECKING:
    from ingest.encoders import Encoder, Precision
    from ragstack.generators.base import Generator
    from ragstack.retrieval.reranking import Reranker

__all__ = ["Models"]


class Models:
    """Encoder, reranker and generators of one config; threads may share it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = RLock()
        self._encoder: Encoder | None = None
        self._reranker: Reranker | None = None
        self._generators: dict[GeneratorKind, Generator] = {}

    @property
    def encoder(self) -> "Encoder":
        """The encoder of the config.

        Raises:
            ModelMissing: it is not on this machine; the text has the command that fetches it.
        """
        with self._lock:
            if self._encoder is None:
                self._encoder = self._open_encoder(self._config.models.encoder)
            return self._encoder

    @property
    def reranker(self) -> "Reranker | None":
        """The reranker of the config; None where it names none."""
        from ragstack.retrieval.reranking import open_reranker

        with self._lock:
            if self._reranker is None:
                self._reranker = open_reranker(self._config.retrieval.reranker, self._config.model_cache)
            return self._reranker

    def generator(self, kind: GeneratorKind | None = None) -> "Generator":
        """The generator of that kind; None means the config's.

        Raises:
            ModelMissing: its model is not on this machine; the text has the command that fetches it.
        """
        from ragstack.generators import open_generator

        settings = self._config.generator
        kind = kind or settings.kind
        with self._lock:
            if kind not in self._generators:
                self._generators[kind] = open_generator(
                    kind,
                    self._model_of(kind),
                    context_length=settings.context_length,
                    threads=self._config.models.threads,
                    base_url=settings.base_url,
                    api_key=settings.api_key,
                    timeout=settings.timeout,
                )
            return self._generators[kind]

    def encoder_named(self, setting: str) -> "Encoder":
        """The encoder that ``models.encoder`` would name so."""
        return self.encoder if setting == self._config.models.encoder else self._open_encoder(setting)

    def encoder_of(self, fingerprint: EncoderFingerprint) -> "Encoder | None":
        """The encoder that filled a collection: the config's, or that of the same name; None where it is not here."""
        from ingest.encoders import precision_of

        for setting in (self._config.models.encoder, fingerprint.name):
            with suppress(ModelMissing, ModelError):
                for encoder in (self.encoder_named(setting), self._open_encoder(setting, precision_of(fingerprint))):
                    if encoder.fingerprint == fingerprint:
                        return encoder
        return None

    def close(self) -> None:
        """Free the generators; whoever asks for one opens it anew."""
        with self._lock:
            for generator in self._generators.values():
                generator.close()
            self._generators.clear()

    def _open_encoder(self, setting: str, precision: "Precision | None" = None) -> "Encoder":
        from ingest.encoders import open_encoder

        models = self._config.models
        precision = precision or models.encoder_precision
        return open_encoder(setting, self._config.model_cache, threads=models.threads, precision=precision)

    def _model_of(self, kind: GeneratorKind) -> str | Path:
        """What ``open_generator`` takes as the model: a path, or the name that an endpoint knows."""
        if kind not in ("llamacpp", "transformers"):
            return self._config.generator.model
        from ingest.packs import locate

        return locate(self._config.generator.model or self._config.models.decoder, self._config.model_cache)
