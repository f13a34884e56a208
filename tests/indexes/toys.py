"""What the tests of the database share: documents made for them, and oracles that compute everything from scratch.

Child processes and benchmarks import it too.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.records import Chunk, Document, EncoderFingerprint, Scalar
from indexes.search.analysis import query_terms, terms

DIMENSION = 16
ENCODER = EncoderFingerprint(name="toy", revision="1", dimension=DIMENSION)
PARAGRAPHS = (
    "The cat sat on the mat and watched the river.",
    "Attention lets a decoder look back at every token of the prompt.",
    "北京是中华人民共和国的首都。",
    "注意力机制让解码器回看每一个词。",
    "猫在公园里追蝴蝶，狗在睡觉。",
    "GPT-4 and GB18030 are names with digits, as is version v2.1.",
    "A river runs through the old town; boats wait at the bridge.",
    "向量数据库保存文本的向量，并按余弦相似度检索。",
)


@dataclass
class Made:
    """A document as `Writer.put` takes it."""

    document: Document
    chunks: list[Chunk]
    vectors: np.ndarray


def vector_of(text: str) -> np.ndarray:
    """A vector that follows from the text alone."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


def make(key: str, paragraphs: Sequence[str], metadata: Mapping[str, Scalar] | None = None, **more: str) -> Made:
    """A document of paragraphs, each a chunk on a page of its own."""
    chunks, text = [], ""
    for number, paragraph in enumerate(paragraphs, 1):
        digest = hashlib.sha256(paragraph.encode()).hexdigest()
        chunks.append(Chunk(len(text), len(text) + len(paragraph), "", digest, page=number))
        text += paragraph + "\n"
    document = Document(
        key=key, uri=more.get("uri", key), title=more.get("title", ""), text=text, digest="d", metadata=metadata or {}
    )
    vectors = np.array([vector_of(p) for p in paragraphs], np.float32).reshape(len(paragraphs), DIMENSION)
    return Made(document, chunks, vectors)


def versioned(key: str, version: str) -> list[str]:
    """Paragraphs of which one changes with the version and the others stay."""
    return [f"{key} {version} begins", f"{key} has a river that stays", "注意力 stays", f"{version} 猫 ends {key}"]


@dataclass
class Oracle:
    """The live chunks of a collection, and searches that compare every one of them."""

    rows: dict[int, tuple[str, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, collection: Collection, made: Sequence[Made]) -> "Oracle":
        """What the collection should hold, with the ids that it gave; fails where text or number differ."""
        expected = Counter((m.document.uri, c.start, m.document.text[c.start : c.end]) for m in made for c in m.chunks)
        stored = collection.chunks(sorted(id_ for id_, _ in collection.dense(np.ones(DIMENSION), 10_000)))
        assert Counter((c.document, c.start, c.text) for c in stored) == expected
        return cls({c.chunk_id: (c.text, vector_of(c.text)) for c in stored})

    def dense(self, query: np.ndarray, k: int) -> list[tuple[int, float]]:
        scores = {i: float(v @ query / np.linalg.norm(v) / np.linalg.norm(query)) for i, (_, v) in self.rows.items()}
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]

    def lexical(self, query: str, k: int, k1: float = 1.2, b: float = 0.75) -> list[tuple[int, float]]:
        """BM25 written out from the formula, with dictionaries."""
        texts = {i: Counter(terms(text)) for i, (text, _) in self.rows.items()}
        mean = sum(c.total() for c in texts.values()) / len(texts) if texts else 1
        scores: dict[int, float] = {}
        for term, weight in query_terms(query).items():
            having = [i for i, counts in texts.items() if term in counts]
            idf = math.log(1 + (len(texts) - len(having) + 0.5) / (len(having) + 0.5))
            for i in having:
                tf, length = texts[i][term], texts[i].total()
                scores[i] = scores.get(i, 0.0) + weight * idf * tf / (tf + k1 * (1 - b + b * length / mean))
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]


def assert_same(found: Sequence[tuple[int, float]], expected: Sequence[tuple[int, float]]) -> None:
    """The same ids with the same scores; chunks of equal score may change places."""
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-5)
    assert len({id_ for id_, _ in found}) == len(found)
    exact = dict(expected)
    least = min(exact.values(), default=0.0)
    for id_, score in found:
        if id_ in exact:
            assert score == pytest.approx(exact[id_], abs=1e-5)
        else:
            assert score == pytest.approx(least, abs=1e-5)


def assert_searches(collection: Collection, oracle: Oracle) -> None:
    """Dense and lexical search agree with the oracle."""
    for text in ("a river", "注意力", PARAGRAPHS[0]):
        query = vector_of(text)
        assert_same(collection.dense(query, 5), oracle.dense(query, 5))
        assert_same(collection.dense(query, 1000), oracle.dense(query, 1000))
    for question in ("the river and the cat", "注意力机制是什么", "猫", "GPT4 river 向量", "zebra"):
        assert_same(collection.lexical(question, 5), oracle.lexical(question, 5))


sqlite_only = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For tests that are about the catalogue's file or other things that only SQLite has."""
