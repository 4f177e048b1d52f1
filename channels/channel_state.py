"""What the channels are at an instant, for the whole network and for one cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, FloatArray
from channels.devices import Devices


@dataclass(frozen=True, kw_only=True, eq=False)
class CellChannel:
    """One cell with its n clients, over a batch of draws (leading axes).

    Attributes:
        fading: (..., n) complex amplitude with E|h|² = 1, flat over the band and constant over an edge round.
        mean_power_gain: (n,) power gain averaged over fading.
        client_power_w: (n,) most that each client transmits with.
        station_power_w: transmit power of the station.
        bandwidth_hz: band of the cell.
        load: share of the slots that other traffic takes.
        noise_psd_w_per_hz: noise density at every receiver.
        devices: the clients' processors.
        backhaul_rate_bps: rate between station and cloud.
        backhaul_delay_s: one-way delay between station and cloud.
    """

    fading: ComplexArray
    mean_power_gain: FloatArray
    client_power_w: FloatArray
    station_power_w: float
    bandwidth_hz: float
    load: float
    noise_psd_w_per_hz: float
    devices: Devices
    backhaul_rate_bps: float
    backhaul_delay_s: float

    @property
    def num_clients(self) -> int:
        return self.fading.shape[-1]

    @property
    def gain(self) -> ComplexArray:
        """(..., n) complex amplitude of the channel, path loss included."""
        return np.sqrt(self.mean_power_gain) * self.fading

    @property
    def power_gain(self) -> FloatArray:
        """(..., n) power gain |h|², path loss included."""
        return self.mean_power_gain * np.abs(self.fading) ** 2

    @property
    def noise_power_w(self) -> float:
        """Noise over the whole band of the cell."""
        return self.noise_psd_w_per_hz * self.bandwidth_hz


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelState:
    """A batch of fading draws of a network.

    Attributes:
        fading: (..., K) complex amplitude with E|h|² = 1.
        cells: what each cell sees of it.
    """

    fading: ComplexArray
    cells: tuple[CellChannel, ...]
