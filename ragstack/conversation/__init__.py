"""A follow-up question → one that stands alone: ``following`` says whether it leans, ``rewriting`` what it means."""

from ragstack.conversation.following import leans
from ragstack.conversation.rewriting import Turn, recent, standalone

__all__ = ["Turn", "leans", "recent", "standalone"]
