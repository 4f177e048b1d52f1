"""Values as people read them: the unit from the name, a prefix for the size."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from channels.arrays import FloatArray

UNITS = {
    "bits": "bit",
    "bps": "bit/s",
    "db": "dB",
    "dbm": "dBm",
    "hz": "Hz",
    "hz3": "Hz³",
    "j": "J",
    "k": "K",
    "m": "m",
    "s": "s",
    "w": "W",
}
PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
PREFIXED = {"bit", "bit/s", "Hz", "J", "W"}
ONLY_SMALL = {"s", "m"}
"""Nobody says kiloseconds."""
ABBREVIATIONS = {"cpu", "kkt", "los", "mse", "psd", "sinr", "snr"}
FEW = 6
"""Up to so many values are all shown."""
LONGEST = 80
"""Characters of an object inside another."""


def name_and_unit(name: str) -> tuple[str, str]:
    """What a name of the house says, and its unit.

    >>> name_and_unit("deadline_s"), name_and_unit("noise_psd_w_per_hz"), name_and_unit("num_clients")
    (('deadline', 's'), ('noise PSD', 'W/Hz'), ('clients', ''))
    """
    head, per, below = name.partition("_per_")
    *words, last = head.split("_")
    unit = UNITS.get(last, "") if words and words[0] != "per" else ""
    if per:
        unit = f"{unit}/{UNITS[below]}" if unit and below in UNITS else ""
    if not unit:
        words = name.split("_")
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in words).removeprefix("num "), unit


def quantity(value: Any, unit: str = "") -> str:
    """A value in words, with its unit: numbers to four digits, of many the least, the most and the median.

    >>> quantity(2.5e6, "Hz"), quantity(np.array([1e-3, 2e-3]), "s"), quantity(np.array([True, False, True]))
    ('2.5 MHz', '1, 2 ms', '2 of 3')
    >>> quantity(np.arange(1.0, 8.0) * 1e-10, "W")
    '100 to 700 pW, median 400, shape (7,)'
    """
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int)):
        return " ".join(filter(None, (str(value), unit)))
    if isinstance(value, (float, np.generic, np.ndarray)):
        return _numbers(np.asarray(value), unit)
    if isinstance(value, Mapping):
        return ", ".join(map(str, value))
    if isinstance(value, (tuple, list)):
        if 0 < len(value) <= FEW and all(isinstance(entry, (int, float)) for entry in value):
            return _numbers(np.asarray(value), unit)
        kinds = {type(entry).__name__ for entry in value}
        return f"{len(value)} × {kinds.pop() if len(kinds) == 1 else 'objects'}" if value else "none"
    text = repr(value)
    return text if len(text) <= LONGEST else type(value).__name__


def _numbers(array: np.ndarray[Any, Any], unit: str) -> str:
    shape = f"shape {array.shape}"
    if array.dtype == bool and array.ndim:
        return f"{int(array.sum())} of {array.size}" + (f", {shape}" if array.ndim > 1 else "")
    if array.dtype.kind not in "bifuc":
        return shape
    magnitude = "magnitude " if np.iscomplexobj(array) else ""
    values = np.abs(array) if magnitude else array
    finite = values[np.isfinite(values)].astype(float).ravel()
    scale, shown_unit = _scaled(finite, unit)
    form = ".0f" if array.dtype.kind in "iu" and scale == 1.0 else ".4g"
    if array.ndim <= 1 and array.size <= FEW and array.size:
        return magnitude + _joined(", ".join(format(value / scale, form) for value in values.reshape(-1)), shown_unit)
    if not values.size:
        return f"none, {shape}"
    if not finite.size:
        return f"no finite value, {shape}"
    if finite.min() == finite.max() and finite.size == values.size:
        return f"{magnitude}{_joined(format(finite[0] / scale, form), shown_unit)}, the same for all, {shape}"
    low, middle, high = (format(value / scale, form) for value in (finite.min(), np.median(finite), finite.max()))
    odd = f", {values.size - finite.size} not finite" if finite.size < values.size else ""
    return f"{magnitude}{_joined(f'{low} to {high}', shown_unit)}, median {middle}, {shape}{odd}"


def _joined(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _scaled(values: FloatArray, unit: str) -> tuple[float, str]:
    """What to divide by, and the unit with its prefix, so that the middle of the values is between 1 and 1000."""
    sizes = np.abs(values[values != 0.0])
    if not sizes.size or unit not in PREFIXED | ONLY_SMALL:
        return 1.0, unit
    exponent = 3 * int(np.floor(np.log10(np.median(sizes)) / 3.0))
    exponent = min(max(exponent, -12), 0 if unit in ONLY_SMALL else 12)
    return 10.0**exponent, PREFIXES[exponent] + unit
