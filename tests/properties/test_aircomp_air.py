"""Laws of the air at waveform level."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aircomp import (
    delayed_taps,
    ofdm_demodulate,
    ofdm_modulate,
    ofdm_superpose,
    sampled_taps,
    short_prefix_mse,
    subcarrier_gain,
    timing_error_mse,
)
from covered import law_of
from strategies import batches, complex_gains, counts, decades, permutations, refused, rngs, seeds

offsets = st.integers(0, 5)


@st.composite
def links(draw, *, fits=True):
    """Symbols (K, T, S), taps (K, L), offsets (K,) and a prefix that is long enough for them or need not be."""
    num_clients, num_ofdm, num_taps = draw(counts), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    late = draw(arrays(int, num_clients, elements=offsets))
    least = num_taps - 1 + int(late.max())
    num_subcarriers = draw(st.integers(max(least, 1), 16))
    prefix = draw(st.integers(least if fits else 0, num_subcarriers))
    symbols = draw(complex_gains((num_clients, num_ofdm, num_subcarriers), spread_db=60.0))
    return symbols, draw(complex_gains((num_clients, num_taps), zeros=True)), late, prefix


@law_of(ofdm_modulate, ofdm_demodulate)
@given(batch=batches, num_ofdm=st.integers(1, 3), num_subcarriers=st.integers(1, 16), data=st.data())
def test_symbols_come_back_from_their_samples(batch, num_ofdm, num_subcarriers, data):
    prefix = data.draw(st.integers(0, num_subcarriers))
    symbols = data.draw(complex_gains((*batch, num_ofdm, num_subcarriers), spread_db=60.0))
    samples = ofdm_modulate(symbols, prefix_samples=prefix)
    assert samples.shape == (*batch, num_ofdm * (num_subcarriers + prefix))
    again = ofdm_demodulate(samples, num_subcarriers=num_subcarriers, prefix_samples=prefix)
    np.testing.assert_allclose(again, symbols, rtol=1e-9, atol=1e-12)
    bare = ofdm_modulate(symbols, prefix_samples=0)
    np.testing.assert_allclose(np.sum(np.abs(bare) ** 2), np.sum(np.abs(symbols) ** 2), rtol=1e-9)
    for wrong in (-1, num_subcarriers + 1, 0.5):
        with refused("prefix_samples"):
            ofdm_modulate(symbols, prefix_samples=wrong)
        with refused("prefix_samples"):
            ofdm_demodulate(samples, num_subcarriers=num_subcarriers, prefix_samples=wrong)
    if num_subcarriers + prefix > 1:
        with refused("samples"):
            ofdm_demodulate(samples[..., 1:], num_subcarriers=num_subcarriers, prefix_samples=prefix)


@law_of(ofdm_superpose, subcarrier_gain)
@given(link=links(), rng=rngs)
def test_within_the_prefix_every_subcarrier_is_flat(link, rng):
    symbols, taps, late, prefix = link
    received = ofdm_superpose(symbols, taps=taps, prefix_samples=prefix, noise_power_w=0.0, rng=rng, offset_samples=late)
    gain = subcarrier_gain(taps, num_subcarriers=symbols.shape[-1], offset_samples=late)
    np.testing.assert_allclose(received, np.sum(gain[:, None] * symbols, axis=0), rtol=1e-9, atol=1e-9)


@law_of(ofdm_superpose)
@given(link=links(fits=False), noise=decades(1e-12, 1e3), seed=seeds, data=st.data())
def test_signals_add_up_in_noise_of_their_own(link, noise, seed, data):
    symbols, taps, late, prefix = link

    def received(symbols, taps=taps, late=late, noise_power_w=noise, **kind):
        return ofdm_superpose(
            symbols,
            taps=taps,
            prefix_samples=prefix,
            noise_power_w=noise_power_w,
            rng=np.random.default_rng(seed),
            offset_samples=late,
            **kind,
        )

    whole, silence = received(symbols), received(np.zeros_like(symbols))
    assert whole.shape == symbols.shape[1:]
    clean = received(symbols, noise_power_w=0.0)
    np.testing.assert_allclose(whole, clean + silence, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(received(np.zeros_like(symbols), noise_power_w=4.0 * noise), 2.0 * silence, rtol=1e-9)
    order = data.draw(permutations(len(symbols)))
    turned = received(symbols[order], taps[order], late[order], 0.0)
    np.testing.assert_allclose(turned, clean, rtol=1e-9, atol=1e-9)
    two = received(symbols, np.stack([taps, 2.0 * taps], axis=1), noise_power_w=0.0, antennas=True)
    np.testing.assert_allclose(two, np.stack([clean, 2.0 * clean]), rtol=1e-9, atol=1e-9)


@law_of(delayed_taps, subcarrier_gain)
@given(taps=batches.flatmap(lambda batch: complex_gains((*batch, 3))), late=offsets, num_subcarriers=st.integers(1, 16))
def test_a_delay_turns_subcarriers_and_keeps_power(taps, late, num_subcarriers):
    delayed = delayed_taps(taps, offset_samples=late)
    assert delayed.shape == (*taps.shape[:-1], 3 + late)
    np.testing.assert_array_equal(delayed[..., late:], taps)
    assert not delayed[..., :late].any()
    gain, later = (subcarrier_gain(taps, num_subcarriers=num_subcarriers, offset_samples=o) for o in (0, late))
    turn = np.exp(-2j * np.pi * late * np.arange(num_subcarriers) / num_subcarriers)
    np.testing.assert_allclose(later, gain * turn, rtol=1e-9, atol=1e-9)
    if num_subcarriers >= 3:
        power = np.sum(np.abs(taps) ** 2, axis=-1)
        np.testing.assert_allclose(np.mean(np.abs(gain) ** 2, axis=-1), power, rtol=1e-9)
    for wrong in (-1, 0.5, np.nan):
        with refused("offset_samples"):
            delayed_taps(taps, offset_samples=wrong)


@law_of(sampled_taps)
@given(taps=complex_gains((2, 4)), sample=arrays(int, 4, elements=st.integers(0, 9)), rate_hz=decades(1.0, 1e12))
def test_taps_move_to_their_sample_and_add_up_there(taps, sample, rate_hz):
    sampled = sampled_taps(taps, delay_s=sample / rate_hz, sample_rate_hz=rate_hz)
    assert sampled.shape == (2, sample.max() + 1)
    np.testing.assert_allclose(sampled.sum(axis=-1), taps.sum(axis=-1), rtol=1e-9, atol=1e-12)
    for place in range(sample.max() + 1):
        np.testing.assert_allclose(sampled[:, place], taps[:, sample == place].sum(axis=-1), rtol=1e-9, atol=1e-12)


@law_of(timing_error_mse)
@given(
    late=arrays(int, (2, 3), elements=st.integers(0, 100)),
    num_subcarriers=st.integers(1, 16),
    weight=decades(1e-6, 1e6),
    data=st.data(),
)
def test_late_clients_err_at_most_twice_and_not_at_the_carrier(late, num_subcarriers, weight, data):
    error = timing_error_mse(late, num_subcarriers=num_subcarriers, weights=weight)
    assert error.shape == (2, num_subcarriers)
    assert ((error >= 0.0) & (error <= 12.0 * weight**2 * (1.0 + 1e-9))).all()
    assert not error[:, 0].any()
    unit = timing_error_mse(late, num_subcarriers=num_subcarriers)
    np.testing.assert_allclose(error, weight**2 * unit, rtol=1e-9)
    order = data.draw(permutations(3))
    np.testing.assert_allclose(timing_error_mse(late[:, order], num_subcarriers=num_subcarriers), unit, rtol=1e-9, atol=1e-12)
    around = timing_error_mse(late + num_subcarriers, num_subcarriers=num_subcarriers)
    np.testing.assert_allclose(around, unit, atol=1e-9)


@law_of(short_prefix_mse)
@given(taps=complex_gains((2, 4)), late=offsets, num_subcarriers=st.integers(9, 16), data=st.data())
def test_what_exceeds_the_prefix_disturbs_and_nothing_else(taps, late, num_subcarriers, data):
    prefix = data.draw(st.integers(0, num_subcarriers))

    def error(prefix):
        return short_prefix_mse(taps, prefix_samples=prefix, num_subcarriers=num_subcarriers, offset_samples=late)

    mse = error(prefix)
    assert mse.shape == (2, num_subcarriers)
    beyond = np.maximum(np.arange(4) + late - prefix, 0)
    expected = 2.0 / num_subcarriers * np.sum(beyond * np.abs(taps) ** 2, axis=-1)
    np.testing.assert_allclose(mse.mean(axis=-1), expected, rtol=1e-9)
    assert (mse >= 0.0).all()
    assert not error(min(3 + late, num_subcarriers)).any()
    assert (error(min(prefix + 1, num_subcarriers)).mean(axis=-1) <= mse.mean(axis=-1) * (1.0 + 1e-9)).all()
