"""The compiler library that ray tracing needs, found before anything can abort."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from channels.sionna_backend.session import MissingExtra, require_sionna

OLDEST_VERSION = 19
VARIABLE = "DRJIT_LIBLLVM_PATH"
PLACES = (
    "/usr/lib/*/libLLVM*.so*",
    "/usr/lib/llvm-*/lib/libLLVM*.so*",
    "/usr/lib64/libLLVM*.so*",
    "/opt/homebrew/opt/llvm*/lib/libLLVM*.dylib",
    "/usr/local/opt/llvm*/lib/libLLVM*.dylib",
)


def require_ray_tracing(places: Sequence[str] = PLACES) -> None:
    """Sees to it that ray tracing finds libLLVM 19 or later; without it, or a graphics card, it cannot run.

    Version 14 is refused by Sionna, 15 and 16 load and then abort the process; so versions are told from file names, before
    anything is loaded. A library that the environment variable DRJIT_LIBLLVM_PATH names is taken if it is new enough; else the
    variable is set, for this process, to the newest one found.

    Raises:
        MissingExtra: saying what to install.
    """
    require_sionna()
    import torch

    if torch.cuda.is_available():
        return
    named = os.environ.get(VARIABLE)
    found = [named] if named else [path for place in places for path in glob(place)]
    versions = {path: version for path in found if Path(path).is_file() and (version := llvm_version(path)) is not None}
    newest = max(versions, key=lambda path: versions[path], default=None)
    if newest is None or versions[newest] < OLDEST_VERSION:
        has = f"{VARIABLE} is {named!r}" if named else f"found: {', '.join(sorted(map(str, set(versions.values())))) or 'none'}"
        raise MissingExtra(
            f"ray tracing needs the system library libLLVM, version {OLDEST_VERSION} or later ({has}); on Debian and Ubuntu: "
            f"apt-get install libllvm{OLDEST_VERSION}; elsewhere install LLVM and set {VARIABLE} to its library"
        )
    os.environ[VARIABLE] = newest


def llvm_version(path: str) -> int | None:
    """The major version in the name of the file that a path leads to; None where the name has none.

    >>> llvm_version("/a/libLLVM.so.19.1"), llvm_version("/a/libLLVM-15.so.1"), llvm_version("/a/libLLVM.so")
    (19, 15, None)
    """
    match = re.match(r"libLLVM(?:-|\.so\.|\.)(\d+)", Path(path).resolve().name)
    return int(match[1]) if match else None
