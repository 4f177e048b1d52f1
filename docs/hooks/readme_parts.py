"""Measured figures have one home, README.md: lines `<!-- README: a heading -->` of a page are replaced by that section of it.

`<!-- README: benchmarks -->` stands for all from the first paragraph to the last that tells how a benchmark is run, outside of
the sections that a page asks for by their headings.
"""

from __future__ import annotations

import re
from typing import Any

from links import DOCS, ROOT, relinked

MARK = re.compile(r"^<!-- README: (.+) -->$", flags=re.MULTILINE)
BENCHMARK = re.compile(r"`python\s+benchmarks/")


def sections(markdown: str) -> dict[str, str]:
    """Text below each heading of the second level, by the heading."""
    parts = re.split(r"^## (.+)\n", markdown, flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def measured(text: str) -> str:
    """From the first paragraph to the last that names a benchmark's command."""
    blocks = re.split(r"\n{2,}", text)
    named = [index for index, block in enumerate(blocks) if BENCHMARK.search(block)]
    return "\n\n".join(blocks[named[0] : named[-1] + 1]) if named else ""


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    wanted = MARK.findall(markdown)
    if not wanted:
        return markdown
    readme = sections((ROOT / "README.md").read_text(encoding="utf-8"))
    readme["benchmarks"] = "\n\n".join(filter(None, (measured(text) for name, text in readme.items() if name not in wanted)))
    missing = [name for name in wanted if not readme.get(name)]
    if missing:
        raise ValueError(f"{page.file.src_uri}: README.md has no section {missing[0]!r}; it has {list(readme)}")
    folder = (DOCS / page.file.src_uri).parent
    return MARK.sub(lambda match: relinked(readme[match[1]], written_in=ROOT, shown_in=folder), markdown)
