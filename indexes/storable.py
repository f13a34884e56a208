"""What every catalogue can keep, so that whatever is asked of it or given to it is checked in one way.

A text has no NUL, which PostgreSQL refuses, and no half of a surrogate pair, which is what is left of bytes that are
no UTF-8. A whole number has 64 bits.
"""

from typing import Any

__all__ = ["LONGEST_DIGEST", "is_text", "is_whole"]

LONGEST_DIGEST = 128
"""Characters of a digest."""
_WHOLE = range(-(1 << 63), 1 << 63)


def is_text(value: Any) -> bool:
    """Whether a value is a text that can be kept."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_whole(value: Any, least: int = _WHOLE.start, beyond: int = _WHOLE.stop) -> bool:
    """Whether a value is a plain whole number from ``least`` up to and without ``beyond``; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < beyond
