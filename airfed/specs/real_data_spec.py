"""Real data, in a scenario: from packages, files and the network."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from airfed.specs.data_kind import DataKind, HeldOutKind
from airfed.specs.federated_data import FederatedData, SampleShape
from fl_models import Dataset, cifar10, digits, fashion_mnist, mnist, openml_dataset
from fl_models.data.cifar10 import IMAGE_SHAPE as CIFAR10_SHAPE
from fl_models.data.digits import IMAGE_SHAPE as DIGITS_SHAPE
from fl_models.data.digits import NUM_DIGITS
from fl_models.data.mnist import IMAGE_SHAPE as MNIST_SHAPE
from fl_models.data.openml import IMAGE_SHAPES as OPENML_SHAPES

OPENML_SIZES = {"mnist_784": 70_000, "Fashion-MNIST": 70_000, "CIFAR_10": 60_000}
Folder = Annotated[str, Field(min_length=1, max_length=4096)]


class DigitsSpec(HeldOutKind):
    """the handwritten digits of scikit-learn, 1,797 images of 8 x 8 pixels, which come with it"""

    kind: Literal["digits"] = "digits"

    @property
    def shape(self) -> SampleShape:
        return SampleShape.of_images(DIGITS_SHAPE)

    @property
    def num_train(self) -> int:
        return self._left(NUM_DIGITS)

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        train, test = digits(test_fraction=self.test_fraction, rng=rng)
        return FederatedData(train=train, test=test)


class ImageFilesSpec(DataKind):
    """What published sets of images in local files have in common."""

    sample_shape: ClassVar[SampleShape]
    train_samples: ClassVar[int]

    @property
    def shape(self) -> SampleShape:
        return self.sample_shape

    @property
    def num_train(self) -> int:
        return self.train_samples

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        train, test = self.read()
        return FederatedData(train=train, test=test)

    def read(self) -> tuple[Dataset, Dataset]:
        """Training and test samples."""
        raise NotImplementedError


class MNISTSpec(ImageFilesSpec):
    """handwritten digits from files, 60,000 images of 28 x 28 pixels and 10,000 for testing"""

    sample_shape = SampleShape.of_images(MNIST_SHAPE)
    train_samples = 60_000

    kind: Literal["mnist"] = "mnist"
    folder: Folder = Field(
        "data/mnist", description="holds the four published files; relative to where the run is started. Nothing is downloaded"
    )

    def read(self) -> tuple[Dataset, Dataset]:
        return mnist(self.folder)


class FashionMNISTSpec(ImageFilesSpec):
    """clothing from files, 60,000 images of 28 x 28 pixels and 10,000 for testing"""

    sample_shape = SampleShape.of_images(MNIST_SHAPE)
    train_samples = 60_000

    kind: Literal["fashion_mnist"] = "fashion_mnist"
    folder: Folder = Field(
        "data/fashion_mnist",
        description="holds the four published files; relative to where the run is started. Nothing is downloaded",
    )

    def read(self) -> tuple[Dataset, Dataset]:
        return fashion_mnist(self.folder)


class CIFAR10Spec(ImageFilesSpec):
    """pictures from files, 50,000 of 32 x 32 pixels in three colours and 10,000 for testing"""

    sample_shape = SampleShape.of_images(CIFAR10_SHAPE)
    train_samples = 50_000

    kind: Literal["cifar10"] = "cifar10"
    folder: Folder = Field(
        "data/cifar10",
        description="holds the six files of the binary version; relative to where the run is started. Nothing is downloaded",
    )

    def read(self) -> tuple[Dataset, Dataset]:
        return cifar10(self.folder)


class OpenMLSpec(HeldOutKind):
    """a set of openml.org, downloaded once"""

    kind: Literal["openml"] = "openml"
    name: Literal["mnist_784", "Fashion-MNIST", "CIFAR_10"] = Field("mnist_784", description="as OpenML spells it")
    cache_folder: Folder = Field("data/openml", description="what is downloaded is kept here")

    @property
    def shape(self) -> SampleShape:
        return SampleShape.of_images(OPENML_SHAPES[self.name])

    @property
    def num_train(self) -> int:
        return self._left(OPENML_SIZES[self.name])

    def load(self, *, num_clients: int, rng: np.random.Generator) -> FederatedData:
        data = openml_dataset(self.name, cache_folder=self.cache_folder)
        return FederatedData.held_out(data, test_fraction=self.test_fraction, rng=rng)
