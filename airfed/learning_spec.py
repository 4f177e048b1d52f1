"""The `[learning]` part of a scenario: data, model and schedule."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from airfed.spec import Spec
from channels import Layout
from fl_models import (
    MLP,
    Dataset,
    FederatedTask,
    Model,
    Schedule,
    SoftmaxRegression,
    Stream,
    Streams,
    digits,
    two_level_dirichlet_split,
)


class MLPSpec(Spec):
    """one hidden layer with rectifiers"""

    kind: Literal["mlp"] = "mlp"
    hidden: int = Field(300, ge=1, le=100_000, description="hidden neurons")

    def build(self, data: Dataset) -> Model:
        return MLP(num_inputs=data.x.shape[1], num_hidden=self.hidden, num_classes=data.num_classes)


class SoftmaxRegressionSpec(Spec):
    """linear; nothing in it for hist to partition"""

    kind: Literal["softmax_regression"] = "softmax_regression"

    def build(self, data: Dataset) -> Model:
        return SoftmaxRegression(num_inputs=data.x.shape[1], num_classes=data.num_classes)


class LearningSpec(Spec):
    """What is learnt: the handwritten digits of scikit-learn."""

    rounds: int = Field(60, ge=1, le=1_000_000, description="global rounds of every scheme")
    edge_rounds: int = Field(5, ge=1, le=10_000, description="E, averages within a cell per global round")
    local_steps: int = Field(5, ge=1, le=10_000, description="H, SGD steps of each client per edge round")
    batch_size: int = Field(10, ge=1, le=10_000, description="samples in a step")
    step_size: float = Field(0.02, gt=0.0, le=1000.0, description="of SGD")
    test_fraction: float = Field(0.2, ge=0.01, le=0.9, description="share of the digits kept for testing")
    cell_concentration: float = Field(
        1.0, gt=0.0, le=1e6, description="Dirichlet concentration of classes over cells; small is uneven"
    )
    client_concentration: float = Field(
        0.5, gt=0.0, le=1e6, description="Dirichlet concentration of classes over the clients of a cell"
    )
    min_samples: int = Field(3, ge=1, le=1000, description="every client holds at least so many samples")
    model: MLPSpec | SoftmaxRegressionSpec = Field(default_factory=MLPSpec, discriminator="kind", description="what is trained")

    @property
    def schedule(self) -> Schedule:
        return Schedule(
            edge_rounds=self.edge_rounds,
            local_steps=self.local_steps,
            batch_size=self.batch_size,
            step_size=self.step_size,
        )

    def build(self, layout: Layout, streams: Streams) -> FederatedTask:
        """The task for the clients of a layout, in which no cell is without."""
        empty = np.flatnonzero(layout.cell_sizes == 0)
        if len(empty):
            raise ValueError(f"network: cell {empty[0]} serves no client; leave out stations that serve nobody")
        rng = streams.rng(Stream.SPLIT)
        train, test = digits(test_fraction=self.test_fraction, rng=rng)
        parts = two_level_dirichlet_split(
            train.labels,
            serving_cell=layout.serving_cell,
            cell_concentration=self.cell_concentration,
            client_concentration=self.client_concentration,
            min_samples=self.min_samples,
            rng=rng,
        )
        return FederatedTask(
            model=self.model.build(train),
            train=train,
            test=test,
            client_samples=tuple(np.asarray(part) for part in parts),
            serving_cell=layout.serving_cell,
        )
