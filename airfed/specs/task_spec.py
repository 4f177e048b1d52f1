"""`[learning.task]` in a scenario: what the model, the data and the training are for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.federated_data import FederatedData, SampleShape
from airfed.specs.spec import Spec
from airfed.specs.split_spec import GivenSplitSpec, SplitSpec
from airfed.specs.victim import trained_centrally
from channels.arrays import FloatArray, IntArray
from fl_models import (
    BlackBoxAttack,
    Dataset,
    FederatedTask,
    HyperParameters,
    Model,
    Stream,
    Streams,
    attack_task,
    tuning_task,
)
from fl_models.task import TEST_ACCURACY

Range = Annotated[tuple[float, float], Strict(False)]
RANGE_ALLOWED = "a list of two numbers from -20 to 20, the first below the second"
VICTIM = 1
"""Of the streams of `Stream.MODEL`, those of the victim."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskParts:
    """What a task is made of.

    Attributes:
        model: what is trained or, in an attack, attacked.
        shape: of the samples.
        data: training and test set.
        split: who holds which sample.
        serving_cell: (K,) the cell of each client.
        streams: of the experiment.
        rng: of the split, as the data left it.
    """

    model: Model
    shape: SampleShape
    data: FederatedData
    split: SplitSpec
    serving_cell: IntArray
    streams: Streams
    rng: np.random.Generator

    def client_samples(self, train: Dataset) -> tuple[IntArray, ...]:
        """For each client which of the training samples it holds."""
        if isinstance(self.split, GivenSplitSpec):
            assert self.data.client_samples is not None  # as checked when the scenario was read
            return self.data.client_samples
        try:
            return tuple(self.split.split(train.labels, serving_cell=self.serving_cell, rng=self.rng))
        except ValueError as error:
            raise ValueError(f"learning.split.{error}") from None


class TaskKind(Spec):
    """A task.

    Attributes:
        has_gradients: whether algorithms that train by gradients can do it.
        accuracy_label: what its accuracy is a share of, in words.
    """

    has_gradients: ClassVar[bool] = True
    accuracy_label: ClassVar[str] = TEST_ACCURACY

    def check(self, shape: SampleShape) -> None:
        """Raises a ValueError if it cannot be done with such samples."""

    def num_parameters(self, model: Model) -> int:
        """Of what is trained."""
        return model.num_parameters

    def build(self, parts: TaskParts) -> FederatedTask:
        """The task for the clients of a layout."""
        raise NotImplementedError


class ClassificationSpec(TaskKind):
    """the model learns to tell the classes apart; accuracy is its share of right answers on test samples"""

    kind: Literal["classification"] = "classification"

    def build(self, parts: TaskParts) -> FederatedTask:
        train, test = parts.data.train, parts.data.test
        return FederatedTask(
            model=parts.model,
            train=train,
            test=test,
            client_samples=parts.client_samples(train),
            serving_cell=parts.serving_cell,
        )


class BlackBoxAttackSpec(TaskKind):
    """a change to images of a class that hides it from the model, which is trained before; accuracy is the share hidden"""

    has_gradients: ClassVar[bool] = False
    accuracy_label: ClassVar[str] = BlackBoxAttack.accuracy_label

    kind: Literal["black_box_attack"] = "black_box_attack"
    target: int = Field(4, ge=0, le=999, description="class of the images")
    distortion_price: float = Field(0.1, ge=0.0, le=1e6, description="a, price of the squared distance to the image as it was")
    margin: float = Field(0.01, gt=0.0, lt=0.5, description="pixels, from -1/2 to 1/2, are taken to be so far from both ends")
    victim_steps: int = Field(
        2500, ge=1, le=10_000_000, description="of gradient descent that the model is trained with before"
    )
    victim_batch_size: int = Field(20, ge=1, le=10_000, description="samples in such a step, of all there are to train on")
    victim_step_size: float = Field(0.2, gt=0.0, le=1000.0, description="of such a step")

    def check(self, shape: SampleShape) -> None:
        if shape.image_shape is None:
            raise ValueError(
                "kind: got 'black_box_attack' with learning.data of samples that are no images; allowed are images, such as "
                "digits or synthetic_images"
            )
        if self.target >= shape.num_classes:
            raise ValueError(
                f"target: got {self.target}; allowed is 0 to {shape.num_classes - 1}, the classes of learning.data"
            )

    def num_parameters(self, model: Model) -> int:
        return int(model.num_inputs)  # type: ignore[attr-defined]  # as of all models of a scenario

    def build(self, parts: TaskParts) -> FederatedTask:
        data, num_clients = parts.data, len(parts.serving_cell)
        attack = BlackBoxAttack(
            victim=parts.model,
            victim_parameters=self._victim_parameters(parts),
            target=self.target,
            distortion_price=self.distortion_price,
            margin=self.margin,
        )
        task = attack_task(attack, train=data.train, test=data.test, num_clients=num_clients, rng=parts.rng)
        # The same images, split as the scenario wants it.
        return replace(task, client_samples=parts.client_samples(task.train), serving_cell=parts.serving_cell)

    def _victim_parameters(self, parts: TaskParts) -> FloatArray:
        try:
            return trained_centrally(
                parts.model,
                parts.data.train,
                steps=self.victim_steps,
                batch_size=self.victim_batch_size,
                step_size=self.victim_step_size,
                # Of its own, so that the training to come has other mini-batches.
                streams=Streams(seed=int(parts.streams.rng(Stream.MODEL, VICTIM).integers(2**31))),
            )
        except ValueError as error:
            raise ValueError(f"learning.task.victim_{error}") from None


class TuningSpec(TaskKind):
    """step size and decay of a softmax_regression on validation samples; accuracy is that of one trained with them"""

    has_gradients: ClassVar[bool] = False

    kind: Literal["tuning"] = "tuning"
    inner_steps: int = Field(20, ge=1, le=100_000, description="S, training steps of which a validation loss is the outcome")
    log_step_size: Range = Field(
        (-3.0, 0.5), description="range of log₁₀ of the step size", json_schema_extra={"allowed": RANGE_ALLOWED}
    )
    log_decay: Range = Field(
        (-4.0, 0.0), description="range of log₁₀ of the decay", json_schema_extra={"allowed": RANGE_ALLOWED}
    )
    validation_share: float = Field(0.3, gt=0.0, lt=1.0, description="of each client's samples")

    @model_validator(mode="after")
    def _ordered(self) -> TuningSpec:
        for name in ("log_step_size", "log_decay"):
            low, high = getattr(self, name)
            if not -20.0 <= low < high <= 20.0:
                raise ValueError(f"{name}: got [{low:g}, {high:g}]; allowed is {RANGE_ALLOWED}")
        return self

    def num_parameters(self, model: Model) -> int:
        return 2

    def build(self, parts: TaskParts) -> FederatedTask:
        shape, data, num_clients = parts.shape, parts.data, len(parts.serving_cell)
        objective = HyperParameters(
            num_inputs=shape.num_inputs,
            num_classes=shape.num_classes,
            inner_steps=self.inner_steps,
            log_step_size=self.log_step_size,
            log_decay=self.log_decay,
        )
        task = tuning_task(
            objective,
            train=data.train,
            test=data.test,
            num_clients=num_clients,
            validation_share=self.validation_share,
            rng=parts.rng,
        )
        return replace(task, serving_cell=parts.serving_cell)


TaskSpec = ClassificationSpec | BlackBoxAttackSpec | TuningSpec
