import dataclasses

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from aircomp.result import InfeasibleProblem, Status, certified
from channels import shannon_rate_bps
from latency_opt import BandwidthProblem, compute_energy_j, minimize_deadline, transmit_energy_j
from latency_opt.joint.deadline import minimize_joint_deadline
from latency_opt.joint.energy import minimize_energy
from latency_opt.joint.least_band import least_band
from latency_opt.joint.prices import JointPrices, lower_bound
from latency_opt.joint.problem import JointProblem
from latency_opt.joint.result import joint_result

NOISE = 2e-20
CLIENT_FIELDS = (
    "cycles",
    "max_cpu_hz",
    "effective_capacitance_w_per_hz3",
    "payload_bits",
    "power_gain",
    "max_power_w",
    "energy_budget_j",
)


def random_problem(shape, *, seed, decades=8.0):
    """Gains spread over 80 dB by default, and budgets from hardly enough to far more than can be spent."""
    rng = np.random.default_rng(seed)
    gain = 10.0 ** -rng.uniform(7.0, 7.0 + decades, shape)
    bits = rng.uniform(1e5, 2e6, shape)
    cycles, max_cpu = 10.0 ** rng.uniform(7.0, 9.0, shape), 10.0 ** rng.uniform(8.5, 9.5, shape)
    capacitance = 10.0 ** rng.uniform(-28.0, -26.5, shape)
    least = bits * np.log(2.0) * NOISE / gain
    wanted = capacitance * cycles * max_cpu**2 + least * rng.uniform(0.1, 10.0, shape)
    return JointProblem(
        cycles=cycles,
        max_cpu_hz=max_cpu,
        effective_capacitance_w_per_hz3=capacitance,
        payload_bits=bits,
        power_gain=gain,
        max_power_w=rng.uniform(0.05, 0.5, shape),
        energy_budget_j=least + wanted * 10.0 ** rng.uniform(-3.0, 2.0, shape),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=10e6,
    )


def change(problem, **values):
    return dataclasses.replace(problem, **values)


def instance(problem, index):
    fields = {name: getattr(problem, name)[index] for name in CLIENT_FIELDS}
    return JointProblem(noise_psd_w_per_hz=problem.noise_psd_w_per_hz, bandwidth_hz=problem.bandwidth_hz[index], **fields)


def permuted(problem, order):
    fields = {name: getattr(problem, name)[..., order] for name in CLIENT_FIELDS}
    return JointProblem(noise_psd_w_per_hz=problem.noise_psd_w_per_hz, bandwidth_hz=problem.bandwidth_hz, **fields)


def least_finish_on_grid(problem, band):
    """(n, band) when each client can be done in a band, by trying 1,000 powers; no convexity is used."""
    power = problem.max_power_w[:, None, None] * np.geomspace(1e-6, 1.0, 1000)[:, None]
    rate = shannon_rate_bps(band, gain_power_w=power * problem.power_gain[:, None, None], noise_psd_w_per_hz=NOISE)
    airtime = problem.payload_bits[:, None, None] / rate
    left = problem.energy_budget_j[:, None, None] - transmit_energy_j(airtime, power_w=power)
    cycles, capacitance = problem.cycles[:, None, None], problem.effective_capacitance_w_per_hz3[:, None, None]
    affordable = np.sqrt(np.maximum(left, 0.0) / (capacitance * cycles))
    with np.errstate(divide="ignore"):
        return (airtime + cycles / np.minimum(problem.max_cpu_hz[:, None, None], affordable)).min(axis=1)


def try_cvxpy(program):
    """The optimum, NaN if there is none, and whether Clarabel vouches for it."""
    reference = cp.Problem(program.objective, list(program.constraints.values()))
    try:
        reference.solve(solver=cp.CLARABEL)
    except cp.SolverError:
        return np.nan, False
    return program.scale * reference.value, reference.status == cp.OPTIMAL


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("num_clients", [1, 3, 6, 20])
def test_both_problems_against_cvxpy(num_clients):
    """Over the parameters 100 instances of each, gains over 80 dB."""
    num = 25
    problem = random_problem((num, num_clients), seed=num_clients)
    soonest = minimize_joint_deadline(problem)
    deadline = 1.3 * soonest.deadline_s
    weights = np.random.default_rng(0).uniform(0.2, 5.0, num_clients)
    cheapest = minimize_energy(problem, deadline_s=deadline, weights=weights)
    assert soonest.status is Status.OPTIMAL
    assert cheapest.status is Status.OPTIMAL
    vouched = 0
    for i in range(num):
        one = instance(problem, i)
        programs = one.to_cvxpy(), one.to_cvxpy(deadline_s=float(deadline[i]), weights=weights)
        for program, ours in zip(programs, (soonest.deadline_s[i], cheapest.energy_j[i]), strict=True):
            value, good = try_cvxpy(program)
            vouched += good
            assert not good or value == pytest.approx(ours, rel=1e-6)
    assert vouched >= 0.85 * 2 * num  # Clarabel's word depends on the last digits of the units


@pytest.mark.parametrize("num_clients", [1, 2, 5, 40])
def test_the_bound_certifies_what_80_db_of_gains_make(num_clients):
    problem = random_problem((100, num_clients), seed=10 + num_clients)
    soonest = minimize_joint_deadline(problem)
    assert certified(soonest) is soonest
    assert soonest.kkt_residual.max() < 1e-10
    for factor in (1.01, 1.5, 10.0):
        cheapest = minimize_energy(problem, deadline_s=factor * soonest.deadline_s)
        assert cheapest.kkt_residual.max() < 2e-9
        np.testing.assert_allclose(cheapest.bandwidth_hz.sum(axis=-1), 10e6, rtol=1e-8)
    np.testing.assert_allclose(soonest.bandwidth_hz.sum(axis=-1), 10e6, rtol=1e-11)


def test_the_allocation_keeps_all_limits_by_the_formulas_of_the_package():
    problem = random_problem((50, 6), seed=20)
    soonest = minimize_joint_deadline(problem)
    for result in (soonest, minimize_energy(problem, deadline_s=1.2 * soonest.deadline_s)):
        rate = shannon_rate_bps(result.bandwidth_hz, gain_power_w=result.power_w * problem.power_gain, noise_psd_w_per_hz=NOISE)
        np.testing.assert_allclose(rate * result.airtime_s, problem.payload_bits, rtol=1e-9)
        computing = compute_energy_j(
            problem.cycles,
            cpu_hz=result.cpu_hz,
            flops_per_cycle=1.0,
            effective_capacitance_w_per_hz3=problem.effective_capacitance_w_per_hz3,
        )
        spent = computing + transmit_energy_j(result.airtime_s, power_w=result.power_w)
        np.testing.assert_allclose(spent, result.client_energy_j, rtol=1e-10)
        finish = problem.cycles / result.cpu_hz + result.airtime_s
        np.testing.assert_allclose(finish, np.broadcast_to(result.deadline_s[:, None], finish.shape), rtol=1e-10)
        assert (spent <= problem.energy_budget_j * (1 + 1e-10)).all()
        assert (result.power_w <= problem.max_power_w * (1 + 1e-10)).all()
        assert (result.cpu_hz <= problem.max_cpu_hz * (1 + 1e-10)).all()


@pytest.mark.parametrize("seed", range(8))
def test_no_point_of_a_grid_is_done_sooner(seed):
    """Three clients, all splits of the band into 60ths, 1,000 powers each: nothing beats the optimum, and the best is near."""
    problem = instance(random_problem((1, 3), seed=30 + seed, decades=3.0), 0)
    steps = 60
    share = np.arange(1, steps - 1)
    finish = least_finish_on_grid(problem, 10e6 * share / steps)
    first, second = np.meshgrid(share, share, indexing="ij")
    third = steps - first - second
    fits = third >= 1
    worst = np.maximum(np.maximum(finish[0][first - 1], finish[1][second - 1]), finish[2][np.maximum(third, 1) - 1])
    best = worst[fits].min()
    ours = float(minimize_joint_deadline(problem).deadline_s)
    assert ours <= best * (1 + 1e-12)
    assert best <= ours * 1.06


def lagrangian_minimum(problem, result, weights, deadline_s):
    """Least Lagrangian of one instance by numerical search, client by client, in the unknowns of the problem itself."""
    prices, terms = result.prices, problem.terms
    total = -float(prices.per_hz * problem.bandwidth_hz)
    for i in range(problem.cycles.size):
        energy, time = weights[i] + prices.per_j[i], prices.per_s[i]
        power = prices.per_w[i] / result.airtime_s[i]
        area = prices.per_hz * (time - problem.max_power_w[i] * power)

        def computing(log_cpu, i=i, energy=energy, time=time):
            cpu = np.exp(log_cpu)
            return time * problem.cycles[i] / cpu + energy * terms.capacitance[i] * problem.cycles[i] * cpu**2

        def sending(log_area, i=i, worth=energy + power, area=area):
            z = np.exp(log_area)
            spent = z / terms.snr_hz_per_w[i] * np.expm1(min(terms.nats[i] / z, 600.0))
            return worth * spent + 2.0 * np.sqrt(area * z)

        options = {"xatol": 1e-12}
        fastest = np.log(problem.max_cpu_hz[i])
        free = minimize_scalar(computing, bounds=(fastest - 25.0, fastest), method="bounded", options=options).fun
        total += min(free, computing(fastest))
        at = np.log(result.bandwidth_hz[i] * result.airtime_s[i])
        total += minimize_scalar(sending, bounds=(at - 4.0, at + 4.0), method="bounded", options=options).fun
        total -= prices.per_j[i] * problem.energy_budget_j[i] + time * deadline_s
    return total


def test_the_bound_is_the_least_lagrangian():
    problem = random_problem((12, 4), seed=40, decades=4.0)
    soonest = minimize_joint_deadline(problem)
    cheapest = minimize_energy(problem, deadline_s=1.2 * soonest.deadline_s)
    for i in range(12):
        for result, weight in ((soonest, 0.0), (cheapest, 1.0)):
            names = [field.name for field in dataclasses.fields(result.prices)]
            prices = JointPrices(**{name: getattr(result.prices, name)[i] for name in names})
            one = dataclasses.replace(result, prices=prices, airtime_s=result.airtime_s[i], bandwidth_hz=result.bandwidth_hz[i])
            value = lagrangian_minimum(instance(problem, i), one, np.full(4, weight), weight * result.deadline_s[i])
            optimum = (cheapest.energy_j if weight else soonest.deadline_s)[i]
            assert value == pytest.approx(optimum, rel=1e-7)


def test_wrong_prices_prove_less_and_a_worse_point_shows_a_gap():
    problem = random_problem((50, 5), seed=41)
    result = minimize_joint_deadline(problem)
    none, nothing = np.zeros((50, 5)), np.zeros(50)
    rng = np.random.default_rng(0)
    for _ in range(5):
        per_s = result.prices.per_s * rng.uniform(0.8, 1.2, (50, 5))
        per_s /= per_s.sum(axis=-1, keepdims=True)
        scale = rng.uniform(0.5, 2.0, (3, 50, 5))
        wrong = dataclasses.replace(
            result.prices,
            per_s=per_s,
            per_hz=result.prices.per_hz * scale[0, :, 0],
            per_j=result.prices.per_j * scale[1],
            per_w=np.minimum(result.prices.per_w * scale[2], 0.9 * per_s * result.airtime_s / problem.max_power_w),
        )
        bound = lower_bound(result.point, wrong, bandwidth_hz=problem.bandwidth_hz, deadline_s=nothing, weights=none)
        assert (bound <= result.deadline_s * (1 + 1e-12)).all()
    spare = 1.01 * result.deadline_s[:, None] - problem.terms.least_compute_s - problem.terms.least_airtime_s
    later = least_band(problem.terms, spare_s=spare)
    late = joint_result(problem, later, result.prices, deadline_s=1.01 * result.deadline_s, weights=None, iterations=0)
    assert (late.kkt_residual > 5e-3).all()
    assert late.status is Status.INACCURATE


@pytest.mark.parametrize(
    "more", ["max_cpu_hz", "power_gain", "max_power_w", "energy_budget_j", "bandwidth_hz", "cycles", "payload_bits"]
)
def test_more_of_a_resource_never_hurts_and_less_work_neither(more):
    problem = random_problem((100, 5), seed=50)
    factor = 0.7 if more in ("cycles", "payload_bits") else 1.4
    better = change(problem, **{more: getattr(problem, more) * factor})
    before, after = minimize_joint_deadline(problem), minimize_joint_deadline(better)
    assert (after.deadline_s <= before.deadline_s * (1 + 1e-10)).all()
    assert (after.deadline_s < before.deadline_s * (1 - 1e-6)).any()
    deadline = 1.1 * before.deadline_s
    cheap, cheaper = (minimize_energy(p, deadline_s=deadline).energy_j for p in (problem, better))
    assert (cheaper <= cheap * (1 + 1e-9)).all()


def test_without_budgets_it_is_the_bandwidth_problem():
    """Whether the budget is infinite or only more than can be spent."""
    problem = random_problem((60, 6), seed=51)
    alone = minimize_deadline(
        BandwidthProblem(
            compute_s=problem.cycles / problem.max_cpu_hz,
            payload_bits=problem.payload_bits,
            gain_power_w=problem.power_gain * problem.max_power_w,
            noise_psd_w_per_hz=NOISE,
            bandwidth_hz=10e6,
        )
    )
    for budget in (np.inf, 1e12):
        result = minimize_joint_deadline(change(problem, energy_budget_j=budget))
        assert result.status is Status.OPTIMAL
        np.testing.assert_allclose(result.deadline_s, alone.deadline_s, rtol=1e-8)
        np.testing.assert_allclose(result.bandwidth_hz, alone.bandwidth_hz, rtol=1e-8)
        np.testing.assert_allclose(result.prices.per_hz, alone.shadow_price_s_per_hz, rtol=1e-8)
        np.testing.assert_allclose(result.power_w, problem.max_power_w, rtol=1e-10)
        np.testing.assert_allclose(result.cpu_hz, problem.max_cpu_hz, rtol=1e-10)


def test_energy_falls_as_the_deadline_grows_and_starts_within_the_budgets():
    problem = random_problem((60, 5), seed=52)
    soonest = minimize_joint_deadline(problem)
    energies = [minimize_energy(problem, deadline_s=k * soonest.deadline_s).energy_j for k in (1.001, 1.1, 1.5, 3.0, 20.0)]
    assert (energies[0] <= problem.energy_budget_j.sum(axis=-1)).all()
    assert (energies[0] <= soonest.energy_j * (1 + 1e-9)).all()
    assert (np.diff(energies, axis=0) < 0.0).all()
    assert (energies[-1] >= problem.terms.least_energy_j.sum(axis=-1)).all()


def test_the_two_problems_are_mirrors():
    """What the cheapest allocation spends, taken as budgets, has that deadline for its least one."""
    problem = random_problem((60, 5), seed=53)
    free = change(problem, energy_budget_j=np.inf)
    deadline = 1.5 * minimize_joint_deadline(free).deadline_s
    cheapest = minimize_energy(free, deadline_s=deadline)
    again = minimize_joint_deadline(change(problem, energy_budget_j=cheapest.client_energy_j))
    np.testing.assert_allclose(again.deadline_s, deadline, rtol=1e-8)


def test_dearer_energy_is_used_less():
    problem = change(random_problem((40, 3), seed=54), energy_budget_j=np.inf)
    deadline = 1.5 * minimize_joint_deadline(problem).deadline_s
    plain = minimize_energy(problem, deadline_s=deadline)
    dear = minimize_energy(problem, deadline_s=deadline, weights=[10.0, 1.0, 1.0])
    assert (dear.client_energy_j[:, 0] < plain.client_energy_j[:, 0]).all()
    assert (dear.client_energy_j.sum(axis=-1) >= plain.energy_j * (1 - 1e-10)).all()


def test_permuting_clients_and_taking_an_instance_alone_change_nothing():
    problem = random_problem((10, 5), seed=55)
    order = np.array([3, 0, 4, 1, 2])
    result, other = minimize_joint_deadline(problem), minimize_joint_deadline(permuted(problem, order))
    np.testing.assert_allclose(other.bandwidth_hz, result.bandwidth_hz[:, order], rtol=1e-8)
    deadline = 1.3 * result.deadline_s
    cheap, shuffled = (minimize_energy(p, deadline_s=deadline) for p in (problem, permuted(problem, order)))
    np.testing.assert_allclose(shuffled.client_energy_j, cheap.client_energy_j[:, order], rtol=1e-7)
    for i in range(10):
        assert minimize_joint_deadline(instance(problem, i)).deadline_s == pytest.approx(result.deadline_s[i], rel=1e-12)
        alone = minimize_energy(instance(problem, i), deadline_s=deadline[i])
        assert alone.energy_j == pytest.approx(cheap.energy_j[i], rel=1e-9)


def test_scaling_units_scales_the_result():
    """Bits in kilobits; and everything three times as long, at the same powers."""
    problem = random_problem((20, 4), seed=56)
    result = minimize_joint_deadline(problem)
    kilo = {"payload_bits": problem.payload_bits / 1e3, "bandwidth_hz": 1e4, "noise_psd_w_per_hz": NOISE * 1e3}
    np.testing.assert_allclose(minimize_joint_deadline(change(problem, **kilo)).deadline_s, result.deadline_s, rtol=1e-9)
    long = {name: 3.0 * getattr(problem, name) for name in ("cycles", "payload_bits", "energy_budget_j")}
    np.testing.assert_allclose(minimize_joint_deadline(change(problem, **long)).deadline_s, 3.0 * result.deadline_s, rtol=1e-9)
    cheap = minimize_energy(problem, deadline_s=2.0 * result.deadline_s).energy_j
    other = minimize_energy(change(problem, **long), deadline_s=6.0 * result.deadline_s).energy_j
    np.testing.assert_allclose(other, 3.0 * cheap, rtol=1e-9)


def test_who_sends_nothing_gets_nothing():
    problem = random_problem((4, 3), seed=57)
    bits = problem.payload_bits * [1.0, 0.0, 1.0]
    bits[3] = 0.0
    some = change(problem, payload_bits=bits, power_gain=problem.power_gain * [1.0, 0.0, 1.0])
    result = minimize_joint_deadline(some)
    two = minimize_joint_deadline(permuted(problem, np.array([0, 2])))
    np.testing.assert_allclose(result.deadline_s[:3], two.deadline_s[:3], rtol=1e-10)
    for values in (result.bandwidth_hz, result.power_w, result.cpu_hz, result.client_energy_j, result.prices.per_j):
        assert (values[:, 1] == 0.0).all()
        assert (values[3] == 0.0).all()
    assert result.deadline_s[3] == 0.0
    assert result.status is Status.OPTIMAL
    cheap = minimize_energy(some, deadline_s=1.0 + 2.0 * result.deadline_s)
    assert cheap.status is Status.OPTIMAL
    assert cheap.energy_j[3] == 0.0
    value, good = try_cvxpy(instance(some, 0).to_cvxpy())
    assert good
    assert value == pytest.approx(result.deadline_s[0], rel=1e-6)


def test_processors_that_cost_nothing_run_at_full_speed():
    problem = random_problem((30, 4), seed=58)
    for free in ({"effective_capacitance_w_per_hz3": 0.0}, {"cycles": [0.0, 0.0, 1e8, 1e9]}):
        problem = change(problem, **free)
        soonest = minimize_joint_deadline(problem)
        cheapest = minimize_energy(problem, deadline_s=2.0 * soonest.deadline_s)
        assert soonest.status is Status.OPTIMAL
        assert cheapest.status is Status.OPTIMAL
        costless = (problem.effective_capacitance_w_per_hz3 == 0.0) & (problem.cycles > 0.0)
        np.testing.assert_allclose(soonest.cpu_hz[costless], problem.max_cpu_hz[costless])


@pytest.mark.parametrize("bits", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("above", [1e-6, 1e-3, 1e6])
def test_extremes_are_solved_too(bits, above):
    """A few bits, which send in nanoseconds of a round of seconds; and budgets that hardly exceed what the bits alone need."""
    problem = random_problem((100, 5), seed=62)
    payload = bits * problem.payload_bits
    budget = (1.0 + above) * payload * np.log(2.0) * NOISE / problem.power_gain
    soonest = minimize_joint_deadline(change(problem, payload_bits=payload, energy_budget_j=budget))
    assert soonest.status is Status.OPTIMAL


def test_a_budget_that_cannot_send_is_infeasible_by_name():
    problem = random_problem((2, 3), seed=59)
    budget = problem.energy_budget_j.copy()
    budget[1, 2] = 0.99 * problem.terms.least_energy_j[1, 2]
    with pytest.raises(
        InfeasibleProblem, match=r"energy_budget_j: client \(1, 2\) has .* its payload alone needs more than"
    ) as error:
        change(problem, energy_budget_j=budget)
    assert error.value.infeasible.tolist() == [False, True]
    with pytest.raises(InfeasibleProblem, match=r"power_gain: client \(0, 0\) has a payload but no channel") as error:
        change(problem, power_gain=0.0)
    assert error.value.infeasible.tolist() == [True, True]


def test_a_deadline_that_cannot_be_kept_is_infeasible_by_name():
    problem = random_problem((3, 4), seed=60)
    soonest = minimize_joint_deadline(problem).deadline_s
    with pytest.raises(InfeasibleProblem, match=r"bandwidth_hz: got 1e\+07; a deadline of .* s needs .* for client"):
        minimize_energy(problem, deadline_s=0.9999 * soonest)
    # What cannot keep its deadline can be left out, and the rest be solved.
    with pytest.raises(InfeasibleProblem) as error:
        minimize_energy(problem, deadline_s=soonest * [1.1, 0.99, 1.1])
    assert error.value.infeasible.tolist() == [False, True, False]
    rest = instance(problem, ~error.value.infeasible)
    assert minimize_energy(rest, deadline_s=1.1 * soonest[[0, 2]]).status is Status.OPTIMAL
    with pytest.raises(InfeasibleProblem, match=r"deadline_s: got .* even with unlimited band") as error:
        minimize_energy(problem, deadline_s=soonest * [1.1, 1e-6, 1e-6])
    assert error.value.infeasible.tolist() == [False, True, True]
    scarce = 1.0001 * problem.payload_bits * np.log(2.0) * NOISE / 1e-7
    for field, values in (
        ("max_cpu_hz", {"cycles": 1e12, "energy_budget_j": np.inf}),
        ("max_power_w", {"max_power_w": 1e-12, "energy_budget_j": np.inf}),
        ("energy_budget_j", {"energy_budget_j": scarce, "power_gain": 1e-7}),
    ):
        with pytest.raises(InfeasibleProblem, match=rf"deadline_s: got 0\.1; client \(0, 0\) needs more than .* {field}"):
            minimize_energy(change(problem, **values), deadline_s=0.1)


def test_bad_input_names_the_argument():
    problem = random_problem((3,), seed=61)
    for name in (*CLIENT_FIELDS, "bandwidth_hz", "noise_psd_w_per_hz"):
        with pytest.raises(ValueError, match=f"{name}: got -1"):
            change(problem, **{name: -1.0})
    with pytest.raises(ValueError, match="energy_budget_j: got nan"):
        change(problem, energy_budget_j=np.nan)
    with pytest.raises(ValueError, match="shapes do not match"):
        change(problem, cycles=[1.0, 2.0])
    with pytest.raises(ValueError, match="weights: got 0"):
        minimize_energy(problem, deadline_s=1e9, weights=0.0)
    with pytest.raises(ValueError, match="deadline_s: got 0"):
        minimize_energy(problem, deadline_s=0.0)
    with pytest.raises(ValueError, match="needed is one instance"):
        random_problem((2, 3), seed=0).to_cvxpy()


RESOURCES = {"bandwidth_hz": "per_hz", "energy_budget_j": "per_j", "max_power_w": "per_w", "max_cpu_hz": "per_cpu_hz"}


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("minimised", ["deadline", "energy"])
def test_prices_are_slopes_of_the_optimum(resource, minimised):
    """Central differences; processors are slow where their price is asked for, so that their speed limits."""
    problem = random_problem((40, 3), seed=70, decades=4.0)
    if resource == "max_cpu_hz":
        problem = change(problem, max_cpu_hz=0.1 * problem.max_cpu_hz)
    deadline = 1.05 * minimize_joint_deadline(problem).deadline_s

    def optimum(changed):
        if minimised == "deadline":
            return minimize_joint_deadline(changed).deadline_s
        return minimize_energy(changed, deadline_s=deadline).energy_j

    result = minimize_joint_deadline(problem) if minimised == "deadline" else minimize_energy(problem, deadline_s=deadline)
    unit = result.deadline_s if minimised == "deadline" else result.energy_j
    limits = getattr(problem, resource)
    step, seen = 1e-5, 0
    for client in [None] if resource == "bandwidth_hz" else range(3):
        chosen = np.ones(()) if client is None else (np.arange(3) == client)
        more, less = (optimum(change(problem, **{resource: limits * (1.0 + sign * step * chosen)})) for sign in (1.0, -1.0))
        at = (...,) if client is None else (..., client)
        elasticity = (less - more) / (2.0 * step) / unit
        priced = getattr(result.prices, RESOURCES[resource])[at] * limits[at] / unit
        np.testing.assert_allclose(priced, elasticity, rtol=1e-3, atol=2e-5)
        seen += (priced > 1e-3).sum()
    assert seen >= 5


def test_the_price_of_time_is_the_slope_in_the_deadline():
    problem = random_problem((40, 3), seed=71, decades=4.0)
    deadline = 1.3 * minimize_joint_deadline(problem).deadline_s
    more, less = (minimize_energy(problem, deadline_s=deadline * (1.0 + step)).energy_j for step in (1e-5, -1e-5))
    result = minimize_energy(problem, deadline_s=deadline)
    np.testing.assert_allclose(result.prices.per_s.sum(axis=-1), (less - more) / (2e-5 * deadline), rtol=1e-4)
    np.testing.assert_allclose(minimize_joint_deadline(problem).prices.per_s.sum(axis=-1), 1.0, rtol=1e-12)


def test_explain_names_what_binds_and_what_it_is_worth():
    problem = random_problem((2, 3), seed=72)
    result = minimize_joint_deadline(problem)
    table = result.explain()
    assert table.columns.tolist() == ["value", "unit", "binds", "price_s_per_unit", "one_percent_s"]
    assert len(table) == 2 * (1 + 3 * 3)
    assert table.xs("bandwidth_hz", level="resource").binds.all()
    assert (table[~table.binds].price_s_per_unit == 0.0).all()
    band = table.loc[(1, "bandwidth_hz")]
    assert (band.value, band.unit, band.price_s_per_unit) == (problem.bandwidth_hz[1], "Hz", -result.prices.per_hz[1])
    budget = table.loc[(0, "client 2 energy_budget_j")]
    assert (budget.value, budget.unit) == (problem.energy_budget_j[0, 2], "J")
    assert budget.price_s_per_unit == -result.prices.per_j[0, 2]
    np.testing.assert_allclose(budget.one_percent_s, 0.01 * budget.value * budget.price_s_per_unit)
    cheap = minimize_energy(instance(problem, 0), deadline_s=2.0 * result.deadline_s[0]).explain()
    assert cheap.columns.tolist() == ["value", "unit", "binds", "price_j_per_unit", "one_percent_j"]
    assert (cheap.price_j_per_unit <= 0.0).all()
