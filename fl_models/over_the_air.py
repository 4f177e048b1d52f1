"""Updates added by the channel itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.superposition import superpose
from aircomp.symbols import num_symbols, pack_symbols, unpack_symbols
from aircomp.transceiver import Transceiver, TransceiverPlan
from channels.arrays import BoolArray, FloatArray
from channels.channel_state import CellChannel


@dataclass(frozen=True, kw_only=True, eq=False)
class OverTheAirPlan:
    """Transceiver settings for each edge round, and the channel that they are used on."""

    transceiver: TransceiverPlan
    channel: CellChannel

    @property
    def active(self) -> BoolArray:
        return self.transceiver.active

    @property
    def power_fraction(self) -> FloatArray:
        return self.transceiver.power_w / mean_received_power_w(self.channel)

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """Σ_active Δ_i/M plus noise ñ with E‖ñ‖² = Δ_max² σ²/(M² η), Δ_max being the largest norm among the active.

        Updates are scaled by Δ_max/√S over S symbols, so that nobody's mean symbol power exceeds 1; Δ_max travels as a single
        number, not counted in the air time. Without any active client nothing is learnt: the mean is 0.

        Source: Fang et al. 2022 (AirComp-FedZO), section IV.
        """
        plan = self.transceiver[edge_round]
        num_parameters = updates.shape[-1]
        norm = np.linalg.norm(np.where(plan.active[:, None], updates, 0.0), axis=-1).max()
        if norm == 0.0:
            return np.zeros(num_parameters, dtype=updates.dtype)
        scale = norm / np.sqrt(num_symbols(num_parameters))
        received = superpose(
            pack_symbols(updates / scale),
            gain=self.channel.fading[edge_round],
            transmit=plan.transmit,
            noise_power_w=self.channel.noise_power_w,
            rng=rng,
        )
        total = scale * unpack_symbols(received, num_parameters) / np.sqrt(plan.eta)
        return (total / plan.active.sum()).astype(updates.dtype)


@dataclass(frozen=True, kw_only=True)
class OverTheAir:
    """The mean of the updates as the air adds them, with a transceiver's scalings.

    The transceiver sees the fading at unit mean power, with each client's mean received power as its limit: a truncation
    threshold then is one on the fading, and the clients at the cell's edge are not shut out for good. It plans with what is
    known of the fading; the air adds with the true one.

    Energy is counted for symbols of unit power, the most that there can be; a client whose update is smaller than the
    largest radiates less, by the square of the ratio.
    """

    transceiver: Transceiver

    def plan(self, channel: CellChannel) -> OverTheAirPlan:
        if not channel.is_flat:
            antennas, subcarriers = channel.response.shape[-2:]
            raise ValueError(
                f"channel: got {antennas} antennas and {subcarriers} subcarriers; allowed over the air is one of each"
            )
        plan = self.transceiver.plan(
            channel.estimate, power_w=mean_received_power_w(channel), noise_power_w=channel.noise_power_w
        )
        return OverTheAirPlan(transceiver=plan, channel=channel)


def mean_received_power_w(channel: CellChannel) -> FloatArray:
    """(n,) received power of each client at its power limit, averaged over fading."""
    return channel.client_power_w * channel.mean_power_gain
