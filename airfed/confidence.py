"""How well the mean over seeds is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from channels.arrays import FloatArray, checked


def mean_and_half_width(rows: ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """(T,) mean over S seeds of values (S, T), and t s/√S, half the width of its confidence interval; nan for one seed.

    s is the standard deviation over the seeds and t Student's quantile of S - 1 degrees of freedom.

    >>> mean, half = mean_and_half_width([[1.0], [3.0]])
    >>> mean.tolist(), half.round(3).tolist()
    ([2.0], [12.706])
    """
    checked("confidence", confidence, low=0.0, high=1.0, open_low=True, open_high=True)
    values = np.asarray(rows, dtype=float)
    count = len(values)
    mean = values.mean(axis=0)
    if count < 2:
        return mean, np.full(mean.shape, np.nan)
    quantile = student.ppf(0.5 + 0.5 * confidence, count - 1)
    return mean, quantile * values.std(axis=0, ddof=1) / np.sqrt(count)
