"""How long a query takes, by mode."""

import time
from pathlib import Path

import chunking
import numpy as np
from retrieving_sets import NEWS, SEED, TOKENS

from indexes.database import Database
from indexes.records import Chunk, Document
from ingest.chunking import ChunkSettings, chunk
from ingest.documents import Limits
from ingest.encoders import open_encoder
from ingest.loaders import text as plain
from ingest.packs import default_cache
from ragstack.config import RetrievalSettings
from ragstack.retrieval import Retriever
from ragstack.retrieval.reranking import FittedReranker


def speed(data: Path, work: Path, chunks: int, threads: int) -> None:
    """Milliseconds of a query over ``chunks`` chunks of the news, by mode; 100 questions, no cache.

    Half of the texts are said to be in the other language, so that there is a search among these too.
    """
    encoder = open_encoder("multilingual-e5-small", default_cache(), threads=threads)
    draw = np.random.default_rng(SEED)
    with Database.open(work / "home") as database:
        collection = database.create(f"speed-{chunks}-mixed", encoder.fingerprint)
        if not collection.info().chunks:
            with collection.writer() as writer:
                made = 0
                for row in chunking.rows(data / NEWS, "corpus"):
                    loaded = plain.load(row["text"], Limits())
                    cut = chunk(loaded, "", encoder.count_tokens, ChunkSettings(TOKENS, 1))[: chunks - made]
                    stored = [Chunk(each.start, each.end, each.context, f"{row['id']} {each.start}") for each in cut]
                    vectors = draw.standard_normal((len(cut), encoder.fingerprint.dimension)).astype(np.float32)
                    if cut:
                        writer.put(
                            Document(
                                row["id"], row["id"], "", loaded.text, row["id"], {"lang": "zh" if made % 2 else "en"}
                            ),
                            stored,
                            vectors,
                        )
                    made += len(cut)
                    if made >= chunks:
                        break
        asked = [row["text"] for row in chunking.rows(data / "cmrc2018_zh", "queries")][:100]
        for label, mode, reranker in (("dense", "dense", None), ("bm25", "lexical", None), ("fusion", "hybrid", None),
                                      ("reranked", "hybrid", FittedReranker())):  # fmt: skip
            retriever = Retriever(collection, encoder, RetrievalSettings(), reranker)
            for text in asked[:3]:
                retriever.search(text, mode=mode)
            taken = []
            for text in asked:
                began = time.perf_counter()
                retriever.search(text, mode=mode)
                taken.append(1000 * (time.perf_counter() - began))
            print(f"  {label:9} p50 {np.quantile(taken, 0.5):.0f} ms, p95 {np.quantile(taken, 0.95):.0f} ms, "
                  f"{collection.info().chunks} chunks", flush=True)  # fmt: skip
