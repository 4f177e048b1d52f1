import dataclasses

import numpy as np
import pytest

from aircomp import ChannelInversion, TruncatedInversion
from fl_models import Digital, Ideal, OverTheAir, stochastic_quantization

NUM_CLIENTS, NUM_PARAMETERS, EDGE_ROUNDS = 8, 11, 3
AGGREGATORS = [
    Ideal(),
    Ideal(threshold=0.5),
    Digital(bits_per_parameter=4),
    Digital(bits_per_parameter=4, threshold=0.5),
    OverTheAir(transceiver=ChannelInversion()),
    OverTheAir(transceiver=TruncatedInversion(threshold=0.5)),
]
each = pytest.mark.parametrize("aggregator", AGGREGATORS, ids=str)


@pytest.fixture
def channel(make_network):
    return make_network(1, NUM_CLIENTS).draw(EDGE_ROUNDS, rng=np.random.default_rng(5)).cells[0]


@pytest.fixture
def updates():
    return np.random.default_rng(6).standard_normal((NUM_CLIENTS, NUM_PARAMETERS)) * np.arange(1, NUM_CLIENTS + 1)[:, None]


@each
def test_unbiased_for_the_mean_of_those_who_take_part(aggregator, channel, updates):
    """Over many draws of noise or rounding: within five standard errors, in each of 11 coordinates and 3 rounds."""
    plan, num = aggregator.plan(channel), 4000
    for edge_round in range(EDGE_ROUNDS):
        rng = np.random.default_rng(edge_round)
        got = np.array([plan.mean(updates, edge_round=edge_round, rng=rng) for _ in range(num)])
        wanted = updates[plan.active[edge_round]].mean(axis=0)
        error = np.abs(got.mean(axis=0) - wanted)
        assert (error <= 5 * got.std(axis=0) / np.sqrt(num) + 1e-12).all()


@each
def test_shapes_and_power(aggregator, channel, updates):
    plan = aggregator.plan(channel)
    assert plan.active.shape == plan.power_fraction.shape == (EDGE_ROUNDS, NUM_CLIENTS)
    assert (plan.power_fraction <= 1 + 1e-12).all()
    single = plan.mean(updates.astype(np.float32), edge_round=0, rng=np.random.default_rng(0))
    assert single.shape == (NUM_PARAMETERS,)
    assert single.dtype == np.float32


def test_the_same_threshold_leaves_out_the_same_clients(channel):
    digital = Ideal(threshold=0.5).plan(channel)
    analog = OverTheAir(transceiver=TruncatedInversion(threshold=0.5)).plan(channel)
    np.testing.assert_array_equal(digital.active, analog.active)
    assert 0 < digital.active.sum() < digital.active.size
    np.testing.assert_array_equal(digital.power_fraction, digital.active)


def test_ideal_is_exact(channel, updates):
    mean = Ideal().plan(channel).mean(updates, edge_round=0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(mean, updates.mean(axis=0))


@pytest.mark.parametrize("transceiver", [ChannelInversion(), TruncatedInversion(threshold=0.5)], ids=str)
def test_over_the_air_error_meets_the_closed_form(transceiver, channel, updates):
    """E‖ñ‖² = Δ_max² σ²/(M² η): Monte Carlo over 20,000 noise draws within four standard errors."""
    num, even = 20_000, 10
    values = updates[:, :even]  # an even number of values fills its symbols
    plan = OverTheAir(transceiver=transceiver).plan(channel)
    for edge_round in range(EDGE_ROUNDS):
        rng, active = np.random.default_rng(edge_round), plan.active[edge_round]
        wanted = values[active].mean(axis=0)
        error = np.array([np.sum((plan.mean(values, edge_round=edge_round, rng=rng) - wanted) ** 2) for _ in range(num)])
        largest = np.linalg.norm(values[active], axis=1).max()
        expected = largest**2 * channel.noise_power_w / (active.sum() ** 2 * plan.transceiver.eta[edge_round])
        assert abs(error.mean() - expected) < 4 * error.std() / np.sqrt(num)


def test_truncation_is_on_fading_not_on_distance(channel):
    """With path loss from 60 to 140 dB those take part whose fading is above the threshold, near or far."""
    gains = 10.0 ** -np.linspace(6.0, 14.0, NUM_CLIENTS)
    plan = OverTheAir(transceiver=TruncatedInversion(threshold=0.5)).plan(dataclasses.replace(channel, mean_power_gain=gains))
    np.testing.assert_array_equal(plan.active, np.abs(channel.fading) >= 0.5)


@pytest.mark.parametrize(
    "aggregator",
    [OverTheAir(transceiver=TruncatedInversion(threshold=100.0)), Ideal(threshold=100.0)],
    ids=["air", "digital"],
)
def test_without_any_active_client_nothing_moves(aggregator, channel, updates):
    plan = aggregator.plan(channel)
    assert not plan.active.any()
    np.testing.assert_array_equal(plan.mean(updates, edge_round=0, rng=np.random.default_rng(0)), 0.0)


def test_no_update_sends_no_noise(channel):
    plan = OverTheAir(transceiver=ChannelInversion()).plan(channel)
    zero = np.zeros((NUM_CLIENTS, NUM_PARAMETERS))
    np.testing.assert_array_equal(plan.mean(zero, edge_round=0, rng=np.random.default_rng(0)), 0.0)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantised_values_lie_on_the_levels_next_to_the_value(bits):
    values = np.random.default_rng(0).standard_normal((5, 40))
    rounded = stochastic_quantization(values, bits_per_parameter=bits, rng=np.random.default_rng(1))
    step = np.abs(values).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    np.testing.assert_allclose(rounded / step, np.rint(rounded / step), atol=1e-9)
    assert (np.abs(rounded - values) < step * (1 + 1e-9)).all()
    np.testing.assert_array_equal(
        stochastic_quantization(np.zeros((1, 3)), bits_per_parameter=bits, rng=np.random.default_rng(0)), 0.0
    )
    with pytest.raises(ValueError, match="bits_per_parameter: got 1"):
        Digital(bits_per_parameter=1)
