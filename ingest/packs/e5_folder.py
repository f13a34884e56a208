"""multilingual-e5-small as a sentence-transformers folder that any library reads.

The weights are written in float32: what the 4-bit form says, to the bit. The same source always gives the same bytes
in every file, whatever versions of other libraries are installed, so that their SHA-256 can be pinned.

The tokenizer gives the ids that the wheel's engine gives. That takes three departures from the usual fast tokenizer
of XLM-RoBERTa: each character that no piece holds is an unknown of its own (the usual one melts neighbours into one),
a literal ``<unk>`` in a text is spelled out, and a mark that combines with a replaced character is kept.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ingest.packs.charsmap import build_charsmap
from ingest.packs.e5_source import E5Source

__all__ = ["write_e5_folder"]

_COMBINED = r"(?<=\P{M})(?=[\p{M}\x{200C}\x{200D}])"
"""The place between a character and a mark that combines with it. U+0001, which the character map removes, is put
there, so that the library normalises the two one by one."""


def write_e5_folder(data: bytes, folder: Path) -> None:
    """Write the model whose 4-bit file is ``data`` into ``folder``."""
    source = E5Source(data)
    (folder / "1_Pooling").mkdir(parents=True)
    _write_weights(source, folder / "model.safetensors")
    _write_json(folder / "tokenizer.json", _tokenizer(source))
    for name, content in _settings(source).items():
        _write_json(folder / name, content)


def _tensors(source: E5Source) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of a ``BertModel``: name → (name in the source, shape).

    The pooler, which mean pooling never asks, is not in the source and has no name there: it is written as zeros, for
    without it every load would warn.
    """
    shape = source.shape
    hidden, wide = shape.hidden, shape.feed_forward
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {
        "embeddings.word_embeddings.weight": ("emb.word", (shape.vocabulary, hidden)),
        "embeddings.position_embeddings.weight": ("emb.pos", (shape.positions, hidden)),
        "embeddings.token_type_embeddings.weight": ("emb.type", (shape.types, hidden)),
        "embeddings.LayerNorm.weight": ("emb.ln.w", (hidden,)),
        "embeddings.LayerNorm.bias": ("emb.ln.b", (hidden,)),
        "pooler.dense.weight": ("", (hidden, hidden)),
        "pooler.dense.bias": ("", (hidden,)),
    }
    parts: dict[str, tuple[str, tuple[int, ...]]] = {
        "attention.self.query": ("q", (hidden, hidden)),
        "attention.self.key": ("k", (hidden, hidden)),
        "attention.self.value": ("v", (hidden, hidden)),
        "attention.output.dense": ("ao", (hidden, hidden)),
        "attention.output.LayerNorm": ("aln", (hidden,)),
        "intermediate.dense": ("fi", (wide, hidden)),
        "output.dense": ("fo", (hidden, wide)),
        "output.LayerNorm": ("oln", (hidden,)),
    }
    for layer in range(shape.layers):
        for name, (short, form) in parts.items():
            tensors[f"encoder.layer.{layer}.{name}.weight"] = (f"l{layer}.{short}.w", form)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = (f"l{layer}.{short}.b", form[:1])
    return dict(sorted(tensors.items()))


def _write_weights(source: E5Source, path: Path) -> None:
    """Write a safetensors file tensor after tensor, so that only one is in memory: header size, header, values."""
    tensors = _tensors(source)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (_, shape) in tensors.items():
        start, end = end, end + 4 * prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for origin, shape in tensors.values():
            values = source.tensor(origin) if origin else np.zeros(prod(shape), np.float32)
            file.write(values.astype("<f4").data)


def _tokenizer(source: E5Source) -> dict[str, Any]:
    """The tokenizer as the ``tokenizers`` library stores it."""
    bos, eos = source.pieces[source.bos], source.pieces[source.eos]
    first, last = ({"SpecialToken": {"id": token, "type_id": 0}} for token in (bos, eos))
    one, two = ({"Sequence": {"id": which, "type_id": 0}} for which in "AB")
    charsmap = base64.b64encode(build_charsmap(source.normalised)).decode()
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    isolated = {"type": "Split", "pattern": {"Regex": _isolated(source)}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_special(source.pieces[id], id) for id in sorted((source.bos, source.pad, source.eos))],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Replace", "pattern": {"Regex": _COMBINED}, "content": "\x01"},
                {"type": "Precompiled", "precompiled_charsmap": charsmap},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            ],
        },
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [metaspace, isolated]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first, one, last],
            "pair": [first, one, last, last, two, last],
            "special_tokens": {
                token: {"id": token, "ids": [id], "tokens": [token]}
                for token, id in ((bos, source.bos), (eos, source.eos))
            },
        },
        "decoder": metaspace,
        "model": {
            "type": "Unigram",
            "unk_id": source.unk,
            "byte_fallback": False,
            "vocab": list(zip(source.pieces, source.scores, strict=True)),
        },
    }


def _special(token: str, id: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": id, "content": token, **flags}


def _isolated(source: E5Source) -> str:
    """A pattern for what must stand alone: the inside of a literal ``<unk>``, and a character that no piece holds."""
    known = sorted({ord(character) for piece in source.pieces for character in piece})
    return f"(?<=<)unk(?=>)|[^{''.join(_ranges(known))}]"


def _ranges(codes: Sequence[int]) -> Iterator[str]:
    """Sorted code points as the ranges of a character class."""
    for _, run in groupby(enumerate(codes), key=lambda item: item[1] - item[0]):
        run_codes = [code for _, code in run]
        yield f"{re.escape(chr(run_codes[0]))}-{re.escape(chr(run_codes[-1]))}"


def _settings(source: E5Source) -> dict[str, Any]:
    """The small files of the folder."""
    shape = source.shape
    bos, eos, pad = (source.pieces[id] for id in (source.bos, source.eos, source.pad))
    modules = "sentence_transformers.models."
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": float(f"{shape.epsilon:.6g}"),
            "pad_token_id": source.pad,
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": bos,
            "eos_token": eos,
            "cls_token": bos,
            "sep_token": eos,
            "pad_token": pad,
            "clean_up_tokenization_spaces": False,
        },
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": modules + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": modules + "Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": modules + "Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
