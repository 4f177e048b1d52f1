"""Adam at the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, checked


@dataclass(frozen=True, kw_only=True)
class ServerAdam:
    """m ← β₁m + (1-β₁)Δ, v ← β₂v + (1-β₂)Δ², and the step is ηm/(√v + τ), Δ being the pseudo-gradient of a round.

    Around FedAvg it is FedAdam. m starts at 0 and v at τ²; there is no correction for that, as in the source.

    Attributes:
        step_size: η > 0, about how far a parameter moves in a round.
        momentum: β₁, at least 0 and below 1.
        square_momentum: β₂, at least 0 and below 1.
        adaptivity: τ > 0; the larger, the less the step depends on the size of past pseudo-gradients.

    Source: Reddi, Charles, Zaheer, Garrett, Rush, Konečný, Kumar, McMahan 2021, "Adaptive federated optimization",
    algorithm 2.

    >>> optimizer = ServerAdam(step_size=0.1, momentum=0.0, square_momentum=0.0, adaptivity=1e-9)
    >>> step, _ = optimizer.step(np.array([2.0, -30.0]), optimizer.memory(2))
    >>> step.round(6).tolist()
    [0.1, -0.1]
    """

    step_size: float
    momentum: float = 0.9
    square_momentum: float = 0.99
    adaptivity: float = 1e-3

    def __post_init__(self) -> None:
        checked("step_size", self.step_size, low=0.0, open_low=True)
        checked("momentum", self.momentum, low=0.0, high=1.0, open_high=True)
        checked("square_momentum", self.square_momentum, low=0.0, high=1.0, open_high=True)
        checked("adaptivity", self.adaptivity, low=0.0, open_low=True)

    def memory(self, num_parameters: int) -> dict[str, FloatArray]:
        return {
            "mean": np.zeros(num_parameters, dtype=np.float32),
            "mean_square": np.full(num_parameters, self.adaptivity**2, dtype=np.float32),
        }

    def step(self, pseudo_gradient: FloatArray, memory: Mapping[str, FloatArray]) -> tuple[FloatArray, dict[str, FloatArray]]:
        mean = self.momentum * memory["mean"] + (1.0 - self.momentum) * pseudo_gradient
        mean_square = self.square_momentum * memory["mean_square"] + (1.0 - self.square_momentum) * pseudo_gradient**2
        step = self.step_size * mean / (np.sqrt(mean_square) + self.adaptivity)
        return step, {"mean": mean, "mean_square": mean_square}
