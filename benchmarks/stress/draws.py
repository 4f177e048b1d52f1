"""Numbers that instances are made of, as networks have them and as they should not."""

from __future__ import annotations

import numpy as np

from channels import UrbanMacro, disc_layout
from channels.arrays import FloatArray

SIZES = (1, 2, 3, 5, 10, 30)
MANY = 300
PART_OF_MANY = 0.01

NOISE_PSD = 2e-20
HARD_NOISE_PSD = (1e-310, 3e-308, 1e-100, 1e-30, 2e-20, 1e-6)
"""The first is subnormal, the second hardly not."""


def num_clients(rng: np.random.Generator, *, hard: bool, most: int = MANY) -> int:
    """A few; a hard instance may have one or hundreds."""
    if hard and rng.random() < PART_OF_MANY:
        return most
    fitting = [size for size in SIZES if size <= most]
    return int(rng.choice(fitting if hard else fitting[1:]))


def _network_gains() -> FloatArray:
    """Power gains of many clients in an urban cell, without fading."""
    rng = np.random.default_rng(0)
    layout = disc_layout(num_clients=2000, radius_m=250.0, min_distance_m=35.0, rng=rng)
    return UrbanMacro().draw(layout, carrier_hz=3.5e9, rng=rng).power_gain[0]


NETWORK_GAINS = _network_gains()


def power_gain(rng: np.random.Generator, shape: tuple[int, ...], *, hard: bool) -> FloatArray:
    """Of an urban cell with Rayleigh fading; or over 250 dB, sometimes all the same."""
    if not hard:
        return rng.choice(NETWORK_GAINS, shape) * rng.exponential(size=shape)
    return 10.0 ** (spread(rng, shape, 25.0) - 16.0)


def spread(rng: np.random.Generator, shape: tuple[int, ...], decades: float) -> FloatArray:
    """Exponents over some decades around 0: anywhere, in the two corners only, all the same, or all but one the same."""
    kind = rng.integers(4)
    anywhere = rng.uniform(-0.5, 0.5, shape) * decades
    if kind == 0:
        return anywhere
    if kind == 1:
        return np.where(rng.random(shape) < 0.5, -0.5, 0.5) * decades
    alike = np.full(shape, anywhere.flat[0])
    if kind == 3:
        alike.flat[rng.integers(alike.size)] = anywhere.flat[-1]
    return alike


def near(rng: np.random.Generator) -> float:
    """A little more than nothing: between 1e-12 and 1."""
    return float(10.0 ** rng.uniform(-12.0, 0.0))
