"""Power control under an average budget: optimality by duality, by a convex program and against every peak-limited plan."""

import cvxpy as cp
import numpy as np
import pytest

from aircomp import ChannelInversion, OptimalPowerControl, RegularizedInversion, TruncatedInversion, power_prices
from channels import Rayleigh

POWER = np.array([0.1, 0.5, 1.0, 2.0, 5.0])
WEIGHTS = np.array([1.0, 0.2, 3.0, 1.0, 0.7])
CASES = [(1.0, None), (POWER, None), (POWER, WEIGHTS)]
each_case = pytest.mark.parametrize(("power", "weights"), CASES)


def draws(num=500, num_clients=5, seed=0):
    return Rayleigh().draw((num, num_clients), rng=np.random.default_rng(seed))


@each_case
@pytest.mark.parametrize("noise", [1e-12, 1e-6, 1e-3, 0.1, 10.0, 1e4])
def test_the_error_is_the_lower_bound_and_the_budget_is_kept(power, weights, noise):
    arguments = {"power_w": power, "noise_power_w": noise, "weights": weights}
    prices = power_prices(draws(), **arguments)
    plan = RegularizedInversion().plan(draws(), **arguments)
    np.testing.assert_allclose(plan.mse.mean(), prices.least_mean_mse, rtol=1e-7)
    mean_power = plan.power_w.mean(axis=0)
    assert (mean_power <= power * (1 + 1e-8)).all()
    # Who has power left over has a price of nothing, beside the error.
    slack = 1.0 - mean_power / power
    assert (prices.price_per_w * power * slack < 1e-8 * prices.least_mean_mse).all()


@each_case
def test_a_convex_program_finds_the_same(power, weights):
    """In every draw's x = 1/η and u = b√x, with u²/x the power, the problem is convex."""
    gain, noise = draws(8, seed=1), 0.1
    weight, limit = (np.ones(5) if weights is None else weights), np.broadcast_to(power, 5)
    x, u = cp.Variable(8, pos=True), cp.Variable((8, 5))
    error = cp.sum_squares(cp.multiply(np.abs(gain), u) - np.tile(weight, (8, 1))) + noise * cp.sum(x)
    budget = [sum(cp.quad_over_lin(u[d, k], x[d]) for d in range(8)) / 8 <= limit[k] for k in range(5)]
    problem = cp.Problem(cp.Minimize(error / 8), budget)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    plan = RegularizedInversion().plan(gain, power_w=power, noise_power_w=noise, weights=weights)
    np.testing.assert_allclose(plan.mse.mean(), problem.value, rtol=1e-6)


@each_case
@pytest.mark.parametrize("noise", [1e-9, 0.2])
def test_for_a_single_draw_it_is_optimal_power_control(power, weights, noise):
    """An average over one draw is a limit on it."""
    for gain in draws(20, seed=2):
        arguments = {"power_w": power, "noise_power_w": noise, "weights": weights}
        averaged, limited = RegularizedInversion().plan(gain, **arguments), OptimalPowerControl().plan(gain, **arguments)
        np.testing.assert_allclose(averaged.mse, limited.mse, rtol=1e-7)


@each_case
@pytest.mark.parametrize("rival", [OptimalPowerControl(), ChannelInversion(), TruncatedInversion(threshold=0.5)], ids=str)
def test_saving_power_in_fades_pays(power, weights, rival):
    arguments = {"power_w": power, "noise_power_w": 0.3, "weights": weights}
    assert RegularizedInversion().plan(draws(), **arguments).mse.mean() < rival.plan(draws(), **arguments).mse.mean()


def test_prices_learnt_from_other_draws_keep_the_budget_nearly():
    num = 20_000
    learnt = RegularizedInversion.for_average_power(draws(num, seed=3), power_w=POWER, noise_power_w=0.5)
    plan = learnt.plan(draws(num, seed=4), power_w=POWER, noise_power_w=0.5)
    standard_error = plan.power_w.std(axis=0) / np.sqrt(num)
    # The prices have an error of their own, of the same size.
    assert (np.abs(plan.power_w.mean(axis=0) - POWER) < 4 * np.sqrt(2.0) * standard_error).all()
    # One draw is planned as in a batch, since nothing but the prices couples them.
    alone = learnt.plan(draws(num, seed=4)[7], power_w=POWER, noise_power_w=0.5)
    np.testing.assert_allclose(alone.transmit, plan.transmit[7])


def test_in_draws_not_worth_their_power_everybody_is_silent():
    plan = RegularizedInversion().plan(draws(), power_w=0.1, noise_power_w=100.0)
    silent = ~plan.active.any(axis=-1)
    assert 0 < silent.sum() < 500
    np.testing.assert_array_equal(plan.mse[silent], 5.0)
    assert np.isinf(plan.eta[silent]).all()
    assert (plan.combine(np.ones((500, 3), dtype=complex))[silent] == 0.0).all()


def test_more_power_lowers_the_mean_error_by_its_price():
    prices = power_prices(draws(), power_w=POWER, noise_power_w=0.1)
    for client in range(5):
        step = np.zeros(5)
        step[client] = 1e-4 * POWER[client]
        more, less = (power_prices(draws(), power_w=POWER + s, noise_power_w=0.1).least_mean_mse for s in (step, -step))
        np.testing.assert_allclose((less - more) / (2 * step[client]), prices.price_per_w[client], rtol=1e-4, atol=1e-9)


def test_without_noise_there_is_no_optimum():
    for transceiver in (RegularizedInversion(), RegularizedInversion(price_per_w=0.2)):
        with pytest.raises(ValueError, match="noise_power_w: got 0; allowed is a finite number > 0"):
            transceiver.plan([1.0], power_w=1.0, noise_power_w=0.0)


def test_power_that_is_never_heard_has_no_price():
    gain = draws()
    gain[:, 3] = 0.0
    with pytest.raises(ValueError, match="gain: got client 3 with a channel of 0 in every draw"):
        RegularizedInversion.for_average_power(gain, power_w=1.0, noise_power_w=0.1)
    assert not RegularizedInversion().plan(gain, power_w=1.0, noise_power_w=0.1).active[:, 3].any()


def test_where_rounding_hides_the_optimum_there_is_an_error():
    """120 dB below the noise no digit of the error depends on the powers."""
    with pytest.raises(ArithmeticError, match="power prices: got a residual of .* more than 50 dB below the noise"):
        power_prices(draws(10, 11), power_w=1.0, noise_power_w=1e13)


def test_limits_do_not_change_from_draw_to_draw():
    with pytest.raises(ValueError, match="power_w: got shape"):
        RegularizedInversion().plan(draws(3), power_w=np.ones((3, 5)), noise_power_w=0.1)
    with pytest.raises(ValueError, match="price_per_w: got -1"):
        RegularizedInversion(price_per_w=-1.0)
