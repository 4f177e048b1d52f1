"""Which public names the laws of this folder hold for."""

from collections.abc import Callable
from typing import Any

LAWS: dict[Any, set[str]] = {}
"""Names of the laws of each public function or class."""


def law_of(*covered: Any) -> Callable[[Callable], Callable]:
    """A decorator of a test: it is a law of these public functions and classes."""

    def register(test: Callable) -> Callable:
        assert test.__name__.startswith("test_"), f"{test.__name__} never runs"
        for name in covered:
            LAWS.setdefault(name, set()).add(test.__name__)
        return test

    return register
