"""Using Sionna and leaving everything as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class MissingExtra(ImportError):
    """Something is needed that a plain installation does not bring; the message says how to get it."""


def require_sionna() -> None:
    """Raises MissingExtra if Sionna is not installed. Does not import it, which takes seconds."""
    if find_spec("sionna") is None:
        raise MissingExtra(
            "Sionna is needed and is not installed; in a clone of airfed, first a build of torch for CPUs if there is no "
            "graphics card, then: pip install -e '.[sionna]'"
        )


@contextmanager
def sionna_session(seed: int) -> Iterator[None]:
    """Sionna, imported and seeded; on leaving, all random generators and settings are as they were before.

    Importing Sionna and setting its seed both reseed torch's global generator. One thread is used: torch's own threads
    wait for each other without end when the machine is busy.

    Args:
        seed: of everything that Sionna draws inside, 0 to 2^64 - 1.
    """
    require_sionna()
    import torch

    environment = os.environ.get("TORCHINDUCTOR_CACHE_DIR")  # the import sets it
    torch_state, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        from sionna.phy import config

        own_seed = config.seed
        own_states = {device: config.torch_rng(device).get_state() for device in config.available_devices}
        numpy_state, python_state = config.np_rng.bit_generator.state, config.py_rng.getstate()
        torch.set_num_threads(1)
        config.seed = seed
        try:
            yield
        finally:
            config.seed = own_seed  # makes new generators, to be filled with the old states
            for device, state in own_states.items():
                config.torch_rng(device).set_state(state)
            config.np_rng.bit_generator.state = numpy_state
            config.py_rng.setstate(python_state)
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(torch_state)
        if environment is None:
            os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
