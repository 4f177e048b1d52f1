"""Step sizes for which the bounds hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked

ROUNDING = 1e-12


def largest_step_size(*, smoothness: ArrayLike, steps: ArrayLike) -> FloatArray:
    """(...) largest γ that the bounds on gradient descent admit: 1/L for one local step between global averages, else 1/(8LS).

    Args:
        smoothness: L > 0.
        steps: S >= 1, local steps between global averages, E·H in a hierarchy.

    Source: derived in docs/theory.md.

    >>> largest_step_size(smoothness=2.0, steps=[1, 5]).tolist()
    [0.5, 0.0125]
    """
    number = checked("steps", steps, low=1.0)
    return 1.0 / (checked("smoothness", smoothness, low=0.0, open_low=True) * np.where(number > 1.0, 8.0 * number, 1.0))


def admissible_step_size(step_size: ArrayLike, *, largest: FloatArray) -> FloatArray:
    """(...) step sizes as an array, if all are > 0 and no larger than `largest`; else a ValueError that names one."""
    step = checked("step_size", step_size, low=0.0, open_low=True)
    step, limit = np.broadcast_arrays(step, largest)
    over = step / limit
    if over.size and over.max() > 1.0 + ROUNDING:
        worst = np.unravel_index(np.argmax(over), over.shape)
        raise ValueError(f"step_size: got {step[worst]:g}; the bound holds for at most {limit[worst]:g}")
    return step
