"""Laws of the ways of sharing a cell's uplink, and of its rounds."""

from dataclasses import replace
from itertools import permutations as orders

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import FrequencyRange, Numerology, Shannon, ShortPackets
from covered import law_of
from federated_strategies import cell_channels, few
from latency_opt import (
    OFDMA,
    TDMA,
    AirComp,
    CellRound,
    CellWorkload,
    EqualBandwidth,
    InfeasibleProblem,
    JointOFDMA,
    NRResourceBlocks,
    OptimalBandwidth,
    ResourceBlocks,
    cell_bandwidth_problem,
    cell_joint_problem,
    cell_round,
    certified,
    compute_energy_j,
    compute_latency_s,
    minimize_deadline,
    minimize_joint_deadline,
    transmit_energy_j,
)
from strategies import decade_arrays, decades, not_positive, permutations, refused

ROUNDING = 1e-9


@law_of(cell_bandwidth_problem, OFDMA)
@given(channel=cell_channels(), data=st.data())
def test_other_traffic_is_as_if_there_were_more_to_send(channel, data):
    shape = channel.power_gain.shape
    active = data.draw(arrays(bool, shape))
    compute_s = data.draw(decade_arrays(shape[-1:], 1e-3, 1.0))
    problem = cell_bandwidth_problem(channel, compute_s=compute_s, payload_bits=1e5, active=active)
    alone = cell_bandwidth_problem(replace(channel, load=0.0), compute_s=compute_s, payload_bits=1e5, active=active)
    np.testing.assert_allclose(problem.payload_bits * (1.0 - channel.load), alone.payload_bits, rtol=1e-12)
    time = OFDMA(policy=OptimalBandwidth(), bits_per_parameter=10).uplink(
        channel, compute_s=compute_s, num_parameters=10_000, active=active
    )
    np.testing.assert_allclose(time.finish_s.max(axis=-1), minimize_deadline(problem).deadline_s, rtol=1e-8)
    assert (time.finish_s[~active] == 0.0).all()
    assert (time.airtime_s[~active] == 0.0).all()


@law_of(cell_joint_problem)
@given(channel=cell_channels())
def test_the_joint_problem_of_a_cell_at_full_speed_and_power_is_its_bandwidth_problem(channel):
    devices = channel.devices
    joint = cell_joint_problem(channel, flops=1e7, payload_bits=1e5)
    compute_s = compute_latency_s(1e7, cpu_hz=devices.cpu_hz, flops_per_cycle=devices.flops_per_cycle)
    band = cell_bandwidth_problem(channel, compute_s=compute_s, payload_bits=1e5)
    np.testing.assert_allclose(
        certified(minimize_joint_deadline(joint)).deadline_s, certified(minimize_deadline(band)).deadline_s, rtol=1e-8
    )


PACKETS = ShortPackets(error_probability=0.1, packet_bits=1000)
ACCESSES = {
    "equal": OFDMA(policy=EqualBandwidth()),
    "optimal": OFDMA(policy=OptimalBandwidth()),
    "optimal, packets": OFDMA(policy=OptimalBandwidth(), coding=PACKETS, overhead=0.1),
    "blocks": OFDMA(policy=ResourceBlocks(num_resource_blocks=10)),
    "joint": JointOFDMA(),
    "tdma": TDMA(),
    "tdma, packets": TDMA(coding=PACKETS),
    "aircomp": AirComp(),
}
every_access = pytest.mark.parametrize("access", ACCESSES.values(), ids=ACCESSES)


@law_of(OFDMA, TDMA, AirComp, JointOFDMA)
@every_access
@given(channel=cell_channels(), data=st.data())
def test_every_access_has_its_shape_and_no_favourites(access, channel, data):
    shape = channel.power_gain.shape
    active = data.draw(arrays(bool, shape))
    compute_s = data.draw(decade_arrays(shape[-1:], 1e-3, 1.0))
    time = access.uplink(channel, compute_s=compute_s, num_parameters=1000, active=active)
    assert time.finish_s.shape == time.airtime_s.shape == shape
    assert (time.finish_s[~active] == 0.0).all()
    assert (time.airtime_s[~active] == 0.0).all()
    assert (time.finish_s >= np.where(active, compute_s + time.airtime_s, 0.0) * (1.0 - ROUNDING)).all()
    order = data.draw(permutations(shape[-1]))
    turned = access.uplink(channel.of(order), compute_s=compute_s[order], num_parameters=1000, active=active[:, order])
    np.testing.assert_allclose(turned.finish_s.max(axis=-1), time.finish_s.max(axis=-1), rtol=1e-8)


@law_of(OFDMA, TDMA, AirComp, JointOFDMA)
@every_access
@given(channel=cell_channels(), factor=st.floats(1.0, 100.0))
def test_more_power_or_band_is_never_later(access, channel, factor):
    shape = channel.power_gain.shape
    given_ = {"compute_s": np.linspace(0.0, 0.1, shape[-1]), "num_parameters": 1000, "active": np.ones(shape, dtype=bool)}
    before = access.uplink(channel, **given_).finish_s.max(axis=-1)
    for better in (
        replace(channel, client_power_w=factor * channel.client_power_w),
        replace(channel, bandwidth_hz=factor * channel.bandwidth_hz),
        replace(channel, load=channel.load / factor),
    ):
        assert (access.uplink(better, **given_).finish_s.max(axis=-1) <= before * (1.0 + ROUNDING)).all()


@law_of(OFDMA, TDMA, AirComp, JointOFDMA)
@every_access
@given(channel=cell_channels(num_clients=st.integers(2, 4)))
def test_a_client_without_a_channel_is_told_of_or_sits_out(access, channel):
    gain = channel.mean_power_gain.copy()
    gain[0] = 0.0
    deaf, shape = replace(channel, mean_power_gain=gain), channel.power_gain.shape
    compute_s = np.linspace(0.0, 0.1, shape[-1])
    active = np.ones(shape, dtype=bool)
    if not isinstance(access, AirComp):  # in a sum over the air who takes part is the transceiver's affair
        with pytest.raises(InfeasibleProblem, match=r"client \(0, 0\)"):
            access.uplink(deaf, compute_s=compute_s, num_parameters=1000, active=active)
    active[:, 0] = False
    without = access.uplink(deaf, compute_s=compute_s, num_parameters=1000, active=active)
    others = np.arange(1, shape[-1])
    alone = access.uplink(channel.of(others), compute_s=compute_s[1:], num_parameters=1000, active=active[:, 1:])
    np.testing.assert_allclose(without.finish_s[:, 1:], alone.finish_s, rtol=1e-8)


@law_of(TDMA)
@given(channel=cell_channels(draws=st.just(1), num_clients=st.integers(1, 4)), data=st.data())
def test_turns_end_as_soon_as_in_the_best_of_all_orders(channel, data):
    num_clients = channel.num_clients
    compute_s = data.draw(decade_arrays(num_clients, 1e-3, 1.0))
    active = data.draw(arrays(bool, (1, num_clients)))
    time = TDMA().uplink(channel, compute_s=compute_s, num_parameters=1000, active=active)
    takes_s = time.airtime_s[0] / (1.0 - channel.load)

    def makespan(order):
        now = 0.0
        for client in order:
            now = max(now, compute_s[client]) + takes_s[client]
        return now

    best = min(makespan(order) for order in orders(np.flatnonzero(active[0])))
    assert np.isclose(time.finish_s.max(), best, rtol=1e-12)


@law_of(TDMA)
def test_turns_need_a_count_of_bits():
    for wrong in (0, 2.5, True):
        with refused("bits_per_parameter"):
            TDMA(bits_per_parameter=wrong)
        with refused("bits_per_parameter"):
            OFDMA(policy=EqualBandwidth(), bits_per_parameter=wrong)


@law_of(cell_round, CellRound, CellWorkload)
@every_access
@given(channel=cell_channels(), data=st.data())
def test_a_cells_round_is_the_sum_of_its_edge_rounds(access, channel, data):
    shape = channel.power_gain.shape
    active = data.draw(arrays(bool, shape))
    how = {"access": access}
    full = np.ones(shape)
    work = CellWorkload(num_parameters=1000, flops=1e7)
    whole = cell_round(channel, work, active=active, power_fraction=full, **how)
    assert (whole.uplink_s >= 0.0).all()
    assert (whole.compute_s >= 0.0).all()
    parts, energy = [], 0.0
    for edge_round in range(shape[0]):
        response = channel.response[edge_round : edge_round + 1]
        one = replace(channel, response=response, estimated_response=response)
        rows = slice(edge_round, edge_round + 1)
        part = cell_round(one, work, active=active[rows], power_fraction=full[rows], **how)
        parts.append(part.latency_s - part.backhaul_s)
        energy = energy + part.energy_j
    np.testing.assert_allclose(whole.latency_s, sum(parts) + whole.backhaul_s, rtol=1e-8)
    np.testing.assert_allclose(whole.latencies_s(1) - whole.backhaul_s, parts, rtol=1e-8)
    np.testing.assert_allclose(whole.energy_j, energy, rtol=1e-8)
    assert (whole.energy_j[~active.any(axis=0)] == 0.0).all()
    half = cell_round(channel, work, active=active, power_fraction=0.5 * full, **how)
    assert (half.energy_j <= whole.energy_j * (1.0 + ROUNDING)).all()


# Short of Shannon's rate


@law_of(OFDMA, TDMA, Shannon, ShortPackets)
@pytest.mark.parametrize("access", [ACCESSES["optimal"], ACCESSES["tdma"]], ids=["ofdma", "tdma"])
@given(channel=cell_channels(), error=decades(1e-9, 0.5), packet_bits=st.integers(10, 10_000))
def test_packets_take_longer_than_long_codes(access, channel, error, packet_bits):
    shape = channel.power_gain.shape
    given_ = {"compute_s": np.linspace(0.0, 0.1, shape[-1]), "num_parameters": 1000, "active": np.ones(shape, dtype=bool)}
    packets = replace(access, coding=ShortPackets(error_probability=error, packet_bits=packet_bits))
    long, short = access.uplink(channel, **given_), packets.uplink(channel, **given_)
    assert (short.finish_s.max(axis=-1) >= long.finish_s.max(axis=-1) * (1.0 - ROUNDING)).all()
    assert access.is_proportional
    assert not packets.is_proportional


@law_of(OFDMA)
@given(channel=cell_channels(), overhead=st.floats(0.0, 0.99), wrong=st.sampled_from([-0.1, 1.0, np.nan]))
def test_overhead_is_as_if_there_were_more_to_send(channel, overhead, wrong):
    shape = channel.power_gain.shape
    given_ = {"compute_s": 0.1, "num_parameters": 1000, "active": np.ones(shape, dtype=bool)}
    bare, laden = (OFDMA(policy=EqualBandwidth(), overhead=share).uplink(channel, **given_) for share in (0.0, overhead))
    np.testing.assert_allclose(laden.airtime_s * (1.0 - overhead), bare.airtime_s, rtol=1e-9, atol=1e-15)
    with refused("overhead"):
        OFDMA(policy=EqualBandwidth(), overhead=wrong)
    for name in ("policy", "coding"):
        with refused(name):
            OFDMA(**{"policy": EqualBandwidth(), name: "best"})


# Powers and speeds too


@st.composite
def trainings(draw):
    """A cell, what its clients train and send, and who takes part: somebody in each draw."""
    channel = draw(cell_channels())
    active = draw(arrays(bool, channel.power_gain.shape))
    active[:, 0] = True
    return channel, draw(decades(1e5, 1e9)), active


def spent_j(channel, flops, time, active):
    """(D, n) energy of each client in each edge round."""
    devices = channel.devices
    computing = compute_energy_j(
        flops,
        cpu_hz=time.speed_share * devices.cpu_hz,
        flops_per_cycle=devices.flops_per_cycle,
        effective_capacitance_w_per_hz3=devices.effective_capacitance_w_per_hz3,
    )
    sending = transmit_energy_j(time.airtime_s, power_w=time.power_share * channel.client_power_w)
    return np.where(active, computing + sending, 0.0)


def joint_uplink(access, channel, flops, active):
    devices = channel.devices
    compute_s = compute_latency_s(flops, cpu_hz=devices.cpu_hz, flops_per_cycle=devices.flops_per_cycle)
    return access.uplink(channel, compute_s=compute_s, num_parameters=1000, active=active)


@law_of(JointOFDMA)
@given(drawn=trainings())
def test_without_a_budget_everything_is_at_full_power_and_speed(drawn):
    channel, flops, active = drawn
    joint, bands = (joint_uplink(access, channel, flops, active) for access in (JointOFDMA(), ACCESSES["optimal"]))
    np.testing.assert_allclose(joint.finish_s.max(axis=-1), bands.finish_s.max(axis=-1), rtol=1e-7)
    np.testing.assert_allclose(joint.speed_share, 1.0, rtol=1e-7)
    np.testing.assert_allclose(joint.power_share[active], 1.0, rtol=1e-6)
    assert JointOFDMA().is_proportional


@law_of(JointOFDMA)
@given(drawn=trainings(), room=decades(1.01, 1e4), factor=st.floats(1.0, 100.0))
def test_budgets_are_held_and_smaller_ones_are_no_sooner(drawn, room, factor):
    channel, flops, active = drawn
    problem = cell_joint_problem(channel, flops=flops, payload_bits=32_000, active=active)
    least_j = problem.terms.least_energy_j[active].max()
    tight, wide = (JointOFDMA(energy_budget_j=scale * room * least_j) for scale in (1.0, factor))
    assert not tight.is_proportional
    times = [joint_uplink(access, channel, flops, active) for access in (tight, wide)]
    for access, time in zip((tight, wide), times, strict=True):
        assert (spent_j(channel, flops, time, active) <= access.energy_budget_j * (1.0 + 1e-6)).all()
        assert (time.power_share <= 1.0 + 1e-9).all()
        assert (time.speed_share > 0.0).all()
        assert (time.speed_share <= 1.0 + 1e-9).all()
        assert (time.finish_s[~active] == 0.0).all()
    assert (times[1].finish_s.max(axis=-1) <= times[0].finish_s.max(axis=-1) * (1.0 + 1e-6)).all()
    with pytest.raises(InfeasibleProblem, match=r"^energy_budget_j: client .*sit out"):
        joint_uplink(JointOFDMA(energy_budget_j=0.99 * least_j), channel, flops, active)


@law_of(JointOFDMA)
@given(drawn=trainings(), factor=st.floats(1.001, 100.0))
def test_who_may_take_longer_keeps_the_deadline_and_spends_less(drawn, factor):
    channel, flops, active = drawn
    soonest, later = (joint_uplink(JointOFDMA(deadline_factor=each), channel, flops, active) for each in (1.0, factor))
    assert (later.finish_s.max(axis=-1) <= factor * soonest.finish_s.max(axis=-1) * (1.0 + 1e-6)).all()
    before, after = (spent_j(channel, flops, time, active).sum(axis=-1) for time in (soonest, later))
    assert (after <= before * (1.0 + 1e-6)).all()


@law_of(JointOFDMA)
@given(wrong=not_positive.filter(lambda value: value != np.inf))
def test_a_joint_access_names_what_is_wrong(wrong):
    with refused("energy_budget_j"):
        JointOFDMA(energy_budget_j=wrong)
    with refused("deadline_factor"):
        JointOFDMA(deadline_factor=wrong)
    for bits in (0, 2.5, True):
        with refused("bits_per_parameter"):
            JointOFDMA(bits_per_parameter=bits)


# Carriers


@st.composite
def carriers(draw):
    """An access, and a cell on one of its carriers."""
    frequency_range = draw(st.sampled_from(FrequencyRange))
    indices = {FrequencyRange.FR1: [0, 1, 2], FrequencyRange.FR2: [2, 3]}[frequency_range]
    numerology = Numerology(index=draw(st.sampled_from(indices)))
    band_hz = draw(st.sampled_from(numerology.carrier_bandwidths_hz(frequency_range)))
    coding = draw(st.sampled_from([Shannon(), PACKETS]))
    access = NRResourceBlocks(numerology=numerology, frequency_range=frequency_range, coding=coding)
    return access, replace(draw(cell_channels()), bandwidth_hz=band_hz)


@law_of(NRResourceBlocks)
@given(drawn=carriers(), data=st.data())
def test_blocks_of_a_carrier_are_those_of_ofdma_with_overhead(drawn, data):
    access, channel = drawn
    shape = channel.power_gain.shape
    given_ = {
        "compute_s": data.draw(decade_arrays(shape[-1:], 1e-3, 1.0)),
        "num_parameters": 1000,
        "active": data.draw(arrays(bool, shape)),
    }
    blocks = access.num_resource_blocks(channel.bandwidth_hz)
    occupied_hz = float(access.numerology.occupied_bandwidth_hz(blocks))
    assert occupied_hz < channel.bandwidth_hz
    overhead = 1.0 - access.numerology.useful_share * (1.0 - access.frequency_range.uplink_overhead)
    plain = OFDMA(policy=ResourceBlocks(num_resource_blocks=blocks), coding=access.coding, overhead=overhead)
    time, same = access.uplink(channel, **given_), plain.uplink(replace(channel, bandwidth_hz=occupied_hz), **given_)
    np.testing.assert_allclose(time.finish_s, same.finish_s, rtol=1e-9)
    np.testing.assert_allclose(time.airtime_s, same.airtime_s, rtol=1e-6, atol=1e-12)
    best = ACCESSES["optimal"].uplink(channel, **given_)
    assert (time.finish_s.max(axis=-1) >= best.finish_s.max(axis=-1) * (1.0 - ROUNDING)).all()
    assert access.is_proportional == access.coding.is_proportional


@law_of(NRResourceBlocks)
@given(drawn=carriers(), factor=st.floats(1.01, 1.1), clients=few)
def test_carriers_are_those_of_the_standard(drawn, factor, clients):
    access, channel = drawn
    shape = (1, clients)
    with refused("bandwidth_hz"):
        access.num_resource_blocks(factor * channel.bandwidth_hz + 1e3)
    with refused("bandwidth_hz"):
        access.uplink(
            replace(channel, bandwidth_hz=1.0), compute_s=np.zeros(clients), num_parameters=1, active=np.ones(shape, dtype=bool)
        )
    for bits in (0, 2.5, True):
        with refused("bits_per_parameter"):
            replace(access, bits_per_parameter=bits)
