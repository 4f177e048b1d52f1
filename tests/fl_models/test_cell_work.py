"""Clients in blocks: the same mean, however large the cell, in bounded memory."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from aircomp import TruncatedInversion
from aircomp.updates.stochastic_quantization import stochastic_quantization
from fl_models import (
    MLP,
    BlockwisePlan,
    Dataset,
    Digital,
    FederatedTask,
    HierarchicalFedAvg,
    Ideal,
    OverTheAir,
    RoundWork,
    Schedule,
    SoftmaxRegression,
    Streams,
    Workers,
    initial_state,
)
from fl_models.aggregation import blockwise
from fl_models.aggregation.digital import DigitalPlan

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=3, step_size=0.1)


def make_task(num_clients, model, num_inputs=64):
    rng = np.random.default_rng(0)
    data = Dataset(x=rng.random((200, num_inputs), dtype=np.float32), labels=rng.integers(10, size=200))
    return FederatedTask(
        model=model,
        train=data,
        test=data,
        client_samples=tuple(rng.choice(200, size=5) for _ in range(num_clients)),
        serving_cell=np.zeros(num_clients, dtype=int),
    )


def cell_of(task, *, bits_per_parameter=None, share=1.0, num_threads=1):
    work = RoundWork.ideal(
        task, schedule=SCHEDULE, streams=Streams(seed=0), round_index=0, workers=Workers(num_threads=num_threads)
    )
    active = np.random.default_rng(1).random((SCHEDULE.edge_rounds, len(task.serving_cell))) < share
    return dataclasses.replace(work.cells[0], plan=DigitalPlan(active=active, bits_per_parameter=bits_per_parameter))


def start(task):
    return task.model.init(rng=np.random.default_rng(2))


MODEL = MLP(num_inputs=64, num_hidden=8, num_classes=10)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 30 clients."""
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 39 * 4 * MODEL.num_parameters)


@pytest.mark.parametrize("bits_per_parameter", [None, 6])
@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("options", [{}, {"pull": 0.5}, {"shift": 0.01}])
def test_blocks_change_only_the_rounding(bits_per_parameter, share, options, monkeypatch):
    """Sums are added up block by block, in double precision; what is drawn is the same."""
    task = make_task(100, MODEL)
    if "shift" in options:
        options = {"shift": np.random.default_rng(3).normal(0.0, 0.01, (100, MODEL.num_parameters)).astype(np.float32)}
    at_once = cell_of(task, bits_per_parameter=bits_per_parameter, share=share).edge_rounds(start(task), **options)
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 39 * 4 * MODEL.num_parameters)
    in_blocks = cell_of(task, bits_per_parameter=bits_per_parameter, share=share).edge_rounds(start(task), **options)
    np.testing.assert_allclose(in_blocks[0], at_once[0], rtol=1e-5, atol=1e-6)
    # The second edge round begins with models that differ in the last bit.
    np.testing.assert_allclose(in_blocks[1], at_once[1], rtol=1e-5)
    np.testing.assert_array_equal(in_blocks[1][:100], at_once[1][:100])
    assert np.linalg.norm(at_once[0] - start(task)) > 1e-2


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("bits_per_parameter", [None, 6])
def test_blocks_do_not_depend_on_threads(bits_per_parameter):
    task = make_task(100, MODEL)
    one, two = (
        cell_of(task, bits_per_parameter=bits_per_parameter, share=0.8, num_threads=n).edge_rounds(start(task)) for n in (1, 2)
    )
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1].tobytes() == two[1].tobytes()


@pytest.mark.parametrize("bits_per_parameter", [None, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("num_parameters", [1, 2, 11, 5000])
def test_a_single_block_is_the_plain_mean_to_the_bit(bits_per_parameter, dtype, num_parameters):
    rng = np.random.default_rng(4)
    updates = rng.standard_normal((301, num_parameters)).astype(dtype)
    active = rng.random((1, 301)) < 0.7
    plan = DigitalPlan(active=active, bits_per_parameter=bits_per_parameter)
    sent = updates[active[0]]
    if bits_per_parameter is not None:
        sent = stochastic_quantization(sent, bits_per_parameter=bits_per_parameter, rng=np.random.default_rng(5))
    wanted = sent.mean(axis=0)
    got = plan.mean(updates, edge_round=0, rng=np.random.default_rng(5))
    assert got.dtype == dtype
    assert got.tobytes() == wanted.tobytes()
    np.testing.assert_array_equal(plan.mean(updates, edge_round=0, rng=np.random.default_rng(5)), got)  # nothing was changed


@pytest.mark.usefixtures("small_blocks")
def test_a_round_in_which_nobody_sends_changes_nothing():
    task = make_task(100, MODEL)
    parameters, loss = cell_of(task, share=0.0).edge_rounds(start(task))
    np.testing.assert_array_equal(parameters, start(task))
    assert np.isnan(loss).all()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class WholePlan:
    """A plan that needs all updates at once."""

    active: np.ndarray
    power_fraction: None = None

    def mean(self, updates, *, edge_round, rng):
        assert updates.shape[0] == self.active.shape[1]
        return updates.sum(axis=0) / self.active[edge_round].sum()


@pytest.mark.usefixtures("small_blocks")
def test_plans_that_need_all_updates_get_them(make_network):
    task = make_task(100, MODEL)
    cell = cell_of(task)
    whole = dataclasses.replace(cell, plan=WholePlan(active=cell.plan.active))
    np.testing.assert_allclose(whole.edge_rounds(start(task))[0], cell.edge_rounds(start(task))[0], rtol=1e-5, atol=1e-6)
    channel = make_network(1, 4).draw(1, rng=np.random.default_rng(0)).cells[0]
    assert isinstance(Ideal().plan(channel), BlockwisePlan)
    assert isinstance(Digital(bits_per_parameter=4).plan(channel), BlockwisePlan)
    assert not isinstance(OverTheAir(transceiver=TruncatedInversion(threshold=0.5)).plan(channel), BlockwisePlan)


@pytest.mark.parametrize("bits_per_parameter", [None, 8])
def test_memory_of_many_clients_is_bounded(bits_per_parameter, monkeypatch):
    """2,000 clients of 10,010 parameters: far less than the 80 MB that their updates would take."""
    model = SoftmaxRegression(num_inputs=1000, num_classes=10)
    task = make_task(2000, model, num_inputs=1000)
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 2**22)
    cell = cell_of(task, bits_per_parameter=bits_per_parameter)
    whole = 4 * 2000 * model.num_parameters
    tracemalloc.start()
    try:
        parameters, _ = cell.advance(start(task), edge_round=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.isfinite(parameters).all()
    assert whole > 80e6
    assert peak < whole / 4


def test_memory_of_a_whole_round_is_bounded(monkeypatch):
    """Through an algorithm without memory of its clients, batches included."""
    model = SoftmaxRegression(num_inputs=1000, num_classes=10)
    task = make_task(2000, model, num_inputs=1000)
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 2**22)
    algorithm = HierarchicalFedAvg(schedule=SCHEDULE)
    state = initial_state(algorithm, task, start(task))
    work = RoundWork.ideal(task, schedule=SCHEDULE, streams=Streams(seed=0), round_index=0, workers=Workers(num_threads=2))
    tracemalloc.start()
    try:
        state = algorithm.round(state, work)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert state.parameters.any()
    assert peak < 4 * 2000 * model.num_parameters / 4


def test_a_pull_is_a_decay_towards_the_model_received():
    """μ(x - x̄) = μx + (-μx̄), by hand."""
    task = make_task(7, MODEL)
    cell, received = cell_of(task), start(task)
    pulled = cell.train(received, edge_round=0, pull=0.5).updates
    by_hand = cell.train(received, edge_round=0, shift=-0.5 * received, decay=0.5).updates
    np.testing.assert_array_equal(pulled, by_hand)
    assert np.linalg.norm(pulled) < np.linalg.norm(cell.train(received, edge_round=0).updates)
