"""A convolution with pooling and rectifier, for a batch of clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from channels.arrays import FloatArray, check_count
from fl_models.models.image_columns import add_columns, column_gradient, convolve, image_columns, weight_gradient
from fl_models.models.max_pooling import Winners, max_pool, max_pool_gradient
from fl_models.models.workspace import Workspace

ImageShape = tuple[int, int, int]
"""Channels, height and width."""


class Convolved(NamedTuple):
    """What a convolution leaves behind for its gradient, all in the workspace.

    Attributes:
        columns: (C, m, rows, columns·b) what the kernels saw.
        images: (C, k, h, w, b) what they made of it.
        pooled: (C, k, h // pool, w // pool, b) what comes out.
        winners: which pixels were the largest.
    """

    columns: FloatArray
    images: FloatArray
    pooled: FloatArray
    winners: Winners


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """Convolution at stride 1, then the largest of each window, then bias and rectifier.

    Bias and rectifier are increasing, so that it is the same whether they follow the pooling or precede it as is customary.

    Attributes:
        channels: that come out.
        kernel: height and width of the kernels.
        padding: zeros around the image.
        pool: height and width of the pooling windows, which lie side by side; 1 is no pooling.
    """

    channels: int
    kernel: int = 5
    padding: int = 0
    pool: int = 2

    def __post_init__(self) -> None:
        for name in ("channels", "kernel", "pool"):
            check_count(name, getattr(self, name))
        if self.padding < 0:
            raise ValueError(f"padding: got {self.padding}; allowed is an integer >= 0")

    def weight_shape(self, image_shape: ImageShape) -> tuple[int, int, int, int]:
        """(channels out, channels in, kernel, kernel)."""
        return self.channels, image_shape[0], self.kernel, self.kernel

    def convolved_shape(self, image_shape: ImageShape) -> ImageShape:
        """What there is before pooling."""
        _, height, width = image_shape
        growth = 2 * self.padding - self.kernel + 1
        return self.channels, height + growth, width + growth

    def pooled_shape(self, image_shape: ImageShape) -> ImageShape:
        """What comes out.

        >>> Convolution(channels=6, kernel=5).pooled_shape((1, 28, 28))
        (6, 12, 12)
        """
        channels, height, width = self.convolved_shape(image_shape)
        if height < self.pool or width < self.pool:
            raise ValueError(f"convolutions: {self} makes {height} x {width} pixels of {image_shape}, less than a window")
        return channels, height // self.pool, width // self.pool

    def forward(
        self, weight: FloatArray, bias: FloatArray, images: FloatArray, *, workspace: Workspace, name: str
    ) -> Convolved:
        """What becomes of images.

        Args:
            weight: (C, channels out, channels in, kernel, kernel).
            bias: (C, channels out).
            images: (C, channels in, h, w, b), in any order in memory.
            workspace: where the result is kept.
            name: of the layer, under which it is kept.
        """
        clients, channels, height, width, batch = images.shape
        dtype = np.result_type(weight, images)
        pad = self.padding
        padded = workspace.empty(f"padded {name}", (clients, channels, height + 2 * pad, width + 2 * pad, batch), dtype)
        if pad:
            padded[...] = 0.0
        padded[:, :, pad : pad + height, pad : pad + width] = images
        columns = image_columns(padded, self.kernel, workspace=workspace, name=f"columns {name}")
        shape = (clients, *self.convolved_shape((channels, height, width)), batch)
        convolved = workspace.empty(f"images {name}", shape, dtype)
        convolve(weight.reshape(clients, self.channels, -1), columns, out=_rows(convolved))
        pooled, winners = max_pool(convolved, self.pool, workspace=workspace, name=f"pooled {name}")
        pooled += bias[..., None, None, None]
        np.maximum(pooled, 0.0, out=pooled)
        return Convolved(columns=columns, images=convolved, pooled=pooled, winners=winners)

    def backward(
        self,
        upstream: FloatArray,
        convolved: Convolved,
        *,
        out_weight: FloatArray,
        out_bias: FloatArray,
        workspace: Workspace,
    ) -> FloatArray:
        """Writes the gradients in weight and bias, given that in what came out; returns that before pooling.

        It is written over `convolved.images`, and `upstream` is changed, too.
        """
        upstream *= convolved.pooled > 0.0
        np.sum(upstream.reshape(*upstream.shape[:2], -1), axis=-1, out=out_bias)
        max_pool_gradient(upstream, convolved.winners, workspace=workspace, out=convolved.images)
        weight_gradient(_rows(convolved.images), convolved.columns, out=out_weight.reshape(len(out_weight), self.channels, -1))
        return convolved.images

    def image_gradient(
        self, upstream: FloatArray, weight: FloatArray, convolved: Convolved, image_shape: ImageShape, *, workspace: Workspace
    ) -> FloatArray:
        """(C, channels in, h, w, b) gradient in what went in, given that before pooling; `convolved.columns` is overwritten."""
        clients, batch = len(weight), upstream.shape[-1]
        column_gradient(weight.reshape(clients, self.channels, -1), _rows(upstream), out=convolved.columns)
        gradient = workspace.empty("image gradient", (clients, *image_shape, batch), upstream.dtype)
        gradient[...] = 0.0
        add_columns(convolved.columns, self.kernel, padding=self.padding, out=gradient)
        return gradient


def _rows(images: FloatArray) -> FloatArray:
    """(C, k, h, w·b) view of images (C, k, h, w, b)."""
    return images.reshape(*images.shape[:3], -1)
