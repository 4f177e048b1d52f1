"""Every convex problem on random instances, by our solver in batches and each instance by CVXPY with Clarabel.

    python benchmarks/certificates.py --instances 1000 --jobs 2      a few minutes

N runs from 2 to 50, gains over 80 dB, slopes over four decades. Prints of each problem how far the optima are apart where
Clarabel reports one; how many it does not vouch for (inaccurate, or an error); our largest residual, and how many of ours are
not OPTIMAL. Then of instances that are made infeasible, how many either finds to be so. The design of FedZO has a relaxation
for its twin, so that what counts is how far this is above ours at most.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import cvxpy as cp
import joblib
import numpy as np

from aircomp.result import KKT_TOLERANCE
from latency_opt import (
    BandwidthProblem,
    ClientSelectionProblem,
    CvxpyProgram,
    FadingPartitionProblem,
    FedZODesignProblem,
    HierarchicalFedAvgScheduleBound,
    HISTScheduleBound,
    InfeasibleProblem,
    JointProblem,
    LearningConstants,
    PartitionProblem,
    PricedPartitionProblem,
    ScheduleProblem,
    Status,
    TrainingBound,
    best_fixed_price,
    least_snr,
    minimize_deadline,
    minimize_energy,
    minimize_joint_deadline,
    minimize_priced_latency,
    minimize_round_latency,
    minimize_schedule,
    minimize_time_to_target,
    minimize_training_latency,
    select_clients,
)

SIZES = (2, 3, 5, 8, 13, 20, 32, 50)
NOISE, BAND = 2e-20, 10e6
MAX_IMBALANCE = 0.2
BOUND = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.5)
LEAST_IMBALANCE = 1e-3
"""Of partitions whose limit is then set lower still."""

SLACK = 1.3
"""The energy problem's deadline over the least one."""

Ours = Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A problem, our solver, its twin for CVXPY, and how an instance is made infeasible.

    Attributes:
        make: from a generator, the number of instances and N to a batch.
        solve: ours.
        optimum: of our result, by instance.
        twin: from our result and an index to the program of that instance.
        infeasible: from a generator and a batch of one to what raises InfeasibleProblem, and the program.
        part: of the instances asked for.
        gp: whether the program is a geometric one.
        lower: whether its optimum is but a lower bound.
    """

    make: Callable[[np.random.Generator, int, int], Any]
    solve: Callable[[Any], Any]
    optimum: str
    twin: Callable[[Any, int], CvxpyProgram]
    infeasible: Callable[[np.random.Generator, Any], tuple[Ours, CvxpyProgram]] | None = None
    part: float = 1.0
    gp: bool = False
    lower: bool = False


def at(problem: Any, index: Any) -> Any:
    """An instance of a batch."""
    values = {f.name: getattr(problem, f.name) for f in fields(problem)}
    batch = {
        name: value for name, value in values.items() if isinstance(value, np.ndarray) and value.ndim and name not in SHARED
    }
    return replace(problem, **{name: value[index] for name, value in batch.items()})


SHARED = ("local_steps", "directions")


# Bands


def bandwidth(rng: np.random.Generator, num: int, size: int) -> BandwidthProblem:
    """Half of the instances have least bands, of up to nine tenths of the cell's together."""
    floor = rng.dirichlet(np.ones(size), num) * rng.uniform(0.0, 0.9, (num, 1)) * (rng.random((num, 1)) < 0.5)
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 0.5, (num, size)),
        payload_bits=rng.uniform(1e5, 2e6, (num, size)),
        gain_power_w=10.0 ** -rng.uniform(7.0, 15.0, (num, size)),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=np.asarray(BAND),
        min_bandwidth_hz=floor * BAND,
    )


def bands_too_wide(rng: np.random.Generator, problem: BandwidthProblem) -> tuple[Ours, CvxpyProgram]:
    one = at(problem, 0)
    floor = rng.dirichlet(np.ones(one.payload_bits.size)) * BAND * rng.uniform(1.01, 2.0)
    program = one.to_cvxpy()
    units = minimize_deadline(one).bandwidth_hz
    program.constraints["min_bandwidth"] = program.variables["share"] >= floor / units
    return lambda: replace(one, min_bandwidth_hz=floor), program


def selection(rng: np.random.Generator, num: int, size: int) -> ClientSelectionProblem:
    band = replace(bandwidth(rng, num, size), min_bandwidth_hz=np.zeros(()))
    return ClientSelectionProblem(
        bandwidth=band, optimisation_error=3.0, bias_price=0.05, variance_price=0.05, target=0.1, fixed_s=np.asarray(0.2)
    )


def selection_twin(result: Any, i: int) -> CvxpyProgram:
    problem = result.problem
    one = replace(problem, bandwidth=at(problem.bandwidth, i), fixed_s=problem.fixed_s[i])
    return one.to_cvxpy(selected=result.selected[i])


def joint(rng: np.random.Generator, num: int, size: int) -> JointProblem:
    shape = (num, size)
    gain, bits = 10.0 ** -rng.uniform(7.0, 15.0, shape), rng.uniform(1e5, 2e6, shape)
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
        bandwidth_hz=np.asarray(BAND),
    )


def budget_too_small(rng: np.random.Generator, problem: JointProblem) -> tuple[Ours, CvxpyProgram]:
    """Next to an instance in which the client has twice what its bits need.

    In units of a budget a billion times as large as that, what is missing would be below Clarabel's tolerance.
    """
    one = at(problem, 0)
    poor, least = np.arange(one.cycles.size) == rng.integers(one.cycles.size), one.terms.least_energy_j
    one = replace(one, energy_budget_j=np.where(poor, 2.0 * least, one.energy_budget_j))
    budget = np.where(poor, least * rng.uniform(0.5, 0.99), one.energy_budget_j)
    program = one.to_cvxpy()
    left = (budget - least) / one.terms.margin_j
    program.constraints["energy_budget"] = program.constraints["energy_budget"].args[0] <= left
    return lambda: replace(one, energy_budget_j=budget), program


def deadline_too_soon(rng: np.random.Generator, problem: JointProblem) -> tuple[Ours, CvxpyProgram]:
    one = at(problem, 0)
    deadline_s = float(minimize_joint_deadline(one).deadline_s) * rng.uniform(0.5, 0.99)
    program = one.to_cvxpy()
    program.extra.append(program.objective.args[0] <= deadline_s / program.scale)
    return lambda: minimize_energy(one, deadline_s=deadline_s), program


# Partitions


def partition(rng: np.random.Generator, num: int, size: int, *, floor: float = 0.01) -> PartitionProblem:
    weights = np.maximum(rng.dirichlet(np.full(size, 3.0), num), 1e-3)
    return PartitionProblem(
        fixed_latency_s=rng.uniform(0.0, 1.0, (num, size)),
        slope_s=10.0 ** rng.uniform(-2.0, 2.0, (num, size)),
        weights=weights / weights.sum(axis=-1, keepdims=True),
        min_fraction=np.asarray(floor / size),
    )


def priced(rng: np.random.Generator, num: int, size: int) -> PricedPartitionProblem:
    return PricedPartitionProblem(partition=partition(rng, num, size), imbalance_price_s=10.0 ** rng.uniform(-3.0, 3.0, num))


def fading(rng: np.random.Generator, num: int, size: int) -> FadingPartitionProblem:
    """Ten rounds; weights and least shares are the same in all."""
    plan = partition(rng, num, size)
    slope_s = plan.slope_s[:, None, :] / (rng.exponential(size=(num, 10, size)) + 0.05)
    every = {name: getattr(plan, name)[:, None, :] for name in ("fixed_latency_s", "weights", "min_fraction")}
    return FadingPartitionProblem(partition=PartitionProblem(slope_s=slope_s, **every), max_imbalance=MAX_IMBALANCE)


def floored(rng: np.random.Generator, one: PartitionProblem) -> tuple[PartitionProblem, float]:
    """With least shares so large that the imbalance cannot vanish, and that least imbalance."""
    least = 0.0
    while least < LEAST_IMBALANCE:
        one = replace(one, min_fraction=0.9 * rng.dirichlet(np.full(one.num_cells, 0.5)))
        least = float(one.imbalance(one.balanced_fraction).max())
    return one, least


def limit_too_low(rng: np.random.Generator, problem: PartitionProblem) -> tuple[Ours, CvxpyProgram]:
    one, least = floored(rng, at(problem, 0))
    limit = least * rng.uniform(0.2, 0.99)
    return lambda: minimize_round_latency(one, max_imbalance=limit), one.to_cvxpy(max_imbalance=limit)


def target_too_low(rng: np.random.Generator, problem: PartitionProblem) -> tuple[Ours, CvxpyProgram]:
    one, least = floored(rng, at(problem, 0))
    bound = replace(BOUND, target=least * BOUND.imbalance_price * rng.uniform(0.2, 0.99))
    return lambda: minimize_training_latency(one, bound=bound), one.to_cvxpy(bound=bound)


def shares_too_large(rng: np.random.Generator, problem: PricedPartitionProblem) -> tuple[Ours, CvxpyProgram]:
    one = PricedPartitionProblem(partition=at(problem.partition, 0), imbalance_price_s=problem.imbalance_price_s[0])
    least = rng.dirichlet(np.ones(one.partition.num_cells)) * rng.uniform(1.01, 1.5)
    least = np.minimum(least, 1.0) if one.partition.num_cells > 2 else np.full(2, 0.5 * rng.uniform(1.01, 1.5))
    program = one.to_cvxpy()
    program.constraints["min_fraction"] = program.variables["fraction"] >= least
    return lambda: replace(one, partition=replace(one.partition, min_fraction=least)), program


def fading_limit_too_low(rng: np.random.Generator, problem: FadingPartitionProblem) -> tuple[Ours, CvxpyProgram]:
    one, least = floored(rng, at(problem.partition, 0))
    program = FadingPartitionProblem(partition=one, max_imbalance=2.0 * least).to_cvxpy()
    limit = least * rng.uniform(0.2, 0.99)
    program.constraints["imbalance"] = program.constraints["imbalance"].args[0] <= limit
    return lambda: FadingPartitionProblem(partition=one, max_imbalance=limit), program


# Schedules and designs


def schedule(rng: np.random.Generator, num: int, size: int) -> ScheduleProblem:
    """Of one algorithm or the other, with N clients in each of three cells."""
    constants = LearningConstants(
        initial_gap=2.0,
        smoothness=10.0 ** rng.uniform(-1.0, 1.0),
        noise_variance=10.0 ** rng.uniform(0.0, 3.0),
        cell_divergence=10.0 ** rng.uniform(-5.0, -2.0),
        client_divergence=10.0 ** rng.uniform(-2.0, 1.0),
    )
    clients = np.full(3, float(size))
    bound: HISTScheduleBound | HierarchicalFedAvgScheduleBound = (
        hist_bound(constants, clients)
        if rng.random() < 0.5
        else HierarchicalFedAvgScheduleBound(constants=constants, clients_per_cell=clients)
    )
    return ScheduleProblem(
        bound=bound,
        target=bound.floor + 10.0 ** rng.uniform(-2.0, 0.0, num),
        step_s=10.0 ** rng.uniform(-3.0, 0.0, num),
        edge_s=10.0 ** rng.uniform(-2.0, 1.0, num),
        backhaul_s=10.0 ** rng.uniform(-2.0, 2.0, num),
    )


def hist_bound(constants: LearningConstants, clients: np.ndarray) -> HISTScheduleBound:
    return HISTScheduleBound(
        constants=constants, clients_per_cell=clients, fraction=np.array([0.6, 0.3, 0.1]), mean_square_norm=0.01
    )


def schedule_twin(result: Any, i: int) -> CvxpyProgram:
    edge, local = int(result.edge_rounds[i]), int(result.local_steps[i])
    return at(result.problem, i).to_cvxpy(edge_rounds=edge, local_steps=local)


def schedule_below_floor(rng: np.random.Generator, problem: ScheduleProblem) -> tuple[Ours, CvxpyProgram]:
    """With the bound of HIST, whose floor no step size lowers."""
    given = problem.bound
    assert isinstance(given, HISTScheduleBound | HierarchicalFedAvgScheduleBound)
    bound = hist_bound(given.constants, given.clients_per_cell)
    one = replace(at(problem, 0), bound=bound, target=np.asarray(bound.floor * rng.uniform(0.2, 0.99)))
    return lambda: minimize_schedule(one), one.to_cvxpy(edge_rounds=3, local_steps=4)


def design(rng: np.random.Generator, num: int, size: int) -> FedZODesignProblem:
    """The SNR is 0.5 to 40 dB above the least."""

    def spread(low: float, high: float) -> np.ndarray:
        return 10.0 ** rng.uniform(low, high, num)

    problem = FedZODesignProblem(
        snr=np.asarray(1.0),
        target=spread(-1.0, 0.0),
        optimisation_error=spread(0.0, 2.0),
        num_parameters=spread(1.0, 3.0),
        variance_price=spread(-6.0, -4.0),
        drift_price=spread(-1.0, 1.0),
        noise_price=spread(-2.0, 1.0),
        step_size=spread(-4.0, -2.5),
        evaluation_s=spread(-4.0, -1.0),
        airtime_s=spread(-2.0, 0.0),
        num_clients=size,
    )
    return replace(problem, snr=least_snr(problem)[0] * 10.0 ** rng.uniform(0.05, 4.0, num))


def too_noisy(rng: np.random.Generator, problem: FedZODesignProblem) -> tuple[Ours, CvxpyProgram]:
    one = at(problem, 0)
    needed, threshold = least_snr(one)
    one = replace(one, snr=needed * rng.uniform(0.1, 0.99))
    return lambda: minimize_time_to_target(one), one.to_cvxpy(threshold=float(threshold))


CHECKS = {
    "bandwidth": Check(
        make=bandwidth,
        solve=minimize_deadline,
        optimum="deadline_s",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(),
        infeasible=bands_too_wide,
    ),
    "partition, round form": Check(
        make=partition,
        solve=lambda p: minimize_round_latency(p, max_imbalance=MAX_IMBALANCE),
        optimum="round_latency_s",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(max_imbalance=MAX_IMBALANCE),
        infeasible=limit_too_low,
    ),
    "partition, total form": Check(
        make=partition,
        solve=lambda p: minimize_training_latency(p, bound=BOUND),
        optimum="training_latency_s",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(bound=BOUND),
        infeasible=target_too_low,
    ),
    "partition, priced": Check(
        make=priced,
        solve=minimize_priced_latency,
        optimum="cost_s",
        twin=lambda r, i: PricedPartitionProblem(
            partition=at(r.problem.partition, i), imbalance_price_s=r.problem.imbalance_price_s[i]
        ).to_cvxpy(),
        infeasible=shares_too_large,
    ),
    "joint, deadline": Check(
        make=joint,
        solve=minimize_joint_deadline,
        optimum="deadline_s",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(),
        infeasible=budget_too_small,
    ),
    "joint, energy": Check(
        make=joint,
        solve=lambda p: minimize_energy(p, deadline_s=SLACK * minimize_joint_deadline(p).deadline_s),
        optimum="energy_j",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(deadline_s=float(r.deadline_s[i])),
        infeasible=deadline_too_soon,
    ),
    "partition, fading": Check(
        make=fading,
        solve=best_fixed_price,
        optimum="mean_latency_s",
        twin=lambda r, i: replace(r.problem, partition=at(r.problem.partition, i)).to_cvxpy(),
        infeasible=fading_limit_too_low,
        part=0.2,
    ),
    "client selection": Check(
        make=selection, solve=select_clients, optimum="training_latency_s", twin=selection_twin, part=0.2
    ),
    "schedule": Check(
        make=schedule,
        solve=minimize_schedule,
        optimum="training_latency_s",
        twin=schedule_twin,
        infeasible=schedule_below_floor,
        part=0.2,
        gp=True,
    ),
    "FedZO design, below": Check(
        make=design,
        solve=minimize_time_to_target,
        optimum="training_latency_s",
        twin=lambda r, i: at(r.problem, i).to_cvxpy(threshold=float(r.threshold[i])),
        infeasible=too_noisy,
        part=0.2,
        gp=True,
        lower=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was counted; `apart` and `residual` are the largest."""

    instances: int = 0
    apart: float = 0.0
    unvouched: int = 0
    residual: float = 0.0
    not_optimal: int = 0
    infeasible: int = 0
    found_by_us: int = 0
    found_by_cvxpy: int = 0

    def __add__(self, other: Tally) -> Tally:
        largest = ("apart", "residual")
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Tally(**{name: max(pair) if name in largest else sum(pair) for name, pair in pairs.items()})


def solve_by_cvxpy(program: CvxpyProgram, *, gp: bool) -> tuple[str, float]:
    """Clarabel's status, and the optimum."""
    whole = cp.Problem(program.objective, [*program.constraints.values(), *program.extra])
    try:
        whole.solve(solver=cp.CLARABEL, gp=gp)
    except cp.SolverError:
        return "error", np.nan
    return whole.status, program.scale * float(whole.value)


def certify(name: str, size: int, num: int, num_infeasible: int) -> Tally:
    """One batch of one problem."""
    warnings.filterwarnings("ignore", message="Solution may be inaccurate")
    warnings.filterwarnings("ignore", message=".*power.* is being approximated")
    check, rng = CHECKS[name], np.random.default_rng(size)
    result = check.solve(check.make(rng, num, size))
    optimum = getattr(result, check.optimum)
    residual = np.asarray(result.kkt_residual)
    residual = residual.max(axis=-1) if residual.ndim > 1 else np.broadcast_to(residual, (num,))
    apart, unvouched = [0.0], 0
    for i in range(num):
        status, value = solve_by_cvxpy(check.twin(result, i), gp=check.gp)
        unvouched += status != cp.OPTIMAL
        if status == cp.OPTIMAL:
            distance = value / optimum[i] - 1.0
            apart.append(max(distance, 0.0) if check.lower else abs(distance))
    tally = Tally(
        instances=num,
        apart=max(apart),
        unvouched=unvouched,
        residual=float(residual.max()),
        not_optimal=max(int((residual > KKT_TOLERANCE).sum()), int(result.status is not Status.OPTIMAL)),
    )
    if check.infeasible is None:
        return tally
    for _ in range(num_infeasible):
        ours, program = check.infeasible(rng, check.make(rng, 1, size))
        try:
            ours()
            found = 0
        except InfeasibleProblem:
            found = 1
        status, _ = solve_by_cvxpy(program, gp=check.gp)
        tally += Tally(infeasible=1, found_by_us=found, found_by_cvxpy=int(status in cp.settings.INF_OR_UNB))
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1000, help="of each problem; a fifth of it for the slower ones")
    parser.add_argument("--infeasible", type=int, default=104, help="of each problem")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=list(CHECKS), choices=list(CHECKS))
    arguments = parser.parse_args()

    head = f"{'apart':>9}{'unvouched':>11}{'residual':>10}{'not OPTIMAL':>13}{'infeasible':>12}{'by us':>7}{'by CVXPY':>10}"
    print(f"{'problem':<23}{'instances':>10}{head}", flush=True)
    for name in arguments.only:
        num = max(1, round(arguments.instances * CHECKS[name].part / len(SIZES)))
        bad = max(1, round(arguments.infeasible / len(SIZES)))
        parts = joblib.Parallel(n_jobs=arguments.jobs)(
            joblib.delayed(certify)(name, size, num, bad) for size in sorted(SIZES, reverse=True)
        )
        t = sum(parts, Tally())
        print(
            f"{name:<23}{t.instances:>10}{t.apart:>9.0e}{t.unvouched:>11}{t.residual:>10.0e}{t.not_optimal:>13}"
            f"{t.infeasible:>12}{t.found_by_us:>7}{t.found_by_cvxpy:>10}",
            flush=True,
        )


if __name__ == "__main__":
    main()
