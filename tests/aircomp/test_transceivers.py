"""Laws over every transceiver, and signal-level Monte Carlo against each plan's closed form."""

import itertools

import numpy as np
import pytest

from aircomp import ChannelInversion, OptimalPowerControl, TruncatedInversion, superpose
from channels import Rayleigh, Rician

INVERTING = [ChannelInversion(), TruncatedInversion(threshold=0.3), TruncatedInversion(threshold=0.8)]
TRANSCEIVERS = [*INVERTING, OptimalPowerControl()]
each = pytest.mark.parametrize("transceiver", TRANSCEIVERS, ids=str)


def draws(num_draws=50, num_clients=6, seed=0):
    return Rayleigh().draw((num_draws, num_clients), rng=np.random.default_rng(seed))


@each
@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 2.0, 1.0, 1.0, 0.1])], ids=["sum", "weighted"])
def test_signal_level_error_meets_the_closed_form(transceiver, weights):
    """Mean squared error over random symbols and noise, within four standard errors, draw by draw."""
    rng = np.random.default_rng(1)
    num_symbols = 20_000
    gain = draws(8)
    power = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 3.0])
    plan = transceiver.plan(gain, power_w=power, noise_power_w=0.2, weights=weights)
    shape = (8, 6, num_symbols)
    symbols = (rng.choice([-1.0, 1.0], shape) + 1j * rng.choice([-1.0, 1.0], shape)) / np.sqrt(2.0)
    received = superpose(symbols, gain=gain, transmit=plan.transmit, noise_power_w=0.2, rng=rng)
    wanted = np.sum(plan.weights[..., None] * symbols, axis=-2)
    error = np.abs(received / np.sqrt(plan.eta)[:, None] - wanted) ** 2
    standard_error = error.std(axis=-1) / np.sqrt(num_symbols)
    assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * standard_error).all()


@each
def test_nobody_exceeds_the_power_limit(transceiver):
    power = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 3.0])
    plan = transceiver.plan(draws(), power_w=power, noise_power_w=0.1, weights=np.arange(1.0, 7.0))
    assert (plan.power_w <= power * (1 + 1e-12)).all()
    assert (plan.power_w[~plan.active] == 0.0).all()


@pytest.mark.parametrize("transceiver", INVERTING, ids=str)
def test_active_signals_arrive_aligned(transceiver):
    gain = draws()
    plan = transceiver.plan(gain, power_w=1.0, noise_power_w=0.1)
    received = gain * plan.transmit / np.sqrt(plan.eta)[:, None]
    np.testing.assert_allclose(received, plan.active.astype(complex), atol=1e-12)
    np.testing.assert_allclose(plan.misalignment_mse, (~plan.active).sum(axis=-1), atol=1e-12)


@each
def test_more_power_never_raises_the_error(transceiver):
    errors = [transceiver.plan(draws(), power_w=p, noise_power_w=0.1).mse for p in (0.1, 0.2, 1.0, 50.0)]
    assert all((later <= earlier + 1e-12).all() for earlier, later in itertools.pairwise(errors))


@each
def test_permuting_clients_permutes_the_plan(transceiver):
    gain, order = draws(), np.random.default_rng(2).permutation(6)
    power = np.arange(1.0, 7.0)
    plan = transceiver.plan(gain, power_w=power, noise_power_w=0.1)
    other = transceiver.plan(gain[:, order], power_w=power[order], noise_power_w=0.1)
    np.testing.assert_allclose(other.transmit, plan.transmit[:, order])
    np.testing.assert_array_equal(other.active, plan.active[:, order])
    np.testing.assert_allclose(other.mse, plan.mse)


@each
def test_units_do_not_matter(transceiver):
    """Powers and noise in milliwatts give the same error; so does fading with received powers in place of gains."""
    plan = transceiver.plan(draws(), power_w=2.0, noise_power_w=0.1)
    milli = transceiver.plan(draws(), power_w=2000.0, noise_power_w=100.0)
    np.testing.assert_allclose(milli.mse, plan.mse)
    np.testing.assert_allclose(milli.power_w, 1000.0 * plan.power_w)


@each
def test_one_draw_of_a_batch_is_the_draw_alone(transceiver):
    gain = draws()
    batch = transceiver.plan(gain, power_w=1.0, noise_power_w=0.1)
    alone = transceiver.plan(gain[3], power_w=1.0, noise_power_w=0.1)
    np.testing.assert_array_equal(batch[3].transmit, alone.transmit)
    assert batch[3].mse == alone.mse


def test_full_inversion_is_set_by_the_weakest():
    plan = ChannelInversion().plan([1.0, 0.5j, -2.0], power_w=[1.0, 2.0, 0.1], noise_power_w=0.05)
    assert plan.eta == pytest.approx(0.4)  # min(1, 2·0.25, 0.1·4)
    assert plan.mse == pytest.approx(0.05 / 0.4)


def test_full_inversion_leaves_out_who_has_no_channel():
    plan = ChannelInversion().plan([1.0, 0.0], power_w=1.0, noise_power_w=0.1)
    assert plan.active.tolist() == [True, False]
    assert plan.mse == pytest.approx(0.1 + 1.0)
    with pytest.raises(ValueError, match="gain: got a draw in which every"):
        ChannelInversion().plan([0.0, 0.0], power_w=1.0, noise_power_w=0.1)


@pytest.mark.parametrize("fading", [Rayleigh(), Rician(k_factor_db=5.0)], ids=str)
def test_truncation_at_a_target_participation(fading):
    num = 40_000
    transceiver = TruncatedInversion.for_participation(0.8, fading=fading)
    plan = transceiver.plan(fading.draw((num, 1), rng=np.random.default_rng(3)), power_w=1.0, noise_power_w=0.1)
    assert abs(plan.active.mean() - 0.8) < 4 * np.sqrt(0.16 / num)


def test_truncation_under_rayleigh_keeps_exp_minus_h_squared():
    num, threshold = 40_000, 0.9
    plan = TruncatedInversion(threshold=threshold).plan(draws(num, 1), power_w=1.0, noise_power_w=0.1)
    expected = np.exp(-(threshold**2))
    assert abs(plan.active.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / num)


@each
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gain": [1.0, np.inf]}, r"gain: got inf at index \(1,\)"),
        ({"gain": [np.nan, 1.0]}, "gain: got nan"),
        ({"gain": 1.0}, "gain: got shape"),
        ({"power_w": -1.0}, "power_w: got -1"),
        ({"power_w": [1.0, 1.0, 1.0]}, "power_w: got shape"),
        ({"noise_power_w": -0.1}, "noise_power_w: got -0.1"),
        ({"weights": [1.0, 0.0]}, "weights: got 0"),
    ],
)
def test_bad_input_names_the_argument(transceiver, arguments, message):
    good = {"gain": [1.0, 1.0], "power_w": 1.0, "noise_power_w": 0.1} | arguments
    with pytest.raises(ValueError, match=message):
        transceiver.plan(good.pop("gain"), **good)


def test_bad_thresholds():
    with pytest.raises(ValueError, match="threshold: got 0"):
        TruncatedInversion(threshold=0.0)
    with pytest.raises(ValueError, match="participation: got 1.2"):
        TruncatedInversion.for_participation(1.2, fading=Rayleigh())
