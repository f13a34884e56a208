"""Labelled data of three layouts, sampled and halved."""

import gzip
import json
from pathlib import Path

import pytest

from indexes.errors import UsageError
from ragstack.verifier.pairs import Pair, read_pairs


def write(path: Path, *rows: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def test_responses_are_claims_over_their_context_and_a_bare_answer_keeps_its_question(tmp_path: Path) -> None:
    write(
        tmp_path / "s" / "examples.jsonl.gz",
        {"id": "1", "context": "It froze in March.", "question": "When?", "response": "March", "label": "faithful"},
        {"id": "2", "context": "It froze.", "question": "冻了吗？", "response": "没有冻。", "label": "hallucinated"},
        {"id": "3", "context": "It froze.", "response": "It froze over in early March.", "label": "unclear"},
    )
    found = {pair.claim: pair for pair in read_pairs(tmp_path, "s")}
    assert {claim: pair.label for claim, pair in found.items()} == {"When? March": True, "没有冻。": False}
    assert [found[claim].language for claim in ("When? March", "没有冻。")] == ["en", "zh"]


def test_markers_of_citations_are_no_part_of_a_claim(tmp_path: Path) -> None:
    row = {"context": "It froze.", "response": "It froze over early that year [4]. 河面结冰[2]。", "label": "faithful"}
    write(tmp_path / "s" / "examples.jsonl", row)
    assert [pair.claim for pair in read_pairs(tmp_path, "s")] == ["It froze over early that year. 河面结冰。"]


def test_only_what_is_entailed_is_supported(tmp_path: Path) -> None:
    labels = {"entailment": True, "neutral": False, "contradiction": False, "1": True, "0": False}
    write(
        tmp_path / "s" / "dev.jsonl",
        *({"premise": f"P{label}.", "hypothesis": "H.", "label": label} for label in labels),
        {"premise": "P.", "hypothesis": "H.", "label": "-"},
    )
    assert {pair.evidence: pair.label for pair in read_pairs(tmp_path, "s")} == {
        f"P{label}.": supported for label, supported in labels.items()
    }


def test_passages_are_perturbed_and_read_in_the_other_language_where_they_are_parallel(tmp_path: Path) -> None:
    english = "The tower is open since 1904. It was built by Vera Holm and stands near Oslo."
    write(
        tmp_path / "s" / "corpus.jsonl",
        {"id": "en-1", "text": english},
        {"id": "zh-1", "text": "塔楼自1904年起是开放的。它由维拉·霍尔姆建造，位于奥斯陆附近。"},
    )
    found = read_pairs(tmp_path, "s")
    crossed = [pair for pair in found if pair.kind.startswith("cross ")]
    assert {(pair.language, pair.evidence == english) for pair in crossed} == {("en", False), ("zh", True)}
    assert {pair.label for pair in crossed} == {True, False}
    assert all(pair.label == pair.kind.endswith("kept") for pair in found)


def test_a_sample_is_the_same_for_its_seed_and_takes_evidence_whole(tmp_path: Path) -> None:
    rows = [
        {"context": f"Text {n}.", "response": f"It says so {k}.", "label": "faithful"}
        for n in range(20)
        for k in (1, 2)
    ]
    write(tmp_path / "s" / "examples.jsonl", *rows)
    one, again, other = (read_pairs(tmp_path, "s", 10, seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other
    assert len(one) == 10
    assert len({pair.evidence for pair in one}) == 5


def test_a_text_is_in_one_half_however_it_is_spaced_and_both_halves_are_filled() -> None:
    def half(evidence: str) -> bool:
        return Pair("s", "response", evidence, "c", True).test

    assert all(half(f"A  Text {n} . ") == half(f"a text {n}.") for n in range(50))
    assert 80 < sum(half(f"Text {n}.") for n in range(200)) < 120


@pytest.mark.parametrize(("name", "told"), [("missing", "no folder missing"), ("empty", "no labelled pair")])
def test_a_folder_without_pairs_is_told(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=told):
        read_pairs(tmp_path, name)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "examples.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"examples\.jsonl cannot be read"):
        read_pairs(tmp_path, "s")
