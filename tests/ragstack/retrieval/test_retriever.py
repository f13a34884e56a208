"""Fusion against hand-worked values; the other language's places; questions that cannot be asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.errors import UsageError
from ragstack.retrieval.reranking import Scored
from ragstack.retrieval.retriever import (
    MAX_QUESTION_CHARACTERS,
    check_question,
    lifted,
    outstanding,
    reciprocal_rank_fusion,
)


def test_reciprocal_ranks_add_up() -> None:
    fused = reciprocal_rank_fusion([[(7, 0.9), (3, 0.8)], [(3, 12.0), (5, 4.0)]], constant=60)
    assert [chunk for chunk, _ in fused] == [3, 7, 5]
    assert dict(fused) == pytest.approx({3: 1 / 62 + 1 / 61, 7: 1 / 61, 5: 1 / 62}, abs=1e-15)


def test_ties_are_broken_by_id_and_scores_are_not_compared_across_rankings() -> None:
    assert [chunk for chunk, _ in reciprocal_rank_fusion([[(9, 0.1)], [(4, 99.0)]])] == [4, 9]


def test_one_empty_ranking_leaves_the_other_as_it_is() -> None:
    assert [chunk for chunk, _ in reciprocal_rank_fusion([[], [(2, 1.0), (1, 0.5)]])] == [2, 1]


def test_what_is_lifted_comes_to_its_place_and_what_stands_higher_stays() -> None:
    order = list(range(1, 13))
    assert lifted(order, [90, 91, 92, 93]) == [1, 2, 3, 90, 4, 5, 91, 6, 92, 93, 7, 8, 9, 10, 11, 12]
    assert lifted(order, [2, 7, 12]) == [1, 2, 3, 4, 5, 6, 7, 8, 12, 9, 10, 11]
    assert lifted(order, [90, 7]) == [1, 2, 3, 90, 4, 5, 7, 6, 8, 9, 10, 11, 12]  # 90 had pushed it down to 8
    assert lifted([1, 2], [90, 91]) == [1, 2, 90, 91]
    assert lifted(order, []) == order


def test_what_stands_out_is_far_above_the_mean_and_nothing_does_among_few() -> None:
    """Of 0.9 and nine times 0.5 the mean is 0.54 and the standard deviation 0.12."""
    flat = [(n, 0.5) for n in range(2, 11)]
    assert outstanding([(1, 0.9), *flat], least=2.9) == [(1, 0.9)]
    assert outstanding([(1, 0.9), *flat], least=3.1) == []
    assert outstanding([(1, 0.9), *flat[:2]]) == []
    assert outstanding([(1, 0.9), *flat[:4]]) == [(1, 0.9)]
    assert outstanding([(1, 0.9)]) == outstanding([]) == []


@given(
    st.lists(st.integers(1, 30), unique=True, max_size=20), st.lists(st.integers(1, 30), unique=True, max_size=5),
    st.lists(st.integers(1, 15), unique=True, min_size=1, max_size=5).map(sorted),
)  # fmt: skip
def test_nothing_is_lost_each_is_no_lower_than_its_place_and_the_rest_keeps_its_order(
    order: list[int], foreign: list[int], places: list[int]
) -> None:
    result = lifted(order, foreign, places)
    placed = foreign[: len(places)]
    assert sorted(result) == sorted({*order, *placed})
    assert [each for each in result if each not in placed] == [each for each in order if each not in placed]
    for chunk_id, place in zip(placed, places, strict=False):
        rank = result.index(chunk_id) + 1
        assert rank <= place or set(result[place - 1 :]) <= set(placed)  # no lower than it, or there are no others


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
        stack._models._encoder = bag_encoder
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
        assert kinds == {"hybrid": "rerank", "dense": "cosine", "lexical": "bm25"}

    def test_a_reranker_sees_the_cosine_that_the_dense_search_gives(self, stack: Any) -> None:
        seen = {}

        class Watching:
            name = "watching"

            def score(self, question: str, candidates: Any) -> list[Scored]:
                seen.update({each.chunk.chunk_id: each.cosine for each in candidates})
                return [Scored(each.fused.score, {}) for each in candidates]

        stack._models._reranker = Watching()
        stack.search("What does the blue whale eat?", mode="hybrid")
        dense = {hit.chunk_id: hit.score for hit in stack.search("What does the blue whale eat?", mode="dense")}
        assert seen == pytest.approx(dense, abs=1e-6)
        assert max(seen.values()) > 0.1

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


ENGLISH = [
    f"The whale {'whale ' * max(0, number - 10)}number {number} eats krill and it swims in the cold sea."
    for number in range(14)
]
CHINESE = [f"第{number}头鲸鱼在寒冷的海里游泳，{'whale ' * max(0, number - 20)}，以磷虾为食。" for number in range(24)]
QUESTION = "What does the whale eat?"


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory, bags: Any) -> Any:
    """Collections in English, in Chinese, in neither, in both, and with a few strays."""
    from ragstack.stack import RagStack

    folder = tmp_path_factory.mktemp("languages")
    stack = RagStack.open(home=folder / "home")
    stack._models._encoder = bags()
    contents = {"en": ENGLISH, "zh": CHINESE, "none": [f"whale {number}" for number in range(14)]}
    contents["more"] = [f"鲸鱼吃什么？第{number}头鲸鱼吃磷虾。" for number in range(12)]
    for name, texts in contents.items():
        (folder / name).mkdir()
        for number, text in enumerate(texts):
            (folder / name / f"{number}.txt").write_text(text, encoding="utf-8")
    mixed = {"both": ["en", "zh"], "likewise": ["en", "more"]}
    strays = ["en", *(f"zh/{number}.txt" for number in range(20, 24))]
    for name, parts in ({name: [name] for name in ("en", "zh", "none")} | mixed | {"stray": strays}).items():
        stack.ingest([folder / part for part in parts], collection=name)
    return stack


class TestOtherLanguage:
    """Over collections in both languages, and in one."""

    @pytest.fixture
    def stack(self, languages: Any) -> Any:
        return languages

    def explained(self, stack: Any, question: str, collection: str = "both", **options: Any) -> Any:
        return stack._retriever(stack.collection(collection)).explain(question, **options)

    def test_the_nearest_chunks_in_the_other_language_have_places_and_say_so(
        self, stack: Any, bag_encoder: Any
    ) -> None:
        trace = self.explained(stack, QUESTION, k=60)
        texts = [f"{number}\n{text}" for number, text in enumerate(CHINESE)]  # a file's name is its title
        cosines = bag_encoder.encode_passages(texts) @ bag_encoder.encode_queries([QUESTION])[0]
        nearest = [
            int(number) for number in np.argsort(-cosines) if cosines[number] > cosines.mean() + 1.5 * cosines.std()
        ]
        found = [each for each in trace.found if each.foreign]
        assert nearest == [23, 22]
        assert [each.hit.text for each in found] == [CHINESE[number] for number in nearest]
        assert [each.hit.rank for each in found] == [4, 7]
        assert [each.foreign.rank for each in found] == [1, 2]
        assert [each.hit.score for each in found] == pytest.approx([cosines[number] for number in nearest], abs=1e-5)
        assert {each.hit.score_kind for each in found} == {"cosine"}
        assert [each.hit.rank for each in trace.found] == list(range(1, 39))
        assert len({each.hit.chunk_id for each in trace.found}) == 38
        assert "foreign" in trace.seconds

    def test_one_that_stands_higher_keeps_its_place_and_its_score(self, stack: Any) -> None:
        first = self.explained(stack, "whale whale whale whale 游泳海里").found[0]
        assert first.hit.metadata["lang"] == "zh"
        assert first.foreign is not None
        assert first.foreign.rank == 1
        assert first.parts is not None
        assert first.hit.score_kind == "rerank"
        assert first.hit.score == pytest.approx(sum(first.parts.values()))

    def test_a_chinese_question_finds_english_documents_likewise(self, stack: Any) -> None:
        found = self.explained(stack, "鲸鱼 whale 吃什么？", "likewise", k=10).found
        foreign = [each.hit for each in found if each.foreign]
        assert (foreign[0].rank, foreign[0].text) == (4, ENGLISH[13])
        assert {hit.metadata["lang"] for hit in foreign} == {"en"}

    def test_the_first_chunks_are_the_same_however_many_are_asked_for(self, stack: Any) -> None:
        all_of_them = [hit.chunk_id for hit in stack.search(QUESTION, k=20, collection="both")]
        for k in (1, 3, 4, 7, 12):
            assert [hit.chunk_id for hit in stack.search(QUESTION, k=k, collection="both")] == all_of_them[:k]

    def test_a_filter_holds_for_them_too(self, stack: Any) -> None:
        one_language = stack.search(QUESTION, k=10, collection="both", where={"lang": "en"})
        assert {hit.metadata["lang"] for hit in one_language} == {"en"}
        folder = Path(stack.config.store.home).parent
        wanted = [*(f"zh/{number}.txt" for number in range(23)), *(f"en/{number}.txt" for number in range(9))]
        where = {"document": [str(folder / name) for name in wanted]}
        chinese = [hit for hit in stack.search(QUESTION, collection="both", where=where) if hit.score_kind == "cosine"]
        assert [(hit.rank, hit.text) for hit in chinese] == [(4, CHINESE[22]), (7, CHINESE[21])]

    def test_a_stray_document_in_the_other_language_takes_no_places(self, stack: Any) -> None:
        found = self.explained(stack, QUESTION, "stray", k=20).found
        assert {each.hit.metadata["lang"] for each in found} == {"en", "zh"}
        assert not any(each.foreign for each in found)

    @pytest.mark.parametrize("mode", ["dense", "lexical"])
    def test_one_search_alone_stays_what_it_is(self, stack: Any, mode: Any) -> None:
        trace = self.explained(stack, QUESTION, k=10, mode=mode)
        assert not any(each.foreign for each in trace.found)
        assert "foreign" not in trace.seconds
        scores = [each.hit.score for each in trace.found]
        assert scores == sorted(scores, reverse=True)

    @pytest.mark.parametrize("collection", ["en", "zh", "none"])
    @pytest.mark.parametrize("question", [QUESTION, "鲸鱼 whale 吃什么？"])
    def test_a_collection_in_one_language_is_searched_as_without(
        self, stack: Any, monkeypatch: pytest.MonkeyPatch, collection: str, question: str
    ) -> None:
        retriever = stack._retriever(stack.collection(collection))
        found = retriever.explain(question, k=20).found
        monkeypatch.setattr("ragstack.retrieval.retriever._Search._foreign", lambda *_: [])
        assert retriever.explain(question, k=20).found == found
        assert not any(each.foreign for each in found)
        assert {each.hit.score_kind for each in found} == {"rerank"}
