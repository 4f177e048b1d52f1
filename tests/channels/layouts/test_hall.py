import numpy as np
import pytest

from channels import FreeSpace, hall_layout, layout_of, without_idle_stations

CALIBRATION = {"stations_along": 6, "stations_across": 3, "length_m": 120.0, "width_m": 60.0}


def hall(num_clients=500, **changes):
    return hall_layout(num_clients=num_clients, rng=np.random.default_rng(0), **(CALIBRATION | changes))


def test_stations_are_the_calibrations():
    """TR 38.901, table 7.8-7: a lattice of 20 m, half of that from the walls."""
    layout = hall()
    assert layout.num_cells == 18
    x, y = layout.station_xy_m.T
    assert np.unique(x.round(9)).tolist() == [-50.0, -30.0, -10.0, 10.0, 30.0, 50.0]
    assert np.unique(y.round(9)).tolist() == [-20.0, 0.0, 20.0]


def test_clients_fill_the_floor_and_are_served_by_the_nearest():
    layout = hall(20_000, min_distance_m=5.0)
    assert (np.abs(layout.client_xy_m) <= [60.0, 30.0]).all()
    assert layout.link_distance_2d_m.min() >= 5.0
    assert (layout.distance_2d_m == layout.link_distance_2d_m.min(axis=0)).all()
    # All parts are alike: each has an 18th.
    assert abs(layout.cell_sizes / 20_000 - 1 / 18).max() < 4.5 * np.sqrt(1 / 18 / 20_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_distance_m": 11.0}, "min_distance_m: got 11; allowed is a finite number >= 0 and <= 10"),
        ({"stations_along": 0}, "stations_along: got 0"),
        ({"length_m": -1.0}, "length_m: got -1"),
    ],
)
def test_bad_halls_are_told(change, message):
    with pytest.raises(ValueError, match=message):
        hall(**change)


def test_stations_without_clients_are_left_out():
    layout = layout_of(
        station_xy_m=[[0, 0], [500, 0], [900, 0]], client_xy_m=[[880, 0], [10, 0], [20, 0]], station_height_m=[10, 20, 30]
    )
    drawn = FreeSpace().draw(layout, carrier_hz=3.5e9, rng=np.random.default_rng(0))
    busy, links, kept = without_idle_stations(layout, drawn)
    assert kept.tolist() == [0, 2]
    assert busy.station_height_m.tolist() == [10.0, 30.0]
    assert busy.serving_cell.tolist() == [1, 0, 0]
    assert (links.pathloss_db == drawn.pathloss_db[[0, 2]]).all()
    assert (busy.distance_2d_m == layout.distance_2d_m).all()
