"""Every algorithm that a scenario can name: what it becomes, and that it runs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import airfed
from fl_models import (
    DZOPA,
    HIST,
    MTGC,
    SCAFFOLD,
    ZONES,
    FedDyn,
    FedProx,
    FedZO,
    HierarchicalFedAvg,
    Schedule,
    SeedSharedFedZO,
    ServerAdam,
    ServerMomentum,
    WithServerOptimizer,
)

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=5, step_size=0.02)
OFDMA = 'uplink = { kind = "ofdma" }'
ONE_CELL = {"network": "num_cells = 1\nclients_per_cell = 4\ncell_load = 0.0"}

ALGORITHMS = {
    'kind = "hierarchical_fedavg"': HierarchicalFedAvg(schedule=SCHEDULE),
    'kind = "hist", partition = { kind = "given", neurons = [9, 3] }': HIST(schedule=SCHEDULE, neurons=(9, 3)),
    'kind = "mtgc"': MTGC(schedule=SCHEDULE),
    'kind = "mtgc", client_correction = false, initial_gradients = true': MTGC(
        schedule=SCHEDULE, client_correction=False, initial_gradients=True
    ),
    'kind = "mtgc", cell_correction = false': MTGC(schedule=SCHEDULE, cell_correction=False),
    'kind = "fedprox", proximal_weight = 0.3': FedProx(schedule=SCHEDULE, proximal_weight=0.3),
    'kind = "feddyn", regularization = 0.2, within_cells = true': FedDyn(
        schedule=SCHEDULE, regularization=0.2, within_cells=True
    ),
    'kind = "scaffold"': SCAFFOLD(schedule=SCHEDULE),
    'kind = "fedzo", directions = 7, smoothing = 0.01, whole = true': FedZO(
        schedule=SCHEDULE, directions=7, smoothing=0.01, whole=True
    ),
    'kind = "seed_shared_fedzo", directions = 7': SeedSharedFedZO(schedule=SCHEDULE, directions=7),
}
IN_ONE_CELL = {
    'kind = "dzopa", consensus_rate = 0.4, dual_rate = 0.1': DZOPA(schedule=SCHEDULE, consensus_rate=0.4, dual_rate=0.1),
    'kind = "zone_s", directions = 5': ZONES(schedule=SCHEDULE, directions=5),
}


@pytest.mark.parametrize(
    ("tables", "text", "algorithm"),
    [({}, text, algorithm) for text, algorithm in ALGORITHMS.items()]
    + [(ONE_CELL, text, algorithm) for text, algorithm in IN_ONE_CELL.items()],
    ids=[*ALGORITHMS, *IN_ONE_CELL],
)
def test_algorithms_are_those_of_python_and_run(tiny, tables, text, algorithm):
    scenario = tiny(tables, f"algorithm = {{ {text} }}\n{OFDMA}")
    [training] = airfed.Experiment.prepare(scenario).trainings
    assert training.algorithm == algorithm
    [history] = airfed.run(scenario, progress=False).histories
    assert len(history.records) == 3
    assert history.records[-1].test_loss < history.records[0].test_loss


def test_keys_have_the_names_and_defaults_of_python(tiny):
    """But for the shares of HIST, which are solved for, and what has no default there."""
    for text in [*ALGORITHMS, *IN_ONE_CELL]:
        kind = text.split('"')[1]
        tables = ONE_CELL if kind in ("dzopa", "zone_s") else {}
        scenario = tiny(tables, f'algorithm = {{ kind = "{kind}" }}\n{OFDMA}')
        [training] = airfed.Experiment.prepare(scenario).trainings
        fields = {field.name: field for field in dataclasses.fields(training.algorithm)}
        for key, value in scenario.schemes[0].algorithm.model_dump(exclude={"kind", "partition"}).items():
            assert getattr(training.algorithm, key) == value
            assert fields[key].default in (value, dataclasses.MISSING), key


def frames(scenario):
    """The history of each scheme, without its name."""
    return [history.to_frame().drop(columns="scheme") for history in airfed.run(scenario, progress=False).histories]


@pytest.mark.parametrize(
    "same",
    [
        'algorithm = { kind = "mtgc", client_correction = false, cell_correction = false }',
        'algorithm = { kind = "fedprox", proximal_weight = 0.0 }',
        'algorithm = { kind = "hierarchical_fedavg" }\nserver_optimizer = { kind = "momentum", momentum = 0.0 }',
    ],
)
def test_what_comes_to_hierarchical_fedavg_is_it_to_the_bit(tiny, same):
    plain, other = frames(tiny({}, f'algorithm = {{ kind = "hierarchical_fedavg" }}\n{OFDMA}', f"{same}\n{OFDMA}"))
    pd.testing.assert_frame_equal(plain, other)


@pytest.mark.parametrize("algorithm", ["hierarchical_fedavg", "hist", "mtgc", "fedzo"])
@pytest.mark.parametrize(
    ("text", "optimizer"),
    [
        ('kind = "momentum", momentum = 0.5, step_size = 0.8', ServerMomentum(momentum=0.5, step_size=0.8)),
        (
            'kind = "adam", step_size = 0.02, momentum = 0.8, square_momentum = 0.9, adaptivity = 0.01',
            ServerAdam(step_size=0.02, momentum=0.8, square_momentum=0.9, adaptivity=0.01),
        ),
    ],
)
def test_a_server_optimizer_goes_around_any_algorithm(tiny, algorithm, text, optimizer):
    plain = f'algorithm = {{ kind = "{algorithm}" }}\n{OFDMA}'
    scenario = tiny({}, plain, f"{plain}\nserver_optimizer = {{ {text} }}")
    inner, outer = (training.algorithm for training in airfed.Experiment.prepare(scenario).trainings)
    assert outer == WithServerOptimizer(algorithm=inner, optimizer=optimizer)
    as_it_is, stepped = frames(scenario)
    assert np.isfinite(stepped["test_loss"]).all()
    assert stepped["test_loss"].iloc[-1] != as_it_is["test_loss"].iloc[-1]


def test_a_factor_is_the_same_as_another_step_size(tiny):
    fedavg = f'algorithm = {{ kind = "hierarchical_fedavg" }}\n{OFDMA}'
    decay = {"learning.step_size_decay": 'kind = "inverse"\nhalf_life_rounds = 2.0'}
    for tables in ({}, decay):
        _, tripled = frames(tiny(tables, fedavg, f"{fedavg}\nstep_size_factor = 3.0"))
        learning = "rounds = 2\nedge_rounds = 2\nlocal_steps = 2\nbatch_size = 5\nstep_size = 0.06"
        [larger] = frames(tiny({"learning": learning} | tables, fedavg))
        pd.testing.assert_frame_equal(tripled, larger, rtol=1e-6)


def test_seed_shared_clients_send_numbers_of_the_loss(tiny):
    """b₂H numbers an edge round instead of the model: 20·2 for d = 910."""
    models, numbers = frames(
        tiny({}, *(f'algorithm = {{ kind = "{kind}" }}\n{OFDMA}' for kind in ("fedzo", "seed_shared_fedzo")))
    )
    ratio = numbers["uplink_bits"].iloc[-1] / models["uplink_bits"].iloc[-1]
    assert ratio == pytest.approx(40 / 910)


@pytest.mark.parametrize("kind", ["fedzo", "mtgc"])
def test_over_the_air(tiny, kind):
    [air] = frames(tiny({}, f'algorithm = {{ kind = "{kind}" }}\nuplink = {{ kind = "aircomp" }}'))
    assert air["test_loss"].iloc[-1] < air["test_loss"].iloc[0]


@pytest.mark.parametrize("model", ["hidden = [16, 8, 12]", 'kind = "cnn"\nhidden = [8, 6, 9]'])
def test_hist_deals_out_every_second_layer(tiny, model):
    """Whatever chooses the shares, cells have disjoint parts that cover the layers that are dealt out."""
    schemes = [
        f'algorithm = {{ kind = "hist", partition = {{ kind = "{kind}" }} }}\n{OFDMA}'
        for kind in ("equal", "round_latency", "training_latency")
    ]
    scenario = tiny({"learning.model": model}, *schemes)
    for training in airfed.Experiment.prepare(scenario).trainings:
        whole = training.task.model
        parts = [part.partition_sizes for part in training.cell_models]
        np.testing.assert_array_equal(np.sum(parts, axis=0), whole.partition_sizes)
        undealt = [getattr(model, "head", model).hidden_sizes[1] for model in (*training.cell_models, whole)]
        assert len(set(undealt)) == 1
    assert all(np.isfinite(frame["test_loss"]).all() for frame in frames(scenario))
