"""The `[learning]` part of a scenario: task, data, model and schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from airfed.specs.data_spec import DataSpec
from airfed.specs.earlier_keys import with_keys_moved
from airfed.specs.federated_data import FederatedData
from airfed.specs.model_spec import MLPSpec, ModelSpec
from airfed.specs.real_data_spec import DigitsSpec
from airfed.specs.selection_spec import EverybodySpec, SelectionSpec
from airfed.specs.spec import Spec
from airfed.specs.split_spec import SplitSpec, TwoLevelSplitSpec
from airfed.specs.step_size_spec import ConstantStepSpec, StepSizeDecaySpec
from airfed.specs.task_spec import ClassificationSpec, TaskParts, TaskSpec
from channels import Layout
from fl_models import FederatedTask, Schedule, Stream, Streams


class LearningSpec(Spec):
    """What is learnt."""

    rounds: int = Field(60, ge=1, le=1_000_000, description="global rounds of every scheme")
    edge_rounds: int = Field(5, ge=1, le=10_000, description="E, averages within a cell per global round")
    local_steps: int = Field(5, ge=1, le=10_000, description="H, steps of each client per edge round")
    batch_size: int = Field(10, ge=1, le=10_000, description="samples in a step")
    step_size: float = Field(0.02, gt=0.0, le=1000.0, description="γ, of clients, in the first round")
    weight_decay: float = Field(0.0, ge=0.0, le=1000.0, description="λ of a pull λx towards 0 that is added to every gradient")
    step_size_decay: StepSizeDecaySpec = Field(
        default_factory=ConstantStepSpec, discriminator="kind", description="how steps change from round to round"
    )
    selection: SelectionSpec = Field(
        default_factory=EverybodySpec, discriminator="kind", description="who takes part in a global round"
    )
    task: TaskSpec = Field(default_factory=ClassificationSpec, discriminator="kind", description="what it is all for")
    data: DataSpec = Field(default_factory=DigitsSpec, discriminator="kind", description="what is learnt from")
    split: SplitSpec = Field(default_factory=TwoLevelSplitSpec, discriminator="kind", description="who holds which samples")
    model: ModelSpec = Field(default_factory=MLPSpec, discriminator="kind", description="what is trained")

    @model_validator(mode="before")
    @classmethod
    def _earlier_keys(cls, given: Any) -> Any:
        return with_keys_moved(given) if isinstance(given, dict) else given

    @property
    def schedule(self) -> Schedule:
        return Schedule(
            edge_rounds=self.edge_rounds,
            local_steps=self.local_steps,
            batch_size=self.batch_size,
            step_size=self.step_size_decay.build(self.step_size),
            weight_decay=self.weight_decay,
        )

    def build(self, layout: Layout, streams: Streams) -> FederatedTask:
        """The task for the clients of a layout, in which no cell is without."""
        empty = np.flatnonzero(layout.cell_sizes == 0)
        if len(empty):
            raise ValueError(f"network: cell {empty[0]} serves no client; leave out stations that serve nobody")
        rng = streams.rng(Stream.SPLIT)
        data = self._loaded(layout.num_clients, rng)
        return self.task.build(
            TaskParts(
                model=self.model.build(self.data.shape),
                shape=self.data.shape,
                data=data,
                split=self.split,
                serving_cell=layout.serving_cell,
                streams=streams,
                rng=rng,
            )
        )

    def _loaded(self, num_clients: int, rng: np.random.Generator) -> FederatedData:
        try:
            return self.data.load(num_clients=num_clients, rng=rng)
        except OSError as error:
            # Those that say what to do have no number.
            told = f".{error}" if error.errno is None else f": cannot be read: {error}"
            raise ValueError(f"learning.data{told}") from error
        except ValueError as error:
            raise ValueError(f"learning.data.{error}") from error
