"""Turns on the whole band, and bands in whole blocks, on the clock of a cell."""

import itertools

import numpy as np
import pytest

from channels import shannon_rate_bps
from fading_cell import NUM_CLIENTS, fading_cell
from latency_opt import OFDMA, TDMA, InfeasibleProblem, OptimalBandwidth, ResourceBlocks

COMPUTE_S = np.array([0.3, 0.1, 0.2, 0.1, 0.25])
NUM_DRAWS, PARAMETERS = 30, 2000


def channel(load=0.0):
    return fading_cell(NUM_DRAWS, loss_bels=(11.0, 12.5), load=load)


def times(access, *, active=None, load=0.0):
    active = np.ones((NUM_DRAWS, NUM_CLIENTS), dtype=bool) if active is None else active
    return access.uplink(channel(load), compute_s=COMPUTE_S, num_parameters=PARAMETERS, active=active)


def test_turns_by_the_clock_and_no_other_order_is_sooner():
    cell, got = channel(), times(TDMA())
    rate = shannon_rate_bps(1e6, gain_power_w=0.2 * cell.power_gain, noise_psd_w_per_hz=2e-20)
    np.testing.assert_allclose(got.airtime_s, 32 * PARAMETERS / rate)
    soonest = np.full(NUM_DRAWS, np.inf)
    for order in itertools.permutations(range(NUM_CLIENTS)):
        clock = np.zeros(NUM_DRAWS)
        for client in order:
            clock = np.maximum(clock, COMPUTE_S[client]) + got.airtime_s[:, client]
        soonest = np.minimum(soonest, clock)
    np.testing.assert_allclose(got.finish_s.max(axis=-1), soonest)


def test_one_is_on_air_at_a_time_and_none_before_it_has_computed():
    got = times(TDMA(), load=0.5)
    start = got.finish_s - 2.0 * got.airtime_s  # every other slot
    assert (start >= COMPUTE_S - 1e-12).all()
    order = np.argsort(got.finish_s, axis=-1)
    ends, starts = (np.take_along_axis(each, order, axis=-1) for each in (got.finish_s, start))
    assert (starts[:, 1:] >= ends[:, :-1] - 1e-9).all()


def test_who_does_not_take_part_holds_nobody_up():
    active = np.random.default_rng(1).random((NUM_DRAWS, NUM_CLIENTS)) < 0.5
    some, everybody = times(TDMA(), active=active), times(TDMA())
    assert (some.finish_s[~active] == 0.0).all()
    assert (some.airtime_s[~active] == 0.0).all()
    assert (some.finish_s <= everybody.finish_s + 1e-12).all()
    alone = np.zeros((NUM_DRAWS, NUM_CLIENTS), dtype=bool)
    alone[:, 2] = True
    np.testing.assert_allclose(times(TDMA(), active=alone).finish_s[:, 2], 0.2 + everybody.airtime_s[:, 2])


def test_alone_all_ways_are_the_same():
    alone = np.zeros((NUM_DRAWS, NUM_CLIENTS), dtype=bool)
    alone[:, 3] = True
    accesses = [TDMA(), OFDMA(policy=OptimalBandwidth()), OFDMA(policy=ResourceBlocks(num_resource_blocks=7))]
    turns, *bands = (times(access, active=alone).finish_s for access in accesses)
    for band in bands:
        np.testing.assert_allclose(band, turns, rtol=1e-9)


def test_blocks_are_never_sooner_than_any_bands_and_come_near_as_they_grow_in_number():
    optimal = times(OFDMA(policy=OptimalBandwidth())).finish_s.max(axis=-1)
    few, many = (times(OFDMA(policy=ResourceBlocks(num_resource_blocks=number))).finish_s.max(axis=-1) for number in (6, 600))
    assert (few >= optimal * (1.0 - 1e-9)).all()
    assert (many <= few * (1.0 + 1e-9)).all()
    np.testing.assert_allclose(many, optimal, rtol=0.01)


def test_fewer_blocks_than_clients_are_told():
    with pytest.raises(InfeasibleProblem, match="num_resource_blocks: got 4; at least 5 are needed"):
        times(OFDMA(policy=ResourceBlocks(num_resource_blocks=4)))


def test_fewer_bits_take_less_time():
    np.testing.assert_allclose(times(TDMA(bits_per_parameter=8)).airtime_s, times(TDMA()).airtime_s / 4.0)
