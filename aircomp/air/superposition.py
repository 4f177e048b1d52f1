"""The air: signals sent at once arrive as their weighted sum, in noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import ComplexArray, checked


def superpose(
    symbols: ArrayLike,
    *,
    gain: ArrayLike,
    transmit: ArrayLike,
    noise_power_w: ArrayLike,
    rng: np.random.Generator,
) -> ComplexArray:
    """Received symbols y_t = Σ_i h_i b_i s_i,t + z_t with z_t ~ CN(0, σ²I), on flat channels.

    Args:
        symbols: (..., K, S) complex symbols of each client.
        gain: (..., K) channel amplitudes h_i, or (..., K, A) at several antennas: one axis more than `transmit` has. The
            subcarriers of a frequency-selective channel are a batch.
        transmit: (..., K) transmit scalings b_i.
        noise_power_w: noise power σ² per complex symbol, at each antenna; a number or (...).
        rng: source of the noise.

    Returns:
        (..., S) received symbols, or (..., A, S).

    Source: Nazer and Gastpar 2007, "Computation over multiple-access channels", eq. 1.

    >>> superpose([[1.0, 2.0], [1.0, 0.0]], gain=[2.0, 1.0], transmit=[0.5, 1.0], noise_power_w=0.0,
    ...           rng=np.random.default_rng(0)).tolist()
    [(2+0j), (2+0j)]
    """
    noise_w = checked("noise_power_w", noise_power_w, low=0.0)
    signal = arriving(symbols, gain=gain, transmit=transmit)
    antennas = np.ndim(gain) > np.ndim(transmit)
    noise = rng.standard_normal((*signal.shape, 2)).view(complex)[..., 0]
    return signal + noise * np.sqrt(noise_w.reshape(noise_w.shape + (1,) * (1 + antennas)) / 2.0)


def arriving(symbols: ArrayLike, *, gain: ArrayLike, transmit: ArrayLike) -> ComplexArray:
    """(..., S) or (..., A, S), Σ_i h_i b_i s_i,t: what `superpose` adds noise to. Parts of the clients add up.

    Args: as there.

    >>> arriving([[1.0, 2.0], [1.0, 0.0]], gain=[2.0, 1.0], transmit=[0.5, 1.0]).tolist()
    [2.0, 2.0]
    """
    channel, scaling = np.asarray(gain), np.asarray(transmit)
    for name, array in (("gain", channel), ("transmit", scaling)):
        if not array.ndim:
            raise ValueError(f"{name}: got a number; needed is (..., clients)")
        if not np.isfinite(array).all():
            checked(name, np.abs(array))
    antennas = channel.ndim > scaling.ndim
    sent = np.asarray(symbols)
    if sent.ndim < 2 or channel.shape[: channel.ndim - antennas][-1] != sent.shape[-2]:
        raise ValueError(f"symbols: got shape {sent.shape}; needed is (..., clients, symbols) with gains {channel.shape}")
    paths = np.swapaxes(channel * scaling[..., None], -2, -1) if antennas else (channel * scaling)[..., None, :]
    signal = np.matmul(paths, sent)
    return signal if antennas else signal[..., 0, :]
