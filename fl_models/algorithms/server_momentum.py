"""Momentum at the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, checked


@dataclass(frozen=True, kw_only=True)
class ServerMomentum:
    """v ← βv + Δ and the step is ηv, Δ being the pseudo-gradient of a round. Around FedAvg it is FedAvgM.

    Attributes:
        momentum: β, at least 0 and below 1.
        step_size: η > 0. With β = 0 and η = 1 the algorithm is as it was.

    Source: Hsu, Qi, Brown 2019, "Measuring the effects of non-identical data distribution for federated visual
    classification", section 4.3.

    >>> optimizer = ServerMomentum(momentum=0.5)
    >>> step, memory = optimizer.step(np.ones(2), optimizer.memory(2))
    >>> optimizer.step(np.ones(2), memory)[0].tolist()
    [1.5, 1.5]
    """

    momentum: float
    step_size: float = 1.0

    def __post_init__(self) -> None:
        checked("momentum", self.momentum, low=0.0, high=1.0, open_high=True)
        checked("step_size", self.step_size, low=0.0, open_low=True)

    def memory(self, num_parameters: int) -> dict[str, FloatArray]:
        return {"velocity": np.zeros(num_parameters, dtype=np.float32)}

    def step(self, pseudo_gradient: FloatArray, memory: Mapping[str, FloatArray]) -> tuple[FloatArray, dict[str, FloatArray]]:
        velocity = self.momentum * memory["velocity"] + pseudo_gradient
        return self.step_size * velocity, {"velocity": velocity}
