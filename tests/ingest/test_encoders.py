"""Encoders, held against sentence-transformers itself on a tiny model that is made here."""

import hashlib
import itertools
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from indexes.errors import ExtraMissing, ModelError, ModelMissing
from ingest import encoder_int8, encoder_torch, encoders
from ingest.encoder_folder import read_encoder_folder
from ingest.encoders import Encoder, SentenceTransformerEncoder, open_encoder, precision_of
from ingest.packs import default_cache

WORDS = [
    "query",
    "passage",
    ":",
    "the",
    "pump",
    "valve",
    "opens",
    "closes",
    "a",
    "b",
    "水",
    "泵",
    "阀",
    "门",
    "开",
    "关",
]
TEXTS = [
    "the pump opens",
    "水泵开 the valve closes",
    "",
    "阀门关",
    "unheard of words",
    "the valve " * 40,
    "水泵",
    "a b a b a b a b a b a b a",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights, 64 tokens long, as sentence-transformers saves it."""
    path = tmp_path_factory.mktemp("encoder")
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_truncation(8)  # as in some published folders; the limit that counts is max_seq_length
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special).save_pretrained(path / "bare")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    torch.manual_seed(3)
    BertModel(config).save_pretrained(path / "bare")
    body = Transformer(str(path / "bare"))
    model = SentenceTransformer(modules=[body, Pooling(32, "mean"), Normalize()], device="cpu")
    model.prompts = {"query": "query: ", "passage": "passage: "}
    model.save(str(path / "tiny"))
    return path / "tiny"


@pytest.fixture(scope="module")
def reference(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture
def encoder(folder: Path, tmp_path: Path) -> SentenceTransformerEncoder:
    return open_encoder(str(folder), tmp_path)


@pytest.fixture(scope="module")
def int8_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model cache where the eight-bit form is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def int8(folder: Path, int8_cache: Path) -> SentenceTransformerEncoder:
    return open_encoder(str(folder), int8_cache, precision="int8")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def set_json(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | changes))


def test_vectors_are_those_of_sentence_transformers(
    encoder: SentenceTransformerEncoder, reference: SentenceTransformer
) -> None:
    for encode, prefix in ((encoder.encode_passages, "passage: "), (encoder.encode_queries, "query: ")):
        vectors = encode(TEXTS)
        expected = reference.encode([prefix + text for text in TEXTS], prompt="", normalize_embeddings=True)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, expected, atol=2e-6)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert encoder.encode_passages([]).shape == (0, 32)


def test_a_vector_does_not_depend_on_what_it_is_encoded_with(
    encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = encoder.encode_passages(TEXTS)
    for budget in (1, 90, 1_000_000):
        monkeypatch.setattr(encoder_torch, "_BATCH_TOKENS", budget)
        np.testing.assert_allclose(encoder.encode_passages(TEXTS[::-1])[::-1], together, atol=2e-6)


def test_eight_bits_change_vectors_little(
    int8: SentenceTransformerEncoder, encoder: SentenceTransformerEncoder
) -> None:
    for ours, exact in ((int8.encode_passages, encoder.encode_passages), (int8.encode_queries, encoder.encode_queries)):
        vectors, expected = ours(TEXTS), exact(TEXTS)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert (vectors * expected).sum(axis=1).min() >= 0.99
        assert np.abs(vectors - expected).max() > 1e-5, "these are the vectors of fp32"
    assert int8.encode_passages([]).shape == (0, 32)


def test_a_vector_in_eight_bits_is_the_same_alone_and_among_others_on_any_number_of_threads(
    int8: SentenceTransformerEncoder, folder: Path, int8_cache: Path
) -> None:
    together = int8.encode_passages(TEXTS)
    for threads in (1, 3):
        other = open_encoder(str(folder), int8_cache, precision="int8", threads=threads)
        np.testing.assert_array_equal(other.encode_passages(TEXTS[::-1])[::-1], together)
    alone = np.concatenate([int8.encode_passages([text]) for text in TEXTS])
    np.testing.assert_array_equal(alone, together)


def test_eight_bits_have_a_fingerprint_of_their_own(
    int8: SentenceTransformerEncoder, encoder: SentenceTransformerEncoder
) -> None:
    exact, rounded = encoder.fingerprint, int8.fingerprint
    assert rounded == replace(exact, revision=f"{exact.revision}-int8")
    assert (precision_of(exact), precision_of(rounded)) == ("fp32", "int8")


def test_the_eight_bit_form_is_made_once_and_again_when_it_is_damaged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    real = encoder_int8._made

    def counting(*arguments: Any) -> Path:
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(encoder_int8, "_made", counting)
    first, second = (open_encoder(str(folder), tmp_path, precision="int8").encode_queries(TEXTS) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(made) == 1
    for name in ("words.npy", "matrices.onnx"):
        with (made[0] / name).open("r+b") as file:
            file.seek(-5, 2)
            file.write(b"wrong")
        after = open_encoder(str(folder), tmp_path, precision="int8").encode_queries(TEXTS)
        np.testing.assert_array_equal(after, first)
    (made[0] / "scales.npy").unlink()
    np.testing.assert_array_equal(open_encoder(str(folder), tmp_path, precision="int8").encode_queries(TEXTS), first)
    assert len(made) == 4
    assert [path.name for path in (tmp_path / ".int8").iterdir()] == [made[0].name]


def test_other_weights_have_another_eight_bit_form(copy: Path, tmp_path: Path) -> None:
    before = open_encoder(str(copy), tmp_path, precision="int8").encode_queries(TEXTS)
    weights = {
        name: tensor * torch.linspace(1, 2, tensor.shape[-1])
        for name, tensor in load_file(copy / "model.safetensors").items()
    }
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    after = open_encoder(str(copy), tmp_path, precision="int8").encode_queries(TEXTS)
    assert (before * after).sum(axis=1).max() < 0.99, "these are the vectors of the old weights"
    assert len(list((tmp_path / ".int8").iterdir())) == 2


def test_positions_that_begin_after_the_padding_are_kept(folder: Path, copy: Path, tmp_path: Path) -> None:
    """XLM-R numbers positions from its padding id on, and learns them from which ids are padding."""
    config = XLMRobertaConfig(
        vocab_size=20,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=66,
        pad_token_id=0,
        initializer_range=0.3,
    )
    torch.manual_seed(3)
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(copy)
    exact = open_encoder(str(copy), tmp_path).encode_passages(TEXTS)
    rounded = open_encoder(str(copy), tmp_path, precision="int8").encode_passages(TEXTS)
    assert (exact * rounded).sum(axis=1).min() >= 0.99


@pytest.mark.parametrize("package", ["onnxruntime", "onnxruntime.quantization", "onnx"])
def test_a_package_that_is_missing_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("onnx", "onnxruntime")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    encoder = open_encoder(str(folder), tmp_path, precision="int8")
    assert encoder.count_tokens(["the pump"]) == [2]
    with pytest.raises(
        ExtraMissing, match=r"pip install 'ragstack\[onnx\]'.* models.encoder_precision = \"fp32\""
    ) as raised:
        encoder.encode_queries(["the pump"])
    assert "\n" not in str(raised.value)


def test_a_cache_that_cannot_hold_the_eight_bit_form_is_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"the model cache .*file cannot be used: ") as raised:
        open_encoder(str(folder), tmp_path / "file", precision="int8").encode_queries(["the pump"])
    assert "\n" not in str(raised.value)


def test_a_model_that_cannot_be_exported_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr("torch.onnx.export", fail)
    with pytest.raises(ModelError, match=r"tiny cannot be rounded to int8: no such operator; set models") as raised:
        open_encoder(str(folder), tmp_path, precision="int8").encode_queries(["the pump"])
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / ".int8").iterdir())


def test_eight_bits_need_no_torch_once_they_are_made(
    int8: SentenceTransformerEncoder, folder: Path, int8_cache: Path
) -> None:
    int8.encode_queries(["the pump"])
    code = f"""
import sys
from pathlib import Path
from ingest.encoders import open_encoder
encoder = open_encoder({str(folder)!r}, Path({str(int8_cache)!r}), precision="int8")
assert encoder.encode_queries(["the pump"]).shape == (1, 32)
print([name for name in ("torch", "transformers", "onnx") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@given(st.lists(st.integers(1, 600)), st.integers(1, 2000))
def test_batches_hold_each_text_once_and_little_padding(lengths: list[int], budget: int) -> None:
    batches = list(encoder_torch._batches(lengths, budget))
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[position] for position in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget
    flat = [lengths[position] for batch in batches for position in batch]
    assert flat == sorted(lengths, reverse=True)


def test_several_threads_make_the_same_vectors_and_leave_torch_as_it_was(
    folder: Path, tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, texts = torch.get_num_threads(), TEXTS * 20
    torch.set_num_threads(2)
    seen: set[tuple[str, int]] = set()
    real = encoder_torch.TorchModel._batch
    begun, together = itertools.count(), threading.Barrier(2)

    def noting(self: encoder_torch.TorchModel, *arguments: Any) -> np.ndarray:
        seen.add((threading.current_thread().name, torch.get_num_threads()))
        if next(begun) < 2:
            together.wait(60)  # the second batch begins before the first has ended
        return real(self, *arguments)

    expected = encoder.encode_passages(texts)
    monkeypatch.setattr(encoder_torch.TorchModel, "_batch", noting)
    three = open_encoder(str(folder), tmp_path, threads=3)
    with ThreadPoolExecutor(4) as callers:
        for vectors in callers.map(three.encode_passages, [texts] * 8):
            np.testing.assert_allclose(vectors, expected, atol=2e-6)
    with ThreadPoolExecutor(1) as another:
        after = torch.get_num_threads(), another.submit(torch.get_num_threads).result()
    torch.set_num_threads(before)
    assert {threads for _, threads in seen} == {1}
    assert 2 <= len(seen) <= 3
    assert after == (2, 2)


def test_tokens_are_counted_bare_and_beyond_the_limit(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.count_tokens(["the pump opens", "水泵", "", "the valve " * 40]) == [3, 2, 0, 80]
    assert encoder.max_length == 64


def test_a_longer_text_is_cut_at_the_limit(encoder: SentenceTransformerEncoder) -> None:
    # passage, colon and two special tokens leave 60 of the 64 tokens
    fits, longer = "a b " * 30, "a b " * 30 + "the pump"
    np.testing.assert_allclose(encoder.encode_passages([longer]), encoder.encode_passages([fits]), atol=1e-6)
    shorter = encoder.encode_passages(["a b " * 29 + "a pump"])
    assert np.abs(shorter - encoder.encode_passages([fits])).max() > 1e-3


def test_a_lone_surrogate_does_not_stop_the_encoder(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.count_tokens(["the \udce9 pump"]) == [3]
    assert np.isfinite(encoder.encode_queries(["the \udce9 pump"])).all()


def test_the_fingerprint_says_what_a_vector_means(encoder: Encoder, folder: Path) -> None:
    fingerprint = encoder.fingerprint
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (fingerprint.name, fingerprint.revision) == ("tiny", weights[:12])
    assert (fingerprint.dimension, fingerprint.pooling) == (32, "mean")
    assert (fingerprint.query_prefix, fingerprint.passage_prefix) == ("query: ", "passage: ")


def test_weights_are_hashed_once_and_again_when_they_change(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []
    real = encoders.read_encoder_folder.__globals__["sha256_of"]

    def counting(path: Path) -> str:
        hashed.append(path)
        return str(real(path))

    monkeypatch.setattr("ingest.encoder_folder.sha256_of", counting)
    first, second = (open_encoder(str(copy), tmp_path).fingerprint.revision for _ in range(2))
    assert first == second
    assert hashed == [copy / "model.safetensors"]
    with (copy / "model.safetensors").open("ab") as file:
        file.write(b"\0")
    assert open_encoder(str(copy), tmp_path).fingerprint.revision != first


def test_a_cache_that_cannot_be_written_costs_only_time(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    encoder = open_encoder(str(copy), tmp_path / "file")
    assert encoder.fingerprint == open_encoder(str(copy), tmp_path).fingerprint


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"embedding_dimension": 32, "pooling_mode": "cls"}, (32, "cls")),
        ({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}, (32, "mean")),
        (
            {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
            (32, "cls"),
        ),
        (
            {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            (64, "cls+mean"),
        ),
    ],
)
def test_pooling_is_read_in_its_old_and_new_form(
    copy: Path, tmp_path: Path, settings: dict[str, Any], expected: tuple[int, str]
) -> None:
    (copy / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    found = read_encoder_folder(copy, tmp_path, "any")
    assert (found.dimension, found.pooling) == expected


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("hf:intfloat/multilingual-e5-base", ("query: ", "passage: ")),
        ("hf:intfloat/e5-large-v2", ("query: ", "passage: ")),
        ("hf:intfloat/multilingual-e5-large-instruct", ("", "")),
        ("hf:BAAI/bge-m3", ("", "")),
        ("me5-like", ("", "")),
    ],
)
def test_the_e5_family_gets_its_prefixes_where_the_folder_is_silent(
    copy: Path, tmp_path: Path, name: str, prefixes: tuple[str, str]
) -> None:
    (copy / "config_sentence_transformers.json").unlink()
    found = read_encoder_folder(copy, tmp_path, name)
    assert (found.query_prefix, found.passage_prefix) == prefixes


def test_the_longest_input_never_passes_the_positions_of_the_model(copy: Path, tmp_path: Path) -> None:
    set_json(copy / "tokenizer_config.json", model_max_length=10**30)
    assert read_encoder_folder(copy, tmp_path, "any").max_length == 64
    set_json(copy / "config.json", model_type="xlm-roberta")
    assert read_encoder_folder(copy, tmp_path, "any").max_length == 62
    set_json(copy / "sentence_bert_config.json", max_seq_length=48)
    assert read_encoder_folder(copy, tmp_path, "any").max_length == 48


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (remove("config.json"), "is no encoder: it has no config.json; expected a sentence-transformers folder"),
        (remove("tokenizer.json"), "is no encoder: it has no tokenizer.json"),
        (remove("model.safetensors"), "has no model.safetensors; weights in other forms are not read"),
        (lambda folder: (folder / "modules.json").write_text("{"), "modules.json cannot be read as JSON"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x08" * 64), "cannot be loaded: "),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "cannot be loaded: "),
    ],
)
def test_a_damaged_folder_is_one_line(copy: Path, tmp_path: Path, harm: Callable[[Path], None], sentence: str) -> None:
    harm(copy)
    with pytest.raises(ModelError, match=sentence) as raised:
        open_encoder(str(copy), tmp_path).encode_queries(["the pump"])
    assert str(copy) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match="SmolLM2-135M-Instruct is a decoder; expected an encoder, such as multilingual"
    ):
        open_encoder("SmolLM2-135M-Instruct", tmp_path)
    with pytest.raises(ModelMissing, match="ragstack models pull all-MiniLM-L6-v2"):
        open_encoder("all-MiniLM-L6-v2", tmp_path)
    (tmp_path / "model.gguf").touch()
    with pytest.raises(ModelError, match=r"model.gguf is no encoder"):
        open_encoder(str(tmp_path / "model.gguf"), tmp_path)


def test_loading_asks_no_network_and_says_nothing(
    encoder: SentenceTransformerEncoder,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    encoder.encode_queries(["the pump"])
    open_encoder(str(folder), tmp_path, precision="int8").encode_queries(["the pump"])
    assert capfd.readouterr() == ("", "")


def test_counting_and_the_fingerprint_load_no_torch(folder: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from ingest.encoders import open_encoder
encoder = open_encoder({str(folder)!r}, Path({str(tmp_path)!r}))
assert encoder.fingerprint.dimension == 32 and encoder.count_tokens(["the pump"]) == [2]
print([name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.models
@pytest.mark.parametrize("name", ["multilingual-e5-small", "all-MiniLM-L6-v2"])
def test_the_packs_encode_as_sentence_transformers_does(name: str) -> None:
    encoder = open_encoder(name, default_cache())
    reference = SentenceTransformer(str(default_cache() / name), device="cpu", local_files_only=True)
    prefix = encoder.fingerprint.passage_prefix
    texts = ["The valve closes.", "阀门关上了。", "", "steam " * 700]
    expected = reference.encode([prefix + text for text in texts], normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode_passages(texts), expected, atol=2e-6)
    assert encoder.fingerprint.dimension == expected.shape[1]
    assert encoder.max_length == reference.max_seq_length
