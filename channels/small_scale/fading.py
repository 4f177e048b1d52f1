"""Small-scale fading: what a model of it offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from channels.arrays import ComplexArray


class Fading(Protocol):
    """A distribution of the complex channel amplitude h with E|h|² = 1."""

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h."""
        ...

    def amplitude_quantile(self, probability: float) -> float:
        """The amplitude that |h| stays below with the given probability."""
        ...
