"""A small network and task that several tests use, which tests need an extra, and how hard the laws are tried."""

import importlib.util
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from channels import (
    Devices,
    Network,
    Rayleigh,
    UrbanMacro,
    draw_cpu_hz,
    hexagonal_layout,
    thermal_noise_psd_w_per_hz,
)
from fl_models import MLP, FederatedTask, digits, two_level_dirichlet_split

NEEDS = {
    "dask": ("distributed",),
    "docs": ("mkdocs", "mkdocstrings", "material", "nbconvert", "selenium", "chromium", "chromedriver"),
    "notebooks": ("jupyterlab", "ipywidgets", "ipykernel", "selenium", "chromium", "chromedriver"),
    "ray": ("ray",),
    "sionna": ("sionna",),
}
"""Modules and programs that the tests of an extra need, by its marker."""
PROGRAMS = ("chromium", "chromedriver")
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
]

TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", TIMELESS, max_examples=25, derandomize=True)
settings.register_profile("thorough", TIMELESS, max_examples=300, print_blob=True)
settings.load_profile("everyday")  # `--hypothesis-profile thorough` loads the other one after this


def pytest_addoption(parser):
    for extra in NEEDS:
        help_text = f"fail, rather than skip, tests of the extra `{extra}`"
        parser.addoption(f"--require-{extra}", action="store_true", help=help_text)


def pytest_collection_modifyitems(config, items):
    """An extra's tests are skipped where it is not installed, unless it must be."""
    for extra, needs in NEEDS.items():
        missing = [name for name in needs if (shutil.which if name in PROGRAMS else importlib.util.find_spec)(name) is None]
        if missing and not config.getoption(f"--require-{extra}"):
            skip = pytest.mark.skip(reason=f"{missing[0]} is not installed: pip install -e '.[{extra}]'")
            for item in items:
                if item.get_closest_marker(extra):
                    item.add_marker(skip)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium without a window and without a past, which keeps what its console says and what it asks for."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in (*CHROMIUM, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def make_network():
    """A function from numbers of cells and clients to a network."""

    def make(num_cells, clients_per_cell):
        rng = np.random.default_rng(0)
        layout = hexagonal_layout(
            num_cells=num_cells, clients_per_cell=clients_per_cell, radius_m=250.0, min_distance_m=35.0, rng=rng
        )
        return Network(
            layout=layout,
            large_scale=UrbanMacro().draw(layout, carrier_hz=3.5e9, rng=rng),
            fading=Rayleigh(),
            bandwidth_hz=10e6,
            load=0.0,
            noise_psd_w_per_hz=thermal_noise_psd_w_per_hz(noise_figure_db=7.0),
            client_power_w=0.2,
            station_power_w=40.0,
            devices=Devices(cpu_hz=draw_cpu_hz(layout.num_clients, min_cpu_hz=1e8, max_cpu_hz=8e8, rng=rng)),
            backhaul_rate_bps=1e8,
            backhaul_delay_s=0.01,
        )

    return make


@pytest.fixture(scope="session")
def make_task():
    """A function from a network to digits split over its clients, with an MLP of 12 hidden neurons."""

    def make(network, num_hidden=12):
        rng = np.random.default_rng(1)
        train, test = digits(test_fraction=0.2, rng=rng)
        parts = two_level_dirichlet_split(
            train.labels,
            serving_cell=network.layout.serving_cell,
            cell_concentration=1.0,
            client_concentration=1.0,
            rng=rng,
        )
        return FederatedTask(
            model=MLP(num_inputs=64, num_hidden=num_hidden, num_classes=10),
            train=train,
            test=test,
            client_samples=tuple(parts),
            serving_cell=network.layout.serving_cell,
        )

    return make
