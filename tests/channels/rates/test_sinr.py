import numpy as np
import pytest

from channels import hexagonal_sites
from channels.rates.sinr import downlink_sinr, reuse_groups, uplink_sinr

RADIUS_M = 250.0


def instance(seed, *, num_cells=7, num_clients=20, batch=()):
    """Random gains over many decades, powers and activities; the last cell has no clients."""
    rng = np.random.default_rng(seed)
    return {
        "power_gain": 10.0 ** rng.uniform(-12.0, -7.0, (*batch, num_cells, num_clients)),
        "serving_cell": rng.integers(num_cells - 1, size=num_clients),
        "station_power_w": rng.uniform(1.0, 20.0, num_cells),
        "client_power_w": rng.uniform(0.01, 0.2, num_clients),
        "noise_power_w": 1e-12,
        "activity": rng.uniform(0.0, 1.0, num_cells),
        "group": reuse_groups(hexagonal_sites(num_cells, radius_m=RADIUS_M), radius_m=RADIUS_M, reuse_factor=3),
    }


def downlink(case):
    return downlink_sinr(**{name: value for name, value in case.items() if name != "client_power_w"})


def uplink(case):
    return uplink_sinr(**{name: value for name, value in case.items() if name != "station_power_w"})


BOTH = pytest.mark.parametrize("sinr", [downlink, uplink])


@pytest.mark.parametrize("num_cells", [1, 7, 19, 61])
def test_neighbours_are_in_different_groups(num_cells):
    sites = hexagonal_sites(num_cells, radius_m=RADIUS_M) + np.array([1234.5, -678.9])
    group = reuse_groups(sites, radius_m=RADIUS_M, reuse_factor=3)
    distance = np.linalg.norm(sites[:, np.newaxis] - sites, axis=-1)
    neighbours = np.isclose(distance, np.sqrt(3.0) * RADIUS_M)
    assert neighbours.any() == (num_cells > 1)
    assert (group[:, np.newaxis] != group)[neighbours].all()
    same = (group[:, np.newaxis] == group) & (distance > 0.0)
    assert (distance[same] > 2.999 * RADIUS_M).all()  # co-channel cells are 3 radii apart
    if num_cells > 1:
        assert set(group) == {0, 1, 2}


def test_reuse_one_is_one_group_anywhere():
    np.testing.assert_array_equal(reuse_groups([[0.0, 0.0], [1.0, 2.0]], radius_m=1.0, reuse_factor=1), [0, 0])


def test_reuse_errors():
    sites = hexagonal_sites(7, radius_m=RADIUS_M)
    with pytest.raises(ValueError, match="reuse_factor: got 4; allowed is 1 or 3"):
        reuse_groups(sites, radius_m=RADIUS_M, reuse_factor=4)
    with pytest.raises(ValueError, match="station_xy_m: station 1 is not on the hexagonal lattice .* radius_m 251"):
        reuse_groups(sites, radius_m=RADIUS_M + 1.0, reuse_factor=3)
    sites[4, 1] += 0.1
    with pytest.raises(ValueError, match="station_xy_m: station 4 is not on the hexagonal lattice"):
        reuse_groups(sites, radius_m=RADIUS_M, reuse_factor=3)
    with pytest.raises(ValueError, match=r"station_xy_m: got shape \(2,\)"):
        reuse_groups([0.0, 0.0], radius_m=RADIUS_M, reuse_factor=1)


def test_two_stations_by_hand():
    gain = np.array([[10.0, 4.0, 1.0], [2.0, 3.0, 12.0]])
    serving = np.array([0, 0, 1])
    down = downlink_sinr(
        gain, serving_cell=serving, station_power_w=[2.0, 1.0], noise_power_w=3.0, activity=np.array([1.0, 0.5])
    )
    np.testing.assert_allclose(down, [20.0 / (3.0 + 1.0), 8.0 / (3.0 + 1.5), 12.0 / (3.0 + 2.0)], rtol=1e-14)
    up = uplink_sinr(
        gain, serving_cell=serving, client_power_w=[1.0, 2.0, 4.0], noise_power_w=3.0, activity=np.array([1.0, 0.5])
    )
    at_first, at_second = 0.5 * 4.0 * 1.0, (1.0 * 2.0 + 2.0 * 3.0) / 2.0
    np.testing.assert_allclose(up, [10.0 / (3.0 + at_first), 8.0 / (3.0 + at_first), 48.0 / (3.0 + at_second)], rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_against_loops(seed):
    case = instance(seed, batch=(2,))
    gain, serving, group, activity = (case[name] for name in ("power_gain", "serving_cell", "group", "activity"))
    num_cells, num_clients = gain.shape[-2:]
    down, up = np.empty((2, num_clients)), np.empty((2, num_clients))
    for b in range(2):
        for k in range(num_clients):
            s = serving[k]
            at_client = at_station = case["noise_power_w"]
            for j in range(num_cells):
                if j == s or group[j] != group[s]:
                    continue
                at_client += activity[j] * case["station_power_w"][j] * gain[b, j, k]
                turns = [case["client_power_w"][i] * gain[b, s, i] for i in range(num_clients) if serving[i] == j]
                if turns:
                    at_station += activity[j] * sum(turns) / len(turns)
            down[b, k] = case["station_power_w"][s] * gain[b, s, k] / at_client
            up[b, k] = case["client_power_w"][k] * gain[b, s, k] / at_station
    np.testing.assert_allclose(downlink(case), down, rtol=1e-12)
    np.testing.assert_allclose(uplink(case), up, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("quiet", [{"activity": 0.0}, {"group": np.arange(7)}])
def test_without_interference_it_is_the_snr(sinr, quiet):
    case = instance(1) | quiet
    power = case["station_power_w"][case["serving_cell"]] if sinr is downlink else case["client_power_w"]
    gain = case["power_gain"][case["serving_cell"], np.arange(20)]
    np.testing.assert_allclose(sinr(case), power * gain / case["noise_power_w"], rtol=1e-13)


@BOTH
def test_reuse_never_lowers_and_activity_never_raises(sinr):
    case = instance(2, batch=(50,))
    reuse_3, reuse_1 = sinr(case), sinr(case | {"group": None})
    assert (reuse_3 >= reuse_1).all()
    assert (reuse_3 > reuse_1).any()
    assert (sinr(case | {"activity": 1.0}) <= reuse_3).all()


@BOTH
def test_units_scale(sinr):
    case = instance(3)
    scaled = case | {"power_gain": 1e9 * case["power_gain"], "noise_power_w": 1e9 * case["noise_power_w"]}
    np.testing.assert_allclose(sinr(scaled), sinr(case), rtol=1e-12)
    powers = {name: 1e3 * case[name] for name in ("station_power_w", "client_power_w", "noise_power_w")}
    np.testing.assert_allclose(sinr(case | powers), sinr(case), rtol=1e-12)


@BOTH
def test_clients_permute(sinr):
    case = instance(4)
    order = np.random.default_rng(0).permutation(20)
    permuted = case | {
        "power_gain": case["power_gain"][:, order],
        "serving_cell": case["serving_cell"][order],
        "client_power_w": case["client_power_w"][order],
    }
    np.testing.assert_allclose(sinr(permuted), sinr(case)[order], rtol=1e-12)


@BOTH
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"power_gain": np.ones(3)},
            r"power_gain: got shape \(3,\); needed is \(\.\.\., number of stations, number of clients\)",
        ),
        ({"power_gain": -np.ones((7, 20))}, "power_gain: got -1"),
        ({"serving_cell": np.full(20, 7)}, "serving_cell: got 7 at index .* >= 0 and <= 6"),
        ({"serving_cell": np.zeros(3, dtype=int)}, r"serving_cell: got shape \(3,\)"),
        ({"noise_power_w": 0.0}, "noise_power_w: got 0; allowed is a finite number > 0"),
        ({"activity": 1.5}, "activity: got 1.5; allowed is a finite number >= 0 and <= 1"),
        ({"group": np.zeros(3)}, r"group: got shape \(3,\); needed is a number or shape \(7,\)"),
    ],
)
def test_errors_name_the_argument(sinr, wrong, message):
    with pytest.raises(ValueError, match=message):
        sinr(instance(5) | wrong)
