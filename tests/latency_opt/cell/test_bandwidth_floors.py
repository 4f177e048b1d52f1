"""Least bands of clients, what the optimum is worth, and bands in whole resource blocks."""

import dataclasses
import itertools

import numpy as np
import pytest

from latency_opt import BandwidthProblem, InfeasibleProblem, Status, minimize_block_deadline, minimize_deadline

NOISE = 2e-20
BAND = 10e6


def random_problem(shape, *, seed, floors=True):
    """Gains over 80 dB; floors that take up to nine tenths of the band, and bind for some clients."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(shape[-1]), shape[:-1]) * rng.uniform(0.0, 0.9, (*shape[:-1], 1))
    return BandwidthProblem(
        compute_s=rng.uniform(0.0, 0.5, shape),
        payload_bits=rng.uniform(1e5, 2e6, shape) * (rng.random(shape) < 0.9),
        gain_power_w=10.0 ** -rng.uniform(6.0, 14.0, shape),
        noise_psd_w_per_hz=NOISE,
        bandwidth_hz=BAND,
        min_bandwidth_hz=BAND * share if floors else 0.0,
    )


def one(problem, index):
    names = ("compute_s", "payload_bits", "gain_power_w", "bandwidth_hz", "min_bandwidth_hz")
    return dataclasses.replace(problem, **{name: getattr(problem, name)[index] for name in names})


def test_with_floors_against_cvxpy():
    problem = random_problem((60, 5), seed=0)
    result = minimize_deadline(problem)
    assert result.status is Status.OPTIMAL
    sends = problem.payload_bits > 0.0
    assert (result.bandwidth_hz >= problem.min_bandwidth_hz * (1 - 1e-12)).all()
    held = sends & (result.bandwidth_hz <= problem.min_bandwidth_hz) & sends.any(axis=-1, keepdims=True)
    assert 20 < held.sum() < sends.sum() - 60
    for index in range(60):
        if sends[index].any():
            single = one(problem, index)
            np.testing.assert_allclose(result.deadline_s[index], single.to_cvxpy().solve(), rtol=1e-6)


@pytest.mark.parametrize("num_clients", [1, 2, 30])
def test_floors_of_nothing_change_nothing_and_a_floor_of_all_settles_it(num_clients):
    free = random_problem((40, num_clients), seed=1, floors=False)
    free = dataclasses.replace(free, payload_bits=np.maximum(free.payload_bits, 1e5))
    best = minimize_deadline(free)
    tiny = dataclasses.replace(free, min_bandwidth_hz=1e-6 * best.bandwidth_hz)
    np.testing.assert_array_equal(minimize_deadline(tiny).deadline_s, best.deadline_s)
    equal = minimize_deadline(dataclasses.replace(free, min_bandwidth_hz=BAND / num_clients))
    np.testing.assert_allclose(equal.bandwidth_hz, BAND / num_clients, rtol=1e-9)
    np.testing.assert_allclose(equal.deadline_s, free.finish_s(np.full((40, num_clients), BAND / num_clients)).max(axis=-1))
    assert equal.status is Status.OPTIMAL


def test_floors_beyond_the_band_are_infeasible():
    with pytest.raises(InfeasibleProblem, match="min_bandwidth_hz: the least bands add up to 1.2e.07 Hz; the cell has 1e.07"):
        dataclasses.replace(random_problem((3, 4), seed=2), payload_bits=1.0, min_bandwidth_hz=3e6)
    floors = np.array([[1e6], [3e6], [2e6]])
    with pytest.raises(InfeasibleProblem, match="min_bandwidth_hz: the least bands add up to 1.2e.07 Hz") as error:
        dataclasses.replace(random_problem((3, 4), seed=2), payload_bits=1.0, min_bandwidth_hz=floors)
    assert error.value.infeasible.tolist() == [False, True, False]
    with pytest.raises(ValueError, match="min_bandwidth_hz: got -1"):
        dataclasses.replace(random_problem((3, 4), seed=2), min_bandwidth_hz=-1.0)


def test_prices_are_the_slopes_of_the_optimum():
    """Every price of the table against central differences of the deadline."""
    problem = random_problem((20, 4), seed=3)
    table = minimize_deadline(problem).explain()
    assert set(table.columns) == {"value", "unit", "binds", "price_s_per_unit", "one_percent_s"}
    batch = np.arange(20)

    def slope(name, client, step):
        base = np.array(getattr(problem, name))
        ends = []
        for sign in (1.0, -1.0):
            moved = base.copy()
            moved[(..., client) if client is not None else ...] += sign * step
            ends.append(minimize_deadline(dataclasses.replace(problem, **{name: moved})).deadline_s)
        return (ends[0] - ends[1]) / 2.0

    priced = table["price_s_per_unit"].unstack()
    np.testing.assert_allclose(priced["bandwidth_hz"][batch], slope("bandwidth_hz", None, 10.0) / 10.0, rtol=1e-4)
    for client in range(4):
        sends = problem.payload_bits[:, client] > 0.0
        compute = slope("compute_s", client, 1e-6) / 1e-6
        np.testing.assert_allclose(priced[f"client {client} compute_s"][batch], compute * sends, rtol=1e-3, atol=1e-6)
        bits = slope("payload_bits", client, sends * 1.0)
        np.testing.assert_allclose(priced[f"client {client} payload_bits"][batch], bits * sends, rtol=1e-3, atol=1e-12)
        decibel = slope("gain_power_w", client, problem.gain_power_w[:, client] * 1e-4) / (1e-4 / np.log(10.0) * 10.0)
        np.testing.assert_allclose(priced[f"client {client} gain_power_w"][batch], decibel * sends, rtol=1e-3, atol=1e-7)
        hertz = slope("min_bandwidth_hz", client, sends * problem.min_bandwidth_hz[:, client] * 1e-6)
        hertz = np.divide(hertz, problem.min_bandwidth_hz[:, client] * 1e-6, out=np.zeros(20), where=sends)
        np.testing.assert_allclose(priced[f"client {client} min_bandwidth_hz"][batch], hertz, rtol=1e-3, atol=1e-12)
    # Deadlines move with the clients who are waited for: their weights add up to 1.
    waited = table["price_s_per_unit"][table.index.get_level_values("resource").str.endswith("compute_s")]
    np.testing.assert_allclose(waited.groupby("instance").sum(), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_whole_blocks_against_every_way_of_dealing_them(seed):
    problem = random_problem((8, 3), seed=seed)
    blocks = 9
    least = np.where(problem.payload_bits > 0.0, np.maximum(np.ceil(problem.min_bandwidth_hz / (BAND / blocks)), 1.0), 0.0)
    problem = one(problem, np.flatnonzero(least.sum(axis=-1) <= blocks))
    least = least[least.sum(axis=-1) <= blocks]
    result = minimize_block_deadline(problem, num_resource_blocks=blocks)
    ways = np.array([way for way in itertools.product(range(blocks + 1), repeat=3) if sum(way) <= blocks])
    for index in range(len(least)):
        single = one(problem, index)
        allowed = ways[(ways >= least[index]).all(axis=1)]
        sends = single.payload_bits > 0.0
        wide = np.where(sends, allowed, 1) * BAND / blocks
        sooner = np.array([single.finish_s(bands).max() for bands in wide])
        np.testing.assert_allclose(result.deadline_s[index], sooner.min(), rtol=1e-12)
        assert (result.num_blocks[index] >= least[index]).all()
        assert result.num_blocks[index].sum() <= blocks
    assert (result.bound_s <= result.deadline_s * (1 + 1e-9)).all()


def test_many_blocks_are_nearly_any_band():
    problem = random_problem((20, 10), seed=9, floors=False)
    smooth = minimize_deadline(problem).deadline_s
    coarse, fine = (minimize_block_deadline(problem, num_resource_blocks=count).deadline_s for count in (50, 20_000))
    assert (smooth <= fine * (1 + 1e-12)).all()
    assert (fine <= coarse * (1 + 1e-12)).all()
    np.testing.assert_allclose(fine, smooth, rtol=1e-2)


def test_fewer_blocks_than_clients_are_infeasible():
    problem = dataclasses.replace(random_problem((2, 5), seed=1, floors=False), payload_bits=1e6)
    with pytest.raises(InfeasibleProblem, match="num_resource_blocks: got 4; at least 5 are needed"):
        minimize_block_deadline(problem, num_resource_blocks=4)
