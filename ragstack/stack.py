"""The SDK: one object that holds the settings, the database and the models, and does the four things.

Everything is opened on first use: a search loads the encoder and no decoder, a listing loads neither.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from indexes.errors import EncoderMismatch
from indexes.records import Hit
from ragstack.answers import Answer, Event
from ragstack.arguments import Where, filter_of, own_files, pipeline_settings
from ragstack.config import Config, GeneratorKind, SearchMode, load_config
from ragstack.models import Models

if TYPE_CHECKING:
    import threading

    from langchain_core.tools import BaseTool

    from indexes.database import Database
    from indexes.engine import VectorCollection
    from ingest.encoders import Encoder
    from ingest.pipeline import IngestReport, Progress
    from ragstack.answering import Answerer
    from ragstack.conversation import Turn
    from ragstack.generators.base import Generator
    from ragstack.migration import Migration
    from ragstack.retrieval import Retriever

__all__ = ["RagStack", "Where"]

PathLike = str | Path


class RagStack:
    """Ask documents: ingest them, search them, ask them. Use it as a context manager, or call :meth:`close`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._lock = RLock()
        self._database: Database | None = None
        self._models = Models(config)

    @classmethod
    def open(cls, config: PathLike | Config | None = None, *, home: PathLike | None = None) -> Self:
        """Open with a config file (default: ``./config.toml`` where it exists), or with settings already read.

        Args:
            config: Path of a TOML file, or a :class:`ragstack.config.Config`.
            home: Where the data lives; wins over the config.

        Raises:
            ConfigError: a setting is wrong; the text names it.
        """
        if isinstance(config, Config):
            if home is None:
                return cls(config)
            return cls(config.model_copy(update={"store": config.store.model_copy(update={"home": Path(home)})}))
        overrides = {"store": {"home": Path(home)}} if home is not None else {}
        return cls(load_config(config, overrides=overrides))

    def ingest(
        self,
        paths: PathLike | Sequence[PathLike],
        collection: str | None = None,
        *,
        prune: bool = False,
        retry_failed: bool = False,
        progress: "Callable[[Progress], None] | None" = None,
    ) -> "IngestReport":
        """Sync files and folders into a collection, which is made where it does not exist.

        The database's own files are passed over where the home lies inside ``paths``, or is one of them.

        Args:
            paths: Files, folders and patterns; ``-`` is standard input.
            collection: Its name; None means the config's default.
            prune: Remove documents whose files have vanished from ``paths``.
            retry_failed: Try again what was refused or failed before and has not changed.
            progress: Called as work goes on.

        Raises:
            EncoderMismatch: the collection was filled by another encoder.
            StoreBusy: another process is writing to it.
        """
        from ingest.pipeline import ingest

        encoder = self.encoder
        target = self.database.create(collection or self.config.store.collection, encoder.fingerprint)
        several = [paths] if isinstance(paths, str | Path) else list(paths)
        return ingest(
            several,
            target,
            encoder,
            settings=pipeline_settings(self.config.ingest),
            prune=prune,
            retry_failed=retry_failed,
            skip=own_files(self.config.home),
            progress=progress,
        )

    def watch(
        self,
        paths: PathLike | Sequence[PathLike],
        collection: str | None = None,
        *,
        prune: bool = False,
        retry_failed: bool = False,
        stop: "threading.Event | None" = None,
        progress: "Callable[[Progress], None] | None" = None,
    ) -> "Iterator[IngestReport]":
        """Sync as :meth:`ingest` does, then follow the paths and sync what changes, until ``stop`` is set.

        Yields:
            The report of the first sync, and one for each batch of changes.

        Raises:
            UsageError: a path does not exist, cannot be followed, or cannot be followed any more.
            StoreBusy: another process is writing to the collection.
        """
        from ingest.files.watching import Watch

        several = [paths] if isinstance(paths, str | Path) else list(paths)
        with Watch(several, own_files(self.config.home)) as watch:
            yield self.ingest(several, collection, prune=prune, retry_failed=retry_failed, progress=progress)
            for changed in watch.batches(stop):
                there = changed if prune else [path for path in changed if path.exists()]
                if there:
                    yield self.ingest(there, collection, prune=prune, progress=progress)

    def migrate(
        self,
        collection: str | None = None,
        *,
        encoder: str,
        queries: PathLike | Sequence[str] = (),
        compare_only: bool = False,
        progress: "Callable[[Progress], None] | None" = None,
    ) -> "Migration":
        """Move a collection to another encoder: build it anew beside, compare answers, and switch at once.

        Args:
            collection: Its name; None means the config's default.
            encoder: The encoder that is to fill it, as ``models.encoder`` names one.
            queries: What to compare with: questions, or a text file with one on each line. By default sentences of the
                documents.
            compare_only: Leave the switch for another call, which goes on from here.
            progress: Called as work goes on.

        Raises:
            UnknownCollection: there is no such collection.
            UsageError: it was filled by that encoder already, or there is no such file of questions.
            ModelMissing: the encoder is not on this machine.
            StoreBusy: another process is writing to the collection, or migrates it.
        """
        from ragstack.migration import migrate, read_questions

        questions = read_questions(queries)
        name = collection or self.config.store.collection
        before = self.database.collection(name).encoder
        return migrate(
            self.database,
            name,
            self._models.encoder_of(before),
            self._models.encoder_named(encoder),
            questions=questions,
            compare_only=compare_only,
            progress=progress,
        )

    def search(
        self,
        question: str,
        k: int | None = None,
        *,
        collection: str | None = None,
        mode: SearchMode | None = None,
        where: Where = None,
    ) -> list[Hit]:
        """The ``k`` best chunks for a question that satisfy ``where``, best first.

        Raises:
            UnknownCollection: there is no such collection.
            UsageError: the question is empty or too long, or the filter cannot be understood.
        """
        return self._retriever(self.collection(collection)).search(question, k=k, mode=mode, where=filter_of(where))

    def ask(
        self,
        question: str,
        *,
        history: "Sequence[Answer | Turn]" = (),
        collection: str | None = None,
        generator: GeneratorKind | None = None,
        where: Where = None,
        explain: bool = False,
    ) -> Answer:
        """An answer whose every sentence is cited and verified, or a refusal.

        Args:
            question: What is asked; with ``history`` it may lean on what was said before.
            history: The conversation so far, oldest first: earlier answers, or turns made of texts.
            collection: Its name; None means the config's default.
            generator: Who writes; None means the config's.
            where: Only chunks whose metadata satisfy this filter.
            explain: Whether the answer's ``explanation`` tells how it came about.

        Raises:
            UnknownCollection: there is no such collection.
            UsageError: the question is empty or too long, or the filter cannot be understood.
            ModelMissing: the decoder is not on this machine; the text has the command that fetches it.
            ModelError: the decoder failed.
        """
        options: dict[str, Any] = {"collection": collection, "generator": generator, "where": where}
        *_, last = self.stream(question, history=history, explain=explain, **options)
        answer: Answer = last.value
        return answer

    def stream(
        self,
        question: str,
        *,
        history: "Sequence[Answer | Turn]" = (),
        collection: str | None = None,
        generator: GeneratorKind | None = None,
        where: Where = None,
        explain: bool = False,
    ) -> Iterator[Event]:
        """The same as :meth:`ask`, event by event; the last one is ``done`` and holds the answer."""
        answerer = self._answerer(collection, generator)
        yield from answerer.stream(question, filter_of(where), history=history, explain=explain)

    def as_tool(self, *, collection: str | None = None, name: str = "ask_documents") -> "BaseTool":
        """A LangChain tool that an agent can call; its artifact is the :class:`ragstack.answers.Answer`."""
        from ragstack.tool import answer_tool

        return answer_tool(self, collection=collection, name=name)

    @property
    def database(self) -> "Database":
        """The database of the home directory."""
        with self._lock:
            if self._database is None:
                from indexes.database import Database

                store = self.config.store
                kind = None if store.index == "auto" else store.index
                self._database = Database.open(
                    self.config.home, url=store.url or None, lock_timeout=store.lock_timeout, kind=kind
                )
            return self._database

    @property
    def encoder(self) -> "Encoder":
        """The encoder of the config."""
        return self._models.encoder

    def collection(self, name: str | None = None) -> "VectorCollection":
        """A collection, checked to have been filled by the encoder of the config.

        Raises:
            UnknownCollection: there is none of that name.
            EncoderMismatch: it was filled by another encoder.
        """
        collection = self.database.collection(name or self.config.store.collection)
        here = self.encoder.fingerprint
        if collection.encoder != here:
            from ingest.encoders import precision_of

            setting = f'encoder = "{collection.encoder.name}"'
            if collection.encoder.name == here.name and precision_of(collection.encoder) != precision_of(here):
                setting = f'encoder_precision = "{precision_of(collection.encoder)}"'
            raise EncoderMismatch(
                f"collection {collection.name} was filled by encoder {collection.encoder.name} "
                f"(revision {collection.encoder.revision}), but the config says {here.name} (revision "
                f"{here.revision}); set models.{setting}, or type "
                f"`ragstack collections migrate {collection.name} --encoder {here.name}`"
            )
        return collection

    def generator(self, kind: GeneratorKind | None = None) -> "Generator":
        """The generator of that kind (default: the config's), opened once."""
        return self._models.generator(kind)

    def close(self) -> None:
        """Close models and database."""
        self._models.close()
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _retriever(self, collection: "VectorCollection") -> "Retriever":
        from ragstack.retrieval import Retriever

        return Retriever(collection, self.encoder, self.config.retrieval, self._models.reranker)

    def _answerer(self, name: str | None, kind: GeneratorKind | None) -> "Answerer":
        from ragstack.answering import Answerer
        from ragstack.checking import load_calibration
        from ragstack.evidence import EvidencePicker

        collection, generator = self.collection(name), self.generator(kind)
        return Answerer(
            collection=collection,
            retriever=self._retriever(collection),
            picker=EvidencePicker(self.encoder, self.config.evidence),
            encoder=self.encoder,
            generator=generator,
            calibration=load_calibration(self.config.home, decoder=generator.name, risk=self.config.answers.max_risk),
            settings=self.config.answers,
            max_tokens=self.config.generator.max_tokens,
        )
