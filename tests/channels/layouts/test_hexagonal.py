import numpy as np
import pytest

from channels import hexagonal_layout, hexagonal_sites
from channels.layouts.hexagonal import uniform_in_hexagon


@pytest.mark.parametrize("num_cells", [1, 2, 3, 7, 19, 20])
def test_neighbouring_sites_stand_root_three_radii_apart(num_cells):
    sites = hexagonal_sites(num_cells, radius_m=100.0)
    assert len(sites) == num_cells
    distance = np.linalg.norm(sites[:, None] - sites[None], axis=-1)[~np.eye(num_cells, dtype=bool)]
    if num_cells > 1:
        assert distance.min() == pytest.approx(100.0 * np.sqrt(3.0))


def test_seven_and_nineteen_sites_are_whole_rings():
    spacing = np.sqrt(3.0)
    assert np.linalg.norm(hexagonal_sites(7, radius_m=1.0), axis=1).max() == pytest.approx(spacing)
    assert np.linalg.norm(hexagonal_sites(19, radius_m=1.0), axis=1).max() == pytest.approx(2 * spacing)


def inside_hexagon(points, radius):
    """Within the six edges, whose normals point to the neighbouring cells."""
    angle = np.deg2rad(60.0 * np.arange(6))
    normals = np.stack([np.cos(angle), np.sin(angle)])
    return (points @ normals <= radius * np.sqrt(3.0) / 2 + 1e-9).all(axis=1)


def test_points_are_uniform_over_the_hexagon():
    points = uniform_in_hexagon(60_000, radius_m=2.0, min_distance_m=0.0, rng=np.random.default_rng(0))
    assert inside_hexagon(points, 2.0).all()
    # Second moment of a regular hexagon of circumradius R about an axis, over its area: 5R²/24.
    second = points**2
    standard_error = second.std(axis=0) / np.sqrt(len(points))
    assert (np.abs(second.mean(axis=0) - 5 * 4 / 24) < 4 * standard_error).all()
    # Shares of a disc of radius 1: its area over that of the hexagon.
    share = np.mean(np.hypot(*points.T) < 1.0)
    expected = np.pi / (1.5 * np.sqrt(3.0) * 4)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / len(points))


def test_clients_stand_in_their_cell_and_away_from_the_station():
    layout = hexagonal_layout(
        num_cells=3, clients_per_cell=20, radius_m=250.0, min_distance_m=35.0, rng=np.random.default_rng(1)
    )
    offset = layout.client_xy_m - layout.station_xy_m[layout.serving_cell]
    assert inside_hexagon(offset, 250.0).all()
    assert layout.distance_2d_m.min() >= 35.0
    assert [len(layout.clients_of(cell)) for cell in range(3)] == [20, 20, 20]


def test_bad_layouts_say_what_is_wrong():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="clients_per_cell: got 0"):
        hexagonal_layout(num_cells=1, clients_per_cell=0, radius_m=1.0, rng=rng)
    with pytest.raises(ValueError, match="min_distance_m: got 9"):
        hexagonal_layout(num_cells=1, clients_per_cell=1, radius_m=10.0, min_distance_m=9.0, rng=rng)
