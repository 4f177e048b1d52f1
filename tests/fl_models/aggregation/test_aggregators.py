import dataclasses

import numpy as np
import pytest

from aircomp import (
    COTAF,
    ChannelInversion,
    LargestNorm,
    LeastError,
    OptimalPowerControl,
    ReceiveBeamforming,
    RegularizedInversion,
    RootMeanSquareNorm,
    Standardized,
    TruncatedInversion,
    UniformForcing,
)
from channels import ChannelKnowledge, TappedDelayLine, TDLProfile
from fl_models import Digital, Ideal, OverTheAir

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


def test_fedzo_noise_is_as_published(channel, updates):
    """E‖ñ‖² = Δ_max²/(M² · SNR · h_min²) on a cell whose clients are received equally strong, SNR = P/σ²."""
    h_min, num, even = 0.5, 20_000, 10
    values = updates[:, :even]
    alike = dataclasses.replace(channel, mean_power_gain=np.full(NUM_CLIENTS, 1e-10))
    plan = OverTheAir(transceiver=TruncatedInversion(threshold=h_min)).plan(alike)
    snr = alike.client_power_w[0] * 1e-10 / alike.noise_power_w
    rng, active = np.random.default_rng(0), plan.active[0]
    wanted = values[active].mean(axis=0)
    error = np.array([np.sum((plan.mean(values, edge_round=0, rng=rng) - wanted) ** 2) for _ in range(num)])
    largest = np.linalg.norm(values[active], axis=1).max()
    expected = largest**2 / (active.sum() ** 2 * snr * h_min**2)
    assert abs(error.mean() - expected) < 4 * error.std() / np.sqrt(num)


def selective(make_network, *, num_antennas=1, num_subcarriers=4, **options):
    """A cell with fading that is not flat over the band."""
    network = dataclasses.replace(
        make_network(1, NUM_CLIENTS),
        fading=TappedDelayLine.tr38901(TDLProfile.A, delay_spread_s=1e-6),
        num_antennas=num_antennas,
        num_subcarriers=num_subcarriers,
        **options,
    )
    return network.draw(EDGE_ROUNDS, rng=np.random.default_rng(5)).cells[0]


def test_each_value_is_the_mean_over_those_active_on_its_subcarrier(make_network, updates):
    """Broadband analog aggregation: a client in a fade on one subcarrier still takes part on the others."""
    channel = selective(make_network)
    silent = dataclasses.replace(channel, noise_psd_w_per_hz=1e-40)
    plan = OverTheAir(transceiver=TruncatedInversion(threshold=0.7)).plan(silent)
    strong = np.abs(channel.response[:, :, 0]) >= 0.7  # (E, n, S)
    np.testing.assert_array_equal(plan.active, strong.any(axis=-1))
    for edge_round in range(EDGE_ROUNDS):
        got = plan.mean(updates, edge_round=edge_round, rng=np.random.default_rng(0))
        for value in range(NUM_PARAMETERS):
            taking_part = strong[edge_round, :, value // 2 % 4]
            np.testing.assert_allclose(got[value], updates[taking_part, value].mean(), rtol=1e-6)
    assert len({tuple(row) for row in strong[0].T}) > 1


@pytest.mark.parametrize(
    ("num_antennas", "transceiver"),
    [
        (1, ChannelInversion()),
        (1, OptimalPowerControl()),
        (1, RegularizedInversion()),
        (1, UniformForcing()),
        (3, UniformForcing()),
        (3, ReceiveBeamforming(transceiver=TruncatedInversion(threshold=0.5))),
        (3, LeastError()),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, int) else str(value),
)
@pytest.mark.parametrize("scaling", [LargestNorm(), RootMeanSquareNorm(), Standardized()], ids=str)
def test_error_over_subcarriers_and_antennas_meets_the_plans(make_network, num_antennas, transceiver, scaling):
    """For symbols of independent clients: E‖error‖² = factor² Σ_symbols mse/M², within four standard errors."""
    num, even, edge_round = 4000, 16, 1  # two symbols on each of four subcarriers
    channel = selective(make_network, num_antennas=num_antennas)
    plan = OverTheAir(transceiver=transceiver, scaling=scaling).plan(channel)
    one, gain = plan.transceiver[edge_round], plan.gain[edge_round]
    heard = gain if one.receive is None else np.einsum("sa,ska->sk", one.receive.conj(), gain)
    askew = np.where(one.active, heard * one.transmit / np.sqrt(one.eta)[:, None] - 1.0, 0.0)
    num_active = one.active.sum(axis=-1)
    assert num_active.all()
    rng = np.random.default_rng(1)
    errors, expected = [], []
    for _ in range(num):
        values = 0.3 + rng.standard_normal((NUM_CLIENTS, even))
        got = plan.mean(values, edge_round=edge_round, rng=rng)
        present = one.active[np.arange(even) // 2 % 4].T
        errors.append(np.sum((got - np.sum(values * present, axis=0) / present.sum(axis=0)) ** 2))
        scale = scaling.scale(values[plan.active[edge_round]])
        symbols = ((values - scale.offset) / scale.factor).view(complex).reshape(NUM_CLIENTS, 2, 4)
        misaligned = np.abs(np.einsum("sk,kts->ts", askew, symbols)) ** 2  # given what is sent, not random
        expected.append(scale.factor**2 * np.sum((misaligned + one.noise_mse) / num_active**2))
    difference = np.array(errors) - np.array(expected)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(num)


def test_plans_are_made_with_what_is_known_and_used_on_the_truth(make_network):
    """With poor estimates everybody arrives askew; the plan does not know."""
    channel = selective(make_network, knowledge=ChannelKnowledge(pilot_snr_db=0.0, timing_deviation_s=1e-7))
    plan = OverTheAir(transceiver=ChannelInversion()).plan(channel)
    known = np.moveaxis(channel.estimated_response[:, :, 0], -1, 1)
    np.testing.assert_allclose(plan.transceiver.mse_on(known, noise_power_w=channel.noise_power_w), plan.transceiver.mse)
    assert (plan.transceiver.mse_on(plan.gain, noise_power_w=channel.noise_power_w) > 2 * plan.transceiver.mse).mean() > 0.5


def test_who_is_silent_has_no_say(make_network, updates):
    """Not in the scale, not in the sum, whatever his update is; and where nobody sends there is no noise."""
    channel = selective(make_network)
    response = np.where(np.arange(NUM_CLIENTS)[:, None, None] == 2, 0.1 * channel.response, channel.response)
    response[..., 3] *= 1e-3  # nobody passes on the last subcarrier
    faded = dataclasses.replace(channel, response=response, estimated_response=response)
    plan = OverTheAir(transceiver=TruncatedInversion(threshold=0.7)).plan(faded)
    assert not plan.active[:, 2].any()
    odd = updates.copy()
    odd[2] = np.nan
    loud = np.where(np.arange(NUM_CLIENTS)[:, None] == 2, 1e6, updates)
    one, other = (plan.mean(values, edge_round=0, rng=np.random.default_rng(0)) for values in (odd, loud))
    np.testing.assert_array_equal(one, other)
    unused = np.arange(NUM_PARAMETERS) // 2 % 4 == 3
    np.testing.assert_array_equal(one[unused], 0.0)
    assert (one[~unused] != 0.0).all()


def test_power_is_averaged_over_subcarriers(make_network):
    channel = selective(make_network)
    plan = OverTheAir(transceiver=ChannelInversion()).plan(channel)
    np.testing.assert_allclose(plan.power_fraction, plan.transceiver.power_w.mean(axis=1) / plan.mean_received_power_w)
    assert (plan.power_fraction.max(axis=1) < 1.0 - 1e-6).any()


def test_weighted_plans_are_refused(channel):
    with pytest.raises(ValueError, match="transceiver: got COTAF.* for COTAF TruncatedInversion with scaling"):
        OverTheAir(transceiver=COTAF(threshold=0.5, mean_square_update=0.01)).plan(channel)


def test_several_antennas_need_a_transceiver_that_takes_them(make_network):
    with pytest.raises(ValueError, match="transceiver: got ChannelInversion.* with 2 antennas; needed is one that takes them"):
        OverTheAir(transceiver=ChannelInversion()).plan(selective(make_network, num_antennas=2))


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


def test_updates_beyond_the_range_of_numbers_are_not_taken_for_none(channel, updates):
    """Whoever diverges must be heard, over the air too; silence would look like a model at rest."""
    diverged = updates.copy()
    diverged[0] = np.nan
    for aggregator in (Ideal(), Digital(bits_per_parameter=4), OverTheAir(transceiver=ChannelInversion())):
        with np.errstate(invalid="ignore"):
            mean = aggregator.plan(channel).mean(diverged, edge_round=0, rng=np.random.default_rng(0))
        assert np.isnan(mean).all()


@pytest.mark.parametrize("bits_per_parameter", [1, 32, 2.5])
def test_bits_are_a_whole_number_from_2_to_31(bits_per_parameter):
    with pytest.raises(ValueError, match=f"bits_per_parameter: got {bits_per_parameter}"):
        Digital(bits_per_parameter=bits_per_parameter)
