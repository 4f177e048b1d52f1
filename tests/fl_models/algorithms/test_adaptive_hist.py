"""HIST whose shares follow the channels."""

import dataclasses

import numpy as np
import pytest

from aircomp import TruncatedInversion
from fl_models import (
    HIST,
    AdaptiveHIST,
    FixedPrice,
    Ideal,
    NetworkClock,
    OverTheAir,
    RoundWork,
    Schedule,
    ServerMomentum,
    SoftmaxRegression,
    Stream,
    Streams,
    Training,
    UniformCount,
    VirtualQueue,
    WithServerOptimizer,
    initial_state,
    partition_rounds,
)
from latency_opt import (
    OFDMA,
    AirComp,
    FadingPartitionProblem,
    OptimalBandwidth,
    PartitionProblem,
    best_fixed_price,
    follow_virtual_queue,
)

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=4, step_size=0.1)
BITS = (Ideal(), NetworkClock(access=OFDMA(policy=OptimalBandwidth())))
AIR = (OverTheAir(transceiver=TruncatedInversion(threshold=0.3)), NetworkClock(access=AirComp()))
UPLINKS = pytest.mark.parametrize(("aggregator", "clock"), [BITS, AIR], ids=["bits", "air"])
QUEUE = VirtualQueue(max_imbalance=0.1, latency_weight_per_s=0.5)


@dataclasses.dataclass(frozen=True)
class Always:
    """The same neurons in every round."""

    counts: tuple

    def memory(self):
        return {}

    def neurons(self, problem, *, num_neurons, memory):
        return np.array(self.counts), {}


def training(algorithm, network, task, aggregator=BITS[0], clock=BITS[1], **options):
    streams = Streams(seed=3)
    return Training(
        algorithm=algorithm, task=task, network=network, aggregator=aggregator, clock=clock, streams=streams, **options
    )


@pytest.fixture
def network(make_network):
    return make_network(3, 3)


@pytest.fixture
def task(make_task, network):
    return make_task(network, 24)


@UPLINKS
def test_a_policy_that_does_not_care_is_hist_to_the_bit(network, task, aggregator, clock):
    fixed, adaptive = (
        list(training(algorithm, network, task, aggregator, clock).states(3))
        for algorithm in (
            HIST(schedule=SCHEDULE, neurons=(10, 8, 6)),
            AdaptiveHIST(schedule=SCHEDULE, policy=Always((10, 8, 6))),
        )
    )
    for (state, record), (other, same) in zip(fixed, adaptive, strict=True):
        assert state.parameters.tobytes() == other.parameters.tobytes()
        np.testing.assert_equal(record.to_row(), same.to_row())


@UPLINKS
@pytest.mark.parametrize("policy", [QUEUE, FixedPrice(imbalance_price_s=0.5)], ids=["queue", "price"])
def test_time_and_traffic_are_those_of_the_neurons_dealt(network, task, aggregator, clock, policy):
    """The clock, asked apart, says the same of a HIST with the round's neurons."""
    run = training(AdaptiveHIST(schedule=SCHEDULE, policy=policy), network, task, aggregator, clock)
    seen = set()
    for state, record in list(run.states(4))[1:]:
        neurons = tuple(int(count) for count in state.memory["partition_neurons"])
        seen.add(neurons)
        channel = network.draw(SCHEDULE.edge_rounds, rng=run.streams.rng(Stream.FADING, state.round_index - 1))
        models = HIST(schedule=SCHEDULE, neurons=neurons).cell_models(task)
        plans = [aggregator.plan(cell) for cell in channel.cells]
        cost = clock.round(channel.cells, models=models, plans=plans, schedule=SCHEDULE)
        assert record.cost == cost
    assert len(seen) > 1


def test_it_is_what_the_solver_says_of_the_same_rounds(make_network, make_task):
    """With many neurons, over rounds whose delays are known: `follow_virtual_queue`, and the best fixed price."""
    slope_s = np.random.default_rng(0).exponential(size=(30, 3)) + 0.1
    partition = PartitionProblem(fixed_latency_s=0.0, slope_s=slope_s, weights=np.full(3, 1 / 3))
    problem = FadingPartitionProblem(partition=partition, max_imbalance=0.1)
    price = float(best_fixed_price(problem).imbalance_price_s[0])
    solved = {
        QUEUE: follow_virtual_queue(problem, latency_weight_per_s=0.5),
        FixedPrice(imbalance_price_s=price): best_fixed_price(problem),
    }
    for policy, expected in solved.items():
        memory = policy.memory()
        for index, fraction in enumerate(expected.fraction):
            dealt, memory = policy.neurons(problem.round_problem(index), num_neurons=1_000_000, memory=memory)
            assert dealt / 1e6 == pytest.approx(fraction, abs=1e-4)
        if policy is QUEUE:
            assert float(memory["queue"]) == pytest.approx(float(expected.queue[-1]), abs=1e-4)


def test_the_mean_imbalance_keeps_its_guarantee(network, task):
    policy = VirtualQueue(max_imbalance=0.02, latency_weight_per_s=2.0)
    *_, (state, _) = passed = list(training(AdaptiveHIST(schedule=SCHEDULE, policy=policy), network, task).states(12))
    share = np.array([each.memory["partition_neurons"] for each, _ in passed[1:]]) / 24
    imbalance = np.sum((share - 1 / 3) ** 2 * 3, axis=-1)
    queue = float(state.memory["partition_policy_queue"])
    assert queue > 0.0
    assert imbalance.mean() <= 0.02 + queue / 12 + 1e-12


def test_rounds_are_shorter_than_those_of_any_fixed_partition_at_no_price(network, task):
    """What leads: each round has its own shortest partition, up to whole neurons."""
    adaptive = training(AdaptiveHIST(schedule=SCHEDULE, policy=FixedPrice(imbalance_price_s=0.0)), network, task)
    times = [record.cost.latency_s for record in list(adaptive.rounds(4))[1:]]
    for neurons in ((8, 8, 8), (10, 7, 7), (7, 10, 7), (7, 7, 10), (12, 6, 6)):
        fixed = training(HIST(schedule=SCHEDULE, neurons=neurons), network, task)
        others = [record.cost.latency_s for record in list(fixed.rounds(4))[1:]]
        assert all(own <= other * (1 + 1e-9) for own, other in zip(times, others, strict=True))


def test_it_goes_on_from_any_of_its_states(network, task):
    run = training(AdaptiveHIST(schedule=SCHEDULE, policy=QUEUE), network, task)
    passed = list(run.states(3))
    state, record = run.round(*passed[2])
    assert record == passed[3][1]
    assert {name: values.tolist() for name, values in state.memory.items()} == {
        name: values.tolist() for name, values in passed[3][0].memory.items()
    }


def test_it_works_with_selection_and_behind_a_server_optimizer(network, task):
    algorithm = AdaptiveHIST(schedule=SCHEDULE, policy=QUEUE)
    plain = training(algorithm, network, task, selection=UniformCount(num_clients=2))
    wrapped = training(
        WithServerOptimizer(algorithm=algorithm, optimizer=ServerMomentum(momentum=0.0, step_size=1.0)),
        network,
        task,
        selection=UniformCount(num_clients=2),
    )
    assert [record.cost for record in plain.rounds(3)] == [record.cost for record in wrapped.rounds(3)]


def test_usual_models_are_balanced(task):
    parts = AdaptiveHIST(schedule=SCHEDULE, policy=QUEUE).cell_models(task)
    assert [part.partition_sizes for part in parts] == [(8,)] * 3


def test_what_it_cannot_do_is_told(network, task):
    algorithm = AdaptiveHIST(schedule=SCHEDULE, policy=QUEUE)
    ideal = RoundWork.ideal(task, schedule=SCHEDULE, streams=Streams(seed=0), round_index=0)
    with pytest.raises(ValueError, match="work: got a round with clock None; needed are channels and a NetworkClock"):
        algorithm.round(initial_state(algorithm, task, task.model.init(rng=np.random.default_rng(0))), ideal)
    with pytest.raises(
        ValueError, match=r"policy: got neurons \[20, 4, 4\]; needed are 3 numbers of at least 1 that add up to 24"
    ):
        list(training(AdaptiveHIST(schedule=SCHEDULE, policy=Always((20, 4, 4))), network, task).rounds(1))
    softmax = dataclasses.replace(task, model=SoftmaxRegression(num_inputs=64, num_classes=10))
    with pytest.raises(TypeError, match="task.model: got SoftmaxRegression; HIST needs hidden neurons"):
        _ = training(algorithm, network, softmax).cell_models
    with pytest.raises(ValueError, match="policy: got 3; needed is an object with a method neurons"):
        AdaptiveHIST(schedule=SCHEDULE, policy=3)
    for values, message in (
        ({"max_imbalance": 0.0, "latency_weight_per_s": 1.0}, "max_imbalance: got 0"),
        ({"max_imbalance": 1.0, "latency_weight_per_s": -1.0}, "latency_weight_per_s: got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            VirtualQueue(**values)
    with pytest.raises(ValueError, match="imbalance_price_s: got -1"):
        FixedPrice(imbalance_price_s=-1.0)


def test_a_round_in_training_is_one_of_those_planned_on(network, task):
    """The delays that a policy is shown are those of `partition_rounds`, on the same draws."""
    shown = []

    @dataclasses.dataclass(frozen=True)
    class Watching(Always):
        def neurons(self, problem, *, num_neurons, memory):
            shown.append(problem)
            return np.array(self.counts), {}

    run = training(AdaptiveHIST(schedule=SCHEDULE, policy=Watching((8, 8, 8))), network, task)
    list(run.rounds(2))
    for index, problem in enumerate(shown):
        planned = partition_rounds(
            task.model,
            network=network,
            aggregator=BITS[0],
            clock=BITS[1],
            schedule=SCHEDULE,
            rng=run.streams.rng(Stream.FADING, index),
            num_rounds=1,
        ).slope_s[0]
        assert problem.slope_s == pytest.approx(planned, rel=1e-9)
