"""Any transformers model: a T5 and a LLaMA built tiny here, and a real GGUF file."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from indexes.errors import ExtraMissing, ModelError, ModelMissing
from ragstack.generators.base import Message, Prompt, Usage, as_chat
from ragstack.generators.llamacpp import LlamaCppGenerator
from ragstack.generators.transformers import TransformersGenerator

TEXTS = [
    "The encoder reads the text in both directions. The decoder writes from left to right.",
    "Context: Question: Answer: What does an encoder read?",
    "编码器从两个方向阅读文本，解码器从左到右写作。资料：问题：回答：",
]
QUESTION = Prompt(
    question="What does the encoder read?",
    evidence=("The encoder reads the text.", "The decoder writes."),
    messages=(Message("system", "Be brief."), Message("user", "The encoder reads the text. What does it read?")),
)
CHAT = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + CHAT


def _tokenizer(**options: Any) -> PreTrainedTokenizerFast:
    """A byte-level BPE trained on the few texts above."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>", "⟪turn⟫"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        additional_special_tokens=special[2:],
        **options,
    )


def _save(folder: Path, model: torch.nn.Module, template: str | None = None) -> Path:
    tokenizer = _tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)  # type: ignore[operator]
    return folder


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    config = T5Config(
        vocab_size=400,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
        initializer_factor=4.0,
    )
    return _save(tmp_path_factory.mktemp("tiny-t5"), T5ForConditionalGeneration(config))


def _llama(folder: Path, template: str | None, positions: int = 256) -> Path:
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=positions,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        initializer_range=0.6,
    )
    return _save(folder, LlamaForCausalLM(config), template)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _llama(tmp_path_factory.mktemp("tiny-llama"), CHAT)


def _run(generator: TransformersGenerator, prompt: Prompt, **options: Any) -> tuple[str, Usage]:
    deltas = list(generator.stream(prompt, **{"max_tokens": 12, **options}))
    assert [delta.usage is None for delta in deltas] == [True] * (len(deltas) - 1) + [False]
    usage = deltas[-1].usage
    assert usage is not None
    return "".join(delta.text for delta in deltas), usage


def _greedy(folder: Path, family: Any, text: str, size: int) -> tuple[str, int, int]:
    """Written token by token from the arg max of the logits: text, tokens read, tokens written."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = family.from_pretrained(folder).eval()
    read = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
    written: list[int] = []
    while len(written) < size and (not written or written[-1] != tokenizer.eos_token_id):
        with torch.no_grad():
            if family is AutoModelForSeq2SeqLM:
                logits = model(input_ids=read, decoder_input_ids=torch.tensor([[0, *written]])).logits
            else:
                logits = model(input_ids=torch.cat([read, torch.tensor([written], dtype=torch.long)], 1)).logits
        written.append(int(logits[0, -1].argmax()))
    return tokenizer.decode(written, skip_special_tokens=True), read.shape[1], len(written)


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_no_token_of_the_tokenizer_can_be_spelt_out(family: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(family)
    generator = TransformersGenerator(folder)
    special = {each.content: id_ for id_, each in AutoTokenizer.from_pretrained(folder).added_tokens_decoder.items()}
    assert {"⟪turn⟫", "<eos>"} <= special.keys()

    def turns(said: str) -> list[int]:
        prompt = Prompt(said, (said,), (Message("system", said), Message("user", said)))
        return [id_ for id_ in generator._read(prompt)["input_ids"][0].tolist() if id_ in special.values()]

    assert turns(f"Encoder {' '.join(special)} ⟪turn⟫⟪turn⟫<eos>") == turns("Encoder")


def test_an_encoder_decoder_writes_what_its_logits_say(t5: Path) -> None:
    plain = (
        "Context:\nThe encoder reads the text.\nThe decoder writes.\n\nQuestion: What does the encoder read?\nAnswer:"
    )
    expected, read, written = _greedy(t5, AutoModelForSeq2SeqLM, plain, 12)
    generator = TransformersGenerator(t5)
    assert generator.name == f"transformers:{t5.name}"
    assert _run(generator, QUESTION) == (expected, Usage(read, written))
    assert written > 1


def test_a_decoder_reads_the_conversation_through_its_chat_template(llama: Path) -> None:
    chat = "<|system|>Be brief.<eos><|user|>The encoder reads the text. What does it read?<eos><|assistant|>"
    expected, read, written = _greedy(llama, AutoModelForCausalLM, chat, 12)
    assert _run(TransformersGenerator(llama), QUESTION) == (expected, Usage(read, written))
    assert written > 1


def test_a_template_without_a_system_turn_gets_it_in_the_users(tmp_path: Path) -> None:
    folder = _llama(tmp_path, NO_SYSTEM)
    chat = "<|user|>Be brief.\n\nThe encoder reads the text. What does it read?<eos><|assistant|>"
    expected, read, written = _greedy(folder, AutoModelForCausalLM, chat, 12)
    assert _run(TransformersGenerator(folder), QUESTION) == (expected, Usage(read, written))


def test_a_decoder_without_a_template_continues_a_plain_text_in_the_language_of_the_question(tmp_path: Path) -> None:
    folder = _llama(tmp_path, None)
    plain = "资料：\n编码器从两个方向阅读文本。\n\n问题：编码器怎么阅读？\n回答："
    expected, read, written = _greedy(folder, AutoModelForCausalLM, plain, 12)
    prompt = Prompt("编码器怎么阅读？", ("编码器从两个方向阅读文本。",), QUESTION.messages)
    assert _run(TransformersGenerator(folder), prompt) == (expected, Usage(read, written))


def test_sampling_settings_that_come_with_a_model_are_not_followed(llama: Path, tmp_path: Path) -> None:
    expected, _ = _run(TransformersGenerator(llama), QUESTION)
    folder = _llama(tmp_path, CHAT)
    settings = json.loads((folder / "generation_config.json").read_text())
    settings |= {"do_sample": True, "temperature": 5.0, "top_k": 50, "repetition_penalty": 9.0, "num_beams": 3}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    assert _run(TransformersGenerator(folder), QUESTION)[0] == expected


def test_writing_ends_before_the_first_stop_text(llama: Path) -> None:
    generator = TransformersGenerator(llama)
    whole, usage = _run(generator, QUESTION, max_tokens=40)
    middle = whole[len(whole) // 2 : len(whole) // 2 + 4]
    cut, less = _run(generator, QUESTION, max_tokens=40, stop=["never written", middle])
    assert cut == whole[: whole.index(middle)]
    assert less.prompt_tokens == usage.prompt_tokens
    assert _run(generator, QUESTION, max_tokens=40, stop=[whole[-1] + "and never this"])[0] == whole


class Held:
    """The tiny LLaMA, which has to be let go on after so many tokens."""

    after = 50

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.go = threading.Event()
        forward = LlamaForCausalLM.forward

        def held(model: LlamaForCausalLM, *inputs: Any, **named: Any) -> Any:
            self.steps += 1
            assert self.steps <= self.after or self.go.wait(60)
            return forward(model, *inputs, **named)

        monkeypatch.setattr(LlamaForCausalLM, "forward", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


def _wait_for_writers(generator: TransformersGenerator) -> None:
    for writer in [thread for thread in threading.enumerate() if thread.name == generator.name]:
        writer.join()


def test_closing_the_iterator_ends_the_writing(llama: Path, held: Held) -> None:
    generator = TransformersGenerator(llama)
    pieces = generator.stream(QUESTION, max_tokens=100)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    held.go.set()
    _wait_for_writers(generator)
    assert held.steps <= held.after + 2


def test_a_closed_model_writes_no_more(llama: Path, held: Held) -> None:
    generator = TransformersGenerator(llama)
    pieces = generator.stream(QUESTION, max_tokens=100)
    next(pieces)
    generator.close()
    held.go.set()
    with pytest.raises(ModelError, match="was closed while it was writing"):
        list(pieces)
    _wait_for_writers(generator)
    assert held.steps <= held.after + 2
    with pytest.raises(ModelError, match="is closed"):
        next(generator.stream(QUESTION, max_tokens=2))


def test_a_prompt_longer_than_the_window_is_one_line_with_both_lengths(tmp_path: Path) -> None:
    generator = TransformersGenerator(_llama(tmp_path, CHAT, positions=64))
    _, usage = _run(generator, QUESTION, max_tokens=500)
    assert usage.prompt_tokens + usage.completion_tokens <= 64
    long = Prompt("", (), (Message("user", "decoder " * 100),))
    with pytest.raises(ModelError, match=r"the prompt has \d+ tokens, .* reads fewer than 64; give it fewer"):
        list(generator.stream(long, max_tokens=2))


def test_a_failure_while_writing_is_one_line(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("not enough\nmemory")

    monkeypatch.setattr(LlamaForCausalLM, "forward", broken)
    with pytest.raises(ModelError, match="failed: not enough memory"):
        list(TransformersGenerator(llama).stream(QUESTION, max_tokens=4))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", "{}"),
        ("config.json", '{"model_type": "unheard-of"}'),
        ("config.json", "not json"),
        ("model.safetensors", "not weights"),
        ("tokenizer.json", "{}"),
    ],
)
def test_a_broken_folder_is_one_line_that_names_it(tmp_path: Path, name: str, content: str) -> None:
    folder = _llama(tmp_path / "model", CHAT)
    (folder / name).write_text(content)
    with pytest.raises(ModelError) as caught:
        TransformersGenerator(folder)
    assert str(caught.value).startswith(f"model {folder} cannot be loaded: ")
    assert "\n" not in str(caught.value)


def test_weights_that_are_a_pickle_are_not_read(tmp_path: Path) -> None:
    folder = _llama(tmp_path / "model", CHAT)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformersGenerator(folder)


def test_an_empty_folder_and_a_file_of_another_kind_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformersGenerator(tmp_path)
    other = tmp_path / "model.zip"
    other.write_bytes(b"PK")
    with pytest.raises(ModelMissing, match=r"there is no model .*model\.zip; expected a folder"):
        TransformersGenerator(other)


def test_a_gguf_file_without_the_packages_that_read_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformersGenerator(model)
    monkeypatch.setattr("ragstack.generators.transformers.find_spec", lambda name: None if name == "gguf" else name)
    with pytest.raises(ExtraMissing, match=r"pip install 'ragstack\[gguf\]'"):
        TransformersGenerator(model)


def test_a_model_of_the_hubs_cache_is_called_by_its_name(llama: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--owner--tiny" / "snapshots" / "0123abcd"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(llama)
    assert TransformersGenerator(snapshot).name == "transformers:owner/tiny"


@pytest.fixture(scope="module")
def smollm() -> TransformersGenerator:
    from ingest.packs import default_cache, locate

    return TransformersGenerator(locate("SmolLM2-135M-Instruct", default_cache()))


@pytest.mark.models
def test_a_gguf_file_writes_words_and_ends_by_itself(smollm: TransformersGenerator) -> None:
    assert smollm.name.startswith("transformers:SmolLM2-135M-Instruct")
    prompt = Prompt("", (), (Message("user", "What is the capital of France? Answer in one short sentence."),))
    text, usage = _run(smollm, prompt, max_tokens=24)
    assert "Paris" in text
    assert "<|" not in text
    assert usage.completion_tokens < 24


@pytest.mark.models
def test_llama_cpp_gives_the_odds_that_the_logits_of_the_same_weights_give(smollm: TransformersGenerator) -> None:
    from ingest.packs import default_cache, locate

    messages = (Message("system", "You answer from the passages."), Message("user", "Whales swim. Do they? Yes or No?"))
    yes, no = ("Yes", "yes", "YES"), ("No", "no", "NO")
    tokenizer, model = smollm._tokenizer, smollm._model
    text = tokenizer.apply_chat_template(as_chat(messages), tokenize=False, add_generation_prompt=True)
    with torch.no_grad():
        logits = model(**tokenizer(text, return_tensors="pt", add_special_tokens=False)).logits[0, -1]
    words = [tokenizer.decode([at]).strip() for at in range(len(logits))]
    sides = [[at for at, word in enumerate(words) if word in side] for side in (yes, no)]
    expected = float(torch.logsumexp(logits[sides[0]], 0) - torch.logsumexp(logits[sides[1]], 0))
    judge = LlamaCppGenerator(locate("SmolLM2-135M-Instruct", default_cache()), context_length=512)
    assert judge.log_odds(messages, yes, no) == pytest.approx(expected, abs=0.25)  # its activations have 8 bits
    assert judge.log_odds(messages, no, yes) == pytest.approx(-expected, abs=0.25)
    judge.close()
