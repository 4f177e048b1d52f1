"""`[network.devices]` and `[network.backhaul]` in a scenario: what clients compute with, and how stations reach the cloud."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.spec import Spec
from channels import Devices, draw_cpu_hz

ClockHz = Annotated[float, Field(ge=1e3, le=1e12)]
RateBps = Annotated[float, Field(ge=1.0, le=1e13)]
DelayS = Annotated[float, Field(ge=0.0, le=1000.0)]


class DevicesSpec(Spec):
    """Processors of the clients, log-uniform between the slowest and the fastest, or as given."""

    cpu_hz: ClockHz | Annotated[tuple[ClockHz, ...], Strict(False)] | Literal["log_uniform"] = Field(
        "log_uniform",
        description="clock of the processors: one value per client, or one for all, or log_uniform between min_cpu_hz and "
        "max_cpu_hz, drawn",
    )
    min_cpu_hz: ClockHz = Field(50e6, description="clock of the slowest processor, if drawn")
    max_cpu_hz: ClockHz = Field(400e6, description="clock of the fastest, if drawn")
    flops_per_cycle: float = Field(0.5, ge=1e-6, le=1e6, description="floating-point operations a cycle")
    effective_capacitance_w_per_hz3: float = Field(1e-28, ge=0.0, le=1e-20, description="κ; a cycle at clock f takes κ f²")

    @model_validator(mode="after")
    def _ordered(self) -> DevicesSpec:
        if self.max_cpu_hz < self.min_cpu_hz:
            raise ValueError(
                f"min_cpu_hz: got {self.min_cpu_hz:g} with max_cpu_hz = {self.max_cpu_hz:g}; allowed is at most max_cpu_hz"
            )
        for key in ("min_cpu_hz", "max_cpu_hz"):
            if self.cpu_hz != "log_uniform" and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key}: got {getattr(self, key):g} with clocks given as cpu_hz; allowed is one of the two")
        return self

    def build(self, num_clients: int, *, rng: np.random.Generator) -> Devices:
        if self.cpu_hz == "log_uniform":
            cpu_hz = draw_cpu_hz(num_clients, min_cpu_hz=self.min_cpu_hz, max_cpu_hz=self.max_cpu_hz, rng=rng)
        else:
            cpu_hz = np.broadcast_to(self.cpu_hz, num_clients)
        return Devices(
            cpu_hz=cpu_hz,
            flops_per_cycle=self.flops_per_cycle,
            effective_capacitance_w_per_hz3=self.effective_capacitance_w_per_hz3,
        )


class BackhaulSpec(Spec):
    """Between the stations and the cloud."""

    rate_bps: RateBps | Annotated[tuple[RateBps, ...], Strict(False)] = Field(
        100e6, description="rate of each station's link to the cloud: one value per cell, or one for all"
    )
    delay_s: DelayS | Annotated[tuple[DelayS, ...], Strict(False)] = Field(
        0.01, description="one-way delay: one value per cell, or one for all"
    )
