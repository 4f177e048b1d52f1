"""Fading from known paths whose phases are not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, FloatArray, checked
from channels.small_scale.tapped_delay_line import response_of
from channels.summary import shown_by

QUANTILE_DRAWS = 50_000


@shown_by("amplitude", "delay_s")
@dataclass(frozen=True, kw_only=True, eq=False)
class DiscretePaths:
    """h_k(f) = Σ_l a_kl e^{jφ_kl} e^{-j 2π f τ_kl}, φ uniform and independent, Σ_l a_kl² = 1, for each of K clients.

    A move by a wavelength changes the phases of paths, but not yet their lengths and strengths by much.

    Attributes:
        amplitude: (K, L) a, 0 for paths that a client does not have; scaled to a unit sum of squares for each client.
        delay_s: (K, L) τ, at least 0.

    Source: Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2.

    >>> paths = DiscretePaths(amplitude=np.array([[3.0, 4.0]]), delay_s=np.zeros((1, 2)))
    >>> bool(0.2 <= abs(paths.draw((1, 1), rng=np.random.default_rng(0))[0, 0]) <= 1.4)
    True
    """

    amplitude: FloatArray
    delay_s: FloatArray

    def __post_init__(self) -> None:
        amplitude = checked("amplitude", self.amplitude, low=0.0)
        if amplitude.ndim != 2 or not amplitude.size:
            raise ValueError(f"amplitude: got shape {amplitude.shape}; needed is (number of clients, number of paths)")
        norm = np.linalg.norm(amplitude, axis=-1, keepdims=True)
        if (norm == 0.0).any():
            raise ValueError(f"amplitude: got no path for client {int(np.argmin(norm))}; leave out clients without any")
        object.__setattr__(self, "amplitude", amplitude / norm)
        object.__setattr__(self, "delay_s", checked("delay_s", self.delay_s, low=0.0, shape=amplitude.shape))

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Draws of shape (..., K, 1): there is one antenna."""
        return self._paths(shape, rng).sum(axis=-1)

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(..., K, 1, S) draws of h at S frequencies, counted from the carrier."""
        paths = self._paths(shape, rng)
        response = [
            response_of(paths[..., client, :, :], delay_s=self.delay_s[client], frequency_hz=frequency_hz)
            for client in range(len(self.amplitude))
        ]
        return np.stack(response, axis=-3)

    def amplitude_quantile(self, probability: float) -> float:
        """The quantile over clients and phases, by draws of its own that are always the same."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        num_clients = len(self.amplitude)
        draws = self.draw((-(-QUANTILE_DRAWS // num_clients), num_clients, 1), rng=np.random.default_rng(0))
        return float(np.quantile(np.abs(draws), probability))

    @property
    def num_antennas(self) -> int:
        return 1

    def _paths(self, shape: tuple[int, ...], rng: np.random.Generator) -> ComplexArray:
        if shape[-2:] != (len(self.amplitude), 1):
            raise ValueError(f"shape: got {shape}; needed is (..., {len(self.amplitude)}, 1), an entry for each client")
        phase = 2.0 * np.pi * rng.random((*shape, self.amplitude.shape[1]))
        return self.amplitude[:, None] * np.exp(1j * phase)
