"""Updates added by the channel itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from aircomp.air.superposition import arriving, superpose
from aircomp.transceiver import Transceiver, TransceiverPlan, takes_antennas
from aircomp.updates.ofdm_grid import OFDMGrid
from aircomp.updates.scaling import LargestNorm, UpdateScaling
from channels.arrays import BoolArray, ComplexArray, FloatArray, check_object
from channels.channel_state import CellChannel
from channels.summary import shown_by
from fl_models.aggregation.blockwise import rows_per_block


@shown_by("transceiver", "scaling", "active", "noise_power_w", "mean_received_power_w")
@dataclass(frozen=True, kw_only=True, eq=False)
class OverTheAirPlan:
    """Transceiver settings for each edge round and subcarrier, and the channel that they are used on.

    Attributes:
        transceiver: plans for E edge rounds and S subcarriers, (E, S).
        gain: (E, S, n) or (E, S, n, A) the true fading.
        mean_received_power_w: (n,) power that each client would be received with at its limit, averaged over fading.
        noise_power_w: noise and interference over the whole band.
        grid: how values lie on the subcarriers.
        scaling: how updates become symbols.
    """

    transceiver: TransceiverPlan
    gain: ComplexArray
    mean_received_power_w: FloatArray
    noise_power_w: float
    grid: OFDMGrid
    scaling: UpdateScaling

    @property
    def active(self) -> BoolArray:
        """(E, n) who sends on any subcarrier."""
        return np.asarray(self.transceiver.active.any(axis=-2))

    @property
    def power_fraction(self) -> FloatArray:
        """(E, n) share of the power limit, averaged over subcarriers."""
        return self.transceiver.power_w.mean(axis=-2) / self.mean_received_power_w

    def mean(self, updates: FloatArray, *, edge_round: int, rng: np.random.Generator) -> FloatArray:
        """For each value Σ_active Δ_i/M and noise, the M clients being those active on its subcarrier; 0 where there are none.

        At one subcarrier, without misalignment, with `LargestNorm` and an even number of values, the noise ñ has
        E‖ñ‖² = Δ_max² σ²/(M² η). The scaling needs all updates at once; as symbols they are in memory a block at a time.

        Source: Fang et al. 2022 (AirComp-FedZO), section IV; Zhu, Wang, Huang 2019, "Broadband analog aggregation".
        """
        plan = self.transceiver[edge_round]
        num_parameters = updates.shape[-1]
        taking_part = plan.active.any(axis=0)
        mean: FloatArray = np.zeros(num_parameters)
        if taking_part.any():
            num_active = plan.active.sum(axis=-1)
            sent = updates if taking_part.all() else updates[taking_part]
            scale = self.scaling.scale(sent)
            if scale.factor != 0.0:  # nan, of updates that have left the range of numbers, is passed on
                gain, transmit = self.gain[edge_round][:, taking_part], plan.transmit[:, taking_part]

                def on_air(some: slice) -> dict[str, ComplexArray]:
                    symbols = self.grid.pack((sent[some].astype(float) - scale.offset) / scale.factor)
                    return {"symbols": np.moveaxis(symbols, -1, 0), "gain": gain[:, some], "transmit": transmit[:, some]}

                size = rows_per_block(num_parameters * np.dtype(float).itemsize, group_size=1)
                received = superpose(**on_air(slice(size)), noise_power_w=self.noise_power_w, rng=rng)
                for start in range(size, len(sent), size):
                    received += arriving(**on_air(slice(start, start + size)))
                total = plan.combine(received) / np.maximum(num_active, 1)[:, None]
                mean = scale.factor * self.grid.unpack(total.T, num_parameters)
            mean = np.where(num_active[self.grid.subcarriers(num_parameters)] > 0, mean + scale.offset, 0.0)
        return mean.astype(updates.dtype)


@dataclass(frozen=True, kw_only=True)
class OverTheAir:
    """The mean of the updates as the air adds them, with a transceiver's scalings, on each subcarrier by itself.

    The transceiver sees the fading at unit mean power, with each client's mean received power as its limit: a truncation
    threshold then is one on the fading, and the clients at the cell's edge are not shut out for good. It plans with what is
    known of the fading; the air adds with the true one.

    Who takes part and how much energy that takes is counted as if symbols of unit power were on every subcarrier. With
    `LargestNorm` no client's symbols have more power over all; one whose update is smaller than the largest radiates less, by
    the square of the ratio.

    Attributes:
        transceiver: how clients send; where the station has several antennas, one that takes them, such as
            `ReceiveBeamforming`.
        scaling: how updates become symbols.
    """

    transceiver: Transceiver
    scaling: UpdateScaling = field(default_factory=LargestNorm)

    def __post_init__(self) -> None:
        check_object("transceiver", self.transceiver, method="plan", example="OptimalPowerControl()")
        check_object("scaling", self.scaling, method="scale", example="LargestNorm()")

    def plan(self, channel: CellChannel) -> OverTheAirPlan:
        antennas, subcarriers = channel.response.shape[-2:]
        with_antennas = takes_antennas(self.transceiver)
        if antennas > 1 and not with_antennas:
            raise ValueError(
                f"transceiver: got {self.transceiver!r} with {antennas} antennas; needed is one that takes them, such as "
                "ReceiveBeamforming(transceiver=...)"
            )
        received_w = mean_received_power_w(channel)
        known = flat_channels(channel.estimated_response, antennas=with_antennas)
        plan = self.transceiver.plan(known, power_w=received_w, noise_power_w=channel.noise_power_w)
        if not (plan.weights == 1.0).all():
            raise ValueError(
                f"transceiver: got {self.transceiver!r}, whose plan is for a weighted sum; needed is one for the plain sum, "
                "as updates are scaled here: for COTAF TruncatedInversion with scaling=RootMeanSquareNorm()"
            )
        return OverTheAirPlan(
            transceiver=plan,
            gain=flat_channels(channel.response, antennas=with_antennas),
            mean_received_power_w=received_w,
            noise_power_w=channel.noise_power_w,
            grid=OFDMGrid(
                num_subcarriers=subcarriers, subcarrier_spacing_hz=channel.bandwidth_hz / subcarriers, cyclic_prefix_s=0.0
            ),
            scaling=self.scaling,
        )


def flat_channels(response: ComplexArray, *, antennas: bool) -> ComplexArray:
    """(..., S, n), or (..., S, n, A) with antennas, from responses (..., n, A, S): a batch of flat channels."""
    gain = np.moveaxis(response, -1, -3)
    return gain if antennas else gain[..., 0]


def mean_received_power_w(channel: CellChannel) -> FloatArray:
    """(n,) received power of each client at its power limit, averaged over fading."""
    return channel.client_power_w * channel.mean_power_gain
