"""`[network.fading]` in a scenario: small-scale fading, drawn anew every edge round."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.spec import Spec
from channels import (
    CorrelatedRayleigh,
    Fading,
    Nakagami,
    Rayleigh,
    Rician,
    TappedDelayLine,
    TDLProfile,
    exponential_correlation,
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


FadingSpec = RayleighSpec | RicianSpec | NakagamiSpec | TDLSpec | SionnaSpec | SionnaTDLSpec | SionnaCDLSpec
