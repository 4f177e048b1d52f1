"""What the channels are at an instant, for the whole network and for one cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from channels.arrays import ComplexArray, FloatArray, IntArray
from channels.devices import Devices
from channels.rates.effective_snr import effective_snr
from channels.summary import shown_by
from channels.units import linear_to_db


@shown_by(
    "response",
    "is_known",
    "bandwidth_hz",
    "load",
    "client_power_w",
    "noise_power_w",
    mean_sinr_db=lambda cell: linear_to_db(cell.mean_sinr),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class CellChannel:
    """One cell with its n clients, over a batch of draws (leading axes).

    Attributes:
        response: (..., n, A, S) complex amplitude with E|h|² = 1, at each of the station's A antennas and on each of S
            subcarriers, constant over an edge round.
        estimated_response: (..., n, A, S) what transceivers know of it.
        mean_power_gain: (n,) power gain averaged over fading.
        client_power_w: (n,) most that each client transmits with.
        station_power_w: transmit power of the station.
        bandwidth_hz: band of the cell.
        load: share of the slots that other traffic takes.
        noise_psd_w_per_hz: density of noise and interference at the station.
        client_noise_psd_w_per_hz: (n,) density of noise and interference at each client.
        devices: the clients' processors.
        backhaul_rate_bps: rate between station and cloud.
        backhaul_delay_s: one-way delay between station and cloud.
    """

    response: ComplexArray
    estimated_response: ComplexArray
    mean_power_gain: FloatArray
    client_power_w: FloatArray
    station_power_w: float
    bandwidth_hz: float
    load: float
    noise_psd_w_per_hz: float
    client_noise_psd_w_per_hz: FloatArray
    devices: Devices
    backhaul_rate_bps: float
    backhaul_delay_s: float

    @property
    def num_clients(self) -> int:
        return self.response.shape[-3]

    def of(self, clients: IntArray) -> CellChannel:
        """The cell as if it had only some of its clients, given by their places in it."""
        response = self.response[..., clients, :, :]
        return replace(
            self,
            response=response,
            estimated_response=response if self.is_known else self.estimated_response[..., clients, :, :],
            mean_power_gain=self.mean_power_gain[clients],
            client_power_w=self.client_power_w[clients],
            client_noise_psd_w_per_hz=self.client_noise_psd_w_per_hz[clients],
            devices=self.devices.of(clients),
        )

    @property
    def is_flat(self) -> bool:
        """Whether there is one antenna and one subcarrier, so that a channel is a single number."""
        return self.response.shape[-2:] == (1, 1)

    @cached_property
    def fading(self) -> ComplexArray:
        """(..., n) the flat channel of one antenna that carries as many bits.

        That is the channel itself if it is one. Else its phase is 0, and its power that which gives the rate of all subcarriers
        with maximum-ratio combining over the antennas, for a client at full power on the whole band. On a part of the band,
        at a higher SNR, the same amplitude promises too much: some per cent of the rate, at worst about an eighth.
        """
        return self._flat(self.response)

    @cached_property
    def estimate(self) -> ComplexArray:
        """(..., n) `fading`, as far as transceivers know."""
        return self.fading if self.is_known else self._flat(self.estimated_response)

    @property
    def is_known(self) -> bool:
        """Whether transceivers know the channel as it is."""
        return self.estimated_response is self.response

    @property
    def gain(self) -> ComplexArray:
        """(..., n) complex amplitude of the flat channel, path loss included."""
        return np.sqrt(self.mean_power_gain) * self.fading

    @property
    def power_gain(self) -> FloatArray:
        """(..., n) power gain |h|² of the flat channel, path loss included."""
        return self.mean_power_gain * np.abs(self.fading) ** 2

    @property
    def estimated_power_gain(self) -> FloatArray:
        """(..., n) `power_gain`, as far as transceivers know."""
        return self.mean_power_gain * np.abs(self.estimate) ** 2

    @property
    def broadcast_power_gain(self) -> FloatArray:
        """(..., n) power gain of what the station sends to all at once: its antennas share the power, space-time coded."""
        if self.is_flat:
            return self.power_gain
        received_w = self.station_power_w * self.mean_power_gain
        snr = received_w / (self.client_noise_psd_w_per_hz * self.bandwidth_hz)
        return self.mean_power_gain * _equivalent_gain(np.mean(np.abs(self.response) ** 2, axis=-2), snr)

    @property
    def noise_power_w(self) -> float:
        """Noise and interference over the whole band of the cell, at the station."""
        return self.noise_psd_w_per_hz * self.bandwidth_hz

    @property
    def mean_sinr(self) -> FloatArray:
        """(n,) received power of a client at full power over noise and all interference in the whole band, at one antenna."""
        return self.client_power_w * self.mean_power_gain / self.noise_power_w

    def _flat(self, response: ComplexArray) -> ComplexArray:
        if self.is_flat:
            return response[..., 0, 0]
        gain = np.sum(np.abs(response) ** 2, axis=-2)
        return np.sqrt(_equivalent_gain(gain, self.mean_sinr)).astype(complex)


def _equivalent_gain(gain: FloatArray, snr: FloatArray) -> FloatArray:
    """(..., n) the flat gain with the rate of gains (..., n, S) on the subcarriers, `snr` (n,) being that at gain 1."""
    return effective_snr(snr[:, None] * gain) / snr


@shown_by(
    "response",
    num_cells=lambda state: len(state.cells),
    num_clients=lambda state: state.response.shape[-3],
    num_antennas=lambda state: state.response.shape[-2],
    num_subcarriers=lambda state: state.response.shape[-1],
    is_known=lambda state: all(cell.is_known for cell in state.cells),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelState:
    """A batch of fading draws of a network.

    Attributes:
        response: (..., K, A, S) complex amplitude with E|h|² = 1 between each client and the station that serves it.
        cells: what each cell sees of it.
    """

    response: ComplexArray
    cells: tuple[CellChannel, ...]
