"""Sionna's small-scale fading against our own, where both exist, and against theory."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from channels import (
    RuralMacro,
    TappedDelayLine,
    TDLProfile,
    UrbanMacro,
    UrbanMicro,
    hexagonal_layout,
    subcarrier_frequencies_hz,
)
from channels.sionna_backend import SionnaCDL, SionnaSystemLevel, SionnaTDL

pytestmark = pytest.mark.sionna
NUM = 8000
FREQUENCY = subcarrier_frequencies_hz(4, bandwidth_hz=10e6)
SURROUNDINGS = [(UrbanMicro(), 10.0), (UrbanMacro(), 25.0), (RuralMacro(), 35.0)]


def same_mean(one, other):
    """Whether two samples along the first axis agree in the mean, within four standard errors of the difference."""
    error = np.sqrt(one.var(axis=0) / len(one) + other.var(axis=0) / len(other))
    return (np.abs(one.mean(axis=0) - other.mean(axis=0)) < 4 * error + 1e-12).all()


@pytest.mark.parametrize("profile", TDLProfile)
def test_tapped_delay_lines_have_the_same_statistics(profile):
    ours = TappedDelayLine.tr38901(profile, delay_spread_s=1e-7)
    theirs = SionnaTDL(profile=profile, delay_spread_s=1e-7, carrier_hz=3.5e9)
    h, g = (f.frequency_response((NUM,), frequency_hz=FREQUENCY, rng=np.random.default_rng(0)) for f in (ours, theirs))
    assert same_mean(np.abs(h) ** 2, np.abs(g) ** 2)
    assert same_mean(np.abs(h) ** 4, np.abs(g) ** 4)
    for part in (np.real, np.imag):
        assert same_mean(part(h * h[:, :1].conj()), part(g * g[:, :1].conj()))
    assert stats.ks_2samp(np.abs(h[:, 0]), np.abs(g[:, 0])).pvalue > 1e-3
    assert theirs.amplitude_quantile(0.2) == ours.amplitude_quantile(0.2)


@pytest.mark.parametrize("profile", TDLProfile)
def test_clustered_delay_lines_have_unit_power_and_the_frequency_correlation_of_their_taps(profile):
    """CDL and TDL of a letter are one power delay profile; angles decide the rest."""
    fading = SionnaCDL(profile=profile, delay_spread_s=1e-7, carrier_hz=3.5e9)
    h = fading.frequency_response((2000, 1), frequency_hz=FREQUENCY, rng=np.random.default_rng(1))[:, 0]
    power = np.abs(h) ** 2
    assert (np.abs(power.mean(axis=0) - 1.0) < 4 * power.std(axis=0) / np.sqrt(len(h))).all()
    taps = TappedDelayLine.tr38901(profile, delay_spread_s=1e-7)
    expected = np.exp(-2j * np.pi * np.multiply.outer(FREQUENCY - FREQUENCY[0], taps.delay_s)) @ taps.power
    product = h * h[:, :1].conj()
    error = np.sqrt((product.real.var(axis=0) + product.imag.var(axis=0)) / len(h))
    assert (np.abs(product.mean(axis=0) - expected) < 4 * error + 2e-3).all()  # the tables round powers to 0.1 dB
    assert 0.0 < fading.amplitude_quantile(0.1) < fading.amplitude_quantile(0.9)


def test_clustered_delay_lines_with_several_antennas():
    fading = SionnaCDL(profile=TDLProfile.A, delay_spread_s=1e-7, carrier_hz=3.5e9, num_antennas=3)
    assert fading.draw((5, 2, 3), rng=np.random.default_rng(0)).shape == (5, 2, 3)
    with pytest.raises(ValueError, match=r"shape: got \(5, 2\); needed is \(..., 3\)"):
        fading.draw((5, 2), rng=np.random.default_rng(0))


def layout_at(height_m, *, clients_per_cell, indoor_share=0.3, wrap_around=False):
    rng = np.random.default_rng(0)
    layout = hexagonal_layout(
        num_cells=3, clients_per_cell=clients_per_cell, radius_m=200.0, min_distance_m=20.0, wrap_around=wrap_around, rng=rng
    )
    return dataclasses.replace(
        layout, station_height_m=np.array(height_m), indoor=rng.random(layout.num_clients) < indoor_share
    )


@pytest.mark.parametrize(("propagation", "height_m"), SURROUNDINGS)
def test_networks_have_the_same_marginals(propagation, height_m):
    """Sight, shadowing and path loss over drops, link by link, though shadowing is correlated with spreads in Sionna."""
    layout = layout_at(height_m, clients_per_cell=4, wrap_around=True)
    system = SionnaSystemLevel(propagation=propagation, carrier_hz=3.5e9)
    rng = np.random.default_rng(1)
    theirs = [system.drop(layout, rng=rng).large_scale for _ in range(150)]
    ours = [propagation.draw(layout, carrier_hz=3.5e9, rng=rng) for _ in range(600)]
    for name in ("los", "pathloss_db", "shadowing_db"):
        one, other = (np.array([getattr(drop, name) for drop in drops], dtype=float) for drops in (ours, theirs))
        assert same_mean(one, other), name
    # Shadowing's spread, over drops, by client indoors or not: an average over links whose errors are alike.
    one, other = (np.array([drop.shadowing_db**2 for drop in drops]) for drops in (ours, theirs))
    for clients in (layout.indoor, ~layout.indoor):
        assert same_mean(one[:, :, clients].mean(axis=(1, 2)), other[:, :, clients].mean(axis=(1, 2)))


@pytest.mark.parametrize(("propagation", "height_m"), SURROUNDINGS)
def test_small_scale_fading_has_unit_power_over_drops(propagation, height_m):
    """Clusters 25 dB below the strongest are dropped by the standard: up to a hundredth is missing."""
    layout = layout_at(height_m, clients_per_cell=20)
    rng = np.random.default_rng(2)
    power = []
    for _ in range(5):
        fading = SionnaSystemLevel(propagation=propagation, carrier_hz=3.5e9).drop(layout, rng=rng).fading(layout)
        power.append(np.abs(fading.draw((10, layout.num_clients, 1), rng=rng)) ** 2)
    per_link = np.mean(power, axis=1).ravel()  # draws of a link share its spreads and so are not independent
    assert abs(per_link.mean() - 0.995) < 4 * per_link.std() / np.sqrt(len(per_link)) + 0.005


def test_links_without_sight_fade_like_rayleigh_and_those_in_sight_less():
    layout = layout_at(10.0, clients_per_cell=60, indoor_share=0.0)
    drop = SionnaSystemLevel(propagation=UrbanMicro(), carrier_hz=3.5e9).drop(layout, rng=np.random.default_rng(3))
    h = drop.fading(layout).draw((20, layout.num_clients, 1), rng=np.random.default_rng(4))[..., 0]
    los = layout.serving(drop.large_scale.los)
    # Some 20 rays a cluster and several clusters: close to Gaussian. Independent draws: one a client.
    assert stats.kstest(np.abs(h[0, ~los]) ** 2, "expon").pvalue > 1e-3
    scattered, sighted = (np.abs(h[:, some]) ** 2 for some in (~los, los))
    assert sighted.var() < 0.7 * scattered.var()


def test_a_drop_keeps_its_parameters_and_draws_anew():
    layout = layout_at(10.0, clients_per_cell=3)
    drop = SionnaSystemLevel(propagation=UrbanMicro(), carrier_hz=3.5e9, num_antennas=2).drop(
        layout, rng=np.random.default_rng(5)
    )
    fading = drop.fading(layout)
    one, again, other = (fading.draw((4, 9, 2), rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.isclose(one, other).any()
    response = fading.frequency_response((4, 9, 2), frequency_hz=FREQUENCY, rng=np.random.default_rng(1))
    assert response.shape == (4, 9, 2, 4)
    with pytest.raises(ValueError, match=r"shape: got \(4, 9\); needed is \(number of draws, 9, 2\)"):
        fading.draw((4, 9), rng=np.random.default_rng(0))


def test_what_sionna_does_not_check_is_checked():
    layout = dataclasses.replace(layout_at(10.0, clients_per_cell=2), client_height_m=np.array(100.0))
    with pytest.raises(ValueError, match="ut_height_m: got 100"):
        SionnaSystemLevel(propagation=UrbanMicro(), carrier_hz=3.5e9).drop(layout, rng=np.random.default_rng(0))


def test_a_network_takes_sionnas_channels_as_any_other(make_network):
    layout = layout_at(10.0, clients_per_cell=3)
    drop = SionnaSystemLevel(propagation=UrbanMicro(), carrier_hz=3.5e9, num_antennas=2).drop(
        layout, rng=np.random.default_rng(6)
    )
    network = dataclasses.replace(
        make_network(3, 3),
        layout=layout,
        large_scale=drop.large_scale,
        fading=drop.fading(layout),
        num_antennas=2,
        num_subcarriers=8,
    )
    state = network.draw(5, rng=np.random.default_rng(7))
    assert state.response.shape == (5, 9, 2, 8)
    assert all((cell.power_gain > 0.0).all() and cell.fading.shape == (5, 3) for cell in state.cells)
