"""Laws of dealing a model out to cells: in one round, over a training, and round by round."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covered import law_of
from federated_strategies import partition_fields, weights
from latency_opt import (
    FadingPartitionProblem,
    FadingPartitionResult,
    InfeasibleProblem,
    PartitionMultipliers,
    PartitionProblem,
    PartitionResult,
    PricedPartitionProblem,
    PricedPartitionResult,
    Status,
    TrainingBound,
    best_fixed_price,
    capped_water_filling,
    certified,
    follow_virtual_queue,
    minimize_priced_latency,
    minimize_round_latency,
    minimize_training_latency,
    one_shot_partition,
    partition_kkt_residual,
    whole_neurons,
)
from strategies import batches, decade_arrays, decades, negative, not_positive, permutations, refused, seeds

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
FEWER = settings(max_examples=max(10, settings.default.max_examples // 4))
imbalances = st.just(0.0) | decades(1e-6, 10.0)
PER_CELL = ("fixed_latency_s", "slope_s", "weights", "min_fraction")


def bounds(least):
    """Bounds whose target the balanced shares meet."""
    return st.builds(
        lambda error, price, room: TrainingBound(
            optimisation_error=error, imbalance_price=price, target=price * least * (1.0 + 1e-6) + room
        ),
        error=decades(1e-3, 1e3),
        price=st.just(0.0) | decades(1e-3, 1e3),
        room=decades(1e-3, 1e3),
    )


def is_partition(problem, share, *, rounding=1e-9):
    """Shares add up to 1, and nobody has less than its least."""
    np.testing.assert_allclose(share.sum(axis=-1), 1.0, rtol=rounding)
    assert (share >= problem.min_fraction - rounding).all()
    assert (share >= 0.0).all()


def others(problem, rng, *, count=50):
    """(count, N) other shares that are allowed, many of them close to the balanced ones."""
    spare = 1.0 - problem.min_fraction.sum()
    drawn = rng.dirichlet(np.full(problem.num_cells, 0.5), size=count)
    return problem.min_fraction + spare * drawn


def turned(problem, order):
    return replace(problem, **{name: getattr(problem, name)[..., order] for name in PER_CELL})


# Water


@law_of(capped_water_filling)
@given(batch=batches, num_cells=st.integers(1, 6), data=st.data())
def test_water_fills_a_box_up_to_one_level(batch, num_cells, data):
    shape = (*batch, num_cells)
    weight = data.draw(weights(shape))
    share = data.draw(weights(shape))  # a point of the box, so that there is one
    down = data.draw(arrays(float, shape, elements=st.floats(0.0, 1.0)))
    up = data.draw(arrays(float, shape, elements=st.floats(0.0, 1.0)))
    low, high = share * down, share + up * (1.0 - share)
    found, level = capped_water_filling(weight, low=low, high=high)
    assert level.shape == batch
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-12)
    assert (found >= low).all()
    assert (found <= high).all()
    np.testing.assert_allclose(found, np.clip(weight * (1.0 + level[..., None]), low, high), rtol=1e-12)

    def skew(some):
        return np.sum((some - weight) ** 2 / weight, axis=-1)

    assert (skew(found) <= skew(share) + 1e-12).all()
    for index in np.ndindex(batch):
        alone, _ = capped_water_filling(weight[index], low=low[index], high=high[index])
        np.testing.assert_allclose(found[index], alone, rtol=1e-12, atol=1e-14)
    order = data.draw(permutations(num_cells))
    moved, _ = capped_water_filling(weight[..., order], low=low[..., order], high=high[..., order])
    np.testing.assert_allclose(moved, found[..., order], rtol=1e-11, atol=1e-13)


# One round


@law_of(PartitionProblem, minimize_round_latency, PartitionResult)
@given(fields=partition_fields(), limit=imbalances, seed=seeds)
def test_the_shortest_round_is_proven_and_no_other_shares_are_shorter(fields, limit, seed):
    problem = PartitionProblem(**fields)
    limit = limit + float(problem.imbalance(problem.balanced_fraction)) * (1.0 + 1e-9)
    result = certified(minimize_round_latency(problem, max_imbalance=limit))
    is_partition(problem, result.fraction)
    assert result.imbalance <= limit + 1e-9 * max(limit, 1.0)
    assert np.isclose(problem.latency_s(result.fraction).max(), result.round_latency_s, rtol=1e-8)
    assert result.round_latency_s >= problem.least_latency_s * (1.0 - 1e-9)
    some = others(problem, np.random.default_rng(seed))
    some = np.concatenate([some, result.fraction + 1e-3 * (some - result.fraction), problem.balanced_fraction[None]])
    allowed = problem.imbalance(some) <= limit
    assert (problem.latency_s(some).max(axis=-1) >= result.round_latency_s * (1.0 - 1e-8))[allowed].all()
    with pytest.raises(ValueError, match=r"^training_latency_s"):
        _ = result.training_latency_s
    assert len(result.explain()) == 3 * problem.num_cells + 2


@law_of(PartitionProblem, minimize_round_latency, partition_kkt_residual, PartitionMultipliers)
@given(fields=partition_fields(spread=1e6), limit=decades(1e-9, 1e3))
def test_delays_twelve_decades_apart_are_solved_and_the_certificate_is_what_it_says(fields, limit):
    problem = PartitionProblem(**fields)
    limit += float(problem.imbalance(problem.balanced_fraction)) * (1.0 + 1e-9)
    result = minimize_round_latency(problem, max_imbalance=limit)
    assert result.status is Status.OPTIMAL
    prices = result.multipliers
    if np.isfinite(prices.whole_s):
        residual = partition_kkt_residual(
            problem, result.fraction, prices, round_latency_s=result.round_latency_s, max_imbalance=limit
        )
        np.testing.assert_array_equal(residual, result.kkt_residual)
        assert (prices.latency >= -1e-9).all()
        assert np.isclose(prices.latency.sum(), 1.0, rtol=1e-8)
        # What is not optimal is told apart: a longer round at the same shares violates as much as it is longer.
        worse = partition_kkt_residual(
            problem, result.fraction, prices, round_latency_s=1.01 * result.round_latency_s, max_imbalance=limit
        )
        assert worse > 1e-4


@law_of(PartitionProblem, minimize_training_latency, TrainingBound)
@given(fields=partition_fields(), seed=seeds, data=st.data())
def test_the_shortest_training_is_proven_and_no_other_shares_are_shorter(fields, seed, data):
    problem = PartitionProblem(**fields)
    bound = data.draw(bounds(float(problem.imbalance(problem.balanced_fraction))))
    result = certified(minimize_training_latency(problem, bound=bound))
    is_partition(problem, result.fraction)
    assert np.isclose(result.rounds, bound.rounds(result.imbalance), rtol=1e-12)
    some = others(problem, np.random.default_rng(seed))
    some = np.concatenate([some, result.fraction + 1e-3 * (some - result.fraction), problem.balanced_fraction[None]])
    total = bound.rounds(problem.imbalance(some)) * problem.latency_s(some).max(axis=-1)
    assert (total >= result.training_latency_s * (1.0 - 1e-8)).all()
    # The shortest round at the imbalance found is the round found.
    again = minimize_round_latency(problem, max_imbalance=float(result.imbalance) * (1.0 + 1e-9) + 1e-12)
    assert again.round_latency_s <= result.round_latency_s * (1.0 + 1e-7)
    assert len(result.explain()) == 3 * problem.num_cells + 4


@law_of(PartitionProblem, minimize_round_latency, minimize_training_latency, minimize_priced_latency)
@given(fields=batches.flatmap(lambda batch: partition_fields(batch=(*batch, 2), floors=False)), limit=imbalances)
def test_a_batch_of_partitions_is_a_loop_over_them(fields, limit):
    problem = PartitionProblem(**fields)
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=limit + 0.1)
    price = np.full(problem.slope_s.shape[:-1], limit)
    together = (
        minimize_round_latency(problem, max_imbalance=limit),
        minimize_training_latency(problem, bound=bound),
        minimize_priced_latency(PricedPartitionProblem(partition=problem, imbalance_price_s=price)),
    )
    for index in np.ndindex(price.shape):
        one = problem[index]
        alone = (
            minimize_round_latency(one, max_imbalance=limit),
            minimize_training_latency(one, bound=bound),
            minimize_priced_latency(PricedPartitionProblem(partition=one, imbalance_price_s=limit)),
        )
        for whole, own in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole.round_latency_s[index], own.round_latency_s, rtol=1e-8)


@law_of(PartitionProblem, minimize_round_latency, minimize_training_latency)
@given(fields=partition_fields(), limit=imbalances, factor=decades(1e-3, 1e3), data=st.data())
def test_partitions_scale_with_the_second_and_turn_with_the_cells(fields, limit, factor, data):
    problem = PartitionProblem(**fields)
    least = float(problem.imbalance(problem.balanced_fraction))
    limit, bound = limit + least * (1.0 + 1e-9), data.draw(bounds(least))
    times = {name: factor * getattr(problem, name) for name in ("fixed_latency_s", "slope_s")}
    order = data.draw(permutations(problem.num_cells))
    for other, unit, place in ((replace(problem, **times), factor, slice(None)), (turned(problem, order), 1.0, order)):
        before, after = (minimize_round_latency(one, max_imbalance=limit) for one in (problem, other))
        assert np.isclose(after.round_latency_s, unit * before.round_latency_s, rtol=1e-8)
        whole, moved = (minimize_training_latency(one, bound=bound) for one in (problem, other))
        assert np.isclose(moved.training_latency_s, unit * whole.training_latency_s, rtol=1e-8)
        if bound.imbalance_price > 0.0 and whole.multipliers.imbalance_s > 0.0:
            np.testing.assert_allclose(moved.fraction, whole.fraction[place], atol=1e-5)


@law_of(PartitionProblem, minimize_round_latency, minimize_training_latency)
@given(fields=partition_fields(), limit=imbalances, factor=st.floats(1.0, 100.0), data=st.data())
def test_more_leave_and_faster_cells_are_never_later(fields, limit, factor, data):
    problem = PartitionProblem(**fields)
    least = float(problem.imbalance(problem.balanced_fraction))
    limit, bound = limit + least * (1.0 + 1e-9), data.draw(bounds(least))
    before = minimize_round_latency(problem, max_imbalance=limit).round_latency_s
    total = minimize_training_latency(problem, bound=bound).training_latency_s
    assert minimize_round_latency(problem, max_imbalance=factor * limit).round_latency_s <= before * (1.0 + 1e-9)
    looser = replace(bound, target=factor * bound.target)
    assert minimize_training_latency(problem, bound=looser).training_latency_s <= total * (1.0 + 1e-9)
    for name in ("fixed_latency_s", "slope_s"):
        faster = replace(problem, **{name: getattr(problem, name) / factor})
        assert minimize_round_latency(faster, max_imbalance=limit).round_latency_s <= before * (1.0 + 1e-9)
        assert minimize_training_latency(faster, bound=bound).training_latency_s <= total * (1.0 + 1e-9)


@law_of(PartitionResult, minimize_round_latency)
@given(fields=partition_fields(), limit=decades(1e-4, 10.0), delay=decades(1e-4, 10.0))
def test_what_a_partition_explains_are_slopes_of_a_convex_optimum(fields, limit, delay):
    problem = PartitionProblem(**fields)
    limit += 2.0 * float(problem.imbalance(problem.balanced_fraction))
    result = minimize_round_latency(problem, max_imbalance=limit)
    table = result.explain()["price_s_per_unit"]
    rounding = 1e-7 * float(result.round_latency_s)
    for cell in range(problem.num_cells):
        later = problem.fixed_latency_s + delay * (np.arange(problem.num_cells) == cell)
        moved = minimize_round_latency(replace(problem, fixed_latency_s=later), max_imbalance=limit).round_latency_s
        assert moved >= result.round_latency_s + table[(0, f"cell {cell} fixed_latency_s")] * delay - rounding
    looser = minimize_round_latency(problem, max_imbalance=limit + delay).round_latency_s
    assert looser >= result.round_latency_s + table[(0, "max_imbalance")] * delay - rounding


@law_of(PartitionProblem, PricedPartitionProblem)
@SLOW
@given(fields=partition_fields(num_cells=st.integers(2, 4), spread=5.0), limit=decades(1e-2, 1.0))
def test_cvxpy_agrees_on_partitions(fields, limit):
    problem = PartitionProblem(**fields)
    limit += float(problem.imbalance(problem.balanced_fraction))
    best = minimize_round_latency(problem, max_imbalance=limit)
    assert np.isclose(problem.to_cvxpy(max_imbalance=limit).solve(), best.round_latency_s, rtol=1e-5)
    bound = TrainingBound(optimisation_error=2.0, imbalance_price=1.0, target=2.0 * limit)
    whole = minimize_training_latency(problem, bound=bound)
    assert np.isclose(problem.to_cvxpy(bound=bound).solve(), whole.training_latency_s, rtol=1e-5)
    priced = PricedPartitionProblem(partition=problem, imbalance_price_s=limit)
    assert np.isclose(priced.to_cvxpy().solve(), minimize_priced_latency(priced).cost_s, rtol=1e-5)
    for wrong in ({}, {"max_imbalance": 1.0, "bound": bound}):
        with refused("to_cvxpy"):
            problem.to_cvxpy(**wrong)


@law_of(PartitionProblem, minimize_round_latency)
@given(fields=partition_fields(floors=False), wrong=negative)
def test_a_partition_problem_names_what_is_wrong_with_it(fields, wrong):
    for name in PER_CELL:
        with refused(name):
            PartitionProblem(**fields | {name: wrong})
    with refused("slope_s"):
        PartitionProblem(**fields | {"slope_s": 0.0})
    with refused("weights"):
        PartitionProblem(**fields | {"weights": 0.5 * fields["weights"]})
    with refused("min_fraction"):  # more than there is to give
        PartitionProblem(**fields | {"min_fraction": np.full(len(fields["weights"]), 1.01 / len(fields["weights"]))})
    problem = PartitionProblem(**fields)
    with refused("max_imbalance"):
        minimize_round_latency(problem, max_imbalance=wrong)
    with pytest.raises(ValueError, match=r"^slope_s: got a single number"):
        PartitionProblem(fixed_latency_s=0.0, slope_s=1.0, weights=1.0)


@law_of(PartitionProblem, minimize_round_latency, minimize_training_latency)
@given(fields=partition_fields(num_cells=st.integers(2, 5)), share=st.floats(0.1, 0.9))
def test_floors_that_are_too_high_for_the_limit_are_infeasible(fields, share):
    weight = fields["weights"]
    floor = np.zeros_like(weight)
    floor[0] = weight[0] + share * (1.0 - weight[0])
    problem = PartitionProblem(**fields | {"min_fraction": floor})
    least = float(problem.imbalance(problem.balanced_fraction))
    with pytest.raises(InfeasibleProblem, match=r"^max_imbalance"):
        minimize_round_latency(problem, max_imbalance=0.9 * least)
    bound = TrainingBound(optimisation_error=1.0, imbalance_price=1.0, target=0.9 * least)
    with pytest.raises(InfeasibleProblem, match=r"^bound.target"):
        minimize_training_latency(problem, bound=bound)


@law_of(TrainingBound)
@given(
    error=decades(1e-6, 1e6), price=st.just(0.0) | decades(1e-6, 1e6), target=decades(1e-6, 1e6), batch=batches, data=st.data()
)
def test_rounds_grow_with_the_imbalance_until_the_target_is_out_of_reach(error, price, target, batch, data):
    bound = TrainingBound(optimisation_error=error, imbalance_price=price, target=target)
    skew = data.draw(decade_arrays(batch, 1e-6, 1e6))
    rounds = bound.rounds(skew)
    assert rounds.shape == batch
    assert (rounds >= bound.rounds(0.0)).all()
    assert (bound.rounds(2.0 * skew) >= rounds).all()
    np.testing.assert_array_equal(np.isinf(rounds), target - price * skew <= 0.0)
    assert np.isclose(bound.rounds(0.0), error / target)


@law_of(TrainingBound)
@given(wrong=not_positive)
def test_a_training_bound_names_what_is_wrong_with_it(wrong):
    right = {"optimisation_error": 1.0, "imbalance_price": 1.0, "target": 1.0}
    for name in right:
        if name != "imbalance_price" or wrong != 0.0:
            with refused(name):
                TrainingBound(**right | {name: wrong})


# A price of imbalance


@law_of(PricedPartitionProblem, PricedPartitionResult, minimize_priced_latency)
@given(fields=partition_fields(), price=st.just(0.0) | decades(1e-6, 1e6), seed=seeds)
@example(fields={"fixed_latency_s": [0.0], "slope_s": [1.0], "weights": [1.0]}, price=0.0, seed=0)
def test_a_priced_round_is_proven_and_no_other_shares_cost_less(fields, price, seed):
    problem = PartitionProblem(**fields)
    result = certified(minimize_priced_latency(PricedPartitionProblem(partition=problem, imbalance_price_s=price)))
    is_partition(problem, result.fraction)
    some = others(problem, np.random.default_rng(seed))
    some = np.concatenate([some, result.fraction + 1e-3 * (some - result.fraction), problem.balanced_fraction[None]])
    cost = problem.latency_s(some).max(axis=-1) + price * problem.imbalance(some)
    assert (cost >= result.cost_s - 1e-8 * cost).all()
    dearer = minimize_priced_latency(PricedPartitionProblem(partition=problem, imbalance_price_s=2.0 * price))
    assert dearer.imbalance <= result.imbalance + 1e-8
    assert dearer.round_latency_s >= result.round_latency_s * (1.0 - 1e-8)
    assert len(result.explain()) == 1 + 2 * problem.num_cells


@law_of(PricedPartitionProblem)
@given(wrong=negative)
def test_a_price_of_imbalance_is_no_less_than_nothing(wrong):
    partition = PartitionProblem(fixed_latency_s=0.0, slope_s=[1.0, 2.0], weights=[0.5, 0.5])
    with refused("imbalance_price_s"):
        PricedPartitionProblem(partition=partition, imbalance_price_s=wrong)


# Round by round


@st.composite
def fading_problems(draw, batch=()):
    fields = draw(
        partition_fields(batch=(*batch, draw(st.integers(1, 6))), num_cells=st.integers(1, 4), floors=False, spread=30.0)
    )
    fields["weights"] = np.broadcast_to(draw(weights(fields["slope_s"].shape[-1:])), fields["slope_s"].shape)
    return FadingPartitionProblem(partition=PartitionProblem(**fields), max_imbalance=draw(decades(1e-3, 3.0)))


@law_of(FadingPartitionProblem, FadingPartitionResult, best_fixed_price, one_shot_partition, follow_virtual_queue)
@given(problem=fading_problems(), patience=decades(1e-2, 1e2))
def test_nobody_beats_the_best_fixed_price_at_the_same_imbalance(problem, patience):
    best, once = best_fixed_price(problem), one_shot_partition(problem)
    queue = follow_virtual_queue(problem, latency_weight_per_s=patience)
    for result in (best, once, queue):
        certified(result)
        is_partition(problem.partition, result.fraction)
        assert result.fraction.shape == problem.partition.slope_s.shape
        np.testing.assert_allclose(result.round_latency_s, problem.partition.latency_s(result.fraction).max(axis=-1), rtol=1e-8)
        np.testing.assert_allclose(result.imbalance, problem.partition.imbalance(result.fraction), rtol=1e-8, atol=1e-12)
        assert len(result.explain()) == 1 + problem.partition.num_cells
    limit = problem.max_imbalance
    assert best.mean_imbalance <= limit * (1.0 + 1e-8)
    assert once.mean_imbalance <= limit * (1.0 + 1e-8)
    assert queue.mean_imbalance <= queue.imbalance_guarantee * (1.0 + 1e-9)
    assert best.mean_latency_s <= once.mean_latency_s * (1.0 + 1e-8)
    if queue.mean_imbalance <= limit:
        assert best.mean_latency_s <= queue.mean_latency_s * (1.0 + 1e-8)
    assert problem.drift_bound >= 0.5 * (queue.imbalance.max() - limit) ** 2 * (1.0 - 1e-9)


@law_of(FadingPartitionProblem, best_fixed_price, one_shot_partition, follow_virtual_queue)
@FEWER
@given(problem=fading_problems(batch=(2,)))
def test_a_batch_of_fading_runs_is_a_loop_over_them(problem):
    policies = (best_fixed_price, one_shot_partition, lambda one: follow_virtual_queue(one, latency_weight_per_s=1.0))
    for policy in policies:
        together = policy(problem)
        for index in range(2):
            alone = policy(replace(problem, partition=problem.partition[index]))
            np.testing.assert_allclose(together.mean_latency_s[index], alone.mean_latency_s, rtol=1e-7)
            np.testing.assert_allclose(together.mean_imbalance[index], alone.mean_imbalance, rtol=1e-6, atol=1e-9)


@law_of(FadingPartitionProblem)
@SLOW
@given(problem=fading_problems())
def test_cvxpy_agrees_on_fading_partitions(problem):
    assert np.isclose(problem.to_cvxpy().solve(), best_fixed_price(problem).mean_latency_s, rtol=1e-5)


@law_of(FadingPartitionProblem, follow_virtual_queue)
@given(wrong=not_positive)
def test_a_fading_problem_names_what_is_wrong_with_it(wrong):
    partition = PartitionProblem(fixed_latency_s=0.0, slope_s=[[1.0, 2.0]], weights=[0.5, 0.5])
    with refused("max_imbalance"):
        FadingPartitionProblem(partition=partition, max_imbalance=wrong)
    with refused("partition"):
        FadingPartitionProblem(partition=partition[0], max_imbalance=1.0)
    with refused("latency_weight_per_s"):
        follow_virtual_queue(FadingPartitionProblem(partition=partition, max_imbalance=1.0), latency_weight_per_s=wrong)


# Whole neurons


@law_of(whole_neurons)
@given(num_cells=st.integers(1, 4), num_neurons=st.integers(1, 9), data=st.data())
def test_whole_neurons_are_dealt_out_and_the_rest_as_well_as_can_be(num_cells, num_neurons, data):
    share = data.draw(weights((num_cells,)))
    fixed, slope = data.draw(decade_arrays(num_cells, 1e-2, 1e2)), data.draw(decade_arrays(num_cells, 1e-2, 1e2))
    delays = {"fixed_latency_s": fixed, "slope_s": slope}
    if num_neurons < num_cells:
        with pytest.raises(InfeasibleProblem, match=r"^num_neurons"):
            whole_neurons(share, num_neurons=num_neurons, **delays)
        return
    counts = whole_neurons(share, num_neurons=num_neurons, **delays)
    assert counts.sum() == num_neurons
    assert counts.min() >= 1
    low = np.maximum(np.floor(share * num_neurons + 1e-9).astype(int), 1)
    if low.sum() <= num_neurons:  # nobody has to give any back
        assert (counts >= low).all()
        ways = product(*(range(least, num_neurons + 1) for least in low))
        best = min((fixed + slope * np.array(way) / num_neurons).max() for way in ways if sum(way) == num_neurons)
        assert np.isclose((fixed + slope * counts / num_neurons).max(), best, rtol=1e-12)
    order = data.draw(permutations(num_cells))
    assume(len(np.unique(fixed)) == num_cells)  # who gets a neuron among equals is chance
    moved = whole_neurons(share[order], num_neurons=num_neurons, fixed_latency_s=fixed[order], slope_s=slope[order])
    assert np.isclose((fixed[order] + slope[order] * moved / num_neurons).max(), (fixed + slope * counts / num_neurons).max())


@law_of(whole_neurons)
@given(num_neurons=st.integers(1, 1000), num_cells=st.integers(1, 6))
def test_shares_that_are_whole_stay_as_they_are(num_neurons, num_cells):
    counts = np.full(num_cells, num_neurons)
    found = whole_neurons(
        counts / counts.sum(), num_neurons=int(counts.sum()), fixed_latency_s=np.zeros(num_cells), slope_s=np.ones(num_cells)
    )
    np.testing.assert_array_equal(found, counts)
