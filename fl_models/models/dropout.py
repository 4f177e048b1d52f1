"""Dropout: hidden neurons are absent from a training step at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from channels.arrays import FloatArray


def dropout_masks(shape: tuple[int, ...], rate: float, *, dtype: DTypeLike, rngs: Sequence[np.random.Generator]) -> FloatArray:
    """Factors (C, b, n) for the outputs of n neurons: 0 with probability `rate`, else 1/(1 - rate), so that their mean is 1.

    Client i's are drawn from its own generator, whoever it is grouped with, and are the same in single and double precision.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"; scaled while training,
    so that the whole model is used as it is.

    >>> masks = dropout_masks((1, 1, 6), 0.5, dtype=np.float32, rngs=[np.random.default_rng(0)])
    >>> masks.tolist()
    [[[2.0, 2.0, 2.0, 0.0, 0.0, 0.0]]]
    """
    if len(rngs) != shape[0]:
        raise ValueError(f"rngs: got {len(rngs)} generators; needed is one for each of {shape[0]} clients")
    masks = np.empty(shape, dtype=dtype)
    for mask, rng in zip(masks, rngs, strict=True):
        mask[...] = rng.random(shape[1:], dtype=np.float32) >= rate
    masks *= 1.0 / (1.0 - rate)
    return masks
