"""ragstack beside LangChain, LlamaIndex and txtai: the same data, encoder, decoder and measures, in one run.

    make bench-peers                                   # the example documents
    make bench-peers DATA=data/squad2_en               # a folder in the common layout of docs/evaluation.md

Each system works in a process of its own, the others in the environment of requirements.txt. Ingesting and searching
is repeated in rounds, in each of which the systems take turns in another order; answers are asked question by
question, the systems taking turns. What is done is kept in ``--out``: the same call goes on where it was stopped, and
a call for more rounds or answers makes only what is missing. docs/peers.md says how each system is put together.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from cutting import Task, read_task
from figures import NAMES, losses, sentences, summary, table, values
from peer import Settings
from running import ROOT, Kept, Worker, version_of

from ingest.packs import default_cache, locate
from ragstack import RagStack
from ragstack.evaluation import Premise, Verifier, open_verifier
from ragstack.evaluation.citing import cite

DEPTH = 30
"""Chunks that are searched, enough for ten documents."""
SEED = 0
WARM = "What is a language model?"
"""Asked before the clock starts, so that all is loaded."""


def search_rounds(task: Task, kept: Kept, folder: Path, settings: Settings, options: argparse.Namespace) -> None:
    """Ingest and search, round by round, each in a fresh process."""
    for number in range(options.rounds):
        for place in range(len(options.systems)):
            system = options.systems[(number + place) % len(options.systems)]
            if kept.has("round", system, round=number):
                continue
            index = folder / f"index-{system}"
            shutil.rmtree(index, ignore_errors=True)
            with closing(Worker(system, settings, index, options)) as worker:
                built = worker("build", corpus=str(folder / "corpus"))
                worker("search", question=WARM, k=DEPTH)
                found = {query.id: worker("search", question=query.text, k=DEPTH) for query in task.searched}
                versions = worker("versions")
            kept.add({
                "kind": "round", "system": system, "version": version_of(system), "versions": versions,
                "round": number, "threads": options.threads, "build_s": built["seconds"], "build_cpu_s": built["cpu"],
                "chunks": built["chunks"], "memory_mb": built["memory_mb"],
                "rankings": {query: each["documents"] for query, each in found.items()},
                "seconds": {query: each["seconds"] for query, each in found.items()},
                "cpu": {query: each["cpu"] for query, each in found.items()},
            })  # fmt: skip
            print(f"{task.name}, round {number + 1}, {system}: {built['seconds']:.0f} s", flush=True)


def ask_all(task: Task, kept: Kept, folder: Path, settings: Settings, options: argparse.Namespace) -> None:
    """Ask question by question, the systems taking turns, each with a decoder of its own; also what failed before."""
    missing = [
        (query, system) for query in task.asked for system in options.systems
        if not kept.has("answer", system, question=query.id, error=None)
    ]  # fmt: skip
    workers: dict[str, Worker] = {}
    with ExitStack() as running:
        for query, system in missing:
            if system not in workers:
                worker = Worker(system, settings, folder / f"index-{system}", options, asked=True)
                workers[system] = running.enter_context(closing(worker))
                worker("open")
                worker.ask(WARM)
            said = workers[system].ask(query.text) | {"question": query.id, "threads": options.threads}
            kept.add({"kind": "answer", "system": system, "version": version_of(system)} | said)
            told = said.get("error") or f"{said['seconds']:.1f} s | {' '.join(said['text'].split())[:150]}"
            print(f"{query.id}, {system}: {told}", flush=True)


def judge_all(task: Task, kept: Kept, judge: str) -> None:
    """ALCE's citation precision and recall of every answer, by a verifier of ``ragstack eval``."""
    texts = {query.id: query.text for query in task.asked}
    waiting = [
        record for record in kept.current()
        if record["kind"] == "answer" and "error" not in record and record["question"] in texts
        and not kept.has("judged", record["system"], question=record["question"], judge=judge)
    ]  # fmt: skip
    if not waiting:
        return
    with RagStack.open() as stack:
        verifier = open_verifier(stack, judge)
        for record in waiting:
            same = {key: record[key] for key in ("system", "version", "question")}
            precision, recall = judged(texts[record["question"]], record, verifier)
            kept.add(same | {"kind": "judged", "judge": judge, "precision": precision, "recall": recall})


def judged(question: str, record: Mapping[str, Any], verifier: Verifier) -> tuple[float | None, float | None]:
    """Citation precision and recall of one answer."""
    passages = [Premise(text) for _, text in record["passages"]]

    def supports(sentence: str, numbers: Sequence[int]) -> bool:
        return verifier.check(question, sentence, [passages[number - 1] for number in numbers]).supported

    said = sentences(record)
    citing = cite(said, supports) if said else None
    return (citing.precision, citing.recall) if citing else (None, None)


def report(task: Task, kept: Kept, header: Mapping[str, Any], out: Path) -> str:
    """Writes the result as JSON; gives it as Markdown."""
    records = kept.current()
    judged = {(r["system"], r["question"]): r for r in records if r["kind"] == "judged"}
    for record in records:
        verdict = judged.get((record["system"], record.get("question")), {})
        record |= {name: verdict.get(name) for name in ("precision", "recall")}
    found = values(task, records)
    figures = summary(found, SEED)
    lost = losses(found, figures, SEED)
    size = {"documents": len(task.texts), "searched": len(task.searched), "asked": len(task.asked)}
    result = {
        "data": task.name,
        "settings": header,
        "n": size,
        "threads": {
            kind: sorted({record["threads"] for record in records if record["kind"] == kind})
            for kind in ("round", "answer")
        },
        "versions": {record["system"]: record["versions"] for record in records if record["kind"] == "round"},
        "judge": sorted({record["judge"] for record in judged.values()}),
        "figures": {system: {name: each.to_dict() for name, each in row.items()} for system, row in figures.items()},
        "losses": lost,
        "values": found,
    }
    (out / f"{task.name}.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    said = f"{size['documents']:,} documents, {size['searched']} questions searched, {size['asked']} asked."
    listed = "\n".join(f"- {line}" for line in lost) or "- nowhere"
    return f"### {task.name}\n\n{said}\n\n{table(figures)}\n\nWhere another system is better:\n\n{listed}\n"


def measure(data: Path | None, settings: Settings, options: argparse.Namespace) -> str:
    task = read_task(data, options.passages, options.questions, options.answers, SEED)
    header = {
        "encoder": settings.encoder, "decoder": settings.decoder, "depth": DEPTH, "seed": SEED,
        "passages": options.passages, "questions": options.questions, "sha256": task.sha256,
    }  # fmt: skip
    folder = options.out / f"{task.name}-{hashlib.sha256(json.dumps(header).encode()).hexdigest()[:12]}"
    task.write(folder / "corpus")
    kept = Kept(folder / "records.jsonl")
    search_rounds(task, kept, folder, settings, options)
    ask_all(task, kept, folder, settings, options)
    if options.judge:
        judge_all(task, kept, options.judge)
    return report(task, kept, header, options.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", help="a folder of data, repeatable (default: examples)")
    parser.add_argument("--passages", type=int, default=1200, help="at most so many documents")
    parser.add_argument("--questions", type=int, default=150, help="at most so many questions are searched")
    parser.add_argument("--answers", type=int, default=10, help="at most so many are asked; 0: none")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of ingesting and searching")
    parser.add_argument("--judge", help="who judges ALCE's citation precision and recall, such as decoder (slow)")
    parser.add_argument("--systems", nargs="+", default=list(NAMES), choices=list(NAMES))
    parser.add_argument("--encoder", default="multilingual-e5-small", help="a model pack")
    parser.add_argument("--decoder", default="Qwen2.5-Coder-1.5B-Instruct", help="a model pack")
    parser.add_argument("--threads", type=int, default=2, help="threads of encoder and decoder, for all")
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers/bin/python", help="Python of the others")
    parser.add_argument("--out", type=Path, default=ROOT / ".benchmarks/peers", help="where all is kept")
    options = parser.parse_args()
    options.out = options.out.absolute()
    options.out.mkdir(parents=True, exist_ok=True)
    folder = locate(options.encoder, default_cache())
    stated = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8")).get("prompts", {})
    query, passage = stated.get("query", ""), stated.get("passage", "")
    settings = Settings(options.encoder, str(folder), query, passage, options.decoder, endpoint="")
    pages = [measure(data, settings, options) for data in options.data or [None]]
    (options.out / "peers.md").write_text("\n".join(pages), encoding="utf-8")
    print("\n".join(pages))


if __name__ == "__main__":
    main()
