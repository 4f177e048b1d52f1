"""HIST's partitions in a scenario: as the solvers in Python have them."""

import dataclasses

import numpy as np
import pytest

import airfed
from airfed.specs.pilot_partition_spec import PilotPartitionSpec
from airfed.specs.planning import Planning
from fl_models import AdaptiveHIST, FixedPrice, Stream, Streams, VirtualQueue, partition_rounds
from latency_opt import (
    FadingPartitionProblem,
    best_fixed_price,
    hist_training_bound,
    largest_step_size,
    minimize_round_latency,
    minimize_training_latency,
    one_shot_partition,
    whole_neurons,
)


def scenario(partition, *, step_size=0.02, rounds=2, model="hidden = 60", uplink="ofdma"):
    return airfed.Scenario.from_toml(
        f"""
        [network]
        num_cells = 2
        clients_per_cell = 4
        cell_load = [0.0, 0.5]
        [learning]
        rounds = {rounds}
        edge_rounds = 2
        local_steps = 2
        step_size = {step_size}
        [learning.model]
        {model}
        [[schemes]]
        name = "hist"
        algorithm = {{ kind = "hist", partition = {partition} }}
        uplink = "{uplink}"
        """
    )


def prepared(partition, **options):
    """The training, and what it was planned with."""
    one = scenario(partition, **options)
    assert airfed.Scenario.from_toml(one.to_toml()) == one
    experiment = airfed.Experiment.prepare(one)
    [training] = experiment.trainings
    planning = Planning(
        task=experiment.task,
        network=experiment.network,
        aggregator=training.aggregator,
        clock=training.clock,
        schedule=training.algorithm.schedule,
        streams=Streams(seed=0),
    )
    return training, planning


def test_pilot_is_the_optimum_for_the_bound_with_measured_constants():
    training, planning = prepared('{ kind = "pilot", target = 3.0 }', step_size=1e-4)
    spec = PilotPartitionSpec(target=3.0)
    found = spec.constants(planning)
    schedule = {"step_size": 1e-4, "edge_rounds": 2, "local_steps": 2}
    bound = hist_training_bound(found.constants, target=1e12, clients_per_cell=[4, 4], mean_square_norm=0.0, **schedule)
    assert spec.imbalance_price(planning) == pytest.approx(bound.imbalance_price / 3.0)
    problem = planning.median_round
    best = minimize_training_latency(problem, bound=dataclasses.replace(bound, target=3.0))
    neurons = whole_neurons(best.fraction, num_neurons=60, fixed_latency_s=problem.fixed_latency_s, slope_s=problem.slope_s)
    assert training.algorithm.neurons == tuple(neurons.tolist())


def test_pilot_takes_long_steps_for_the_longest_that_the_bound_admits():
    _, planning = prepared('{ kind = "pilot", num_rounds = 1, num_iterations = 3, radius = 0.5 }', step_size=0.05)
    spec = PilotPartitionSpec(num_rounds=1, num_iterations=3, radius=0.5)
    found = spec.constants(planning)
    assert len(found.loss) == 2
    longest = float(largest_step_size(smoothness=found.constants.smoothness, steps=4))
    assert longest < 0.05
    # 2δ₁²/ρ with ρ between 0.79 and 1.
    assert 1.0 < spec.imbalance_price(planning) * 10.0 / (2.0 * found.constants.cell_divergence) < 1.27


def test_a_stricter_target_balances_more():
    shares = [prepared(f'{{ kind = "pilot", target = {target} }}')[0].algorithm.neurons for target in (1e6, 1e-3)]
    assert abs(shares[0][0] - 30) > abs(shares[1][0] - 30)


def test_a_pilot_has_batches_and_a_model_of_its_own():
    _, planning = prepared('"equal"')
    own = planning.streams.rng(Stream.MODEL).random(3)
    assert not np.isclose(planning.pilot_streams.rng(Stream.MODEL).random(3), own).any()


def test_one_partition_for_fading_rounds_is_that_of_the_median_round():
    """Which is why `one_shot_partition` has no kind of its own."""
    _, planning = prepared('"equal"')
    fading = FadingPartitionProblem(partition=planning.rounds(200), max_imbalance=0.05)
    planned = minimize_round_latency(planning.median_round, max_imbalance=0.05)
    assert one_shot_partition(fading).fraction[0] == pytest.approx(planned.fraction, rel=1e-6)


def test_fixed_price_is_the_best_over_rounds_of_their_own():
    training, planning = prepared('{ kind = "fixed_price", max_imbalance = 0.02, num_rounds = 40 }')
    rounds = partition_rounds(
        planning.model,
        network=planning.network,
        aggregator=planning.aggregator,
        clock=planning.clock,
        schedule=planning.schedule,
        rng=Streams(seed=0).rng(Stream.PLANNING),
        num_rounds=40,
    )
    price = best_fixed_price(FadingPartitionProblem(partition=rounds, max_imbalance=0.02)).imbalance_price_s[0]
    assert price > 0.0
    assert training.algorithm == AdaptiveHIST(schedule=planning.schedule, policy=FixedPrice(imbalance_price_s=float(price)))


def test_virtual_queue_is_that_of_python():
    training, planning = prepared('{ kind = "virtual_queue", max_imbalance = 0.1, latency_weight_per_s = 3.0 }')
    policy = VirtualQueue(max_imbalance=0.1, latency_weight_per_s=3.0)
    assert training.algorithm == AdaptiveHIST(schedule=planning.schedule, policy=policy)


@pytest.mark.parametrize("uplink", ["ofdma", "tdma", "resource_blocks", "aircomp"])
@pytest.mark.parametrize("kind", ["virtual_queue", "fixed_price"])
def test_shares_that_follow_the_channels_train_over_every_uplink(kind, uplink):
    result = airfed.run(scenario(f'"{kind}"', uplink=uplink), progress=False)
    last = result.histories[0].records[-1]
    assert 0.0 < last.time_s < np.inf
    assert np.isfinite(last.test_loss)


def test_convolutions_are_dealt_out_by_the_channels_too():
    model = 'kind = "cnn"\nhidden = [20, 12]\nconvolutions = [{ channels = 4, kernel = 3, padding = 1 }]'
    [history] = airfed.run(scenario('"virtual_queue"', model=model), progress=False).histories
    assert history.records[-1].time_s > 0.0


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        ('{ kind = "pilot", target = 0.0 }', "partition.target: got 0.0; allowed is a number, above 0 to 1e12"),
        ('{ kind = "virtual_queue", max_imbalance = 0.0 }', "partition.max_imbalance: got 0.0; allowed is a number, above 0"),
        ('{ kind = "virtual_queue", num_rounds = 3 }', "partition.num_rounds: unknown key"),
        ('"wild"', 'partition.kind: got \'wild\'; allowed is one of "equal", "fixed_price", "given", "pilot"'),
    ],
)
def test_what_is_not_allowed_is_told(partition, message):
    with pytest.raises(airfed.ScenarioError, match=message):
        scenario(partition)
