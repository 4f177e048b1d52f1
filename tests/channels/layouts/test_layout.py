import numpy as np
import pytest

from channels import Layout, draw_indoor, floor_height_m, hexagonal_layout, hexagonal_sites, hexagonal_wrap, layout_of
from channels.layouts.layout import nearest_station, strongest_station


def test_clients_are_served_by_the_nearest_station():
    rng = np.random.default_rng(0)
    stations, clients = rng.uniform(-1, 1, (5, 2)), rng.uniform(-1, 1, (40, 2))
    layout = layout_of(station_xy_m=stations, client_xy_m=clients)
    brute = [min(range(5), key=lambda n: np.linalg.norm(stations[n] - client)) for client in clients]
    assert layout.serving_cell.tolist() == brute
    np.testing.assert_allclose(layout.link_distance_2d_m.min(axis=0), layout.distance_2d_m)
    np.testing.assert_array_equal(layout.serving(layout.link_distance_2d_m), layout.distance_2d_m)


@pytest.mark.parametrize("num_cells", [1, 3, 7, 19])
def test_clusters_that_wrap_around_tile_the_plane(num_cells):
    """No image of a cell falls on another cell, and every neighbouring place of a cell is some cell's image."""
    sites, wrap = hexagonal_sites(num_cells, radius_m=1.0), hexagonal_wrap(num_cells, radius_m=1.0)
    lattice = np.array([a * wrap[1] + b * wrap[2] for a in range(-4, 5) for b in range(-4, 5)])
    images = (sites[:, None] + lattice).reshape(-1, 2)
    distance = np.linalg.norm(images[:, None] - images[None], axis=-1)[~np.eye(len(images), dtype=bool)]
    assert distance.min() == pytest.approx(np.sqrt(3.0))
    for site in sites:  # six neighbours each
        near = np.linalg.norm(images - site, axis=-1)
        assert np.sum(np.isclose(near, np.sqrt(3.0))) == 6


@pytest.mark.parametrize("num_cells", [1, 3, 7, 19])
def test_wrapped_distance_is_the_shortest_to_any_image(num_cells):
    layout = hexagonal_layout(
        num_cells=num_cells, clients_per_cell=20, radius_m=100.0, wrap_around=True, rng=np.random.default_rng(1)
    )
    one, two = layout.wrap_xy_m[1:3]
    shifts = np.array([a * one + b * two for a in range(-3, 4) for b in range(-3, 4)])
    images = layout.station_xy_m[:, None] + shifts
    brute = np.linalg.norm(layout.client_xy_m[None, None] - images[:, :, None], axis=-1).min(axis=1)
    np.testing.assert_allclose(layout.link_distance_2d_m, brute)
    np.testing.assert_array_equal(nearest_station(layout.link_distance_2d_m), layout.serving_cell)


def test_wrapped_cells_all_see_the_same_surroundings():
    sites, wrap = hexagonal_sites(7, radius_m=1.0), hexagonal_wrap(7, radius_m=1.0)
    layout = layout_of(station_xy_m=sites, client_xy_m=sites, wrap_xy_m=wrap)
    rows = np.sort(layout.link_distance_2d_m, axis=1)
    np.testing.assert_allclose(rows, np.broadcast_to(rows[0], rows.shape))
    np.testing.assert_allclose(rows[0], [0.0] + [np.sqrt(3.0)] * 6, atol=1e-12)


def test_strongest_station():
    gain = np.array([[1e-9, 1e-12, 3e-10], [1e-10, 1e-11, 3e-10]])
    assert strongest_station(gain).tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="power_gain: got 0 from every station for client 1"):
        strongest_station([[1.0, 0.0], [1.0, 0.0]])


def test_lists_do_as_well_as_arrays():
    layout = Layout(station_xy_m=[[0, 0], [9, 0]], client_xy_m=[[1, 0], [2, 0]], serving_cell=[1, 0], indoor=[True, False])
    assert [layout.clients_of(cell).tolist() for cell in range(2)] == [[1], [0]]
    assert layout.served_by([0, 1]).serving(layout.link_distance_2d_m).tolist() == [1.0, 7.0]


def test_indoor_share_and_floors():
    num = 40_000
    indoor = draw_indoor(num, indoor_share=0.8, rng=np.random.default_rng(2))
    assert abs(indoor.mean() - 0.8) < 4 * np.sqrt(0.16 / num)
    height = floor_height_m(indoor, rng=np.random.default_rng(3))
    assert (height[~indoor] == 1.5).all()
    floors = (height[indoor] - 1.5) / 3 + 1
    assert set(floors) == set(range(1, 9))
    # The top floor needs a building of 8, one in five, and to be drawn there, one in eight.
    for floor, expected in ((8, 1 / 40), (1, np.mean([1 / n for n in range(4, 9)]))):
        share = np.mean(floors == floor)
        assert abs(share - expected) < 4 * np.sqrt(expected / indoor.sum())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"serving_cell": np.array([0, 1])}, "serving_cell: got 1"),
        ({"serving_cell": np.array([0])}, "serving_cell: got shape"),
        ({"client_xy_m": np.full((2, 2), np.nan)}, "client_xy_m: got nan"),
        ({"station_xy_m": np.zeros(2)}, "station_xy_m: got shape"),
        ({"station_height_m": np.array([-1.0])}, "station_height_m: got -1"),
        ({"client_height_m": np.ones(3)}, "client_height_m: got shape"),
        ({"indoor": np.ones(3, dtype=bool)}, "indoor: got shape"),
        ({"indoor": np.array([0.0, np.nan])}, "indoor: got values of type float64"),
        ({"serving_cell": np.array([0.0, 0.7])}, "serving_cell: got values of type float64"),
        ({"wrap_xy_m": np.ones((1, 2))}, r"wrap_xy_m: got shifts without \(0, 0\)"),
    ],
)
def test_bad_layouts_say_what_is_wrong(changes, message):
    good = {"station_xy_m": np.zeros((1, 2)), "client_xy_m": np.ones((2, 2)), "serving_cell": np.array([0, 0])}
    assert Layout(**good).num_clients == 2
    with pytest.raises(ValueError, match=message):
        Layout(**good | changes)


def test_cells_that_do_not_tile_cannot_wrap():
    with pytest.raises(ValueError, match="num_cells: got 4; cells that wrap around are 1, 3, 7, 19"):
        hexagonal_wrap(4, radius_m=1.0)
