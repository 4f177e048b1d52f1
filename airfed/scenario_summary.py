"""What a scenario is and how large, in words."""

from __future__ import annotations

import numpy as np

from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.scenario_schema import resolved
from channels import Network, linear_to_db
from channels.arrays import IntArray
from channels.sionna_backend import MissingExtra
from fl_models import FederatedTask, Streams


def summary(scenario: Scenario) -> list[str]:
    """A few lines on network, task, training and schemes, from what is drawn for the scenario's seed.

    Raises:
        ScenarioError: if the scenario cannot be met.
    """
    streams = Streams(seed=scenario.seed)
    try:
        network = scenario.network.build(streams)
        task = scenario.learning.build(network.layout, streams)
    except (ValueError, MissingExtra, OSError) as error:
        raise ScenarioError(f"scenario {scenario.name!r} cannot be met: {error}") from error
    except MemoryError as error:
        raise ScenarioError(f"scenario {scenario.name!r} needs more memory than there is: {error}") from error
    return [*_network(scenario, network), *_learning(scenario, task), *_schemes(scenario)]


def _network(scenario: Scenario, network: Network) -> list[str]:
    sizes, snr_db = network.layout.cell_sizes, linear_to_db(network.mean_snr)
    low, middle, high = np.round(np.quantile(snr_db, [0.0, 0.5, 1.0]), 1) + 0.0  # which is no -0
    told = f"{low} dB" if low == high else f"{low} to {high} dB, median {middle}"
    drawn = [getattr(scenario.network, key).kind for key in ("propagation", "fading") if hasattr(scenario.network, key)]
    return [
        f"network: {_counted(network.num_clients, 'client')} in {_counted(network.num_cells, 'cell')}, {_span(sizes)} each; "
        f"{_meaning('network', scenario.network.kind)}",
        f"channels: {', '.join(drawn)}; mean SNR in the uplink {told}",
    ]


def _learning(scenario: Scenario, task: FederatedTask) -> list[str]:
    learning = scenario.learning
    samples = np.array([len(part) for part in task.client_samples])
    return [
        f"learning: {type(task.model).__name__} of {_counted(task.model.num_parameters, 'parameter')}; "
        f"{_span(samples)} samples a client, {_counted(len(task.test.x), 'sample')} to test on",
        f"training: {_counted(learning.rounds, 'round')} of {_counted(learning.edge_rounds, 'edge round')} of "
        f"{_counted(learning.local_steps, 'local step')}, batches of {learning.batch_size}",
    ]


def _schemes(scenario: Scenario) -> list[str]:
    lines = [f"  {scheme.name}: {scheme.algorithm.kind} over {scheme.uplink.kind}" for scheme in scenario.schemes]
    return [f"{_counted(len(scenario.schemes), 'scheme')}, compared at {100 * scenario.target_accuracy:g} %:", *lines]


def _meaning(key: str, kind: str) -> str:
    """What a kind of a table is, as the schema says it."""
    schema = Scenario.model_json_schema()
    node = schema["properties"][key]
    return str(resolved({"$ref": node["discriminator"]["mapping"][kind]}, schema)["description"])


def _span(numbers: IntArray) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
