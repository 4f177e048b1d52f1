"""The air at waveform level: OFDM signals through multipath, with clocks that do not agree, add up sample by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import next_fast_len

from channels.arrays import ComplexArray, FloatArray, IntArray, check_count, checked
from channels.small_scale.tapped_delay_line import response_of


def ofdm_superpose(
    symbols: ArrayLike,
    *,
    taps: ArrayLike,
    prefix_samples: int,
    noise_power_w: ArrayLike,
    rng: np.random.Generator,
    offset_samples: ArrayLike = 0,
    antennas: bool = False,
) -> ComplexArray:
    """Y[t, s] = Σ_i H_i[s] e^{-j 2π s o_i/S} X_i[t, s] + Z[t, s], Z ~ CN(0, σ²), as long as taps and offsets fit the prefix.

    That is what comes out, not what is computed: OFDM symbols follow one another with their prefixes, each client's stream is
    convolved with its taps, late by its offset, the streams add up in noise, and the receiver takes each OFDM symbol where that
    of a client without offset begins. What exceeds the prefix disturbs the next OFDM symbol and other subcarriers. Before the
    first OFDM symbol there is silence.

    Args:
        symbols: (..., K, T, S) what each client sends on S subcarriers, scaled. Subcarrier s is s/S of the sample rate from
            the carrier; those from S/2 on are the negative frequencies.
        taps: (..., K, L) channel at delays of 0 to L - 1 samples; (..., K, A, L) for `antennas`.
        prefix_samples: cyclic prefix, from 0 to S.
        noise_power_w: noise power σ² of a sample, and so of a subcarrier; a number or (...).
        rng: source of the noise.
        offset_samples: (..., K) o_i >= 0, how late a client's signal arrives.
        antennas: whether the receiver has several.

    Returns:
        (..., T, S) received symbols; (..., A, T, S) for `antennas`.

    Source: Goldsmith, Wireless Communications, section 12.4; of several senders, Zhu, Wang, Huang 2019, "Broadband analog
    aggregation for low-latency federated edge learning", section II.

    >>> symbols = np.ones((2, 1, 4))
    >>> received = ofdm_superpose(symbols, taps=[[1.0, 0.0], [0.0, 1.0]], prefix_samples=1, noise_power_w=0.0,
    ...                           rng=np.random.default_rng(0))
    >>> (received.round(12) + 0.0).tolist()
    [[(2+0j), (1-1j), 0j, (1+1j)]]
    """
    sent = np.asarray(symbols, dtype=complex)
    impulse = np.asarray(taps, dtype=complex)
    if sent.ndim < 3 or 0 in sent.shape:
        raise ValueError(
            f"symbols: got shape {sent.shape}; needed is (..., clients, OFDM symbols, subcarriers), none of them 0"
        )
    num_clients, _, num_subcarriers = sent.shape[-3:]
    axes = (num_clients, "antennas", "taps") if antennas else (num_clients, "taps")
    if impulse.ndim < len(axes) or impulse.shape[-len(axes)] != num_clients or 0 in impulse.shape:
        raise ValueError(f"taps: got shape {impulse.shape}; needed is (..., {', '.join(map(str, axes))}), as of the symbols")
    offset = _samples("offset_samples", offset_samples)[..., None]
    late = delayed_taps(impulse if antennas else impulse[..., None, :], offset_samples=offset)

    streams = ofdm_modulate(sent, prefix_samples=prefix_samples)
    duration = streams.shape[-1]
    length = next_fast_len(duration + late.shape[-1] - 1)  # long enough for the convolution not to wrap around
    spectrum = np.einsum("...kn,...kan->...an", np.fft.fft(streams, length), np.fft.fft(late, length))
    arrived = np.fft.ifft(spectrum)[..., :duration]

    noise_w = checked("noise_power_w", noise_power_w, low=0.0, shape=arrived.shape[:-2])[..., None, None]
    parts = rng.standard_normal((*arrived.shape, 2))
    noisy = arrived + np.sqrt(noise_w / 2.0) * (parts[..., 0] + 1j * parts[..., 1])
    received = ofdm_demodulate(noisy, num_subcarriers=num_subcarriers, prefix_samples=prefix_samples)
    return received if antennas else received[..., 0, :, :]


def ofdm_modulate(symbols: ComplexArray, *, prefix_samples: int) -> ComplexArray:
    """(..., T(S + prefix)) samples of OFDM symbols (..., T, S): the unitary inverse DFT of each, led by its own last samples.

    >>> ofdm_modulate(np.array([[1.0, -1.0]]), prefix_samples=1).real.round(6).tolist()
    [1.414214, 0.0, 1.414214]
    """
    *batch, num_ofdm_symbols, num_subcarriers = symbols.shape
    _check_prefix(prefix_samples, num_subcarriers)
    body = np.fft.ifft(symbols, norm="ortho")
    led = np.concatenate([body[..., num_subcarriers - prefix_samples :], body], axis=-1)
    return led.reshape(*batch, num_ofdm_symbols * (num_subcarriers + prefix_samples))


def ofdm_demodulate(samples: ComplexArray, *, num_subcarriers: int, prefix_samples: int) -> ComplexArray:
    """(..., T, S) OFDM symbols of samples (..., T(S + prefix)); undoes `ofdm_modulate`, and leaves white noise white."""
    _check_prefix(prefix_samples, num_subcarriers)
    *batch, duration = samples.shape
    num_ofdm_symbols, rest = divmod(duration, num_subcarriers + prefix_samples)
    if rest:
        raise ValueError(f"samples: got {duration}; needed is a multiple of {num_subcarriers + prefix_samples}")
    led = samples.reshape(*batch, num_ofdm_symbols, num_subcarriers + prefix_samples)
    return np.fft.fft(led[..., prefix_samples:], norm="ortho")


def sampled_taps(taps: ComplexArray, *, delay_s: FloatArray, sample_rate_hz: float) -> ComplexArray:
    """(..., L) taps at whole samples from taps (..., P) at any delays (P,), each moved to the nearest sample.

    >>> sampled_taps(np.array([1.0, 2.0, 3.0]), delay_s=np.array([0.0, 1.1e-6, 0.9e-6]), sample_rate_hz=1e6).real.tolist()
    [1.0, 5.0]
    """
    checked("sample_rate_hz", sample_rate_hz, low=0.0, open_low=True)
    sample = np.rint(checked("delay_s", delay_s, low=0.0) * sample_rate_hz).astype(int)
    return np.asarray(taps, dtype=complex) @ (sample[:, None] == np.arange(sample.max() + 1))


def delayed_taps(taps: ArrayLike, *, offset_samples: ArrayLike) -> ComplexArray:
    """(..., L + max o) the taps (..., L), each set of them o >= 0 samples later; o broadcasts to (...).

    >>> delayed_taps([[1.0], [2.0]], offset_samples=[2, 0]).real.tolist()
    [[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]
    """
    impulse = np.asarray(taps, dtype=complex)
    offset = _samples("offset_samples", offset_samples)
    batch = np.broadcast_shapes(impulse.shape[:-1], offset.shape)
    num_taps = impulse.shape[-1]
    late = np.zeros((*batch, num_taps + int(offset.max(initial=0))), dtype=complex)
    index = np.broadcast_to(offset[..., None] + np.arange(num_taps), (*batch, num_taps))
    np.put_along_axis(late, index, np.broadcast_to(impulse, index.shape), axis=-1)
    return late


def subcarrier_gain(taps: ArrayLike, *, num_subcarriers: int, offset_samples: ArrayLike = 0) -> ComplexArray:
    """(..., S) gains H[s] e^{-j 2π s o/S} with H[s] = Σ_l h_l e^{-j 2π s l/S}, of taps (..., L) that come o samples late.

    In the order of the DFT, from the carrier up and then the negative frequencies; those of `subcarrier_frequencies_hz` rise
    through the band and are half a subcarrier from these.

    >>> np.abs(subcarrier_gain([1.0, 1.0], num_subcarriers=2, offset_samples=3)).round(9).tolist()
    [2.0, 0.0]
    """
    check_count("num_subcarriers", num_subcarriers)
    late = delayed_taps(taps, offset_samples=offset_samples)
    delay = np.arange(late.shape[-1], dtype=float)
    return response_of(late, delay_s=delay, frequency_hz=np.arange(num_subcarriers) / num_subcarriers)


def timing_error_mse(offset_samples: ArrayLike, *, num_subcarriers: int, weights: ArrayLike = 1.0) -> FloatArray:
    """(..., S) misalignment Σ_i w_i² |e^{-j 2π s o_i/S} - 1|² = Σ_i 4 w_i² sin²(π s o_i/S) of a sum with late clients.

    Client i would arrive as w_i s_i, and nobody knows of the offsets, which stay within the prefix.

    Args:
        offset_samples: (..., K) o_i, integers >= 0.
        num_subcarriers: S.
        weights: (..., K) w_i of those who send, or a number.

    Source: van de Beek, Sandell, Börjesson 1997, "ML estimation of time and frequency offset in OFDM systems", section II,
    for the rotation.

    >>> timing_error_mse([0, 1], num_subcarriers=4).round(9).tolist()
    [0.0, 2.0, 4.0, 2.0]
    """
    check_count("num_subcarriers", num_subcarriers)
    offset = _samples("offset_samples", offset_samples)
    weight = checked("weights", weights, low=0.0, shape=offset.shape)
    turn = np.pi * np.arange(num_subcarriers) / num_subcarriers
    return 4.0 * np.sum((weight[..., None] * np.sin(offset[..., None] * turn)) ** 2, axis=-2)


def short_prefix_mse(
    taps: ArrayLike, *, prefix_samples: int, num_subcarriers: int, offset_samples: ArrayLike = 0
) -> FloatArray:
    """(..., S) E|Y[s] - H[s] X[s]|² = (2/S) Σ_{k > prefix} |Σ_{l >= k} h_l e^{-j 2π s l/S}|² of taps that exceed the prefix.

    Half of it is from the OFDM symbol before, half from the samples that this one lacks in their place; its mean over
    subcarriers is (2/S) Σ_{l > prefix} (l - prefix)|h_l|². It is that of one client, which sends independent symbols of unit
    power on every subcarrier; errors of independent clients add up.

    Args:
        taps: (..., L) h_l.
        prefix_samples: cyclic prefix, from 0 to S.
        num_subcarriers: S.
        offset_samples: o >= 0 that broadcasts to (...), how late the signal arrives; it delays the taps.

    Raises:
        ValueError: if a tap comes later than prefix + S, and so from two OFDM symbols before.

    Source: Henkel, Tauböck, Ödling, Börjesson, Petersson 2002, "The cyclic prefix of OFDM/DMT - an analysis".

    >>> short_prefix_mse([1.0, 0.0, 0.5], prefix_samples=1, num_subcarriers=4).tolist()
    [0.125, 0.125, 0.125, 0.125]
    """
    check_count("num_subcarriers", num_subcarriers)
    _check_prefix(prefix_samples, num_subcarriers)
    tail = delayed_taps(taps, offset_samples=offset_samples)[..., prefix_samples + 1 :]
    if np.any(tail[..., num_subcarriers:]):
        last = prefix_samples + 1 + int(np.nonzero(tail)[-1].max())
        raise ValueError(
            f"taps: got one at a delay of {last} samples, offset included; allowed is <= {prefix_samples + num_subcarriers}"
        )
    turn = np.exp(-2j * np.pi * np.outer(np.arange(tail.shape[-1]), np.arange(num_subcarriers)) / num_subcarriers)
    from_tap_on = np.cumsum((tail[..., None] * turn)[..., ::-1, :], axis=-2)
    return 2.0 / num_subcarriers * np.sum(np.abs(from_tap_on) ** 2, axis=-2)


def _samples(name: str, value: ArrayLike) -> IntArray:
    number = checked(name, value, low=0.0)
    if (number % 1.0).any():
        raise ValueError(f"{name}: got {number[number % 1.0 > 0.0][0]:g}; allowed is whole samples >= 0")
    return number.astype(int)


def _check_prefix(prefix_samples: int, num_subcarriers: int) -> None:
    if prefix_samples not in range(num_subcarriers + 1):
        raise ValueError(f"prefix_samples: got {prefix_samples}; allowed is an integer from 0 to {num_subcarriers}")
