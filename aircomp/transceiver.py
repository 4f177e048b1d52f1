"""Transceivers: how clients scale their signals, and the receiver combines them, so that the channel adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, ComplexArray, FloatArray, IntArray, checked
from channels.summary import shown_by


@shown_by("mse", "misalignment_mse", "noise_mse", "active", "power_w", "eta", "receive")
@dataclass(frozen=True, kw_only=True, eq=False)
class TransceiverPlan:
    """What each client sends with and what the receiver makes of it, over a batch of draws (leading axes).

    Client i sends b_i s_i with E|s_i|² = 1. The receiver gets y = Σ h_i b_i s_i + z with z ~ CN(0, σ²I) at its A antennas,
    wants Σ w_i s_i and takes mᴴy/√η for it, ‖m‖ = 1.

    Attributes:
        transmit: (..., K) complex scaling b_i; 0 where a client is silent.
        receive: (..., A) combining vector m of norm 1; None at a single antenna, where m = 1.
        eta: (...) receive scaling η.
        active: (..., K) which clients take part.
        weights: (..., K) weights w_i of the wanted sum.
        misalignment_mse: (...) Σ |mᴴh_i b_i/√η - w_i|²: what is received askew, silent clients counting w_i² each.
        noise_mse: (...) σ²/η.
    """

    transmit: ComplexArray
    receive: ComplexArray | None
    eta: FloatArray
    active: BoolArray
    weights: FloatArray
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
        noise_power_w: ArrayLike,
        receive: ComplexArray | None = None,
    ) -> TransceiverPlan:
        """A plan with its closed-form errors, given what is sent over which channel.

        `gain` is (..., K), with several antennas that after combining, mᴴh_i. `noise_power_w` is a number or (...).
        """
        received = gain * transmit / np.sqrt(eta)[..., None]
        return cls(
            transmit=transmit,
            receive=receive,
            eta=eta,
            active=active,
            weights=weights,
            misalignment_mse=np.sum(np.abs(received - weights) ** 2, axis=-1),
            noise_mse=np.asarray(noise_power_w, dtype=float) / eta,
        )

    @cached_property
    def power_w(self) -> FloatArray:
        """(..., K) power |b_i|² that each client uses."""
        return self.transmit.real**2 + self.transmit.imag**2

    @property
    def mse(self) -> FloatArray:
        """(...) E|mᴴy/√η - Σ w_i s_i|², for uncorrelated signals of unit power."""
        return self.misalignment_mse + self.noise_mse

    @property
    def num_silent(self) -> IntArray:
        """(...) how many clients are left out."""
        return np.asarray(np.sum(~self.active, axis=-1))

    def combine(self, received: ComplexArray) -> ComplexArray:
        """(..., S) estimates mᴴy/√η of the weighted sums, from received symbols (..., S), or (..., A, S) at antennas."""
        arrives = self.eta.shape if self.receive is None else self.receive.shape
        if received.ndim <= len(arrives) or received.shape[: len(arrives)] != arrives:
            raise ValueError(f"received: got shape {received.shape}; needed is {arrives} and the symbols")
        if self.receive is not None:
            received = np.matmul(self.receive[..., None, :].conj(), received)[..., 0, :]
        return received / np.sqrt(self.eta)[..., None]

    def mse_on(self, gain: ArrayLike, *, noise_power_w: ArrayLike) -> FloatArray:
        """(...) the error of this plan, made for what was known, on the channel as it is.

        Args:
            gain: (..., K) or (..., K, A) true channel amplitudes; further leading axes are realisations of it.
            noise_power_w: noise and interference, as it is; a number or (...).
        """
        channel = np.asarray(gain, dtype=complex)
        planned = self.transmit.shape if self.receive is None else (*self.transmit.shape, self.receive.shape[-1])
        if channel.shape[-len(planned) :] != planned:
            raise ValueError(f"gain: got shape {channel.shape}; needed is {planned}, or more leading axes of realisations")
        checked("gain", np.abs(channel))
        checked("noise_power_w", noise_power_w, low=0.0)
        if self.receive is not None:
            channel = combined_gain(channel, self.receive)
        received = channel * self.transmit / np.sqrt(self.eta)[..., None]
        return np.sum(np.abs(received - self.weights) ** 2, axis=-1) + np.asarray(noise_power_w) / self.eta

    def __getitem__(self, draw: int) -> TransceiverPlan:
        """The plan of one draw along the first axis."""
        if not self.eta.ndim:
            raise IndexError(f"plan: got index {draw} of a plan of one draw; only a batch has draws to choose from")
        return TransceiverPlan(
            transmit=self.transmit[draw],
            receive=None if self.receive is None else self.receive[draw],
            eta=self.eta[draw],
            active=self.active[draw],
            weights=self.weights[draw],
            misalignment_mse=self.misalignment_mse[draw],
            noise_mse=self.noise_mse[draw],
        )


class Transceiver(Protocol):
    """A rule for choosing transmit and receive scalings.

    A transceiver for several antennas has the attribute `takes_antennas = True`: its gains then are (..., K, A). Without it
    they are (..., K), and `ReceiveBeamforming` makes it one for several antennas.
    """

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        """Scalings for a batch of draws.

        Args:
            gain: (..., K) or (..., K, A) complex channel amplitudes h_i. A client without any channel (h = 0) is left out.
            power_w: most that each client may use; a number, (K,), or what broadcasts to (..., K).
            noise_power_w: noise power σ² in one complex symbol, at each antenna; a number or (...), one a draw. It may have
                more leading axes than the gains: noise (4, 1) and gains (D, K) make a plan of (4, D) draws.
            weights: weights > 0 of the wanted sum, of such a shape; 1 each if not given. Who shall not count has h = 0.

        Only power_w·|h|² matters: one may pass fading of unit power with the mean received powers instead. No check can tell
        antennas from clients: (D, K) given to a transceiver that takes antennas is one draw of D clients at K antennas.
        """
        ...


def takes_antennas(transceiver: Transceiver) -> bool:
    """Whether a transceiver's gains are (..., K, A) rather than (..., K)."""
    return bool(getattr(transceiver, "takes_antennas", False))


def combined_gain(gain: ComplexArray, receive: ComplexArray) -> ComplexArray:
    """(..., K) mᴴh_i of channels (..., K, A) behind the combining vectors m (..., A)."""
    return np.matmul(gain, receive.conj()[..., None])[..., 0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Links:
    """The checked inputs of a plan.

    Attributes:
        gain: (..., K), or (..., K, A) for several antennas, h_i.
        amplitude: (..., K) |h_i|, or the norm over antennas.
        heard: (..., K) who has a channel at all; at least one client in each draw.
        root_power: (..., K) √P_i.
        weights: (..., K) w_i.
        noise_power_w: (...) σ².
        equal_weights: whether all weights are the same.
    """

    gain: ComplexArray
    amplitude: FloatArray
    heard: BoolArray
    root_power: FloatArray
    weights: FloatArray
    noise_power_w: FloatArray
    equal_weights: bool

    @classmethod
    def of(
        cls,
        gain: ArrayLike,
        *,
        power_w: ArrayLike,
        noise_power_w: ArrayLike,
        weights: ArrayLike | None,
        antennas: bool = False,
    ) -> Links:
        """The inputs of `Transceiver.plan`, checked; errors name the argument."""
        channel = np.asarray(gain, dtype=complex)
        if channel.ndim < 1 + antennas or 0 in channel.shape:
            axes = "(..., clients, antennas)" if antennas else "(..., clients)"
            raise ValueError(f"gain: got shape {channel.shape}; needed is {axes}, none of them 0")
        noise = checked("noise_power_w", noise_power_w, low=0.0)
        links = channel.shape[:-1] if antennas else channel.shape
        try:
            batch = np.broadcast_shapes(links[:-1], noise.shape)
        except ValueError:
            raise ValueError(f"noise_power_w: got shape {noise.shape}; needed is a number or shape {links[:-1]}") from None
        channel = np.broadcast_to(channel, batch + channel.shape[len(links) - 1 :])
        amplitude = np.abs(channel)
        if not np.isfinite(amplitude).all():
            checked("gain", amplitude)
        if antennas:
            amplitude = np.linalg.norm(amplitude, axis=-1)
        heard = amplitude > 0.0
        if not heard.any(axis=-1).all():
            raise ValueError("gain: got a draw in which every client's channel is 0; needed is at least one that is not")
        shape = amplitude.shape
        weight = np.array(checked("weights", 1.0 if weights is None else weights, low=0.0, high=1e100, open_low=True))
        power = checked("power_w", power_w, low=0.0, open_low=True)
        return cls(
            gain=channel,
            amplitude=amplitude,
            heard=heard,
            root_power=checked("power_w", np.sqrt(power), shape=shape),
            weights=checked("weights", weight, shape=shape),
            noise_power_w=np.broadcast_to(noise, batch),
            equal_weights=bool((weight == weight.flat[0]).all()),
        )

    @property
    def reach(self) -> FloatArray:
        """(..., K) a_i = √P_i|h_i|, how strong a client's signal of unit power can arrive."""
        return self.root_power * self.amplitude
