"""`[learning.model]` in a scenario: what is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from airfed.specs.federated_data import SampleShape
from airfed.specs.spec import Spec
from fl_models import CNN, MLP, Convolution, Model, SoftmaxRegression, cifar_cnn, lenet5

Neurons = Annotated[int, Field(ge=1, le=100_000)]
Layers = Annotated[tuple[Neurons, ...], Strict(False), Field(min_length=1, max_length=20)]
Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


class SoftmaxRegressionSpec(Spec):
    """linear; nothing in it for hist to partition"""

    kind: Literal["softmax_regression"] = "softmax_regression"

    def build(self, shape: SampleShape) -> Model:
        return SoftmaxRegression(num_inputs=shape.num_inputs, num_classes=shape.num_classes)


class HiddenLayersKind(Spec):
    """A model with hidden neurons, of which hist deals out every second layer."""

    dropout: Dropout = Field(
        0.0,
        description="chance that a hidden neuron is absent from a step by gradients",
    )


class MLPSpec(HiddenLayersKind):
    """hidden layers with rectifiers"""

    kind: Literal["mlp"] = "mlp"
    hidden: Neurons | Layers = Field(300, description="hidden neurons, a number for one layer or a list of one for each")

    def build(self, shape: SampleShape) -> Model:
        return MLP(num_inputs=shape.num_inputs, num_hidden=self.hidden, num_classes=shape.num_classes, dropout=self.dropout)


class ConvolutionSpec(Spec):
    """A convolution at stride 1, pooling of the largest and a rectifier."""

    channels: int = Field(16, ge=1, le=4096, description="that come out")
    kernel: int = Field(5, ge=1, le=101, description="height and width of the kernels")
    padding: int = Field(0, ge=0, le=100, description="zeros around the image")
    pool: int = Field(2, ge=1, le=100, description="height and width of the pooling windows; 1 is no pooling")

    def build(self) -> Convolution:
        return Convolution(channels=self.channels, kernel=self.kernel, padding=self.padding, pool=self.pool)


class ImagesKind(HiddenLayersKind):
    """A model of images."""

    def build(self, shape: SampleShape) -> Model:
        if shape.image_shape is None:
            raise ValueError(
                "kind: got a network with convolutions for samples that are no images; allowed are mlp and softmax_regression, "
                "or learning.data of images, such as digits or synthetic_images"
            )
        return self._build(shape.image_shape, shape.num_classes)

    def _build(self, image_shape: tuple[int, int, int], num_classes: int) -> Model:
        raise NotImplementedError


class CNNSpec(ImagesKind):
    """convolutions of your own, then an mlp; needs images"""

    kind: Literal["cnn"] = "cnn"
    convolutions: Annotated[tuple[ConvolutionSpec, ...], Strict(False), Field(min_length=1, max_length=20)] = Field(
        (ConvolutionSpec(channels=8, kernel=3, padding=1), ConvolutionSpec(channels=16, kernel=3, padding=1)),
        description="in order, each at stride 1 with a rectifier",
    )
    hidden: Layers = Field((64,), description="neurons of each layer behind them")

    def _build(self, image_shape: tuple[int, int, int], num_classes: int) -> Model:
        return CNN(
            image_shape=image_shape,
            convolutions=tuple(convolution.build() for convolution in self.convolutions),
            hidden=self.hidden,
            num_classes=num_classes,
            dropout=self.dropout,
        )


class LeNet5Spec(ImagesKind):
    """6 and 16 kernels of 5 x 5, then two layers; needs images of at least 16 x 16 pixels"""

    kind: Literal["lenet5"] = "lenet5"
    hidden: Layers = Field((120, 84), description="neurons of each layer behind the convolutions")

    def _build(self, image_shape: tuple[int, int, int], num_classes: int) -> Model:
        return lenet5(image_shape=image_shape, num_classes=num_classes, hidden=self.hidden, dropout=self.dropout)


class CIFARCNNSpec(ImagesKind):
    """16, 32 and 64 kernels of 3 x 3 with padding, then one layer; needs images of at least 8 x 8 pixels"""

    kind: Literal["cifar_cnn"] = "cifar_cnn"
    hidden: Layers = Field((500,), description="neurons of each layer behind the convolutions")

    def _build(self, image_shape: tuple[int, int, int], num_classes: int) -> Model:
        return cifar_cnn(image_shape=image_shape, num_classes=num_classes, hidden=self.hidden, dropout=self.dropout)


ModelSpec = MLPSpec | SoftmaxRegressionSpec | CNNSpec | LeNet5Spec | CIFARCNNSpec
