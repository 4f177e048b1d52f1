"""The `[network]` part of a scenario: where nodes stand, what the radio is, what clients compute with."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.spec import Spec
from channels import (
    Devices,
    Fading,
    FreeSpace,
    LogDistance,
    Network,
    Propagation,
    Rayleigh,
    Rician,
    UrbanMacro,
    dbm_to_watt,
    draw_cpu_hz,
    hexagonal_layout,
    thermal_noise_psd_w_per_hz,
)
from fl_models import Stream, Streams

Load = Annotated[float, Field(ge=0.0, le=0.99)]


class UrbanMacroSpec(Spec):
    """3GPP TR 38.901 urban macro, line of sight drawn per client"""

    kind: Literal["uma"] = "uma"
    bs_height_m: float = Field(25.0, ge=10.0, le=150.0, description="height of the stations")
    ut_height_m: float = Field(1.5, ge=1.5, lt=13.0, description="height of the clients")

    def build(self) -> Propagation:
        return UrbanMacro(bs_height_m=self.bs_height_m, ut_height_m=self.ut_height_m)


class FreeSpaceSpec(Spec):
    """free space, line of sight to everybody"""

    kind: Literal["free_space"] = "free_space"

    def build(self) -> Propagation:
        return FreeSpace()


class LogDistanceSpec(Spec):
    """a power law of distance with log-normal shadowing"""

    kind: Literal["log_distance"] = "log_distance"
    exponent: float = Field(3.5, ge=1.0, le=8.0, description="path-loss exponent")
    reference_distance_m: float = Field(1.0, ge=0.01, le=100.0, description="free space up to here")
    shadowing_deviation_db: float = Field(8.0, ge=0.0, le=20.0, description="standard deviation of the shadowing")

    def build(self) -> Propagation:
        return LogDistance(
            exponent=self.exponent,
            reference_distance_m=self.reference_distance_m,
            shadowing_deviation_db=self.shadowing_deviation_db,
        )


class RayleighSpec(Spec):
    """no dominant path"""

    kind: Literal["rayleigh"] = "rayleigh"

    def build(self) -> Fading:
        return Rayleigh()


class RicianSpec(Spec):
    """one dominant path"""

    kind: Literal["rician"] = "rician"
    k_factor_db: float = Field(9.0, ge=-30.0, le=60.0, description="power of the dominant path over all others")

    def build(self) -> Fading:
        return Rician(k_factor_db=self.k_factor_db)


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

    num_cells: int = Field(3, ge=1, le=1000, description="hexagonal cells, each with a band of its own")
    clients_per_cell: int = Field(20, ge=1, le=100_000, description="clients, uniform over each cell")
    cell_radius_m: float = Field(250.0, ge=1.0, le=5000.0, description="circumradius of a cell")
    min_distance_m: float = Field(35.0, ge=0.1, le=4000.0, description="no client is nearer to its station")
    carrier_hz: float = Field(3.5e9, ge=0.5e9, le=100e9, description="carrier frequency")
    bandwidth_hz: float = Field(10e6, ge=1.0, le=1e11, description="band of each cell")
    cell_load: Load | Annotated[tuple[Load, ...], Strict(False)] = Field(
        (0.0, 0.3, 0.6),
        description="share of the slots that other traffic takes: one value per cell, or one for all",
    )
    client_power_dbm: float = Field(23.0, ge=0.0, le=60.0, description="most that a client transmits with")
    station_power_dbm: float = Field(46.0, ge=0.0, le=80.0, description="transmit power of a station")
    noise_figure_db: float = Field(7.0, ge=0.0, le=50.0, description="of every receiver")
    propagation: UrbanMacroSpec | FreeSpaceSpec | LogDistanceSpec = Field(
        default_factory=UrbanMacroSpec,
        discriminator="kind",
        description="path loss and shadowing, drawn once",
    )
    fading: RayleighSpec | RicianSpec = Field(
        default_factory=RayleighSpec, discriminator="kind", description="small-scale fading, drawn anew every edge round"
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
        if isinstance(self.propagation, UrbanMacroSpec) and self.min_distance_m < 10.0:
            raise ValueError(
                f"min_distance_m: got {self.min_distance_m:g}; allowed is at least 10, where the urban macro model begins"
            )
        return self

    def build(self, streams: Streams) -> Network:
        """The network as drawn from the streams."""
        layout = hexagonal_layout(
            num_cells=self.num_cells,
            clients_per_cell=self.clients_per_cell,
            radius_m=self.cell_radius_m,
            min_distance_m=self.min_distance_m,
            rng=streams.rng(Stream.LAYOUT),
        )
        large_scale = self.propagation.build().draw(
            layout.distance_2d_m, carrier_hz=self.carrier_hz, rng=streams.rng(Stream.LARGE_SCALE)
        )
        return Network(
            layout=layout,
            large_scale=large_scale,
            fading=self.fading.build(),
            bandwidth_hz=np.asarray(self.bandwidth_hz),
            load=np.asarray(self.cell_load),
            noise_psd_w_per_hz=thermal_noise_psd_w_per_hz(noise_figure_db=self.noise_figure_db),
            client_power_w=dbm_to_watt(self.client_power_dbm),
            station_power_w=dbm_to_watt(self.station_power_dbm),
            devices=self.devices.build(layout.num_clients, rng=streams.rng(Stream.DEVICES)),
            backhaul_rate_bps=np.asarray(self.backhaul.rate_bps),
            backhaul_delay_s=np.asarray(self.backhaul.delay_s),
        )
