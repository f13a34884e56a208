"""Any decoder (GPT, LLaMA, Qwen, GLM …) or encoder-decoder (T5, BART …) that the transformers library knows.

Weights come from a local folder or a GGUF file (turned back into 32-bit floats): only safetensors and GGUF are read, no
code that comes with a model is run, and nothing is fetched. Everything is computed in 32 bits, since 16-bit floats are
slow on most processors.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from indexes.errors import ExtraMissing, ModelError, ModelMissing
from ragstack.generators.base import Delta, Prompt, Usage, as_chat, harmless
from ragstack.language import Language, language_of

__all__ = ["TransformersGenerator"]

_TOKENS = ("bos", "eos", "pad", "decoder_start", "forced_bos")
"""What is kept of the generation settings that come with a model; its sampling and its penalties are not."""
PLAIN: dict[Language, str] = {
    "en": "Context:\n{evidence}\n\nQuestion: {question}\nAnswer:",
    "zh": "资料：\n{evidence}\n\n问题：{question}\n回答：",
}
"""For models without a chat template, which continue a text: laid out so that the answer is what comes next."""


class TransformersGenerator:
    """Runs one model.

    Args:
        model: A folder, as ``save_pretrained`` writes it, or a GGUF file.

    Raises:
        ModelMissing: there is no such folder or file.
        ModelError: it cannot be loaded.
        ExtraMissing: it is a GGUF file and the packages that read it are not installed.
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        path = Path(model).expanduser()
        self.name = f"transformers:{_title(path)}"
        self._tokenizer, self._model = _load(path)
        self._control = _control_tokens(self._tokenizer)
        self._lock = Lock()
        self._closed = Event()

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """Write greedily; see :class:`ragstack.generators.base.Generator`."""
        from transformers import TextIteratorStreamer

        if self._closed.is_set():
            raise ModelError(f"model {self.name} is closed; open it again")
        inputs = self._read(prompt)
        read = inputs["input_ids"].shape[1]
        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        left = Event()
        outcome: list[int | Exception] = []
        options = {**inputs, "max_new_tokens": self._room(read, max_tokens), "streamer": streamer}
        writer = Thread(target=self._write, args=(self._model, options, left, outcome), name=self.name)
        writer.start()
        try:
            for text in _before(streamer, stop):
                yield Delta(text)
        finally:
            left.set()
        writer.join()
        written = outcome[0]
        if isinstance(written, Exception):
            raise ModelError(f"model {self.name} failed: {_line(written)}")
        if self._closed.is_set():
            raise ModelError(f"model {self.name} was closed while it was writing; open it again")
        yield Delta("", Usage(read, written))

    def close(self) -> None:
        """Free the model. Whatever is still being written ends at its next token."""
        self._closed.set()
        self._model = None

    def _read(self, prompt: Prompt) -> dict[str, Any]:
        """The prompt as token ids: through the chat template where the tokenizer has one, else as plain text."""
        chat = bool(self._tokenizer.chat_template)
        if chat:
            text = self._chat(as_chat(prompt.messages, self._control))
        else:
            plain, said = PLAIN[language_of(prompt.question)], ("\n".join(prompt.evidence), prompt.question)
            evidence, question = (harmless(each, self._control) for each in said)
            text = plain.format(evidence=evidence, question=question)
        ids = self._tokenizer(text, return_tensors="pt", add_special_tokens=not chat, truncation=False)
        return {name: ids[name] for name in ("input_ids", "attention_mask")}

    def _chat(self, messages: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        try:
            return str(self._tokenizer.apply_chat_template(messages, **options))
        except TemplateError:  # some templates know no system turn
            whole = "\n\n".join(message["content"] for message in messages)
            return str(self._tokenizer.apply_chat_template([{"role": "user", "content": whole}], **options))

    def _room(self, read: int, max_tokens: int) -> int:
        """How many tokens may be written. A decoder writes into the window that it reads from."""
        limit = getattr(self._model.config, "max_position_embeddings", None)
        if limit is None:
            return max_tokens
        if read >= limit:
            raise ModelError(
                f"the prompt has {read} tokens, but model {self.name} reads fewer than {limit}; "
                "give it fewer or shorter passages, or take a model with a longer context"
            )
        return max_tokens if self._model.config.is_encoder_decoder else min(max_tokens, limit - read)

    def _write(self, model: Any, options: dict[str, Any], left: Event, outcome: list[int | Exception]) -> None:
        """Runs in a thread of its own, since ``generate`` returns only when all is written."""
        import torch

        def stopped(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((ids.shape[0],), left.is_set() or self._closed.is_set(), dtype=torch.bool)

        prefix = 1 if model.config.is_encoder_decoder else options["input_ids"].shape[1]
        try:
            with self._lock:
                ids = model.generate(**options, stopping_criteria=[stopped])
            outcome.append(int(ids.shape[1]) - prefix)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            outcome.append(error)
            options["streamer"].on_finalized_text("", stream_end=True)


def _control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """What the tokenizer takes, wherever it stands in a text, for more than its letters."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return tuple({*added, *tokenizer.all_special_tokens})


def _before(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """The text up to the first of ``stop``; what might be the beginning of one is held back until it is clear."""
    held = ""
    for piece in pieces:
        held += piece
        if found := [at for at in map(held.find, stop) if at >= 0]:
            yield held[: min(found)]
            return
        sure = len(held) - max((_overlap(held, text) for text in stop), default=0)
        if sure:
            yield held[:sure]
        held = held[sure:]
    if held:
        yield held


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` are the beginning of ``stop``."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)


def _source(path: Path) -> tuple[Path, dict[str, Any]]:
    """What ``from_pretrained`` takes for ``path``: a folder, and options."""
    if path.is_dir():
        return path, {"local_files_only": True}
    if path.is_file() and path.suffix == ".gguf":
        return path.parent, {"local_files_only": True, "gguf_file": path.name}
    raise ModelMissing(
        f"there is no model {path}; expected a folder with config.json and safetensors, or a .gguf file; "
        "fetch one with: ragstack models pull Qwen2.5-Coder-1.5B-Instruct"
    )


def _title(path: Path) -> str:
    """The name of a folder or file; the hub's cache has it two folders up (``models--owner--name/snapshots/hash``)."""
    if path.parent.name == "snapshots":
        return path.parents[1].name.removeprefix("models--").replace("--", "/")
    return path.name if path.is_dir() else path.stem


def _load(path: Path) -> tuple[Any, Any]:
    """The tokenizer and the model."""
    source, options = _source(path)
    if "gguf_file" in options and not (find_spec("gguf") and find_spec("accelerate")):
        raise ExtraMissing("transformers reads GGUF files with two more packages: pip install 'ragstack[gguf]'")
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

    try:
        config = AutoConfig.from_pretrained(source, **options)
        family = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        tokenizer = AutoTokenizer.from_pretrained(source, config=config, **options)
        weights = {} if "gguf_file" in options else {"use_safetensors": True}
        loaded = family.from_pretrained(source, config=config, dtype=torch.float32, **options, **weights)
    except Exception as error:  # noqa: BLE001 - whatever a broken folder makes the library raise
        raise ModelError(f"model {path} cannot be loaded: {_line(error)}") from None
    known = {f"{name}_token_id": getattr(loaded.generation_config, f"{name}_token_id", None) for name in _TOKENS}
    if known["pad_token_id"] is None:
        known["pad_token_id"] = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    loaded.generation_config = GenerationConfig.from_dict({**known, "do_sample": False})
    return tokenizer, loaded.eval()


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]
