"""What the other tests leave out: many clients with gains over 80 dB, and infeasible instances, which CVXPY must find so too.

Partitions, schedules and designs are held against CVXPY with Clarabel in their own tests; `benchmarks/certificates.py` does all
on 1,000 instances.
"""

import dataclasses

import cvxpy as cp
import numpy as np
import pytest

from latency_opt import (
    BandwidthProblem,
    ClientSelectionProblem,
    FedZODesignProblem,
    InfeasibleProblem,
    JointProblem,
    PartitionProblem,
    Status,
    TrainingBound,
    least_snr,
    minimize_deadline,
    minimize_energy,
    minimize_joint_deadline,
    minimize_round_latency,
    minimize_time_to_target,
    minimize_training_latency,
    select_clients,
)

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
NUM = 12


def bandwidth(size, *, num=NUM, floors=False):
    rng = np.random.default_rng(size)
    share = rng.dirichlet(np.ones(size), num) * rng.uniform(0.0, 0.9, (num, 1))
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 0.5, (num, size)),
        payload_bits=rng.uniform(1e5, 2e6, (num, size)),
        gain_power_w=10.0 ** -rng.uniform(7.0, 15.0, (num, size)),
        noise_psd_w_per_hz=2e-20,
        bandwidth_hz=10e6,
        min_bandwidth_hz=10e6 * share if floors else 0.0,
    )


def joint(size, *, num):
    rng = np.random.default_rng(size)
    gain, bits = 10.0 ** -rng.uniform(7.0, 15.0, (num, size)), rng.uniform(1e5, 2e6, (num, size))
    least = bits * np.log(2.0) * 2e-20 / gain
    return JointProblem(
        cycles=10.0 ** rng.uniform(7.0, 9.0, (num, size)),
        max_cpu_hz=1e9,
        effective_capacitance_w_per_hz3=1e-27,
        payload_bits=bits,
        power_gain=gain,
        max_power_w=0.2,
        energy_budget_j=least + 0.1 * 10.0 ** rng.uniform(-1.0, 1.0, (num, size)),
        noise_psd_w_per_hz=2e-20,
        bandwidth_hz=10e6,
    )


def at(problem, index):
    values = {f.name: getattr(problem, f.name) for f in dataclasses.fields(problem)}
    return dataclasses.replace(problem, **{k: v[index] for k, v in values.items() if isinstance(v, np.ndarray) and v.ndim})


def status_and_value(program, *, gp=False):
    whole = cp.Problem(program.objective, [*program.constraints.values(), *program.extra])
    try:
        whole.solve(solver=cp.CLARABEL, gp=gp)
    except cp.SolverError:
        return "error", np.nan
    return whole.status, program.scale * whole.value


def agree(programs, optima, *, all_but):
    """Within 1e-6 where Clarabel vouches for its optimum, which it does but for a few."""
    answers = [status_and_value(program) for program in programs]
    for (status, value), optimum in zip(answers, optima, strict=True):
        assert status in ("optimal", "optimal_inaccurate", "error")
        assert status != "optimal" or value == pytest.approx(optimum, rel=1e-6)
    assert sum(status != "optimal" for status, _ in answers) <= all_but


@pytest.mark.parametrize("floors", [False, True])
@pytest.mark.parametrize("size", [2, 5, 20, 50])
def test_bandwidth(size, floors):
    problem = bandwidth(size, floors=floors)
    result = minimize_deadline(problem)
    assert result.status is Status.OPTIMAL
    agree((at(problem, i).to_cvxpy() for i in range(NUM)), result.deadline_s, all_but=1)


@pytest.mark.parametrize("size", [2, 5, 20])
def test_client_selection(size):
    problem = ClientSelectionProblem(
        bandwidth=bandwidth(size), optimisation_error=3.0, bias_price=0.05, variance_price=0.05, target=0.1, fixed_s=0.2
    )
    result = select_clients(problem)
    assert result.status is Status.OPTIMAL
    programs = (
        dataclasses.replace(problem, bandwidth=at(problem.bandwidth, i), fixed_s=0.2).to_cvxpy(selected=result.selected[i])
        for i in range(NUM)
    )
    agree(programs, result.training_latency_s, all_but=1)


@pytest.mark.parametrize("excess", [1.01, 1.5])
@pytest.mark.parametrize("size", [2, 5, 20])
def test_least_bands_beyond_the_band_are_infeasible_for_both(size, excess):
    problem = bandwidth(size, num=3)
    floors = np.random.default_rng(0).dirichlet(np.ones(size), 3) * 10e6 * np.array([[0.5], [excess], [excess]])
    with pytest.raises(InfeasibleProblem) as error:
        dataclasses.replace(problem, min_bandwidth_hz=floors)
    assert error.value.infeasible.tolist() == [False, True, True]
    for i in range(3):
        program = at(problem, i).to_cvxpy()
        units = minimize_deadline(at(problem, i)).bandwidth_hz
        program.constraints["min_bandwidth"] = program.variables["share"] >= floors[i] / units
        assert (status_and_value(program)[0] in cp.settings.INF_OR_UNB) == error.value.infeasible[i]


@pytest.mark.parametrize("size", [2, 5, 20])
def test_partitions_that_cannot_be_balanced_are_infeasible_for_both(size):
    rng = np.random.default_rng(size)
    problem = PartitionProblem(
        fixed_latency_s=rng.uniform(0.0, 1.0, size),
        slope_s=10.0 ** rng.uniform(-2.0, 2.0, size),
        weights=np.full(size, 1.0 / size),
        min_fraction=0.9 * rng.dirichlet(np.full(size, 0.5)),
    )
    least = float(problem.imbalance(problem.balanced_fraction))
    for factor in (0.5, 0.99, 1.01):
        bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=factor * least)
        programs = problem.to_cvxpy(max_imbalance=factor * least), problem.to_cvxpy(bound=bound)
        for program in programs:
            assert (status_and_value(program)[0] in cp.settings.INF_OR_UNB) == (factor < 1.0)
        if factor < 1.0:
            with pytest.raises(InfeasibleProblem):
                minimize_round_latency(problem, max_imbalance=factor * least)
            with pytest.raises(InfeasibleProblem):
                minimize_training_latency(problem, bound=bound)


@pytest.mark.parametrize("size", [2, 5, 20])
def test_budgets_and_deadlines_that_do_not_suffice_are_infeasible_for_both(size):
    problem = at(joint(size, num=1), 0)
    soonest = float(minimize_joint_deadline(problem).deadline_s)
    for factor in (0.5, 0.99):
        with pytest.raises(InfeasibleProblem):
            minimize_energy(problem, deadline_s=factor * soonest)
        hurried = problem.to_cvxpy()
        hurried.extra.append(hurried.objective.args[0] <= factor * soonest / hurried.scale)
        assert status_and_value(hurried)[0] in cp.settings.INF_OR_UNB
    # Next to an instance in which that client has twice what its bits need: in units of a budget a billion times as large
    # as that, what is missing would be below the solver's tolerance.
    least = problem.terms.least_energy_j
    problem = dataclasses.replace(problem, energy_budget_j=np.where(np.arange(size) == 0, 2.0 * least, problem.energy_budget_j))
    budget = np.where(np.arange(size) == 0, 0.9 * least, problem.energy_budget_j)
    with pytest.raises(InfeasibleProblem, match="energy_budget_j: client"):
        dataclasses.replace(problem, energy_budget_j=budget)
    program = problem.to_cvxpy()
    left = (budget - least) / problem.terms.margin_j
    program.constraints["energy_budget"] = program.constraints["energy_budget"].args[0] <= left
    assert status_and_value(program)[0] in cp.settings.INF_OR_UNB


@pytest.mark.parametrize("size", [2, 5, 20])
def test_designs_that_too_little_snr_puts_out_of_reach_are_infeasible_for_both(size):
    problem = FedZODesignProblem(
        snr=[1.0, 1.0, 1.0],
        target=0.5,
        optimisation_error=10.0,
        num_parameters=100.0,
        variance_price=1e-5,
        drift_price=1.0,
        noise_price=1.0,
        step_size=1e-3,
        evaluation_s=1e-3,
        airtime_s=0.1,
        num_clients=size,
    )
    needed, threshold = least_snr(problem)
    problem = dataclasses.replace(problem, snr=needed * [1.5, 0.5, 0.99])
    with pytest.raises(InfeasibleProblem, match=r"snr: got .* dB at index \(1,\)") as error:
        minimize_time_to_target(problem)
    assert error.value.infeasible.tolist() == [False, True, True]
    with pytest.raises(InfeasibleProblem, match="target: got 1e-08") as lower:
        minimize_time_to_target(dataclasses.replace(problem, target=[0.5, 1e-8, 0.5]))
    assert lower.value.infeasible.tolist() == [False, True, False]
    for i in range(3):
        names = [f.name for f in dataclasses.fields(problem) if isinstance(getattr(problem, f.name), np.ndarray)]
        batched = {n: getattr(problem, n)[i] for n in names if n not in ("local_steps", "directions")}
        program = dataclasses.replace(problem, **batched).to_cvxpy(threshold=float(threshold[i]))
        assert (status_and_value(program, gp=True)[0] in cp.settings.INF_OR_UNB) == error.value.infeasible[i]
