"""A network: who stands where, with which radio, processor and backhaul. It draws channel states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from channels.arrays import ComplexArray, FloatArray, IntArray, check_count, check_object, checked
from channels.channel_state import CellChannel, ChannelState
from channels.devices import Devices
from channels.knowledge.channel_knowledge import ChannelKnowledge
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout
from channels.layouts.layout_picture import layout_picture
from channels.rates.interference import downlink_interference_w, uplink_interference_w
from channels.small_scale.fading import Fading, FadingProcess, FrequencySelective
from channels.small_scale.tapped_delay_line import subcarrier_frequencies_hz
from channels.summary import shown_by
from channels.units import linear_to_db

PERFECT_KNOWLEDGE = ChannelKnowledge()
QUANTILE_SAMPLES = 50_000
VALUES_AT_ONCE = 4_000_000


@shown_by(
    "num_cells",
    "num_clients",
    "bandwidth_hz",
    "load",
    "client_power_w",
    "station_power_w",
    "noise_psd_w_per_hz",
    "num_antennas",
    "num_subcarriers",
    "fading",
    "knowledge",
    "band_group",
    mean_snr_db=lambda network: linear_to_db(network.mean_snr),
    cpu_hz=lambda network: network.devices.cpu_hz,
    backhaul_rate_bps=lambda network: network.backhaul_rate_bps,
    backhaul_delay_s=lambda network: network.backhaul_delay_s,
    picture=lambda network: layout_picture(network.layout),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """N cells with K clients in all.

    An attribute with one value per cell or client also takes a single number for all.

    Attributes:
        layout: positions and serving cells.
        large_scale: path loss and shadowing of every client to every station.
        fading: small-scale fading, the same in uplink and downlink (time-division duplex).
        bandwidth_hz: (N,) band of each cell.
        load: (N,) share of the slots that other traffic takes; whatever is on air for learning lasts 1/(1 - load) as long.
        noise_psd_w_per_hz: noise density at every receiver.
        client_power_w: (K,) most that each client transmits with.
        station_power_w: (N,) transmit power of each station.
        devices: the clients' processors.
        backhaul_rate_bps: (N,) rate between each station and the cloud.
        backhaul_delay_s: (N,) one-way delay between each station and the cloud.
        num_antennas: antennas of a station.
        num_subcarriers: at how many frequencies across the band the channel is drawn; 1 for a flat channel, as at the carrier.
        knowledge: what transceivers know of the channel.
        band_group: (N,) cells of the same group share a band and disturb each other. Average interference counts as noise, with
            all stations and clients on air at full power, a cell's clients side by side in its band. Without groups each cell
            has a band of its own.
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
    num_antennas: int = 1
    num_subcarriers: int = 1
    knowledge: ChannelKnowledge = PERFECT_KNOWLEDGE
    band_group: IntArray | None = None

    def __post_init__(self) -> None:
        cells, clients = (self.num_cells,), (self.num_clients,)
        if not isinstance(self.large_scale, LargeScale):
            raise ValueError(f"large_scale: got {self.large_scale!r}; needed is a LargeScale, what a propagation model draws")
        check_object("fading", self.fading, method="draw", example="Rayleigh()")
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
        check_count("num_antennas", self.num_antennas)
        check_count("num_subcarriers", self.num_subcarriers)
        if self.band_group is not None:
            checked("band_group", self.band_group, shape=cells)
        antennas = getattr(self.fading, "num_antennas", self.num_antennas)  # models without the attribute take any number
        if antennas != self.num_antennas:
            raise ValueError(f"num_antennas: got {self.num_antennas} with fading at {antennas}; needed is the same number")
        if self.num_subcarriers > 1:
            if not isinstance(self.fading, FrequencySelective):
                raise ValueError(
                    f"num_subcarriers: got {self.num_subcarriers} with flat fading; allowed is 1, or fading by tapped delay "
                    "lines and others that have a frequency response"
                )
            if np.ptp(self.bandwidth_hz) > 0.0:
                raise ValueError("num_subcarriers: got more than 1 with bands of different widths; give all cells the same")
        if self.devices.cpu_hz.shape != clients:
            raise ValueError(
                f"devices.cpu_hz: got shape {self.devices.cpu_hz.shape}; needed is one value per client, {clients}"
            )
        links = (self.num_cells, self.num_clients)
        if self.large_scale.power_gain.shape != links:
            raise ValueError(
                f"large_scale: got shape {self.large_scale.power_gain.shape}; needed is one value per link, {links}"
            )
        deaf = np.flatnonzero(self.mean_power_gain == 0.0)
        if len(deaf):
            raise ValueError(f"large_scale: got no gain between client {deaf[0]} and its station; leave such clients out")

    @property
    def num_cells(self) -> int:
        return self.layout.num_cells

    @property
    def num_clients(self) -> int:
        return self.layout.num_clients

    @cached_property
    def mean_power_gain(self) -> FloatArray:
        """(K,) power gain of each client to the station that serves it, averaged over fading."""
        return self.layout.serving(self.large_scale.power_gain)

    @property
    def mean_snr(self) -> FloatArray:
        """(K,) uplink SNR over the whole band of the serving cell, averaged over fading, at one antenna."""
        noise_w = self.noise_psd_w_per_hz * self.bandwidth_hz[self.layout.serving_cell]
        return self.client_power_w * self.mean_power_gain / noise_w

    def draw(
        self,
        num_draws: int,
        *,
        rng: np.random.Generator,
        first: int = 0,
        course: np.random.Generator | None = None,
        run_length: int | None = None,
    ) -> ChannelState:
        """Fading draws, say one for each edge round: (num_draws, K clients, A antennas, S subcarriers).

        They are independent, unless the fading is a process, such as `MovingRayleigh`, whose draws follow each other in time.

        Args:
            num_draws: how many.
            rng: source of everything that is drawn.
            first: number of the first of these draws, where a process goes on from earlier ones.
            course: source of what does not change with time in a process, the same whenever it is to go on; if None, `rng`.
            run_length: after so many draws another, independent course of time begins; by default all are of one.
        """
        check_count("num_draws", num_draws)
        length = num_draws if run_length is None else run_length
        check_count("run_length", length)
        if num_draws % length:
            raise ValueError(f"run_length: got {length} for {num_draws} draws; allowed are whole runs")
        process = isinstance(self.fading, FadingProcess)
        response = self._response(num_draws, course if course and process else rng, first, length)
        estimate = response
        if not self.knowledge.is_perfect:
            estimate = self.knowledge.estimate(
                response,
                redraw=lambda: self._response(num_draws, rng, first, length),
                frequency_hz=self._frequency_hz,
                rng=rng,
            )
        cells = tuple(self._cell(cell, response, estimate) for cell in range(self.num_cells))
        return ChannelState(response=response, cells=cells)

    def known_amplitude_quantile(self, probability: float, *, rng: np.random.Generator) -> float:
        """The amplitude that what is known of the flat channel stays below with the given probability, over clients and draws.

        In closed form where that is the fading itself; else from draws.
        """
        if self.num_antennas == self.num_subcarriers == 1 and self.knowledge.is_perfect:
            return self.fading.amplitude_quantile(probability)
        return self.quantile(probability, of=lambda cell: np.abs(cell.estimate), rng=rng)

    def quantile(
        self,
        probability: float,
        *,
        of: Callable[[CellChannel], FloatArray],
        rng: np.random.Generator,
        num_samples: int = QUANTILE_SAMPLES,
    ) -> float:
        """What values of the cells' channels stay below with the given probability, from some `num_samples` draws of a client.

        Args:
            probability: in [0, 1].
            of: from a cell with a batch of draws to the values.
            rng: source of the draws.
            num_samples: draws times clients.
        """
        checked("probability", probability, low=0.0, high=1.0)
        check_count("num_samples", num_samples)
        draw_values = self.num_clients * self.num_antennas * self.num_subcarriers
        num_draws = num_samples // self.num_clients + 1
        at_once = max(1, min(num_draws, VALUES_AT_ONCE // draw_values))
        batches = -(-num_draws // at_once)
        samples = [of(cell).ravel() for _ in range(batches) for cell in self.draw(at_once, rng=rng, run_length=1).cells]
        return float(np.quantile(np.concatenate(samples), probability))

    def _response(self, num_draws: int, rng: np.random.Generator, first: int, run_length: int) -> ComplexArray:
        links = (self.num_clients, self.num_antennas)
        apart = run_length == 1 < num_draws  # a draw of each course is as good as one without any
        if isinstance(self.fading, FadingProcess) and not apart:
            runs = self.fading.course((run_length, num_draws // run_length, *links), first=first, rng=rng)
            return np.moveaxis(runs, 0, 1).reshape(num_draws, *links, 1)
        shape = (num_draws, *links)
        if self.num_subcarriers > 1 and isinstance(self.fading, FrequencySelective):
            return self.fading.frequency_response(shape, frequency_hz=self._frequency_hz, rng=rng)
        return self.fading.draw(shape, rng=rng)[..., None]

    @property
    def _frequency_hz(self) -> FloatArray:
        return subcarrier_frequencies_hz(self.num_subcarriers, bandwidth_hz=float(self.bandwidth_hz[0]))

    @cached_property
    def _noise_psd_w_per_hz(self) -> tuple[FloatArray, FloatArray]:
        """Density of noise and interference at each station (N,) and each client (K,)."""
        station, client = np.zeros(self.num_cells), np.zeros(self.num_clients)
        if self.band_group is not None:
            links = {"serving_cell": self.layout.serving_cell, "group": self.band_group}
            gain = self.large_scale.power_gain
            uplink_w = uplink_interference_w(gain, client_power_w=self.client_power_w, **links)
            downlink_w = downlink_interference_w(gain, station_power_w=self.station_power_w, **links)
            station, client = uplink_w / self.bandwidth_hz, downlink_w / self.bandwidth_hz[self.layout.serving_cell]
        return station + self.noise_psd_w_per_hz, client + self.noise_psd_w_per_hz

    def _cell(self, cell: int, response: ComplexArray, estimate: ComplexArray) -> CellChannel:
        clients = self.layout.clients_of(cell)
        station_noise, client_noise = self._noise_psd_w_per_hz
        own = response[:, clients]
        return CellChannel(
            response=own,
            estimated_response=own if estimate is response else estimate[:, clients],
            mean_power_gain=self.mean_power_gain[clients],
            client_power_w=self.client_power_w[clients],
            station_power_w=float(self.station_power_w[cell]),
            bandwidth_hz=float(self.bandwidth_hz[cell]),
            load=float(self.load[cell]),
            noise_psd_w_per_hz=float(station_noise[cell]),
            client_noise_psd_w_per_hz=client_noise[clients],
            devices=self.devices.of(clients),
            backhaul_rate_bps=float(self.backhaul_rate_bps[cell]),
            backhaul_delay_s=float(self.backhaul_delay_s[cell]),
        )
