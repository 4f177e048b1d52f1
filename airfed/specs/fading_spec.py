"""`[network.fading]` in a scenario: small-scale fading, another in every edge round."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.spec import Spec
from channels import (
    CorrelatedRayleigh,
    Fading,
    MovingRayleigh,
    Nakagami,
    Rayleigh,
    Rician,
    TappedDelayLine,
    TDLProfile,
    db_to_linear,
    exponential_correlation,
    max_doppler_hz,
    one_ring_correlation,
)
from channels.sionna_backend import SionnaCDL, SionnaTDL


class RayleighSpec(Spec):
    """no dominant path"""

    kind: Literal["rayleigh"] = "rayleigh"
    antenna_correlation: float = Field(
        0.0, ge=0.0, le=0.999, description="of neighbouring antennas of a station, where it has several"
    )

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        if num_antennas == 1 or self.antenna_correlation == 0.0:
            return Rayleigh()
        return CorrelatedRayleigh(correlation=exponential_correlation(num_antennas, coefficient=self.antenna_correlation))


class OneRingSpec(Spec):
    """no dominant path, antennas alike since paths come from a ring of scatterers around the client"""

    kind: Literal["one_ring"] = "one_ring"
    angle_rad: float = Field(0.0, ge=-3.1416, le=3.1416, description="direction of all clients, from the array's broadside")
    angular_spread_rad: float = Field(0.3, gt=0.0, le=3.1415, description="half the angle that the ring fills")
    spacing_wavelengths: float = Field(0.5, ge=0.01, le=100.0, description="distance of neighbouring antennas, in a row")

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return CorrelatedRayleigh(
            correlation=one_ring_correlation(
                num_antennas,
                angle_rad=self.angle_rad,
                angular_spread_rad=self.angular_spread_rad,
                spacing_wavelengths=self.spacing_wavelengths,
            )
        )


class MovingRayleighSpec(Spec):
    """no dominant path, clients that move: from edge round to edge round, through all of training, fading follows Jakes' law"""

    kind: Literal["moving_rayleigh"] = "moving_rayleigh"
    speed_m_per_s: float = Field(0.1, ge=0.0, le=1000.0, description="of the clients")
    interval_s: float = Field(
        0.1, ge=0.0, le=1000.0, description="from an edge round to the next, also where another global round begins"
    )

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        doppler_hz = float(max_doppler_hz(self.speed_m_per_s, carrier_hz=carrier_hz))
        return MovingRayleigh(doppler_hz=doppler_hz, interval_s=self.interval_s)


class RicianSpec(Spec):
    """one dominant path"""

    kind: Literal["rician"] = "rician"
    k_factor_db: float = Field(9.0, ge=-30.0, le=60.0, description="power of the dominant path over all others")

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return Rician(k_factor_db=self.k_factor_db)


class NakagamiSpec(Spec):
    """harsher than Rayleigh for m below 1, milder above"""

    kind: Literal["nakagami"] = "nakagami"
    m: float = Field(2.0, ge=0.5, le=1000.0, description="fading figure; the variance of the power is 1/m")

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return Nakagami(m=self.m)


class DelayLineSpec(Spec):
    """What delay lines of 3GPP TR 38.901 have in common."""

    profile: Literal["A", "B", "C", "D", "E"] = Field("A", description="A to C without, D and E with line of sight")
    delay_spread_s: float = Field(100e-9, ge=0.0, le=1e-4, description="root mean square")


TapDelayS = Annotated[float, Field(ge=0.0, le=1e-3)]
TapPowerDb = Annotated[float, Field(ge=-200.0, le=200.0)]


class TapsSpec(Spec):
    """taps of your own, for several subcarriers"""

    kind: Literal["taps"] = "taps"
    delay_s: Annotated[tuple[TapDelayS, ...], Strict(False)] = Field(
        min_length=1, max_length=1000, description="delay of each tap"
    )
    power_db: Annotated[tuple[TapPowerDb, ...], Strict(False)] = Field(
        min_length=1, max_length=1000, description="mean power of each tap; only their ratios matter"
    )
    k_factor: float = Field(
        0.0, ge=0.0, le=1e6, description="power of the line of sight over the rest of the first tap, linear; 0 for none"
    )

    @model_validator(mode="after")
    def _pairs(self) -> TapsSpec:
        if len(self.delay_s) != len(self.power_db):
            raise ValueError(
                f"power_db: got {len(self.power_db)} values for {len(self.delay_s)} of delay_s; needed is one for each tap"
            )
        return self

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        delay_s, power = np.array(self.delay_s), db_to_linear(np.array(self.power_db))
        return TappedDelayLine(delay_s=delay_s, power=power, k_factor=self.k_factor)


class TDLSpec(DelayLineSpec):
    """3GPP TR 38.901 tapped delay line, for several subcarriers"""

    kind: Literal["tdl"] = "tdl"

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return TappedDelayLine.tr38901(TDLProfile(self.profile), delay_spread_s=self.delay_spread_s)


class SionnaTDLSpec(DelayLineSpec):
    """3GPP TR 38.901 tapped delay line, drawn by Sionna"""

    kind: Literal["sionna_tdl"] = "sionna_tdl"

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return SionnaTDL(profile=TDLProfile(self.profile), delay_spread_s=self.delay_spread_s, carrier_hz=carrier_hz)


class SionnaCDLSpec(DelayLineSpec):
    """3GPP TR 38.901 clustered delay line, drawn by Sionna"""

    kind: Literal["sionna_cdl"] = "sionna_cdl"

    def build(self, *, carrier_hz: float, num_antennas: int) -> Fading:
        return SionnaCDL(
            profile=TDLProfile(self.profile),
            delay_spread_s=self.delay_spread_s,
            carrier_hz=carrier_hz,
            num_antennas=num_antennas,
        )


class SionnaSpec(Spec):
    """clusters and rays of the uma, umi or rma surroundings; path loss and shadowing too are drawn by Sionna"""

    kind: Literal["sionna"] = "sionna"


LinkFadingSpec = (
    RayleighSpec
    | MovingRayleighSpec
    | OneRingSpec
    | RicianSpec
    | NakagamiSpec
    | TDLSpec
    | TapsSpec
    | SionnaTDLSpec
    | SionnaCDLSpec
)
"""Fading that is the same for every link, wherever its ends are."""

FadingSpec = LinkFadingSpec | SionnaSpec
