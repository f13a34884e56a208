"""How well follow-up questions are made to stand alone, over the questions of ``followups.jsonl``.

A question that leans is right when what it became holds all that it needs (one of each list), and nothing of what it
replaces; one that stands alone is right when it was left alone. Prints the share that is right with 95 % Wilson
intervals, for the decoder and for the mechanical way, and every question as it came out.

    python benchmarks/conversation.py develop|report [--words]
"""

import argparse
import json
import math
import time
from pathlib import Path
from statistics import median
from typing import Any

from ragstack.config import load_config
from ragstack.conversation.rewriting import Turn, expanded, standalone
from ragstack.generators.base import Generator
from ragstack.generators.extractive import ExtractiveGenerator
from ragstack.stack import RagStack

QUESTIONS = Path(__file__).with_name("followups.jsonl")


def right(item: dict[str, Any], became: str | None) -> bool:
    if item["alone"] or became is None:
        return bool(item["alone"]) and became is None
    text = became.casefold()
    needed = all(any(word.casefold() in text for word in either) for either in item["needs"])
    return needed and not any(word.casefold() in text for word in item["avoid"])


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    share, square = hits / n, z * z
    centre, half = share + square / (2 * n), z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, (centre - half) / (1 + square / n)), (centre + half) / (1 + square / n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", choices=("develop", "report"))
    parser.add_argument("--words", action="store_true", help="the mechanical way alone, without a decoder")
    options = parser.parse_args()
    items = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with RagStack.open(load_config()) as stack:
        generator: Generator = ExtractiveGenerator() if options.words else stack.generator()
        for language in ("en", "zh"):
            outcomes, seconds, written = [], [], 0
            for item in (each for each in items if (each["lang"], each["split"]) == (language, options.split)):
                turns = [Turn(*turn) for turn in item["turns"]]
                started = time.perf_counter()
                became = standalone(item["question"], turns, generator)
                seconds += [time.perf_counter() - started] if became else []
                written += became not in (None, expanded(item["question"], turns[-1].question))
                outcomes.append(right(item, became))
                print("right" if outcomes[-1] else "WRONG", item["id"], item["question"], "→", became)
            low, high = wilson(sum(outcomes), len(outcomes))
            print(
                f"{language}: {sum(outcomes)} of {len(outcomes)} right [{low:.2f}, {high:.2f}], {written} written by "
                f"the decoder, median {median(seconds):.1f} s"
            )


if __name__ == "__main__":
    main()
