"""Models that write, behind one small protocol (:mod:`ragstack.generators.base`). Each loads its library on first use.

llamacpp: a GGUF file in this process. transformers: a folder or a GGUF file, decoder or encoder-decoder.
openai: an endpoint that speaks the OpenAI protocol. extractive: no model, the evidence itself.
"""

import os
from typing import Literal, get_args

from indexes.errors import UsageError
from ragstack.generators.base import Generator

__all__ = ["GeneratorKind", "open_generator"]

GeneratorKind = Literal["llamacpp", "transformers", "openai", "extractive"]


def open_generator(
    kind: GeneratorKind,
    model: str | os.PathLike[str] = "",
    *,
    context_length: int = 2048,
    threads: int = 0,
    base_url: str = "",
    api_key: str = "",
    timeout: float = 120.0,
) -> Generator:
    """Open a generator.

    Args:
        kind: Who writes.
        model: llamacpp: a GGUF file. transformers: a folder or a GGUF file. openai: the name that the endpoint knows.
        context_length: llamacpp: tokens that prompt and answer may have together.
        threads: llamacpp: 0 means one for each physical core.
        base_url: openai: the endpoint, ending in ``/v1`` as a rule.
        api_key: openai: its key, where it wants one.
        timeout: openai: seconds to wait for the next piece.

    Raises:
        UsageError: there is no such kind.
        ModelMissing: the model is not on this machine; the text has the command that fetches it.
        ModelError: it is here and cannot be loaded.
        ExtraMissing: an optional package is not installed; the text says which.
        ConfigError: the endpoint or its model has no name.
    """
    if kind not in get_args(GeneratorKind):
        raise UsageError(f"there is no generator {kind!r}; expected one of {', '.join(get_args(GeneratorKind))}")
    if kind == "llamacpp":
        from ragstack.generators.llamacpp import LlamaCppGenerator

        return LlamaCppGenerator(model, context_length=context_length, threads=threads)
    if kind == "transformers":
        from ragstack.generators.transformers import TransformersGenerator

        return TransformersGenerator(model)
    if kind == "openai":
        from ragstack.generators.openai import OpenAIGenerator

        return OpenAIGenerator(base_url, str(model), api_key=api_key, timeout=timeout)
    from ragstack.generators.extractive import ExtractiveGenerator

    return ExtractiveGenerator()
