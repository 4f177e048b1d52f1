"""The two-point estimate: its mean, its variance, and that drawing less draws the same."""

import numpy as np
import pytest
from scipy.stats import chi2, ks_2samp, kstest

from fl_models import MLP, LocalStep, MiniBatches, SoftmaxRegression, ZerothOrderSteps, losses_of, two_point_estimate
from fl_models.zeroth_order import row_space_directions
from fl_models.zeroth_order.bartlett import bartlett_factor
from fl_models.zeroth_order.gaussian import single_gaussian
from fl_models.zeroth_order.row_space_directions import RowSpaceDirections, row_space_pays
from fl_models.zeroth_order.whole_directions import WholeDirections
from latency_opt import LearningConstants
from latency_opt.bounds.two_point_estimator import TwoPointEstimator

NO_X, NO_LABELS = np.zeros((1, 1)), np.zeros(1, dtype=int)


def whole(losses, *, directions, smoothing, seed=0):
    return WholeDirections(
        losses, NO_X[None], NO_LABELS[None], directions=directions, smoothing=smoothing, rng=np.random.default_rng(seed)
    )


def quartic(parameters, x, labels):
    return np.sum(parameters**4, axis=-1)


def test_gaussians_are_gaussian():
    drawn = single_gaussian((1001, 999), rng=np.random.default_rng(0)).astype(float)
    assert drawn.shape == (1001, 999)
    assert kstest(drawn.ravel(), "norm").pvalue > 1e-3
    # The two of a pair share a radius, and still are independent: so are their squares.
    one, two = drawn.ravel()[:500_000] ** 2, drawn.ravel()[-500_000:] ** 2
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.0 / np.sqrt(len(one))


def test_bartletts_factor_has_the_lengths_and_angles_of_gaussian_vectors():
    rng = np.random.default_rng(0)
    factors = np.array([bartlett_factor(3, dimension=5, rng=rng) for _ in range(20_000)])
    vectors = rng.standard_normal((20_000, 3, 5))
    grams, naive = (a @ a.swapaxes(-1, -2) for a in (factors, vectors))
    for i, j in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]:
        assert ks_2samp(grams[:, i, j], naive[:, i, j]).pvalue > 1e-3
    assert kstest(grams[:, 2, 2], chi2(5).cdf).pvalue > 1e-3
    assert ks_2samp(np.linalg.det(grams), np.linalg.det(naive)).pvalue > 1e-3
    with pytest.raises(ValueError, match="dimension: got 2; allowed is a finite number >= 3"):
        bartlett_factor(3, dimension=2, rng=rng)


def test_along_all_axes_both_ways_it_is_exact_on_quadratics_and_tends_to_the_gradient():
    rng = np.random.default_rng(0)
    root, at, axes = rng.standard_normal((4, 4)), rng.standard_normal(4), np.concatenate([np.eye(4), -np.eye(4)])

    def quadratic(parameters, x, labels):
        return 0.5 * np.sum((parameters @ root) ** 2, axis=-1)

    estimate, loss = two_point_estimate(quadratic, at, NO_X, NO_LABELS, directions=axes, smoothing=0.3)
    np.testing.assert_allclose(estimate, root @ root.T @ at, rtol=1e-12)
    assert loss == pytest.approx(0.5 * np.sum((at @ root) ** 2))
    errors = []
    for smoothing in (1e-1, 1e-2):
        estimate, _ = two_point_estimate(quartic, at, NO_X, NO_LABELS, directions=axes, smoothing=smoothing)
        errors.append(np.linalg.norm(estimate - 4.0 * at**3))
    assert errors[1] == pytest.approx(1e-2 * errors[0], rel=1e-6)


def test_its_mean_is_the_gradient_of_the_loss_smoothed_over_the_ball():
    """For Σ x_i⁴ that is 4x³ + 12 x μ²/(d + 2), since E u_i² = 1/(d + 2) in the unit ball."""
    at, smoothing, repeats = np.array([0.5, -1.0, 0.2]), 0.8, 40_000
    draws = whole(quartic, directions=1, smoothing=smoothing)
    estimates = np.array([draws.estimate(at, 0)[0] for _ in range(repeats)])
    error = estimates.std(axis=0) / np.sqrt(repeats)
    smoothed = 4.0 * at**3 + 12.0 * at * smoothing**2 / 5.0
    assert (np.abs(estimates.mean(axis=0) - smoothed) < 4.0 * error).all()
    assert (np.abs(estimates.mean(axis=0) - 4.0 * at**3) > 6.0 * error).any()  # which is not the gradient itself


def test_its_variance_is_within_the_bound():
    """On a linear loss E‖ĝ - g‖² = (d - 1)‖g‖²/b₂, half of the bound; on a quadratic with large μ it is below the bound."""
    gradient, repeats = np.array([1.0, -2.0, 0.5, 0.0, 3.0]), 20_000
    draws = whole(lambda parameters, x, labels: parameters @ gradient, directions=4, smoothing=0.1)
    errors = np.array([np.sum((draws.estimate(np.zeros(5), 0)[0] - gradient) ** 2) for _ in range(repeats)])
    expected = 4.0 / 4.0 * gradient @ gradient
    assert abs(errors.mean() - expected) < 4.0 * errors.std() / np.sqrt(repeats)
    bound = TwoPointEstimator(num_parameters=5, directions=4, batch_size=1, smoothing=0.5)
    assert expected == pytest.approx(0.5 * float(bound.direction_variance) * gradient @ gradient)

    draws = whole(lambda parameters, x, labels: np.sum(parameters**2, axis=-1), directions=4, smoothing=0.5)
    errors = np.array([np.sum((draws.estimate(gradient / 2.0, 0)[0] - gradient) ** 2) for _ in range(5000)])
    constants = LearningConstants(smoothness=2.0, initial_gap=1.0)
    assert errors.mean() < float(bound.direction_variance) * gradient @ gradient + float(bound.difference_variance(constants))


def mlp_case(*, duplicate):
    rng = np.random.default_rng(0)
    model = MLP(num_inputs=12, num_hidden=(5, 3), num_classes=3)
    x, labels = rng.random((1, 4, 12)), rng.integers(3, size=(1, 4))
    if duplicate:
        x[0, 1] = x[0, 0]
    return model, x, labels, model.init(rng=rng).astype(float)


@pytest.mark.parametrize("duplicate", [False, True])
def test_with_given_directions_the_row_space_gives_the_same_estimate(monkeypatch, duplicate):
    """Whole Gaussians, taken apart the way `RowSpaceDirections` draws them, make the estimate that they make whole."""
    model, x, labels, at = mlp_case(duplicate=duplicate)
    gaussians = np.random.default_rng(1).standard_normal((6, model.num_parameters))
    lengths = np.linalg.norm(gaussians, axis=1)
    expected, loss = two_point_estimate(
        losses_of(model), at, x[0], labels[0], directions=gaussians / lengths[:, None], smoothing=0.1
    )
    drawing = RowSpaceDirections(model, x, labels, directions=6, smoothing=0.1, rng=None)
    assert drawing.spanned.sum() == (3 if duplicate else 4)
    basis = x[0].T @ drawing.mixing[0]
    first = gaussians[:, :60].reshape(6, 12, 5)
    beyond = first - basis @ basis.T @ first
    flat = beyond.reshape(6, -1)
    differences = losses_of(model)(at + 0.1 * gaussians / lengths[:, None], x, labels) - loss
    combined = np.tensordot(differences / lengths, beyond, axes=1)
    pieces = [
        np.concatenate([(basis.T @ first).reshape(6, -1), gaussians[:, 60:]], axis=1),
        # Its length does not matter, nor what it has in the row space.
        7.0 * combined + basis @ basis.T @ np.random.default_rng(2).standard_normal((12, 5)),
    ]
    monkeypatch.setattr(row_space_directions, "single_gaussian", lambda shape, rng: pieces.pop(0).copy())
    monkeypatch.setattr(row_space_directions, "bartlett_factor", lambda num, dimension, rng: np.linalg.cholesky(flat @ flat.T))
    estimate, value = drawing.estimate(at, 0)
    assert value == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(estimate, expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("duplicate", [False, True])
@pytest.mark.parametrize("smoothing", [1e-3, 2.0], ids=["small", "large"])
def test_drawing_less_draws_the_same_distribution(duplicate, smoothing):
    """Means, all second moments, and the distributions of length and of several projections, against whole directions.

    With a large μ lengths of directions matter to the loss more than to first order.
    """
    model, x, labels, at = mlp_case(duplicate=duplicate)
    repeats, directions = 6000, 3
    samples = []
    for kind, problem in ((WholeDirections, losses_of(model)), (RowSpaceDirections, model)):
        drawing = kind(
            problem, x, labels, directions=directions, smoothing=smoothing, rng=np.random.default_rng(len(samples) + 10)
        )
        samples.append(np.array([drawing.estimate(at, 0)[0] for _ in range(repeats)]))
    one, two = samples
    spread = np.sqrt((one.var(axis=0) + two.var(axis=0)) / repeats)
    assert (np.abs(one.mean(axis=0) - two.mean(axis=0)) < 4.5 * spread).all()
    rng = np.random.default_rng(3)
    mix = rng.standard_normal((model.num_parameters, 12)) / np.sqrt(model.num_parameters)
    products = [np.einsum("ni,nj->nij", a @ mix, a @ mix).reshape(repeats, -1) for a in samples]
    spread = np.sqrt(sum(product.var(axis=0) for product in products) / repeats)
    assert (np.abs(products[0].mean(axis=0) - products[1].mean(axis=0)) < 4.5 * spread).all()
    gradient = model.loss_and_gradient(at[None], x, labels)[1][0]
    beyond = np.zeros(model.num_parameters)
    beyond[:60:5] = np.linalg.svd(x[0])[2][-1]  # a neuron's weights, orthogonal to all samples
    for project in (
        lambda a: np.linalg.norm(a, axis=1),
        lambda a: np.linalg.norm(a[:, :60], axis=1),
        lambda a: a @ gradient,
        lambda a: a @ beyond,
        lambda a: a @ mix[:, 0],
        lambda a: a[:, -1],
        lambda a: np.linalg.norm(x[0] @ a[:, :60].reshape(-1, 12, 5), axis=(1, 2)),
    ):
        assert ks_2samp(project(one), project(two)).pvalue > 1e-3


def test_whether_it_pays_depends_on_sizes_alone():
    linear = SoftmaxRegression(num_inputs=784, num_classes=10)
    assert row_space_pays(linear, batch=25, directions=20)
    assert not row_space_pays(linear, batch=25, directions=2)
    assert not row_space_pays(linear, batch=783, directions=20)
    assert not row_space_pays(linear, batch=784, directions=20)
    assert not row_space_pays(object(), batch=1, directions=20)


@pytest.mark.parametrize("steps", [ZerothOrderSteps(directions=20), ZerothOrderSteps(directions=20, whole=True)])
def test_a_clients_steps_do_not_depend_on_its_company(steps):
    rng = np.random.default_rng(0)
    model = MLP(num_inputs=100, num_hidden=20, num_classes=3)
    x, labels = rng.random((3, 4, 5, 100), dtype=np.float32), rng.integers(3, size=(3, 4, 5))
    begin = model.init(rng=rng)
    assert row_space_pays(model, batch=5, directions=20)

    def run(clients):
        local = np.tile(begin, (len(clients), 1))
        rngs = [np.random.default_rng(client) for client in clients]
        batches = MiniBatches.of(x[clients], labels[clients])
        losses = steps.run(model, local, batches, LocalStep(step_size=0.1, decay=0.01), rngs=rngs)
        return local, losses

    together, losses = run([0, 1, 2])
    for client in range(3):
        alone, loss = run([client])
        assert alone[0].tobytes() == together[client].tobytes()
        assert loss[0] == losses[client]


@pytest.mark.parametrize("whole_ones", [False, True])
def test_shift_decay_and_averaging(whole_ones):
    """x ← x - γ(ĝ + shift + decay·x), and the mean of estimates at one point, against steps of one mini-batch each."""
    rng = np.random.default_rng(0)
    model = SoftmaxRegression(num_inputs=300, num_classes=8)
    x, labels = rng.random((1, 2, 5, 300)), rng.integers(3, size=(1, 2, 5))
    assert row_space_pays(model, batch=5, directions=20)
    begin, shift = rng.standard_normal((1, model.num_parameters)), rng.standard_normal((1, model.num_parameters))

    def moved(steps, batches, rng, **options):
        local = begin.copy()
        step = LocalStep(**{"step_size": 0.1} | options)
        steps.run(model, local, MiniBatches.of(x[:, batches], labels[:, batches]), step, rngs=[rng])
        return local - begin

    plain = ZerothOrderSteps(directions=20, whole=whole_ones)
    average = ZerothOrderSteps(directions=20, whole=whole_ones, average=True)
    rng = np.random.default_rng(5)
    each = [moved(plain, [batch], rng) for batch in range(2)]
    np.testing.assert_allclose(moved(average, [0, 1], np.random.default_rng(5)), np.mean(each, axis=0), rtol=1e-9)
    full = moved(plain, [0], np.random.default_rng(5), decay=0.3, shift=shift)
    np.testing.assert_allclose(full, each[0] - 0.1 * (shift + 0.3 * begin), rtol=1e-9)


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="directions: got 0"):
        ZerothOrderSteps(directions=0)
    with pytest.raises(ValueError, match="smoothing: got 0"):
        ZerothOrderSteps(smoothing=0.0)
