"""Pages whose blocks are run, see `run_blocks.py`, show below each block what it prints and draws."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File
from run_blocks import BLOCK, is_run, shown_by


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any, **_: Any) -> str:
    source, place = Path(page.file.abs_src_path or ""), Path(page.file.src_uri)
    if not source.is_file() or not is_run(source):
        return markdown
    left, count = iter(shown_by(source)), 0

    def with_output(match: re.Match[str]) -> str:
        nonlocal count
        shown, parts = next(left), [match[0]]
        if shown.text:
            parts.append(f"```{{ .text .output }}\n{shown.text.rstrip()}\n```")
        headings = re.findall(r"^#+ (.+)$", markdown[: match.start()], flags=re.MULTILINE)
        for picture in shown.pictures:
            count += 1
            name = f"{place.stem}-{count}.png"
            files.append(File.generated(config, (place.parent / name).as_posix(), content=picture))
            parts.append(f"![{headings[-1]}]({name})")
        return "\n\n".join(parts)

    return BLOCK.sub(with_output, markdown)
