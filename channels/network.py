"""A network: who stands where, with which radio, processor and backhaul. It draws channel states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import ComplexArray, FloatArray, checked
from channels.channel_state import CellChannel, ChannelState
from channels.devices import Devices
from channels.small_scale.fading import Fading
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """N cells with K clients in all. Cells use different bands, so they do not disturb each other.

    An attribute with one value per cell or client also takes a single number for all.

    Attributes:
        layout: positions and serving cells.
        large_scale: path loss and shadowing of each client to its serving station.
        fading: small-scale fading, the same in uplink and downlink (time-division duplex).
        bandwidth_hz: (N,) band of each cell.
        load: (N,) share of the slots that other traffic takes; whatever is on air for learning lasts 1/(1 - load) as long.
        noise_psd_w_per_hz: noise density at every receiver.
        client_power_w: (K,) most that each client transmits with.
        station_power_w: (N,) transmit power of each station.
        devices: the clients' processors.
        backhaul_rate_bps: (N,) rate between each station and the cloud.
        backhaul_delay_s: (N,) one-way delay between each station and the cloud.
    """

    layout: Layout
    large_scale: LargeScale
    fading: Fading
    bandwidth_hz: FloatArray
    load: FloatArray
    noise_psd_w_per_hz: float
    client_power_w: FloatArray
    station_power_w: FloatArray
    devices: Devices
    backhaul_rate_bps: FloatArray
    backhaul_delay_s: FloatArray

    def __post_init__(self) -> None:
        cells, clients = (self.num_cells,), (self.num_clients,)
        checked("noise_psd_w_per_hz", self.noise_psd_w_per_hz, low=0.0, open_low=True)
        for name, shape in (
            ("bandwidth_hz", cells),
            ("client_power_w", clients),
            ("station_power_w", cells),
            ("backhaul_rate_bps", cells),
        ):
            object.__setattr__(self, name, checked(name, getattr(self, name), low=0.0, open_low=True, shape=shape))
        delay_s = checked("backhaul_delay_s", self.backhaul_delay_s, low=0.0, shape=cells)
        object.__setattr__(self, "backhaul_delay_s", delay_s)
        object.__setattr__(self, "load", checked("load", self.load, low=0.0, high=1.0, open_high=True, shape=cells))
        for name, array in (("devices.cpu_hz", self.devices.cpu_hz), ("large_scale", self.large_scale.power_gain)):
            if array.shape != clients:
                raise ValueError(f"{name}: got shape {array.shape}; needed is one value per client, {clients}")

    @property
    def num_cells(self) -> int:
        return self.layout.num_cells

    @property
    def num_clients(self) -> int:
        return self.layout.num_clients

    @property
    def mean_snr(self) -> FloatArray:
        """(K,) uplink SNR over the whole band of the serving cell, averaged over fading."""
        noise_w = self.noise_psd_w_per_hz * self.bandwidth_hz[self.layout.serving_cell]
        return self.client_power_w * self.large_scale.power_gain / noise_w

    def draw(self, num_draws: int, *, rng: np.random.Generator) -> ChannelState:
        """Independent fading draws (num_draws, K), say one for each edge round."""
        if num_draws < 1:
            raise ValueError(f"num_draws: got {num_draws}; allowed is an integer >= 1")
        fading = self.fading.draw((num_draws, self.num_clients), rng=rng)
        return ChannelState(fading=fading, cells=tuple(self._cell(cell, fading) for cell in range(self.num_cells)))

    def _cell(self, cell: int, fading: ComplexArray) -> CellChannel:
        clients = self.layout.clients_of(cell)
        return CellChannel(
            fading=fading[..., clients],
            mean_power_gain=self.large_scale.power_gain[clients],
            client_power_w=self.client_power_w[clients],
            station_power_w=float(self.station_power_w[cell]),
            bandwidth_hz=float(self.bandwidth_hz[cell]),
            load=float(self.load[cell]),
            noise_psd_w_per_hz=self.noise_psd_w_per_hz,
            devices=self.devices.of(clients),
            backhaul_rate_bps=float(self.backhaul_rate_bps[cell]),
            backhaul_delay_s=float(self.backhaul_delay_s[cell]),
        )
