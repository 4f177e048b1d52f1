"""The ranges that the 3GPP path-loss table holds for."""

from __future__ import annotations

from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked


def in_table(name: str, value: ArrayLike, *, low: float, high: float, extrapolate: bool) -> FloatArray:
    """`value` as an array, within the range of TR 38.901, table 7.4.1-1; any positive value if `extrapolate`.

    >>> in_table("ut_height_m", 30.0, low=1.5, high=22.5, extrapolate=False)
    Traceback (most recent call last):
        ...
    ValueError: ut_height_m: got 30; allowed is a finite number >= 1.5 and <= 22.5, the range of TR 38.901, table 7.4.1-1; \
extrapolate=True uses its formulas beyond
    """
    if extrapolate:
        return checked(name, value, low=0.0, open_low=True)
    try:
        return checked(name, value, low=low, high=high)
    except ValueError as error:
        raise ValueError(f"{error}, the range of TR 38.901, table 7.4.1-1; extrapolate=True uses its formulas beyond") from None
