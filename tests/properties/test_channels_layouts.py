"""Laws of where nodes stand and who serves whom."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from channels import (
    FreeSpace,
    Layout,
    disc_layout,
    draw_indoor,
    floor_height_m,
    hall_layout,
    hexagonal_layout,
    hexagonal_sites,
    hexagonal_wrap,
    layout_from_csv,
    layout_of,
    nearest_station,
    poisson_layout,
    reuse_groups,
    strongest_station,
    unplaced_layout,
    without_idle_stations,
)
from covered import law_of
from places import layouts, points
from strategies import counts, decades, permutations, power_gains, refused, rngs, seeds

radii_m = decades(1e-3, 1e8)
CLUSTERS = [1, 3, 7, 19]


@law_of(Layout)
@given(layout=layouts(), shift=points(1))
def test_distances_are_the_same_wherever_the_map_begins(layout, shift):
    moved = Layout(
        station_xy_m=layout.station_xy_m + shift,
        client_xy_m=layout.client_xy_m + shift,
        serving_cell=layout.serving_cell,
    )
    np.testing.assert_allclose(moved.link_distance_2d_m, layout.link_distance_2d_m, atol=1e-9)
    np.testing.assert_array_equal(layout.serving(layout.link_distance_2d_m), layout.distance_2d_m)
    difference = layout.station_xyz_m[:, None] - layout.client_xyz_m
    np.testing.assert_allclose(np.hypot(difference[..., 0], difference[..., 1]), layout.link_distance_2d_m, atol=1e-9)


@law_of(Layout)
@given(layout=layouts())
def test_every_client_is_in_one_cell(layout):
    cells = [layout.clients_of(cell) for cell in range(layout.num_cells)]
    assert sorted(np.concatenate(cells)) == list(range(layout.num_clients))
    assert [len(cell) for cell in cells] == layout.cell_sizes.tolist()
    again = layout.served_by(np.full(layout.num_clients, layout.num_cells - 1))
    assert again.cell_sizes[-1] == layout.num_clients
    with refused("serving_cell"):
        layout.served_by(np.full(layout.num_clients, layout.num_cells))


@law_of(Layout)
@given(layout=layouts(), shifts=counts.flatmap(points))
def test_images_only_bring_stations_nearer(layout, shifts):
    wrapped = Layout(
        station_xy_m=layout.station_xy_m,
        client_xy_m=layout.client_xy_m,
        serving_cell=layout.serving_cell,
        wrap_xy_m=np.concatenate([np.zeros((1, 2)), shifts]),
    )
    assert (wrapped.link_distance_2d_m <= layout.link_distance_2d_m).all()
    seen = wrapped.station_image_xy_m - layout.client_xy_m
    np.testing.assert_allclose(np.hypot(seen[..., 0], seen[..., 1]), wrapped.link_distance_2d_m, atol=1e-9)
    with refused("wrap_xy_m"):
        Layout(
            station_xy_m=layout.station_xy_m,
            client_xy_m=layout.client_xy_m,
            serving_cell=layout.serving_cell,
            wrap_xy_m=np.abs(shifts) + 1.0,
        )


@law_of(layout_of, nearest_station, strongest_station)
@given(layout=layouts(indoor=False), data=st.data())
def test_clients_keep_their_server_in_any_order(layout, data):
    order = data.draw(permutations(layout.num_clients))
    assert nearest_station(layout.link_distance_2d_m).tolist() == layout.serving_cell.tolist()
    turned = layout_of(station_xy_m=layout.station_xy_m, client_xy_m=layout.client_xy_m[order])
    assert turned.serving_cell.tolist() == layout.serving_cell[order].tolist()
    np.testing.assert_array_equal(turned.distance_2d_m, layout.link_distance_2d_m.min(axis=0)[order])
    assert strongest_station(1.0 / (1.0 + layout.link_distance_2d_m)).tolist() == layout.serving_cell.tolist()


@law_of(strongest_station, nearest_station)
@given(gain=st.tuples(counts, counts).flatmap(power_gains), factor=st.sampled_from([2.0**-40, 2.0**40]))
def test_the_strongest_is_the_strongest_in_any_unit(gain, factor):
    best = strongest_station(gain)
    assert best.shape == gain.shape[1:]
    np.testing.assert_array_equal(gain[best, np.arange(gain.shape[1])], gain.max(axis=0))
    assert strongest_station(factor * gain).tolist() == best.tolist()
    assert nearest_station(1.0 / gain).tolist() == best.tolist()


@law_of(strongest_station, nearest_station)
@pytest.mark.parametrize("wrong", [[1.0, 2.0], 1.0, np.zeros((0, 3)), [[1.0, np.nan]], [[1.0], [-1.0]]])
def test_who_is_nearest_is_asked_of_all_links(wrong):
    with refused("power_gain"):
        strongest_station(wrong)
    with refused("distance_m"):
        nearest_station(wrong)


@law_of(layout_from_csv)
@given(layout=layouts(), placed=st.booleans())
def test_a_layout_comes_back_from_its_file(layout, placed):
    rows = ["kind, x_m, y_m, height_m, indoor, cell"]
    rows += [f"station, {x!r}, {y!r}, {h!r}, 0," for x, y, h in layout.station_xyz_m.tolist()]
    for (x, y, h), indoor, cell in zip(
        layout.client_xyz_m.tolist(), layout.indoor.tolist(), layout.serving_cell.tolist(), strict=True
    ):
        rows.append(f"client, {x!r}, {y!r}, {h!r}, {indoor}, {cell if placed else ''}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layout.csv"
        path.write_text("\n".join(rows))
        read = layout_from_csv(path)
    for name in ("station_xyz_m", "client_xyz_m", "indoor", "serving_cell"):
        np.testing.assert_array_equal(getattr(read, name), getattr(layout, name))


@law_of(hexagonal_sites, reuse_groups)
@given(num_cells=st.integers(1, 60), radius_m=radii_m, shift=points(1))
def test_neighbours_are_root_three_radii_apart_and_share_no_part(num_cells, radius_m, shift):
    sites = hexagonal_sites(num_cells, radius_m=radius_m)
    assert sites.shape == (num_cells, 2)
    np.testing.assert_allclose(sites, radius_m * hexagonal_sites(num_cells, radius_m=1.0), rtol=1e-9)
    np.testing.assert_array_equal(hexagonal_sites(60, radius_m=radius_m)[:num_cells], sites)
    distance = np.hypot(*(sites[:, None] - sites).T) / radius_m
    apart = distance[~np.eye(num_cells, dtype=bool)]
    assert (apart > np.sqrt(3.0) - 1e-9).all()
    groups = reuse_groups(sites, radius_m=radius_m, reuse_factor=3)
    neighbours = (distance > 0.5) & (distance < 1.8)
    assert not (neighbours & (groups[:, None] == groups)).any()
    assert reuse_groups(sites, radius_m=radius_m, reuse_factor=1).tolist() == [0] * num_cells
    moved = reuse_groups(sites + radius_m * shift, radius_m=radius_m, reuse_factor=3)
    assert moved.tolist() == groups.tolist()


@law_of(hexagonal_wrap, hexagonal_sites)
@pytest.mark.parametrize("num_cells", CLUSTERS)
@given(radius_m=radii_m)
def test_images_of_a_cluster_are_new_cells(num_cells, radius_m):
    sites, wrap = (function(num_cells, radius_m=radius_m) for function in (hexagonal_sites, hexagonal_wrap))
    every = (sites[:, None] + wrap).reshape(-1, 2) / radius_m
    distance = np.hypot(*(every[:, None] - every).T)
    assert distance[~np.eye(len(every), dtype=bool)].min() > np.sqrt(3.0) - 1e-9
    np.testing.assert_allclose(wrap.sum(axis=0), 0.0, atol=1e-9 * radius_m)


@law_of(hexagonal_layout)
@given(
    num_cells=st.sampled_from(CLUSTERS),
    clients_per_cell=counts,
    radius_m=radii_m,
    share=st.floats(0.0, 0.99),
    wrap_around=st.booleans(),
    seed=seeds,
)
def test_clients_stand_in_their_hexagon(num_cells, clients_per_cell, radius_m, share, wrap_around, seed):
    inradius_m = radius_m * np.sqrt(3.0) / 2.0
    layout = hexagonal_layout(
        num_cells=num_cells,
        clients_per_cell=clients_per_cell,
        radius_m=radius_m,
        min_distance_m=share * inradius_m,
        wrap_around=wrap_around,
        rng=np.random.default_rng(seed),
    )
    assert layout.cell_sizes.tolist() == [clients_per_cell] * num_cells
    tolerance_m = 1e-9 * radius_m
    offset = layout.client_xy_m - layout.station_xy_m[layout.serving_cell]
    assert (np.hypot(*offset.T) >= share * inradius_m - tolerance_m).all()
    sides = np.deg2rad(60.0 * np.arange(6))
    assert (offset @ np.stack([np.cos(sides), np.sin(sides)]) <= inradius_m + tolerance_m).all()
    assert (layout.distance_2d_m <= layout.link_distance_2d_m.min(axis=0) + tolerance_m).all()


@law_of(disc_layout)
@given(num_clients=counts, radius_m=radii_m, share=st.floats(0.0, 0.999), seed=seeds)
def test_clients_stand_in_their_ring(num_clients, radius_m, share, seed):
    def drawn(unit_m):
        return disc_layout(
            num_clients=num_clients,
            radius_m=unit_m,
            min_distance_m=share * unit_m,
            rng=np.random.default_rng(seed),
        ).client_xy_m

    distance = np.hypot(*drawn(radius_m).T) / radius_m
    assert distance.shape == (num_clients,)
    assert ((distance >= share - 1e-9) & (distance <= 1.0 + 1e-9)).all()
    np.testing.assert_allclose(drawn(radius_m), radius_m * drawn(1.0), rtol=1e-6, atol=1e-9 * radius_m)


@law_of(hall_layout)
@given(
    num_clients=counts,
    along=counts,
    across=counts,
    length_m=decades(1.0, 1e4),
    width_m=decades(1.0, 1e4),
    share=st.floats(0.0, 1.0),
    rng=rngs,
)
def test_clients_stand_in_their_hall(num_clients, along, across, length_m, width_m, share, rng):
    min_distance_m = share * 0.5 * min(length_m / along, width_m / across)
    layout = hall_layout(
        num_clients=num_clients,
        stations_along=along,
        stations_across=across,
        length_m=length_m,
        width_m=width_m,
        min_distance_m=min_distance_m,
        rng=rng,
    )
    assert (layout.num_cells, layout.num_clients) == (along * across, num_clients)
    half = np.array([length_m, width_m]) / 2.0 * (1.0 + 1e-12)
    assert (np.abs(layout.client_xy_m) <= half).all()
    assert (np.abs(layout.station_xy_m) < half).all()
    assert (layout.distance_2d_m >= min_distance_m * (1.0 - 1e-12)).all()
    np.testing.assert_allclose(layout.station_xy_m.sum(axis=0), 0.0, atol=1e-9 * (length_m + width_m) * along * across)


@law_of(poisson_layout)
@given(width_m=decades(1.0, 1e6), stations=decades(1e-2, 20.0), clients=decades(1e-2, 50.0), wrap=st.booleans(), seed=seeds)
def test_points_are_scattered_over_the_square_whatever_its_size(width_m, stations, clients, wrap, seed):
    def drawn(width_m):
        area_km2 = (width_m / 1e3) ** 2
        return poisson_layout(
            stations_per_km2=stations / area_km2,
            clients_per_km2=clients / area_km2,
            width_m=width_m,
            wrap_around=wrap,
            rng=np.random.default_rng(seed),
        )

    layout, unit = drawn(width_m), drawn(1e3)
    assert layout.num_cells >= 1 <= layout.num_clients
    assert (np.abs(layout.client_xy_m) <= 0.5 * width_m).all()
    assert (layout.distance_2d_m <= width_m * np.sqrt(0.5 if wrap else 2.0) * (1.0 + 1e-9)).all()
    assume(unit.num_cells == layout.num_cells)  # rounding of a density may change a number
    np.testing.assert_allclose(layout.station_xy_m, unit.station_xy_m * width_m / 1e3, rtol=1e-9)


@law_of(poisson_layout)
@given(share=st.floats(0.01, 0.3), rng=rngs)
def test_a_minimum_distance_holds_or_is_refused(share, rng):
    arguments = {"stations_per_km2": 5.0, "clients_per_km2": 30.0, "width_m": 1e3}
    try:
        layout = poisson_layout(**arguments, min_distance_m=1e3 * share, rng=rng)
    except ValueError as error:
        assert str(error).startswith("min_distance_m")  # noqa: PT017
    else:
        assert layout.distance_2d_m.min() >= 1e3 * share


@law_of(unplaced_layout)
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_cells_have_the_sizes_asked_for(sizes):
    layout = unplaced_layout(sizes)
    assert layout.cell_sizes.tolist() == sizes
    assert (layout.serving_cell[1:] >= layout.serving_cell[:-1]).all()
    for wrong in ([], [*sizes, 0], [*sizes, 1.5], sizes[0], [*sizes, np.nan]):
        with refused("cell_sizes"):
            unplaced_layout(wrong)


@law_of(without_idle_stations)
@given(layout=layouts(cells=st.integers(2, 6)), rng=rngs)
def test_stations_without_clients_leave_and_nothing_else_changes(layout, rng):
    assume((layout.link_distance_2d_m > 0.0).all())
    links = FreeSpace().draw(layout, carrier_hz=1e9, rng=rng)
    busy, busy_links, kept = without_idle_stations(layout, links)
    assert (busy.cell_sizes > 0).all()
    assert kept[busy.serving_cell].tolist() == layout.serving_cell.tolist()
    np.testing.assert_array_equal(busy.distance_2d_m, layout.distance_2d_m)
    np.testing.assert_array_equal(busy_links.power_gain, links.power_gain[kept])
    again, _, every = without_idle_stations(busy, busy_links)
    assert every.tolist() == list(range(again.num_cells)) == list(range(busy.num_cells))


@law_of(draw_indoor)
@given(num_clients=st.integers(1, 50), share=st.floats(0.0, 1.0), more=st.floats(0.0, 1.0), seed=seeds)
def test_more_are_indoors_where_the_share_is_larger(num_clients, share, more, seed):
    def drawn(share):
        return draw_indoor(num_clients, indoor_share=share, rng=np.random.default_rng(seed))

    few, many = drawn(share), drawn(share + more * (1.0 - share))
    assert few.shape == (num_clients,)
    assert not (few & ~many).any()
    assert not drawn(0.0).any()
    assert drawn(1.0).all()


@law_of(floor_height_m)
@given(indoor=counts.flatmap(lambda number: arrays(bool, number)), outdoor_m=decades(0.1, 100.0), seed=seeds)
def test_floors_are_three_metres_apart(indoor, outdoor_m, seed):
    height_m = floor_height_m(indoor, outdoor_height_m=outdoor_m, rng=np.random.default_rng(seed))
    assert (height_m[~indoor] == outdoor_m).all()
    floor = (height_m[indoor] - 1.5) / 3.0
    assert set(floor.tolist()) <= set(map(float, range(8)))
    np.testing.assert_array_equal(floor_height_m(indoor, outdoor_height_m=outdoor_m, rng=np.random.default_rng(seed)), height_m)
