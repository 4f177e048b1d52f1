"""Bands, powers and speeds chosen together, on the clock of a cell: what they take and what they save."""

import dataclasses

import numpy as np
import pytest

from aircomp.result import Status
from fading_cell import NUM_CLIENTS, fading_cell
from latency_opt import (
    OFDMA,
    CellWorkload,
    InfeasibleProblem,
    JointOFDMA,
    OptimalBandwidth,
    cell_joint_problem,
    cell_round,
    minimize_energy,
    minimize_joint_deadline,
)

NUM_DRAWS = 20
WORK = CellWorkload(num_parameters=2000, flops=2e8)
ALL = np.ones((NUM_DRAWS, NUM_CLIENTS), dtype=bool)
loads = pytest.mark.parametrize("load", [0.0, 0.6])


def channel(load=0.0):
    return fading_cell(
        NUM_DRAWS, loss_bels=(9.0, 12.0), cpu_hz=np.geomspace(3e8, 2e9, NUM_CLIENTS), capacitance=1e-27, load=load
    )


def spent(access, *, load=0.0, active=ALL, cell=None):
    cell = cell or channel(load)
    return cell_round(cell, WORK, access=access, active=active, power_fraction=active.astype(float))


def round_s(access, **options):
    whole = spent(access, **options)
    return whole.compute_s + whole.uplink_s


def of_draws(access, *, load=0.0):
    """(D, n) what each client spends in each edge round."""
    cell = channel(load)
    rounds = []
    for draw in range(NUM_DRAWS):
        response = cell.response[draw : draw + 1]
        alone = dataclasses.replace(cell, response=response, estimated_response=response)
        rounds.append(spent(access, active=ALL[:1], cell=alone).energy_j)
    return np.array(rounds)


@loads
def test_without_a_budget_it_is_full_power_full_speed_and_optimal_bands(load):
    for access in (JointOFDMA(), JointOFDMA(energy_budget_j=1e9)):
        joint, bands = spent(access, load=load), spent(OFDMA(policy=OptimalBandwidth()), load=load)
        np.testing.assert_allclose(joint.compute_s + joint.uplink_s, bands.compute_s + bands.uplink_s, rtol=1e-9)
        np.testing.assert_allclose(joint.compute_s, bands.compute_s, rtol=1e-9)
        np.testing.assert_allclose(joint.energy_j, bands.energy_j, rtol=1e-6)


@loads
def test_a_budget_is_kept_in_each_edge_round_and_a_smaller_one_takes_longer(load):
    free = of_draws(JointOFDMA(), load=load)
    before_s = round_s(JointOFDMA(), load=load)
    needed_j = (np.log(2.0) * 32.0 * WORK.num_parameters * 2e-20 / channel().power_gain).max()  # with any band and time
    for part in (0.5, 0.1, 0.01):
        budget_j = needed_j + part * (free.max() - needed_j)
        access = JointOFDMA(energy_budget_j=budget_j)
        each = of_draws(access, load=load)
        assert (each <= budget_j * (1.0 + 1e-9)).all()
        assert each.sum() < free.sum()
        assert (each.max(axis=-1) > 0.999 * budget_j).any()
        now_s = round_s(access, load=load)
        assert (now_s >= before_s * (1.0 - 1e-9)).all()
        assert now_s.sum() > before_s.sum()
        before_s = now_s


@loads
def test_more_time_costs_less_energy(load):
    least_s, budget_j = round_s(JointOFDMA(), load=load), 0.2
    before_j = spent(JointOFDMA(energy_budget_j=budget_j), load=load).energy_j.sum()
    least_s = round_s(JointOFDMA(energy_budget_j=budget_j), load=load)
    for factor in (1.0 + 1e-9, 1.01, 1.3, 3.0, 30.0):
        access = JointOFDMA(energy_budget_j=budget_j, deadline_factor=factor)
        whole = spent(access, load=load)
        np.testing.assert_allclose(whole.compute_s + whole.uplink_s, factor * least_s, rtol=1e-8)
        assert whole.energy_j.sum() < before_j * (1.0 + 1e-6)
        before_j = whole.energy_j.sum()


@loads
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_the_clock_counts_what_the_optimum_spends(load, factor):
    """The formulas of a round, on powers and speeds, against the problem's own account; and that has its certificate."""
    cell, budget_j = channel(load), 0.1
    problem = cell_joint_problem(cell, flops=WORK.flops, payload_bits=32.0 * WORK.num_parameters, energy_budget_j=budget_j)
    soonest = minimize_joint_deadline(problem)
    optimum = soonest if factor == 1.0 else minimize_energy(problem, deadline_s=factor * soonest.deadline_s)
    assert optimum.status is Status.OPTIMAL
    whole = spent(JointOFDMA(energy_budget_j=budget_j, deadline_factor=factor), cell=cell)
    np.testing.assert_allclose(whole.energy_j, optimum.client_energy_j.sum(axis=0), rtol=1e-8)
    np.testing.assert_allclose(whole.compute_s + whole.uplink_s, optimum.deadline_s, rtol=1e-9)
    np.testing.assert_allclose(whole.compute_s, (WORK.flops / optimum.cpu_hz).max(axis=-1), rtol=1e-9)


def test_nobody_else_does_it_with_less():
    """Random bands, powers and speeds that are done by the same time spend more."""
    cell, rng = channel(), np.random.default_rng(0)
    access = JointOFDMA(deadline_factor=1.5)
    problem = cell_joint_problem(cell, flops=WORK.flops, payload_bits=32.0 * WORK.num_parameters)
    deadline_s, least_j = round_s(access)[:, None], access.allocation(problem).energy_j
    tried = 0
    for _ in range(2000):
        band_hz = 1e6 * rng.dirichlet(np.full(NUM_CLIENTS, 2.0), NUM_DRAWS)
        speed = rng.uniform(0.1, 1.0, (NUM_DRAWS, NUM_CLIENTS)) * cell.devices.cpu_hz
        airtime_s = deadline_s - WORK.flops / speed
        nats = np.log(2.0) * 32.0 * WORK.num_parameters / (band_hz * np.maximum(airtime_s, 1e-9))
        power_w = np.expm1(np.minimum(nats, 100.0)) * 2e-20 * band_hz / cell.power_gain
        done = ((airtime_s > 0.0) & (power_w <= 0.2)).all(axis=-1)
        energy_j = (power_w * airtime_s + 1e-27 * WORK.flops * speed**2).sum(axis=-1)
        assert (energy_j[done] >= least_j[done] * (1.0 - 1e-9)).all()
        tried += done.sum()
    assert tried > 500


def test_who_sits_out_is_neither_waited_for_nor_spends():
    active = np.random.default_rng(1).random((NUM_DRAWS, NUM_CLIENTS)) < 0.6
    active[0] = False
    for access in (JointOFDMA(energy_budget_j=0.2), JointOFDMA(deadline_factor=2.0)):
        times = access.uplink(channel(), compute_s=WORK.flops / channel().devices.cpu_hz, num_parameters=2000, active=active)
        for each in (times.finish_s, times.airtime_s, times.power_share):
            assert (each[~active] == 0.0).all()
            assert (each[active] > 0.0).all()
        assert (round_s(access, active=active) <= round_s(access) * (1.0 + 1e-9)).all()
        assert round_s(access, active=active)[0] == 0.0


def test_permuting_clients_permutes_what_they_spend():
    order = np.array([3, 0, 4, 1, 2])
    access = JointOFDMA(energy_budget_j=0.2, deadline_factor=1.2)
    np.testing.assert_allclose(spent(access, cell=channel().of(order)).energy_j, spent(access).energy_j[order], rtol=1e-6)


def test_it_is_chosen_by_what_is_known_and_takes_what_the_true_channel_takes():
    """Without a budget nothing is sooner than what is chosen for the true channel, and something wrong is later."""
    right = channel()
    wrong = dataclasses.replace(right, estimated_response=right.response[:, ::-1])
    assert (round_s(JointOFDMA(), cell=wrong) > round_s(JointOFDMA(), cell=right)).all()
    known = dataclasses.replace(right, estimated_response=right.response.copy())
    assert not known.is_known
    for access in (JointOFDMA(energy_budget_j=0.2), JointOFDMA(deadline_factor=2.0)):
        np.testing.assert_array_equal(spent(access, cell=known).energy_j, spent(access, cell=right).energy_j)


def test_a_budget_that_cannot_send_tells_who_needs_what():
    with pytest.raises(
        InfeasibleProblem, match=r"energy_budget_j: client \(\d+, \d\) has 1e-06 J; its payload alone needs more"
    ) as caught:
        round_s(JointOFDMA(energy_budget_j=1e-6))
    assert "let who is in a deep fade sit out" in str(caught.value)
    short = caught.value.infeasible
    needed_j = float(str(caught.value).split("needs more than ")[1].split()[0])
    assert short.any()
    assert np.isfinite(round_s(JointOFDMA(energy_budget_j=1.01 * needed_j))).all()
    with pytest.raises(InfeasibleProblem, match=f"needs more than {needed_j:g} J"):
        round_s(JointOFDMA(energy_budget_j=0.99 * needed_j))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"energy_budget_j": 0.0}, "energy_budget_j: got 0; allowed is a finite number > 0"),
        ({"energy_budget_j": np.nan}, "energy_budget_j: got nan"),
        ({"deadline_factor": 0.9}, "deadline_factor: got 0.9; allowed is a finite number >= 1"),
        ({"bits_per_parameter": 0}, "bits_per_parameter: got 0"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        JointOFDMA(**options)
