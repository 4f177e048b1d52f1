"""The pages of the site show what runs: Python blocks and scenario files."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import matplotlib
import pytest

import airfed

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LARGEST_PICTURE_BYTES = 300_000


def load(name):
    """A hook of the site as a module, under its own name: others of them may import it."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, DOCS / "hooks" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


run_blocks = load("run_blocks")
WITH_BLOCKS = [page for page in PAGES if run_blocks.blocks_of(page)]


def name_of(page):
    return page.relative_to(DOCS).as_posix()


@pytest.fixture(autouse=True)
def same_backend():
    before = matplotlib.get_backend()
    yield
    matplotlib.use(before)


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name_of)
def test_blocks_run_and_leave_something_to_see(page):
    shown = run_blocks.shown_by(page)
    assert len(shown) == len(run_blocks.blocks_of(page))
    assert any(block.text or block.pictures for block in shown)
    assert all(len(picture) < LARGEST_PICTURE_BYTES for block in shown for picture in block.pictures)


def test_pages_show_what_their_blocks_leave():
    """`published.md` has tables of full runs instead, which would take too long here."""
    assert {name_of(page) for page in WITH_BLOCKS if not run_blocks.is_run(page)} <= {"published.md"}


def test_a_page_that_goes_on_sees_what_the_one_before_it_made(tmp_path):
    (tmp_path / "first.md").write_text("---\nrun: true\n---\n```python\nx = 1\nprint(x)\n```\n")
    (tmp_path / "second.md").write_text("---\nrun: after first.md\n---\n```python\nx += 1\nprint(x)\n```\n")
    for _ in range(2):  # the second time nothing runs anew, and x is not counted up again
        assert [block.text for block in run_blocks.shown_by(tmp_path / "second.md")] == ["2\n"]
    (tmp_path / "first.md").write_text("---\nrun: true\n---\n```python\nx = 5\n```\n")
    assert [block.text for block in run_blocks.shown_by(tmp_path / "second.md")] == ["6\n"]


def test_what_fails_is_told_by_its_line_of_the_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("---\nrun: true\n---\ntext\n\n```python\nx = 1\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as error:
        run_blocks.shown_by(page)
    assert (error.traceback[-1].path, error.traceback[-1].lineno + 1) == (page, 8)


def test_scenarios_of_the_pages_run():
    blocks = [
        block
        for page in DOCS.glob("how-to/*.md")
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(), flags=re.DOTALL)
    ]
    assert blocks
    for block in blocks:
        scenario = airfed.Scenario.from_toml(block + "\n[learning]\nrounds = 1\n")
        assert airfed.run(scenario, progress=False).histories[0].records[-1].time_s > 0.0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:\s]+)", page.read_text()):
        generated = target.startswith("api/") or "/api/" in target or re.search(r"notebooks/\w+\.md$", target)
        assert generated or (page.parent / target).exists(), f"{name_of(page)}: {target}"


def docstring(module, name):
    """What stands below the definition of a name that a module has, itself or from elsewhere."""
    file = ROOT / module.replace(".", "/")
    body = ast.parse((file / "__init__.py" if file.is_dir() else file.with_suffix(".py")).read_text()).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.ClassDef() | ast.FunctionDef() if node.name == name:
                return ast.get_docstring(node)
            case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                told = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                return following.value.value if told else None
            case ast.ImportFrom() if name in [alias.name for alias in node.names]:
                return docstring(node.module, name)
    raise LookupError(f"{module} has no {name}")


@pytest.mark.parametrize("package", ["channels", "aircomp", "latency_opt", "fl_models", "airfed"])
def test_every_public_name_has_a_docstring(package):
    rooms = [package, *(".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / package).rglob("*/__init__.py"))]
    exported = [(room, name) for room in rooms for name in getattr(importlib.import_module(room), "__all__", ())]
    assert exported
    assert not [f"{room}.{name}" for room, name in exported if not docstring(room, name)]


def test_committed_pictures_are_small():
    pictures = [path for path in DOCS.rglob("*") if path.suffix in {".png", ".svg"}]
    assert pictures
    assert all(path.stat().st_size < LARGEST_PICTURE_BYTES for path in pictures)
