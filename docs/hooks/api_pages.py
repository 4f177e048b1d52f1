"""Pages of the reference: one for each package, and one for each folder in it that has public names."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("channels", "aircomp", "latency_opt", "fl_models", "airfed")


def exports(package: str) -> dict[str, str]:
    """The names in `__all__` of a package or of a folder in it, with what each is imported from; none without `__all__`."""
    tree = _tree(package)
    listed = [node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    if not listed:
        return {}
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    sources = {alias.name: str(node.module) for node in imports for alias in node.names}
    return {name: source for name, source in sources.items() if name in ast.literal_eval(listed[0])}


def public_paths(package: str) -> dict[str, dict[str, str]]:
    """`package.Name` of all that can be imported from a package or a folder in it, with the path of its definition, by folder.

    What several export is documented once, under the shortest of its paths; names from elsewhere are on the package's own page.
    """
    paths, seen = defaultdict(dict), set()
    for name, source in exports(package).items():
        folder = source.rpartition(".")[0]
        paths[folder if folder.startswith(f"{package}.") else package][f"{package}.{name}"] = f"{source}.{name}"
        seen.add((source, name))
    for file in sorted((ROOT / package).rglob("*/__init__.py")):
        folder = ".".join(file.parent.relative_to(ROOT).parts)
        new = {name: source for name, source in exports(folder).items() if not {(source, name), (folder, name)} & seen}
        paths[folder] |= {f"{folder}.{name}": f"{source}.{name}" for name, source in new.items()}
        seen |= {(source, name) for name, source in new.items()}
    return {folder: some for folder, some in paths.items() if some or folder == package}


def reference_pages() -> dict[str, str]:
    """Markdown of all pages by their place under docs/."""
    pages = {"api/index.md": "# API reference\n\nFive packages; each imports only those above it.\n"}
    for package in PACKAGES:
        folders = public_paths(package)
        own = folders.pop(package, {})
        contents = []
        for folder, paths in sorted(folders.items()):
            place = f"{folder.removeprefix(f'{package}.')}.md"
            listed = ", ".join(f"[`{path.rpartition('.')[2]}`][{path}]" for path in paths)
            contents.append(f"- [{folder}]({place}): {_summary(folder)} {listed}")
            pages[f"api/{package}/{place}"] = _page(folder, paths)
        pages[f"api/{package}/index.md"] = _page(package, own, intro="\n".join(contents))
        pages["api/index.md"] += f"\n## [{package}]({package}/index.md)\n\n{_summary(package)}\n\n"
        pages["api/index.md"] += "\n".join(line.replace("](", f"]({package}/", 1) for line in contents) + "\n"
    return pages


def on_files(files: Any, *, config: Any) -> Any:
    pages = reference_pages()
    for place, markdown in pages.items():
        files.append(File.generated(config, place, content=markdown))
    config.nav.append({"API reference": ["api/index.md", *({name: _in(pages, name)} for name in PACKAGES)]})
    return files


def _in(pages: dict[str, str], package: str) -> list[Any]:
    index = f"api/{package}/index.md"
    rooms = sorted(place for place in pages if place.startswith(f"api/{package}/") and place != index)
    return [index, *({Path(place).stem: place} for place in rooms)]


def _page(title: str, paths: dict[str, str], *, intro: str = "") -> str:
    parts = [f"# {title}", _summary(title), intro, *(_entry(path, definition) for path, definition in paths.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _entry(path: str, definition: str) -> str:
    """The entry of a name; one that is called like the module it comes from is asked for there, under its public anchor."""
    is_module = (ROOT / path.replace(".", "/")).with_suffix(".py").is_file()
    return f"[](){{ #{path} }}\n\n::: {definition}" if is_module else f"::: {path}"


def _summary(package: str) -> str:
    return ast.get_docstring(_tree(package)) or ""


def _tree(package: str) -> ast.Module:
    return ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
