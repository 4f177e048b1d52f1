"""What the documents show runs: Python blocks and notebooks."""

import json
import re
import signal
from pathlib import Path

import matplotlib
import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md"]
MOST_PROCESSOR_SECONDS = 2 * 120  # two minutes of two
NOTEBOOKS = [
    pytest.param(path, id=path.name, marks=[pytest.mark.sionna] * ("sionna" in path.read_text()))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
]


@pytest.fixture(autouse=True)
def no_display():
    before = matplotlib.get_backend()
    matplotlib.use("agg")
    yield
    matplotlib.pyplot.close("all")
    matplotlib.use(before)


def code_of(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_run(document):
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(), flags=re.DOTALL)
    assert blocks
    namespace = {"__name__": "document"}
    for block in blocks:
        exec(compile(block, str(document), "exec"), namespace)


@pytest.fixture
def two_minutes():
    """A test that computes for longer is stopped. What counts is processors' time, whatever else they do."""

    def stop(*_):
        raise TimeoutError(f"not done after {MOST_PROCESSOR_SECONDS} s of the processors' time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MOST_PROCESSOR_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.mark.usefixtures("two_minutes")
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebooks_run(notebook):
    namespace = {"__name__": "notebook"}
    for cell in code_of(notebook):
        exec(compile(cell, str(notebook), "exec"), namespace)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebooks_are_executed_small_and_clean(notebook):
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
            picture = output.get("data", {}).get("image/png", "")
            assert len(picture) * 3 / 4 < 300_000


def test_links_between_documents_lead_somewhere():
    """Those of the site, some of whose pages are made when it is built, are in `test_docs.py`."""
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
