"""Schedules against a search and geometric programs; their bounds against those that they come from."""

import dataclasses
import re

import numpy as np
import pytest

from latency_opt import InfeasibleProblem, Status
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.hierarchical_fedavg import hierarchical_fedavg_bound
from latency_opt.bounds.hist import hist_bound
from latency_opt.bounds.step_size import largest_step_size
from latency_opt.schedules.schedule import ScheduleProblem, minimize_schedule
from latency_opt.schedules.schedule_bound import HierarchicalFedAvgScheduleBound, HISTScheduleBound

DELAYS = {"target": 0.05, "step_s": 0.01, "edge_s": 0.05, "backhaul_s": 2.0}


def fedavg(*, clients_per_cell=(10,) * 10, weights=None, **changes):
    constants = {"noise_variance": 100.0, "cell_divergence": 0.05, "client_divergence": 4.0}
    return HierarchicalFedAvgScheduleBound(
        constants=LearningConstants(**{"smoothness": 5.0, "initial_gap": 2.0} | constants | changes),
        clients_per_cell=clients_per_cell,
        weights=weights,
    )


def hist(*, clients_per_cell=(10,) * 4, fraction=(0.4, 0.3, 0.2, 0.1), mean_square_norm=4e-5, weights=None, **changes):
    constants = {"noise_variance": 100.0, "cell_divergence": 1e-3, "client_divergence": 0.5}
    return HISTScheduleBound(
        constants=LearningConstants(**{"smoothness": 5.0, "initial_gap": 2.0} | constants | changes),
        clients_per_cell=clients_per_cell,
        fraction=fraction,
        mean_square_norm=mean_square_norm,
        weights=weights,
    )


def random_problem(rng, *, kind=None, step_size=None):
    cells = int(rng.integers(1, 5))
    smoothness = 10.0 ** rng.uniform(-1, 1)
    setting = {
        "smoothness": smoothness,
        "noise_variance": 10.0 ** rng.uniform(0, 3),
        "cell_divergence": 10.0 ** rng.uniform(-5, -2),
        "client_divergence": 10.0 ** rng.uniform(-2, 2),
        "clients_per_cell": rng.integers(1, 9, cells),
        "weights": rng.dirichlet(np.full(cells, 9.0)) if rng.random() < 0.5 else None,
    }
    parts = {"fraction": rng.dirichlet(np.full(cells, 9.0)), "mean_square_norm": 10.0 ** rng.uniform(-5, -2.5) / smoothness**2}
    kind = kind or rng.choice([fedavg, hist])
    bound = kind(**setting, **parts if kind is hist else {})
    return ScheduleProblem(
        bound=bound,
        target=bound.floor + 10.0 ** rng.uniform(-1.5, 0.5),
        step_s=10.0 ** rng.uniform(-3, 0),
        edge_s=10.0 ** rng.uniform(-3, 0),
        backhaul_s=10.0 ** rng.uniform(-3, 2),
        step_size=step_size,
        max_edge_rounds=12,
        max_local_steps=15,
    )


def longest(bound, steps):
    return np.where(steps == 1, 1.0, 1.0 / 8.0) / bound.constants.smoothness


def total(problem, edge, local, step_size):
    """The time by the formulas of the docstrings, written out."""
    bound, steps = problem.bound, edge * local
    lip, sigma2 = bound.constants.smoothness, bound.constants.noise_variance
    clients, parts = bound.clients_per_cell, isinstance(bound, HISTScheduleBound) and bound.clients_per_cell.size > 1
    delta1, delta2 = bound.constants.cell_divergence * (clients.size > 1), bound.constants.client_divergence
    path, most = step_size * steps, lip * longest(bound, steps)
    one_less_two_kappa = 1 - 2 * (most / steps) ** 2 * (steps * (steps - 1) + local * (local - 1))
    share = bound.fraction if parts else bound.weights
    drift = sigma2 * sum(a * ((steps - 1) / n + (local - 1) * (1 - 1 / n)) for a, n in zip(share, clients, strict=True))
    drift = drift + 2 * local * (local - 1) * delta2
    if parts:
        noise, absent = sigma2 * np.sum(share / clients), lip**2 * (clients.size - 1) * bound.mean_square_norm
        growth, each = (3 + most) / one_less_two_kappa, 4 * steps * (steps - 1)
        drift = drift + 2 * (steps * (steps - 1) + local * (local - 1)) * absent
        rest = (
            2 * delta1 * np.sum((share - bound.weights) ** 2 / bound.weights) + 3 * absent + path * lip * (2 * delta1 + absent)
        )
    else:
        noise, growth, each, rest = sigma2 * np.sum(share**2 / clients), 2 / one_less_two_kappa, 2 * steps * (steps - 1), 0.0
    quadratic = (lip / steps) ** 2 * ((steps - 1) * noise + growth * (each * (delta1 + problem.target) + drift))
    rest = rest + path * lip * noise / steps + path**2 * quadratic
    left = np.where(path * lip <= most * (1 + 1e-12), problem.target - rest, 0.0)
    rounds = np.where(left > 0.0, 2 * bound.constants.initial_gap / np.where(left > 0.0, path * left, 1.0), np.inf)
    return rounds * (edge * (local * problem.step_s + problem.edge_s) + problem.backhaul_s)


def tight_bound(problem, edge, local, step_size):
    """The bound that the problem's is made from."""
    bound = problem.bound
    given = {
        "num_rounds": 1,
        "step_size": step_size,
        "edge_rounds": edge,
        "local_steps": local,
        "clients_per_cell": bound.clients_per_cell,
        "weights": bound.weights,
    }
    if isinstance(bound, HISTScheduleBound):
        return hist_bound(bound.constants, **given, fraction=bound.fraction, mean_square_norm=bound.mean_square_norm)
    return hierarchical_fedavg_bound(bound.constants, **given)


def schedule_terms(problem, edge, local, path):
    """Optimisation error of one round and constant terms of the problem's bound."""
    bound, schedule = problem.bound, (np.array(float(edge)), np.array(float(local)))
    room = 1.0 - path**2 * bound.gradient_drift(*schedule)
    constant = bound.floor + path * bound.linear(*schedule) + path**2 * bound.quadratic(*schedule)
    return bound.optimisation_error / path / room, constant / room


@pytest.mark.parametrize("kind", [fedavg, hist])
def test_the_bound_on_schedules_is_above_the_one_it_comes_from_and_near_it(kind):
    """Never below; equal for S = 1 and at the largest step size; apart by the ratio of what drift counts there at most."""
    rng = np.random.default_rng(0)
    most = 16 / 15 if kind is fedavg else 10 / 9
    for _ in range(300):
        problem = random_problem(rng, kind=kind)
        edge, local = (int(n) for n in rng.integers(1, 9, 2))
        largest = float(largest_step_size(smoothness=problem.bound.constants.smoothness, steps=edge * local))
        part = np.append(10.0 ** rng.uniform(-4, 0, 5), 1.0)
        tight = tight_bound(problem, edge, local, part * largest)
        error, constant = schedule_terms(problem, edge, local, part * largest * edge * local)
        for ours, theirs, ratio in ((error, tight.optimisation_error, 1.004), (constant, tight.floor, most)):
            assert (ours >= theirs * (1 - 1e-12)).all()
            assert (ours <= theirs * ratio * (1 + 1e-12)).all()
            assert ours[-1] == pytest.approx(theirs[-1], rel=1e-12)
            if edge * local == 1:
                np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(("kind", "most"), [(fedavg, np.sqrt(16 / 15)), (hist, np.sqrt(10 / 9))])
def test_least_rounds_are_near_those_of_the_tight_bound(kind, most):
    """At its own step size, a schedule has enough rounds for the tight bound; at none would that one ask for many fewer."""
    rng = np.random.default_rng(1)
    apart = []
    for _ in range(150):
        problem = dataclasses.replace(random_problem(rng, kind=kind), max_edge_rounds=4, max_local_steps=4)
        result = minimize_schedule(problem)
        edge, local = int(result.edge_rounds), int(result.local_steps)
        largest = float(largest_step_size(smoothness=problem.bound.constants.smoothness, steps=edge * local))
        step = np.minimum(np.append(np.geomspace(0.5, 2.0, 400), 1.0) * result.step_size, largest)
        tight = tight_bound(problem, edge, local, step)
        left = problem.target - tight.floor
        rounds = np.where(left > 0.0, tight.optimisation_error / np.where(left > 0.0, left, 1.0), np.inf)
        assert rounds[-1] <= result.rounds * (1 + 1e-9)
        assert result.rounds <= most * rounds.min()
        apart.append(result.rounds / rounds.min())
    assert np.median(apart) <= 1.01


def test_far_from_the_largest_path_the_rounds_are_those_of_the_tight_bound():
    for bound in (fedavg(), hist()):
        problem = ScheduleProblem(bound=bound, **DELAYS)
        path = 1e-4 / (8 * bound.constants.smoothness)
        tight = tight_bound(problem, 3, 4, path / 12)
        error, constant = schedule_terms(problem, 3, 4, path)
        ours, theirs = error / (0.05 - constant), tight.optimisation_error / (0.05 - tight.floor)
        assert ours == pytest.approx(float(theirs), rel=1e-5)


def test_hist_with_one_cell_is_hierarchical_fedavg():
    one = hist(clients_per_cell=[6], fraction=[1.0], mean_square_norm=9.0)
    same = fedavg(clients_per_cell=[6], **{n: getattr(one.constants, n) for n in ("cell_divergence", "client_divergence")})
    results = [minimize_schedule(ScheduleProblem(bound=bound, **DELAYS)).training_latency_s for bound in (one, same)]
    assert results[0] == pytest.approx(float(results[1]), rel=1e-13)


@pytest.mark.parametrize("seed", range(40))
def test_no_schedule_or_step_size_is_sooner(seed):
    problem = random_problem(np.random.default_rng(seed))
    result = minimize_schedule(problem)
    assert result.status is Status.OPTIMAL
    edge, local = np.arange(1.0, 13.0)[:, None, None], np.arange(1.0, 16.0)[:, None]
    path = np.geomspace(1e-5, 1.0, 2500) * longest(problem.bound, edge * local)
    grid = total(problem, edge, local, path / (edge * local)).min()
    assert result.training_latency_s <= grid * (1 + 1e-12)
    assert result.training_latency_s >= 0.999 * grid
    own = total(problem, result.edge_rounds, result.local_steps, result.step_size)
    np.testing.assert_allclose(result.training_latency_s, own, rtol=1e-12)


def test_a_given_step_size_is_kept():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng)
        free = minimize_schedule(problem)
        given = dataclasses.replace(problem, step_size=0.3 * float(free.step_size))
        result = minimize_schedule(given)
        assert result.step_size == pytest.approx(given.step_size)
        edge, local = problem.schedules
        best = total(given, edge, local, given.step_size).min()
        np.testing.assert_allclose(result.training_latency_s, best, rtol=1e-9)
        assert result.training_latency_s >= free.training_latency_s


@pytest.mark.parametrize(
    "bound", [fedavg(), hist(), fedavg(noise_variance=3e3), hist(cell_divergence=0.1, fraction=[0.25] * 4)]
)
@pytest.mark.parametrize(("edge", "local"), [(1, 1), (1, 20), (8, 1), (5, 7)])
def test_each_schedule_is_a_geometric_program(bound, edge, local):
    problem = ScheduleProblem(bound=bound, **DELAYS)
    result = minimize_schedule(dataclasses.replace(problem, max_edge_rounds=edge, max_local_steps=local))
    program = problem.to_cvxpy(edge_rounds=int(result.edge_rounds), local_steps=int(result.local_steps))
    np.testing.assert_allclose(program.solve(gp=True), result.training_latency_s, rtol=1e-6)
    path = result.step_size * result.edge_rounds * result.local_steps / longest(bound, result.edge_rounds * result.local_steps)
    np.testing.assert_allclose(program.variables["path"].value, path, rtol=1e-3)
    assert problem.to_cvxpy(edge_rounds=edge, local_steps=local).solve(gp=True) >= result.training_latency_s * (1 - 1e-6)


def test_clients_that_differ_ask_for_edge_rounds():
    """Of either algorithm: edge averages end the drift of clients from their cell."""
    for kind in (fedavg, hist):
        steps = []
        for divergence in (0.0, 4.0, 400.0, 4e4):
            result = minimize_schedule(ScheduleProblem(bound=kind(client_divergence=divergence, noise_variance=1e3), **DELAYS))
            steps.append(int(result.local_steps))
            assert result.edge_rounds > 1
        assert steps == sorted(steps, reverse=True)
        assert steps[0] > steps[-1]


def test_a_client_alone_in_its_cell_has_no_need_of_edge_rounds():
    """They change nothing; all that they seem to gain is the ratio of 1 - 2κ with H = 1 and with H = S, at c = 1/8."""
    for kind, cells in ((fedavg, 10), (hist, 4)):
        bound = kind(clients_per_cell=[1] * cells, client_divergence=0.0)
        problem = ScheduleProblem(bound=bound, **DELAYS, max_edge_rounds=8, max_local_steps=16)
        most = minimize_schedule(problem).training_latency_s
        one = minimize_schedule(dataclasses.replace(problem, max_edge_rounds=1, max_local_steps=128))
        assert one.local_steps > 1
        assert one.training_latency_s <= most * np.sqrt((1 - 1 / 32) / (1 - 1 / 16))


def test_dear_backhaul_asks_for_more_steps_between_global_rounds():
    problem = ScheduleProblem(bound=fedavg(), **DELAYS | {"backhaul_s": [0.0, 0.1, 1.0, 10.0, 100.0]})
    result = minimize_schedule(problem)
    steps = result.edge_rounds * result.local_steps
    assert (np.diff(steps) >= 0).all()
    assert steps[-1] > steps[0]
    assert (np.diff(result.rounds) <= 0.0).all()


@pytest.mark.parametrize("bound", [fedavg(), hist()])
def test_batches_and_laws(bound):
    """A looser target, faster processors, links or backhaul never take longer; one of a batch is the instance alone."""
    base = minimize_schedule(ScheduleProblem(bound=bound, **DELAYS)).training_latency_s
    for name, factor in (("target", 1.5), ("step_s", 0.5), ("edge_s", 0.5), ("backhaul_s", 0.5)):
        both = ScheduleProblem(bound=bound, **DELAYS | {name: DELAYS[name] * np.array([1.0, factor])})
        seconds = minimize_schedule(both).training_latency_s
        np.testing.assert_allclose(seconds[0], base, rtol=1e-13)
        assert seconds[1] < seconds[0]
    milli = {name: 1e3 * DELAYS[name] for name in ("step_s", "edge_s", "backhaul_s")}
    scaled = minimize_schedule(ScheduleProblem(bound=bound, **DELAYS | milli))
    np.testing.assert_allclose(scaled.training_latency_s, 1e3 * base, rtol=1e-12)


def test_nothing_beyond_the_limits_is_sooner_where_the_result_says_so():
    rng = np.random.default_rng(3)
    said = 0
    for _ in range(60):
        problem = random_problem(rng)
        small = dataclasses.replace(problem, max_edge_rounds=3, max_local_steps=4)
        result = minimize_schedule(small)
        beyond = minimize_schedule(dataclasses.replace(problem, max_edge_rounds=40, max_local_steps=60))
        if result.optimal_over_all_integers:
            said += 1
            assert beyond.training_latency_s == pytest.approx(float(result.training_latency_s), rel=1e-12)
        else:
            outside = beyond.edge_rounds > 3 or beyond.local_steps > 4
            assert not outside or beyond.training_latency_s >= result.outside_s
    assert said >= 5


def test_terms_add_up_to_the_target():
    for bound in (fedavg(), hist()):
        result = minimize_schedule(ScheduleProblem(bound=bound, **DELAYS))
        terms = result.optimisation_term + result.floor_term + result.linear_term + result.quadratic_term
        np.testing.assert_allclose(terms, 0.05, rtol=1e-12)
        path = result.step_size * result.edge_rounds * result.local_steps
        np.testing.assert_allclose(result.rounds, bound.optimisation_error / (path * result.optimisation_term), rtol=1e-12)


@pytest.mark.parametrize("bound", [fedavg(), hist(), hist(cell_divergence=0.5, fraction=[0.25] * 4)])
@pytest.mark.parametrize("row", ["target", "step_s", "edge_s", "backhaul_s"])
def test_prices_are_slopes_of_the_optimum(bound, row):
    problem = ScheduleProblem(bound=bound, **DELAYS)
    table = minimize_schedule(problem).explain()
    here = DELAYS[row]
    ends = [minimize_schedule(dataclasses.replace(problem, **{row: here * (1 + s)})) for s in (1e-6, -1e-6)]
    slope = (ends[0].training_latency_s - ends[1].training_latency_s) / (2e-6 * here)
    np.testing.assert_allclose(table.loc[(0, row), "price_s_per_unit"], slope, rtol=1e-5)


def test_price_of_the_largest_path_and_of_the_optimisation_error():
    @dataclasses.dataclass(frozen=True)
    class Wider:
        """A bound that holds for another largest path, or from another start: a class of the user's own."""

        inner: HierarchicalFedAvgScheduleBound
        longer: float = 1.0
        further: float = 1.0
        floor: float = 0.0

        @property
        def optimisation_error(self):
            return self.further * self.inner.optimisation_error

        def max_path(self, edge_rounds, local_steps):
            return self.longer * self.inner.max_path(edge_rounds, local_steps)

        def linear(self, edge_rounds, local_steps):
            return self.inner.linear(edge_rounds, local_steps)

        def quadratic(self, edge_rounds, local_steps):
            return self.inner.quadratic(edge_rounds, local_steps)

        def gradient_drift(self, edge_rounds, local_steps):
            return self.inner.gradient_drift(edge_rounds, local_steps)

    result = minimize_schedule(ScheduleProblem(bound=fedavg(), **DELAYS))
    assert result.path_binds
    assert result.edge_rounds * result.local_steps > 1
    table = result.explain()
    for row, name in (("max_path", "longer"), ("optimisation_error", "further")):
        ends = [
            minimize_schedule(ScheduleProblem(bound=Wider(fedavg(), **{name: 1 + s}), **DELAYS)).training_latency_s
            for s in (1e-6, -1e-6)
        ]
        slope = (ends[0] - ends[1]) / (2e-6 * table.loc[(0, row), "value"])
        np.testing.assert_allclose(table.loc[(0, row), "price_s_per_unit"], slope, rtol=1e-5)


def test_infeasible_targets_name_what_binds():
    with pytest.raises(InfeasibleProblem, match=r"target: got 0\.005; more than 0\.0094 is needed, which no step size lowers"):
        minimize_schedule(ScheduleProblem(bound=hist(), **DELAYS | {"target": 0.005}))
    with pytest.raises(InfeasibleProblem, match=r"step_size: got 1; at most 0\.2 is allowed, whatever the schedule"):
        minimize_schedule(ScheduleProblem(bound=fedavg(), step_size=1.0, **DELAYS))
    with pytest.raises(InfeasibleProblem, match=r"target: got 0\.001; more than .* is needed with step_size 0\.006, for noise"):
        minimize_schedule(ScheduleProblem(bound=fedavg(), step_size=0.006, **DELAYS | {"target": 1e-3}))


@pytest.mark.parametrize(("bound", "step_size"), [(fedavg(), 0.006), (hist(), 0.006), (fedavg(), 0.2), (hist(), 0.001)])
def test_the_target_that_is_said_to_be_needed_is(bound, step_size):
    problem = ScheduleProblem(bound=bound, step_size=step_size, **DELAYS | {"target": bound.floor + 1e-6})
    with pytest.raises(InfeasibleProblem) as caught:
        minimize_schedule(problem)
    needed = float(re.search(r"more than (\S+) is needed", str(caught.value)).group(1))
    with pytest.raises(InfeasibleProblem):
        minimize_schedule(dataclasses.replace(problem, target=needed * (1 - 1e-5)))
    assert minimize_schedule(dataclasses.replace(problem, target=needed * (1 + 1e-5))).status is Status.OPTIMAL


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("target", 0.0, "target: got 0"),
        ("step_s", 0.0, "step_s: got 0"),
        ("edge_s", -1.0, "edge_s: got -1"),
        ("max_edge_rounds", 0, "max_edge_rounds: got 0"),
        ("step_size", 0.0, "step_size: got 0"),
        ("edge_s", np.ones((2, 3)), "shapes do not match"),
    ],
)
def test_bad_input_names_the_argument(field, value, message):
    good = DELAYS | {"bound": fedavg(), "target": [0.1, 0.2]}
    with pytest.raises(ValueError, match=message):
        ScheduleProblem(**good | {field: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"smoothness": 0.0}, "smoothness: got 0"),
        ({"initial_gap": 0.0}, "initial_gap: got 0; allowed is a finite number > 0"),
        ({"clients_per_cell": [0, 1, 1, 1]}, "clients_per_cell: got 0"),
        ({"clients_per_cell": [[1, 1, 1, 1]] * 2}, r"clients_per_cell: got a batch of shape \(2, 4\)"),
        ({"weights": [0.5, 0.6], "clients_per_cell": [1, 1]}, "weights: got a sum of 1.1"),
        ({"fraction": [0.5, 0.5]}, r"fraction: got shape \(2,\)"),
        ({"mean_square_norm": -1.0}, "mean_square_norm: got -1"),
    ],
)
def test_bad_bounds_name_the_argument(changes, message):
    for kind in (hist,) if {"fraction", "mean_square_norm"} & set(changes) else (fedavg, hist):
        with pytest.raises(ValueError, match=message):
            kind(**changes)
