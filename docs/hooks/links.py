"""Links that lead out of docs/: to a notebook they become links to its page, to other files of the repository their text."""

from __future__ import annotations

import re
from os.path import relpath
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent
NOTEBOOKS = ROOT / "notebooks"
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def relinked(markdown: str, *, written_in: Path, shown_in: Path) -> str:
    """Markdown of a file in one folder as it has to read on a page in another, both being folders of the repository."""

    def link(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.groups(default="")
        path = (written_in / target).resolve()
        if path.is_relative_to(NOTEBOOKS):
            path = DOCS / "notebooks" / path.relative_to(NOTEBOOKS)
        if path.suffix == ".ipynb":
            path = path.with_suffix(".md")
        if not path.is_relative_to(DOCS):
            return text
        return f"{mark}[{text}]({Path(relpath(path, shown_in)).as_posix()}{anchor})"

    return LINK.sub(link, markdown)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    folder = (DOCS / page.file.src_uri).parent
    return relinked(markdown, written_in=folder, shown_in=folder)
