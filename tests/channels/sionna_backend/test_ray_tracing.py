import dataclasses

import numpy as np
import pytest

from channels import free_space_pathloss_db
from channels.sionna_backend import MUNICH_ROOFTOPS_XYZ_M, RayTracedCity

pytestmark = pytest.mark.sionna


@pytest.fixture(scope="module")
def city():
    return RayTracedCity(num_samples=50_000, max_depth=3)


@pytest.fixture(scope="module")
def drop(city):
    return city.drop(12, rng=np.random.default_rng(0))


def test_stations_stand_on_roofs_and_clients_on_open_ground(city, drop):
    roof_m = city.height_m(*MUNICH_ROOFTOPS_XYZ_M[:, :2].T)
    np.testing.assert_allclose(MUNICH_ROOFTOPS_XYZ_M[:, 2] - roof_m, 5.0, atol=1.0)
    assert city.is_outdoors(drop.layout.client_xy_m).all()
    assert not city.is_outdoors(MUNICH_ROOFTOPS_XYZ_M[:, :2]).any()
    assert np.isnan(city.height_m(1e5, 0.0))


def test_everybody_is_served_by_the_strongest_station(drop):
    gain = drop.large_scale.power_gain
    assert gain.shape == (3, 12)
    np.testing.assert_array_equal(drop.layout.serving_cell, gain.argmax(axis=0))
    assert (drop.layout.serving(gain) > 0.0).all()
    assert 0.0 < drop.coverage <= 1.0


def test_a_straight_path_is_friis(city):
    """Without reflections, the one path between two places in sight has the gain of free space."""
    bare = RayTracedCity(num_samples=1000, max_depth=0, diffraction=False)
    stations, clients = [[0.0, 0.0, 300.0]], [[30.0, 0.0, 250.0], [400.0, 100.0, 280.0]]
    paths = bare.trace(stations, clients, rng=np.random.default_rng(0))
    distance = np.linalg.norm(np.array(clients) - stations[0], axis=1)
    assert paths.los.all()
    np.testing.assert_allclose(paths.delay_s.max(axis=-1)[0], distance / 299_792_458.0, rtol=1e-5)
    # A vertical dipole's polarisation seen under an angle loses nothing here: the antennas are isotropic.
    np.testing.assert_allclose(paths.large_scale.pathloss_db[0], free_space_pathloss_db(distance, carrier_hz=3.5e9), atol=0.05)


def test_what_a_wall_hides_is_not_in_sight(city, drop):
    straight = drop.large_scale.los
    loss_db = drop.large_scale.pathloss_db
    layout = drop.layout
    distance = np.hypot(layout.link_distance_2d_m, layout.station_height_m[:, None] - layout.client_height_m)
    free_db = free_space_pathloss_db(distance, carrier_hz=3.5e9)
    # Reflections at most double and double again the field of a straight path; without one there is less.
    assert (loss_db[straight] > free_db[straight] - 7.0).all()
    assert np.median((loss_db - free_db)[~straight & np.isfinite(loss_db)]) > 10.0


def test_the_same_seed_gives_the_same_drop(city, drop):
    again = city.drop(12, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again.layout.client_xy_m, drop.layout.client_xy_m)
    np.testing.assert_allclose(again.large_scale.power_gain, drop.large_scale.power_gain, rtol=1e-4)


def test_a_network_takes_the_city_as_any_other(drop, make_network):
    network = dataclasses.replace(make_network(3, 4), layout=drop.layout, large_scale=drop.large_scale, fading=drop.fading)
    state = network.draw(2000, rng=np.random.default_rng(1))
    power = np.abs(state.response[:, :, 0, 0]) ** 2
    assert (np.abs(power.mean(axis=0) - 1.0) < 4 * power.std(axis=0) / np.sqrt(2000) + 1e-12).all()


def test_bad_values_say_what_is_wrong(city):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="num_clients: got 0"):
        city.drop(0, rng=rng)
    inside = [[*MUNICH_ROOFTOPS_XYZ_M[0, :2], 1.5]]
    with pytest.raises(ValueError, match="station_xyz_m: got stations that reach 0 of 20 places tried"):
        RayTracedCity(num_samples=1000, max_depth=0, diffraction=False).drop(1, station_xyz_m=inside, rng=rng)
