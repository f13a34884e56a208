"""What a sentence-transformers folder says about itself, read from its small files: no model is loaded here.

The files are JSON: ``modules.json`` (the chain transformer → pooling → …), ``config.json`` (the transformer),
``sentence_bert_config.json`` and ``tokenizer_config.json`` (the longest input), ``1_Pooling/config.json``,
``config_sentence_transformers.json`` (prompts). A folder without ``modules.json`` is a bare transformer, which is
pooled by the mean.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexes.errors import ModelError
from ingest.packs.download import sha256_of
from ingest.packs.store import PACK_RECORD

__all__ = ["EncoderFolder", "read_encoder_folder"]

_POSITIONS_FROM_PADDING = ("roberta", "camembert", "mpnet", "xmod")
"""Families whose positions begin after the padding id, so that two of them are never used."""

_E5 = re.compile(r"(^|[-_/])e5-(?!.*instruct)", re.IGNORECASE)
"""Models of the E5 family were trained with prefixes, which their original folders do not tell."""


@dataclass(frozen=True, slots=True)
class EncoderFolder:
    """An encoder on disk.

    ``revision`` is the beginning of the SHA-256 of the weights; ``max_length`` counts tokens, prefix and special
    tokens included; ``pooling`` is the name of the pooling mode, several of them joined by ``+``.
    """

    path: Path
    revision: str
    dimension: int
    pooling: str
    max_length: int
    pad_id: int
    query_prefix: str
    passage_prefix: str


def read_encoder_folder(path: Path, cache: Path, name: str) -> EncoderFolder:
    """Read the folder at ``path``; ``cache`` remembers the hash of weights that had to be read for it.

    Raises:
        ModelError: this is no folder of an encoder that can be used.
    """
    for needed in ("config.json", "tokenizer.json"):
        if not (path / needed).is_file():
            raise ModelError(f"{path} is no encoder: it has no {needed}; expected a sentence-transformers folder")
    config = _json(path / "config.json")
    dimension, pooling = _modules(path, int(config.get("hidden_size", 0)))
    query_prefix, passage_prefix = _prefixes(path, name)
    return EncoderFolder(
        path=path,
        revision=_revision(path, cache),
        dimension=dimension,
        pooling=pooling,
        max_length=_max_length(path, config),
        pad_id=int(config.get("pad_token_id") or 0),
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
    )


def _json(path: Path) -> Any:
    """The content of a JSON file; an empty object where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error


def _modules(path: Path, hidden: int) -> tuple[int, str]:
    """The dimension of the vectors, and how tokens become one vector."""
    dimension, pooling = hidden, "mean"
    for module in _json(path / "modules.json") or ():
        kind = str(module["type"]).rsplit(".", 1)[-1]
        settings = _json(path / str(module["path"]) / "config.json") if module["path"] else {}
        if kind == "Pooling":
            modes = settings.get("pooling_mode") or [
                mode.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
                for mode, chosen in settings.items()
                if mode.startswith("pooling_mode_") and chosen
            ]
            modes = [modes] if isinstance(modes, str) else modes
            width = int(settings.get("embedding_dimension") or settings.get("word_embedding_dimension") or hidden)
            dimension, pooling = width * len(modes), "+".join(modes)
        elif kind == "Dense":
            dimension = int(settings["out_features"])
    return dimension, pooling


def _max_length(path: Path, config: dict[str, Any]) -> int:
    positions = int(config.get("max_position_embeddings") or 512)
    if any(family in str(config.get("model_type")) for family in _POSITIONS_FROM_PADDING):
        positions -= 2
    told = _json(path / "sentence_bert_config.json").get("max_seq_length")
    told = told or _json(path / "tokenizer_config.json").get("model_max_length") or positions
    return min(int(told), positions)


def _prefixes(path: Path, name: str) -> tuple[str, str]:
    prompts = _json(path / "config_sentence_transformers.json").get("prompts") or {}
    query = str(prompts.get("query") or "")
    passage = str(prompts.get("passage") or prompts.get("document") or "")
    if not query and not passage and _E5.search(name):
        return "query: ", "passage: "
    return query, passage


def _revision(path: Path, cache: Path) -> str:
    """Twelve hex digits of the SHA-256 of the weights.

    A pack says it; the hub's cache names files by it; else it is computed once and remembered in ``cache`` for as
    long as the file keeps its size and its time of change.
    """
    recorded = _json(path / PACK_RECORD).get("files", {}).get("model.safetensors")
    if recorded:
        return str(recorded)[:12]
    weights = sorted(path.glob("model*.safetensors"))
    if not weights:
        raise ModelError(f"{path} has no model.safetensors; weights in other forms are not read: convert them first")
    digests = [_digest(file.resolve(), cache) for file in weights]
    return (digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest())[:12]


def _digest(file: Path, cache: Path) -> str:
    if re.fullmatch("[0-9a-f]{64}", file.name):
        return file.name
    stat = file.stat()
    key = hashlib.sha256(f"{file}\n{stat.st_size}\n{stat.st_mtime_ns}".encode()).hexdigest()[:32]
    memo = cache / ".revisions" / key
    try:
        return memo.read_text(encoding="ascii")
    except OSError:
        digest = sha256_of(file)
    try:
        memo.parent.mkdir(parents=True, exist_ok=True)
        memo.write_text(digest, encoding="ascii")
    except OSError:  # a cache that cannot be written only costs time
        pass
    return digest
