"""The `[network]` part of a scenario: where nodes stand, what the radio is, what clients compute with."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.fading_spec import FadingSpec, RayleighSpec, SionnaSpec
from airfed.knowledge_spec import KnowledgeSpec, PerfectKnowledgeSpec, PilotKnowledgeSpec
from airfed.propagation_spec import OutdoorSpec, PropagationSpec, UrbanMacroSpec
from airfed.spec import Spec
from channels import (
    Devices,
    Fading,
    LargeScale,
    Layout,
    Network,
    dbm_to_watt,
    draw_cpu_hz,
    hexagonal_layout,
    hexagonal_sites,
    reuse_groups,
    strongest_station,
    thermal_noise_psd_w_per_hz,
)
from channels.arrays import IntArray
from channels.layouts.hexagonal import CLUSTER_SHIFT
from channels.sionna_backend import SionnaSystemLevel, Surroundings
from fl_models import Stream, Streams

Load = Annotated[float, Field(ge=0.0, le=0.99)]


class DevicesSpec(Spec):
    """Processors of the clients, log-uniform between the slowest and the fastest."""

    min_cpu_hz: float = Field(50e6, ge=1e3, le=1e12, description="clock of the slowest processor")
    max_cpu_hz: float = Field(400e6, ge=1e3, le=1e12, description="clock of the fastest; clocks are log-uniform between")
    flops_per_cycle: float = Field(0.5, ge=1e-6, le=1e6, description="floating-point operations a cycle")
    effective_capacitance_w_per_hz3: float = Field(1e-28, ge=0.0, le=1e-20, description="κ; a cycle at clock f takes κ f²")

    @model_validator(mode="after")
    def _ordered(self) -> DevicesSpec:
        if self.max_cpu_hz < self.min_cpu_hz:
            raise ValueError(
                f"min_cpu_hz: got {self.min_cpu_hz:g} with max_cpu_hz = {self.max_cpu_hz:g}; allowed is at most max_cpu_hz"
            )
        return self

    def build(self, num_clients: int, *, rng: np.random.Generator) -> Devices:
        return Devices(
            cpu_hz=draw_cpu_hz(num_clients, min_cpu_hz=self.min_cpu_hz, max_cpu_hz=self.max_cpu_hz, rng=rng),
            flops_per_cycle=self.flops_per_cycle,
            effective_capacitance_w_per_hz3=self.effective_capacitance_w_per_hz3,
        )


class BackhaulSpec(Spec):
    """Between the stations and the cloud."""

    rate_bps: float = Field(100e6, ge=1.0, le=1e13, description="rate of each station's link to the cloud")
    delay_s: float = Field(0.01, ge=0.0, le=1000.0, description="one-way delay")


class NetworkSpec(Spec):
    """The wireless network."""

    num_cells: int = Field(3, ge=1, le=1000, description="hexagonal cells; cell_load has as many values, or one")
    clients_per_cell: int = Field(20, ge=1, le=100_000, description="clients, uniform over each cell")
    cell_radius_m: float = Field(250.0, ge=1.0, le=5000.0, description="circumradius of a cell")
    min_distance_m: float = Field(35.0, ge=0.1, le=4000.0, description="no client is nearer to its station")
    wrap_around: bool = Field(False, description="1, 3, 7 or 19 cells repeat to fill the plane, so that none is at an edge")
    association: Literal["cell", "strongest"] = Field(
        "cell", description="clients are served by their own cell, or by the station with the strongest average gain"
    )
    carrier_hz: float = Field(3.5e9, ge=0.5e9, le=100e9, description="carrier frequency")
    bandwidth_hz: float = Field(10e6, ge=1.0, le=1e11, description="band of each cell, or of all if they share it")
    band_sharing: Literal["own", "reuse_1", "reuse_3"] = Field(
        "own",
        description="a band for each cell, or one for all with reuse factor 1 or 3; cells on the same band disturb each other, "
        'least with association = "strongest"',
    )
    cell_load: Load | Annotated[tuple[Load, ...], Strict(False)] = Field(
        (0.0, 0.3, 0.6),
        description="share of the slots that other traffic takes: one value per cell, or one for all",
    )
    client_power_dbm: float = Field(23.0, ge=0.0, le=60.0, description="most that a client transmits with")
    station_power_dbm: float = Field(46.0, ge=0.0, le=80.0, description="transmit power of a station")
    noise_figure_db: float = Field(7.0, ge=0.0, le=50.0, description="of every receiver")
    num_antennas: int = Field(1, ge=1, le=1024, description="antennas of a station")
    num_subcarriers: int = Field(
        1,
        ge=1,
        le=4096,
        description="frequencies at which fading is drawn; several with tdl or sionna kinds",
    )
    propagation: PropagationSpec = Field(
        default_factory=UrbanMacroSpec,
        discriminator="kind",
        description="path loss and shadowing, drawn once",
    )
    fading: FadingSpec = Field(
        default_factory=RayleighSpec, discriminator="kind", description="small-scale fading, drawn anew every edge round"
    )
    knowledge: KnowledgeSpec = Field(
        default_factory=PerfectKnowledgeSpec,
        discriminator="kind",
        description="what is known of the fading when it is planned who takes part, in which band, and how over the air; "
        "digital rates follow the true channel",
    )
    devices: DevicesSpec = Field(default_factory=DevicesSpec, description="the clients' processors")
    backhaul: BackhaulSpec = Field(default_factory=BackhaulSpec, description="between stations and cloud")

    @model_validator(mode="after")
    def _consistent(self) -> NetworkSpec:
        if isinstance(self.cell_load, tuple) and len(self.cell_load) != self.num_cells:
            raise ValueError(
                f"cell_load: got {len(self.cell_load)} values for num_cells = {self.num_cells}; "
                "allowed is one value per cell or a single number"
            )
        inradius_m = self.cell_radius_m * np.sqrt(3.0) / 2.0
        if self.min_distance_m > 0.9 * inradius_m:
            raise ValueError(
                f"min_distance_m: got {self.min_distance_m:g}; allowed is 0 to {0.9 * inradius_m:g}, "
                f"nine tenths of the inner radius of the cell (cell_radius_m = {self.cell_radius_m:g})"
            )
        outdoor = self.propagation if isinstance(self.propagation, OutdoorSpec) else None
        if outdoor and not outdoor.extrapolate and self.min_distance_m < 10.0:
            raise ValueError(
                f"min_distance_m: got {self.min_distance_m:g}; allowed is at least 10, where the {self.propagation.kind} "
                "model begins, or extrapolate = true"
            )
        if self.wrap_around and self.num_cells not in CLUSTER_SHIFT:
            clusters = ", ".join(map(str, CLUSTER_SHIFT))
            raise ValueError(f"wrap_around: got true with num_cells = {self.num_cells}; allowed with {clusters} cells")
        if self.wrap_around and self.band_sharing == "reuse_3" and self.num_cells != 3:
            raise ValueError(
                f"band_sharing: got 'reuse_3' with {self.num_cells} cells that wrap around; allowed with 3, since across "
                "the seams of others neighbours would have the same third"
            )
        timing_s = self.knowledge.timing_deviation_s if isinstance(self.knowledge, PilotKnowledgeSpec) else 0.0
        if timing_s > 0.0 and self.num_subcarriers == 1:
            raise ValueError(
                f"knowledge.timing_deviation_s: got {timing_s:g} with num_subcarriers = 1; allowed with several, which "
                "a timing offset turns against each other"
            )
        if isinstance(self.fading, SionnaSpec) and not outdoor:
            raise ValueError(
                f"fading.kind: got 'sionna' with propagation of kind {self.propagation.kind!r}; allowed with uma, umi and rma"
            )
        return self

    def build(self, streams: Streams) -> Network:
        """The network as drawn from the streams."""
        rng = streams.rng(Stream.LAYOUT)
        layout = hexagonal_layout(
            num_cells=self.num_cells,
            clients_per_cell=self.clients_per_cell,
            radius_m=self.cell_radius_m,
            min_distance_m=self.min_distance_m,
            wrap_around=self.wrap_around,
            rng=rng,
        )
        layout = self.propagation.furnish(layout, rng=rng)
        layout, large_scale, fading = self._channel(layout, streams.rng(Stream.LARGE_SCALE))
        return Network(
            layout=layout,
            large_scale=large_scale,
            fading=fading,
            bandwidth_hz=np.asarray(self.bandwidth_hz / (3.0 if self.band_sharing == "reuse_3" else 1.0)),
            load=np.asarray(self.cell_load),
            noise_psd_w_per_hz=thermal_noise_psd_w_per_hz(noise_figure_db=self.noise_figure_db),
            client_power_w=dbm_to_watt(self.client_power_dbm),
            station_power_w=dbm_to_watt(self.station_power_dbm),
            devices=self.devices.build(layout.num_clients, rng=streams.rng(Stream.DEVICES)),
            backhaul_rate_bps=np.asarray(self.backhaul.rate_bps),
            backhaul_delay_s=np.asarray(self.backhaul.delay_s),
            num_antennas=self.num_antennas,
            num_subcarriers=self.num_subcarriers,
            knowledge=self.knowledge.build(carrier_hz=self.carrier_hz),
            band_group=self._band_group(),
        )

    def _channel(self, layout: Layout, rng: np.random.Generator) -> tuple[Layout, LargeScale, Fading]:
        """The layout with clients served as wanted, its path losses, and its fading."""
        propagation = self.propagation.build()
        if isinstance(self.fading, SionnaSpec):
            assert isinstance(propagation, Surroundings)  # as checked when the scenario was read
            system = SionnaSystemLevel(
                propagation=propagation,
                carrier_hz=self.carrier_hz,
                num_antennas=self.num_antennas,
            )
            drop = system.drop(layout, rng=rng)
            layout = self._associated(layout, drop.large_scale)
            return layout, drop.large_scale, drop.fading(layout)
        large_scale = propagation.draw(layout, carrier_hz=self.carrier_hz, rng=rng)
        fading = self.fading.build(carrier_hz=self.carrier_hz, num_antennas=self.num_antennas)
        return self._associated(layout, large_scale), large_scale, fading

    def _associated(self, layout: Layout, large_scale: LargeScale) -> Layout:
        if self.association == "cell":
            return layout
        layout = layout.served_by(strongest_station(large_scale.power_gain))
        empty = np.flatnonzero(layout.cell_sizes == 0)
        if len(empty):
            raise ValueError(
                f"association: got 'strongest', and cell {empty[0]} is the strongest of no client; allowed is 'cell', or more "
                "clients, or another seed"
            )
        return layout

    def _band_group(self) -> IntArray | None:
        if self.band_sharing == "own":
            return None
        sites = hexagonal_sites(self.num_cells, radius_m=self.cell_radius_m)
        return reuse_groups(sites, radius_m=self.cell_radius_m, reuse_factor=3 if self.band_sharing == "reuse_3" else 1)
