"""TR 38.901's indoor factory against its tables, worked out by hand."""

import numpy as np
import pytest

from channels import Factory, IndoorFactory, hall_layout, inf_los_probability, inf_pathloss_db

FACTORIES = list(Factory)


@pytest.mark.parametrize(
    ("factory", "nlos_db"),
    [
        # d = 100 m in space and 10 GHz: every logarithm is a whole number.
        (Factory.SPARSE_LOW, 33.0 + 51.0 + 20.0),
        (Factory.DENSE_LOW, 18.6 + 71.4 + 20.0),
        (Factory.SPARSE_HIGH, 32.4 + 46.0 + 20.0),
        (Factory.DENSE_HIGH, 33.63 + 43.8 + 20.0),
    ],
)
def test_path_loss_is_the_tables(factory, nlos_db):
    loss = inf_pathloss_db(100.0, carrier_hz=10e9, factory=factory, bs_height_m=1.5, ut_height_m=1.5, los=[True, False])
    assert loss.tolist() == pytest.approx([31.84 + 43.0 + 19.0, nlos_db], abs=1e-9)


def test_dense_and_low_is_never_better_than_sparse_and_low():
    distance = np.geomspace(1.0, 600.0, 50)
    low, dense = (
        inf_pathloss_db(distance, carrier_hz=3.5e9, factory=factory, bs_height_m=1.5, los=False)
        for factory in (Factory.SPARSE_LOW, Factory.DENSE_LOW)
    )
    assert (dense >= low).all()
    assert (dense > low).any()
    assert (dense == low).any()  # near by, where the sparse formula is the larger one


@pytest.mark.parametrize("factory", FACTORIES)
def test_losing_sight_never_helps(factory):
    distance = np.geomspace(1.0, 590.0, 50)
    sight = inf_pathloss_db(distance, carrier_hz=28e9, factory=factory, los=True)
    assert (np.diff(sight) > 0.0).all()
    if factory is Factory.HIGH_HIGH:
        with pytest.raises(ValueError, match="los: got links out of sight"):
            inf_pathloss_db(distance, carrier_hz=28e9, factory=factory, los=False)
    else:
        assert (inf_pathloss_db(distance, carrier_hz=28e9, factory=factory, los=False) >= sight).all()


def test_sight_falls_to_one_over_e_at_the_tables_distance():
    clutter = {"clutter_size_m": 10.0, "clutter_density": 0.2}
    low = inf_los_probability(-10.0 / np.log(0.8), factory=Factory.SPARSE_LOW, **clutter)
    assert float(low) == pytest.approx(np.exp(-1.0))
    # Stations at 8 m see over clutter of 2 m: (8 - 1.5)/(2 - 1.5) = 13 times as far.
    far_m = -13.0 * 10.0 / np.log(0.8)
    assert float(inf_los_probability(far_m, factory=Factory.SPARSE_HIGH, **clutter)) == pytest.approx(np.exp(-1.0))
    assert (inf_los_probability([1.0, 1e3], factory=Factory.HIGH_HIGH, **clutter) == 1.0).all()


def test_draws_have_the_tables_shares_and_deviations():
    layout = hall_layout(
        num_clients=20_000,
        stations_along=1,
        stations_across=1,
        length_m=300.0,
        width_m=150.0,
        min_distance_m=1.0,
        rng=np.random.default_rng(0),
    )
    model = IndoorFactory(factory=Factory.SPARSE_LOW, clutter_size_m=10.0, clutter_density=0.2)
    drawn = model.draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(1))
    expected = inf_los_probability(
        layout.link_distance_2d_m, factory=Factory.SPARSE_LOW, clutter_size_m=10.0, clutter_density=0.2
    )
    assert abs(drawn.los.mean() - expected.mean()) < 4 * np.sqrt(np.mean(expected * (1 - expected)) / 20_000)
    # Shadowing is alike within some 10 m: the hall holds about 450 places that are not, so s is right to s/sqrt(2·450).
    for sight, deviation_db in ((drawn.los, 4.3), (~drawn.los, 5.7)):
        assert abs(drawn.shadowing_db[sight].std() / deviation_db - 1.0) < 4 / np.sqrt(2 * 450)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factory": "DH"}, "factory: got 'DH'; allowed is a member of Factory"),
        ({"clutter_density": 1.0}, "clutter_density: got 1; allowed is a finite number > 0 and < 1"),
        ({"clutter_height_m": 9.0}, "clutter_height_m: got 9; allowed is a finite number > 1.5 and < 8"),
        ({"clutter_height_m": 1.0}, "clutter_height_m: got 1; allowed is"),
    ],
)
def test_bad_halls_are_told(change, message):
    hall = {"factory": Factory.DENSE_HIGH, "clutter_size_m": 2.0, "clutter_density": 0.6, "clutter_height_m": 6.0} | change
    with pytest.raises(ValueError, match=message):
        inf_los_probability(10.0, **hall)


def test_the_table_ends_at_600_m():
    with pytest.raises(ValueError, match="3-D distance of distance_2d_m: got 1000.*extrapolate"):
        inf_pathloss_db(1000.0, carrier_hz=3.5e9, factory=Factory.DENSE_HIGH, los=True)
    assert inf_pathloss_db(1000.0, carrier_hz=3.5e9, factory=Factory.DENSE_HIGH, los=True, extrapolate=True) > 90.0
