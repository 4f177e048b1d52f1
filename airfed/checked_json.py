"""JSON that tells when it was damaged."""

from __future__ import annotations

import hashlib
import json
from typing import Any


class DamagedFile(ValueError):
    """What was read is not what was written."""


def sealed(content: Any) -> bytes:
    """The content as JSON beside its SHA-256 sum; numbers read back the same to the bit.

    >>> unsealed(sealed({"seconds": 0.1 + 0.2}))
    {'seconds': 0.30000000000000004}
    """
    return (json.dumps({"sha256": digest(content), "content": content}, indent=1, ensure_ascii=False) + "\n").encode()


def unsealed(document: bytes) -> Any:
    """The content of a sealed document.

    Raises:
        DamagedFile: if it is cut short, changed, or something else altogether.
    """
    try:
        read = json.loads(document)
        if read.keys() == {"sha256", "content"} and read["sha256"] == digest(read["content"]):
            return read["content"]
    except (ValueError, AttributeError, RecursionError):
        pass
    raise DamagedFile("not as it was written")


def digest(content: Any) -> str:
    """SHA-256 of content that JSON can hold, whatever the order of its keys and the layout."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
