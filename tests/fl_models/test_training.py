import dataclasses
import itertools

import numpy as np
import pytest

from aircomp import TruncatedInversion
from fl_models import (
    HIST,
    MLP,
    Digital,
    DivergedTraining,
    FederatedTask,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    RoundWork,
    Schedule,
    SoftmaxRegression,
    Stream,
    Streams,
    Training,
    TrainingState,
    draw_partition,
    latency_profile,
    partition_problem,
    partition_rounds,
)
from fl_models.aggregation.digital import DigitalPlan
from fl_models.algorithms.algorithm import cell_models
from latency_opt import OFDMA, AirComp, EqualBandwidth, OptimalBandwidth

SCHEDULE = Schedule(edge_rounds=3, local_steps=2, batch_size=4, step_size=0.1)
CLOCK = NetworkClock(access=OFDMA(policy=OptimalBandwidth()))


def training(algorithm, task, network, *, aggregator=None, clock=CLOCK, seed=0):
    return Training(
        algorithm=algorithm,
        task=task,
        network=network,
        aggregator=aggregator or Ideal(),
        clock=clock,
        streams=Streams(seed=seed),
    )


def records(algorithm, task, network, *, rounds=4, **options):
    return list(training(algorithm, task, network, **options).rounds(rounds))


def final_parameters(algorithm, task, network, *, rounds=3, **options):
    *_, (state, _) = training(algorithm, task, network, **options).states(rounds)
    return state.parameters


@pytest.mark.parametrize(
    "aggregator", [Ideal(), OverTheAir(transceiver=TruncatedInversion(threshold=0.5))], ids=["ideal", "air"]
)
def test_one_cell_hist_is_hierarchical_fedavg_bit_for_bit(make_network, make_task, aggregator):
    network = make_network(1, 6)
    task = make_task(network)
    whole = final_parameters(HierarchicalFedAvg(schedule=SCHEDULE), task, network, aggregator=aggregator)
    parts = final_parameters(HIST(schedule=SCHEDULE, neurons=(12,)), task, network, aggregator=aggregator)
    assert whole.tobytes() == parts.tobytes()
    start = final_parameters(HierarchicalFedAvg(schedule=SCHEDULE), task, network, rounds=0)
    assert np.mean(whole != start) > 0.5  # it did train


@pytest.mark.parametrize("counts", [(1,), (1, 1), (3, 4, 5), (100, 100, 100), (1, 298, 1)])
def test_partitions_are_disjoint_and_cover_for_every_draw(counts):
    for seed in range(200):
        parts = draw_partition(counts, rng=np.random.default_rng(seed))
        assert tuple(map(len, parts)) == counts
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(sum(counts)))


def test_every_parameter_has_one_owner_but_the_shared_ones():
    model = MLP(num_inputs=5, num_hidden=9, num_classes=3)
    parts = draw_partition((2, 3, 4), rng=np.random.default_rng(0))
    owners = np.zeros(model.num_parameters, dtype=int)
    for part in parts:
        owners[model.submodel(part).index] += 1
    assert (owners[:-3] == 1).all()
    assert (owners[-3:] == 3).all()


class FrozenPlan(DigitalPlan):
    """An uplink over which nothing arrives."""

    def mean(self, updates, *, edge_round, rng):
        return np.zeros_like(updates[0])


def test_a_cell_moves_only_its_own_neurons(make_network, make_task):
    """With two of three cells frozen, HIST changes only the first's sub-model, which includes the shared output bias."""
    network = make_network(3, 4)
    task, algorithm, streams = make_task(network), HIST(schedule=SCHEDULE, neurons=(2, 4, 6)), Streams(seed=0)
    channel = network.draw(SCHEDULE.edge_rounds, rng=np.random.default_rng(0))
    plan = Ideal().plan(channel.cells[0])
    frozen = FrozenPlan(active=plan.active, bits_per_parameter=None)
    before = TrainingState(round_index=0, parameters=task.model.init(rng=np.random.default_rng(0)))
    work = RoundWork.ideal(task, schedule=SCHEDULE, streams=streams, round_index=0)
    cells = [dataclasses.replace(cell, plan=own) for cell, own in zip(work.cells, [plan, frozen, frozen], strict=True)]
    after = algorithm.round(before, dataclasses.replace(work, cells=cells))
    changed = np.flatnonzero(before.parameters != after.parameters)
    first = draw_partition((2, 4, 6), rng=streams.rng(Stream.PARTITION, 0))[0]
    own = task.model.submodel(first).index
    assert len(changed) > 10
    assert np.isin(changed, own).all()


def test_full_batches_with_one_step_are_gradient_descent(make_network, make_task):
    """E = H = 1, every client the whole data once: hierarchical FedAvg is a step of centralised gradient descent."""
    network = make_network(2, 2)
    task = make_task(network)
    one = np.arange(1)
    single = FederatedTask(
        model=task.model, train=task.train, test=task.test, client_samples=(one,) * 4, serving_cell=task.serving_cell
    )
    schedule = Schedule(edge_rounds=1, local_steps=1, batch_size=3, step_size=0.5)
    before = final_parameters(HierarchicalFedAvg(schedule=schedule), single, network, rounds=0)
    after = final_parameters(HierarchicalFedAvg(schedule=schedule), single, network, rounds=1)
    _, gradient = task.model.loss_and_gradient(before[None], task.train.x[None, :1], task.train.labels[None, :1])
    np.testing.assert_allclose(after, before - 0.5 * gradient[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("algorithm", "aggregator", "clock"),
    [
        (HierarchicalFedAvg(schedule=SCHEDULE), Ideal(), NetworkClock(access=OFDMA(policy=EqualBandwidth()))),
        (HIST(schedule=SCHEDULE, neurons=(4, 4, 4)), Ideal(), CLOCK),
        (
            HIST(schedule=SCHEDULE, neurons=(2, 4, 6)),
            OverTheAir(transceiver=TruncatedInversion(threshold=0.4)),
            NetworkClock(access=AirComp()),
        ),
    ],
    ids=["fedavg", "hist", "air"],
)
def test_histories_repeat_and_add_up(make_network, make_task, algorithm, aggregator, clock):
    network = make_network(3, 4)
    task = make_task(network)
    one, two = (
        training(algorithm, task, network, aggregator=aggregator, clock=clock).history("x", num_rounds=4) for _ in range(2)
    )
    assert one.to_frame().to_csv() == two.to_frame().to_csv()
    assert one.scheme == "x"
    assert one.cell_parameters == tuple(model.num_parameters for model in cell_models(algorithm, task))
    one = one.records
    other = records(algorithm, task, network, aggregator=aggregator, clock=clock, seed=1)
    assert other[-1].test_loss != one[-1].test_loss
    assert [record.round for record in one] == list(range(5))
    for earlier, later in itertools.pairwise(one):
        assert later.time_s == pytest.approx(earlier.time_s + later.cost.latency_s)
        assert later.energy_j == pytest.approx(earlier.energy_j + later.cost.energy_j)
        assert later.cost.latency_s > 0.0
    assert one[-1].test_loss < one[0].test_loss


def test_hist_sends_its_share(make_network, make_task):
    network = make_network(3, 4)
    task = make_task(network)
    whole = records(HierarchicalFedAvg(schedule=SCHEDULE), task, network, rounds=1)[-1]
    parts = records(HIST(schedule=SCHEDULE, neurons=(4, 4, 4)), task, network, rounds=1)[-1]
    sizes = task.model.with_hidden(4).num_parameters, task.model.num_parameters
    assert whole.uplink_bits == 32 * SCHEDULE.edge_rounds * sizes[1]
    assert parts.uplink_bits == 32 * SCHEDULE.edge_rounds * sizes[0]


@pytest.mark.parametrize(
    ("aggregator", "clock"),
    [
        (Ideal(), CLOCK),
        (Ideal(), NetworkClock(access=OFDMA(policy=EqualBandwidth()))),
        (OverTheAir(transceiver=TruncatedInversion(threshold=0.4)), NetworkClock(access=AirComp())),
    ],
    ids=["optimal", "equal", "air"],
)
def test_round_latency_is_affine_in_the_share(make_network, make_task, aggregator, clock):
    """The partition problem's line, from two sizes, holds at a third on the same draws."""
    network = make_network(2, 5)
    model = make_task(network).model

    def problem(whole):
        return partition_problem(
            whole,
            network=network,
            aggregator=aggregator,
            clock=clock,
            schedule=SCHEDULE,
            rng=np.random.default_rng(0),
            num_draws=31,
        )

    whole = problem(model)
    channel = network.draw(31 * SCHEDULE.edge_rounds, rng=np.random.default_rng(0))
    for cell in range(2):
        part = channel.cells[cell]
        spent = clock.cell_round(part, model=model.with_hidden(5), plan=aggregator.plan(part), schedule=SCHEDULE)
        median = np.median(spent.latencies_s(SCHEDULE.edge_rounds))
        assert median == pytest.approx(whole.latency_s(np.full(2, 5 / 12))[cell], rel=1e-9)


def test_planning_in_parts_is_planning_at_once(make_network, make_task, monkeypatch):
    """However few channels fit into memory, the draws are the same."""
    network = make_network(2, 4)

    def slopes():
        problem = partition_problem(
            make_task(network).model,
            network=network,
            aggregator=Ideal(),
            clock=NetworkClock(access=OFDMA(policy=EqualBandwidth())),
            schedule=SCHEDULE,
            rng=np.random.default_rng(0),
            num_draws=11,
        )
        return problem.slope_s, problem.fixed_latency_s

    at_once = slopes()
    monkeypatch.setattr(latency_profile, "VALUES_AT_ONCE", 3 * SCHEDULE.edge_rounds * 8)
    np.testing.assert_allclose(slopes(), at_once, rtol=1e-12)


def test_the_same_channels_drive_distortion_and_delay(make_network, make_task):
    """A stronger threshold silences more clients, in the average and on the clock alike."""
    network = make_network(1, 8)
    task = make_task(network)
    aggregator = OverTheAir(transceiver=TruncatedInversion(threshold=1.0))
    clock = NetworkClock(access=AirComp())
    record = records(HierarchicalFedAvg(schedule=SCHEDULE), task, network, aggregator=aggregator, clock=clock, rounds=1)[-1]
    channel = network.draw(3, rng=Streams(seed=0).rng(Stream.FADING, 0)).cells[0]
    active = np.abs(channel.fading) >= 1.0
    assert record.cost.participation == pytest.approx(active.mean())
    slowest = np.where(active, SCHEDULE.flops(task.model) / channel.devices.cpu_hz, 0.0).max(axis=1)
    assert record.cost.compute_s == pytest.approx(slowest.sum())


@pytest.mark.parametrize(
    "aggregator", [Ideal(), OverTheAir(transceiver=TruncatedInversion(threshold=0.1))], ids=["ideal", "air"]
)
def test_divergence_names_round_and_step_size(aggregator, make_network, make_task):
    network = make_network(1, 3)
    wild = HierarchicalFedAvg(schedule=dataclasses.replace(SCHEDULE, step_size=1e30))
    with pytest.raises(DivergedTraining, match=r"diverged in round \d+ with step_size 1e\+30"):
        records(wild, make_task(network), network, rounds=20, aggregator=aggregator)


def test_hist_says_what_it_cannot_partition(make_network, make_task):
    network = make_network(2, 2)
    task = make_task(network)
    linear = dataclasses.replace(task, model=SoftmaxRegression(num_inputs=64, num_classes=10))
    with pytest.raises(TypeError, match="SoftmaxRegression; HIST needs hidden neurons"):
        records(HIST(schedule=SCHEDULE, neurons=(6, 6)), linear, network, rounds=1)
    with pytest.raises(ValueError, match="needed are 2 numbers that add up to the 12"):
        records(HIST(schedule=SCHEDULE, neurons=(6, 7)), task, network, rounds=1)
    with pytest.raises(ValueError, match="neurons: got"):
        HIST(schedule=SCHEDULE, neurons=(0, 12))


def test_softmax_regression_learns(make_network, make_task):
    network = make_network(2, 4)
    task = dataclasses.replace(make_task(network), model=SoftmaxRegression(num_inputs=64, num_classes=10))
    history = records(HierarchicalFedAvg(schedule=dataclasses.replace(SCHEDULE, step_size=0.5)), task, network, rounds=15)
    assert history[-1].test_accuracy > 0.8


def test_reaching_a_target(make_network, make_task):
    network = make_network(1, 3)
    history = training(HierarchicalFedAvg(schedule=SCHEDULE), make_task(network), network).history("x", num_rounds=3)
    assert history.reaching(0.0).round == 0
    assert history.reaching(1.01) is None
    best = max(record.test_accuracy for record in history.records)
    assert history.reaching(best).test_accuracy == best


def test_a_training_goes_on_from_any_of_its_states(make_network, make_task):
    network = make_network(2, 3)
    run = training(HierarchicalFedAvg(schedule=SCHEDULE), make_task(network), network)
    passed = list(run.states(3))
    state, record = run.round(*passed[2])
    assert state.parameters.tobytes() == passed[3][0].parameters.tobytes()
    assert record == passed[3][1]
    assert [after.round_index for after, _ in passed] == [0, 1, 2, 3]
    assert [later for _, later in passed[1:]] == list(run.rounds(3))[1:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"algorithm": HierarchicalFedAvg}, "algorithm: got <class .*; needed is an object with a method round"),
        ({"aggregator": "ideal"}, "aggregator: got 'ideal'; needed is an object with a method plan, such as Ideal"),
        ({"clock": OFDMA(policy=EqualBandwidth())}, "clock: got OFDMA.*; needed is an object with a method round"),
        ({"selection": 3}, "selection: got 3; needed is an object with a method draw"),
        ({"aggregator": Digital(bits_per_parameter=8)}, "aggregator: got one that sends 8 bits a value, with a clock that cou"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(change, message, make_network, make_task):
    network = make_network(1, 3)
    whole = training(HierarchicalFedAvg(schedule=SCHEDULE), make_task(network), network)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(whole, **change)


def test_a_task_must_be_of_the_networks_clients(make_network, make_task):
    with pytest.raises(ValueError, match="task.serving_cell: got 6 clients in 2 cells for a network of 6 in 3; needed is"):
        training(HierarchicalFedAvg(schedule=SCHEDULE), make_task(make_network(2, 3)), make_network(3, 2))


def test_a_clock_counts_the_bits_that_its_access_sends():
    access = OFDMA(policy=EqualBandwidth(), bits_per_parameter=8)
    with pytest.raises(ValueError, match="bits_per_parameter: got 32 with an access that sends 8; give both the same"):
        NetworkClock(access=access)
    assert NetworkClock(access=access, bits_per_parameter=8).access is access
    assert NetworkClock(access=AirComp(), bits_per_parameter=8).bits_per_parameter == 8
    with pytest.raises(ValueError, match="access: got 'ofdma'; needed is an object with a method uplink"):
        NetworkClock(access="ofdma")
    with pytest.raises(ValueError, match="bits_per_parameter: got 0; allowed is an integer >= 1"):
        NetworkClock(access=AirComp(), bits_per_parameter=0)


def test_a_line_needs_a_draw(make_network, make_task):
    network = make_network(2, 3)
    options = {"network": network, "aggregator": Ideal(), "clock": CLOCK, "schedule": SCHEDULE, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match="num_draws: got 0; allowed is an integer >= 1"):
        partition_problem(make_task(network).model, num_draws=0, **options)
    with pytest.raises(ValueError, match="num_rounds: got 0; allowed is an integer >= 1"):
        partition_rounds(make_task(network).model, num_rounds=0, **options)
