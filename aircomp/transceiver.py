"""Transceivers: how clients scale their signals so that the channel adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, ComplexArray, FloatArray, checked


@dataclass(frozen=True, kw_only=True, eq=False)
class TransceiverPlan:
    """What each client sends with and what the receiver divides by, over a batch of draws (leading axes).

    Client i sends b_i s_i with E|s_i|² = 1. The receiver gets y = Σ h_i b_i s_i + z with z ~ CN(0, σ²), wants Σ w_i s_i
    and takes y/√η for it.

    Attributes:
        transmit: (..., K) complex scaling b_i; 0 where a client is silent.
        eta: (...) receive scaling η.
        active: (..., K) which clients take part.
        weights: (..., K) weights w_i of the wanted sum.
        power_w: (..., K) power |b_i|² that each client uses.
        misalignment_mse: (...) Σ |h_i b_i/√η - w_i|²: what is received askew, silent clients counting w_i² each.
        noise_mse: (...) σ²/η.
    """

    transmit: ComplexArray
    eta: FloatArray
    active: BoolArray
    weights: FloatArray
    power_w: FloatArray
    misalignment_mse: FloatArray
    noise_mse: FloatArray

    @classmethod
    def of(
        cls,
        *,
        gain: ComplexArray,
        transmit: ComplexArray,
        eta: FloatArray,
        active: BoolArray,
        weights: FloatArray,
        noise_power_w: float,
    ) -> TransceiverPlan:
        """A plan with its closed-form errors, given what is sent over which channel."""
        received = gain * transmit / np.sqrt(eta)[..., None]
        return cls(
            transmit=transmit,
            eta=eta,
            active=active,
            weights=weights,
            power_w=np.abs(transmit) ** 2,
            misalignment_mse=np.sum(np.abs(received - weights) ** 2, axis=-1),
            noise_mse=noise_power_w / eta,
        )

    @property
    def mse(self) -> FloatArray:
        """(...) E|y/√η - Σ w_i s_i|², for uncorrelated signals of unit power."""
        return self.misalignment_mse + self.noise_mse

    def __getitem__(self, draw: int) -> TransceiverPlan:
        """The plan of one draw along the first axis."""
        return TransceiverPlan(
            transmit=self.transmit[draw],
            eta=self.eta[draw],
            active=self.active[draw],
            weights=self.weights[draw],
            power_w=self.power_w[draw],
            misalignment_mse=self.misalignment_mse[draw],
            noise_mse=self.noise_mse[draw],
        )


class Transceiver(Protocol):
    """A rule for choosing transmit and receive scalings."""

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: float, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        """Scalings for a batch of draws.

        Args:
            gain: (..., K) complex channel amplitudes h_i.
            power_w: most that each client may use; a number or (K,).
            noise_power_w: noise power σ² in one complex symbol.
            weights: (K,) weights of the wanted sum; 1 each if not given.

        Only power_w·|h|² matters: one may pass fading of unit power with the mean received powers instead.
        """
        ...


def channel_inputs(
    gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: float, weights: ArrayLike | None
) -> tuple[ComplexArray, FloatArray, FloatArray]:
    """The checked inputs of a plan: gain (..., K), and powers and weights of its shape."""
    channel = np.asarray(gain, dtype=complex)
    if channel.ndim < 1 or channel.shape[-1] < 1:
        raise ValueError(f"gain: got shape {channel.shape}; needed is (..., number of clients >= 1)")
    checked("gain", np.abs(channel))
    checked("noise_power_w", noise_power_w, low=0.0)
    power = checked("power_w", power_w, low=0.0, open_low=True, shape=channel.shape)
    weight = checked("weights", 1.0 if weights is None else weights, low=0.0, open_low=True, shape=channel.shape)
    return channel, power, weight
