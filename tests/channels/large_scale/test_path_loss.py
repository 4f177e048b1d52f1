import numpy as np
import pytest

from channels import (
    Building,
    UrbanMicro,
    free_space_pathloss_db,
    inh_los_probability,
    inh_pathloss_db,
    log_distance_pathloss_db,
    rma_los_probability,
    rma_pathloss_db,
    uma_los_probability,
    uma_pathloss_db,
    umi_los_probability,
    umi_pathloss_db,
    wall_loss_db,
)

TABLES = [
    (uma_pathloss_db, 10.0, 5000.0),
    (umi_pathloss_db, 10.0, 5000.0),
    (rma_pathloss_db, 10.0, 5000.0),
    (inh_pathloss_db, 1.0, 149.0),
]
PROBABILITIES = [
    uma_los_probability,
    umi_los_probability,
    rma_los_probability,
    inh_los_probability,
    lambda distance: inh_los_probability(distance, open_office=False),
]


@pytest.mark.parametrize(("pathloss_db", "near_m", "far_m"), TABLES)
def test_loss_grows_with_distance_and_is_never_less_without_sight(pathloss_db, near_m, far_m):
    distance = np.linspace(near_m, far_m, 500)
    los, nlos = (pathloss_db(distance, carrier_hz=2e9, los=sight) for sight in (True, False))
    assert (nlos >= los).all()
    assert (np.diff(los) > -0.3).all()  # the tables' coefficients are rounded: pieces may meet a little off
    assert los[-1] - los[0] > 20.0


@pytest.mark.parametrize("los_probability", PROBABILITIES)
def test_sight_is_certain_near_and_rarer_farther_away(los_probability):
    probability = los_probability(np.linspace(0.0, 3000.0, 3001))
    assert probability[0] == probability[1] == 1.0
    assert probability.min() >= 0.0
    # The table's own seams in the office, at 6.5 m and 49 m, step by less than a hundredth.
    assert (np.diff(probability) <= 0.01).all()
    assert probability[-1] < 0.06


def test_rural_macro_is_continuous_at_the_breakpoint():
    breakpoint_m = 2.0 * np.pi * 35.0 * 1.5 * 0.9e9 / 299_792_458.0
    below, above = rma_pathloss_db(breakpoint_m * np.array([1 - 1e-9, 1 + 1e-9]), carrier_hz=0.9e9, los=True)
    # The breakpoint is of the ground distance and the loss of the distance in space: a small step.
    assert above == pytest.approx(below, abs=0.02)


def test_streets_and_buildings_matter_in_the_country():
    at = {"carrier_hz": 0.9e9, "los": False}
    assert rma_pathloss_db(1000.0, **at, street_width_m=50.0) < rma_pathloss_db(1000.0, **at, street_width_m=10.0)
    assert rma_pathloss_db(1000.0, **at, building_height_m=20.0) > rma_pathloss_db(1000.0, **at, building_height_m=5.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: uma_pathloss_db([100.0, 9.0], carrier_hz=3.5e9, los=True),
            r"distance_2d_m: got 9 at index \(1,\); .*>= 10 and",
        ),
        (
            lambda: uma_pathloss_db(100.0, carrier_hz=1e12, los=True),
            "carrier_hz: got 1e.12; .* <= 1e.11, the range of TR 38.901",
        ),
        (lambda: uma_pathloss_db(100.0, carrier_hz=3.5e9, ut_height_m=1.0, los=True), "ut_height_m: got 1; "),
        (lambda: uma_pathloss_db(100.0, carrier_hz=3.5e9, bs_height_m=30.0, los=True), "bs_height_m: got 30; allowed is 25, "),
        (lambda: umi_pathloss_db(6000.0, carrier_hz=3.5e9, los=True), "distance_2d_m: got 6000; .* <= 5000"),
        (lambda: umi_pathloss_db(100.0, carrier_hz=3.5e9, bs_height_m=25.0, los=True), "bs_height_m: got 25; allowed is 10, "),
        (lambda: rma_pathloss_db(6000.0, carrier_hz=0.9e9, los=False), "distance_2d_m: got 6000; .* <= 5000"),
        (lambda: rma_pathloss_db(100.0, carrier_hz=60e9, los=True), "carrier_hz: got 6e.10; .* <= 3e.10"),
        (lambda: rma_pathloss_db(100.0, carrier_hz=1e9, ut_height_m=11.0, los=True), "ut_height_m: got 11; .* <= 10"),
        (lambda: inh_pathloss_db(200.0, carrier_hz=3.5e9, los=True), "3-D distance of distance_2d_m: got 200.01; .* <= 150"),
        (lambda: uma_los_probability(100.0, ut_height_m=30.0), "ut_height_m: got 30"),
        (lambda: free_space_pathloss_db(0.0, carrier_hz=1e9), "distance_m: got 0"),
    ],
)
def test_out_of_the_table_is_an_error_with_the_range(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_extrapolation_when_asked_for():
    far = rma_pathloss_db([5000.0, 6000.0], carrier_hz=0.9e9, los=False, extrapolate=True)
    assert far[1] > far[0]
    assert far[0] == rma_pathloss_db(5000.0, carrier_hz=0.9e9, los=False)
    for pathloss_db in (uma_pathloss_db, umi_pathloss_db, inh_pathloss_db):
        assert np.isfinite(pathloss_db(6000.0, carrier_hz=200e9, bs_height_m=40.0, los=True, extrapolate=True))
        with pytest.raises(ValueError, match="carrier_hz: got -1"):
            pathloss_db(100.0, carrier_hz=-1.0, los=True, extrapolate=True)


def test_heights_below_the_surroundings_are_refused():
    """Where the breakpoint would be at a negative distance there is nothing to extrapolate."""
    with pytest.raises(ValueError, match="ut_height_m: got 0.5; allowed is a finite number > 1"):
        umi_pathloss_db(100.0, carrier_hz=3.5e9, ut_height_m=0.5, los=True, extrapolate=True)
    with pytest.raises(ValueError, match="environment_height_m: got up to 12; .* at least 1.5"):
        uma_pathloss_db(100.0, carrier_hz=3.5e9, los=True, environment_height_m=12.0)
    assert uma_los_probability(100.0, ut_height_m=40.0, extrapolate=True) > uma_los_probability(100.0, ut_height_m=20.0)


def test_log_distance_is_free_space_up_to_the_reference():
    distance = np.array([0.1, 30.0, 100.0])
    near = log_distance_pathloss_db(distance, carrier_hz=2.4e9, exponent=8.0, reference_distance_m=100.0)
    np.testing.assert_allclose(near, free_space_pathloss_db(distance, carrier_hz=2.4e9))
    with pytest.raises(ValueError, match="reference_distance_m: got 0"):
        log_distance_pathloss_db(1.0, carrier_hz=2.4e9, exponent=2.0, reference_distance_m=0.0)


def test_rural_sight_reaches_farther_than_its_table_without():
    assert rma_pathloss_db([9000.0, 4000.0], carrier_hz=0.9e9, los=[True, False]).shape == (2,)


def test_free_space_falls_by_six_decibels_a_doubling():
    near, far = free_space_pathloss_db([50.0, 100.0], carrier_hz=1e9)
    assert far - near == pytest.approx(20 * np.log10(2.0))


def test_log_distance_exponent_two_is_free_space():
    distance = np.array([1.0, 10.0, 123.0])
    np.testing.assert_allclose(
        log_distance_pathloss_db(distance, carrier_hz=2.4e9, exponent=2.0),
        free_space_pathloss_db(distance, carrier_hz=2.4e9),
    )


def test_a_building_is_a_member_and_no_text():
    with pytest.raises(ValueError, match="building: got 'low'; allowed is a member of Building: LOW, HIGH"):
        wall_loss_db(28e9, building="low")
    with pytest.raises(ValueError, match="building: got 'high'"):
        UrbanMicro(building="high")


def test_walls():
    """By hand at 10 GHz: glass 4, coated glass 26.5, concrete 45 dB."""
    low = 5 - 10 * np.log10(0.3 * 10**-0.4 + 0.7 * 10**-4.5)
    high = 5 - 10 * np.log10(0.7 * 10**-2.65 + 0.3 * 10**-4.5)
    assert wall_loss_db(10e9, building=Building.LOW) == pytest.approx(low)
    assert wall_loss_db(10e9, building=Building.HIGH) == pytest.approx(high)
    assert (np.diff(wall_loss_db(np.linspace(1e9, 100e9, 50), building=Building.HIGH)) > 0).all()
