"""Waveforms against the laws of subcarriers: exact while the prefix is long enough, off by a closed form when it is not."""

import numpy as np
import pytest

from aircomp import ChannelInversion, TruncatedInversion
from aircomp.air.ofdm_link import (
    delayed_taps,
    ofdm_demodulate,
    ofdm_modulate,
    ofdm_superpose,
    sampled_taps,
    short_prefix_mse,
    subcarrier_gain,
    timing_error_mse,
)
from aircomp.updates.ofdm_grid import OFDMGrid
from channels import Rayleigh, TappedDelayLine

S = 16


def complex_normal(shape, seed):
    return Rayleigh().draw(shape, rng=np.random.default_rng(seed))


def link(symbols, **arguments):
    rest = {"noise_power_w": 0.0, "rng": np.random.default_rng(99)} | arguments
    return ofdm_superpose(symbols, **rest)


def sample_by_sample(symbols, taps, *, prefix, offsets):
    """The same link written out: one client, one OFDM symbol, one convolution at a time."""
    num_clients, num_ofdm_symbols, num_subcarriers = symbols.shape
    frame = num_subcarriers + prefix
    total = np.zeros(num_ofdm_symbols * frame + taps.shape[-1] + max(offsets), dtype=complex)
    time, tone = np.arange(-prefix, num_subcarriers), np.arange(num_subcarriers)
    synthesis = np.exp(2j * np.pi * np.outer(time, tone) / num_subcarriers) / np.sqrt(num_subcarriers)
    for i in range(num_clients):
        stream = np.concatenate([synthesis @ symbols[i, t] for t in range(num_ofdm_symbols)])
        arrived = np.convolve(stream, taps[i])
        total[offsets[i] : offsets[i] + len(arrived)] += arrived
    windows = [total[t * frame + prefix : (t + 1) * frame] for t in range(num_ofdm_symbols)]
    return np.array([synthesis[prefix:].conj().T @ window for window in windows])


@pytest.mark.parametrize("antennas", [False, True])
def test_within_the_prefix_the_air_adds_subcarrier_by_subcarrier(antennas):
    """L - 1 + o of up to 7, exactly the prefix, over a batch with its own offsets."""
    symbols = complex_normal((3, 5, 4, S), 0)
    taps = complex_normal((3, 5, 2, 4) if antennas else (3, 5, 4), 1)
    offsets = np.random.default_rng(2).integers(0, 5, (3, 5))
    assert offsets.max() == 4
    received = link(symbols, taps=taps, offset_samples=offsets, prefix_samples=7, antennas=antennas)
    frequency = np.fft.fft(taps, S) * np.exp(
        -2j * np.pi * np.arange(S) * (offsets[..., None, None] if antennas else offsets[..., None]) / S
    )
    expected = np.einsum("bias,bits->bats" if antennas else "bis,bits->bts", frequency, symbols)
    np.testing.assert_allclose(received, expected, atol=1e-12 * np.abs(expected).max())
    gain = subcarrier_gain(taps, num_subcarriers=S, offset_samples=offsets[..., None] if antennas else offsets)
    np.testing.assert_allclose(gain, frequency, atol=1e-12)


@pytest.mark.parametrize(("prefix", "num_taps"), [(0, 1), (0, 5), (3, 9), (5, 40), (S, 6)])
def test_any_prefix_agrees_with_convolutions_written_out(prefix, num_taps):
    symbols, taps, offsets = complex_normal((3, 6, S), 3), complex_normal((3, num_taps), 4), [0, 2, 11]
    received = link(symbols, taps=taps, offset_samples=offsets, prefix_samples=prefix)
    np.testing.assert_allclose(received, sample_by_sample(symbols, taps, prefix=prefix, offsets=offsets), atol=1e-12 * num_taps)


def test_batches_broadcast_and_permuting_clients_changes_nothing():
    symbols, taps, offsets = complex_normal((4, 3, S), 5), complex_normal((7, 4, 3), 6), np.array([0, 3, 1, 2])
    received = link(symbols, taps=taps, offset_samples=offsets, prefix_samples=2)
    assert received.shape == (7, 3, S)
    alone = link(symbols, taps=taps[5], offset_samples=offsets, prefix_samples=2)
    np.testing.assert_allclose(received[5], alone, atol=1e-12)
    order = np.random.default_rng(7).permutation(4)
    other = link(symbols[order], taps=taps[:, order], offset_samples=offsets[order], prefix_samples=2)
    np.testing.assert_allclose(other, received, atol=1e-12)


def test_noise_on_every_subcarrier_is_white_circular_and_has_the_power_asked_for():
    num = 20_000
    noise = link(np.zeros((2, 1, num, 8)), taps=[[1.0]], prefix_samples=3, noise_power_w=[0.7, 0.0])
    np.testing.assert_array_equal(noise[1], 0.0)
    power = np.abs(noise[0]) ** 2
    assert (np.abs(power.mean(axis=0) - 0.7) < 4 * 0.7 / np.sqrt(num)).all()  # |z|² is exponential
    covariance = noise[0].T @ noise[0].conj() / num
    pseudo = noise[0].T @ noise[0] / num
    off = ~np.eye(8, dtype=bool)
    assert (np.abs(covariance[off]) < 4 * 0.7 / np.sqrt(num)).all()
    assert (np.abs(pseudo) < 4 * 0.7 * np.sqrt(2.0 / num)).all()


@pytest.mark.parametrize(("num_taps", "offset", "prefix"), [(4, 0, 0), (6, 3, 2), (3, 5, 3), (1, 12, 4), (5, 13, 1)])
def test_a_prefix_too_short_errs_by_the_closed_form(num_taps, offset, prefix):
    """Per subcarrier within four standard errors; the first OFDM symbol, after silence, has half the error."""
    num = 20_000
    taps = complex_normal((1, num_taps), 10)
    symbols = complex_normal((num, 1, 2, S), 11)
    received = link(symbols, taps=taps, offset_samples=[offset], prefix_samples=prefix)
    error = np.abs(received - subcarrier_gain(taps, num_subcarriers=S, offset_samples=offset) * symbols[:, 0]) ** 2
    expected = short_prefix_mse(taps[0], prefix_samples=prefix, num_subcarriers=S, offset_samples=offset)
    assert (expected > 1e-3).all()
    standard_error = error.std(axis=0) / np.sqrt(num)
    assert (np.abs(error.mean(axis=0) - expected * [[0.5], [1.0]]) < 4 * standard_error).all()
    delay = offset + np.arange(num_taps)
    mean = 2.0 / S * np.sum(np.maximum(delay - prefix, 0) * np.abs(taps[0]) ** 2)
    np.testing.assert_allclose(expected.mean(), mean, rtol=1e-12)


def test_errors_of_clients_beyond_the_prefix_add_up():
    num, offsets = 20_000, np.array([0, 4, 7])
    taps = complex_normal((3, 2), 12)
    symbols = complex_normal((num, 3, 2, S), 13)
    received = link(symbols, taps=taps, offset_samples=offsets, prefix_samples=4)[:, 1]
    gain = subcarrier_gain(taps, num_subcarriers=S, offset_samples=offsets)
    error = np.abs(received - np.sum(gain * symbols[:, :, 1], axis=1)) ** 2
    each = short_prefix_mse(taps, prefix_samples=4, num_subcarriers=S, offset_samples=offsets)
    np.testing.assert_array_equal(each[0], 0.0)
    assert (np.abs(error.mean(axis=0) - each.sum(axis=0)) < 4 * error.std(axis=0) / np.sqrt(num)).all()


def test_more_prefix_never_raises_the_error_and_enough_of_it_ends_it():
    taps = complex_normal((9,), 14)
    mean = [short_prefix_mse(taps, prefix_samples=p, num_subcarriers=S).mean() for p in range(10)]
    assert (np.diff(mean[:9]) < 0.0).all()
    assert mean[8] == mean[9] == 0.0


@pytest.mark.parametrize("transceiver", [ChannelInversion(), TruncatedInversion(threshold=0.6)], ids=str)
def test_inversion_on_every_subcarrier_meets_its_closed_form_through_the_waveform(transceiver):
    """Plans of S subcarriers as a batch, late clients that know it, signals of unit power: within four standard errors."""
    num_ofdm_symbols, noise = 5_000, 0.2
    rng = np.random.default_rng(15)
    power = np.array([0.5, 1.0, 2.0, 1.0])
    taps, offsets = complex_normal((4, 3), 16) / np.sqrt(3.0), np.array([0, 1, 3, 2])
    gain = subcarrier_gain(taps, num_subcarriers=S, offset_samples=offsets)
    plan = transceiver.plan(gain.T, power_w=power, noise_power_w=noise, weights=[1.0, 0.5, 1.0, 2.0])
    shape = (4, num_ofdm_symbols, S)
    signals = (rng.choice([-1.0, 1.0], shape) + 1j * rng.choice([-1.0, 1.0], shape)) / np.sqrt(2.0)
    received = ofdm_superpose(
        plan.transmit.T[:, None, :] * signals,
        taps=taps,
        offset_samples=offsets,
        prefix_samples=5,
        noise_power_w=noise,
        rng=rng,
    )
    wanted = np.einsum("si,its->st", plan.weights, signals)
    error = np.abs(plan.combine(received.T) - wanted) ** 2
    standard_error = error.std(axis=-1) / np.sqrt(num_ofdm_symbols)
    assert plan.mse.shape == (S,)
    assert (np.abs(error.mean(axis=-1) - plan.mse) < 4 * standard_error).all()


def test_offsets_that_nobody_knows_of_cost_the_rotation():
    """What a plan for clocks that agree makes of clocks that do not is its own error and that of the rotations."""
    taps, offsets, weights = complex_normal((4, 3), 17), np.array([0, 1, 4, 2]), np.array([1.0, 0.5, 2.0, 1.0])
    known = subcarrier_gain(taps, num_subcarriers=S).T
    plan = ChannelInversion().plan(known, power_w=1.0, noise_power_w=0.1, weights=weights)
    true = subcarrier_gain(taps, num_subcarriers=S, offset_samples=offsets).T
    expected = plan.mse + timing_error_mse(offsets, num_subcarriers=S, weights=weights)
    np.testing.assert_allclose(plan.mse_on(true, noise_power_w=0.1), expected, rtol=1e-11)
    rotation = np.exp(-2j * np.pi * np.outer(np.arange(S), offsets) / S)
    unweighted = np.sum(np.abs(rotation - 1.0) ** 2, axis=1)
    np.testing.assert_allclose(timing_error_mse(offsets, num_subcarriers=S), unweighted, atol=1e-12)


def test_an_update_crosses_the_air_but_for_the_subcarriers_that_a_client_leaves_out():
    """Broadband analog aggregation end to end: real vectors, per-subcarrier truncation, multipath, no noise."""
    grid = OFDMGrid(num_subcarriers=12, subcarrier_spacing_hz=15e3, cyclic_prefix_s=4 / (12 * 15e3))
    updates = np.random.default_rng(18).standard_normal((3, 77))
    taps = complex_normal((3, 4), 19) / 2.0
    plan = TruncatedInversion(threshold=0.7).plan(subcarrier_gain(taps, num_subcarriers=12).T, power_w=1.0, noise_power_w=0.0)
    assert 0 < plan.num_silent.sum() < 36
    sent = grid.pack(updates) * plan.transmit.T[:, None, :]
    received = link(sent, taps=taps, prefix_samples=grid.prefix_samples)
    total = grid.unpack(plan.combine(received.T).T, 77)
    wanted = np.sum(updates * plan.active.T[:, grid.subcarriers(77)], axis=0)
    np.testing.assert_allclose(total, wanted, atol=1e-11)


def test_modulation_keeps_energy_repeats_the_end_and_is_undone():
    symbols = complex_normal((2, 3, S), 20)
    stream = ofdm_modulate(symbols, prefix_samples=5).reshape(2, 3, S + 5)
    np.testing.assert_array_equal(stream[..., :5], stream[..., -5:])
    np.testing.assert_allclose(np.sum(np.abs(stream[..., 5:]) ** 2, axis=-1), np.sum(np.abs(symbols) ** 2, axis=-1))
    back = ofdm_demodulate(stream.reshape(2, -1), num_subcarriers=S, prefix_samples=5)
    np.testing.assert_allclose(back, symbols, atol=1e-13)


def test_sampled_taps_have_the_response_of_the_delay_line_at_whole_samples():
    rate = 1e6
    line = TappedDelayLine(delay_s=np.array([0.0, 2.0, 3.0]) / rate, power=np.array([1.0, 0.5, 0.2]))
    paths = line.taps((4,), rng=np.random.default_rng(21))
    sampled = sampled_taps(paths, delay_s=line.delay_s, sample_rate_hz=rate)
    assert sampled.shape == (4, 4)
    response = line.frequency_response((4,), frequency_hz=np.arange(S) * rate / S, rng=np.random.default_rng(21))
    np.testing.assert_allclose(subcarrier_gain(sampled, num_subcarriers=S), response, atol=1e-12)
    np.testing.assert_array_equal(delayed_taps(sampled, offset_samples=[0, 1, 0, 2])[3, 2:], sampled[3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": np.ones((2, 4))}, r"symbols: got shape \(2, 4\)"),
        ({"taps": np.ones((3, 2))}, r"taps: got shape \(3, 2\); needed is \(..., 2, taps\)"),
        ({"taps": np.ones((2, 2)), "antennas": True}, r"taps: got shape \(2, 2\); needed is \(..., 2, antennas, taps\)"),
        ({"offset_samples": -1}, "offset_samples: got -1"),
        ({"offset_samples": [0, 0.5]}, "offset_samples: got 0.5; allowed is whole samples >= 0"),
        ({"prefix_samples": 5}, "prefix_samples: got 5; allowed is an integer from 0 to 4"),
        ({"prefix_samples": 0.5}, "prefix_samples: got 0.5"),
        ({"noise_power_w": -0.1}, "noise_power_w: got -0.1"),
        ({"noise_power_w": [0.1, 0.1]}, "noise_power_w: got shape"),
    ],
)
def test_bad_input_names_the_argument(arguments, message):
    good = {"symbols": np.ones((2, 3, 4)), "taps": np.ones((2, 2)), "prefix_samples": 1} | arguments
    with pytest.raises(ValueError, match=message):
        link(good.pop("symbols"), **good)


def test_bad_input_of_the_closed_forms():
    with pytest.raises(ValueError, match="taps: got one at a delay of 19 samples, offset included; allowed is <= 18"):
        short_prefix_mse([0.0, 1.0], prefix_samples=2, num_subcarriers=S, offset_samples=18)
    with pytest.raises(ValueError, match="samples: got 20; needed is a multiple of 18"):
        ofdm_demodulate(np.zeros(20, dtype=complex), num_subcarriers=S, prefix_samples=2)
    with pytest.raises(ValueError, match="num_subcarriers: got 0"):
        timing_error_mse([1], num_subcarriers=0)
