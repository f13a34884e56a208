"""The flow of a question, with a scripted generator in the place of the decoder: what is shown, dropped, refused."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import UnknownCollection, UsageError
from indexes.records import Chunk, Document, LedgerEntry, PageSpan
from ragstack.answers import Answer, hit_to_dict
from ragstack.generators.base import Delta, Message, Prompt, Usage
from ragstack.stack import RagStack

pytestmark = pytest.mark.usefixtures("gate_of_words")

PRIMER = """# Whales

The blue whale weighs up to 150 tonnes. It eats krill and lives in all oceans.

Sperm whales dive to a depth of 2,000 metres. They hunt squid.
"""
PRIMER_ZH = """# 鲸

蓝鲸最重可达150吨，以磷虾为食。抹香鲸能潜到2000米深处，捕食鱿鱼。
"""


class Scripted:
    """Writes what it is told to, and judges by a fixed rule; remembers what it was asked."""

    name = "scripted"

    def __init__(self, draft: str, *, answerable: bool = True, supported: Sequence[str] = ()) -> None:
        self.draft = draft
        self.answerable = answerable
        self.supported = supported
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        self.prompts.append(prompt)
        for word in self.draft.split(" "):
            yield Delta(word + " ")
        yield Delta("", Usage(prompt_tokens=100, completion_tokens=9))

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        task = messages[-1].content.rsplit("\n\n", 1)[1]
        if "Statement" in task or "陈述" in task:
            return 8.0 if any(sentence in task for sentence in self.supported) else -8.0
        return 8.0 if self.answerable else -8.0

    def close(self) -> None:
        pass


@pytest.fixture
def stack(tmp_path: Path, bag_encoder: Any) -> RagStack:
    (tmp_path / "whales.md").write_text(PRIMER, encoding="utf-8")
    (tmp_path / "鲸.md").write_text(PRIMER_ZH, encoding="utf-8")
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    stack.ingest([tmp_path / "whales.md", tmp_path / "鲸.md"])
    return stack


def ask(stack: RagStack, question: str, generator: Scripted) -> Answer:
    stack._models._generators["llamacpp"] = generator
    return stack.ask(question)


def test_a_supported_sentence_is_shown_with_the_exact_words_it_rests_on(stack: RagStack, tmp_path: Path) -> None:
    draft = "A blue whale weighs up to 150 tonnes."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(draft, supported=[draft]))
    assert answer.text == "A blue whale weighs up to 150 tonnes.[1]"
    (citation,) = answer.citations
    assert citation.quote == "The blue whale weighs up to 150 tonnes."
    assert PRIMER[citation.start : citation.end] == citation.quote
    assert citation.document == str(tmp_path / "whales.md")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 9)


def test_chinese_sentences_are_joined_without_spaces_and_cited_alike(stack: RagStack) -> None:
    draft = "蓝鲸可达150吨。抹香鲸捕食鱿鱼。"
    answer = ask(
        stack, "蓝鲸有多重？抹香鲸吃什么？", Scripted(draft, supported=["蓝鲸可达150吨。", "抹香鲸捕食鱿鱼。"])
    )
    assert answer.text == "蓝鲸可达150吨。[1]抹香鲸捕食鱿鱼。[2]"
    assert [citation.quote for citation in answer.citations] == [
        "蓝鲸最重可达150吨，以磷虾为食。",
        "抹香鲸能潜到2000米深处，捕食鱿鱼。",
    ]


def test_what_the_evidence_does_not_support_is_dropped(stack: RagStack) -> None:
    good, bad = "A blue whale weighs up to 150 tonnes.", "It sings in the rain."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(f"{good} {bad}", supported=[good]))
    assert [sentence.text for sentence in answer.sentences] == [good]
    assert answer.dropped == (bad,)
    assert bad not in answer.text


def test_a_wrong_number_is_dropped_whatever_the_decoder_thinks_of_it(stack: RagStack) -> None:
    wrong = "A blue whale weighs up to 190 tonnes."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(wrong, supported=[wrong]))
    assert answer.abstained
    assert answer.dropped == (wrong,)
    assert answer.citations == ()


def test_when_the_evidence_does_not_answer_nothing_is_written(stack: RagStack) -> None:
    generator = Scripted("Whales are fish.", answerable=False)
    answer = ask(stack, "Who painted the ceiling of the chapel?", generator)
    assert generator.prompts == []
    assert answer.abstained
    assert answer.text == "The documents don't say."
    assert "default" in answer.reason
    assert answer.sentences == () == answer.citations
    assert answer.nearest


def test_a_refusal_speaks_the_language_of_the_question(stack: RagStack) -> None:
    answer = ask(stack, "谁画了这幅壁画？", Scripted("", answerable=False))
    assert answer.text == "文档中没有说明。"
    assert answer.to_dict()["abstained"] is True


def test_an_empty_collection_is_a_refusal(tmp_path: Path, bag_encoder: Any) -> None:
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    stack.database.create("default", bag_encoder.fingerprint)
    answer = ask(stack, "What is a whale?", Scripted("A fish."))
    assert answer.abstained
    assert answer.nearest == ()


def test_the_stream_tells_the_same_as_the_answer(stack: RagStack) -> None:
    draft = "A blue whale weighs up to 150 tonnes. Sperm whales hunt squid."
    supported = ["A blue whale weighs up to 150 tonnes.", "Sperm whales hunt squid."]
    stack._models._generators["llamacpp"] = Scripted(draft, supported=supported)
    events = list(stack.stream("How heavy is the blue whale, and what do sperm whales hunt?"))
    assert [event.kind for event in events if event.kind != "token"] == [
        "retrieval", "citation", "sentence", "citation", "citation", "sentence", "done"
    ]  # fmt: skip
    answer = events[-1].value
    assert [citation.quote for citation in answer.citations] == [
        "The blue whale weighs up to 150 tonnes.",
        "They hunt squid.",
        "Sperm whales dive to a depth of 2,000 metres.",  # says who "they" are
    ]
    assert "".join(event.value for event in events if event.kind == "token").strip() == draft
    assert tuple(event.value for event in events if event.kind == "sentence") == answer.sentences
    assert tuple(event.value for event in events if event.kind == "citation") == answer.citations


def flagging(stack: RagStack) -> None:
    answers = stack.config.answers.model_copy(update={"unsupported": "flag"})
    stack.config = stack.config.model_copy(update={"answers": answers})


def test_what_nothing_supports_is_shown_and_flagged_where_the_settings_say_so(stack: RagStack) -> None:
    flagging(stack)
    good, bad = "A blue whale weighs up to 150 tonnes.", "It sings in the rain."
    for draft in (f"{good} {bad}", f"{bad} {good}"):
        stack._models._generators["llamacpp"] = Scripted(draft, supported=[good])
        events = list(stack.stream("How heavy is the blue whale?"))
        answer = events[-1].value
        assert " ".join(sentence.text for sentence in answer.sentences) == draft
        assert [sentence.supported for sentence in answer.sentences] == [
            part == good for part in (draft[:37], draft[22:])
        ]
        assert answer.text == draft.replace(good, f"{good}[1]").replace(bad, f"{bad} [not supported]")
        assert tuple(event.value for event in events if event.kind == "sentence") == answer.sentences
        assert answer.dropped == (bad,)
        flagged = next(each for each in answer.to_dict()["sentences"] if each["text"] == bad)
        assert (flagged["supported"], flagged["citations"]) == (False, [])


def test_what_was_said_is_without_what_is_flagged(stack: RagStack) -> None:
    flagging(stack)
    good, bad = "A blue whale weighs up to 150 tonnes.", "It sings in the rain."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(f"{good} {bad}", supported=[good]))
    assert bad in answer.text
    assert answer.said == good


def test_an_answer_that_is_flagged_as_a_whole_is_a_refusal(stack: RagStack) -> None:
    flagging(stack)
    stack._models._generators["llamacpp"] = Scripted("It sings in the rain. It flies.")
    events = list(stack.stream("How heavy is the blue whale?"))
    assert [event.kind for event in events if event.kind not in ("token", "retrieval")] == ["done"]
    assert events[-1].value.abstained
    assert len(events[-1].value.dropped) == 2


def test_a_chinese_sentence_is_flagged_in_chinese(stack: RagStack) -> None:
    flagging(stack)
    good, bad = "蓝鲸可达150吨。", "它在雨中歌唱。"
    answer = ask(stack, "蓝鲸有多重？", Scripted(good + bad, supported=[good]))
    assert answer.text == "蓝鲸可达150吨。[1]它在雨中歌唱。［未获支持］"


@pytest.mark.parametrize(
    ("question", "good"),
    [
        ("How heavy is the blue whale?", "The blue whale weighs up to 150 tonnes."),
        ("蓝鲸有多重？它吃什么？", "蓝鲸可达150吨。"),
    ],
)
def test_the_question_said_again_is_no_part_of_the_answer(stack: RagStack, question: str, good: str) -> None:
    answer = ask(stack, question, Scripted(f"{question} {good}", supported=[question, good]))
    assert [sentence.text for sentence in answer.sentences] == [good]
    refusal = ask(stack, question, Scripted(question, supported=[question])).reason
    assert "found no answer" in refusal or "没有找到答案" in refusal


def test_an_explanation_tells_each_step_and_is_only_there_when_asked_for(stack: RagStack) -> None:
    good, number = "A blue whale weighs up to 150 tonnes.", "It weighs 190 tonnes."
    bad = "A blue whale sings in the rain."
    generator = Scripted(f"{good} {bad} {number} The passages do not say more.", supported=[good])
    stack._models._generators["llamacpp"] = generator
    question = "How heavy is the blue whale?"
    assert "explanation" not in stack.ask(question).to_dict()
    answer = stack.ask(question, explain=True)
    told = answer.explanation
    assert told is not None
    assert told.retrieval is not None
    assert [found.hit for found in told.retrieval.found] == stack.search(question)
    assert told.prompt == generator.prompts[-1].messages
    assert told.draft == generator.draft + " "
    assert answer.confidence is not None
    assert answer.confidence >= told.threshold
    assert told.features is not None
    assert told.features["judge"] == 8.0
    by_text = {check.text: check for check in told.checks}
    assert {text: check.outcome for text, check in by_text.items()} == {
        good: "shown", bad: "dropped", number: "dropped", "The passages do not say more.": "declined"
    }  # fmt: skip
    assert by_text[number].missing_numbers == ("190",)
    assert by_text[number].threshold is None
    assert by_text[bad].features is not None
    assert by_text[bad].features["judge"] == -8.0
    assert told.evidence[by_text[good].cited[0]].text == "The blue whale weighs up to 150 tonnes."
    stored = json.loads(json.dumps(answer.to_dict(), allow_nan=False))["explanation"]
    assert [found["dense"]["rank"] for found in stored["retrieval"]["found"] if found["dense"]]
    assert stored["gate"]["threshold"] == told.threshold
    assert [each["text"] for each in stored["evidence"]] == [item.text for item in told.evidence]
    assert {**answer.to_dict(), "explanation": 0}.keys() == {**stack.ask(question).to_dict(), "explanation": 0}.keys()


def test_a_turned_sentence_is_dropped_whatever_the_decoder_thinks_of_it_and_the_reason_is_told(stack: RagStack) -> None:
    turned = "The blue whale never weighs up to 150 tonnes."
    stack._models._generators["llamacpp"] = Scripted(turned, supported=[turned])
    answer = stack.ask("How heavy is the blue whale?", explain=True)
    assert answer.abstained
    assert answer.explanation is not None
    assert [(check.outcome, check.altered) for check in answer.explanation.checks] == [("dropped", "negation")]
    assert answer.to_dict()["explanation"]["checks"][0]["altered"] == "negation"


@pytest.mark.parametrize(
    ("question", "elsewhere"),
    [
        ("How heavy is the blue whale?", "Violins are usually made of spruce and maple."),
        ("蓝鲸有多重？", "小提琴通常用云杉和枫木制成。"),
    ],
)
def test_what_the_decoder_knows_from_elsewhere_is_dropped_though_it_says_yes_to_it(
    stack: RagStack, question: str, elsewhere: str
) -> None:
    stack._models._generators["llamacpp"] = Scripted(elsewhere, supported=[elsewhere])
    answer = stack.ask(question, explain=True)
    assert answer.dropped == (elsewhere,)
    assert answer.explanation is not None
    [check] = answer.explanation.checks
    assert check.features is not None
    assert set(check.features) == {"coverage"}
    assert check.features["coverage"] < 0.25


def test_an_explanation_asks_the_decoder_no_more_than_the_answer_does(stack: RagStack) -> None:
    asked: list[Sequence[Message]] = []

    class Counting(Scripted):
        def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
            asked.append(messages)
            return super().log_odds(messages, yes, no)

    good = "A blue whale weighs up to 150 tonnes."
    stack._models._generators["llamacpp"] = Counting(
        f"{good} A blue whale sings in the rain. It weighs 190 tonnes. Violins are made of maple.", supported=[good]
    )
    question = "How heavy is the blue whale?"
    stack.ask(question)
    plain = list(asked)
    assert len(plain) == 3  # the gate, and two sentences; a wrong number and what stands nowhere need no asking
    asked.clear()
    stack.ask(question, explain=True)
    assert asked == plain


def test_a_refusal_is_explained_as_far_as_it_came(stack: RagStack) -> None:
    stack._models._generators["llamacpp"] = Scripted("", answerable=False)
    told = stack.ask("Who painted the ceiling of the chapel?", explain=True).explanation
    assert told is not None
    assert told.features is not None
    assert told.features["judge"] == -8.0
    assert (told.prompt, told.draft, told.checks) == ((), "", ())


def test_the_three_tasks_share_their_beginning_so_that_the_cache_serves_them(stack: RagStack) -> None:
    asked: list[str] = []

    class Remembering(Scripted):
        def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
            asked.append(messages[-1].content)
            return super().log_odds(messages, yes, no)

    generator = Remembering("A blue whale weighs 150 tonnes.", supported=["A blue whale"])
    ask(stack, "How heavy is the blue whale?", generator)
    asked.append(generator.prompts[0].messages[-1].content)
    beginnings = {text.rsplit("\n\n", 1)[0] for text in asked}
    assert len(asked) == 3
    assert len(beginnings) == 1


def test_the_answer_is_plain_json(stack: RagStack) -> None:
    draft = "A blue whale weighs up to 150 tonnes."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(draft, supported=[draft]))
    stored = json.loads(json.dumps(answer.to_dict()))
    assert stored["sentences"] == [
        {
            "text": draft,
            "support": pytest.approx(answer.sentences[0].support, abs=1e-4),
            "citations": [1],
            "supported": True,
            "disagrees": False,
        }
    ]
    assert set(stored["timings"]) >= {"retrieve", "evidence", "generate", "verify", "total"}
    cited = {"n", "document", "title", "page", "start", "end", "quote"}
    assert set(stored["citations"][0]) == cited | {"place", "boxes", "ocr", "also"}


def test_calls_that_cannot_be_answered_are_refused_in_one_line(stack: RagStack) -> None:
    with pytest.raises(UsageError, match="empty"):
        stack.ask("  ", generator="extractive")
    with pytest.raises(UnknownCollection, match="nowhere"):
        stack.ask("What is a whale?", collection="nowhere", generator="extractive")


@pytest.mark.parametrize(
    ("question", "draft"),
    [
        ("How heavy is the blue whale?", "The passages provided do not mention the weight of whales."),
        ("How heavy is the blue whale?", "The weight is not specified in the passages."),
        ("蓝鲸有多重？", "资料中没有提到蓝鲸的重量。"),
        ("蓝鲸有多重？", "根据资料，无法确定蓝鲸的重量。"),
    ],
)
def test_a_decoder_that_finds_no_answer_makes_a_refusal_and_no_claim(
    stack: RagStack, question: str, draft: str
) -> None:
    answer = ask(stack, question, Scripted(draft, supported=[draft]))
    assert answer.abstained
    assert answer.dropped == ()


def test_a_document_that_denies_something_can_still_be_quoted(stack: RagStack, tmp_path: Path) -> None:
    (tmp_path / "teeth.md").write_text("# Teeth\n\nBlue whales do not have teeth.", encoding="utf-8")
    stack.ingest(tmp_path / "teeth.md")
    draft = "Blue whales do not have teeth."
    assert ask(stack, "Do blue whales have teeth?", Scripted(draft, supported=[draft])).sentences[0].text == draft


def test_a_quoted_sentence_about_passages_is_no_remark_of_the_decoder(stack: RagStack, tmp_path: Path) -> None:
    said = "The narrow passages of the Orm pyramid do not have lamps."
    (tmp_path / "orm.md").write_text(said, encoding="utf-8")
    stack.ingest(tmp_path / "orm.md")
    answer = ask(stack, "Do the passages of the Orm pyramid have lamps?", Scripted(said))
    assert [sentence.text for sentence in answer.sentences] == [said]


def test_a_citation_names_the_page_of_its_own_words_not_of_its_chunk(tmp_path: Path, bag_encoder: Any) -> None:
    text = "Whales are mammals. The blue whale weighs 150 tonnes."
    second = text.index("The blue")
    pages = (PageSpan(1, 0, second), PageSpan(2, second, len(text)))
    document = Document("whales.pdf", "whales.pdf", "Whales", text, "digest", pages=pages)
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    with stack.database.create("default", bag_encoder.fingerprint).writer() as writer:
        writer.put(document, [Chunk(0, len(text), "", "digest", page=1)], bag_encoder.encode_passages([text]))
    draft = "The blue whale weighs 150 tonnes."
    (citation,) = ask(stack, "How heavy is the blue whale?", Scripted(draft)).citations
    assert (citation.page, citation.quote) == (2, draft)


def test_a_citation_says_where_its_words_stand_how_surely_they_were_read_and_who_else_has_them(
    tmp_path: Path, bag_encoder: Any
) -> None:
    text = "Whales are mammals. The blue whale weighs 150 tonnes. It eats krill."
    second, third = text.index("The blue"), text.index("It eats")
    box = (72.0, 100.0, 300.5, 112.0)
    spans = (
        PageSpan(1, 0, second, "slide 1"),
        PageSpan(2, second, second + 9, "slide 2", box),
        PageSpan(2, second + 9, third, "slide 2"),
        PageSpan(3, third, len(text), "slide 3"),
    )
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    chunk = Chunk(0, len(text), "", "digest", page=1, metadata={"place": "slides 1–3", "ocr": 0.93})
    with stack.database.create("default", bag_encoder.fingerprint).writer() as writer:
        document = Document("a.pptx", "a.pptx", "Whales", text, "digest", pages=spans)
        writer.put(document, [chunk], bag_encoder.encode_passages([text]))
        writer.record(LedgerEntry("b.pptx", "b.pptx", "duplicate", original="a.pptx"))
    draft = "The blue whale weighs 150 tonnes."
    answer = ask(stack, "How heavy is the blue whale?", Scripted(draft))
    (citation,) = json.loads(json.dumps(answer.to_dict()))["citations"]
    assert citation["place"] == "slide 2"
    assert citation["boxes"] == [{"page": 2, "box": [72.0, 100.0, 300.5, 112.0]}]
    assert (citation["ocr"], citation["also"]) == (0.93, ["b.pptx"])
    refusal = ask(stack, "How heavy is the blue whale?", Scripted("", answerable=False))
    assert [(passage.place, passage.page) for passage in refusal.nearest] == [("slides 1–3", 1)]
    (hit,) = map(hit_to_dict, stack.search("blue whale"))
    assert (hit["place"], hit["metadata"]["ocr"], hit["page"]) == ("slides 1–3", 0.93, 1)


def test_the_generator_gets_the_evidence_best_first(stack: RagStack) -> None:
    generator = Scripted("They hunt squid.")
    ask(stack, "What do sperm whales hunt? They hunt squid?", generator)
    assert generator.prompts[0].evidence[0] == "They hunt squid."


@pytest.mark.parametrize(("question", "yes", "no"), [("How heavy?", "Yes", "No"), ("蓝鲸有多重？", "是", "否")])
def test_the_judge_is_asked_for_the_words_of_the_questions_language(
    stack: RagStack, question: str, yes: str, no: str
) -> None:
    asked: list[tuple[Sequence[str], Sequence[str]]] = []

    class Remembering(Scripted):
        def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
            asked.append((yes, no))
            return super().log_odds(messages, yes, no)

    ask(stack, question, Remembering("", answerable=False))
    [(said_yes, said_no)] = asked
    assert yes in said_yes
    assert no in said_no
    assert not set(said_yes) & set(said_no)


def test_a_stack_reads_the_documents_beside_its_home_and_not_its_own_files(tmp_path: Path, bag_encoder: Any) -> None:
    (tmp_path / "whale.md").write_text("The blue whale weighs up to 150 tonnes.", encoding="utf-8")
    with RagStack.open(home=tmp_path) as stack:
        stack._models._encoder = bag_encoder
        for added in (1, 0):
            report = stack.ingest(tmp_path)
            assert (report.files.added, report.files.refused, report.files.failed) == (added, 0, 0)


@pytest.mark.parametrize(
    ("text", "question", "sentence"),
    [
        (
            "The Northwest Passage stayed closed until 1906, when Amundsen sailed it.",
            "When was the Northwest Passage first sailed?",
            "The Northwest Passage did not open before 1906.",
        ),
        (
            "客户资料须经部门主管授权方可对外提供，未授权者将受处分。",
            "客户资料可以对外提供吗？",
            "客户资料未经授权不得对外提供。",
        ),
    ],
)
def test_a_sentence_about_what_the_documents_call_a_passage_is_no_refusal(
    text: str, question: str, sentence: str, tmp_path: Path, bag_encoder: Any
) -> None:
    (tmp_path / "note.md").write_text(text, encoding="utf-8")
    stack = RagStack.open(home=tmp_path / "home")
    stack._models._encoder = bag_encoder
    stack.ingest([tmp_path / "note.md"])
    assert ask(stack, question, Scripted(sentence, supported=[sentence])).text == f"{sentence}[1]"
    aside = "The passages do not say." if question.isascii() else "提供的资料没有说明。"
    assert ask(stack, question, Scripted(aside, supported=[aside])).abstained
