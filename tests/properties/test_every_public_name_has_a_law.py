"""No public function, and no public class that does something, is without a law."""

import dataclasses
import enum
import importlib
import inspect
from pathlib import Path

import pytest

from covered import LAWS

PACKAGES = ["channels", "aircomp", "latency_opt", "fl_models", "airfed"]
PACKAGES += ["airfed.explorer", "airfed.figures", "airfed.published", "airfed.sweeps"]
"""Those whose names all have one."""


def needs_a_law(public):
    """Functions, and classes with methods of their own: no protocols, errors, enumerations and records."""
    if not inspect.isclass(public):
        return callable(public)
    if getattr(public, "_is_protocol", False) or issubclass(public, (Exception, enum.Enum)):
        return False
    own = {name for base in public.__mro__[:-1] for name in vars(base) if not name.startswith("_")}
    fields = {field.name for field in dataclasses.fields(public)} if dataclasses.is_dataclass(public) else set()
    return bool(own - fields)


@pytest.fixture(scope="module")
def laws():
    """Those of all files of this folder, also when this one is run by itself."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path != Path(__file__):
            importlib.import_module(path.stem)
    return LAWS


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_law(package, laws):
    module = importlib.import_module(package)
    public = {name: getattr(module, name) for name in module.__all__}
    assert not [name for name, value in public.items() if needs_a_law(value) and value not in laws]
