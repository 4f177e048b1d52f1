"""What every `[network]` of a scenario has, wherever its nodes stand: bands, powers, antennas, processors, backhaul."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.devices_spec import BackhaulSpec, DevicesSpec
from airfed.specs.knowledge_spec import KnowledgeSpec, PerfectKnowledgeSpec, PilotKnowledgeSpec
from airfed.specs.spec import Spec
from channels import Fading, LargeScale, Layout, Network, dbm_to_watt, thermal_noise_psd_w_per_hz
from channels.arrays import FloatArray, IntArray
from fl_models import Stream, Streams

Load = Annotated[float, Field(ge=0.0, le=0.99)]
CellLoad = Load | Annotated[tuple[Load, ...], Strict(False)]
BandHz = Annotated[float, Field(ge=1.0, le=1e11)]
ClientDbm = Annotated[float, Field(ge=0.0, le=60.0)]
StationDbm = Annotated[float, Field(ge=0.0, le=80.0)]
LOAD_MEANING = "share of the slots that other traffic takes: one value per cell, or one for all"


class ReceiverSpec(Spec):
    """How much noise receivers have."""

    noise_figure_db: float = Field(7.0, ge=0.0, le=50.0, description="of every receiver")
    temperature_k: float = Field(290.0, ge=1.0, le=1000.0, description="of what the antennas see")

    @property
    def noise_psd_w_per_hz(self) -> float:
        return thermal_noise_psd_w_per_hz(noise_figure_db=self.noise_figure_db, temperature_k=self.temperature_k)


class RadioSpec(Spec):
    """What all kinds of networks have."""

    carrier_hz: float = Field(3.5e9, ge=0.5e9, le=100e9, description="carrier frequency")
    bandwidth_hz: BandHz | Annotated[tuple[BandHz, ...], Strict(False)] = Field(
        10e6, description="band of each cell, or of all if they share it: one value per cell, or one for all"
    )
    cell_load: CellLoad = Field(0.0, description=LOAD_MEANING)
    client_power_dbm: ClientDbm | Annotated[tuple[ClientDbm, ...], Strict(False)] = Field(
        23.0, description="most that a client transmits with: one value per client, cell after cell, or one for all"
    )
    station_power_dbm: StationDbm | Annotated[tuple[StationDbm, ...], Strict(False)] = Field(
        46.0, description="transmit power of a station: one value per cell, or one for all"
    )
    num_antennas: int = Field(1, ge=1, le=1024, description="antennas of a station")
    num_subcarriers: int = Field(
        1, ge=1, le=4096, description="frequencies at which fading is drawn; several with tdl, taps, ray_traced or sionna kinds"
    )
    knowledge: KnowledgeSpec = Field(
        default_factory=PerfectKnowledgeSpec,
        discriminator="kind",
        description="what is known of the fading when it is planned who takes part, in which band, and how over the air; "
        "digital rates follow the true channel",
    )
    devices: DevicesSpec = Field(default_factory=DevicesSpec, description="the clients' processors")
    backhaul: BackhaulSpec = Field(default_factory=BackhaulSpec, description="between stations and cloud")

    @property
    @abstractmethod
    def total_stations(self) -> int | None:
        """How many stations there are before any is left out; None where that is drawn or in a file."""

    @property
    @abstractmethod
    def total_clients(self) -> int | None:
        """How many clients there are; None where that is drawn or in a file."""

    @abstractmethod
    def build(self, streams: Streams) -> Network:
        """The network as drawn from the streams."""

    @model_validator(mode="after")
    def _one_value_for_each(self) -> RadioSpec:
        for key, value in self._per_cell.items():
            if isinstance(value, tuple) and self.total_stations is not None and len(value) != self.total_stations:
                raise ValueError(_wrong_number(key, value, self._stations_told, each="cell"))
        if self.total_clients is not None:
            self._check_per_client(self.total_clients)
        if isinstance(self.bandwidth_hz, tuple) and self.num_subcarriers > 1 and len(set(self.bandwidth_hz)) > 1:
            raise ValueError(
                f"bandwidth_hz: got bands of different widths with num_subcarriers = {self.num_subcarriers}; allowed is one "
                "width for all cells, or a single subcarrier"
            )
        timing_s = self.knowledge.timing_deviation_s if isinstance(self.knowledge, PilotKnowledgeSpec) else 0.0
        if timing_s > 0.0 and self.num_subcarriers == 1:
            raise ValueError(
                f"knowledge.timing_deviation_s: got {timing_s:g} with num_subcarriers = 1; allowed with several, which "
                "a timing offset turns against each other"
            )
        return self

    @property
    def _per_cell(self) -> dict[str, float | tuple[float, ...]]:
        return {
            "bandwidth_hz": self.bandwidth_hz,
            "cell_load": self.cell_load,
            "station_power_dbm": self.station_power_dbm,
            "backhaul.rate_bps": self.backhaul.rate_bps,
            "backhaul.delay_s": self.backhaul.delay_s,
        }

    @property
    def _per_client(self) -> dict[str, float | tuple[float, ...] | str]:
        return {"client_power_dbm": self.client_power_dbm, "devices.cpu_hz": self.devices.cpu_hz}

    @property
    def _stations_told(self) -> str:
        """The number of stations as the file says it."""
        return f"{self.total_stations} stations"

    def _network(
        self,
        layout: Layout,
        large_scale: LargeScale,
        fading: Fading,
        *,
        noise_psd_w_per_hz: float,
        streams: Streams,
        stations: IntArray | None = None,
        share_of_band: float = 1.0,
        band_group: IntArray | None = None,
    ) -> Network:
        """The network of what was drawn.

        Args:
            layout: of the stations that serve somebody.
            large_scale: its links.
            fading: on the links that serve.
            noise_psd_w_per_hz: at every receiver.
            streams: source of the processors.
            stations: which of the stations asked for those of the layout are; all, if None.
            share_of_band: of a cell, under reuse.
            band_group: cells that share a band.
        """
        self._check_per_client(layout.num_clients, prefix="network.")
        values = {key: self._of_cells(key, layout.num_cells, stations) for key in self._per_cell}
        return Network(
            layout=layout,
            large_scale=large_scale,
            fading=fading,
            bandwidth_hz=share_of_band * values["bandwidth_hz"],
            load=values["cell_load"],
            noise_psd_w_per_hz=noise_psd_w_per_hz,
            client_power_w=dbm_to_watt(np.asarray(self.client_power_dbm)),
            station_power_w=dbm_to_watt(values["station_power_dbm"]),
            devices=self.devices.build(layout.num_clients, rng=streams.rng(Stream.DEVICES)),
            backhaul_rate_bps=values["backhaul.rate_bps"],
            backhaul_delay_s=values["backhaul.delay_s"],
            num_antennas=self.num_antennas,
            num_subcarriers=self.num_subcarriers,
            knowledge=self.knowledge.build(carrier_hz=self.carrier_hz),
            band_group=band_group,
        )

    def _check_per_client(self, num_clients: int, *, prefix: str = "") -> None:
        for key, value in self._per_client.items():
            if isinstance(value, tuple) and len(value) != num_clients:
                raise ValueError(_wrong_number(prefix + key, value, f"{num_clients} clients", each="client"))

    def _of_cells(self, key: str, num_cells: int, stations: IntArray | None) -> FloatArray:
        """The values of a key for the cells that are there."""
        value = self._per_cell[key]
        if not isinstance(value, tuple):
            return np.asarray(value)
        kept = np.arange(num_cells) if stations is None else stations
        if len(value) <= kept.max():
            raise ValueError(_wrong_number(f"network.{key}", value, f"station {kept.max()}, counted from 0", each="cell"))
        return np.asarray(value)[kept]


def _wrong_number(key: str, value: tuple[float, ...], there: str, *, each: str) -> str:
    return f"{key}: got {len(value)} values for {there}; allowed is one value per {each} or a single number"
