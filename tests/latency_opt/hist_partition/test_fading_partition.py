"""The virtual queue against its guarantees, the fixed price against CVXPY over all rounds, single rounds against KKT."""

import dataclasses
import itertools

import numpy as np
import pytest

from latency_opt import InfeasibleProblem, PartitionProblem, Status, minimize_round_latency
from latency_opt.hist_partition.fading_partition import (
    FadingPartitionProblem,
    best_fixed_price,
    follow_virtual_queue,
    one_shot_partition,
)
from latency_opt.hist_partition.priced_partition import PricedPartitionProblem, minimize_priced_latency


def random_partition(shape, *, seed, decades=3.0, min_fraction=None):
    rng = np.random.default_rng(seed)
    weights = np.maximum(rng.dirichlet(np.full(shape[-1], 3.0)), 0.02)
    return PartitionProblem(
        fixed_latency_s=rng.uniform(0.0, 1.0, shape),
        slope_s=10.0 ** rng.uniform(-1.0, decades - 1.0, shape),
        weights=weights / weights.sum(),
        min_fraction=0.01 / shape[-1] if min_fraction is None else min_fraction,
    )


def fading(runs, rounds, *, seed=0, max_imbalance=0.2, cells=4):
    """Power-limited links under Rayleigh fading: the time goes as 1/|h|², here above a threshold."""
    rng = np.random.default_rng(seed)
    slope_s = np.linspace(0.5, 2.0, cells) / (0.1 + rng.exponential(size=(runs, rounds, cells)))
    partition = PartitionProblem(fixed_latency_s=0.1, slope_s=slope_s, weights=np.full(cells, 1.0 / cells), min_fraction=0.02)
    return FadingPartitionProblem(partition=partition, max_imbalance=max_imbalance)


def one(partition, *index):
    names = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
    return PartitionProblem(**{name: getattr(partition, name)[index] for name in names})


@pytest.mark.parametrize("num_cells", [1, 2, 3, 10])
@pytest.mark.parametrize("price_s", [0.0, 1e-2, 1.0, 1e3])
def test_priced_round_against_cvxpy(num_cells, price_s):
    """Over the parameters 208 instances in all."""
    partition = random_partition((13, num_cells), seed=num_cells)
    problem = PricedPartitionProblem(partition=partition, imbalance_price_s=price_s)
    result = minimize_priced_latency(problem)
    assert result.status is Status.OPTIMAL
    assert result.kkt_residual.max() < 1e-8
    programs = [PricedPartitionProblem(partition=one(partition, i), imbalance_price_s=price_s).to_cvxpy() for i in range(13)]
    np.testing.assert_allclose(result.cost_s, [program.solve() for program in programs], rtol=1e-6)


@pytest.mark.parametrize("decades", [2, 5, 8])
def test_every_priced_round_is_certified_over_many_scales(decades):
    rng = np.random.default_rng(decades)
    for _ in range(20):
        cells = int(rng.integers(1, 30))
        floor = rng.choice([0.0, 0.5, 0.9]) / cells
        partition = random_partition((15, cells), seed=int(rng.integers(1 << 30)), decades=decades, min_fraction=floor)
        price = 10.0 ** rng.uniform(-6, 6, 15) * rng.integers(0, 2, 15)
        assert (
            minimize_priced_latency(PricedPartitionProblem(partition=partition, imbalance_price_s=price)).status
            is Status.OPTIMAL
        )


def test_price_of_the_round_form_gives_the_round_form_back():
    """The multiplier of χ² <= ρ, charged, makes the same shares optimal."""
    partition = random_partition((30, 5), seed=4)
    limited = minimize_round_latency(partition, max_imbalance=0.3)
    binds = limited.multipliers.imbalance_s > 0.0
    assert binds.sum() >= 20
    priced = minimize_priced_latency(
        PricedPartitionProblem(partition=partition, imbalance_price_s=limited.multipliers.imbalance_s)
    )
    np.testing.assert_allclose(priced.fraction[binds], limited.fraction[binds], atol=1e-8)


def test_a_higher_price_is_slower_and_more_balanced():
    partition = random_partition((20, 6), seed=5)
    prices = (0.0, 1e-3, 0.1, 10.0, 1e5)
    results = [minimize_priced_latency(PricedPartitionProblem(partition=partition, imbalance_price_s=p)) for p in prices]
    for less, more in itertools.pairwise(results):
        assert (more.round_latency_s >= less.round_latency_s * (1 - 1e-12)).all()
        assert (more.imbalance <= less.imbalance * (1 + 1e-9) + 1e-12).all()
    np.testing.assert_allclose(results[0].round_latency_s, partition.least_latency_s, rtol=1e-12)


def test_prices_of_a_round_are_slopes_of_its_cost():
    partition = random_partition((5,), seed=6)
    problem = PricedPartitionProblem(partition=partition, imbalance_price_s=0.5)
    table = minimize_priced_latency(problem).explain().loc[0]

    def slope(make, step):
        after, before = (float(minimize_priced_latency(make(s)).cost_s) for s in (step, -step))
        return (after - before) / (2 * step)

    found = slope(lambda s: dataclasses.replace(problem, imbalance_price_s=0.5 + s), 1e-6)
    np.testing.assert_allclose(table.loc["imbalance_price_s", "price_s_per_unit"], found, rtol=1e-5)
    for j, name in itertools.product(range(5), ("fixed_latency_s", "slope_s")):
        at = np.arange(5) == j

        def make(s, name=name, at=at):
            changed = dataclasses.replace(partition, **{name: getattr(partition, name) + s * at})
            return dataclasses.replace(problem, partition=changed)

        np.testing.assert_allclose(table.loc[f"cell {j} {name}", "price_s_per_unit"], slope(make, 1e-6), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_fixed_price_is_the_optimum_over_all_rounds_at_once(seed):
    rng = np.random.default_rng(seed)
    rounds, cells = int(rng.integers(1, 12)), int(rng.integers(2, 6))
    partition = random_partition((rounds, cells), seed=100 + seed, decades=2.0)
    problem = FadingPartitionProblem(partition=partition, max_imbalance=10.0 ** rng.uniform(-3, 0.5))
    result = best_fixed_price(problem)
    assert result.status is Status.OPTIMAL
    np.testing.assert_allclose(result.mean_latency_s, problem.to_cvxpy().solve(), rtol=1e-6)
    assert result.mean_imbalance <= problem.max_imbalance * (1 + 1e-9)


def test_fixed_price_has_no_duality_gap():
    problem = fading(5, 200)
    result = best_fixed_price(problem)
    price = result.imbalance_price_s[:, 0]
    assert (price > 0.0).all()
    np.testing.assert_allclose(result.mean_imbalance, 0.2, rtol=1e-8)
    dual = result.mean_latency_s + price * (result.mean_imbalance - 0.2)
    np.testing.assert_allclose(dual, result.mean_latency_s, rtol=1e-8)
    for factor in (0.8, 1.25):  # any other price is a lower bound
        every = np.broadcast_to(factor * price[:, None], (5, 200))
        other = minimize_priced_latency(PricedPartitionProblem(partition=problem.partition, imbalance_price_s=every))
        assert (other.cost_s.mean(axis=-1) - factor * price * 0.2 < dual).all()


def test_a_limit_that_the_shortest_rounds_keep_has_no_price():
    result = best_fixed_price(fading(3, 50, max_imbalance=2.9))
    assert (result.imbalance_price_s == 0.0).all()
    np.testing.assert_allclose(result.round_latency_s, result.problem.partition.least_latency_s)
    assert result.status is Status.OPTIMAL


def test_shadow_price_of_the_limit_and_of_a_cell():
    problem = fading(1, 300)
    table = best_fixed_price(problem).explain().loc[0]
    ends = [best_fixed_price(dataclasses.replace(problem, max_imbalance=0.2 + s)).mean_latency_s[0] for s in (1e-4, -1e-4)]
    np.testing.assert_allclose(table.loc["max_imbalance", "price_s_per_unit"], (ends[0] - ends[1]) / 2e-4, rtol=1e-4)
    partition = problem.partition
    for j in range(4):
        at = np.arange(4) == j
        ends = [
            best_fixed_price(
                dataclasses.replace(
                    problem, partition=dataclasses.replace(partition, fixed_latency_s=partition.fixed_latency_s + s * at)
                )
            ).mean_latency_s[0]
            for s in (1e-6, -1e-6)
        ]
        name = f"cell {j} fixed_latency_s"
        np.testing.assert_allclose(table.loc[name, "price_s_per_unit"], (ends[0] - ends[1]) / 2e-6, rtol=1e-4)


@pytest.mark.parametrize("weight", [0.3, 3.0, 30.0, 300.0])
def test_guarantees_of_the_virtual_queue_hold_on_every_path(weight):
    """With any other policy, here the best fixed price α*, on the same draws, and B the mean of ½(χ² - ρ)²,

        mean τ <= mean τ* + (B + mean Q(t)(χ²*(t) - ρ) - Q(T)²/(2T))/V,

    and the mean imbalance is at most ρ + Q(T)/T.
    """
    problem = fading(20, 150)
    result = follow_virtual_queue(problem, latency_weight_per_s=weight)
    assert result.status is Status.OPTIMAL
    assert (result.mean_imbalance <= result.imbalance_guarantee * (1 + 1e-12)).all()
    best = best_fixed_price(problem)
    drift = 0.5 * ((result.imbalance - 0.2) ** 2).mean(axis=-1)
    assert (drift <= problem.drift_bound).all()
    chance = (result.queue[:, :-1] * (best.imbalance - 0.2)).mean(axis=-1)
    limit = best.mean_latency_s + (drift + chance - 0.5 * result.queue[:, -1] ** 2 / 150) / weight
    assert (result.mean_latency_s <= limit * (1 + 1e-10)).all()


@pytest.mark.parametrize("weight", [3.0, 30.0])
def test_mean_latency_is_within_b_over_v_of_the_best_fixed_price(weight):
    """In the mean over independent runs, to four standard errors; the optimum of each run's own draws is compared with."""
    problem = fading(40, 200, seed=1)
    result = follow_virtual_queue(problem, latency_weight_per_s=weight)
    excess = result.mean_latency_s - best_fixed_price(problem).mean_latency_s
    error = excess.std(ddof=1) / np.sqrt(excess.size)
    assert excess.mean() <= problem.drift_bound[0] / weight + 4 * error
    assert (result.queue[:, -1] / 200 < 0.3).all()


def test_a_longer_run_makes_good_what_it_owes():
    """The queue settles at V times the right price, so that Q(T)/T goes as 1/T."""
    weight = 10.0
    short, long = (follow_virtual_queue(fading(8, rounds, seed=2), latency_weight_per_s=weight) for rounds in (100, 600))
    owed = [(result.queue[:, -1] / result.problem.num_rounds).mean() for result in (short, long)]
    assert owed[1] < 0.25 * owed[0]
    price = best_fixed_price(long.problem).imbalance_price_s.mean()
    assert long.queue[:, 300:].mean() / weight == pytest.approx(price, rel=0.2)


def test_following_the_channel_beats_the_plan_for_the_median_channel():
    """At the same mean imbalance: the queue's rounds are shorter though it knows no statistics."""
    problem = fading(10, 400, seed=3)
    plan, queue, best = (
        one_shot_partition(problem),
        follow_virtual_queue(problem, latency_weight_per_s=3.0),
        best_fixed_price(problem),
    )
    np.testing.assert_allclose(plan.mean_imbalance, 0.2, rtol=1e-6)
    assert (best.mean_latency_s < 0.7 * plan.mean_latency_s).all()
    assert (queue.mean_latency_s < 0.7 * plan.mean_latency_s).all()
    assert (queue.mean_imbalance < 0.22).all()
    assert (best.mean_latency_s <= plan.mean_latency_s).all()


def test_the_plan_is_that_of_the_medians():
    problem = fading(2, 31)
    plan = one_shot_partition(problem)
    assert plan.status is Status.OPTIMAL
    np.testing.assert_allclose(plan.fraction, plan.fraction[:, :1] + np.zeros((2, 31, 4)))
    latency = problem.partition.latency_s(plan.fraction)
    np.testing.assert_allclose(plan.round_latency_s, latency.max(axis=-1))


def test_without_fading_all_policies_are_the_round_form():
    still = random_partition((4,), seed=8)
    names = ("fixed_latency_s", "slope_s", "weights", "min_fraction")
    partition = PartitionProblem(**{name: np.broadcast_to(getattr(still, name), (20, 4)) for name in names})
    problem = FadingPartitionProblem(partition=partition, max_imbalance=0.1)
    seconds = minimize_round_latency(still, max_imbalance=0.1).round_latency_s
    np.testing.assert_allclose(best_fixed_price(problem).mean_latency_s, seconds, rtol=1e-8)
    np.testing.assert_allclose(one_shot_partition(problem).mean_latency_s, seconds, rtol=1e-12)


def test_runs_of_a_batch_are_the_runs_alone():
    problem = fading(4, 60)
    alone = FadingPartitionProblem(partition=one(problem.partition, 2), max_imbalance=0.2)
    for solve in (best_fixed_price, one_shot_partition, lambda p: follow_virtual_queue(p, latency_weight_per_s=2.0)):
        np.testing.assert_allclose(solve(alone).mean_latency_s, solve(problem).mean_latency_s[2], rtol=1e-9)
    assert alone.to_cvxpy().variables["fraction"].shape == (60, 4)
    with pytest.raises(ValueError, match="needed is one run"):
        problem.to_cvxpy()


def test_largest_drift_is_at_a_corner():
    problem = fading(1, 5)
    rng = np.random.default_rng(0)
    share = 0.02 + 0.92 * rng.dirichlet(np.full(4, 0.1), 5000)
    skew = problem.round_problem(0).imbalance(share)
    assert (0.5 * (skew - 0.2) ** 2).max() <= problem.drift_bound[0] * (1 + 1e-12)
    assert (0.5 * (skew - 0.2) ** 2).max() > 0.95 * problem.drift_bound[0]


def test_infeasible_limits_and_bad_input():
    tight = PartitionProblem(fixed_latency_s=0.0, slope_s=np.ones((5, 2)), weights=[0.9, 0.1], min_fraction=0.4)
    with pytest.raises(InfeasibleProblem, match=r"max_imbalance: got 0\.5; more than 1 is needed, since min_fraction"):
        FadingPartitionProblem(partition=tight, max_imbalance=0.5)
    with pytest.raises(ValueError, match=r"partition: got shape \(3,\)"):
        FadingPartitionProblem(partition=random_partition((3,), seed=0), max_imbalance=0.5)
    with pytest.raises(ValueError, match="max_imbalance: got 0"):
        fading(1, 5, max_imbalance=0.0)
    with pytest.raises(ValueError, match="latency_weight_per_s: got 0"):
        follow_virtual_queue(fading(1, 5), latency_weight_per_s=0.0)
    with pytest.raises(ValueError, match="imbalance_price_s: got -1"):
        PricedPartitionProblem(partition=random_partition((3,), seed=0), imbalance_price_s=-1.0)
