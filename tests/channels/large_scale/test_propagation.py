import dataclasses

import numpy as np
import pytest

from channels import (
    Building,
    FreeSpace,
    IndoorOffice,
    LogDistance,
    RuralMacro,
    UrbanMacro,
    UrbanMicro,
    disc_layout,
    inh_los_probability,
    layout_of,
    rma_los_probability,
    uma_los_probability,
    umi_los_probability,
    umi_pathloss_db,
    wall_loss_db,
)

CASES = [
    (UrbanMacro(), 25.0, uma_los_probability, (4.0, 6.0)),
    (UrbanMicro(), 10.0, umi_los_probability, (4.0, 7.82)),
    (RuralMacro(), 35.0, rma_los_probability, (4.0, 8.0)),
    (IndoorOffice(), 3.0, inh_los_probability, (3.0, 8.03)),
    (FreeSpace(), 25.0, None, None),
    (LogDistance(), 25.0, None, None),
]
each = pytest.mark.parametrize(("model", "height_m", "los_probability", "deviations"), CASES)


def drawn(model, height_m, *, num=3000, seed=0, carrier_hz=3.5e9, **places):
    """(num,) independent links of one length."""
    parts = [
        model.draw(
            disc_at(height_m, **places),
            carrier_hz=carrier_hz,
            rng=np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,))),
        )
        for i in range(num)
    ]
    return tuple(np.array([getattr(part, name)[0, 0] for part in parts]) for name in ("los", "pathloss_db", "shadowing_db"))


def disc_at(height_m, distance_m=100.0, indoor=False, client_height_m=1.5):
    return layout_of(
        station_xy_m=[[0.0, 0.0]],
        client_xy_m=[[distance_m, 0.0]],
        station_height_m=height_m,
        client_height_m=client_height_m,
        indoor=[indoor],
    )


@each
def test_one_value_a_link_and_the_same_from_the_same_seed(model, height_m, los_probability, deviations):
    layout = disc_layout(num_clients=17, radius_m=120.0, min_distance_m=12.0, rng=np.random.default_rng(0))
    layout = dataclasses.replace(layout, station_height_m=np.array(height_m))
    one, again = (model.draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(3)) for _ in range(2))
    assert one.pathloss_db.shape == one.shadowing_db.shape == one.los.shape == one.power_gain.shape == (1, 17)
    np.testing.assert_array_equal(one.power_gain, again.power_gain)
    np.testing.assert_allclose(one.power_gain, 10 ** (-(one.pathloss_db + one.shadowing_db) / 10))


@pytest.mark.parametrize(("model", "height_m", "los_probability", "deviations"), CASES[:4])
def test_sight_and_shadowing_have_the_law_of_the_table(model, height_m, los_probability, deviations):
    los, _, shadowing_db = drawn(model, height_m)
    expected = los_probability(100.0)
    assert abs(los.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(los))
    for sight, deviation in zip((True, False), deviations, strict=True):
        some = shadowing_db[los == sight]
        assert abs(some.mean()) < 4 * deviation / np.sqrt(len(some))
        assert abs(some.var() - deviation**2) < 4 * deviation**2 * np.sqrt(2.0 / len(some))


def test_rural_sight_is_shadowed_more_beyond_the_breakpoint():
    los, _, shadowing_db = drawn(RuralMacro(), 35.0, distance_m=2500.0, carrier_hz=0.9e9, num=4000)
    some = shadowing_db[los]
    assert abs(some.var() - 36.0) < 4 * 36.0 * np.sqrt(2.0 / len(some))


def test_walls_below_6_ghz_take_20_db_and_half_a_decibel_a_metre():
    los, pathloss_db, shadowing_db = drawn(UrbanMicro(), 10.0, indoor=True)
    assert not los.any()  # nobody indoors is in sight
    outside = [umi_pathloss_db(100.0, carrier_hz=3.5e9, los=sight) for sight in (True, False)]
    entry_db = np.min([np.where(pathloss_db - loss >= 20.0 - 1e-9, pathloss_db - loss, np.inf) for loss in outside], axis=0)
    assert entry_db.max() <= 20.0 + 12.5
    # d_in is uniform on 0 to 25 m
    assert abs(entry_db.mean() - 26.25) < 4 * 12.5 / np.sqrt(12 * len(entry_db))
    assert abs(shadowing_db.var() - 49.0) < 4 * 49.0 * np.sqrt(2.0 / len(shadowing_db))


@pytest.mark.parametrize("building", Building)
def test_walls_above_6_ghz_follow_the_building(building):
    """The mean way inside is 25/3 m, the lesser of two uniform on 0 to 25 m."""
    model = UrbanMicro(building=building)
    args = {"carrier_hz": 28e9, "distance_m": 15.0}  # sight is certain so near
    _, outdoor_db, _ = drawn(model, 10.0, num=1, **args)
    _, indoor_db, _ = drawn(model, 10.0, indoor=True, **args)
    entry_db = indoor_db - outdoor_db
    # The way inside is at most the way to the station.
    inside_m = np.minimum(np.random.default_rng(9).random((200_000, 2)).min(axis=1) * 25.0, 15.0)
    expected = wall_loss_db(28e9, building=building) + 0.5 * inside_m.mean()
    error = np.sqrt((building.deviation_db**2 + 0.25 * inside_m.var()) / len(entry_db))
    assert abs(entry_db.mean() - expected) < 4 * error
    variance = building.deviation_db**2 + 0.25 * inside_m.var()
    assert abs(entry_db.var() - variance) < 4 * variance * np.sqrt(2.0 / len(entry_db))


def test_neighbours_are_shadowed_alike_and_strangers_are_not():
    """Two clients 5 m apart in the office, both in line of sight: correlation e^(-5/10); one of them not: none."""
    layout = layout_of(station_xy_m=[[0.0, 0.0]], client_xy_m=[[50.0, 0.0], [50.0, 5.0]], station_height_m=3.0)
    draws = [IndoorOffice().draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(seed)) for seed in range(5000)]
    for alike, expected in ((True, np.exp(-0.5)), (False, 0.0)):
        some = [x for x in draws if x.los[0, 0] and x.los[0, 1] == alike]
        product = np.array([np.prod(x.shadowing_db[0] / (3.0, 3.0 if alike else 8.03)) for x in some])
        assert abs(product.mean() - expected) < 4 * product.std() / np.sqrt(len(product))


def test_links_out_of_the_table_are_refused_unless_extrapolated():
    layout = disc_at(25.0, distance_m=6000.0)
    with pytest.raises(ValueError, match="distance_2d_m: got 6000"):
        UrbanMacro().draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(0))
    far = UrbanMacro(extrapolate=True).draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(0))
    assert np.isfinite(far.pathloss_db).all()


def test_free_space_is_over_the_distance_in_space():
    x = FreeSpace().draw(disc_at(81.5, distance_m=60.0), carrier_hz=3.5e9, rng=np.random.default_rng(0))
    assert x.los.all()
    assert x.pathloss_db == pytest.approx(83.3289, abs=1e-3)  # 100 m
