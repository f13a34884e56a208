"""How often the evidence holds the gold answer, and how many tokens of it the generator reads.

    python benchmarks/evidence.py DATA [--tokens 128 256] [--worth 0.5 0.8] [--half choose|report] [--home DIR]

DATA holds folders in the layout of the evaluation data. Each set is cut to passages that questions are about and
others, ingested with chunks of each length, and its questions are split in two by a fixed seed: settings are compared
on ``choose``, and those that were taken are reported on ``report``. ``chunks`` says how often the answer stands in the
chunks that evidence is picked from, so that what is lost by picking shows apart from what was never found. No decoder
is run. Collections are kept in ``--home``, so that a second call starts at once.
"""

import argparse
import itertools
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from claims import read

from ingest.encoders import Encoder
from ragstack import RagStack, evidence
from ragstack.config import load_config
from ragstack.evaluation.statistics import bootstrap
from ragstack.evidence import EvidencePicker
from ragstack.prompts import passages

SEED = 7
SETS = {"squad2_en": 400, "xquad_en_zh": 240, "covidqa_en": 12, "cmrc2018_zh": 200}
"""Passages or articles of each."""
Query = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", type=int, nargs="+", default=[128])
    parser.add_argument("--half", choices=["choose", "report"], default="report")
    parser.add_argument("--questions", type=int, default=100, help="of each set")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=sorted(SETS))
    parser.add_argument("--chunks-read", type=int, nargs="+", default=[evidence.CHUNKS_READ])
    parser.add_argument("--max-tokens", type=int, nargs="+", default=[0], help="0: the default")
    parser.add_argument(
        "--worth", type=float, nargs="+", default=[evidence.WORTH_READING], help="shares of the best sentence's score"
    )
    parser.add_argument("--home", type=Path, help="keep the collections here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for length in options.tokens:
            home = (options.home or Path(folder)) / str(length)
            config = load_config(overrides={"store": {"home": home}, "ingest": {"chunk_tokens": length}})
            with RagStack.open(config) as stack:
                for name in options.sets:
                    measure(name, length, options, stack)


class Remembering:
    """The encoder, which encodes a text once however many settings ask for it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, np.ndarray]()
        self.encode_queries, self.count_tokens = encoder.encode_queries, encoder.count_tokens
        self.fingerprint, self.max_length = encoder.fingerprint, encoder.max_length

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode_passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def measure(name: str, length: int, options: argparse.Namespace, stack: RagStack) -> None:
    questions = ingest(options.data / name, SETS[name], stack)
    half = [query for at, query in enumerate(questions) if (at % 2 == 0) == (options.half == "choose")]
    half = half[: options.questions]
    found = [stack.search(query["text"], k=32, collection=name) for query in half]
    encoder = Remembering(stack.encoder)
    for chunks in options.chunks_read:
        evidence.CHUNKS_READ = chunks
        held = [any(stands(query, hit.text) for hit in hits[:chunks]) for query, hits in zip(half, found, strict=True)]
        for tokens, worth in itertools.product(options.max_tokens, options.worth):
            settings = stack.config.evidence.model_copy(update={"max_tokens": tokens} if tokens else {})
            picker = EvidencePicker(encoder, settings, worth)
            texts = [passages(picker.pick(query["text"], hits)) for query, hits in zip(half, found, strict=True)]
            right = np.array([stands(query, text) for query, text in zip(half, texts, strict=True)], dtype=float)
            lengths = stack.encoder.count_tokens(texts)
            share = bootstrap(lambda at, right=right: float(right[at].mean()), len(right), SEED)
            print(
                f"{name:14} {options.half:7} chunks of {length:3}, {chunks:2} read, {settings.max_tokens} tokens, "
                f"from {worth} of the best  "
                f"chunks {np.mean(held):.3f}  evidence {share.value:.3f} [{share.low:.3f}, {share.high:.3f}]  "
                f"tokens {np.mean(lengths):.0f}, at most {max(lengths)}  n={len(half)}",
                flush=True,
            )


def ingest(data: Path, count: int, stack: RagStack) -> list[Query]:
    """Bring a cut of the corpus in; the answerable questions about it, shuffled."""
    chance = random.Random(SEED)
    corpus = {passage["id"]: passage for passage in read(data, "corpus")}
    if data.name == "xquad_en_zh":
        corpus = {key: passage for key, passage in corpus.items() if chinese(passage["text"])}
    relevant = relevance(data)
    kept = set(chance.sample(sorted(corpus), min(count, len(corpus))))
    queries = [
        query
        for query in read(data, "queries")
        if query.get("answerable", True) and query.get("answers") and relevant.get(query["id"], set()) & kept
    ]
    if data.name == "xquad_en_zh":
        queries = [query for query in queries if chinese(query["text"])]
    chance.shuffle(queries)
    there = {info.name: info.documents for info in stack.database.collections()}
    if there.get(data.name) != len(kept):
        with tempfile.TemporaryDirectory() as folder:
            for key in kept:
                title = corpus[key].get("title") or ""
                Path(folder, f"{key.replace('/', '_')}.txt").write_text(f"{title}\n\n{corpus[key]['text']}", "utf-8")
            stack.ingest(folder, collection=data.name)
    return queries


def relevance(data: Path) -> dict[str, set[str]]:
    file = data / ("qrels_mono.tsv" if (data / "qrels_mono.tsv").exists() else "qrels.tsv")
    found: dict[str, set[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        query, passage, *_ = line.split("\t")
        found.setdefault(query, set()).add(passage)
    return found


def stands(query: Query, text: str) -> bool:
    return any(plain(answer) in plain(text) for answer in query["answers"])


def plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def chinese(text: str) -> bool:
    return any("一" <= character <= "鿿" for character in text)


if __name__ == "__main__":
    main()
