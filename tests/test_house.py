"""The rules of the house: imports run one way, and only figures know matplotlib."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["channels", "aircomp", "latency_opt", "fl_models", "airfed"]
SIONNA = {"drjit", "mitsuba", "sionna", "torch"}
EXTRAS = {
    "channels/sionna_backend": SIONNA,
    "airfed/explorer": {"ipywidgets"},
    "airfed/sweeps/backends": {"distributed", "ray"},
}
"""What only one place may import, and nobody needs who does not use it."""


def imported_packages(path):
    """Top-level names of everything that a file imports, however deep."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module.split(".")[0]


def files_of(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"no files in {package}"
    return files


@pytest.mark.parametrize("package", ORDER)
def test_imports_run_one_way(package):
    allowed = set(ORDER[: ORDER.index(package) + 1])
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(package)
        for name in imported_packages(path)
        if name in ORDER and name not in allowed
    ]
    assert not wrong


def test_only_figures_import_matplotlib():
    users = {
        path.relative_to(ROOT).parent.as_posix()
        for package in ORDER
        for path in files_of(package)
        if "matplotlib" in imported_packages(path)
    }
    assert users == {"airfed/figures"}


def test_dependencies_are_declared():
    """What the packages import is the standard library, themselves, or a declared dependency; an extra in its place only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {name.split(">")[0].replace("scikit-learn", "sklearn") for name in project["dependencies"]}
    used = {
        path.relative_to(ROOT).parent.as_posix(): set(imported_packages(path)) - set(ORDER) - set(sys.stdlib_module_names)
        for package in ORDER
        for path in files_of(package)
    }
    undeclared = {folder: names - declared for folder, names in used.items() if names - declared}
    assert all(names <= EXTRAS.get(folder, set()) for folder, names in undeclared.items()), undeclared


def test_the_core_runs_without_torch():
    """Importing everything, and building the default scenario, loads neither torch nor Sionna."""
    code = (
        "import sys, airfed, airfed.figures, channels.sionna_backend; airfed.Experiment.prepare(airfed.Scenario());"
        f"loaded = {SIONNA!r} & sys.modules.keys(); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
