import numpy as np
import pytest
from scipy import stats

from channels import correlated_shadowing, gaussian_field

DRAWS = 4000


def draws_of(places, **args):
    rng = np.random.default_rng(0)
    return np.stack([gaussian_field(places, num_waves=64, rng=rng, **args) for _ in range(DRAWS)])


def test_field_is_normal_with_exponential_correlation():
    """At places 0, 10, 50 and 200 m apart, in two directions, with D = 50 m."""
    places = np.array([[0.0, 0.0], [10.0, 0.0], [30.0, 40.0], [0.0, -200.0]])
    field = draws_of(places, correlation_distance_m=50.0)[:, 0]
    for place in range(4):
        assert stats.kstest(field[:, place], "norm").pvalue > 1e-3
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    for i in range(4):
        for j in range(i):
            product = field[:, i] * field[:, j]
            error = product.std() / np.sqrt(DRAWS)
            assert abs(product.mean() - np.exp(-distance[i, j] / 50.0)) < 4 * error


def test_fields_are_independent():
    field = draws_of(np.zeros((1, 2)), correlation_distance_m=50.0, num_fields=2)[..., 0]
    product = field[:, 0] * field[:, 1]
    assert abs(product.mean()) < 4 * product.std() / np.sqrt(DRAWS)


@pytest.mark.parametrize("site_correlation", [0.0, 0.5, 1.0])
def test_stations_share_as_much_shadowing_as_asked_for(site_correlation):
    rng = np.random.default_rng(1)
    drawn = np.stack(
        [
            correlated_shadowing(
                [[3.0, 4.0]], num_stations=2, correlation_distance_m=20.0, site_correlation=site_correlation, rng=rng
            )[:, 0]
            for _ in range(DRAWS)
        ]
    )
    product = drawn[:, 0] * drawn[:, 1]
    assert abs(product.mean() - site_correlation) < 4 * product.std() / np.sqrt(DRAWS)
    assert abs(drawn[:, 0].var() - 1.0) < 4 * np.sqrt(2.0 / DRAWS)


def test_one_draw_over_many_places_has_the_right_correlation():
    """Within one draw of 256 waves the correlation over 4,000 pairs of places a distance apart is right to some 1/√256."""
    rng = np.random.default_rng(3)
    here = rng.uniform(0.0, 20_000.0, (4000, 2))
    angle = rng.uniform(0.0, 2 * np.pi, 4000)
    for distance in (5.0, 25.0, 100.0):
        there = here + distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        one, other = np.split(gaussian_field(np.concatenate([here, there]), correlation_distance_m=50.0, rng=rng)[0], 2)
        expected = np.exp(-distance / 50.0)
        spread = np.sqrt((1 - expected**2) / 4000) + 1 / np.sqrt(256)
        assert abs(np.mean(one * other) - expected) < 4 * spread


def test_identical_places_have_the_same_value_wherever_they_stand_in_the_list():
    places = np.random.default_rng(4).uniform(-1e6, 1e6, (3000, 2))
    places[2999] = places[5]
    field = gaussian_field(places, correlation_distance_m=10.0, num_fields=2, rng=np.random.default_rng(5))
    np.testing.assert_allclose(field[:, 2999], field[:, 5], atol=1e-4)


def test_bad_values_say_what_is_wrong():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="correlation_distance_m: got 0"):
        gaussian_field(np.zeros((1, 2)), correlation_distance_m=0.0, rng=rng)
    with pytest.raises(ValueError, match="xy_m: got nan"):
        gaussian_field(np.full((1, 2), np.nan), correlation_distance_m=1.0, rng=rng)
    with pytest.raises(ValueError, match=r"xy_m: got shape \(1, 3\)"):
        gaussian_field(np.zeros((1, 3)), correlation_distance_m=1.0, rng=rng)
    with pytest.raises(ValueError, match="num_waves: got 0"):
        gaussian_field(np.zeros((1, 2)), correlation_distance_m=1.0, num_waves=0, rng=rng)
    with pytest.raises(ValueError, match="site_correlation: got 2"):
        correlated_shadowing(np.zeros((1, 2)), num_stations=1, correlation_distance_m=1.0, site_correlation=2.0, rng=rng)
