"""Selections against every subset, closed forms, and their certified bound."""

import itertools

import numpy as np
import pytest

from aircomp.beamforming.difference_of_convex_selection import DifferenceOfConvexSelection
from aircomp.beamforming.greedy_selection import GreedySelection
from aircomp.beamforming.randomization import GaussianRandomization
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from channels import Rayleigh

SELECTIONS = [GreedySelection(), DifferenceOfConvexSelection()]
each = pytest.mark.parametrize("selection", SELECTIONS, ids=lambda s: type(s).__name__)


def draws(num, num_clients, num_antennas, seed=0):
    return Rayleigh().draw((num, num_clients, num_antennas), rng=np.random.default_rng(seed))


def part_of_what_all_need(channel, fraction):
    return fraction * GaussianRandomization().solve(channel).bound


def most_by_every_subset(channel, limit):
    """Sizes of the largest sets that can be served, each set by successive convex approximation from several starts."""
    num_clients = channel.shape[-2]
    best = np.zeros(len(channel), dtype=int)
    for number in range(1, num_clients + 1):
        for subset in itertools.combinations(range(num_clients), number):
            open_ = np.flatnonzero(best < number)
            result = SuccessiveConvexApproximation(tolerance=1e-5).solve(channel[open_][:, subset])
            best[open_[result.square_norm <= limit[open_] * (1.0 + 1e-9)]] = number
    return best


def most_at_two_antennas(channel, limit):
    """The largest number of one draw (K, 2): caps nᵀp_i >= c_i on the sphere that have a point in common.

    If caps have one, so has a cap's centre, a point of a cap's rim, or a point in which two rims meet.
    """
    power = np.sum(np.abs(channel) ** 2, axis=-1)
    within = power * limit >= 1.0
    if not within.any():
        return 0
    channel, power = channel[within], power[within]
    cross = channel[:, 0] * channel[:, 1].conj()
    centre = np.stack([2.0 * cross.real, -2.0 * cross.imag, np.abs(channel[:, 0]) ** 2 - np.abs(channel[:, 1]) ** 2], axis=-1)
    centre /= power[:, None]
    height = 2.0 / (power * limit) - 1.0
    aside = np.cross(centre, [0.6, 0.0, 0.8])
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    points = [centre, height[:, None] * centre + np.sqrt(1.0 - height**2)[:, None] * aside]
    for i, j in itertools.combinations(range(len(channel)), 2):
        pair = centre[[i, j]]
        foot = np.linalg.lstsq(pair, height[[i, j]], rcond=None)[0]
        if foot @ foot <= 1.0:
            along = np.cross(*pair)
            step = along * np.sqrt((1.0 - foot @ foot) / (along @ along))
            points.append(np.stack([foot + step, foot - step]))
    return int(np.max(np.sum(np.concatenate(points) @ centre.T >= height - 1e-9, axis=-1)))


def assert_served(channel, limit, result):
    received = np.abs(np.matvec(channel, result.combiner.conj()))
    assert (received[result.selected] >= 1.0 - 1e-9).all()
    assert (result.square_norm <= limit * (1.0 + 1e-9)).all()
    np.testing.assert_allclose(np.sum(np.abs(result.combiner) ** 2, axis=-1), result.square_norm, rtol=1e-12)
    np.testing.assert_array_equal(result.num_selected, result.selected.sum(axis=-1))
    assert (result.num_selected <= result.bound).all()
    assert (result.bound <= channel.shape[-2]).all()


@each
@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.7, 1.5])
def test_at_a_single_antenna_the_strong_clients_are_selected(selection, fraction):
    channel = draws(40, 8, 1)
    limit = part_of_what_all_need(channel, fraction)
    result = selection.select(channel, max_square_norm=limit)
    np.testing.assert_array_equal(result.selected, np.abs(channel[..., 0]) ** 2 * limit[:, None] >= 1.0)
    assert_served(channel, limit, result)


@each
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("num_clients", [5, 7, 15])
def test_at_two_antennas_the_global_optimum_is_nearly_always_attained(selection, fraction, num_clients):
    channel = draws(50, num_clients, 2)
    limit = part_of_what_all_need(channel, fraction)
    best = np.array([most_at_two_antennas(one, most) for one, most in zip(channel, limit, strict=True)])
    result = selection.select(channel, max_square_norm=limit)
    assert_served(channel, limit, result)
    assert (best <= result.bound).all()
    assert (result.num_selected <= best).all()
    assert (best - result.num_selected).mean() <= (0.06 if num_clients <= 7 else 0.25)
    assert (result.num_selected == best).mean() >= (0.94 if num_clients <= 7 else 0.8)


@pytest.mark.parametrize("fraction", [0.3, 0.6])
def test_at_three_antennas_no_subset_is_larger(fraction):
    channel = draws(25, 6, 3)
    limit = part_of_what_all_need(channel, fraction)
    best = most_by_every_subset(channel, limit)
    for selection in SELECTIONS:
        result = selection.select(channel, max_square_norm=limit)
        assert_served(channel, limit, result)
        assert (best <= result.bound).all()
        assert (result.num_selected >= best - 1).all()
        assert (result.num_selected >= best).mean() >= 0.92


@each
@pytest.mark.parametrize(("num_clients", "num_antennas"), [(12, 2), (20, 4), (10, 8)])
def test_the_bound_holds_and_a_looser_limit_does_not_lower_it(selection, num_clients, num_antennas):
    channel = draws(8, num_clients, num_antennas)
    results = []
    for fraction in (0.2, 0.5, 1.0, 30.0):
        limit = part_of_what_all_need(channel, fraction)
        results.append(selection.select(channel, max_square_norm=limit))
        assert_served(channel, limit, results[-1])
    for tight, loose in itertools.pairwise(results):
        assert (tight.bound <= loose.bound).all()
        assert (tight.num_selected <= loose.bound).all()
    assert (results[-1].num_selected == num_clients).all()


@each
def test_whoever_is_out_of_reach_or_unheard_is_left_out(selection):
    channel = draws(6, 5, 3)
    channel[:, 1] = 0.0
    channel[:, 2] *= 1e-6
    result = selection.select(channel, max_square_norm=1e3)
    assert (result.selected == np.array([True, False, False, True, True])).all()
    assert (result.bound == 3).all()
    nobody = selection.select(channel.reshape(2, 3, 5, 3), max_square_norm=1e-9)
    assert nobody.selected.shape == (2, 3, 5)
    assert not nobody.selected.any()
    assert not nobody.combiner.any()
    assert (nobody.bound == 0).all()


@each
def test_units_do_not_matter(selection):
    channel = draws(20, 8, 3)
    limit = part_of_what_all_need(channel, 0.5)
    plain = selection.select(channel, max_square_norm=limit)
    scaled = selection.select(2.0**-20 * channel, max_square_norm=2.0**40 * limit)
    np.testing.assert_array_equal(scaled.selected, plain.selected)
    np.testing.assert_array_equal(scaled.bound, plain.bound)
    np.testing.assert_allclose(scaled.square_norm, 2.0**40 * plain.square_norm, rtol=1e-9)


@each
def test_bad_input_names_the_argument(selection):
    with pytest.raises(ValueError, match="max_square_norm: got 0"):
        selection.select(draws(2, 3, 2), max_square_norm=0.0)
    with pytest.raises(ValueError, match="channel: got shape"):
        selection.select([1.0], max_square_norm=1.0)
    with pytest.raises(ValueError, match="tolerance: got 0"):
        type(selection)(tolerance=0.0)


def test_bad_options_of_difference_of_convex_selection():
    with pytest.raises(ValueError, match="num_steps: got 0"):
        DifferenceOfConvexSelection(num_steps=0)
    with pytest.raises(ValueError, match="penalty: got -1"):
        DifferenceOfConvexSelection(penalty=-1.0)
