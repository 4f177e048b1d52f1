"""Laws over every beamformer, global optima at two antennas, and solvers that know nothing of ours."""

import itertools
import re

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

from aircomp.beamforming.difference_of_convex import DifferenceOfConvex
from aircomp.beamforming.matched_filters import MatchedFilters
from aircomp.beamforming.randomization import GaussianRandomization
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from channels import Rayleigh

RELAXING = [GaussianRandomization(), SuccessiveConvexApproximation(), DifferenceOfConvex(max_iterations=20)]
BEAMFORMERS = [*RELAXING, MatchedFilters()]
each = pytest.mark.parametrize("beamformer", BEAMFORMERS, ids=lambda b: type(b).__name__)
each_relaxing = pytest.mark.parametrize("beamformer", RELAXING, ids=lambda b: type(b).__name__)


def draws(num, num_clients, num_antennas, *, spread_db=0.0, seed=0):
    rng = np.random.default_rng(seed)
    channel = Rayleigh().draw((num, num_clients, num_antennas), rng=rng)
    return channel * 10.0 ** rng.uniform(-spread_db / 20.0, 0.0, (num, num_clients, 1))


def received(channel, result):
    return np.abs(np.matvec(channel, result.combiner.conj()))


def least_square_norm_at_two_antennas(channel):
    """The global optimum of one draw (K, 2).

    |mᴴg|²/‖m‖² = ‖g‖²(1 + nᵀp)/2 with points n of m, and p of g, on the sphere. The largest least of these linear functions is
    where one is largest, or two or three of them meet.
    """
    power = np.sum(np.abs(channel) ** 2, axis=-1)
    cross = channel[:, 0] * channel[:, 1].conj()
    level = power / 2.0
    slope = np.stack([cross.real, -cross.imag, (np.abs(channel[:, 0]) ** 2 - np.abs(channel[:, 1]) ** 2) / 2.0], axis=-1)
    points = [slope / level[:, None]]
    for i, j in itertools.combinations(range(len(channel)), 2):
        normal, offset = slope[i] - slope[j], level[j] - level[i]  # n·normal = offset is where i and j meet
        foot = normal * offset / (normal @ normal)
        along = slope[i] - normal * (slope[i] @ normal) / (normal @ normal)
        if foot @ foot < 1.0:
            points.append((foot + along * np.sqrt((1.0 - foot @ foot) / (along @ along)))[None])
    for i, j, k in itertools.combinations(range(len(channel)), 3):
        first, second = slope[i] - slope[j], slope[i] - slope[k]
        foot = np.linalg.lstsq(np.stack([first, second]), np.array([level[j] - level[i], level[k] - level[i]]), rcond=None)[0]
        along = np.cross(first, second)
        if foot @ foot < 1.0:
            step = along * np.sqrt((1.0 - foot @ foot) / (along @ along))
            points.append(np.stack([foot + step, foot - step]))
    return 1.0 / np.max(np.min(level + np.concatenate(points) @ slope.T, axis=-1))


@pytest.mark.parametrize("num_antennas", [1, 2, 4, 8])
@pytest.mark.parametrize("num_clients", [2, 3, 5, 10, 20, 40])
def test_the_bound_is_below_and_no_descent_is_above_its_start(num_clients, num_antennas):
    channel = draws(12, num_clients, num_antennas)
    random, descent, difference = (beamformer.solve(channel) for beamformer in RELAXING)
    for result in (random, descent, difference):
        np.testing.assert_array_equal(result.bound, random.bound)
        assert (result.square_norm >= result.bound * (1.0 - 1e-12)).all()
        np.testing.assert_allclose(received(channel, result).min(axis=-1), 1.0, rtol=1e-12)
        np.testing.assert_allclose(np.sum(np.abs(result.combiner) ** 2, axis=-1), result.square_norm, rtol=1e-12)
    assert (descent.square_norm <= random.square_norm * (1.0 + 1e-12)).all()
    assert (difference.square_norm <= random.square_norm * (1.0 + 1e-12)).all()
    if num_clients <= 3:
        np.testing.assert_allclose(random.square_norm, random.bound, rtol=1e-8)
    if num_clients >= 20 and num_antennas >= 4:
        assert (descent.square_norm < 0.99 * random.square_norm).mean() > 0.8
        assert (difference.square_norm < 0.99 * random.square_norm).mean() > 0.8


@each
def test_a_single_antenna_is_set_by_the_weakest(beamformer):
    channel = draws(20, 6, 1)
    result = beamformer.solve(channel)
    np.testing.assert_allclose(result.square_norm, 1.0 / np.min(np.abs(channel[..., 0]) ** 2, axis=-1), rtol=1e-12)


@each
def test_a_single_client_gets_its_matched_filter(beamformer):
    channel = draws(20, 1, 5)
    result = beamformer.solve(channel)
    np.testing.assert_allclose(result.square_norm, 1.0 / np.sum(np.abs(channel[:, 0]) ** 2, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("num_clients", [4, 6, 9])
@pytest.mark.parametrize("spread_db", [0.0, 20.0])
def test_at_two_antennas_successive_convex_approximation_finds_the_global_optimum(num_clients, spread_db):
    channel = draws(60, num_clients, 2, spread_db=spread_db)
    best = np.array([least_square_norm_at_two_antennas(one) for one in channel])
    for beamformer in BEAMFORMERS:
        assert (beamformer.solve(channel).square_norm >= best * (1.0 - 1e-9)).all()
    found = SuccessiveConvexApproximation().solve(channel)
    assert (found.bound <= best * (1.0 + 1e-12)).all()
    assert (found.square_norm <= best * (1.0 + 1e-5)).mean() >= 0.95
    more = SuccessiveConvexApproximation(num_starts=20).solve(channel)
    np.testing.assert_allclose(more.square_norm, best, rtol=1e-5)


@pytest.mark.parametrize(("num_clients", "num_antennas"), [(4, 3), (6, 2), (6, 4)])
def test_sequential_quadratic_programming_from_many_starts_finds_nothing_better(num_clients, num_antennas):
    for seed in range(2):
        channel = draws(1, num_clients, num_antennas, seed=seed)[0]
        channel /= np.linalg.norm(channel, axis=-1).min()

        def surplus(x, channel=channel):
            return np.abs(channel @ (x[:num_antennas] - 1j * x[num_antennas:])) ** 2 - 1.0

        rng = np.random.default_rng(seed)
        rivals = []
        for _ in range(8):
            start = rng.standard_normal(2 * num_antennas)
            start /= np.sqrt(surplus(start).min() + 1.0)
            limits = {"type": "ineq", "fun": surplus}
            answer = minimize(lambda x: x @ x, start, jac=lambda x: 2.0 * x, constraints=limits, method="SLSQP")
            if answer.success and surplus(answer.x).min() > -1e-6:
                rivals.append(answer.fun)
        assert len(rivals) >= 3
        ours = SuccessiveConvexApproximation(num_starts=8).solve(channel)
        np.testing.assert_allclose(ours.square_norm, min(rivals), rtol=1e-5)


def test_where_it_ends_the_conditions_of_karush_kuhn_and_tucker_hold():
    """m is a nonnegative combination of the gradients g_i g_iᴴm of the clients that bind, by least squares of another's."""
    channel = draws(20, 12, 4)
    result = SuccessiveConvexApproximation(tolerance=1e-8).solve(channel)
    assert (result.stationarity <= 1e-8).all()
    random = GaussianRandomization().solve(channel)

    def misfit(gain, combiner):
        inner = gain.conj() @ combiner
        binding = np.abs(inner) < 1.0 + 1e-3
        gradient = gain[binding] * inner[binding, None]
        rows, wanted = (np.concatenate([z.real, z.imag], axis=-1) for z in (gradient, combiner))
        return nnls(rows.T, wanted)[1] / np.linalg.norm(combiner)

    assert max(map(misfit, channel, result.combiner)) < 1e-3
    assert np.median(list(map(misfit, channel, random.combiner))) > 1e-2
    assert np.median(random.stationarity) > 1e-2


@each_relaxing
@pytest.mark.parametrize("num_clients", [3, 8])
def test_units_of_the_channel_do_not_matter(beamformer, num_clients):
    channel = draws(10, num_clients, 3)
    plain, scaled = beamformer.solve(channel), beamformer.solve(2.0**-20 * channel)
    np.testing.assert_allclose(scaled.square_norm, 2.0**40 * plain.square_norm, rtol=1e-12)
    np.testing.assert_allclose(scaled.bound, 2.0**40 * plain.bound, rtol=1e-12)
    other = beamformer.solve(1e-7 * channel)
    np.testing.assert_allclose(other.bound, 1e14 * plain.bound, rtol=2e-9)


@pytest.mark.parametrize("num_clients", [3, 8])
def test_order_repetition_and_rotation_of_clients_and_antennas_do_not_matter(num_clients):
    """The bound at any number of clients, and the optimum where there is one certificate for it."""
    channel = draws(10, num_clients, 3)
    rng = np.random.default_rng(1)
    unitary = np.linalg.qr(rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))).Q
    turned = channel * np.exp(2j * np.pi * rng.random((10, num_clients, 1)))
    silent = np.concatenate([channel, np.zeros((10, 2, 3))], axis=1)
    repeated = np.concatenate([channel, channel[:, :2]], axis=1)
    plain = SuccessiveConvexApproximation().solve(channel)
    certain = plain.gap < 1e-7
    assert certain.sum() >= 3
    for other in (channel[:, rng.permutation(num_clients)], repeated, channel @ unitary, turned, silent):
        result = SuccessiveConvexApproximation(num_starts=8).solve(other)
        np.testing.assert_allclose(result.bound, plain.bound, rtol=2e-9)
        np.testing.assert_allclose(result.square_norm[certain], plain.square_norm[certain], rtol=1e-6)


@each
def test_one_draw_of_a_batch_is_the_draw_alone(beamformer):
    channel = draws(12, 5, 3).reshape(3, 4, 5, 3)
    batch = beamformer.solve(channel)
    assert batch.combiner.shape == (3, 4, 3)
    assert batch.square_norm.shape == batch.bound.shape == batch.stationarity.shape == (3, 4)
    alone = beamformer.solve(channel[1, 2])
    np.testing.assert_allclose(batch.square_norm[1, 2], alone.square_norm, rtol=1e-6)
    np.testing.assert_allclose(batch.bound[1, 2], alone.bound, rtol=1e-8)


@each_relaxing
def test_sixty_decibels_between_clients(beamformer):
    channel = draws(20, 12, 4, spread_db=60.0)
    result = beamformer.solve(channel)
    np.testing.assert_allclose(received(channel, result).min(axis=-1), 1.0, rtol=1e-12)
    weakest = 1.0 / np.min(np.sum(np.abs(channel) ** 2, axis=-1), axis=-1)
    assert (result.bound >= weakest * (1.0 - 1e-9)).all()
    assert (result.gap >= -1e-12).all()
    assert (result.gap < 1e-6).mean() > 0.5  # few clients matter


def test_without_a_relaxation_there_is_no_bound_and_the_descent_still_helps():
    channel = draws(30, 12, 4)
    start = MatchedFilters()
    begin, quick = start.solve(channel), SuccessiveConvexApproximation(start=start).solve(channel)
    assert np.isnan(quick.bound).all()
    assert np.isnan(quick.gap).all()
    assert (quick.square_norm < begin.square_norm).all()
    assert (quick.stationarity <= 1e-6).all()


def test_more_starts_never_hurt():
    channel = draws(20, 20, 4)
    few, many = (SuccessiveConvexApproximation(num_starts=n).solve(channel).square_norm for n in (1, 6))
    assert (many <= few * (1.0 + 1e-12)).all()
    assert (many < 0.99 * few).any()


@each
@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ([1.0, 1.0], "channel: got shape (2,)"),
        (np.ones((3, 0)), "channel: got shape (3, 0)"),
        ([[1.0, np.inf]], "channel: got inf at index (0, 1)"),
        (np.zeros((2, 3, 2)), "channel: got a draw in which every client's channel is 0"),
    ],
)
def test_bad_channels_are_refused(beamformer, channel, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        beamformer.solve(channel)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (GaussianRandomization, {"num_candidates": 0}, "num_candidates: got 0"),
        (SuccessiveConvexApproximation, {"num_starts": 0}, "num_starts: got 0"),
        (SuccessiveConvexApproximation, {"tolerance": 0.0}, "tolerance: got 0"),
        (SuccessiveConvexApproximation, {"max_iterations": 1.5}, "max_iterations: got 1.5"),
        (DifferenceOfConvex, {"penalty": 0.0}, "penalty: got 0"),
        (DifferenceOfConvex, {"tolerance": 2.0}, "tolerance: got 2"),
    ],
)
def test_bad_options_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**arguments)
