import dataclasses

import numpy as np
import pytest

from channels import shannon_rate_bps
from fading_cell import NUM_CLIENTS, fading_cell
from latency_opt import (
    OFDMA,
    TDMA,
    AirComp,
    CellWorkload,
    EqualBandwidth,
    JointOFDMA,
    OptimalBandwidth,
    cell_round,
    multicast_latency_s,
)

EDGE_ROUNDS = 4
WORKLOAD = CellWorkload(num_parameters=1000, flops=2e7)
ACCESSES = [OFDMA(policy=EqualBandwidth()), OFDMA(policy=OptimalBandwidth()), AirComp(), TDMA(), JointOFDMA()]
each = pytest.mark.parametrize("access", ACCESSES, ids=str)


def channel(load=0.0):
    return fading_cell(EDGE_ROUNDS, loss_bels=(9.0, 12.0), cpu_hz=[1e8, 2e8, 3e8, 4e8, 8e8], load=load, seed=0)


def spent(access, *, workload=WORKLOAD, load=0.0, active=None):
    active = np.ones((EDGE_ROUNDS, NUM_CLIENTS), dtype=bool) if active is None else active
    return cell_round(channel(load), workload, access=access, active=active, power_fraction=np.ones((EDGE_ROUNDS, NUM_CLIENTS)))


@each
def test_everything_on_air_and_in_processors_scales_with_the_share(access):
    """What makes a cell's round affine in its share of the model."""
    whole = spent(access)
    half = spent(access, workload=CellWorkload(num_parameters=500, flops=1e7))
    fixed = 2 * 0.02
    assert half.latency_s - fixed == pytest.approx((whole.latency_s - fixed) / 2, rel=1e-9)
    np.testing.assert_allclose(half.energy_j, whole.energy_j / 2, rtol=1e-9)


@each
def test_load_stretches_air_time_only(access):
    free, busy = spent(access), spent(access, load=0.75)
    np.testing.assert_allclose(busy.downlink_s, 4 * free.downlink_s)
    assert busy.backhaul_s == free.backhaul_s
    assert busy.latency_s > free.latency_s
    if isinstance(access, AirComp):
        np.testing.assert_allclose(busy.uplink_s, 4 * free.uplink_s)
        np.testing.assert_allclose(busy.energy_j, free.energy_j)


def test_equal_bandwidth_by_hand():
    whole, cell = spent(ACCESSES[0]), channel()
    rate = shannon_rate_bps(1e6 / 5, gain_power_w=0.2 * cell.power_gain, noise_psd_w_per_hz=2e-20)
    compute = 2e7 / cell.devices.cpu_hz
    finish = compute + 32_000 / rate
    np.testing.assert_allclose(whole.compute_s + whole.uplink_s, finish.max(axis=1))
    np.testing.assert_allclose(whole.compute_s, compute[finish.argmax(axis=1)])
    energy = EDGE_ROUNDS * 1e-28 * cell.devices.cpu_hz**2 * 2e7 + (0.2 * 32_000 / rate).sum(axis=0)
    np.testing.assert_allclose(whole.energy_j, energy)
    assert whole.backhaul_s == pytest.approx(2 * (0.02 + 32_000 / 1e7))


def test_optimal_bandwidth_is_never_later():
    equal, best = spent(ACCESSES[0]), spent(ACCESSES[1])
    assert (best.compute_s + best.uplink_s <= equal.compute_s + equal.uplink_s).all()


def test_over_the_air_by_hand():
    whole = spent(AirComp())
    np.testing.assert_allclose(whole.uplink_s, 1000 / 2e6)
    np.testing.assert_allclose(whole.compute_s, 2e7 / 1e8)


@each
def test_who_sits_out_is_not_waited_for_and_spends_nothing(access):
    active = np.ones((EDGE_ROUNDS, NUM_CLIENTS), dtype=bool)
    active[:, 0] = False  # the slowest processor
    without = spent(access, active=active)
    assert without.energy_j[0] == 0.0
    assert (without.energy_j[1:] > 0.0).all()
    assert (without.compute_s <= 2e7 / 2e8 * (1 + 1e-12)).all()


@each
def test_a_round_in_which_nobody_takes_part_still_has_its_downlink(access):
    idle = spent(access, active=np.zeros((EDGE_ROUNDS, NUM_CLIENTS), dtype=bool))
    np.testing.assert_array_equal(idle.compute_s, 0.0)
    assert np.isfinite(idle.latency_s)
    assert (idle.downlink_s > 0.0).all()


def test_multicast_goes_at_the_pace_of_the_worst():
    gain = np.array([[1e-12, 1e-10], [1e-9, 1e-11]])
    at = {"bandwidth_hz": 1e6, "station_power_w": 10.0, "noise_psd_w_per_hz": 2e-20}
    together = multicast_latency_s(1e6, power_gain=gain, **at)
    alone = multicast_latency_s(1e6, power_gain=gain.min(axis=1, keepdims=True), **at)
    np.testing.assert_array_equal(together, alone)
    assert np.isinf(multicast_latency_s(1e6, power_gain=[0.0], **at))


def test_lengths_of_several_global_rounds():
    whole = spent(ACCESSES[1])
    two = whole.latencies_s(2)
    assert two.shape == (2,)
    assert two.sum() - whole.backhaul_s == pytest.approx(whole.latency_s)


def test_bands_follow_what_is_known_and_rates_what_is_true():
    """With bands for the wrong channel the round lasts longer than with bands for the right one; equal bands do not care."""
    right = channel()
    wrong = dataclasses.replace(right, estimated_response=right.response[:, ::-1])
    active = np.ones((EDGE_ROUNDS, NUM_CLIENTS), dtype=bool)
    compute_s = np.zeros(NUM_CLIENTS)
    for policy, equal in ((OptimalBandwidth(), False), (EqualBandwidth(), True)):
        known, mistaken = (
            OFDMA(policy=policy).uplink(cell, compute_s=compute_s, num_parameters=1000, active=active).finish_s.max(axis=-1)
            for cell in (right, wrong)
        )
        assert (mistaken == known).all() if equal else (mistaken > known).all()
