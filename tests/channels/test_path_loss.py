import numpy as np
import pytest

from channels import (
    FreeSpace,
    LogDistance,
    UrbanMacro,
    free_space_pathloss_db,
    log_distance_pathloss_db,
    lognormal_shadowing_db,
    uma_los_probability,
    uma_pathloss_db,
)

C = 299_792_458.0


def test_urban_macro_check_values():
    at = {"carrier_hz": 3.5e9, "bs_height_m": 25.0, "ut_height_m": 1.5}
    assert uma_pathloss_db(100.0, los=True, **at) == pytest.approx(83.138, abs=5e-4)
    assert uma_pathloss_db(100.0, los=False, **at) == pytest.approx(103.038, abs=5e-4)
    assert uma_los_probability(100.0, ut_height_m=1.5) == pytest.approx(0.34767, abs=5e-6)


@pytest.mark.parametrize("carrier_hz", [0.9e9, 3.5e9, 28e9])
def test_urban_macro_line_of_sight_is_continuous_at_the_breakpoint(carrier_hz):
    """Both pieces of the table meet there to the table's own rounding of the coefficients."""
    breakpoint_m = 4.0 * 24.0 * 0.5 * carrier_hz / C
    below, above = uma_pathloss_db(breakpoint_m * np.array([1 - 1e-9, 1 + 1e-9]), carrier_hz=carrier_hz, los=True)
    assert above == pytest.approx(below, abs=1e-6)


def test_urban_macro_without_sight_is_never_better():
    distance = np.linspace(10.0, 5000.0, 500)
    los, nlos = (uma_pathloss_db(distance, carrier_hz=2e9, los=sight) for sight in (True, False))
    assert (nlos >= los).all()
    assert (np.diff(los) > 0.0).all()


def test_line_of_sight_probability():
    distance = np.linspace(0.0, 3000.0, 3001)
    probability = uma_los_probability(distance, ut_height_m=1.5)
    assert (probability[distance <= 18.0] == 1.0).all()
    assert (np.diff(probability) <= 0.0).all()
    assert uma_los_probability(200.0, ut_height_m=23.0) > uma_los_probability(200.0, ut_height_m=13.0)
    assert uma_los_probability(200.0, ut_height_m=13.0) == uma_los_probability(200.0, ut_height_m=1.5)


def test_out_of_the_table_is_an_error_with_the_range():
    with pytest.raises(ValueError, match=r"distance_2d_m: got 9 at index \(1,\); allowed is a finite number >= 10 and <= 5000"):
        uma_pathloss_db([100.0, 9.0], carrier_hz=3.5e9, los=True)
    with pytest.raises(ValueError, match="carrier_hz: got 1e"):
        uma_pathloss_db(100.0, carrier_hz=1e12, los=True)
    with pytest.raises(ValueError, match="ut_height_m: got 1"):
        uma_pathloss_db(100.0, carrier_hz=3.5e9, ut_height_m=1.0, los=True)
    with pytest.raises(ValueError, match="ut_height_m"):
        UrbanMacro(ut_height_m=20.0)


def test_free_space_falls_by_six_decibels_a_doubling():
    near, far = free_space_pathloss_db([50.0, 100.0], carrier_hz=1e9)
    assert far - near == pytest.approx(20 * np.log10(2.0))


def test_log_distance_exponent_two_is_free_space():
    distance = np.array([1.0, 10.0, 123.0])
    np.testing.assert_allclose(
        log_distance_pathloss_db(distance, carrier_hz=2.4e9, exponent=2.0),
        free_space_pathloss_db(distance, carrier_hz=2.4e9),
    )


def test_shadowing_has_the_deviation_asked_for():
    num = 40_000
    drawn = lognormal_shadowing_db(np.full(num, 6.0), rng=np.random.default_rng(2))
    assert abs(drawn.mean()) < 4 * 6.0 / np.sqrt(num)
    assert abs(drawn.var() - 36.0) < 4 * 36.0 * np.sqrt(2.0 / num)


@pytest.mark.parametrize("model", [UrbanMacro(), FreeSpace(), LogDistance()])
def test_propagation_models_draw_one_value_a_link(model):
    distance = np.linspace(40.0, 250.0, 17)
    drawn = model.draw(distance, carrier_hz=3.5e9, rng=np.random.default_rng(3))
    again = model.draw(distance, carrier_hz=3.5e9, rng=np.random.default_rng(3))
    assert drawn.pathloss_db.shape == drawn.shadowing_db.shape == drawn.los.shape == drawn.power_gain.shape == (17,)
    np.testing.assert_array_equal(drawn.power_gain, again.power_gain)
    np.testing.assert_allclose(drawn.power_gain, 10 ** (-(drawn.pathloss_db + drawn.shadowing_db) / 10))


def test_urban_macro_shadows_by_sight():
    num = 40_000
    drawn = UrbanMacro().draw(np.full(num, 100.0), carrier_hz=3.5e9, rng=np.random.default_rng(4))
    expected = uma_los_probability(100.0, ut_height_m=1.5)
    assert abs(drawn.los.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / num)
    for sight, deviation in ((True, 4.0), (False, 6.0)):
        some = drawn.shadowing_db[drawn.los == sight]
        assert abs(some.var() - deviation**2) < 4 * deviation**2 * np.sqrt(2.0 / len(some))
