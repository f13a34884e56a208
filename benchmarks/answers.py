"""Answers over the example documents, beside LangChain's 'stuff' chain with the same GGUF, in one run.

    pip install '.[bench]' && python benchmarks/answers.py [--limit N]

The rival is what LangChain's documentation builds: chunks of 1,000 characters, the same encoder, FAISS, k = 4, all
four put into a prompt that asks to say so when the answer is not there. It talks to the same decoder, loaded the same
way, through llama.cpp's own HTTP endpoint on this machine. The two take turns question by question. Accuracy: a gold
answer stands in the text. Both have answered one question before the clock starts, so that all is warm.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragstack import RagStack

ROOT = Path(__file__).parents[1]
DECLINES = ("don't know", "do not know", "not mention", "not contain", "no information", "not provided", "not specif",
            "不知道", "没有提", "未提", "没有说", "无法", "没有相关", "未提供", "没有提供")  # fmt: skip


@dataclass
class Result:
    """What one system said to one question."""

    text: str
    abstained: bool
    seconds: float
    prompt_tokens: int
    documents: set[str]


def plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def ours(stack: RagStack) -> Callable[[str], Result]:
    def ask(question: str) -> Result:
        started = time.perf_counter()
        answer = stack.ask(question, collection="examples")
        cited = {Path(citation.document).name for citation in answer.citations}
        seconds = time.perf_counter() - started
        return Result(answer.text, answer.abstained, seconds, answer.usage.prompt_tokens, cited)

    return ask


def langchain(model: Path, decoder: Path) -> Callable[[str], Result]:
    import xllamacpp
    from langchain_classic.chains import create_retrieval_chain
    from langchain_classic.chains.combine_documents import create_stuff_documents_chain
    from langchain_community.vectorstores import FAISS
    from langchain_core.callbacks import UsageMetadataCallbackHandler
    from langchain_core.documents import Document
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_openai import ChatOpenAI
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from ingest.documents import Limits
    from ingest.files.loading import load

    params = xllamacpp.CommonParams()
    params.model.path = str(decoder)
    params.n_ctx, params.n_parallel, params.verbosity, params.port = 4096, 1, -1, 0
    server = xllamacpp.Server(params)
    chat = ChatOpenAI(base_url=f"{server.listening_address}/v1", api_key="none", model="gguf", temperature=0,
                      max_completion_tokens=160, stream_usage=True)  # fmt: skip
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    files = sorted((ROOT / "examples/documents").iterdir())
    documents = [Document(load(file, Limits()).text, metadata={"source": file.name}) for file in files]
    embeddings = HuggingFaceEmbeddings(
        model_name=str(model),
        encode_kwargs={"normalize_embeddings": True, "prompt": "passage: "},
        query_encode_kwargs={"normalize_embeddings": True, "prompt": "query: "},
    )
    index = FAISS.from_documents(splitter.split_documents(documents), embeddings)
    prompt = ChatPromptTemplate.from_messages([
        ("system", "Use the given context to answer the question. If you don't know the answer, say you don't know. "
                   "Use three sentences maximum and keep the answer concise. Context: {context}"),
        ("human", "{input}"),
    ])  # fmt: skip
    chain = create_retrieval_chain(
        index.as_retriever(search_kwargs={"k": 4}), create_stuff_documents_chain(chat, prompt)
    )

    def ask(question: str) -> Result:
        assert server is not None  # the closure keeps the endpoint alive
        counter = UsageMetadataCallbackHandler()
        started = time.perf_counter()
        out = chain.invoke({"input": question}, config={"callbacks": [counter]})
        seconds = time.perf_counter() - started
        tokens = sum(usage["input_tokens"] for usage in counter.usage_metadata.values())
        declined = any(words in out["answer"].casefold() for words in DECLINES)
        return Result(out["answer"], declined, seconds, tokens, {found.metadata["source"] for found in out["context"]})

    return ask


def summary(results: list[tuple[dict[str, Any], Result]]) -> dict[str, float]:
    answerable = [(question, result) for question, result in results if question["answers"]]
    others = [result for question, result in results if not question["answers"]]
    right = [any(plain(a) in plain(result.text) for a in question["answers"]) for question, result in answerable]
    return {
        "questions": len(results),
        "accuracy": statistics.mean(right),
        "right document": statistics.mean(question["document"] in result.documents for question, result in answerable),
        "unanswerable refused": statistics.mean(result.abstained for result in others) if others else 0.0,
        "answerable refused": statistics.mean(result.abstained for _, result in answerable),
        "seconds p50": statistics.median(result.seconds for _, result in results),
        "prompt tokens max": max(result.prompt_tokens for _, result in results),
        "prompt tokens p50": statistics.median(result.prompt_tokens for _, result in results if result.prompt_tokens),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=None, help="only the first N questions of each language")
    parser.add_argument("--alone", action="store_true", help="without the rival")
    options = parser.parse_args()
    lines = (ROOT / "examples/questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    if options.limit:
        questions = [q for lang in ("en", "zh") for q in [q for q in questions if q["lang"] == lang][: options.limit]]
    from ingest.packs import default_cache, locate

    with RagStack.open() as stack:
        stack.ingest(ROOT / "examples/documents", collection="examples")
        systems: dict[str, Callable[[str], Result]] = {"ragstack": ours(stack)}
        if not options.alone:
            paths = [
                locate(name, default_cache()) for name in (stack.config.models.encoder, stack.config.models.decoder)
            ]
            systems["LangChain"] = langchain(*paths)
        results: dict[str, list[tuple[dict[str, Any], Result]]] = {name: [] for name in systems}
        for ask in systems.values():
            ask("What is a language model?")
        for question in questions:
            for name, ask in systems.items():
                result = ask(question["text"])
                results[name].append((question, result))
                print(f"{question['id']} {name}: {result.seconds:.1f} s, {result.prompt_tokens} tokens | "
                      f"{question['text']} | {' '.join(result.text.split())[:200]}", flush=True)  # fmt: skip
    summaries = {name: summary(answered) for name, answered in results.items()}
    print(json.dumps(summaries, indent=1))
    if len(summaries) == 2:
        ratios = [a.seconds / b.seconds for (_, a), (_, b) in zip(*results.values(), strict=True)]
        print(f"ratio of seconds, ragstack / LangChain, median over questions: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
