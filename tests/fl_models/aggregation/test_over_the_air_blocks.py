"""Updates of many clients go on air a block at a time."""

import tracemalloc

import numpy as np
import pytest

from aircomp import FullPower, OptimalPowerControl, ReceiveBeamforming, Standardized, TruncatedInversion
from fl_models import OverTheAir
from fl_models.aggregation import blockwise

NUM_PARAMETERS = 10_001


def plan_for(network, **options):
    return OverTheAir(**options).plan(network.draw(2, rng=np.random.default_rng(2)).cells[0])


def updates_of(num_clients):
    return np.random.default_rng(3).standard_normal((num_clients, NUM_PARAMETERS)).astype(np.float32)


@pytest.mark.parametrize(
    "options",
    [
        {"transceiver": OptimalPowerControl()},
        {"transceiver": TruncatedInversion(threshold=0.7), "scaling": Standardized()},
        {"transceiver": ReceiveBeamforming(transceiver=FullPower())},
    ],
    ids=["all", "some, standardized", "antennas"],
)
def test_blocks_change_only_the_rounding(options, make_network, monkeypatch):
    plan, updates = plan_for(make_network(1, 9), **options), updates_of(9)
    whole = plan.mean(updates, edge_round=1, rng=np.random.default_rng(4))
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 2 * 8 * NUM_PARAMETERS)
    parted = plan.mean(updates, edge_round=1, rng=np.random.default_rng(4))
    np.testing.assert_allclose(parted, whole, atol=1e-6 * np.abs(whole).max())


def test_memory_beyond_the_updates_does_not_grow_with_the_clients(make_network, monkeypatch):
    """But for what the scaling takes: the squares of the updates, in their own precision."""
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 10 * 8 * NUM_PARAMETERS)

    def peak(num_clients):
        plan, updates = plan_for(make_network(1, num_clients), transceiver=OptimalPowerControl()), updates_of(num_clients)
        tracemalloc.start()
        try:
            plan.mean(updates, edge_round=0, rng=np.random.default_rng(4))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    more = 4 * 300 * NUM_PARAMETERS
    assert peak(400) - peak(100) < 1.3 * more
