"""Fusion against hand-worked values; questions that cannot be asked."""

from pathlib import Path
from typing import Any

import pytest

from indexes.errors import UsageError
from ragstack.retrieval import MAX_QUESTION_CHARACTERS, check_question, reciprocal_rank_fusion


def test_reciprocal_ranks_add_up() -> None:
    fused = reciprocal_rank_fusion([[(7, 0.9), (3, 0.8)], [(3, 12.0), (5, 4.0)]], constant=60)
    assert [chunk for chunk, _ in fused] == [3, 7, 5]
    assert dict(fused) == pytest.approx({3: 1 / 62 + 1 / 61, 7: 1 / 61, 5: 1 / 62}, abs=1e-15)


def test_ties_are_broken_by_id_and_scores_are_not_compared_across_rankings() -> None:
    assert [chunk for chunk, _ in reciprocal_rank_fusion([[(9, 0.1)], [(4, 99.0)]])] == [4, 9]


def test_one_empty_ranking_leaves_the_other_as_it_is() -> None:
    assert [chunk for chunk, _ in reciprocal_rank_fusion([[], [(2, 1.0), (1, 0.5)]])] == [2, 1]


@pytest.mark.parametrize("question", ["", "   \n\t", "　"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        check_question(question)


def test_a_question_that_no_encoder_reads_is_refused_with_both_lengths() -> None:
    with pytest.raises(UsageError, match=r"100,000.*8,000"):
        check_question("x" * 100_000)
    assert check_question(" " + "长" * MAX_QUESTION_CHARACTERS + "\n") == "长" * MAX_QUESTION_CHARACTERS


class TestSearch:
    """Over a real collection."""

    @pytest.fixture
    def stack(self, tmp_path: Path, bag_encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        from ragstack.stack import RagStack

        files = {
            "whale.md": "# Whale\n\nThe blue whale weighs 150 tonnes and eats krill.",
            "鲸.md": "# 蓝鲸\n\n蓝鲸重达150吨，以磷虾为食。",
            "oak.md": "# Oak\n\nThe oak drops acorns in autumn.",
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        stack = RagStack.open(home=tmp_path / "home")
        stack._encoder = bag_encoder
        stack.ingest([tmp_path / name for name in files])
        return stack

    @pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
    @pytest.mark.parametrize(
        ("question", "file"), [("What does the blue whale eat?", "whale.md"), ("蓝鲸吃什么？", "鲸.md")]
    )
    def test_each_mode_finds_the_document_in_its_language(
        self, stack: Any, mode: Any, question: str, file: str
    ) -> None:
        hits = stack.search(question, k=2, mode=mode)
        assert Path(hits[0].document).name == file
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_the_kind_of_score_is_named(self, stack: Any) -> None:
        kinds = {mode: stack.search("blue whale", mode=mode)[0].score_kind for mode in ("hybrid", "dense", "lexical")}
        assert kinds == {"hybrid": "rrf", "dense": "cosine", "lexical": "bm25"}

    def test_a_filter_comes_before_the_search(self, stack: Any) -> None:
        hits = stack.search("The oak drops acorns in autumn", k=1, where={"lang": "zh"})
        assert [Path(hit.document).name for hit in hits] == ["鲸.md"]
        assert stack.search("oak", where=["lang=zh", "lang=en"]) == []

    def test_k_below_one_is_refused(self, stack: Any) -> None:
        with pytest.raises(UsageError, match="k is 0"):
            stack.search("oak", k=0)

    def test_words_that_are_no_mode_and_no_generator_are_refused_with_those_that_are(self, stack: Any) -> None:
        with pytest.raises(UsageError, match="hybrid, dense, lexical"):
            stack.search("oak", mode="foo")
        with pytest.raises(UsageError, match="k is '3'"):
            stack.search("oak", k="3")
        with pytest.raises(UsageError, match="llamacpp, transformers, openai, extractive"):
            stack.ask("oak", generator="foo")
