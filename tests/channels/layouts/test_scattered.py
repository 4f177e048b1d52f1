import numpy as np
import pytest
from scipy import stats

from channels import disc_layout, poisson_layout


def test_disc_is_uniform_between_its_radii():
    layout = disc_layout(num_clients=20_000, radius_m=100.0, min_distance_m=20.0, rng=np.random.default_rng(0))
    share = (layout.distance_2d_m**2 - 20.0**2) / (100.0**2 - 20.0**2)
    assert stats.kstest(share, "uniform").pvalue > 1e-3
    angle = np.arctan2(*layout.client_xy_m.T) / (2 * np.pi) % 1.0
    assert stats.kstest(angle, "uniform").pvalue > 1e-3


def test_poisson_numbers_and_distances():
    """Counts have mean and variance λA; without edges the nearest station is at P(D > d) = e^(-λ π d²)."""
    stations, clients, distances = [], [], []
    for seed in range(400):
        layout = poisson_layout(
            stations_per_km2=20.0, clients_per_km2=50.0, width_m=1000.0, wrap_around=True, rng=np.random.default_rng(seed)
        )
        stations.append(layout.num_cells)
        clients.append(layout.num_clients)
        distances.append(layout.distance_2d_m[0])  # one a draw, so that they are independent
    for counts, mean in ((np.array(stations), 20.0), (np.array(clients), 50.0)):
        assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / len(counts))
        assert abs(counts.var() / mean - 1.0) < 4 * np.sqrt(2.0 / len(counts))
    assert stats.kstest(1.0 - np.exp(-20e-6 * np.pi * np.array(distances) ** 2), "uniform").pvalue > 1e-3


def test_minimum_distance_takes_clients_away():
    args = {"stations_per_km2": 10.0, "clients_per_km2": 200.0, "width_m": 1000.0}
    everybody = poisson_layout(**args, rng=np.random.default_rng(1))
    far = poisson_layout(**args, min_distance_m=50.0, rng=np.random.default_rng(1))
    assert far.distance_2d_m.min() >= 50.0
    assert far.num_clients == np.sum(everybody.distance_2d_m >= 50.0)


def test_bad_values_say_what_is_wrong():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="num_clients: got 0"):
        disc_layout(num_clients=0, radius_m=1.0, rng=rng)
    with pytest.raises(ValueError, match="min_distance_m: got 2"):
        disc_layout(num_clients=1, radius_m=1.0, min_distance_m=2.0, rng=rng)
    with pytest.raises(ValueError, match="clients_per_km2: got 1e"):
        poisson_layout(stations_per_km2=1.0, clients_per_km2=1e12, width_m=1000.0, rng=rng)
    with pytest.raises(ValueError, match="min_distance_m: got 100000; all"):
        poisson_layout(stations_per_km2=10.0, clients_per_km2=10.0, width_m=1000.0, min_distance_m=1e5, rng=rng)
