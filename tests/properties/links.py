"""Draws of channels for transceivers, with everything that a plan needs."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from strategies import complex_gains, counts, decade_arrays, decades


@dataclass(frozen=True)
class Setting:
    """Gains (D, K) or (D, K, A), and what else `plan` takes."""

    gain: np.ndarray
    power_w: np.ndarray
    noise_power_w: np.ndarray | float
    weights: np.ndarray

    def plan(self, transceiver):
        return transceiver.plan(self.gain, power_w=self.power_w, noise_power_w=self.noise_power_w, weights=self.weights)

    def but(self, **changed):
        return replace(self, **changed)

    @property
    def reach(self):
        """(D, K) √P_i|h_i|."""
        amplitude = np.abs(self.gain) if self.gain.ndim == 2 else np.linalg.norm(self.gain, axis=-1)
        return np.sqrt(self.power_w) * amplitude


@st.composite
def plan_settings(draw, *, antennas=False, deaf=True, num_draws=2, spread_db=240.0):
    """Clients whose gains are up to `spread_db` apart; some have no channel, but in each draw one has."""
    shape = (num_draws, draw(counts), *([draw(counts)] if antennas else []))
    gain = draw(complex_gains(shape, zeros=deaf, spread_db=spread_db))
    gain[:, 0] = np.where(gain[:, 0] == 0.0, 1e-3, gain[:, 0])
    return Setting(
        gain=gain,
        power_w=draw(decade_arrays(shape[1], 1e-3, 1e1)),
        noise_power_w=draw(st.just(0.0) | decades(1e-30, 1e3)),
        weights=draw(decade_arrays(shape[1], 1e-2, 1e2)),
    )
