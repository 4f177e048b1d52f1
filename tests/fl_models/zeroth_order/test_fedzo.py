"""FedZO, and FedZO that sends differences, in the training loop."""

import dataclasses

import numpy as np
import pytest

from aircomp import TruncatedInversion
from fl_models import (
    Digital,
    DivergedTraining,
    FederatedTask,
    FedZO,
    HierarchicalFedAvg,
    Ideal,
    NetworkClock,
    OverTheAir,
    RoundWork,
    Schedule,
    SeedSharedFedZO,
    SoftmaxRegression,
    Streams,
    Training,
    TrainingState,
    UniformShare,
    Workers,
)
from fl_models.zeroth_order.row_space_directions import row_space_pays
from latency_opt import OFDMA, AirComp, EqualBandwidth

SCHEDULE = Schedule(edge_rounds=2, local_steps=3, batch_size=5, step_size=0.02)
OFDMA_CLOCK = NetworkClock(access=OFDMA(policy=EqualBandwidth()))
AIR = {
    "aggregator": OverTheAir(transceiver=TruncatedInversion(threshold=0.4)),
    "clock": NetworkClock(access=AirComp()),
}


def training(algorithm, task, network, **options):
    options = {"aggregator": Ideal(), "clock": OFDMA_CLOCK, "streams": Streams(seed=0)} | options
    return Training(algorithm=algorithm, task=task, network=network, **options)


def records(algorithm, task, network, *, rounds=3, **options):
    return list(training(algorithm, task, network, **options).rounds(rounds))


def final_parameters(algorithm, task, network, *, rounds=2, **options):
    *_, (state, _) = training(algorithm, task, network, **options).states(rounds)
    return state.parameters


@pytest.mark.parametrize("air", [False, True])
def test_histories_are_the_same_on_one_thread_and_on_two(make_network, make_task, air):
    network = make_network(2, 5)
    task = make_task(network)
    assert row_space_pays(task.model, batch=SCHEDULE.batch_size, directions=60)
    algorithm = FedZO(schedule=SCHEDULE, directions=60)
    options = {"selection": UniformShare(share=0.6)} | (AIR if air else {})
    runs = (training(algorithm, task, network, workers=Workers(num_threads=threads), **options) for threads in (1, 2))
    frames = [run.history("x", num_rounds=3).to_frame() for run in runs]
    assert frames[0].to_csv() == frames[1].to_csv()
    assert 0.0 < frames[0]["round_participation"].iloc[-1] <= 0.6


@pytest.mark.parametrize("options", [{}, AIR], ids=["ideal", "air"])
def test_it_learns(make_network, make_task, options):
    """Softmax regression on digits by 21 losses a step, from a chance of a tenth; over the air with two fifths' inversion."""
    network = make_network(1, 10)
    task = dataclasses.replace(make_task(network), model=SoftmaxRegression(num_inputs=64, num_classes=10))
    schedule = Schedule(edge_rounds=1, local_steps=20, batch_size=25, step_size=0.02)
    history = records(FedZO(schedule=schedule), task, network, rounds=15, selection=UniformShare(share=0.8), **options)
    assert history[-1].test_accuracy > 0.7
    assert history[-1].train_loss < history[1].train_loss


def test_more_directions_are_closer_to_gradient_descent(make_network, make_task):
    network = make_network(1, 4)
    task = dataclasses.replace(make_task(network), model=SoftmaxRegression(num_inputs=64, num_classes=10))
    exact = final_parameters(HierarchicalFedAvg(schedule=SCHEDULE), task, network)
    errors = [
        np.linalg.norm(final_parameters(FedZO(schedule=SCHEDULE, directions=number), task, network) - exact)
        for number in (10, 1000)
    ]
    assert errors[1] == pytest.approx(0.1 * errors[0], rel=0.35)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_rebuilt_from_differences_it_is_fedzo(make_network, make_task, weight_decay):
    network = make_network(2, 3)
    task = make_task(network)
    schedule = dataclasses.replace(SCHEDULE, weight_decay=weight_decay)
    options = {"selection": UniformShare(share=0.7), "aggregator": Ideal(threshold=0.3)}
    whole = final_parameters(FedZO(schedule=schedule, whole=True, directions=7), task, network, **options)
    rebuilt = final_parameters(SeedSharedFedZO(schedule=schedule, directions=7), task, network, **options)
    start = final_parameters(FedZO(schedule=schedule), task, network, rounds=0)
    assert np.linalg.norm(rebuilt - whole) < 1e-5 * np.linalg.norm(whole - start)


def test_its_losses_are_those_of_fedzo_and_quantised_differences_still_help(make_network, make_task):
    network = make_network(1, 5)
    task = make_task(network)
    whole = records(FedZO(schedule=SCHEDULE, whole=True), task, network)
    rebuilt = records(SeedSharedFedZO(schedule=SCHEDULE), task, network)
    np.testing.assert_allclose([r.train_loss for r in rebuilt], [r.train_loss for r in whole], rtol=1e-5)
    four_bits = {
        "aggregator": Digital(bits_per_parameter=4),
        "clock": NetworkClock(access=OFDMA(policy=EqualBandwidth(), bits_per_parameter=4), bits_per_parameter=4),
    }
    coarse = records(SeedSharedFedZO(schedule=SCHEDULE), task, network, **four_bits)
    assert coarse[-1].test_loss != rebuilt[-1].test_loss
    assert coarse[-1].test_loss < coarse[0].test_loss


def test_its_traffic_is_the_differences(make_network, make_task):
    """32 bits for each of b₂H numbers and edge round, instead of for each parameter; the downlink remains."""
    network = make_network(2, 3)
    task = make_task(network)
    whole, rebuilt = (
        records(kind(schedule=SCHEDULE, directions=7), task, network, rounds=1)[-1].cost for kind in (FedZO, SeedSharedFedZO)
    )
    assert whole.uplink_bits == 32 * SCHEDULE.edge_rounds * task.model.num_parameters
    assert rebuilt.uplink_bits == 32 * SCHEDULE.edge_rounds * 7 * SCHEDULE.local_steps
    assert rebuilt.uplink_s < whole.uplink_s
    assert rebuilt.downlink_s == whole.downlink_s
    assert rebuilt.compute_s == whole.compute_s
    gradients = records(HierarchicalFedAvg(schedule=SCHEDULE), task, network, rounds=1)[-1].cost
    assert whole.compute_s == pytest.approx(8 / 3 * gradients.compute_s)  # eight losses for one with its gradient


@pytest.mark.parametrize("kind", [FedZO, SeedSharedFedZO])
@pytest.mark.parametrize("step_size", [1e10, 1e30])
def test_divergence_is_told_by_the_training_loop(kind, step_size, make_network, make_task):
    """Not by a warning on some thread."""
    network = make_network(1, 3)
    schedule = Schedule(edge_rounds=1, local_steps=5, batch_size=4, step_size=step_size)
    with pytest.raises(DivergedTraining, match="diverged in round"):
        records(kind(schedule=schedule, directions=3), make_task(network), network, rounds=20)


def test_differences_that_the_air_would_add_are_refused(make_network, make_task):
    network = make_network(1, 3)
    with pytest.raises(TypeError, match="OverTheAirPlan; SeedSharedFedZO needs the numbers of each client"):
        records(SeedSharedFedZO(schedule=SCHEDULE), make_task(network), network, rounds=1, **AIR)


def test_a_round_that_everybody_sits_out_changes_nothing(make_network, make_task):
    network = make_network(1, 3)
    task = make_task(network)
    for kind in (FedZO, SeedSharedFedZO):
        before, after = (
            final_parameters(kind(schedule=SCHEDULE), task, network, rounds=rounds, aggregator=Ideal(threshold=1e3))
            for rounds in (0, 1)
        )
        assert before.tobytes() == after.tobytes()


class Bowl:
    """½‖x - sample‖², scored by its own negative."""

    num_parameters = 3

    def init(self, *, rng):
        return np.zeros(3, dtype=np.float32)

    def losses(self, parameters, x, labels):
        return 0.5 * np.mean(np.sum((parameters[..., None, :] - x) ** 2, axis=-1), axis=-1)

    def evaluate(self, parameters, test):
        loss = float(self.losses(parameters, test.x, test.labels))
        return -loss, loss


def test_an_objective_need_not_be_a_classifier(make_network, make_task):
    network = make_network(1, 4)
    data = make_task(network).train.subset(np.arange(4))
    data = dataclasses.replace(data, x=data.x[:, 10:13], image_shape=None)
    task = FederatedTask(
        model=Bowl(), train=data, test=data, client_samples=tuple(np.arange(4)[:, None]), serving_cell=np.zeros(4, dtype=int)
    )
    schedule = Schedule(edge_rounds=1, local_steps=5, batch_size=1, step_size=0.05)
    history = records(FedZO(schedule=schedule), task, network, rounds=60)
    least = Bowl().losses(data.x.mean(axis=0), data.x, data.labels)
    assert history[-1].test_loss == pytest.approx(least, rel=0.05)
    assert history[-1].test_accuracy == -history[-1].test_loss
    work = RoundWork.ideal(task, schedule=schedule, streams=Streams(seed=0), round_index=0)
    state = TrainingState(round_index=0, parameters=task.model.init(rng=np.random.default_rng(0)))
    assert FedZO(schedule=schedule).round(state, work).parameters.any()
