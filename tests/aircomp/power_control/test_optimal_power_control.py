"""The least error against published values, a fine grid, a convex program, and everything else that one could do."""

import cvxpy as cp
import numpy as np
import pytest

from aircomp import ChannelInversion, FullPower, OptimalPowerControl, TruncatedInversion
from channels import Rayleigh

POWER = np.array([0.1, 0.5, 1.0, 2.0, 5.0])
WEIGHTS = np.array([1.0, 0.2, 3.0, 1.0, 0.7])
CASES = [(1.0, None), (POWER, None), (POWER, WEIGHTS)]


def draws(num=500, num_clients=5, seed=0):
    return Rayleigh().draw((num, num_clients), rng=np.random.default_rng(seed))


def error(x, gain, power, weights, noise):
    """The error with receive scaling x = 1/√η (..., grid) when every client does the best it can."""
    amplitude = np.sqrt(power) * np.abs(gain)
    short = np.maximum(weights - amplitude * x[..., None], 0.0)
    return np.sum(short**2, axis=-1) + noise * x**2


def test_published_values():
    plan = OptimalPowerControl().plan(np.sqrt([0.1, 0.3, 0.6, 1.0]), power_w=1.0, noise_power_w=0.1)
    assert plan.eta == pytest.approx(0.334936, abs=5e-7)
    assert plan.mse / 16 == pytest.approx(0.0316987, abs=5e-8)
    assert np.isclose(plan.power_w, 1.0).tolist() == [True, True, False, False]  # q <= η sends at full power


@pytest.mark.parametrize(("power", "weights"), CASES)
@pytest.mark.parametrize("noise", [1e-3, 0.1, 10.0])
def test_no_receive_scaling_is_better(power, weights, noise):
    gain = draws()
    plan = OptimalPowerControl().plan(gain, power_w=power, noise_power_w=noise, weights=weights)
    weight = np.ones(5) if weights is None else weights
    x = 1.0 / np.sqrt(plan.eta)
    at_grid = np.stack([error(x * factor, gain, power, weight, noise) for factor in np.geomspace(0.2, 5.0, 801)])
    # The error is convex in x: search by thirds, which knows nothing of where the optimum is said to be.
    low, high = np.zeros(500), np.full(500, 100.0 / np.sqrt(np.min(power) * 1e-6))
    for _ in range(250):
        left, right = low + (high - low) / 3.0, high - (high - low) / 3.0
        rises = error(left, gain, power, weight, noise) < error(right, gain, power, weight, noise)
        low, high = np.where(rises, low, left), np.where(rises, right, high)
    np.testing.assert_allclose(plan.mse, error(low, gain, power, weight, noise), rtol=1e-9)
    np.testing.assert_allclose(plan.mse, error(x, gain, power, weight, noise), rtol=1e-9)
    assert (plan.mse <= at_grid.min(axis=0) * (1 + 1e-12)).all()
    # Beside the optimum the error is flat: the derivative there vanishes, to the accuracy of central differences.
    step = 1e-5
    slope = (error(x * (1 + step), gain, power, weight, noise) - error(x * (1 - step), gain, power, weight, noise)) / (2 * step)
    assert (np.abs(slope) < 1e-6 * plan.mse).all()


@pytest.mark.parametrize(("power", "weights"), CASES)
def test_a_convex_program_finds_the_same(power, weights):
    weight = np.ones(5) if weights is None else weights
    for gain in draws(40, seed=1):
        x, arrived = cp.Variable(), cp.Variable(5)
        limit = [arrived <= np.sqrt(np.broadcast_to(power, 5)) * np.abs(gain) * x, x >= 0]
        problem = cp.Problem(cp.Minimize(cp.sum_squares(arrived - weight) + 0.1 * cp.square(x)), limit)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
        plan = OptimalPowerControl().plan(gain, power_w=power, noise_power_w=0.1, weights=weights)
        assert plan.mse == pytest.approx(problem.value, rel=1e-6)
        assert 1.0 / np.sqrt(plan.eta) == pytest.approx(float(x.value), rel=1e-4)  # the error is flat there


@pytest.mark.parametrize(("power", "weights"), CASES)
@pytest.mark.parametrize(
    "other", [ChannelInversion(), FullPower(), TruncatedInversion(threshold=0.4), TruncatedInversion(threshold=1.0)]
)
def test_never_worse_than_anything_else(power, weights, other):
    arguments = {"power_w": power, "noise_power_w": 0.3, "weights": weights}
    best, rival = (transceiver.plan(draws(seed=2), **arguments).mse for transceiver in (OptimalPowerControl(), other))
    assert (best <= rival * (1 + 1e-12)).all()
    assert (best < rival).any()


def test_in_much_noise_everybody_sends_at_full_power_and_without_any_all_invert():
    loud = OptimalPowerControl().plan(draws(), power_w=POWER, noise_power_w=1e6)
    np.testing.assert_allclose(loud.power_w, np.broadcast_to(POWER, loud.power_w.shape))
    silent = OptimalPowerControl().plan(draws(), power_w=POWER, noise_power_w=0.0)
    inverted = ChannelInversion().plan(draws(), power_w=POWER, noise_power_w=0.0)
    np.testing.assert_allclose(silent.eta, inverted.eta)
    np.testing.assert_allclose(silent.mse, 0.0, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-60, 1e-12, 1e12, 1e60])
def test_the_scale_of_gains_does_not_matter(scale):
    small = OptimalPowerControl().plan(scale * draws(), power_w=POWER, noise_power_w=0.1 * scale**2, weights=WEIGHTS)
    unit = OptimalPowerControl().plan(draws(), power_w=POWER, noise_power_w=0.1, weights=WEIGHTS)
    np.testing.assert_allclose(small.mse, unit.mse, rtol=1e-12)
    np.testing.assert_allclose(small.transmit, unit.transmit, rtol=1e-12)


def test_who_has_no_channel_is_left_out_and_counted():
    with_deaf = OptimalPowerControl().plan([1.0, 0.0, 0.5j], power_w=1.0, noise_power_w=0.1, weights=[1.0, 2.0, 1.0])
    without = OptimalPowerControl().plan([1.0, 0.5j], power_w=1.0, noise_power_w=0.1)
    assert with_deaf.active.tolist() == [True, False, True]
    assert with_deaf.transmit[1] == 0.0
    assert with_deaf.eta == pytest.approx(without.eta)
    assert with_deaf.mse == pytest.approx(without.mse + 4.0)
    with pytest.raises(ValueError, match="gain: got a draw in which every"):
        OptimalPowerControl().plan([0.0, 0.0], power_w=1.0, noise_power_w=0.1)
