"""Images made up on the spot, for experiments with convolutions where no real ones are at hand."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, check_count, checked
from fl_models.data.dataset import Dataset

LOWEST, HIGHEST = 0.2, 0.8
"""Of a template's pixels, so that noise is rarely clipped."""
CYCLES = 3
"""Templates have no more waves than this along an edge."""


def synthetic_images(
    num_samples: int,
    *,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    num_classes: int = 10,
    noise: float = 0.2,
    max_shift: int = 2,
    rng: np.random.Generator,
) -> Dataset:
    """Each image is its class's template, moved, with noise: clip(shift(template_y) + N(0, noise²)) to [0, 1].

    Templates are smooth random waves that fill [0.2, 0.8]; a shift moves an image by up to `max_shift` pixels along both
    axes, around the edges. Classes have equally many samples, up to one, in random order. Training and test set are
    subsets of one draw, as another draw has other templates. A stand-in to develop with, not a benchmark.

    Args:
        num_samples: >= num_classes.
        image_shape: (channels, height, width), such as (1, 28, 28) or (3, 32, 32).
        num_classes: >= 2.
        noise: standard deviation of each pixel, >= 0.
        max_shift: pixels, >= 0.
        rng: source of templates, labels, shifts and noise.

    >>> data = synthetic_images(20, image_shape=(3, 32, 32), rng=np.random.default_rng(0))
    >>> data.images.shape, data.images.dtype
    ((20, 3, 32, 32), dtype('float32'))
    """
    channels, height, width = image_shape
    for name, value in {"num_samples": num_samples, "channels": channels, "height": height, "width": width}.items():
        check_count(name, value)
    checked("noise", noise, low=0.0)
    check_count("num_classes", num_classes)
    if not 2 <= num_classes <= num_samples:
        raise ValueError(f"num_classes: got {num_classes} for num_samples {num_samples}; allowed is 2 to num_samples")
    if not 0 <= max_shift < min(height, width):
        raise ValueError(f"max_shift: got {max_shift}; allowed is 0 to {min(height, width) - 1}, less than an edge")
    template = _templates((num_classes, *image_shape), rng)
    labels = rng.permutation(np.arange(num_samples) % num_classes)
    down, right = rng.integers(-max_shift, max_shift + 1, (2, num_samples))
    rows = (np.arange(height) - down[:, None]) % height
    columns = (np.arange(width) - right[:, None]) % width
    pick = np.arange(channels)
    images = template[labels[:, None, None, None], pick[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]
    images += np.float32(noise) * rng.standard_normal(images.shape, dtype=np.float32)
    return Dataset(x=images.clip(0.0, 1.0).reshape(num_samples, -1), labels=labels, image_shape=image_shape)


def _templates(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Random fields of few waves, each channel scaled to the whole range."""
    *many, height, width = shape
    spectrum = np.zeros((*many, height, width // 2 + 1), dtype=complex)
    tall, wide = min(CYCLES, (height - 1) // 2), min(CYCLES, (width - 1) // 2)
    waves = rng.standard_normal((2, *many, 2 * tall + 1, wide + 1))
    spectrum[..., np.arange(-tall, tall + 1), : wide + 1] = waves[0] + 1j * waves[1]
    field = np.fft.irfft2(spectrum, s=(height, width))
    low, high = field.min(axis=(-2, -1), keepdims=True), field.max(axis=(-2, -1), keepdims=True)
    scaled = (field - low) / np.where(high > low, high - low, 1.0)
    return (LOWEST + (HIGHEST - LOWEST) * scaled).astype(np.float32)
