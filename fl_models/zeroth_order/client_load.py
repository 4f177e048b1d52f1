"""What zeroth-order training costs a client, as clocks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fl_models.models.model import Model, flops_per_sample
from fl_models.task import FederatedTask

EVALUATION_SHARE = 1.0 / 3.0
"""A loss takes two of the six operations a parameter and sample that a loss with its gradient takes (`FLOPS_PER_PARAMETER`)."""


@dataclass(frozen=True, kw_only=True)
class ClientLoad:
    """Stands for a task's model where only its cost counts.

    Attributes:
        num_parameters: d, what a client receives.
        flops_per_sample: of a local step.
        uplink_parameters: values that it sends.
    """

    num_parameters: int
    flops_per_sample: float
    uplink_parameters: int


def client_loads(task: FederatedTask, *, directions: int, uplink_parameters: int | None = None) -> tuple[Model, ...]:
    """For each cell what a client does in b₂ + 1 losses a step, and sends: the whole model, or fewer values.

    >>> from fl_models import SoftmaxRegression
    >>> load = _load(SoftmaxRegression(num_inputs=64, num_classes=10), directions=20, uplink_parameters=None)
    >>> load.flops_per_sample, load.uplink_parameters
    (27300.0, 650)
    """
    load = _load(task.model, directions=directions, uplink_parameters=uplink_parameters)
    return (cast(Model, load),) * task.num_cells


def _load(model: Model, *, directions: int, uplink_parameters: int | None) -> ClientLoad:
    return ClientLoad(
        num_parameters=model.num_parameters,
        flops_per_sample=EVALUATION_SHARE * (directions + 1) * flops_per_sample(model),
        uplink_parameters=model.num_parameters if uplink_parameters is None else uplink_parameters,
    )
