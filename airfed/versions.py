"""What the numbers of a run may depend on besides its scenario."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

PACKAGES = ("airfed", "clarabel", "cvxpy", "numpy", "pandas", "scikit-learn", "scipy")


@cache
def versions() -> dict[str, str]:
    """Of Python and the packages that the numbers may depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
