"""Notebooks as pages, with the outputs and pictures that they were saved with.

A line `<!-- notebooks -->` becomes a list of them, and the part of the navigation called Notebooks gets an entry for each.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat
from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

from links import DOCS, NOTEBOOKS, relinked

FIRST = ("quickstart", "channels", "aircomp", "latency", "training")
"""In the order of the data flow; the others follow by name."""
HEADING = re.compile(r"^# (.+)$", flags=re.MULTILINE)
TABLE_STYLE = re.compile(r"<style scoped>.*?</style>\n*", flags=re.DOTALL)
WIDGET = "application/vnd.jupyter.widget-view+json"


def on_files(files: Any, *, config: Any) -> Any:
    titles = {}
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb"), key=_place):
        resources = {"unique_key": notebook.stem, "output_files_dir": f"{notebook.stem}_files"}
        markdown, resources = MarkdownExporter().from_notebook_node(_without_widgets(notebook), resources=resources)
        markdown = TABLE_STYLE.sub("", markdown).replace('<table border="1" class="dataframe">', "<table>")
        titles[f"{notebook.stem}.md"] = HEADING.findall(markdown)[0]
        markdown = relinked(markdown, written_in=NOTEBOOKS, shown_in=DOCS / "notebooks")
        markdown = markdown.replace("![png](", f"![A figure of the notebook {notebook.stem}](")
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=markdown))
        for place, picture in resources["outputs"].items():
            files.append(File.generated(config, f"notebooks/{place}", content=picture))
    (pages,) = (entry["Notebooks"] for entry in config.nav if "Notebooks" in entry)
    pages += [{_short(title, place): f"notebooks/{place}"} for place, title in titles.items()]
    config.extra["notebooks"] = titles
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    links = (f"- [{title}]({place})" for place, title in config.extra["notebooks"].items())
    return markdown.replace("<!-- notebooks -->", "\n".join(links))


def _without_widgets(notebook: Any) -> nbformat.NotebookNode:
    """A notebook less what needs a kernel to be seen."""
    node = nbformat.read(notebook, as_version=4)
    for cell in node.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    return node


def _short(title: str, place: str) -> str:
    """What stands before the colon of a title, or else the notebook's name."""
    return title.partition(":")[0] if ":" in title else place.removesuffix(".md").capitalize()


def _place(notebook: Any) -> tuple[int, str]:
    return (FIRST.index(notebook.stem) if notebook.stem in FIRST else len(FIRST), notebook.stem)
