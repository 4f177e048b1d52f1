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
    noise_power_w: float,
    rng: np.random.Generator,
) -> ComplexArray:
    """Received symbols y_t = Σ_i h_i b_i s_i,t + z_t with z_t ~ CN(0, σ²), on a flat channel.

    Args:
        symbols: (..., K, S) complex symbols of each client.
        gain: (..., K) channel amplitudes h_i.
        transmit: (..., K) transmit scalings b_i.
        noise_power_w: noise power σ² per complex symbol.
        rng: source of the noise.

    Returns:
        (..., S) received symbols.

    Source: Nazer and Gastpar 2007, "Computation over multiple-access channels", eq. 1.

    >>> superpose([[1.0, 2.0], [1.0, 0.0]], gain=[2.0, 1.0], transmit=[0.5, 1.0], noise_power_w=0.0,
    ...           rng=np.random.default_rng(0)).tolist()
    [(2+0j), (2+0j)]
    """
    checked("noise_power_w", noise_power_w, low=0.0)
    scaling = np.asarray(gain) * np.asarray(transmit)
    signal = np.matmul(scaling[..., None, :], np.asarray(symbols))[..., 0, :]
    noise = rng.standard_normal((*signal.shape, 2)) * np.sqrt(noise_power_w / 2.0)
    return signal + noise[..., 0] + 1j * noise[..., 1]
