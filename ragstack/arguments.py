"""Settings and filters as people write them → what the floors below take."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstack.config import IngestSettings

if TYPE_CHECKING:
    from indexes.filters import Filter
    from ingest.files.discovery import OwnFiles
    from ingest.pipeline import PipelineSettings

__all__ = ["Where", "filter_of", "own_files", "pipeline_settings"]

_MEGABYTE = 1_000_000
Where = Mapping[str, Any] | Sequence[str] | None
"""A metadata filter: ``{"lang": "zh"}``, or conditions as on the command line, ``["lang=zh", "page<=3"]``."""


def pipeline_settings(settings: IngestSettings) -> "PipelineSettings":
    """The settings of ingestion."""
    from ingest.chunking import ChunkSettings
    from ingest.documents import Limits, LoadOptions
    from ingest.pipeline import PipelineSettings

    limits = Limits(
        max_bytes=settings.max_file_mb * _MEGABYTE,
        max_unpacked_bytes=settings.max_unpacked_mb * _MEGABYTE,
        max_ratio=settings.max_ratio,
        max_members=settings.max_archive_files,
        max_depth=settings.max_archive_depth,
        max_pages=settings.max_pages,
        max_seconds=settings.max_seconds,
        max_memory=settings.max_memory_mb * _MEGABYTE,
    )
    return PipelineSettings(
        chunks=ChunkSettings(max_tokens=settings.chunk_tokens, overlap_sentences=settings.overlap_sentences),
        options=LoadOptions(limits, pdf=settings.pdf_reader, ocr=settings.ocr),
        personal_data=settings.personal_data,
        doubtful=settings.doubtful_pages,
        workers=settings.workers,
    )


def own_files(home: Path) -> "OwnFiles":
    """What is written into a home, which are no documents: the catalogue, collections, evaluations, the calibration."""
    from indexes.database import OWN_FILES
    from ingest.files.discovery import OwnFiles, identity

    return OwnFiles(identity(home), re.compile(rf"{OWN_FILES}|evaluations|calibration\.json"))


def filter_of(where: Where) -> "Filter | None":
    """The filter, None where there is none.

    Raises:
        UsageError: it cannot be understood.
    """
    if not where:
        return None
    from indexes.filters import parse_mapping, parse_where

    return parse_mapping(where) if isinstance(where, Mapping) else parse_where(where)
