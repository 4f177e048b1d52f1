"""COTAF: noise that shrinks with the updates."""

import numpy as np
import pytest

from aircomp import COTAF, TruncatedInversion, superpose
from channels import Rayleigh

ROUNDS, CLIENTS = 4, 6
MEAN_SQUARE = np.geomspace(1.0, 1e-3, ROUNDS)[:, None] * np.linspace(0.2, 1.0, CLIENTS)
POWER = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 3.0])


def draws():
    return Rayleigh().draw((ROUNDS, CLIENTS), rng=np.random.default_rng(0))


def test_the_noise_falls_as_the_updates_do():
    plan = COTAF(threshold=0.5, mean_square_update=MEAN_SQUARE).plan(draws(), power_w=1.0, noise_power_w=0.1)
    np.testing.assert_allclose(plan.noise_mse, 0.1 * MEAN_SQUARE.max(axis=1) / 0.25)
    constant = TruncatedInversion(threshold=0.5).plan(draws(), power_w=1.0, noise_power_w=0.1)
    np.testing.assert_allclose(constant.noise_mse, 0.1 / 0.25)
    np.testing.assert_array_equal(plan.active, constant.active)


def test_the_precoding_factor_is_the_published_one():
    factor = COTAF(threshold=0.5, mean_square_update=MEAN_SQUARE).precoding(power_w=2.0)
    np.testing.assert_allclose(factor, 2.0 / MEAN_SQUARE.max(axis=1))
    weights = np.linspace(0.5, 3.0, CLIENTS)
    weighted = COTAF(threshold=0.5, mean_square_update=MEAN_SQUARE).precoding(power_w=POWER, weights=weights)
    np.testing.assert_allclose(weighted, np.min(POWER / (weights**2 * MEAN_SQUARE), axis=1))
    plan = COTAF(threshold=0.5, mean_square_update=MEAN_SQUARE).plan(draws(), power_w=POWER, noise_power_w=0.1, weights=weights)
    np.testing.assert_allclose(plan.eta, 0.25 * weighted)


def test_raw_updates_arrive_as_their_sum_within_the_average_power():
    """The signal-level error of updates with these second moments, against the plan, within four standard errors."""
    rng, num = np.random.default_rng(1), 20_000
    gain = draws()
    plan = COTAF(threshold=0.5, mean_square_update=MEAN_SQUARE).plan(gain, power_w=POWER, noise_power_w=0.1)
    normal = rng.standard_normal((ROUNDS, CLIENTS, num, 2)).view(complex)[..., 0] / np.sqrt(2.0)
    updates = np.sqrt(MEAN_SQUARE)[..., None] * normal
    precoder = plan.transmit / np.sqrt(MEAN_SQUARE)
    sent_w = np.mean(np.abs(precoder[..., None] * updates) ** 2, axis=-1)
    assert (sent_w < POWER * (1 + 4 / np.sqrt(num))).all()
    received = superpose(updates, gain=gain, transmit=precoder, noise_power_w=0.1, rng=rng)
    error = np.abs(plan.combine(received) - updates.sum(axis=-2)) ** 2
    assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * error.std(axis=-1) / np.sqrt(num)).all()


def test_bad_moments():
    with pytest.raises(ValueError, match="mean_square_update: got 0"):
        COTAF(threshold=0.5, mean_square_update=0.0)
    with pytest.raises(ValueError, match="mean_square_update: got shape"):
        COTAF(threshold=0.5, mean_square_update=np.ones((3, 1))).plan(draws(), power_w=1.0, noise_power_w=0.1)
