"""Small-scale fading: what a model of it offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from channels.arrays import ComplexArray, FloatArray


class Fading(Protocol):
    """A distribution of the complex channel amplitude h with E|h|² = 1.

    A model that is made for a certain number of antennas has it as an attribute, `num_antennas`.
    """

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Independent draws of h, flat over the band.

        Clients and the antennas of their station are the last two axes; models that know of either want them there.
        """
        ...

    def amplitude_quantile(self, probability: float) -> float:
        """The amplitude that |h| stays below with the given probability."""
        ...


@runtime_checkable
class FrequencySelective(Fading, Protocol):
    """Fading that differs from subcarrier to subcarrier; `draw` is its value at the carrier."""

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(*shape, S) independent draws of h at S frequencies, counted from the carrier."""
        ...


@runtime_checkable
class FadingProcess(Fading, Protocol):
    """Fading that moves on from draw to draw; `draw` is its value at times that have nothing to do with each other."""

    def course(self, shape: tuple[int, ...], *, first: int, rng: np.random.Generator) -> ComplexArray:
        """Draws that follow each other in time, along the first axis, from the `first` on.

        What does not change in time comes from the generator, whatever `first` is: one that starts in the same place continues
        the same course.
        """
        ...
