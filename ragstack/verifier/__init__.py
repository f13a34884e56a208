"""A small verifier of our own: does the evidence support the claim? For batches, and where no decoder can judge."""

from ragstack.verifier.model import SmallModel, open_small

__all__ = ["SmallModel", "open_small"]
