"""Mailboxes (mbox): the messages in one, each by itself, numbered as they come."""

from collections.abc import Iterator
from itertools import pairwise

from ingest.files.formats import MAIL_SEPARATOR
from ingest.files.unpacking import Budget, Member

__all__ = ["members"]


def members(data: bytes, budget: Budget) -> Iterator[Member]:
    """Return the messages of a mailbox in its order."""
    starts = [*(match.start() for match in MAIL_SEPARATOR.finditer(data)), len(data)]
    for number, (start, end) in enumerate(pairwise(starts), 1):
        name = f"{number}.eml"
        if not budget.take_member():
            yield Member(name, budget.too_many())
            return
        message = data[start:end]
        yield Member(name, message[message.index(b"\n") + 1 :])
