"""Cells that compute at once in one band: the fixed point of their interference, and the errors at signal level."""

import numpy as np
import pytest

from aircomp import (
    ChannelInversion,
    FullPower,
    OptimalPowerControl,
    ReceiveBeamforming,
    TruncatedInversion,
    UniformForcing,
    plan_cells,
    superpose,
)
from channels import Rayleigh

SERVING = np.array([0, 1, 0, 2, 1, 2, 2])
POWER = np.array([0.5, 1.0, 2.0, 1.0, 0.3, 1.0, 3.0])


def gains(num_draws=20, leak=0.3, seed=0):
    fading = Rayleigh().draw((num_draws, 3, 7), rng=np.random.default_rng(seed))
    return fading * np.where(np.arange(3)[:, None] == SERVING, 1.0, leak)


@pytest.mark.parametrize(
    "transceiver", [ChannelInversion(), FullPower(), OptimalPowerControl(), TruncatedInversion(threshold=0.4)], ids=str
)
def test_plans_and_interference_agree(transceiver):
    """Each plan is that for noise and the interference of the others, and has the error that signals show."""
    rng, num, noise = np.random.default_rng(1), 20_000, 0.1
    gain = gains(4)
    cells = plan_cells(transceiver, gain, serving_cell=SERVING, power_w=POWER, noise_power_w=noise)
    assert cells.converged
    transmit = np.zeros((4, 7), dtype=complex)
    for plan, clients in zip(cells.plans, cells.clients, strict=True):
        transmit[:, clients] = plan.transmit
    symbols = rng.standard_normal((4, 7, num, 2)).view(complex)[..., 0] / np.sqrt(2.0)
    for cell, (plan, clients) in enumerate(zip(cells.plans, cells.clients, strict=True)):
        others = np.setdiff1d(np.arange(7), clients)
        caused = np.sum(np.abs(gain[:, cell, others] * transmit[:, others]) ** 2, axis=-1)
        np.testing.assert_allclose(cells.interference_power_w[:, cell], caused)
        again = transceiver.plan(gain[:, cell, clients], power_w=POWER[clients], noise_power_w=noise + caused)
        np.testing.assert_allclose(plan.mse, again.mse, rtol=1e-8)
        received = superpose(symbols, gain=gain[:, cell], transmit=transmit, noise_power_w=noise, rng=rng)
        error = np.abs(plan.combine(received) - symbols[:, clients].sum(axis=-2)) ** 2
        assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * error.std(axis=-1) / np.sqrt(num)).all()


@pytest.mark.parametrize("transceiver", [UniformForcing(), ReceiveBeamforming(transceiver=OptimalPowerControl())])
def test_behind_several_antennas_plans_and_signals_agree(transceiver):
    """Interference is what is left of it behind the combining."""
    rng, num, noise = np.random.default_rng(1), 20_000, 0.1
    gain = gains(3)[..., None] * np.exp(2j * np.pi * rng.random((3, 3, 7, 4)))
    cells = plan_cells(transceiver, gain, serving_cell=SERVING, power_w=POWER, noise_power_w=noise)
    assert cells.converged
    transmit = np.zeros((3, 7), dtype=complex)
    for plan, clients in zip(cells.plans, cells.clients, strict=True):
        transmit[:, clients] = plan.transmit
    symbols = rng.standard_normal((3, 7, num, 2)).view(complex)[..., 0] / np.sqrt(2.0)
    for cell, (plan, clients) in enumerate(zip(cells.plans, cells.clients, strict=True)):
        received = superpose(symbols, gain=gain[:, cell], transmit=transmit, noise_power_w=noise, rng=rng)
        error = np.abs(plan.combine(received) - symbols[:, clients].sum(axis=-2)) ** 2
        assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * error.std(axis=-1) / np.sqrt(num)).all()


def test_weights_and_noise_of_each_station():
    weights, noise = np.linspace(0.5, 2.0, 7), np.array([0.1, 0.5, 2.0])
    cells = plan_cells(
        OptimalPowerControl(), gains(leak=0.0), serving_cell=SERVING, power_w=POWER, noise_power_w=noise, weights=weights
    )
    for cell, (plan, clients) in enumerate(zip(cells.plans, cells.clients, strict=True)):
        own = {"power_w": POWER[clients], "noise_power_w": noise[cell], "weights": weights[clients]}
        alone = OptimalPowerControl().plan(gains(leak=0.0)[:, cell, clients], **own)
        np.testing.assert_allclose(plan.mse, alone.mse)


def test_what_leaks_raises_the_error_and_nothing_leaks_without_links():
    alone = plan_cells(OptimalPowerControl(), gains(leak=0.0), serving_cell=SERVING, power_w=POWER, noise_power_w=0.1)
    assert (alone.interference_power_w == 0.0).all()
    shared = plan_cells(OptimalPowerControl(), gains(leak=0.3), serving_cell=SERVING, power_w=POWER, noise_power_w=0.1)
    for quiet, loud in zip(alone.plans, shared.plans, strict=True):
        assert (quiet.mse < loud.mse).all()


def test_interference_is_at_most_that_of_full_power():
    """The power that plans really use causes less than the limits would."""
    used = plan_cells(OptimalPowerControl(), gains(), serving_cell=SERVING, power_w=POWER, noise_power_w=0.1)
    full = plan_cells(FullPower(), gains(), serving_cell=SERVING, power_w=POWER, noise_power_w=0.1)
    assert (used.interference_power_w <= full.interference_power_w * (1 + 1e-9)).all()
    assert (used.interference_power_w < 0.9 * full.interference_power_w).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"serving_cell": [0, 1, 0, 1, 1, 0, 0]}, "serving_cell: got no client of station 2"),
        ({"serving_cell": 3}, "serving_cell: got 3"),
        ({"serving_cell": [0, 1, 0, 2, 1, 2, 0.5]}, "serving_cell: got 0.5; allowed is an integer from 0 to 2"),
        ({"gain": np.ones(7)}, "gain: got shape"),
        (
            {"gain": np.ones((7, 3))},
            r"serving_cell: got shape \(7,\); needed is one for each of 3 clients, gain",
        ),
        ({"noise_power_w": 0.0}, "noise_power_w: got 0"),
        ({"max_iterations": 0}, "max_iterations: got 0"),
    ],
)
def test_bad_input_names_the_argument(arguments, message):
    good = {"gain": gains(2), "serving_cell": SERVING, "power_w": POWER, "noise_power_w": 0.1} | arguments
    with pytest.raises(ValueError, match=message):
        plan_cells(OptimalPowerControl(), good.pop("gain"), **good)
