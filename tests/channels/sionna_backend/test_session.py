import os
import random
import subprocess
import sys

import numpy as np
import pytest

from channels.sionna_backend import MissingExtra, SionnaTDL, require_ray_tracing, session, sionna_session
from channels.sionna_backend.llvm import llvm_version
from channels.small_scale.tdl_profiles import TDLProfile


@pytest.mark.sionna
def test_all_generators_and_settings_are_as_before():
    import torch
    from sionna.phy import config

    torch.manual_seed(3)
    config.seed = 42  # a user's own
    config.torch_rng("cpu")
    before = [
        lambda: torch.rand(3).tolist(),
        lambda: torch.rand(3, generator=config.torch_rng("cpu")).tolist(),
        lambda: config.np_rng.random(3).tolist(),
        lambda: config.py_rng.random(),
        lambda: np.random.get_state()[2],  # noqa: NPY002
        lambda: random.getstate()[1][:3],
        torch.get_num_threads,
    ]

    def two_looks(between):
        torch.manual_seed(3)
        config.seed = 42
        first = [look() for look in before]
        between()
        return first, [look() for look in before]

    def use():
        with sionna_session(7):
            torch.rand(5)
            config.torch_rng("cpu").manual_seed(1)
            config.np_rng.random(5)
            config.py_rng.random()

    def fail():
        torch.rand(5)
        raise RuntimeError("inside")

    def use_and_fail():
        with pytest.raises(RuntimeError, match="inside"), sionna_session(7):
            fail()

    undisturbed = two_looks(lambda: None)
    assert two_looks(use) == undisturbed
    assert two_looks(use_and_fail) == undisturbed
    assert config.seed == 42
    config.seed = None


@pytest.mark.sionna
def test_the_first_import_disturbs_nothing_either():
    """In a process of its own, in which the session does the import."""
    code = """
import os, torch
from channels.sionna_backend import sionna_session
torch.manual_seed(5)
state, environment = torch.get_rng_state(), dict(os.environ)
with sionna_session(1):
    pass
assert torch.equal(state, torch.get_rng_state())
assert dict(os.environ) == environment
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.sionna
def test_the_seed_decides():
    fading = SionnaTDL(profile=TDLProfile.A, delay_spread_s=1e-7, carrier_hz=3.5e9)
    one, again, other = (fading.draw((2, 3), rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.isclose(one, other).any()


def test_without_sionna_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"then: pip install -e '.\[sionna\]'"):
        SionnaTDL(profile=TDLProfile.A, delay_spread_s=1e-7, carrier_hz=3.5e9)
    with pytest.raises(MissingExtra, match="Sionna is needed and is not installed"), sionna_session(1):
        pass


def without_variable(monkeypatch):
    """Set first, so that whatever comes of it is undone."""
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "")
    monkeypatch.delenv("DRJIT_LIBLLVM_PATH")


@pytest.mark.sionna
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], r"libLLVM, version 19 or later \(found: none\)"),
        (["libLLVM-14.so.1", "libLLVM-15.so.1"], r"\(found: 14, 15\); on Debian and Ubuntu: apt-get install libllvm19"),
        (["libLLVM.so"], r"\(found: none\)"),
    ],
)
def test_without_the_library_the_message_says_what_to_install(tmp_path, monkeypatch, files, message):
    without_variable(monkeypatch)
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(MissingExtra, match=message):
        require_ray_tracing(places=[f"{tmp_path}/libLLVM*"])


@pytest.mark.sionna
def test_the_newest_library_is_taken_and_an_old_one_refused(tmp_path, monkeypatch):
    without_variable(monkeypatch)
    for name in ("libLLVM-15.so.1", "libLLVM.so.19.1", "libLLVM.so.20.1"):
        (tmp_path / name).touch()
    require_ray_tracing(places=[f"{tmp_path}/libLLVM*"])
    assert os.environ["DRJIT_LIBLLVM_PATH"] == str(tmp_path / "libLLVM.so.20.1")
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "libLLVM-15.so.1"))
    with pytest.raises(MissingExtra, match="DRJIT_LIBLLVM_PATH is"):
        require_ray_tracing()
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(MissingExtra, match="DRJIT_LIBLLVM_PATH is"):
        require_ray_tracing()


def test_versions_are_read_through_links(tmp_path):
    (tmp_path / "libLLVM.so.19.1").touch()
    (tmp_path / "libLLVM.so").symlink_to(tmp_path / "libLLVM.so.19.1")
    assert llvm_version(str(tmp_path / "libLLVM.so")) == 19


@pytest.mark.sionna
def test_a_process_without_the_library_ends_with_the_message_and_no_abort(tmp_path):
    code = "from channels.sionna_backend import RayTracedCity; RayTracedCity()"
    environment = os.environ | {"DRJIT_LIBLLVM_PATH": str(tmp_path / "libLLVM-15.so.1")}
    (tmp_path / "libLLVM-15.so.1").touch()
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "apt-get install libllvm19" in ended.stderr
