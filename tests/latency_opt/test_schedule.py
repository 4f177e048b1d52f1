"""Schedules against a search and geometric programs; the bound for hierarchical FedAvg against the algorithm itself."""

import dataclasses

import numpy as np
import pytest

from latency_opt import InfeasibleProblem, Status
from latency_opt.schedule import ScheduleProblem, minimize_schedule
from latency_opt.schedule_bound import HierarchicalFedAvgBound, HISTScheduleBound

DELAYS = {"target": 0.05, "step_s": 0.01, "edge_s": 0.05, "backhaul_s": 2.0}


def fedavg(**changes):
    constants = {
        "initial_gap": 2.0,
        "smoothness": 5.0,
        "gradient_variance": 100.0,
        "cell_divergence": 0.05,
        "client_divergence": 4.0,
        "inverse_clients": 0.1,
        "inverse_all_clients": 0.01,
    }
    return HierarchicalFedAvgBound(**constants | changes)


def hist(**changes):
    constants = {
        "initial_gap": 2.0,
        "smoothness": 5.0,
        "gradient_variance": 100.0,
        "cell_divergence": 1e-3,
        "client_divergence": 0.5,
        "inverse_clients": 0.1,
        "imbalance": 0.2,
        "absent_neurons": 0.01,
    }
    return HISTScheduleBound(**constants | changes)


def random_problem(rng, *, step_size=None):
    constants = {
        "smoothness": 10.0 ** rng.uniform(-1, 1),
        "gradient_variance": 10.0 ** rng.uniform(0, 3),
        "cell_divergence": 10.0 ** rng.uniform(-5, -2),
        "client_divergence": 10.0 ** rng.uniform(-2, 1),
    }
    return ScheduleProblem(
        bound=rng.choice([fedavg, hist])(**constants),
        target=10.0 ** rng.uniform(-1, 0),
        step_s=10.0 ** rng.uniform(-3, 0),
        edge_s=10.0 ** rng.uniform(-3, 0),
        backhaul_s=10.0 ** rng.uniform(-3, 2),
        step_size=step_size,
        max_edge_rounds=12,
        max_local_steps=15,
    )


def total(problem, edge, local, step_size):
    """The time by the formulas of the docstrings, written out."""
    bound, steps = problem.bound, edge * local
    path, lip, variance = step_size * steps, bound.smoothness, bound.gradient_variance
    if isinstance(bound, HISTScheduleBound):
        rest = 4 * bound.imbalance * bound.cell_divergence + bound.absent_neurons
        rest = rest + 4 * step_size * lip * variance * bound.inverse_clients + 16 * path * lip * bound.cell_divergence
        rest = rest + 5 * (path * lip) ** 2 * (variance + 2 * bound.client_divergence + 4 * bound.cell_divergence)
        error = 4 * bound.initial_gap
    else:
        drift = 2.8 * (local**2 - 1) * bound.client_divergence + 1.4 * (local - 1) * variance
        drift = drift + 4.2 * (steps**2 - 1) * bound.cell_divergence + 1.4 * (steps - 1) * variance * bound.inverse_clients
        rest = 2.01 * step_size * lip * variance * bound.inverse_all_clients + (step_size * lip) ** 2 * drift
        error = 2.01 * bound.initial_gap
    left = np.where(path * lip <= 1.0 / 32.0 * (1 + 1e-12), problem.target - rest, 0.0)
    rounds = np.where(left > 0.0, error / np.where(left > 0.0, path * left, 1.0), np.inf)
    return rounds * (edge * (local * problem.step_s + problem.edge_s) + problem.backhaul_s)


@pytest.mark.parametrize("seed", range(40))
def test_no_schedule_or_step_size_is_sooner(seed):
    problem = random_problem(np.random.default_rng(seed))
    result = minimize_schedule(problem)
    assert result.status is Status.OPTIMAL
    edge, local = np.arange(1.0, 13.0)[:, None, None], np.arange(1.0, 16.0)[:, None]
    path = np.geomspace(1e-4, 1.0, 2000) / (32.0 * problem.bound.smoothness)
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


@pytest.mark.parametrize("bound", [fedavg(), hist(), fedavg(gradient_variance=3e3), hist(cell_divergence=0.1, imbalance=0.0)])
@pytest.mark.parametrize(("edge", "local"), [(1, 1), (1, 20), (8, 1), (5, 7)])
def test_each_schedule_is_a_geometric_program(bound, edge, local):
    problem = ScheduleProblem(bound=bound, **DELAYS)
    result = minimize_schedule(dataclasses.replace(problem, max_edge_rounds=edge, max_local_steps=local))
    program = problem.to_cvxpy(edge_rounds=int(result.edge_rounds), local_steps=int(result.local_steps))
    np.testing.assert_allclose(program.solve(gp=True), result.training_latency_s, rtol=1e-6)
    path = result.step_size * result.edge_rounds * result.local_steps / bound.max_path
    np.testing.assert_allclose(program.variables["path"].value, path, rtol=1e-3)
    assert problem.to_cvxpy(edge_rounds=edge, local_steps=local).solve(gp=True) >= result.training_latency_s * (1 - 1e-6)


def test_with_the_bound_of_hist_one_edge_round_is_always_best():
    """It counts S = EH only, and an edge round costs time: unless the most local steps are too few."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        problem = dataclasses.replace(random_problem(rng), bound=hist(), target=0.1, max_local_steps=180)
        result = minimize_schedule(problem)
        assert result.edge_rounds == 1


def test_clients_that_differ_ask_for_edge_rounds():
    steps = []
    for divergence in (0.0, 4.0, 400.0, 4e4):
        result = minimize_schedule(ScheduleProblem(bound=fedavg(client_divergence=divergence, gradient_variance=1e3), **DELAYS))
        steps.append(int(result.local_steps))
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > steps[-1]


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


@pytest.mark.parametrize("bound", [fedavg(), hist(), hist(cell_divergence=0.5, imbalance=0.0)])
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

        inner: HierarchicalFedAvgBound
        longer: float = 1.0
        further: float = 1.0
        floor: float = 0.0

        @property
        def max_path(self):
            return self.longer * self.inner.max_path

        @property
        def optimisation_error(self):
            return self.further * self.inner.optimisation_error

        def linear(self, edge_rounds, local_steps):
            return self.inner.linear(edge_rounds, local_steps)

        def quadratic(self, edge_rounds, local_steps):
            return self.inner.quadratic(edge_rounds, local_steps)

    result = minimize_schedule(ScheduleProblem(bound=fedavg(), **DELAYS))
    assert result.path_binds
    table = result.explain()
    for row, name, here in (
        ("max_path", "longer", fedavg().max_path),
        ("optimisation_error", "further", fedavg().optimisation_error),
    ):
        ends = [
            minimize_schedule(ScheduleProblem(bound=Wider(fedavg(), **{name: 1 + s}), **DELAYS)).training_latency_s
            for s in (1e-6, -1e-6)
        ]
        np.testing.assert_allclose(table.loc[(0, row), "price_s_per_unit"], (ends[0] - ends[1]) / (2e-6 * here), rtol=1e-5)


def test_infeasible_targets_name_what_binds():
    with pytest.raises(InfeasibleProblem, match=r"target: got 0\.005; more than 0\.0108 is needed, which no step size lowers"):
        minimize_schedule(ScheduleProblem(bound=hist(), **DELAYS | {"target": 0.005}))
    with pytest.raises(InfeasibleProblem, match=r"step_size: got 1; at most 0\.00625 is allowed"):
        minimize_schedule(ScheduleProblem(bound=fedavg(), step_size=1.0, **DELAYS))
    with pytest.raises(InfeasibleProblem, match=r"target: got 0\.001; more than .* is needed with step_size 0\.006, for noise"):
        minimize_schedule(ScheduleProblem(bound=fedavg(), step_size=0.006, **DELAYS | {"target": 1e-3}))


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
    with pytest.raises(ValueError, match="smoothness: got 0"):
        fedavg(smoothness=0.0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("distance", "rounds"), [(3.0, 6), (1e-6, 100)], ids=["far away", "at the minimum"])
def test_the_bound_for_hierarchical_fedavg_holds_on_quadratics(seed, distance, rounds):
    """From far away the first term decides; at the minimum noise and drift do, which is where the rest is put to the test.

    F_i(x) = ½(x - c_i)ᵀA_i(x - c_i), so that L is known; σ² by construction; the divergences at the worst point visited.

    The divergences are bounded only where the algorithm goes, which is where the proof asks for them: at the start of each
    round, and δ₂² at the means of the cells.
    """
    rng = np.random.default_rng(seed)
    cells, clients, size, runs = 3, 4, 5, 50
    edge, local = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    basis = np.linalg.qr(rng.normal(size=(cells, clients, size, size)))[0]
    eigenvalues = rng.uniform(0.1, 1.0, (cells, clients, size))
    hessian = np.einsum("jiab,jib,jicb->jiac", basis, eigenvalues, basis)
    optima = rng.normal(size=(cells, 1, size)) * 10.0 ** rng.uniform(-1, 0.5) + rng.normal(size=(cells, clients, size))
    weights = rng.dirichlet(np.full(cells, 5.0))
    lip, variance = float(eigenvalues.max()), 10.0 ** rng.uniform(-2, 1)
    step = rng.choice([1.0, 0.3]) / (32.0 * lip * edge * local)

    def gradient(x):
        return np.einsum("jiab,...jib->...jia", hessian, x - optima)

    def loss(x):
        gap = x - optima
        return 0.5 * float(weights @ np.einsum("jia,jiab,jib->j", gap, hessian, gap) / clients)

    mean = np.einsum("j,jiab->ab", weights, hessian) / clients
    minimiser = np.linalg.solve(mean, np.einsum("j,jiab,jib->a", weights, hessian, optima) / clients)
    x = np.broadcast_to(minimiser + rng.normal(size=size) * distance, (runs, cells, clients, size)).copy()
    start = loss(x[0])
    squares, between, within = [], 0.0, 0.0
    for _ in range(rounds):
        each = gradient(x)
        of_cell = each.mean(axis=-2)
        whole = np.einsum("j,...ja->...a", weights, of_cell)
        squares.append(np.sum(whole**2, axis=-1))
        between = max(between, float((np.sum((of_cell - whole[:, None]) ** 2, axis=-1) @ weights).max()))
        for _ in range(edge):
            for _ in range(local):
                middle = gradient(np.broadcast_to(x.mean(axis=-2, keepdims=True), x.shape))
                spread = np.sum((middle - middle.mean(axis=-2, keepdims=True)) ** 2, axis=-1).mean(axis=-1)
                within = max(within, float((spread @ weights).max()))
                noise = rng.normal(size=x.shape) * np.sqrt(variance / size)
                x -= step * (gradient(x) + noise)
            x[:] = x.mean(axis=-2, keepdims=True)
        x[:] = np.einsum("j,...ja->...a", weights, x[..., 0, :])[..., None, None, :]
    bound = HierarchicalFedAvgBound(
        initial_gap=start - loss(np.broadcast_to(minimiser, (cells, clients, size))),
        smoothness=lip,
        gradient_variance=variance,
        cell_divergence=between,
        client_divergence=within,
        inverse_clients=1.0 / clients,
        inverse_all_clients=float(np.sum(weights**2)) / clients,
    )
    e, h, s = np.array(float(edge)), np.array(float(local)), step * edge * local
    value = bound.optimisation_error / (s * rounds) + s * bound.linear(e, h) + s**2 * bound.quadratic(e, h)
    assert np.mean(squares) <= value
    if distance > 1.0:
        assert value <= 60.0 * np.mean(squares)  # 10 to 40 is what these instances show
