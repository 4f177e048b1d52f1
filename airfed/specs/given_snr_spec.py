"""A scenario's network whose SNR is given, with nobody standing anywhere."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict

from airfed.specs.fading_spec import LinkFadingSpec, RayleighSpec
from airfed.specs.radio_spec import RadioSpec
from airfed.specs.spec import Spec
from channels import GivenSNR, Network, dbm_to_watt, thermal_noise_psd_w_per_hz, unplaced_layout
from fl_models import Stream, Streams

SnrDb = Annotated[float, Field(ge=-100.0, le=100.0)]
NOISE_PSD_W_PER_HZ = thermal_noise_psd_w_per_hz(noise_figure_db=0.0)  # any other makes the same network: gains follow


class ClientsSpec(Spec):
    """Who is there and how well each is heard."""

    num_cells: int = Field(1, ge=1, le=1000, description="cells; cell_load has as many values, or one")
    clients_per_cell: int = Field(20, ge=1, le=100_000, description="clients of each cell")
    mean_snr_db: SnrDb | Annotated[tuple[SnrDb, ...], Strict(False)] = Field(
        0.0,
        description="of a client at full power over the whole band at one antenna, averaged over fading: one value for all, or "
        "one per client, cell after cell",
    )
    fading: LinkFadingSpec = Field(
        default_factory=RayleighSpec, discriminator="kind", description="small-scale fading, another in every edge round"
    )


class GivenSNRNetworkSpec(RadioSpec, ClientsSpec):
    """no places: all clients have a given mean receive SNR; down it is higher by the station's power over a client's"""

    kind: Literal["given_snr"] = "given_snr"

    @property
    def total_stations(self) -> int:
        return self.num_cells

    @property
    def total_clients(self) -> int:
        return self.num_cells * self.clients_per_cell

    @property
    def _stations_told(self) -> str:
        return f"num_cells = {self.num_cells}"

    @property
    def _per_client(self) -> dict[str, float | tuple[float, ...] | str]:
        return {**super()._per_client, "mean_snr_db": self.mean_snr_db}

    def build(self, streams: Streams) -> Network:
        layout = unplaced_layout(np.full(self.num_cells, self.clients_per_cell))
        given = GivenSNR(
            mean_snr_db=np.asarray(self.mean_snr_db),
            client_power_w=dbm_to_watt(np.asarray(self.client_power_dbm)),
            noise_psd_w_per_hz=NOISE_PSD_W_PER_HZ,
            bandwidth_hz=np.broadcast_to(self.bandwidth_hz, self.num_cells)[layout.serving_cell],
        )
        return self._network(
            layout,
            given.draw(layout, carrier_hz=self.carrier_hz, rng=streams.rng(Stream.LARGE_SCALE)),
            self.fading.build(carrier_hz=self.carrier_hz, num_antennas=self.num_antennas),
            noise_psd_w_per_hz=NOISE_PSD_W_PER_HZ,
            streams=streams,
        )
