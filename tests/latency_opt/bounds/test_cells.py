"""The bounds on hierarchical FedAvg and HIST as inequalities, where all constants are known, and their limits."""

import dataclasses

import numpy as np
import pytest

from aircomp.result import InfeasibleProblem
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.hierarchical_fedavg import hierarchical_fedavg_bound
from latency_opt.bounds.hist import hist_bound, hist_training_bound
from latency_opt.bounds.step_size import largest_step_size
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.training_latency import minimize_training_latency

CELLS = [(2, 3, 1), (4,), (3, 3), (1, 2, 5)]
CONSTANTS = LearningConstants(smoothness=2.0, initial_gap=3.0, noise_variance=0.7, cell_divergence=0.4, client_divergence=0.2)
SCHEDULE = {"edge_rounds": 3, "local_steps": 2, "step_size": 0.005, "clients_per_cell": [4, 4, 4]}
HIST = {**SCHEDULE, "fraction": [0.5, 0.3, 0.2], "mean_square_norm": 0.1}
each_schedule = pytest.mark.parametrize(("edge_rounds", "local_steps"), [(1, 1), (1, 4), (4, 1), (3, 2)])
each_part = pytest.mark.parametrize("part", [0.1, 0.4, 1.0])


def simulated(run, problem, *, part, edge_rounds, local_steps, num_rounds, seed, parameters=None, num_runs=30):
    """Mean squared gradient, its standard error, the mean squared norm, and what both bounds are given."""
    schedule = {
        "num_rounds": num_rounds,
        "step_size": part * largest_step_size(smoothness=problem.smoothness, steps=edge_rounds * local_steps),
        "edge_rounds": edge_rounds,
        "local_steps": local_steps,
    }
    rng = np.random.default_rng(seed)
    models = run(problem, **schedule, num_runs=num_runs, rng=rng, parameters=parameters)
    given = {**schedule, "clients_per_cell": problem.clients, "weights": problem.weights}
    return *problem.mean_square(models), np.mean(np.sum(models**2, axis=-1)), problem.constants(models), given


def instances(quadratics):
    """24 problems: clients alike in every sixth, and half of them started where f is least."""
    for seed in range(24):
        cells = CELLS[seed % 4]
        weights = np.random.default_rng(seed).dirichlet(np.full(len(cells), 5.0)) if seed % 5 == 0 else None
        problem = quadratics(seed, clients_per_cell=cells, spread=0.0 if seed % 6 == 0 else None, weights=weights)
        yield seed, problem.from_minimiser if seed % 2 else problem


@each_schedule
@each_part
def test_hierarchical_fedavg_keeps_to_its_bound(quadratics, run_cells, edge_rounds, local_steps, part):
    """4 standard errors above what is simulated, the bound still holds; it is never more than 12 times as much."""
    for seed, problem in instances(quadratics):
        square, error, _, constants, given = simulated(
            run_cells, problem, part=part, edge_rounds=edge_rounds, local_steps=local_steps, num_rounds=20, seed=seed
        )
        total = hierarchical_fedavg_bound(constants, **given).total
        assert square + 4 * error <= total, seed
        if seed % 2 == 0:
            assert total <= 12 * square, seed


@each_schedule
@each_part
def test_hist_keeps_to_its_bound(quadratics, run_cells, edge_rounds, local_steps, part):
    for seed, problem in instances(quadratics):
        num_cells = len(problem.clients)
        extra = np.random.default_rng(seed).multinomial(problem.dimension - num_cells, np.full(num_cells, 1.0 / num_cells))
        square, error, norm, constants, given = simulated(
            run_cells, problem, part=part, edge_rounds=edge_rounds, local_steps=local_steps, num_rounds=20, seed=seed,
            parameters=1 + extra,
        )  # fmt: skip
        total = hist_bound(constants, **given, fraction=(1 + extra) / problem.dimension, mean_square_norm=norm).total
        assert square + 4 * error <= total, seed


@each_schedule
@each_part
def test_hist_keeps_to_its_bound_without_the_last_term_where_parameters_do_not_interact(
    quadratics, run_cells, edge_rounds, local_steps, part
):
    """With diagonal Hessians absent parameters do no harm, and the other terms have to hold by themselves."""
    for seed in range(24):
        problem = quadratics(seed, clients_per_cell=CELLS[seed % 4], diagonal=True)
        problem = problem.from_minimiser if seed % 2 else problem
        num_cells = len(problem.clients)
        extra = np.random.default_rng(seed).multinomial(problem.dimension - num_cells, np.full(num_cells, 1.0 / num_cells))
        square, error, _, constants, given = simulated(
            run_cells, problem, part=part, edge_rounds=edge_rounds, local_steps=local_steps, num_rounds=20, seed=seed,
            parameters=1 + extra,
        )  # fmt: skip
        total = hist_bound(constants, **given, fraction=(1 + extra) / problem.dimension, mean_square_norm=0.0).total
        assert square + 4 * error <= total, seed


def test_the_noise_of_gradient_descent_is_what_the_bound_says(quadratics, run_cells):
    """At γL = 1 on x²/2 each model is the last gradient's noise: E‖∇f‖² = γLσ²/K from the second round on."""
    template = quadratics(0, clients_per_cell=(2, 2), spread=0.0, noise=1.0)
    hessian = np.broadcast_to(np.eye(template.dimension), template.hessian.shape)
    problem = dataclasses.replace(template, hessian=hessian).from_minimiser
    square, error, _, constants, given = simulated(
        run_cells, problem, part=1.0, edge_rounds=1, local_steps=1, num_rounds=300, seed=0
    )
    total = float(hierarchical_fedavg_bound(constants, **given).total)
    assert abs(square - total * 299 / 300) < 4 * error


def test_the_price_of_unequal_submodels_is_twice_what_is_paid(run_cells, quadratics):
    """Two cells alike but for their optima, ±v + const: HIST ends where Σ α_j ∇f_j = 0, and ‖∇f‖² = χ²δ₁² there."""
    template = quadratics(0, clients_per_cell=(1, 1), dimension=10, noise=0.0)
    share = np.array([0.8, 0.2])
    problem = dataclasses.replace(
        template,
        hessian=np.broadcast_to(np.eye(10), (2, 10, 10)),
        optimum=np.outer([0.4, -1.6], np.ones(10)),
        start=np.zeros(10),
    )
    square, _, norm, constants, given = simulated(
        run_cells, problem, part=0.002, edge_rounds=1, local_steps=1, num_rounds=400, seed=0, parameters=(8, 2)
    )
    bound = hist_bound(constants, **given, fraction=share, mean_square_norm=norm)
    price = float(bound.constant_terms["unequal sub-models"])
    assert price / 2 == pytest.approx(0.36 * constants.cell_divergence)
    assert price / 2 == pytest.approx(square, rel=0.1)


def test_the_price_of_dealing_to_unlike_cells_is_twice_what_is_paid(quadratics, run_cells):
    """At γL = 1 each parameter goes to the optimum ±v of whoever got it: ‖∇f‖² = δ₁² in all rounds but the first."""
    template = quadratics(0, clients_per_cell=(1, 1), dimension=10, noise=0.0)
    problem = dataclasses.replace(
        template,
        hessian=np.broadcast_to(np.eye(10), (2, 10, 10)),
        optimum=np.outer([1.5, -1.5], np.ones(10)),
        start=np.zeros(10),
    )
    square, _, _, constants, given = simulated(
        run_cells, problem, part=1.0, edge_rounds=1, local_steps=1, num_rounds=20, seed=0, parameters=(5, 5)
    )
    bound = hist_bound(constants, **given, fraction=[0.5, 0.5], mean_square_norm=0.0)
    assert float(bound.constant_terms["dealing to unlike cells"]) / 2 == pytest.approx(square * 20 / 19)
    assert str(bound.dominant) == "dealing to unlike cells"


def test_gradient_descent_is_a_limit():
    """E = H = 1: 2(f(x⁰) - f*)/(γT) + γLσ²/K for FedAvg, and for HIST with one cell."""
    for clients in ([7], [3, 4]):
        given = {"num_rounds": 50, "step_size": 0.3, "edge_rounds": 1, "local_steps": 1, "clients_per_cell": clients}
        expected = 2 * 3.0 / (0.3 * 50) + 0.3 * 2.0 * 0.7 / 7
        assert hierarchical_fedavg_bound(CONSTANTS, **given).total == pytest.approx(expected)
    given["clients_per_cell"] = [7]
    assert hist_bound(CONSTANTS, **given, fraction=[1.0], mean_square_norm=9.0).total == pytest.approx(expected)


def test_hist_with_one_cell_is_hierarchical_fedavg():
    given = SCHEDULE | {"num_rounds": [10, 100], "clients_per_cell": [6]}
    one = hist_bound(CONSTANTS, **given, fraction=[1.0], mean_square_norm=9.0)
    np.testing.assert_allclose(one.total, hierarchical_fedavg_bound(CONSTANTS, **given).total, rtol=1e-14)


def test_without_noise_and_divergence_only_optimisation_is_left():
    plain = LearningConstants(smoothness=2.0, initial_gap=3.0)
    for bound in (
        hierarchical_fedavg_bound(plain, num_rounds=10, **SCHEDULE),
        hist_bound(plain, num_rounds=10, **HIST | {"mean_square_norm": 0.0}),
    ):
        assert bound.floor == 0.0
        assert str(bound.dominant) == "optimisation error"
        assert bound.total >= 2 * 3.0 / (0.005 * 6 * 10)


def test_more_clients_lower_the_noise():
    def noise(clients):
        given = {"num_rounds": 10, **SCHEDULE, "clients_per_cell": clients}
        fedavg = hierarchical_fedavg_bound(CONSTANTS, **given)
        hist = hist_bound(CONSTANTS, **HIST | given)
        return np.array([bound.constant_terms["gradient noise"] for bound in (fedavg, hist)])

    np.testing.assert_allclose(noise([8, 8, 8]), noise([4, 4, 4]) / 2, rtol=1e-12)
    assert (noise([8, 4, 4]) < noise([4, 4, 4])).all()


@pytest.mark.parametrize("name", ["initial_gap", "noise_variance", "cell_divergence", "client_divergence", "smoothness"])
def test_larger_constants_never_lower_the_bound(name):
    """L at a given γ; all terms but the optimisation error, which ρ alone makes grow, rise with it."""
    larger = dataclasses.replace(CONSTANTS, **{name: 1.5 * getattr(CONSTANTS, name)})
    for bound, given in ((hierarchical_fedavg_bound, SCHEDULE), (hist_bound, HIST)):
        assert bound(larger, num_rounds=10, **given).total > bound(CONSTANTS, num_rounds=10, **given).total


def test_local_steps_hurt_by_divergence_and_cells_by_more_than_clients():
    """δ₁² counts over S steps, δ₂² over H: at the same S, more edge rounds help if clients differ, not if cells do."""
    schedule = {"num_rounds": 10, "step_size": 0.001, "clients_per_cell": [4, 4]}

    def drift(constants, edge_rounds, local_steps):
        bound = hierarchical_fedavg_bound(constants, **schedule, edge_rounds=edge_rounds, local_steps=local_steps)
        return float(bound.constant_terms["drift of cells and clients"])

    clients = LearningConstants(smoothness=1.0, initial_gap=1.0, client_divergence=1.0)
    cells = LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=1.0)
    assert drift(clients, 6, 2) == pytest.approx(drift(clients, 1, 12) * 2 / 132, rel=1e-3)
    assert drift(cells, 6, 2) == pytest.approx(drift(cells, 1, 12), rel=1e-3)


def test_hist_is_below_the_bound_that_was_known():
    """With γSL <= 1/32, every term against 4A/T, 4χ²δ₁², 4γLσ²Σα/n, 16cδ₁² + 5c²(σ² + 2δ₂² + 4δ₁²), 5L²(N-1)‖x‖²."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        edge_rounds, local_steps, cells = (int(rng.integers(low, 8)) for low in (1, 1, 2))
        clients, share, weights = rng.integers(1, 9, cells), rng.dirichlet(np.ones(cells)), rng.dirichlet(np.ones(cells))
        smooth, gap, sigma, delta1, delta2, norm = 10.0 ** rng.uniform(-2, 2, 6)
        c = rng.uniform(0.01, 1.0) / 32
        gamma = c / (smooth * edge_rounds * local_steps)
        terms = hist_bound(
            LearningConstants(
                smoothness=smooth, initial_gap=gap, noise_variance=sigma, cell_divergence=delta1, client_divergence=delta2
            ),
            num_rounds=1, step_size=gamma, edge_rounds=edge_rounds, local_steps=local_steps, clients_per_cell=clients,
            fraction=share, weights=weights, mean_square_norm=norm,
        ).terms  # fmt: skip
        assert terms["optimisation error"] <= 4 * gap / (gamma * edge_rounds * local_steps)
        assert terms["unequal sub-models"] <= 4 * delta1 * np.sum((share - weights) ** 2 / weights)
        assert terms["gradient noise"] <= 4 * gamma * smooth * sigma * np.sum(share / clients)
        known = 16 * c * delta1 + 5 * c**2 * (sigma + 2 * delta2 + 4 * delta1)
        assert terms["dealing to unlike cells"] + terms["drift of cells and clients"] <= known
        assert terms["absent parameters"] <= 5 * smooth**2 * (cells - 1) * norm


def test_training_bound_is_the_bound_as_a_function_of_the_imbalance():
    given = SCHEDULE | {"mean_square_norm": 1e-3}
    target = 3.0
    training = hist_training_bound(CONSTANTS, target=target, **given)
    for share in ([1 / 3, 1 / 3, 1 / 3], [0.5, 0.3, 0.2], [0.7, 0.2, 0.1]):
        chi2 = 3 * np.sum((np.array(share) - 1 / 3) ** 2)
        exact = float(training.rounds(chi2))
        assert hist_bound(CONSTANTS, num_rounds=exact, fraction=share, **given).total == pytest.approx(target)
        assert hist_bound(CONSTANTS, num_rounds=1, fraction=share, **given).rounds(target) == np.ceil(exact)


def test_training_bound_holds_for_every_partition_of_unequal_cells():
    given = SCHEDULE | {"clients_per_cell": [2, 5, 9], "mean_square_norm": 1e-3}
    training = hist_training_bound(CONSTANTS, target=3.0, **given)
    weights = np.array([2, 5, 9]) / 16
    share = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    rounds = training.rounds(np.sum((share - weights) ** 2 / weights, axis=-1))
    finite = np.isfinite(rounds)
    assert finite.sum() > 50
    whole = hist_bound(CONSTANTS, num_rounds=1, fraction=share, **given).rounds(3.0)
    assert (whole[finite] <= np.ceil(rounds[finite])).all()


def test_the_partition_is_optimised_for_the_bound():
    """A slower cell gets less of the model, and the optimum is no worse in the bound's own rounds than equal shares."""
    given = SCHEDULE | {"mean_square_norm": 1e-3}
    training = hist_training_bound(CONSTANTS, target=3.0, **given)
    problem = PartitionProblem(fixed_latency_s=[0.1] * 3, slope_s=[1.0, 2.0, 4.0], weights=[1 / 3] * 3)
    result = minimize_training_latency(problem, bound=training)
    assert (np.diff(result.fraction) < 0.0).all()
    equal = float(training.rounds(0.0)) * problem.latency_s(np.full(3, 1 / 3)).max()
    assert float(result.training_latency_s) < equal


def test_an_unreachable_target_names_what_keeps_it_away():
    with pytest.raises(InfeasibleProblem, match="target: got 0.1; more than .* of which 'absent parameters'"):
        hist_training_bound(CONSTANTS, target=0.1, **SCHEDULE, mean_square_norm=1.0)


def test_settings_are_a_batch():
    step = np.array([0.001, 0.005])[:, None]
    rounds = np.array([10, 100, 1000])
    given = HIST | {"step_size": step, "num_rounds": rounds}
    batch = hist_bound(CONSTANTS, **given)
    assert batch.total.shape == (2, 3)
    alone = hist_bound(CONSTANTS, **given | {"step_size": 0.005, "num_rounds": 100})
    assert batch.total[1, 1] == pytest.approx(float(alone.total), rel=1e-14)
    # Schedules too, and partitions.
    many = hist_bound(CONSTANTS, **HIST | {"edge_rounds": [1, 2, 3], "fraction": np.full((4, 1, 3), 1 / 3), "num_rounds": 10})
    assert many.total.shape == (4, 3)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("step_size", 0.02, r"step_size: got 0.02; the bound holds for at most 0.0104167"),
        ("step_size", 0.0, "step_size: got 0"),
        ("clients_per_cell", [0, 1, 1], "clients_per_cell: got 0"),
        ("clients_per_cell", 3, "clients_per_cell: got a single number"),
        ("fraction", [0.5, 0.5], "fraction: got shape (2,)"),
        ("fraction", [0.5, 0.5, 0.5], "fraction: got a sum of 1.5"),
        ("weights", [0.5, 0.1, 0.1], "weights: got a sum of 0.7"),
        ("edge_rounds", 0, "edge_rounds: got 0"),
        ("local_steps", 0.5, "local_steps: got 0.5"),
        ("mean_square_norm", -1.0, "mean_square_norm: got -1"),
        ("num_rounds", 0, "num_rounds: got 0"),
    ],
)
def test_bad_input_names_the_argument(field, value, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        hist_bound(CONSTANTS, **{"num_rounds": 10, **HIST, field: value})


def test_bad_constants_are_named():
    with pytest.raises(ValueError, match="smoothness: got 0"):
        LearningConstants(smoothness=0.0, initial_gap=1.0)
    with pytest.raises(ValueError, match="cell_divergence: got -1"):
        LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=-1.0)
