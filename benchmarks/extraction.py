"""How much of the text of real files we find, beside markitdown, pdfminer.six and plain readers of the same files.

``python benchmarks/extraction.py --data DIR [--json OUT] [--cache DIR] [--half SEED]`` reads every file under DIR and
prints three tables:

* what became of each file, and in what share of the files that have text we find some. A file has text where any
  reader finds at least ten letters or digits in it.
* for PDF, DOCX and HTML: recall. Texts are compared after NFKC and case folding, without anything but letters and
  digits, so that white space, hyphens and markup do not count. The *reference* is what two independent readers agree
  on: for a PDF the second highest count among pdfminer.six, plain PDFium and plain pypdf; for DOCX and HTML the lower
  of the counts of markitdown and of all text nodes of the file. Lines that come back on half of the pages (digits
  aside) count once, page numbers not at all. The recall of a text is the share of the reference that is in it:

      sum over u of min(count in text, count in reference) / sum over u of count in reference

  with *characters* for units u, and, more strictly, with *words* (a CJK character is one), each as heavy as it is
  long. Both count how often, not in which order. ``ours >= best`` compares with the better of markitdown and
  pdfminer.six, at a thousandth.
* seconds, on average over the files of which no page was read from its picture. Every reader works in a process of
  its own that is stopped after ``--timeout`` seconds; starting it and importing the library are not counted.

``--half SEED`` also gives the figures for a random half of the files and for the other half, where something was
chosen on the first. ``--cache DIR`` keeps what the other readers found.
"""

import argparse
import json
import random
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extractors import READERS, Reader

PEERS = ("markitdown", "pdfminer")
WITNESSES = {"pdf": ("pdfminer", "pdfium", "pypdf"), "docx": ("markitdown", "nodes"), "html": ("markitdown", "nodes")}
SUFFIXES = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html"}
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"})
_CID = re.compile(r"\(cid:\d+\)")
_BROKEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\s*\n\s*(?=[a-z])")
_CJK = r"\u2e80-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_PAGE_NUMBER = re.compile(r"\W*(?:page|p|第)?\W*(?:\d{1,4}|[ivxl]{1,6})\W*(?:页|(?:of|/|共)\W*\d{1,4}\W*页?)?\W*", re.I)


def words(text: str) -> Counter[str]:
    return Counter(_UNIT.findall(unicodedata.normalize("NFKC", _BROKEN.sub("", _CID.sub("", text))).casefold()))


def characters(units: Mapping[str, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for unit, count in units.items():
        for character in unit:
            counts[character] += count
    return counts


def without_furniture(text: str, pages: int) -> str:
    """The text with lines that come back on half of the pages kept once, and without page numbers."""
    keys = [re.sub(r"\d+", "#", re.sub(r"\s+", "", line)) for line in text.splitlines()]
    seen = Counter(keys)
    met: set[str] = set()
    lines: list[str] = []
    for line, key in zip(text.splitlines(), keys, strict=True):
        often = pages > 1 and seen[key] >= max(3, pages / 2)
        if not (often and key in met) and not (pages > 1 and _PAGE_NUMBER.fullmatch(line)):
            lines.append(line)
        met.add(key)
    return "\n".join(lines)


def agreed(witnesses: list[Counter[str]]) -> Counter[str]:
    """Each unit as often as at least two witnesses have it."""
    units = set().union(*witnesses)
    return Counter({u: n for u in units if (n := sorted((w[u] for w in witnesses), reverse=True)[1])})


def recall(found: Counter[str], reference: Counter[str]) -> float:
    whole = sum(len(unit) * count for unit, count in reference.items())
    return sum(len(unit) * min(count, found[unit]) for unit, count in reference.items()) / whole


def compare(kind: str, found: Mapping[str, Mapping[str, Any]], pages: int) -> dict[str, Any] | None:
    """The recalls of one file, or None where no two witnesses agree on ten characters."""
    texts = {name: str(result.get("text", "")) for name, result in found.items()}
    witnesses = [words(without_furniture(texts[name], pages)) for name in WITNESSES[kind]]
    by_word = agreed(witnesses)
    by_character = agreed([characters(each) for each in witnesses])
    if sum(by_character.values()) < 10 or not by_word:
        return None
    row: dict[str, Any] = {"reference": sum(by_character.values())}
    for name in ("ours", *PEERS):
        if name in texts:
            units = words(texts[name])
            row[name] = round(recall(characters(units), by_character), 3)
            row[f"{name}_words"] = round(recall(units, by_word), 3)
    return row


def measure(path: Path, readers: Mapping[str, Reader]) -> dict[str, Any]:
    kind = SUFFIXES.get(path.suffix.lower(), "")
    names = {"pdf": ("pdfminer", "pdfium", "pypdf"), "docx": ("nodes",), "html": ("nodes",)}.get(kind, ())
    found = {name: readers[name].read(path) for name in ("ours", "markitdown", *names)}
    pages = str(found.get("pdfminer", {}).get("text", "")).count("\f") or 1
    letters = {name: sum(map(str.isalnum, str(each.get("text", "")))) for name, each in found.items()}
    others = max(count for name, count in letters.items() if name != "ours")
    return {
        "file": str(path),
        "kind": kind or path.suffix.lower().lstrip("."),
        "parts": found["ours"].get("parts", []),
        "error": found["ours"].get("error", ""),
        "seconds": {name: round(each["seconds"], 3) for name, each in found.items()},
        "errors": {name: each["error"] for name, each in found.items() if "error" in each},
        "letters": letters,
        "has_text": others >= 10 and path.suffix.lower() not in PICTURES,
        "pages": pages,
        "recall": compare(kind, found, pages) if kind else None,
    }


def summary(rows: list[dict[str, Any]], title: str) -> dict[str, Any]:
    print(f"\n{title}: {len(rows)} files")
    having = [row for row in rows if row["has_text"]]
    missed = [row["file"] for row in having if row["letters"]["ours"] == 0]
    outcomes = Counter(part["outcome"] for row in rows for part in row["parts"])
    lost = [row["file"] for row in rows if row["error"] or not row["parts"]]
    share = 1 - len(missed) / max(len(having), 1)
    print(f"  parts: {dict(outcomes)}; not accounted for: {lost or 'none'}")
    print(f"  text found in {share:.1%} of {len(having)} files that have text; missed: {missed or 'none'}")
    result: dict[str, Any] = {"files": len(rows), "outcomes": outcomes, "lost": lost, "found": share, "missed": missed}
    print("  kind    n  measure     ours  markitdown  pdfminer  ours >= best   seconds: ours  markitdown  pdfminer")
    for kind in WITNESSES:
        ours = [row for row in rows if row["kind"] == kind and row["recall"]]
        if ours:
            result[kind] = {measure: _kind(kind, ours, measure) for measure in ("characters", "words")}
    return result


def _kind(kind: str, rows: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    """Print and return the figures of one kind of file by one measure."""
    tail = "_words" if measure == "words" else ""
    peers = [peer for peer in PEERS if kind == "pdf" or peer == "markitdown"]
    means = {name: statistics.mean(row["recall"][name + tail] for row in rows) for name in ("ours", *peers)}
    read = [row for row in rows if not any(part["recognised"] for part in row["parts"])] or rows
    seconds = {name: statistics.mean(row["seconds"][name] for row in read) for name in ("ours", *peers)}
    worse = [
        {"file": row["file"], **{name: row["recall"][name + tail] for name in ("ours", *peers)}}
        for row in rows
        if row["recall"]["ours" + tail] < max(row["recall"][peer + tail] for peer in peers)
    ]
    share = 1 - len(worse) / len(rows)
    cells = [f"{means[name]:.4f}" if name in means else "-" for name in ("ours", *PEERS)]
    times = [f"{seconds[name]:.2f}" if name in seconds else "-" for name in ("ours", *PEERS)]
    print(
        f"  {kind:5} {len(rows):3}  {measure:10}  {cells[0]}  {cells[1]:10}  {cells[2]:8}  {share:12.1%}"
        f"   {times[0]:>13}  {times[1]:>10}  {times[2]:>8}"
    )
    for row in sorted(worse, key=lambda row: row["ours"] - max(row[peer] for peer in peers)):
        print("      " + "  ".join(f"{name} {row[name]:.3f}" for name in ("ours", *peers)) + f"  {row['file']}")
    return {"means": means, "at_least_best": share, "seconds": seconds, "exceptions": worse}


def half(rows: list[dict[str, Any]], seed: int) -> set[str]:
    """A random half of the files of each suffix."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(Path(row["file"]).suffix.lower(), []).append(row["file"])
    return {each for files in names.values() for each in random.Random(seed).sample(files, len(files) // 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", default="", help="a suffix such as .pdf")
    parser.add_argument("--half", type=int, help="seed of the split in halves")
    parser.add_argument("--timeout", type=float, default=60.0)
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.data.rglob("*") if path.is_file() and path.name.endswith(arguments.only))
    readers = {name: Reader(name, arguments.timeout, arguments.cache) for name in READERS}
    try:
        rows = [{**measure(path, readers), "file": str(path.relative_to(arguments.data))} for path in files]
    finally:
        for reader in readers.values():
            reader.close()
    results = {"all": summary(rows, "all")}
    if arguments.half is not None:
        chosen = half(rows, arguments.half)
        results["chosen on"] = summary([row for row in rows if row["file"] in chosen], "chosen on")
        results["held back"] = summary([row for row in rows if row["file"] not in chosen], "held back")
    if arguments.json:
        arguments.json.write_text(json.dumps({"results": results, "files": rows}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
