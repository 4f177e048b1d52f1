"""Where the points of a sweep are computed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Sequence
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

Item = TypeVar("Item")
Found = TypeVar("Found")

ANSWER_S = 10.0
"""How long to wait for an address to answer."""
CANNOT = "died, perhaps for want of memory, or cannot compute, perhaps for want of airfed and the packages that it needs"


class BackendError(RuntimeError):
    """Points cannot be computed where they should be; the message names the place and says what to do."""


class Backend(Protocol):
    """Where the points of a sweep are computed. Results do not depend on it."""

    def run(self, task: Callable[[Item], Found], items: Sequence[Item]) -> Generator[Found]:
        """What the task finds for each item, as soon as it is found, in any order. Closing the iterator ends all work.

        Raises:
            BackendError: if the items cannot be computed there.
        """
        ...


def check_answers(address: str, *, example: str) -> None:
    """Makes sure that somebody listens at HOST:PORT, with or without a protocol before it.

    Raises:
        BackendError: if the address is none, or nobody does.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise BackendError(f"address: got {address!r}; needed is that of a cluster, such as {example}")
    try:
        with socket.create_connection((host, port), timeout=ANSWER_S):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise BackendError(f"address: {address} does not answer ({why}); is the cluster up, and reached from here?") from None


def last_line(error: Exception) -> str:
    """What is most to the point in an error that has the whole story of another machine in it."""
    return str(error).strip().rpartition("\n")[2]
