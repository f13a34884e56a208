"""How a test set is made: sentences are chosen, questions made of them, faulty ones left out and counted.

Work goes in rounds, each with as many sentences as the set still lacks and some more, until it is full or the
collection has no more. In a round all questions are written, then those that the words and the search let pass are
read back. A folder holds the run as :mod:`ragstack.evaluation.runs` stores runs, so that a stopped one goes on where
it was, and in the end ``questions.jsonl`` and ``review.html``. The same collection, seed and settings give the same
questions.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexes.errors import StoreError, UsageError
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.runs import Progress, Run
from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.filters import repeats
from ragstack.evaluation.testsets.maker import FAILED, Maker, Task
from ragstack.evaluation.testsets.passages import choose
from ragstack.evaluation.testsets.review import review_page
from ragstack.evaluation.testsets.values import KINDS, Kind, Passage, Question
from ragstack.evaluation.testsets.writing import Writer

if TYPE_CHECKING:
    from ragstack.generators import GeneratorKind
    from ragstack.stack import RagStack

__all__ = ["TestSet", "make_testset"]

_SHARES: dict[Kind, float] = {"unanswerable": 0.2, "false_premise": 0.2}
"""Of the questions; the rest can be answered."""
_SPARE = 1.5
"""Sentences of a round for each question that is still lacking."""
_SENTENCES = 12
"""Sentences tried for each question wanted, at most: what a collection does not give is not to be forced."""


@dataclass(frozen=True, slots=True)
class TestSet:
    """What was made. ``rejected`` counts what was left out by its reason, ``failed`` what the decoder failed on."""

    folder: str
    collection: str
    generator: str
    seed: int
    wanted: int
    questions: tuple[Question, ...]
    tried: int
    rejected: dict[str, int]
    failed: int
    seconds: float
    problems: Problems = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack testset make --json``."""
        kinds = Counter(question.kind for question in self.questions)
        return {
            "folder": self.folder,
            "collection": self.collection,
            "generator": self.generator,
            "seed": self.seed,
            "wanted": self.wanted,
            "n": len(self.questions),
            "kinds": {kind: kinds[kind] for kind in KINDS},
            "tried": self.tried,
            "rejected": self.rejected,
            "failed": self.failed,
            "problems": [{"kind": each.kind, "count": each.count, "first": each.first} for each in self.problems],
            "seconds": round(self.seconds, 3),
        }


def make_testset(
    stack: "RagStack",
    collection: str | None = None,
    *,
    out: str | Path,
    n: int = 50,
    generator: "GeneratorKind | str | None" = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> TestSet:
    """Make ``n`` questions over a collection, three of five answerable, with their sources.

    Args:
        stack: Whose collection, search and decoder are used.
        collection: Its name; None means the config's default.
        out: The folder of the set; a set that is there is made anew, an interrupted one goes on.
        n: Questions wanted; there may be fewer where the collection does not give more.
        generator: Who writes: ``templates``, or a generator; None means the config's, ``extractive`` the templates.
        seed: Of all choices.
        progress: Called as work goes on.

    Raises:
        UsageError: the collection has no sentence to ask about.
        UnknownCollection: there is no such collection.
        ModelMissing: a model is not on this machine.
        StoreBusy: another call is at the same folder.
        StoreError: the folder cannot be written.
    """
    began = time.perf_counter()
    there = stack.collection(collection)
    kind = generator or stack.config.generator.kind
    writer = None if kind in ("templates", "extractive") else Writer(stack.generator(kind))  # type: ignore[arg-type]
    passages = _telling(choose(there, seed))
    if not passages:
        raise UsageError(
            f"collection {there.name} has no sentence to ask about; expected prose with facts in it, each said once"
        )
    digest = hashlib.sha256("\n".join(sorted(info.digest for info in there.documents())).encode()).hexdigest()
    name = writer.name if writer else "templates"
    settings = {"generator": name, "encoder": stack.encoder.fingerprint.name, "n": n}
    run = Run("testset", Path(there.name), seed, settings, {"collection": digest}, Problems(), stack.config.home,
              Path(out), began, progress)  # fmt: skip
    maker = Maker(stack, there.name, passages, writer, seed)
    with run.alone():
        questions, rejected, tried = _rounds(run, maker, passages, n)
        made = TestSet(str(out), there.name, name, seed, n, tuple(questions), tried,
                       dict(sorted(rejected.items(), key=lambda each: (-each[1], each[0]))), rejected[FAILED],
                       time.perf_counter() - began, run.problems)  # fmt: skip
        _store(made, Path(out))
    return made


def _telling(passages: Sequence[Passage]) -> list[Passage]:
    """Those with a fact to ask for; those with nothing but names last, for names make the least sure questions."""
    named = [(passage, {fact.asks for fact in facts(passage)}) for passage in passages]
    return [passage for passage, asks in named if asks - {"name"}] + [p for p, asks in named if asks == {"name"}]


def _rounds(run: Run, maker: Maker, passages: Sequence[Passage], n: int) -> tuple[list[Question], Counter[str], int]:
    """Questions by kind until there are as many as wanted; with why others were left out, and the sentences tried."""
    lacking: dict[Kind, int] = {kind: round(n * share) for kind, share in _SHARES.items()}
    lacking["answerable"] = n - sum(lacking.values())
    kept: list[Question] = []
    rejected: Counter[str] = Counter()
    waiting = iter(passages[: _SENTENCES * n])
    tasks: list[Task] = []
    tried = 0
    while any(lacking.values()) and (new := list(_tasks(waiting, lacking))):
        tried += len(new)
        tasks += new
        written = dict(zip(new, run.over(tasks, maker.work)[-len(new) :], strict=True))
        readings = {task: reading for task in new if (reading := maker.reading(task, written[task]))}
        tasks += readings.values()
        read = dict(zip(readings, run.over(tasks, maker.work)[len(tasks) - len(readings) :], strict=True))
        for task in new:
            question, reason = maker.verdict(task, written[task], read.get(task))
            if question and repeats(question.text, [other.text for other in kept]):
                question, reason = None, "says what another says"
            if reason == FAILED:
                run.problems.add(FAILED, (read.get(task) or written[task]).get("error") or written[task]["error"])
            if question and lacking[question.kind]:
                kept.append(question)
                lacking[question.kind] -= 1
            else:
                rejected[reason or "more of its kind than wanted"] += 1
    return kept, rejected, tried


def _tasks(waiting: Iterator[Passage], lacking: dict[Kind, int]) -> Iterator[Task]:
    """A round: for each question that is lacking a sentence and a half, the kinds in turns by their shares."""
    wanted = {kind: int(count * _SPARE + 0.5) for kind, count in lacking.items()}
    turns = sorted(((turn + 0.5) / count, kind) for kind, count in wanted.items() for turn in range(count))
    for _, kind in turns:
        passage = next(waiting, None)
        if passage is None:
            return
        yield Task(f"{passage.id}-{kind}", kind, passage)


def _store(made: TestSet, folder: Path) -> None:
    """Write the questions, the page to review them, and last of all the result, which ends the run."""
    lines = b"".join(json.dumps(each.to_dict(), ensure_ascii=False).encode() + b"\n" for each in made.questions)
    result = json.dumps(made.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n"
    page = review_page(made.questions, made.collection, hashlib.sha256(lines).hexdigest()).encode()
    try:
        for name, data in (("questions.jsonl", lines), ("review.html", page), ("result.json", result)):
            beside = folder / f"{name}.new"
            beside.write_bytes(data)
            beside.replace(folder / name)
    except OSError as error:
        raise StoreError(f"the set cannot be stored in {folder} ({error.strerror}); set another --out") from None
