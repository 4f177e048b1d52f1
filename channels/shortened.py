"""Long texts, as a message repeats them."""

from __future__ import annotations


def shortened(text: str, *, longest: int = 60) -> str:
    """The text, or its beginning where it is long.

    >>> shortened("seconds"), shortened("1" * 5000, longest=10)
    ('seconds', '1111111...')
    """
    return text if len(text) <= longest else text[: longest - 3] + "..."
