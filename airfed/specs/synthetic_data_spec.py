"""Data that are made up, in a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from airfed.specs.data_kind import HeldOutKind
from airfed.specs.federated_data import FederatedData, SampleShape
from fl_models import gaussian_classes, synthetic_federated, synthetic_iid, synthetic_images

PUBLISHED_MEAN_SIZE = 453
Edge = Annotated[int, Field(ge=1, le=1024)]


class GaussianClassesSpec(HeldOutKind):
    """made up: classes are Gaussian clouds, all equally far from each other"""

    kind: Literal["gaussian_classes"] = "gaussian_classes"
    num_samples: int = Field(5000, ge=2, le=10_000_000, description="for training and testing together")
    num_classes: int = Field(10, ge=2, le=1000, description="at most num_inputs")
    num_inputs: int = Field(60, ge=2, le=100_000, description="of a sample")
    separation: float = Field(4.0, ge=0.0, le=1000.0, description="distance of two means in standard deviations of a cloud")

    @model_validator(mode="after")
    def _room(self) -> GaussianClassesSpec:
        most = min(self.num_inputs, self.num_samples)
        if self.num_classes > most:
            raise ValueError(
                f"num_classes: got {self.num_classes} with num_inputs = {self.num_inputs} and num_samples = "
                f"{self.num_samples}; allowed is 2 to {most}, the smaller of the two"
            )
        return self

    @property
    def shape(self) -> SampleShape:
        return SampleShape(num_inputs=self.num_inputs, num_classes=self.num_classes)

    @property
    def num_train(self) -> int:
        return self._left(self.num_samples)

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        data = gaussian_classes(
            self.num_samples,
            num_classes=self.num_classes,
            num_inputs=self.num_inputs,
            separation=self.separation,
            rng=rng,
        )
        return FederatedData.held_out(data, test_fraction=self.test_fraction, rng=rng)


class SyntheticImagesSpec(HeldOutKind):
    """made up: smooth pictures, one for each class, moved and with noise; to develop with, not a benchmark"""

    kind: Literal["synthetic_images"] = "synthetic_images"
    num_samples: int = Field(5000, ge=2, le=10_000_000, description="for training and testing together")
    image_shape: Annotated[tuple[Edge, Edge, Edge], Strict(False)] = Field(
        (1, 28, 28),
        description="channels, height and width",
        json_schema_extra={"allowed": "a list of three integers, each 1 to 1024"},
    )
    num_classes: int = Field(10, ge=2, le=1000, description="at most num_samples")
    noise: float = Field(0.2, ge=0.0, le=100.0, description="standard deviation of each pixel, those without being 0.2 to 0.8")
    max_shift: int = Field(2, ge=0, le=1023, description="pixels that a picture is moved by at most; less than an edge")

    @model_validator(mode="after")
    def _room(self) -> SyntheticImagesSpec:
        if self.num_classes > self.num_samples:
            raise ValueError(f"num_classes: got {self.num_classes}; allowed is 2 to num_samples = {self.num_samples}")
        edge = min(self.image_shape[1:])
        if self.max_shift >= edge:
            raise ValueError(f"max_shift: got {self.max_shift}; allowed is 0 to {edge - 1}, less than an edge of image_shape")
        return self

    @property
    def shape(self) -> SampleShape:
        return SampleShape.of_images(self.image_shape, num_classes=self.num_classes)

    @property
    def num_train(self) -> int:
        return self._left(self.num_samples)

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        data = synthetic_images(
            self.num_samples,
            image_shape=self.image_shape,
            num_classes=self.num_classes,
            noise=self.noise,
            max_shift=self.max_shift,
            rng=rng,
        )
        return FederatedData.held_out(data, test_fraction=self.test_fraction, rng=rng)


class OwnSamplesKind(HeldOutKind):
    """Clients that bring their own samples."""

    num_inputs: int = Field(60, ge=1, le=100_000, description="of a sample")
    num_classes: int = Field(10, ge=2, le=1000, description="of the labels")
    client_sizes: Annotated[int, Field(ge=2, le=1_000_000)] | Literal["published"] = Field(
        "published",
        description="samples of each client; as published they are 50 and more, "
        f"{PUBLISHED_MEAN_SIZE} on average, with a long tail",
    )

    @property
    def shape(self) -> SampleShape:
        return SampleShape(num_inputs=self.num_inputs, num_classes=self.num_classes)

    @property
    def num_train(self) -> None:
        return None

    @property
    def mean_size(self) -> int:
        """Samples of a client, on average."""
        return self._sizes or PUBLISHED_MEAN_SIZE

    @property
    def _sizes(self) -> int | None:
        return None if self.client_sizes == "published" else self.client_sizes


class SyntheticFederatedSpec(OwnSamplesKind):
    """made up: every client labels inputs of its own by a linear model of its own, Synthetic(α, β)"""

    kind: Literal["synthetic_federated"] = "synthetic_federated"
    alpha: float = Field(1.0, ge=0.0, le=1000.0, description="α, standard deviation of the models' means; changes no label")
    beta: float = Field(1.0, ge=0.0, le=1000.0, description="β, standard deviation of the inputs' means")

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        data, samples = synthetic_federated(
            num_clients,
            alpha=self.alpha,
            beta=self.beta,
            num_inputs=self.num_inputs,
            num_classes=self.num_classes,
            client_sizes=self._sizes,
            rng=rng,
        )
        return FederatedData.divided(data, samples, test_fraction=self.test_fraction, rng=rng)


class SyntheticIIDSpec(OwnSamplesKind):
    """made up, to compare synthetic_federated with: one linear model labels the inputs of all clients"""

    kind: Literal["synthetic_iid"] = "synthetic_iid"

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        data, samples = synthetic_iid(
            num_clients,
            num_inputs=self.num_inputs,
            num_classes=self.num_classes,
            client_sizes=self._sizes,
            rng=rng,
        )
        return FederatedData.divided(data, samples, test_fraction=self.test_fraction, rng=rng)
