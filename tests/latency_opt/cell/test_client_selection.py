"""Selections against all sets there are, and the laws of the problem."""

import dataclasses
import itertools

import numpy as np
import pytest

from latency_opt import BandwidthProblem, InfeasibleProblem, Status, minimize_deadline
from latency_opt.cell.client_selection import ClientSelectionProblem, select_clients

NOISE = 2e-20


def random_bandwidth(shape, *, seed, decades=(9.0, 14.0)):
    rng = np.random.default_rng(seed)
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 2.0, shape),
        payload_bits=rng.uniform(1e5, 2e6, shape),
        gain_power_w=10.0 ** -rng.uniform(*decades, shape),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=10e6,
    )


def selection(bandwidth, **changes):
    constants = {"optimisation_error": 3.0, "bias_price": 0.05, "variance_price": 0.05, "target": 0.1, "fixed_s": 0.2}
    return ClientSelectionProblem(bandwidth=bandwidth, **constants | changes)


def all_sets(bandwidth):
    """(2^n - 1, n) sets and the (..., 2^n - 1) least deadline of each."""
    sets = np.array(list(itertools.product([False, True], repeat=bandwidth.payload_bits.shape[-1])))[1:]
    every = {name: getattr(bandwidth, name)[..., None, :] for name in ("compute_s", "gain_power_w")}
    bits = np.where(sets, bandwidth.payload_bits[..., None, :], 0.0)
    whole = bandwidth.bandwidth_hz[..., None]
    return sets, minimize_deadline(
        BandwidthProblem(payload_bits=bits, noise_psd_w_per_hz=NOISE, bandwidth_hz=whole, **every)
    ).deadline_s


@pytest.mark.parametrize("num_clients", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("decades", [(12.0, 12.1), (9.0, 14.0), (7.0, 16.0)], ids=["alike", "50 dB apart", "90 dB apart"])
def test_no_other_set_is_sooner(num_clients, decades):
    """40 instances each, 600 in all: every size's deadline is the least, and the size picked the best."""
    bandwidth = random_bandwidth((40, num_clients), seed=num_clients, decades=decades)
    problem = selection(bandwidth, fixed_s=np.linspace(0.0, 5.0, 40))
    result = select_clients(problem)
    assert result.status is Status.OPTIMAL
    sets, deadline = all_sets(bandwidth)
    count = sets.sum(axis=-1)
    best = (problem.rounds(count) * (deadline + problem.fixed_s[:, None])).min(axis=-1)
    np.testing.assert_allclose(result.training_latency_s, best, rtol=1e-9)
    for k, size in enumerate(result.sizes):
        np.testing.assert_allclose(result.deadlines_s[:, k], deadline[:, count == size].min(axis=-1), rtol=1e-9)


def test_prefixes_by_finishing_time_may_be_worse():
    """Never better than the sets found; and worse by more than a thousandth in several of 40 instances."""
    bandwidth = random_bandwidth((40, 8), seed=0)
    result = select_clients(selection(bandwidth))
    rank = bandwidth.finish_s(np.full((40, 8), 10e6 / 8)).argsort(axis=-1).argsort(axis=-1)
    worse = 0
    for k, size in enumerate(result.sizes):
        prefix = minimize_deadline(result.problem.only(rank < size)).deadline_s
        assert (result.deadlines_s[:, k] <= prefix * (1 + 1e-9)).all()
        worse += (prefix > 1.001 * result.deadlines_s[:, k]).sum()
    assert worse >= 10


def test_with_finishing_times_that_bands_hardly_change_the_sets_are_prefixes():
    """The band is ample, so that everybody is done when computed and the fastest are kept."""
    bandwidth = dataclasses.replace(random_bandwidth((10, 6), seed=3), gain_power_w=1e-9, bandwidth_hz=1e13)
    result = select_clients(selection(bandwidth))
    for row in range(10):
        order = np.argsort(bandwidth.finish_s(np.full((10, 6), 1e12))[row])
        np.testing.assert_array_equal(np.sort(order[: result.num_selected[row]]), np.flatnonzero(result.selected[row]))


def test_the_bands_are_those_of_the_selected_alone():
    problem = selection(random_bandwidth((6, 7), seed=4))
    result = select_clients(problem)
    alone = minimize_deadline(problem.only(result.selected))
    np.testing.assert_allclose(result.deadline_s, alone.deadline_s, rtol=1e-12)
    np.testing.assert_allclose(result.bandwidth_hz, alone.bandwidth_hz, rtol=1e-12)
    assert (result.bandwidth_hz[~result.selected] == 0.0).all()


def test_what_is_saved_and_what_it_costs():
    problem = selection(random_bandwidth((20, 8), seed=5))
    result = select_clients(problem)
    everybody = minimize_deadline(problem.bandwidth).deadline_s
    np.testing.assert_allclose(result.saved_per_round_s, everybody - result.deadline_s, rtol=1e-12, atol=1e-12)
    whole = float(problem.rounds(np.asarray(8))) * (everybody + 0.2)
    np.testing.assert_allclose(result.saved_s, whole - result.training_latency_s, rtol=1e-9, atol=1e-9)
    assert (result.saved_s >= 0.0).all()
    assert (result.bound_cost >= 0.0).all()
    room = 0.1 - 0.05 / 8 - result.bound_cost
    np.testing.assert_allclose(result.rounds, 3.0 / room, rtol=1e-12)


def test_without_a_price_of_bias_or_variance_the_soonest_alone_is_enough_and_with_a_high_one_all_are_needed():
    bandwidth = random_bandwidth((10, 6), seed=6)
    free = select_clients(selection(bandwidth, bias_price=0.0, variance_price=0.0))
    assert (free.num_selected == 1).all()
    assert (select_clients(selection(bandwidth, bias_price=1e4)).num_selected == 6).all()
    assert (select_clients(selection(bandwidth, bias_price=0.0, variance_price=0.0, min_clients=4)).num_selected == 4).all()


def test_laws():
    """A dearer bias keeps more clients, more band is never later, and permuting clients permutes the answer."""
    bandwidth = random_bandwidth((30, 7), seed=7)
    kept = [select_clients(selection(bandwidth, bias_price=price)).num_selected for price in (0.0, 0.01, 0.1, 1.0)]
    assert all((after >= before).all() for before, after in itertools.pairwise(kept))
    base = select_clients(selection(bandwidth))
    more = select_clients(selection(dataclasses.replace(bandwidth, bandwidth_hz=15e6)))
    assert (more.training_latency_s < base.training_latency_s).all()
    order = np.array([3, 0, 6, 4, 1, 2, 5])
    names = ("compute_s", "payload_bits", "gain_power_w")
    permuted = dataclasses.replace(bandwidth, **{name: getattr(bandwidth, name)[:, order] for name in names})
    np.testing.assert_array_equal(select_clients(selection(permuted)).selected, base.selected[:, order])


def test_clients_that_are_the_same_are_chosen_from_without_end():
    """Ties must not make the exchanges go round in circles."""
    bandwidth = BandwidthProblem(
        compute_s=np.full(10, 0.5), payload_bits=1e6, gain_power_w=1e-12, noise_psd_w_per_hz=NOISE, bandwidth_hz=1e6
    )
    result = select_clients(selection(bandwidth))
    assert result.status is Status.OPTIMAL
    assert result.iterations <= 2


def test_one_of_a_batch_is_the_instance_alone_and_batches_may_have_several_axes():
    bandwidth = random_bandwidth((2, 3, 5), seed=8)
    result = select_clients(selection(bandwidth))
    assert result.training_latency_s.shape == (2, 3)
    names = ("compute_s", "payload_bits", "gain_power_w", "bandwidth_hz")
    alone = dataclasses.replace(bandwidth, min_bandwidth_hz=0.0, **{name: getattr(bandwidth, name)[1, 2] for name in names})
    one = select_clients(selection(alone))
    np.testing.assert_allclose(one.training_latency_s, result.training_latency_s[1, 2], rtol=1e-12)
    np.testing.assert_array_equal(one.selected, result.selected[1, 2])


def test_cvxpy_agrees_on_the_time_with_the_set_found():
    bandwidth = random_bandwidth((6,), seed=9)
    problem = selection(bandwidth)
    result = select_clients(problem)
    program = problem.to_cvxpy(selected=result.selected)
    np.testing.assert_allclose(program.solve(), result.training_latency_s, rtol=1e-6)
    everybody = problem.to_cvxpy(selected=np.ones(6, dtype=bool)).solve()
    np.testing.assert_allclose(everybody, result.training_latencies_s[-1], rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_prices_are_slopes_of_the_optimum(seed):
    problem = selection(random_bandwidth((6,), seed=20 + seed))
    result = select_clients(problem)
    table = result.explain().loc[0]
    np.testing.assert_array_equal(table["binds"].iloc[-6:].to_numpy(), result.selected)

    def slope(step, **changed):
        after, before = (
            select_clients(dataclasses.replace(problem, **{name: make(s) for name, make in changed.items()}))
            for s in (step, -step)
        )
        np.testing.assert_array_equal(after.selected, before.selected)
        return float(after.training_latency_s - before.training_latency_s) / (2 * step)

    for name in ("target", "bias_price", "variance_price"):
        here = getattr(problem, name)
        found = slope(1e-6 * here, **{name: lambda s, here=here: here + s})
        np.testing.assert_allclose(table.loc[name, "price_s_per_unit"], found, rtol=1e-5, atol=1e-6)
    found = slope(1e-5, fixed_s=lambda s: problem.fixed_s + s)
    np.testing.assert_allclose(table.loc["fixed_s", "price_s_per_unit"], found, rtol=1e-6)
    band = problem.bandwidth
    found = slope(1e3, bandwidth=lambda s: dataclasses.replace(band, bandwidth_hz=band.bandwidth_hz + s))
    np.testing.assert_allclose(table.loc["bandwidth_hz", "price_s_per_unit"], found, rtol=1e-4)
    for i in range(6):
        at = np.arange(6) == i
        found = slope(1e-6, bandwidth=lambda s, at=at: dataclasses.replace(band, compute_s=band.compute_s + s * at))
        np.testing.assert_allclose(table.loc[f"client {i} compute_s", "price_s_per_unit"], found, rtol=1e-3, atol=1e-3)


def test_infeasible_targets_name_what_binds():
    with pytest.raises(InfeasibleProblem, match=r"target: got 0\.01; more than 0\.0125 is needed even with all 4 clients"):
        select_clients(selection(random_bandwidth((4,), seed=1), target=0.01))
    with pytest.raises(InfeasibleProblem) as error:
        select_clients(selection(random_bandwidth((3, 4), seed=1), target=0.01))
    assert error.value.infeasible.tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("target", 0.0, "target: got 0"),
        ("bias_price", -1.0, "bias_price: got -1"),
        ("min_clients", 9, "min_clients: got 9; allowed is at most the number of clients, 4"),
        ("min_clients", 0, "min_clients: got 0"),
        ("fixed_s", np.ones(3), "fixed_s: got shape"),
    ],
)
def test_bad_input_names_the_argument(field, value, message):
    with pytest.raises(ValueError, match=message):
        selection(random_bandwidth((2, 4), seed=1), **{field: value})
    with pytest.raises(ValueError, match=r"bandwidth\.payload_bits: got 0"):
        selection(dataclasses.replace(random_bandwidth((2,), seed=1), payload_bits=[1.0, 0.0]))


def test_least_bands_are_kept():
    """Against all sets again, with least bands that some clients do not need."""
    bandwidth = dataclasses.replace(random_bandwidth((20, 6), seed=10), min_bandwidth_hz=1.2e6)
    problem = selection(bandwidth)
    result = select_clients(problem)
    assert result.status is Status.OPTIMAL
    assert (result.bandwidth_hz[result.selected] >= 1.2e6 * (1 - 1e-12)).all()
    sets = np.array(list(itertools.product([False, True], repeat=6)))[1:]
    best = np.full(20, np.inf)
    for chosen in sets:
        seconds = minimize_deadline(problem.only(np.broadcast_to(chosen, (20, 6)))).deadline_s
        best = np.minimum(best, problem.rounds(chosen.sum()) * (seconds + 0.2))
    np.testing.assert_allclose(result.training_latency_s, best, rtol=1e-9)
