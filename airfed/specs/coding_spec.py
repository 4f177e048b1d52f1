"""How near to Shannon's rate bits are sent, in a scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.specs.spec import Spec
from channels import Shannon, ShortPackets


class ShannonSpec(Spec):
    """at Shannon's rate, without errors, however few the bits"""

    kind: Literal["shannon"] = "shannon"

    def build(self) -> Shannon:
        return Shannon()


class ShortPacketsSpec(Spec):
    """in packets of finite length at the rate of the normal approximation, each sent again until it has arrived"""

    kind: Literal["short_packets"] = "short_packets"
    error_probability: float = Field(
        1e-3, gt=0.0, le=0.5, description="ε, that a packet does not arrive; small makes packets long, large makes them many"
    )
    packet_bits: int = Field(
        8448, ge=1, le=1_000_000_000, description="most that a packet carries; 8448 is the longest code block of 5G NR"
    )

    def build(self) -> ShortPackets:
        return ShortPackets(error_probability=self.error_probability, packet_bits=self.packet_bits)


CodingSpec = ShannonSpec | ShortPacketsSpec
