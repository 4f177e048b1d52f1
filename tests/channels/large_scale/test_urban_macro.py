import numpy as np
import pytest

from channels import uma_los_probability, uma_pathloss_db
from channels.large_scale.uma import draw_environment_height_m

C = 299_792_458.0


def test_check_values():
    at = {"carrier_hz": 3.5e9, "bs_height_m": 25.0, "ut_height_m": 1.5}
    assert uma_pathloss_db(100.0, los=True, **at) == pytest.approx(83.138, abs=5e-4)
    assert uma_pathloss_db(100.0, los=False, **at) == pytest.approx(103.038, abs=5e-4)
    assert uma_los_probability(100.0, ut_height_m=1.5) == pytest.approx(0.34767, abs=5e-6)


@pytest.mark.parametrize("carrier_hz", [0.9e9, 3.5e9, 28e9])
def test_line_of_sight_is_continuous_at_the_breakpoint(carrier_hz):
    """Both pieces of the table meet there to the table's own rounding of the coefficients."""
    breakpoint_m = 4.0 * 24.0 * 0.5 * carrier_hz / C
    below, above = uma_pathloss_db(breakpoint_m * np.array([1 - 1e-9, 1 + 1e-9]), carrier_hz=carrier_hz, los=True)
    assert above == pytest.approx(below, abs=1e-6)


def test_height_helps_to_see():
    assert uma_los_probability(200.0, ut_height_m=23.0) > uma_los_probability(200.0, ut_height_m=13.0)
    assert uma_los_probability(200.0, ut_height_m=13.0) == uma_los_probability(200.0, ut_height_m=1.5)


def test_environment_height_follows_note_1():
    num, rng = 40_000, np.random.default_rng(0)
    assert (draw_environment_height_m(np.full(100, 300.0), ut_height_m=12.9, rng=rng) == 1.0).all()
    height = draw_environment_height_m(np.full(num, 300.0), ut_height_m=22.5, rng=rng)
    chance = 1.0 / (1.0 + 0.95**1.5 * 1.25 * 27.0 * np.exp(-2.0))
    assert abs(np.mean(height == 1.0) - chance) < 4 * np.sqrt(chance * (1 - chance) / num)
    values, counts = np.unique(height[height > 1.0], return_counts=True)
    assert values.tolist() == [12.0, 15.0, 18.0, 21.0]  # to h_UT - 1.5
    assert (np.abs(counts / counts.sum() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / counts.sum())).all()
