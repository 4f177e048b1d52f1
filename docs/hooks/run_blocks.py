"""The Python blocks of a page, run one after the other: what they print and draw.

A page whose front matter says `run: true` starts afresh; one that says `run: after layout.md` goes on where that one ended.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot as plt

BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---\n.*?^run: (?:true|after (?P<before>\S+))$.*?^---\n", flags=re.DOTALL | re.MULTILINE)
DOTS_PER_INCH = 110


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a block leaves behind.

    Attributes:
        text: printed by it.
        pictures: PNG files of the figures that it drew.
    """

    text: str
    pictures: tuple[bytes, ...]


def is_run(page: Path) -> bool:
    """Whether a page asks for its blocks to be run."""
    return FRONT_MATTER.match(page.read_text(encoding="utf-8")) is not None


def blocks_of(page: Path) -> list[str]:
    """The sources of its Python blocks, each below as many empty lines as stand before it: errors name the line of the page."""
    text = page.read_text(encoding="utf-8")
    return ["\n" * text.count("\n", 0, match.start(1)) + match[1] for match in BLOCK.finditer(text)]


def shown_by(page: Path) -> list[Shown]:
    """What each block of a page leaves behind, in order."""
    return _run(page.resolve(), _sources(page.resolve()))[0]


def _before(page: Path) -> Path | None:
    matter = FRONT_MATTER.match(page.read_text(encoding="utf-8"))
    return (page.parent / matter["before"]).resolve() if matter and matter["before"] else None


def _sources(page: Path) -> tuple[str, ...]:
    """All that is run up to the end of a page."""
    before = _before(page)
    return (*(_sources(before) if before else ()), *blocks_of(page))


@cache
def _run(page: Path, sources: tuple[str, ...]) -> tuple[list[Shown], dict[str, Any]]:
    """`sources` is the key: a page runs again when it, or one before it, has changed."""
    before = _before(page)
    namespace = dict(_run(before, _sources(before))[1]) if before else {"__name__": page.stem}
    matplotlib.use("agg")
    with plt.rc_context({"figure.figsize": (8.0, 4.2)}):
        return [_shown(block, namespace, page) for block in blocks_of(page)], namespace


def _shown(block: str, namespace: dict[str, Any], page: Path) -> Shown:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(block, str(page), "exec", dont_inherit=True), namespace)
        return Shown(text=printed.getvalue(), pictures=tuple(_png(number) for number in plt.get_fignums()))
    finally:
        plt.close("all")


def _png(number: int) -> bytes:
    file = io.BytesIO()
    plt.figure(number).savefig(file, format="png", dpi=DOTS_PER_INCH)
    return file.getvalue()
