"""`[network.knowledge]` in a scenario: what transceivers know of the channel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.specs.spec import Spec
from channels import ChannelKnowledge, Estimator, max_doppler_hz


class PerfectKnowledgeSpec(Spec):
    """all of it"""

    kind: Literal["perfect"] = "perfect"

    def build(self, *, carrier_hz: float) -> ChannelKnowledge:
        return ChannelKnowledge()


class PilotKnowledgeSpec(Spec):
    """what pilots in noise told a while ago, with phases off by a little"""

    kind: Literal["pilots"] = "pilots"
    pilot_snr_db: float = Field(20.0, ge=-50.0, le=100.0, description="of the pilots at |h| = 1, the same for all clients")
    estimator: Literal["mmse", "least_squares"] = Field("mmse", description="what is made of the pilots")
    delay_s: float = Field(0.0, ge=0.0, le=10.0, description="age of the estimate when it is used")
    speed_m_per_s: float = Field(0.0, ge=0.0, le=1000.0, description="of the clients, by which the channel ages")
    phase_deviation_rad: float = Field(0.0, ge=0.0, le=10.0, description="standard deviation of the clients' phase offsets")
    timing_deviation_s: float = Field(
        0.0,
        ge=0.0,
        le=1e-3,
        description="standard deviation of the clients' timing offsets, which turn subcarriers differently",
    )

    def build(self, *, carrier_hz: float) -> ChannelKnowledge:
        return ChannelKnowledge(
            pilot_snr_db=self.pilot_snr_db,
            estimator=Estimator(self.estimator),
            delay_s=self.delay_s,
            doppler_hz=float(max_doppler_hz(self.speed_m_per_s, carrier_hz=carrier_hz)),
            phase_deviation_rad=self.phase_deviation_rad,
            timing_deviation_s=self.timing_deviation_s,
        )


KnowledgeSpec = PerfectKnowledgeSpec | PilotKnowledgeSpec
