"""What the cloud makes of a round, in a scenario."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from airfed.specs.spec import Spec
from fl_models import Algorithm, ServerAdam, ServerMomentum, WithServerOptimizer


class NoServerOptimizerSpec(Spec):
    """it is taken as it is"""

    kind: Literal["none"] = "none"

    def around(self, algorithm: Algorithm) -> Algorithm:
        return algorithm


class ServerMomentumSpec(Spec):
    """a gradient for steps with momentum; around hierarchical_fedavg it is FedAvgM"""

    kind: Literal["momentum"] = "momentum"
    momentum: float = Field(0.9, ge=0.0, lt=1.0, description="β, what is kept of the last step")
    step_size: float = Field(1.0, gt=0.0, le=1e3, description="η; with momentum 0 and step size 1 a round is taken as it is")

    def around(self, algorithm: Algorithm) -> Algorithm:
        optimizer = ServerMomentum(momentum=self.momentum, step_size=self.step_size)
        return WithServerOptimizer(algorithm=algorithm, optimizer=optimizer)


class ServerAdamSpec(Spec):
    """a gradient for steps of Adam; around hierarchical_fedavg it is FedAdam"""

    kind: Literal["adam"] = "adam"
    step_size: float = Field(0.01, gt=0.0, le=1e3, description="η, about how far a parameter moves in a round")
    momentum: float = Field(0.9, ge=0.0, lt=1.0, description="β₁, for the mean")
    square_momentum: float = Field(0.99, ge=0.0, lt=1.0, description="β₂, for the mean square")
    adaptivity: float = Field(
        1e-3, gt=0.0, le=1e3, description="τ; the larger, the less steps depend on the size of past rounds"
    )

    def around(self, algorithm: Algorithm) -> Algorithm:
        optimizer = ServerAdam(
            step_size=self.step_size,
            momentum=self.momentum,
            square_momentum=self.square_momentum,
            adaptivity=self.adaptivity,
        )
        return WithServerOptimizer(algorithm=algorithm, optimizer=optimizer)


ServerOptimizerSpec = NoServerOptimizerSpec | ServerMomentumSpec | ServerAdamSpec
