"""Scenario files: read and checked, and, where the network is small, drawn as `airfed scenario check` does."""

from __future__ import annotations

import random
from pathlib import Path

from airfed import Scenario, ScenarioError
from airfed.named_scenarios import scenario_names, scenario_text
from airfed.scenario_html import scenario_html
from airfed.scenario_summary import summary
from airfed.specs.real_data_spec import ImageFilesSpec, OpenMLSpec
from airfed.specs.task_spec import BlackBoxAttackSpec, TuningSpec
from fuzzing import toml_documents
from fuzzing.target import Target

SEEDS = tuple(scenario_text(name).encode() for name in scenario_names() if name != "default")
MAX_CHECKED = 4_000_000
"""Values: a fraction of a second."""


def read(data: bytes, folder: Path) -> None:
    path = folder / "scenario.toml"
    path.write_bytes(data)
    scenario = Scenario.load(path)
    if len(data) % 8 == 0:  # these take longer than all else
        assert Scenario.from_toml(scenario.to_toml()) == scenario
        assert scenario_html(scenario)


def check(data: bytes, folder: Path) -> None:
    path = folder / "scenario.toml"
    path.write_bytes(data)
    scenario = Scenario.load(path)
    if is_small(scenario):
        assert all(line.splitlines() == [line] for line in summary(scenario))


def is_small(scenario: Scenario) -> bool:
    """Whether drawing it takes a fraction of a second, and needs neither files nor an extra."""
    network, learning = scenario.network, scenario.learning
    stations, clients = network.total_stations, network.total_clients
    if network.kind == "poisson":
        square_km2 = (network.width_m / 1e3) ** 2
        stations, clients = network.stations_per_km2 * square_km2, network.clients_per_km2 * square_km2
    if stations is None or clients is None or network.kind == "ray_traced_city" or network.fading.kind.startswith("sionna"):
        return False
    data = learning.data
    if isinstance(data, (ImageFilesSpec, OpenMLSpec)):
        return False
    samples = data.num_train or clients * (500 if data.client_sizes == "published" else data.client_sizes)
    if isinstance(learning.task, BlackBoxAttackSpec):
        samples *= 1 + learning.task.victim_steps * learning.task.victim_batch_size // 1000
    if isinstance(learning.task, TuningSpec):
        samples *= learning.task.inner_steps
    parameters = learning.model.build(data.shape).num_parameters
    sizes = (
        10 * stations * clients,
        samples * data.shape.num_inputs,
        parameters,
        1000 * network.num_antennas**2,
        1000 * clients,
    )
    return max(sizes) <= MAX_CHECKED


def mutated_allowed(data: bytes, rng: random.Random) -> bytes:
    """Mostly documents with nothing in them that is refused at once."""
    return toml_documents.allowed_document(rng) if rng.random() < 0.8 else toml_documents.mutated(data, rng)


READ = Target(
    name="scenario files",
    seeds=SEEDS,
    mutated=toml_documents.mutated,
    read=read,
    refusals=(ScenarioError,),
    num_inputs=600,
)
CHECK = Target(
    name="scenario check",
    seeds=SEEDS,
    mutated=mutated_allowed,
    read=check,
    refusals=(ScenarioError,),
    num_inputs=100,
)
