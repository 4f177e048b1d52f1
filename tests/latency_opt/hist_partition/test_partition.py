import dataclasses
import itertools

import numpy as np
import pytest

from latency_opt import (
    InfeasibleProblem,
    PartitionProblem,
    Status,
    TrainingBound,
    UncertifiedSolution,
    capped_water_filling,
    certified,
    minimize_round_latency,
    minimize_training_latency,
    partition_kkt_residual,
)


def random_problem(num, num_cells, *, seed, min_fraction=None):
    rng = np.random.default_rng(seed)
    weights = np.maximum(rng.dirichlet(np.full(num_cells, 3.0), num), 1e-3)
    return PartitionProblem(
        fixed_latency_s=rng.uniform(0.0, 1.0, (num, num_cells)),
        slope_s=10.0 ** rng.uniform(-1.0, 2.0, (num, num_cells)),
        weights=weights / weights.sum(axis=-1, keepdims=True),
        min_fraction=0.01 / num_cells if min_fraction is None else min_fraction,
    )


def instance(problem, index):
    return PartitionProblem(
        fixed_latency_s=problem.fixed_latency_s[index],
        slope_s=problem.slope_s[index],
        weights=problem.weights[index],
        min_fraction=problem.min_fraction[index],
    )


@pytest.mark.parametrize("num_cells", [1, 2, 3, 10])
@pytest.mark.parametrize("max_imbalance", [0.01, 0.1, 1.0, 50.0])
def test_round_form_against_cvxpy(num_cells, max_imbalance):
    """Over the parameters 208 instances in all."""
    num = 13
    problem = random_problem(num, num_cells, seed=num_cells)
    result = minimize_round_latency(problem, max_imbalance=max_imbalance)
    assert result.status is Status.OPTIMAL
    assert result.kkt_residual.max() < 1e-8
    reference = [instance(problem, i).to_cvxpy(max_imbalance=max_imbalance).solve() for i in range(num)]
    np.testing.assert_allclose(result.round_latency_s, reference, rtol=1e-6)


@pytest.mark.parametrize("num_cells", [1, 2, 3, 10])
@pytest.mark.parametrize("target", [0.05, 0.5, 2.0, 50.0])
def test_total_form_against_cvxpy(num_cells, target):
    """Over the parameters 208 instances in all."""
    num = 13
    problem = random_problem(num, num_cells, seed=10 + num_cells)
    bound = TrainingBound(optimisation_error=3.0, imbalance_price=1.0, target=target)
    result = minimize_training_latency(problem, bound=bound)
    assert result.status is Status.OPTIMAL
    assert result.kkt_residual.max() < 1e-8
    reference = [instance(problem, i).to_cvxpy(bound=bound).solve() for i in range(num)]
    np.testing.assert_allclose(result.training_latency_s, reference, rtol=1e-6)


def test_total_form_beats_a_fine_grid():
    problem = instance(random_problem(1, 3, seed=4), 0)
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.7)
    best = minimize_training_latency(problem, bound=bound).training_latency_s
    share = np.linspace(0.0034, 0.9932, 500)
    first, second = np.meshgrid(share, share)
    fraction = np.stack([first, second, 1.0 - first - second], axis=-1)
    allowed = fraction[..., 2] >= 0.0034
    total = bound.rounds(problem.imbalance(fraction)) * problem.latency_s(fraction).max(axis=-1)
    grid = total[allowed].min()
    assert best <= grid * (1 + 1e-12)
    assert best == pytest.approx(grid, rel=0.02)


def test_kkt_residual_sees_a_point_that_is_not_optimal():
    problem = random_problem(20, 4, seed=5)
    result = minimize_round_latency(problem, max_imbalance=0.2)
    moved = result.fraction + 1e-4 * np.array([1.0, -1.0, 0.0, 0.0])
    residual = partition_kkt_residual(
        problem,
        moved,
        result.multipliers,
        round_latency_s=problem.latency_s(moved).max(axis=-1),
        max_imbalance=0.2,
    )
    assert (residual > 1e-6).all()


def test_only_certified_results_pass():
    result = minimize_round_latency(random_problem(5, 4, seed=5), max_imbalance=0.2)
    assert certified(result) is result
    wrong = dataclasses.replace(result, kkt_residual=np.array([0.0, 1e-3]), status=Status.INACCURATE)
    with pytest.raises(UncertifiedSolution, match=r"PartitionResult: the KKT residual is 1\.0e-03"):
        certified(wrong)


def test_without_imbalance_limit_all_cells_finish_together():
    problem = random_problem(20, 5, seed=6, min_fraction=0.0)
    result = minimize_round_latency(problem, max_imbalance=1e9)
    latency = problem.latency_s(result.fraction)
    together = result.fraction.min(axis=-1) > 0.0
    assert together.any()
    np.testing.assert_allclose(latency[together], np.broadcast_to(result.round_latency_s[together, None], (together.sum(), 5)))


def test_zero_imbalance_gives_the_weights():
    problem = random_problem(20, 5, seed=7, min_fraction=0.0)
    result = minimize_round_latency(problem, max_imbalance=0.0)
    np.testing.assert_allclose(result.fraction, problem.weights, atol=1e-12)
    np.testing.assert_allclose(result.round_latency_s, problem.latency_s(problem.weights).max(axis=-1))
    assert result.status is Status.OPTIMAL


def test_a_free_price_of_imbalance_gives_the_shortest_round():
    problem = random_problem(20, 4, seed=8)
    free = TrainingBound(optimisation_error=1.0, imbalance_price=0.0, target=1.0)
    shortest = minimize_round_latency(problem, max_imbalance=1e9)
    np.testing.assert_allclose(minimize_training_latency(problem, bound=free).round_latency_s, shortest.round_latency_s)


def test_looser_limits_never_lengthen_the_round():
    problem = random_problem(30, 6, seed=9)
    latency = [minimize_round_latency(problem, max_imbalance=rho).round_latency_s for rho in (0.01, 0.1, 1.0, 10.0)]
    assert all((later <= earlier * (1 + 1e-12)).all() for earlier, later in itertools.pairwise(latency))


def test_permuting_cells_permutes_the_shares():
    problem = random_problem(10, 5, seed=10)
    order = np.array([3, 0, 4, 1, 2])
    other = PartitionProblem(
        fixed_latency_s=problem.fixed_latency_s[:, order],
        slope_s=problem.slope_s[:, order],
        weights=problem.weights[:, order],
        min_fraction=problem.min_fraction[:, order],
    )
    one, two = (minimize_round_latency(p, max_imbalance=0.3).fraction for p in (problem, other))
    np.testing.assert_allclose(two, one[:, order], atol=1e-12)


def test_a_cell_that_is_late_whatever_its_share():
    """The least share of the slow cell alone sets the round; the rest is then as balanced as can be."""
    problem = PartitionProblem(
        fixed_latency_s=[0.0, 0.0, 9.0], slope_s=[1.0, 1.0, 10.0], weights=np.full(3, 1 / 3), min_fraction=0.1
    )
    result = minimize_round_latency(problem, max_imbalance=5.0)
    assert result.round_latency_s == pytest.approx(10.0)
    np.testing.assert_allclose(result.fraction, [0.45, 0.45, 0.1])
    assert result.status is Status.OPTIMAL


def test_floors_that_leave_no_free_cell_are_certified():
    """At the optimum one cell is at its cap and the other at its least share: the water level is not unique."""
    problem = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 1.0], weights=[0.1, 0.9], min_fraction=0.25)
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=1.0)
    result = minimize_training_latency(problem, bound=bound)
    np.testing.assert_allclose(result.fraction, [0.25, 0.75])
    assert result.status is Status.OPTIMAL
    assert result.training_latency_s == pytest.approx(problem.to_cvxpy(bound=bound).solve(), rel=1e-6)


def test_tiny_slopes_beside_large_ones_are_certified():
    problem = PartitionProblem(
        fixed_latency_s=[0.0, 0.0, 0.0, 0.0, 100.0], slope_s=[1e-6, 1e-8, 1e-7, 1e-6, 1e-3], weights=[0.2] * 5
    )
    result = minimize_training_latency(problem, bound=TrainingBound(optimisation_error=1.0, imbalance_price=100.0, target=1.0))
    assert result.status is Status.OPTIMAL
    assert result.training_latency_s == pytest.approx(100.0002, rel=1e-7)


@pytest.mark.parametrize("decades", [2, 5, 8])
def test_every_instance_is_certified_over_many_scales(decades):
    """Slopes over several decades, weights of a millionth, floors that bind or not, limits tight and loose."""
    rng = np.random.default_rng(decades)
    for _ in range(60):
        num_cells = int(rng.integers(1, 51))
        weights = np.maximum(rng.dirichlet(np.full(num_cells, rng.choice([0.3, 1.0, 3.0]))), 1e-6)
        problem = PartitionProblem(
            fixed_latency_s=10.0 ** rng.uniform(-3.0, 1.0, num_cells),
            slope_s=10.0 ** rng.uniform(-decades / 2, decades / 2, num_cells),
            weights=weights / weights.sum(),
            min_fraction=rng.choice([0.0, 0.5, 0.9]) / num_cells,
        )
        least = float(problem.imbalance(problem.balanced_fraction))
        for factor in (1.05, 2.0, 30.0):
            assert minimize_round_latency(problem, max_imbalance=factor * least + 1e-3).status is Status.OPTIMAL
            bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=factor * least + 0.05)
            total = minimize_training_latency(problem, bound=bound)
            assert total.status is Status.OPTIMAL
            assert np.isfinite(total.training_latency_s)


def test_infeasible_limits_name_what_binds():
    skewed = PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 1.0], weights=[0.9, 0.1], min_fraction=0.4)
    with pytest.raises(
        InfeasibleProblem, match="max_imbalance: got 0.1; at least 1 is needed, since min_fraction binds in cell 1"
    ):
        minimize_round_latency(skewed, max_imbalance=0.1)
    with pytest.raises(InfeasibleProblem, match=r"bound.target: got 0\.5; more than 1 is needed"):
        minimize_training_latency(skewed, bound=TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.5))
    with pytest.raises(InfeasibleProblem, match="min_fraction: the least shares add up to 1.2"):
        PartitionProblem(fixed_latency_s=[0.0, 0.0], slope_s=[1.0, 1.0], weights=[0.5, 0.5], min_fraction=0.6)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("slope_s", [1.0, 0.0], "slope_s: got 0"),
        ("slope_s", [1.0, 1.0, 1.0], "shapes do not match"),
        ("fixed_latency_s", [-1.0, 0.0], "fixed_latency_s: got -1"),
        ("weights", [0.5, 0.6], "weights: got a sum of 1.1"),
        ("weights", [0.0, 1.0], "weights: got 0"),
        ("min_fraction", -0.1, "min_fraction: got -0.1"),
    ],
)
def test_bad_input_names_the_argument(field, value, message):
    good = {"fixed_latency_s": [0.0, 0.0], "slope_s": [1.0, 2.0], "weights": [0.5, 0.5]}
    with pytest.raises(ValueError, match=message):
        PartitionProblem(**good | {field: value})


def test_water_filling_is_the_nearest_point_of_the_box():
    """Against a projection by an independent method: bisection on the level."""
    rng = np.random.default_rng(11)
    weights = rng.dirichlet(np.full(7, 2.0), 200)
    low = 0.5 * weights * rng.random((200, 7))
    high = weights * rng.uniform(1.01, 3.0, (200, 7))
    share, _ = capped_water_filling(weights, low=low, high=high)
    below, above = np.full((200, 1), -1.0), np.full((200, 1), 10.0)
    for _ in range(200):
        middle = 0.5 * (below + above)
        much = np.clip(weights * (1 + middle), low, np.minimum(high, 1.0)).sum(axis=-1, keepdims=True) > 1.0
        below, above = np.where(much, below, middle), np.where(much, middle, above)
    np.testing.assert_allclose(share, np.clip(weights * (1 + above), low, high), atol=1e-12)
    np.testing.assert_allclose(share.sum(axis=-1), 1.0, atol=1e-14)


@pytest.mark.parametrize("form", ["round", "total"])
def test_prices_are_the_slopes_of_the_optimum(form):
    """Every price of the table against central differences of the optimum; seconds a round, or of the whole training."""
    problem = random_problem(30, 4, seed=7, min_fraction=0.05)
    bound = TrainingBound(optimisation_error=3.0, imbalance_price=1.0, target=0.5)

    def optimum(problem, limit):
        if form == "round":
            return minimize_round_latency(problem, max_imbalance=limit).round_latency_s
        return minimize_training_latency(problem, bound=limit).training_latency_s

    limit = 0.1 if form == "round" else bound
    solve = minimize_round_latency if form == "round" else minimize_training_latency
    result = solve(problem, **({"max_imbalance": limit} if form == "round" else {"bound": limit}))
    table = result.explain()
    priced = table["price_s_per_unit"].unstack()
    step = 1e-6

    def checked_slope(name, ends, width):
        scale = 1e-5 * np.abs(result.round_latency_s if form == "round" else result.training_latency_s)
        error = np.abs(priced[name].to_numpy() - (ends[0] - ends[1]) / width)
        assert (error <= 1e-3 * np.abs(priced[name].to_numpy()) + scale).all(), name

    for cell in range(4):
        for name in ("fixed_latency_s", "slope_s", "min_fraction"):
            base = getattr(problem, name)
            size = step * (base[:, cell] if name == "slope_s" else 1.0)
            move = np.zeros_like(base)
            move[:, cell] = size
            ends = [optimum(dataclasses.replace(problem, **{name: base + sign * move}), limit) for sign in (1.0, -1.0)]
            checked_slope(f"cell {cell} {name}", ends, 2 * size)
    if form == "round":
        checked_slope("max_imbalance", [optimum(problem, limit + sign * step) for sign in (1.0, -1.0)], 2 * step)
    else:
        for name in ("target", "optimisation_error", "imbalance_price"):
            ends = [
                optimum(problem, dataclasses.replace(bound, **{name: getattr(bound, name) + sign * step}))
                for sign in (1.0, -1.0)
            ]
            checked_slope(name, ends, 2 * step)
    binds = table["binds"].unstack()
    assert binds["cell 0 fixed_latency_s"].any()
    assert not binds[[f"cell {cell} fixed_latency_s" for cell in range(4)]].all(axis=None)


def test_a_single_point_has_no_prices():
    problem = PartitionProblem(fixed_latency_s=[0.1, 0.1], slope_s=[1.0, 2.0], weights=[0.5, 0.5])
    table = minimize_round_latency(problem, max_imbalance=0.0).explain()
    assert table["price_s_per_unit"].isna().all()
