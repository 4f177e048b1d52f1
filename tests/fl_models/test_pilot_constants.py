"""Estimates against closed forms, where a problem has them."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from fl_models import MLP, FederatedTask, Schedule, SoftmaxRegression, Streams
from fl_models.data.dataset import Dataset
from fl_models.pilot_constants import full_gradients, pilot_constants, pilot_trajectory
from latency_opt.bounds.hierarchical_fedavg import hierarchical_fedavg_bound
from latency_opt.bounds.step_size import largest_step_size

SCHEDULE = Schedule(edge_rounds=2, local_steps=2, batch_size=5, step_size=0.1)
CELL = np.array([0, 0, 0, 1, 1])
SIZES = (30, 7, 30, 1, 12)


@dataclass(frozen=True)
class LeastSquares:
    """Mean of (θ - x)ᵀD(θ - x)/2 over samples x: curvature D, and all gradients linear in means."""

    curvature: tuple = (0.3, 2.0, 1.0)

    @property
    def num_parameters(self):
        return len(self.curvature)

    def init(self, *, rng):
        return np.zeros(self.num_parameters)

    def logits(self, parameters, x):
        return np.zeros((*x.shape[:-1], 2))

    def loss_and_gradient(self, parameters, x, labels, *, out=None):
        off = parameters[:, None, :] - x
        gradient = np.empty_like(parameters) if out is None else out
        np.multiply(off.mean(axis=1), self.curvature, out=gradient)
        return 0.5 * np.mean(off**2 @ np.array(self.curvature), axis=1), gradient


def make_task(model, num_inputs, num_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    num = sum(SIZES)
    client = np.repeat(np.arange(len(SIZES)), SIZES)
    x = rng.standard_normal((num, num_inputs)) + rng.standard_normal((len(SIZES), num_inputs))[client]
    data = Dataset(x=x, labels=rng.integers(num_classes, size=num))
    samples = tuple(np.flatnonzero(client == i) for i in range(len(SIZES)))
    return FederatedTask(model=model, train=data, test=data, client_samples=samples, serving_cell=CELL)


@pytest.fixture(scope="module")
def least_squares():
    return make_task(LeastSquares(), 3)


@pytest.fixture(scope="module")
def softmax():
    return make_task(SoftmaxRegression(num_inputs=4, num_classes=3), 4, num_classes=3)


@pytest.fixture(scope="module")
def perceptron():
    return make_task(MLP(num_inputs=4, num_hidden=6, num_classes=3), 4, num_classes=3)


def estimated(task, *, num_rounds=3, seed=0, **options):
    models = pilot_trajectory(task, schedule=SCHEDULE, num_rounds=num_rounds, streams=Streams(seed=seed))
    options = {"batch_size": 5, "rng": np.random.default_rng(seed)} | options
    return models, pilot_constants(task, models, **options)


def test_least_squares_has_its_closed_forms(least_squares):
    """L = max D; divergences from client means; the variance of a batch of b with replacement is tr(D² Cov)/b."""
    num_batches = 400
    models, found = estimated(least_squares, num_iterations=60, num_batches=num_batches)
    curvature = np.array(LeastSquares().curvature)
    assert found.smoothness == pytest.approx(np.full(4, 2.0), rel=1e-6)

    groups = [least_squares.train.x[samples] for samples in least_squares.client_samples]
    means = curvature * np.array([group.mean(axis=0) for group in groups])
    cells = np.array([means[j == CELL].mean(axis=0) for j in range(2)])
    overall = np.array([0.6, 0.4]) @ cells
    between = np.sum((cells - overall) ** 2, axis=-1).max()
    off = np.sum((means - cells[CELL]) ** 2, axis=-1)
    within = max(off[j == CELL].mean() for j in range(2))
    np.testing.assert_allclose(found.cell_divergence, np.full(4, between), rtol=1e-10)
    np.testing.assert_allclose(found.client_divergence, np.full(4, within), rtol=1e-10)

    noise = np.array([np.sum(curvature**2 * group.var(axis=0)) for group in groups]) / 5
    exact = max(noise[j == CELL].mean() for j in range(2))
    assert (np.abs(found.noise_variance - exact) < 4 * found.noise_variance_error).all()
    assert (found.noise_variance_error < 0.1 * exact).all()
    assert found.sample_noise_variance == 5 * found.noise_variance.max()

    first = np.array([0.5 * np.mean((models[0] - group) ** 2 @ curvature) for group in groups])
    assert found.initial_gap == pytest.approx(np.array([0.6, 0.4]) @ [first[j == CELL].mean() for j in range(2)])
    np.testing.assert_allclose(found.square_norm, np.sum(models**2, axis=-1))


def test_standard_errors_are_those_of_repetition(least_squares):
    """Over 200 pilot runs of a single cell, in which no largest is taken, σ² varies as its standard error says, to 20 %."""
    models = np.zeros((1, 3))
    task = dataclasses.replace(least_squares, serving_cell=np.zeros(len(CELL), dtype=int))
    runs = [
        pilot_constants(task, models, batch_size=5, num_batches=30, num_iterations=1, rng=np.random.default_rng(seed))
        for seed in range(200)
    ]
    spread = np.std([run.noise_variance[0] for run in runs], ddof=1)
    claimed = np.sqrt(np.mean([run.noise_variance_error[0] ** 2 for run in runs]))
    assert spread == pytest.approx(claimed, rel=0.2)


def test_softmax_regression_at_zero_has_the_curvature_of_its_inputs(softmax):
    """At W = 0 all classes are equally likely: the Hessian is (I - 11ᵀ/C)/C ⊗ XᵀX/n with a column of ones in X."""
    inputs = [np.c_[softmax.train.x[samples], np.ones(len(samples))] for samples in softmax.client_samples]
    steepest = max(np.linalg.eigvalsh(x.T @ x / len(x))[-1] for x in inputs)
    models = np.zeros((1, 15))
    options = {"batch_size": 5, "num_iterations": 60, "rng": np.random.default_rng(0)}
    found = pilot_constants(softmax, models, radius=1e-4, **options)
    assert found.constants.smoothness == pytest.approx(steepest / 3, rel=1e-6)
    # Anywhere, and however long the probe, it is below the bound for all models, half the curvature of the inputs.
    _, along = estimated(softmax, num_iterations=60)
    assert (along.smoothness < steepest / 2).all()
    assert (along.smoothness > steepest / 10).all()


def test_noise_of_softmax_regression_against_every_single_sample(softmax):
    models, found = estimated(softmax, num_batches=400, num_rounds=1)
    for point, x in enumerate(models):
        noise = []
        for samples in softmax.client_samples:
            each = softmax.model.loss_and_gradient(
                np.tile(x, (len(samples), 1)), softmax.train.x[samples][:, None], softmax.train.labels[samples][:, None]
            )[1]
            noise.append(each.var(axis=0).sum() / 5)
        exact = max(np.mean(np.array(noise)[j == CELL]) for j in range(2))
        assert abs(found.noise_variance[point] - exact) < 4 * found.noise_variance_error[point]


def test_full_gradients_are_those_of_each_client_alone(perceptron):
    parameters = np.random.default_rng(0).standard_normal((len(CELL), perceptron.model.num_parameters))
    loss, gradient = full_gradients(perceptron, parameters)
    for client, samples in enumerate(perceptron.client_samples):
        alone = perceptron.model.loss_and_gradient(
            parameters[client : client + 1], perceptron.train.x[samples][None], perceptron.train.labels[samples][None]
        )
        np.testing.assert_allclose(loss[client], alone[0][0], rtol=1e-12)
        np.testing.assert_allclose(gradient[client], alone[1][0], rtol=1e-10, atol=1e-14)


def test_curvature_is_no_less_than_what_the_run_itself_saw(perceptron, softmax):
    """The power method meets a steeper direction than any between two models of the run."""
    for task in (perceptron, softmax):
        models, found = estimated(task, num_iterations=30)
        gradients = [full_gradients(task, np.tile(x, (len(CELL), 1)))[1] for x in models]
        seen = max(
            np.linalg.norm(gradients[i] - gradients[j], axis=-1).max() / np.linalg.norm(models[i] - models[j])
            for i in range(len(models))
            for j in range(i)
        )
        assert found.constants.smoothness >= seen


def test_estimates_of_an_mlp_are_finite_and_repeat(perceptron):
    (models, one), (_, two), (_, other) = (estimated(perceptron, seed=seed) for seed in (0, 0, 1))
    fields = [f.name for f in dataclasses.fields(one) if f.name not in ("batch_size", "min_loss")]
    for name in fields:
        values = getattr(one, name)
        assert values.shape == (len(models),)
        assert np.isfinite(values).all()
        assert (values > 0.0).all()
        np.testing.assert_array_equal(values, getattr(two, name))
    assert one.smoothness[0] != other.smoothness[0]


def test_estimates_make_a_bound(perceptron):
    _, found = estimated(perceptron)
    constants = found.constants
    step = largest_step_size(smoothness=constants.smoothness, steps=4)
    bound = hierarchical_fedavg_bound(
        constants, num_rounds=100, step_size=step, edge_rounds=2, local_steps=2, clients_per_cell=[3, 2]
    )
    assert np.isfinite(bound.total)
    assert bound.rounds(2 * float(bound.floor)) > 1


def test_explain_says_where_each_was_taken(softmax):
    _, found = estimated(softmax)
    frame = found.explain()
    constants = found.constants
    for name in ("smoothness", "initial_gap", "noise_variance", "cell_divergence", "client_divergence"):
        assert frame.loc[name, "estimate"] == getattr(constants, name)
    assert found.smoothness[frame.loc["smoothness", "model"]] == constants.smoothness
    assert np.isnan(frame.loc["smoothness", "standard_error"])
    assert frame.loc["noise_variance", "standard_error"] > 0.0


def test_the_gap_is_to_what_is_known_of_the_least_loss(softmax):
    _, above_zero = estimated(softmax)
    assert above_zero.initial_gap == above_zero.loss[0]
    _, seen = estimated(softmax, min_loss=None)
    assert seen.initial_gap == pytest.approx(seen.loss[0] - seen.loss.min())
    assert 0.0 < seen.initial_gap < above_zero.initial_gap
    _, known = estimated(softmax, min_loss=0.25)
    assert known.initial_gap == pytest.approx(above_zero.initial_gap - 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trajectory": np.zeros((2, 4))}, r"trajectory: got shape \(2, 4\); needed is \(P, 3\)"),
        ({"trajectory": np.zeros((0, 3))}, "trajectory: got shape"),
        ({"trajectory": np.full((1, 3), np.nan)}, "trajectory: got nan"),
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"num_batches": 1}, "num_batches: got 1"),
        ({"radius": 0.0}, "radius: got 0"),
        ({"min_loss": np.inf}, "min_loss: got inf"),
    ],
)
def test_bad_input_names_the_argument(least_squares, change, message):
    given = {"trajectory": np.zeros((1, 3)), "batch_size": 5, "rng": np.random.default_rng(0)} | change
    with pytest.raises(ValueError, match=message):
        pilot_constants(least_squares, given.pop("trajectory"), **given)


def test_it_is_measured_on_one_thread_so_that_machines_agree(least_squares):
    @dataclass(frozen=True)
    class Watching(LeastSquares):
        seen: list = dataclasses.field(default_factory=list)

        def loss_and_gradient(self, parameters, x, labels, *, out=None):
            self.seen.append([pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"])
            return super().loss_and_gradient(parameters, x, labels, out=out)

    model = Watching()
    task = dataclasses.replace(least_squares, model=model)
    pilot_constants(task, np.zeros((2, 3)), batch_size=5, rng=np.random.default_rng(0), num_iterations=2)
    assert model.seen
    assert {threads for pools in model.seen for threads in pools} == {1}
