"""What the laws are tried on: magnitudes over many decades, channels over 240 dB, generators, values that are wrong."""

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SPREAD_DB = 240.0
"""Power gains: from a short cable to far more path loss than any receiver hears."""

seeds = st.integers(0, 2**32 - 1)
rngs = seeds.map(np.random.default_rng)
counts = st.integers(1, 6)
"""Of clients, of cells, of antennas: one is the edge of most formulas."""
batches = st.sampled_from([(), (1,), (3,), (2, 3)])
"""Leading axes."""


def decades(low, high):
    """Numbers, log-uniform from `low` to `high`, both included."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float(min(max(10.0**exponent, low), high)))


def decade_arrays(shape, low, high):
    """Arrays of `decades`; entries that are alike are common. The shape may be a strategy."""
    exponents = arrays(float, shape, elements=st.floats(np.log10(low), np.log10(high)))
    return exponents.map(lambda array: np.clip(10.0**array, low, high))


def power_gains(shape, *, zeros=False, spread_db=SPREAD_DB):
    """Arrays of |h|² over 240 dB, with zeros among them if wanted."""
    exponents = st.floats(-spread_db / 10.0, 0.0)
    if zeros:
        exponents |= st.just(-np.inf)
    return arrays(float, shape, elements=exponents).map(lambda array: 10.0**array)


@st.composite
def complex_gains(draw, shape, *, zeros=False, spread_db=SPREAD_DB):
    """Arrays of complex amplitudes h, |h|² over 240 dB, at any phase."""
    power = draw(power_gains(shape, zeros=zeros, spread_db=spread_db))
    turns = draw(rngs).random(power.shape)
    return np.sqrt(power) * np.exp(2j * np.pi * turns)


noise_powers_w = decades(1e-30, 1e3)
bandwidths_hz = decades(1e-3, 1e15)

not_finite = st.sampled_from([np.nan, np.inf, -np.inf])
negative = decades(1e-300, 1e300).map(lambda value: -value) | not_finite
"""What no power, time, distance and bandwidth may be."""
not_positive = negative | st.just(0.0)


def permutations(size):
    """Orders (size,) of clients."""
    return st.permutations(range(size)).map(np.array)


def refused(argument):
    """A context in which a ValueError that names the argument first must be raised."""
    return pytest.raises(ValueError, match=rf"^{argument}\b")
