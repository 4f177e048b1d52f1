"""What updates are divided by before they are sent: the power limit that each scaling keeps to."""

import numpy as np
import pytest

from aircomp import LargestNorm, RootMeanSquareNorm, Standardized, pack_symbols

UPDATES = np.random.default_rng(0).standard_normal((5, 101)) * np.array([[0.1], [0.5], [1.0], [2.0], [3.0]]) + 0.7


def symbol_power(scaling, updates):
    scale = scaling.scale(updates)
    return np.mean(np.abs(pack_symbols((updates - scale.offset) / scale.factor)) ** 2, axis=-1)


def test_with_the_largest_norm_nobody_exceeds_the_limit():
    power = symbol_power(LargestNorm(), UPDATES)
    assert power.max() == pytest.approx(1.0)
    assert power.argmax() == 4


@pytest.mark.parametrize("scaling", [RootMeanSquareNorm(), Standardized()])
def test_with_mean_scalings_the_limit_holds_on_average(scaling):
    power = symbol_power(scaling, UPDATES[:, :100])
    assert power.mean() == pytest.approx(1.0)
    assert power.max() > 1.0


def test_a_common_mean_need_not_be_sent():
    with_mean, without = Standardized().scale(UPDATES + 100.0), Standardized().scale(UPDATES)
    assert with_mean.factor == pytest.approx(without.factor)
    assert with_mean.offset == pytest.approx(without.offset + 100.0)
    assert LargestNorm().scale(UPDATES + 100.0).factor > 10 * LargestNorm().scale(UPDATES).factor


@pytest.mark.parametrize("scaling", [LargestNorm(), RootMeanSquareNorm(), Standardized()])
def test_scaling_updates_scales_the_factor(scaling):
    assert scaling.scale(7.0 * UPDATES).factor == pytest.approx(7.0 * scaling.scale(UPDATES).factor)
    assert scaling.scale(np.zeros((2, 3))).factor == 0.0
