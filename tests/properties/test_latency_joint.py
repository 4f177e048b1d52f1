"""Laws of band, processor speed and power together: the least deadline, and the least energy under one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import WILD, joint_fields
from latency_opt import (
    InfeasibleProblem,
    JointPrices,
    JointProblem,
    JointResult,
    Status,
    certified,
    minimize_energy,
    minimize_joint_deadline,
)
from strategies import batches, decade_arrays, decades, negative, not_positive, permutations, refused

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
PER_CLIENT = (
    "cycles",
    "max_cpu_hz",
    "effective_capacitance_w_per_hz3",
    "payload_bits",
    "power_gain",
    "max_power_w",
    "energy_budget_j",
)
ROUNDING = 1e-7


def is_feasible(problem, result, *, rounding=1e-8):
    """The allocation keeps every limit and delivers the bits, by formulas of their own."""
    sends = problem.payload_bits > 0.0
    band, power, airtime, cpu = result.bandwidth_hz, result.power_w, result.airtime_s, result.cpu_hz
    for used in (band, power, airtime, cpu, result.client_energy_j):
        assert np.isfinite(used).all()
        assert (used >= 0.0).all()
        assert (used[~sends] == 0.0).all()
    more = 1.0 + rounding
    assert (band.sum(axis=-1) <= problem.bandwidth_hz * more).all()
    assert (power <= problem.max_power_w * more).all()
    assert (cpu <= problem.max_cpu_hz * more).all()
    assert (result.client_energy_j <= problem.energy_budget_j * more).all()
    spent = problem.effective_capacitance_w_per_hz3 * problem.cycles * cpu**2 + power * airtime
    np.testing.assert_allclose(spent, result.client_energy_j, rtol=1e-7)
    snr = power * problem.power_gain / (problem.noise_psd_w_per_hz * np.where(sends, band, 1.0))
    assert (airtime * band * np.log1p(snr) / np.log(2.0) >= problem.payload_bits / more).all()
    compute = np.where(cpu > 0.0, problem.cycles / np.where(cpu > 0.0, cpu, 1.0), 0.0)
    assert ((cpu > 0.0) | (problem.cycles == 0.0) | ~sends).all()
    assert (np.where(sends, compute + airtime, 0.0) <= result.deadline_s[..., None] * more).all()


@law_of(JointProblem, minimize_joint_deadline, JointResult)
@given(fields=batches.flatmap(lambda batch: joint_fields(batch=batch)))
def test_the_least_deadline_is_feasible_and_proven(fields):
    problem = JointProblem(**fields)
    result = certified(minimize_joint_deadline(problem))
    is_feasible(problem, result)
    assert (np.abs(result.duality_gap) <= 1e-8).all()
    assert (result.deadline_s[~(problem.payload_bits > 0.0).any(axis=-1)] == 0.0).all()


@law_of(JointProblem, minimize_joint_deadline)
@given(fields=joint_fields(ranges=WILD))
def test_gains_that_are_240_db_apart_are_solved_or_said_not_to_be(fields):
    problem = JointProblem(**fields)
    result = minimize_joint_deadline(problem)
    assert np.isfinite(result.deadline_s).all()
    if result.status is Status.OPTIMAL:
        is_feasible(problem, result)


@law_of(JointProblem, minimize_energy)
@given(fields=batches.flatmap(lambda batch: joint_fields(batch=batch)), late=st.floats(1.01, 20.0), data=st.data())
def test_the_least_energy_is_feasible_proven_and_no_more_than_that_of_the_least_deadline(fields, late, data):
    problem = JointProblem(**fields)
    fastest = minimize_joint_deadline(problem)
    weights = data.draw(decade_arrays(problem.payload_bits.shape, 0.1, 10.0))
    deadline_s = np.where(fastest.deadline_s > 0.0, late * fastest.deadline_s, 1.0)
    result = certified(minimize_energy(problem, deadline_s=deadline_s, weights=weights))
    is_feasible(problem, result)
    np.testing.assert_allclose(result.energy_j, (weights * result.client_energy_j).sum(axis=-1), rtol=1e-12)
    assert (result.energy_j <= (weights * fastest.client_energy_j).sum(axis=-1) * (1.0 + ROUNDING)).all()
    # More time is never worth more energy, and other weights no less of this sum.
    later = minimize_energy(problem, deadline_s=2.0 * deadline_s, weights=weights)
    assert (later.energy_j <= result.energy_j * (1.0 + ROUNDING)).all()
    plain = minimize_energy(problem, deadline_s=deadline_s)
    assert (plain.energy_j <= result.client_energy_j.sum(axis=-1) * (1.0 + ROUNDING)).all()


@law_of(minimize_energy)
@given(late=st.floats(1.01, 100.0), gain=decades(1e-13, 1e-8), cycles=decades(1e7, 1e10))
@example(late=5.0, gain=3.2247393e-09, cycles=10**9.5)
@example(late=20.0, gain=3.2247393e-09, cycles=10**9.5)
def test_power_to_spare_costs_no_digits_of_the_certificate(late, gain, cycles):
    """Prices of time are far below a watt where clients have hours and need microjoules."""
    problem = JointProblem(
        cycles=[1e7, cycles, cycles],
        max_cpu_hz=1e7,
        effective_capacitance_w_per_hz3=1e-30,
        payload_bits=10**4.75,
        power_gain=gain,
        max_power_w=1.0,
        energy_budget_j=np.inf,
        noise_psd_w_per_hz=4e-21,
        bandwidth_hz=1e5,
    )
    result = minimize_energy(problem, deadline_s=late * minimize_joint_deadline(problem).deadline_s)
    assert (np.abs(result.kkt_residual) <= 1e-10).all()


@law_of(JointProblem, minimize_energy)
@given(fields=joint_fields(), early=st.floats(0.01, 0.999))
def test_an_earlier_deadline_than_the_least_is_infeasible(fields, early):
    problem = JointProblem(**fields)
    assume((problem.payload_bits > 0.0).any())
    deadline_s = early * minimize_joint_deadline(problem).deadline_s
    with pytest.raises(InfeasibleProblem, match=r"^(deadline_s|bandwidth_hz): got"):
        minimize_energy(problem, deadline_s=deadline_s)


@law_of(JointProblem, minimize_joint_deadline, minimize_energy)
@given(fields=joint_fields(batch=(3,)), late=st.floats(1.1, 5.0))
def test_a_batch_of_joint_problems_is_a_loop_over_them(fields, late):
    problem = JointProblem(**fields)
    together = minimize_joint_deadline(problem)
    deadline_s = np.where(together.deadline_s > 0.0, late * together.deadline_s, 1.0)
    cheap = minimize_energy(problem, deadline_s=deadline_s)
    for index in range(3):
        alone = minimize_joint_deadline(problem[index])
        np.testing.assert_allclose(together.deadline_s[index], alone.deadline_s, rtol=1e-9)
        own = minimize_energy(problem[index], deadline_s=deadline_s[index])
        np.testing.assert_allclose(cheap.energy_j[index], own.energy_j, rtol=1e-8)


@law_of(JointProblem, minimize_joint_deadline, minimize_energy)
@given(fields=joint_fields(), late=st.floats(1.1, 5.0), data=st.data())
def test_the_order_of_clients_does_not_matter(fields, late, data):
    problem = JointProblem(**fields)
    order = data.draw(permutations(problem.payload_bits.shape[-1]))
    turned = replace(problem, **{name: getattr(problem, name)[..., order] for name in PER_CLIENT})
    before, after = minimize_joint_deadline(problem), minimize_joint_deadline(turned)
    np.testing.assert_allclose(after.deadline_s, before.deadline_s, rtol=1e-9)
    deadline_s = np.where(before.deadline_s > 0.0, late * before.deadline_s, 1.0)
    cheap, moved = (minimize_energy(one, deadline_s=deadline_s) for one in (problem, turned))
    np.testing.assert_allclose(moved.energy_j, cheap.energy_j, rtol=1e-8)
    np.testing.assert_allclose(moved.client_energy_j, cheap.client_energy_j[..., order], rtol=1e-3)


@law_of(JointProblem, minimize_joint_deadline)
@given(fields=joint_fields(), factor=decades(1e-3, 1e3))
def test_joint_deadlines_scale_as_their_units_do(fields, factor):
    base = minimize_joint_deadline(JointProblem(**fields)).deadline_s

    def scaled(**powers):
        moved = {name: factor**power * np.asarray(fields[name]) for name, power in powers.items()}
        return minimize_joint_deadline(JointProblem(**fields | moved)).deadline_s

    in_seconds = scaled(  # a second is `factor` of the new ones: watts and hertz change with it
        max_cpu_hz=-1, effective_capacitance_w_per_hz3=2, bandwidth_hz=-1, max_power_w=-1, noise_psd_w_per_hz=0
    )
    np.testing.assert_allclose(in_seconds, factor * base, rtol=1e-7)
    in_joules = scaled(effective_capacitance_w_per_hz3=1, max_power_w=1, energy_budget_j=1, noise_psd_w_per_hz=1)
    np.testing.assert_allclose(in_joules, base, rtol=1e-7)
    in_gain = scaled(power_gain=1, noise_psd_w_per_hz=1)
    np.testing.assert_allclose(in_gain, base, rtol=1e-7)


@law_of(JointProblem, minimize_joint_deadline)
@given(fields=joint_fields(), factor=st.floats(1.0, 100.0))
def test_more_band_power_speed_gain_or_budget_is_never_later(fields, factor):
    before = minimize_joint_deadline(JointProblem(**fields)).deadline_s
    for name in ("bandwidth_hz", "max_power_w", "max_cpu_hz", "power_gain", "energy_budget_j"):
        more = minimize_joint_deadline(JointProblem(**fields | {name: factor * fields[name]})).deadline_s
        assert more <= before * (1.0 + ROUNDING), name
    for name in ("cycles", "payload_bits", "effective_capacitance_w_per_hz3"):
        less = minimize_joint_deadline(JointProblem(**fields | {name: fields[name] / factor})).deadline_s
        assert less <= before * (1.0 + ROUNDING), name


@law_of(JointPrices, JointResult, minimize_joint_deadline)
@given(fields=joint_fields(), factor=st.floats(0.8, 1.25))
def test_joint_prices_are_slopes_of_a_convex_deadline(fields, factor):
    problem = JointProblem(**fields)
    result = minimize_joint_deadline(problem)
    sends = problem.payload_bits > 0.0
    if sends.any():
        assert np.isclose(result.prices.per_s.sum(), 1.0, rtol=1e-7)
    for price in (
        result.prices.per_hz,
        result.prices.per_s,
        result.prices.per_j,
        result.prices.per_w,
        result.prices.per_cpu_hz,
    ):
        assert (price >= 0.0).all()
    other = minimize_joint_deadline(replace(problem, bandwidth_hz=factor * problem.bandwidth_hz)).deadline_s
    tangent = result.deadline_s - result.prices.per_hz * (factor - 1.0) * problem.bandwidth_hz
    assert other >= tangent - ROUNDING * result.deadline_s
    table = result.explain()
    assert len(table) == 1 + 3 * problem.payload_bits.size
    assert (table["price_s_per_unit"] <= 0.0).all()


@law_of(JointResult, minimize_energy)
@given(fields=joint_fields(), late=st.floats(1.1, 5.0))
def test_what_energy_problems_explain_is_in_joules(fields, late):
    problem = JointProblem(**fields)
    fastest = minimize_joint_deadline(problem)
    result = minimize_energy(problem, deadline_s=np.where(fastest.deadline_s > 0.0, late * fastest.deadline_s, 1.0))
    assert result.unit == "J"
    assert (result.explain()["price_j_per_unit"] <= 0.0).all()


@law_of(JointProblem)
@SLOW
@given(cycles=decade_arrays(2, 1e8, 1e9), gain=decade_arrays(2, 1e-12, 1e-10), late=st.floats(1.2, 4.0))
def test_cvxpy_agrees_on_joint_problems(cycles, gain, late):
    problem = JointProblem(
        cycles=cycles,
        max_cpu_hz=1e9,
        effective_capacitance_w_per_hz3=1e-28,
        payload_bits=[1e6, 2e6],
        power_gain=gain,
        max_power_w=0.2,
        energy_budget_j=[0.2, np.inf],
        noise_psd_w_per_hz=1e-20,
        bandwidth_hz=1e6,
    )
    best = minimize_joint_deadline(problem)
    assert np.isclose(problem.to_cvxpy().solve(), best.deadline_s, rtol=1e-5)
    deadline_s = float(late * best.deadline_s)
    cheapest = minimize_energy(problem, deadline_s=deadline_s)
    assert np.isclose(problem.to_cvxpy(deadline_s=deadline_s).solve(), cheapest.energy_j, rtol=1e-5)


@law_of(JointProblem)
@given(fields=joint_fields(batch=(2,)), data=st.data())
def test_who_cannot_send_is_named(fields, data):
    shape, sends = fields["payload_bits"].shape, fields["payload_bits"] > 0.0
    deaf = data.draw(arrays(bool, shape))
    poor = data.draw(arrays(bool, shape)) & ~deaf
    gain = np.where(deaf, 0.0, fields["power_gain"])
    cut_off = (deaf & sends).any(axis=-1)
    if cut_off.any():
        with pytest.raises(InfeasibleProblem, match=r"^power_gain: client") as raised:
            JointProblem(**fields | {"power_gain": gain})
        np.testing.assert_array_equal(raised.value.infeasible, cut_off)
    least = np.maximum(fields["payload_bits"], 1.0) * np.log(2.0) * fields["noise_psd_w_per_hz"] / fields["power_gain"]
    budget = np.where(poor, 0.99 * least, np.inf)
    short = (poor & sends).any(axis=-1)
    if short.any():
        with pytest.raises(InfeasibleProblem, match=r"^energy_budget_j: client") as raised:
            JointProblem(**fields | {"energy_budget_j": budget})
        np.testing.assert_array_equal(raised.value.infeasible, short)


@law_of(JointProblem, minimize_energy)
@given(fields=joint_fields(budgets=False), wrong=negative)
def test_a_joint_problem_names_what_is_wrong_with_it(fields, wrong):
    for name in (*PER_CLIENT, "noise_psd_w_per_hz", "bandwidth_hz"):
        if name == "energy_budget_j" and wrong == np.inf:
            continue
        with refused(name):
            JointProblem(**fields | {name: wrong})
    for name in ("max_cpu_hz", "max_power_w", "energy_budget_j", "noise_psd_w_per_hz", "bandwidth_hz"):
        with refused(name):
            JointProblem(**fields | {name: 0.0})
    problem = JointProblem(**fields)
    with refused("deadline_s"):
        minimize_energy(problem, deadline_s=wrong)
    with refused("weights"):
        minimize_energy(problem, deadline_s=1e9, weights=wrong)


@law_of(JointProblem)
@given(noise=decades(5e-324, 1e-80), gain=decades(1e-30, 1.0), wrong=not_positive)
@example(noise=5e-324, gain=1e-12, wrong=0.0)
@example(noise=1e-110, gain=1e-12, wrong=0.0)
def test_noise_next_to_nothing_is_a_number_or_refused(noise, gain, wrong):
    fields = {
        "cycles": 1e8,
        "max_cpu_hz": 1e9,
        "effective_capacitance_w_per_hz3": 1e-27,
        "payload_bits": [1e6, 0.0],
        "power_gain": gain,
        "max_power_w": 0.1,
        "energy_budget_j": 10.0,
        "bandwidth_hz": 1e6,
    }
    if noise < np.finfo(float).tiny or np.log10(0.1 * gain) - np.log10(noise) > 106.0:
        with refused("noise_psd_w_per_hz"):
            JointProblem(**fields, noise_psd_w_per_hz=noise)
    else:
        problem = JointProblem(**fields, noise_psd_w_per_hz=noise)
        is_feasible(problem, certified(minimize_joint_deadline(problem)))
    with refused("bandwidth_hz"):
        JointProblem(**fields | {"bandwidth_hz": wrong}, noise_psd_w_per_hz=1e-20)
