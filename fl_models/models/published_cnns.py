"""Convolutional networks of published experiments."""

from __future__ import annotations

from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution, ImageShape


def lenet5(
    *, image_shape: ImageShape = (1, 28, 28), num_classes: int = 10, hidden: tuple[int, ...] = (120, 84), dropout: float = 0.0
) -> CNN:
    """6 and 16 kernels of 5x5, each with 2x2 max pooling, then 120 and 84 neurons.

    Sources: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition", section II.B, with
    every map of the first convolution seen by every kernel of the second, and rectifiers. This is the network for Fashion-MNIST
    in the code of Fang, Han, Brinton 2023 (HIST), which has no padding and drops 0.3 of the hidden neurons.

    >>> lenet5().num_parameters
    44426
    """
    return CNN(
        image_shape=image_shape,
        convolutions=(Convolution(channels=6, kernel=5), Convolution(channels=16, kernel=5)),
        hidden=hidden,
        num_classes=num_classes,
        dropout=dropout,
    )


def cifar_cnn(
    *, image_shape: ImageShape = (3, 32, 32), num_classes: int = 10, hidden: tuple[int, ...] = (500,), dropout: float = 0.0
) -> CNN:
    """16, 32 and 64 kernels of 3x3 with padding, each with 2x2 max pooling, then 500 neurons.

    Source: the network for CIFAR-10 in the code of Fang, Han, Brinton 2023 (HIST), which drops 0.3 of the hidden neurons, and,
    other than here, of what goes into them.

    >>> cifar_cnn().num_parameters
    541094
    """
    return CNN(
        image_shape=image_shape,
        convolutions=tuple(Convolution(channels=channels, kernel=3, padding=1) for channels in (16, 32, 64)),
        hidden=hidden,
        num_classes=num_classes,
        dropout=dropout,
    )
