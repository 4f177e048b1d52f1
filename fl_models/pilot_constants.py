"""Constants of a learning problem, estimated along a short pilot run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, check_count, checked
from channels.summary import shown_by
from fl_models.algorithms.algorithm import initial_state
from fl_models.algorithms.hierarchical_fedavg import HierarchicalFedAvg
from fl_models.cell_work import RoundWork
from fl_models.local.schedule import Schedule
from fl_models.local.workers import single_threaded_algebra
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask
from latency_opt.bounds.constants import LearningConstants

if TYPE_CHECKING:
    import pandas as pd

PROBE = 1e-3
"""Half the length of a probe, relative to the model, where the pilot run does not say how far training moves."""


@shown_by(
    "loss", "square_norm", "smoothness", "noise_variance", "cell_divergence", "client_divergence", "batch_size", "min_loss"
)
@dataclass(frozen=True, kw_only=True, eq=False)
class PilotConstants:
    """What was found at P models of a pilot run; convergence bounds take the largest over them.

    Attributes:
        loss: (P,) f = Σ_j w_j f_j, exact.
        square_norm: (P,) ‖x‖², exact; HIST's bound wants its mean.
        smoothness: (P,) largest over clients of ‖∇F_i(y) - ∇F_i(z)‖/‖y - z‖ found around the model: never above the true L.
        noise_variance: (P,) largest over cells of the mean over clients of E‖g_i - ∇F_i‖², g_i the gradient of a mini-batch.
        noise_variance_error: (P,) its standard error. The largest of several estimates is a little too large on average.
        cell_divergence: (P,) largest ‖∇f_j - ∇f‖² of a cell, exact.
        client_divergence: (P,) largest (1/n_j)Σ_i ‖∇F_i - ∇f_j‖² of a cell, exact.
        batch_size: samples in a mini-batch.
        min_loss: lower bound on f; None for the least loss seen, with which the initial gap is too small.
    """

    loss: FloatArray
    square_norm: FloatArray
    smoothness: FloatArray
    noise_variance: FloatArray
    noise_variance_error: FloatArray
    cell_divergence: FloatArray
    client_divergence: FloatArray
    batch_size: int
    min_loss: float | None = 0.0

    @property
    def initial_gap(self) -> float:
        """f(x⁰) less the lower bound."""
        return float(self.loss[0] - (self.loss.min() if self.min_loss is None else self.min_loss))

    @property
    def sample_noise_variance(self) -> float:
        """σ² of a single sample, b times that of a mini-batch drawn with replacement, as `fedzo_bound` wants it."""
        return self.batch_size * float(self.noise_variance.max())

    @property
    def mean_square_norm(self) -> float:
        """Mean of ‖x‖² over the pilot run."""
        return float(self.square_norm.mean())

    @property
    def constants(self) -> LearningConstants:
        """The largest over the models of the pilot run."""
        return LearningConstants(
            smoothness=float(self.smoothness.max()),
            initial_gap=self.initial_gap,
            noise_variance=float(self.noise_variance.max()),
            cell_divergence=float(self.cell_divergence.max()),
            client_divergence=float(self.client_divergence.max()),
        )

    def explain(self) -> pd.DataFrame:
        """One row a constant: estimate, standard error (0 if exact, nan if one-sided), and at which model it was taken."""
        import pandas as pd

        nature = {
            "smoothness": "lower estimate",
            "noise_variance": "mini-batches",
            "cell_divergence": "exact at the models seen",
            "client_divergence": "exact at the models seen",
        }
        rows = [("initial_gap", self.initial_gap, 0.0, 0, "too small" if self.min_loss is None else "upper bound")]
        for name, kind in nature.items():
            values = getattr(self, name)
            at = int(values.argmax())
            error = {"smoothness": np.nan, "noise_variance": float(self.noise_variance_error[at])}.get(name, 0.0)
            rows.append((name, float(values[at]), error, at, kind))
        return pd.DataFrame(rows, columns=["constant", "estimate", "standard_error", "model", "nature"]).set_index("constant")


def pilot_trajectory(task: FederatedTask, *, schedule: Schedule, num_rounds: int, streams: Streams) -> FloatArray:
    """(P, d) models before each of `num_rounds` global rounds of hierarchical FedAvg over links without error, and the last.

    >>> import numpy as np
    >>> from fl_models import FederatedTask, Schedule, SoftmaxRegression, Streams, digits
    >>> train, test = digits(test_fraction=0.2, rng=np.random.default_rng(0))
    >>> task = FederatedTask(
    ...     model=SoftmaxRegression(num_inputs=64, num_classes=10), train=train, test=test,
    ...     client_samples=tuple(np.array_split(np.arange(400), 4)), serving_cell=np.array([0, 0, 1, 1]),
    ... )
    >>> models = pilot_trajectory(task, schedule=Schedule(step_size=0.1), num_rounds=3, streams=Streams(seed=0))
    >>> models.shape
    (4, 650)
    >>> found = pilot_constants(task, models, batch_size=10, rng=np.random.default_rng(0))
    >>> round(found.constants.smoothness, 1)
    1.5
    """
    check_count("num_rounds", num_rounds)
    algorithm = HierarchicalFedAvg(schedule=schedule)
    state = initial_state(algorithm, task, task.model.init(rng=streams.rng(Stream.MODEL)))
    models = [state.parameters]
    for _ in range(num_rounds):
        state = algorithm.round(state, RoundWork.ideal(task, schedule=schedule, streams=streams, round_index=state.round_index))
        models.append(state.parameters)
    return np.array(models, dtype=float)


def pilot_constants(
    task: FederatedTask,
    trajectory: ArrayLike,
    *,
    batch_size: int,
    rng: np.random.Generator,
    num_batches: int = 16,
    num_iterations: int = 20,
    radius: float | None = None,
    min_loss: float | None = 0.0,
) -> PilotConstants:
    """Constants of convergence bounds at the models of a pilot run, with all clients at once.

    Divergences come from the full gradients of all clients. σ² is the mean of ‖g_i - ∇F_i‖² over mini-batches drawn with
    replacement, as training draws them. L comes from the power method on differences of gradients,

        v ← Hv/‖Hv‖,   Hv = (∇F_i(x + rv) - ∇F_i(x - rv))/(2r),

    for every client: each ‖Hv‖ is a ratio that L bounds, so that the largest is a lower estimate of L near x. It meets the
    steepest direction, which ratios between models of the run rarely do. With rectifiers gradients jump, and no L exists as
    r → 0; with r as far as training moves, the jumps are averaged as training averages them.

    What is found holds at the models seen: a bound from it is an extrapolation, not a guarantee. For `fedzo_bound` L should
    be that of single samples, which is larger. A schedule's weight decay is no part of f.

    Args:
        task: model, data, clients and cells.
        trajectory: (P, d) models, the initial one first; P >= 1.
        batch_size: b, samples in a mini-batch.
        rng: of mini-batches and first directions.
        num_batches: mini-batches of each client at each model, >= 2.
        num_iterations: of the power method, each of two full gradients of all clients.
        radius: r > 0, in the unit of the parameters; by default the mean distance between successive models.
        min_loss: lower bound on f, which 0 is for the cross-entropy; None for the least loss seen.

    Raises:
        ValueError: if a number is out of range or a model is not of the task's size.

    Source: the power method: von Mises and Pollaczek-Geiringer 1929; on Hessians by differences of gradients: Pearlmutter 1994,
    "Fast exact multiplication by the Hessian", section 2.
    """
    models = checked("trajectory", trajectory)
    if models.ndim != 2 or models.shape[1] != task.model.num_parameters or not len(models):
        raise ValueError(f"trajectory: got shape {models.shape}; needed is (P, {task.model.num_parameters})")
    for name, value in (("batch_size", batch_size), ("num_batches", num_batches), ("num_iterations", num_iterations)):
        check_count(name, value)
    if num_batches < 2:
        raise ValueError(f"num_batches: got {num_batches}; a standard error needs at least 2")
    probe = _probe_length(models) if radius is None else float(checked("radius", radius, low=0.0, open_low=True))
    if min_loss is not None:
        checked("min_loss", min_loss)

    membership = (task.serving_cell == np.arange(task.num_cells)[:, None]).astype(float)
    to_cell = membership / membership.sum(axis=1, keepdims=True)  # (N, K), means over the clients of a cell
    found = []
    # Matrices are small here, as in training, and results must not depend on the number of processors.
    with single_threaded_algebra():
        for x in models:
            loss, gradient = full_gradients(task, np.tile(x, (len(task.serving_cell), 1)))
            of_cell = to_cell @ gradient
            overall = task.cell_weights @ of_cell
            off_cell = np.sum((gradient - of_cell[task.serving_cell]) ** 2, axis=-1)
            noise = to_cell @ _batch_errors(task, x, gradient, batch_size=batch_size, num_batches=num_batches, rng=rng)
            mean_noise = noise.mean(axis=-1)
            noisiest = int(mean_noise.argmax())
            found.append(
                {
                    "loss": task.cell_weights @ (to_cell @ loss),
                    "square_norm": x @ x,
                    "smoothness": _largest_curvature(task, x, radius=probe, num_iterations=num_iterations, rng=rng),
                    "noise_variance": mean_noise[noisiest],
                    "noise_variance_error": noise[noisiest].std(ddof=1) / np.sqrt(num_batches),
                    "cell_divergence": np.max(np.sum((of_cell - overall) ** 2, axis=-1)),
                    "client_divergence": np.max(to_cell @ off_cell),
                }
            )
    columns = {name: np.array([row[name] for row in found]) for name in found[0]}
    return PilotConstants(**columns, batch_size=batch_size, min_loss=min_loss)


def full_gradients(task: FederatedTask, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Losses (K,) and gradients (K, d) of all clients on all of their samples, at a model (K, d) for each.

    Clients with the same number of samples are one call of the model.
    """
    sizes = np.array([len(samples) for samples in task.client_samples])
    loss, gradient = np.empty(len(sizes)), np.empty(parameters.shape)
    for size in np.unique(sizes):
        clients = np.flatnonzero(sizes == size)
        samples = np.stack([task.client_samples[client] for client in clients])
        loss[clients], gradient[clients] = task.model.loss_and_gradient(
            parameters[clients], task.train.x[samples], task.train.labels[samples]
        )
    return loss, gradient


def _batch_errors(
    task: FederatedTask, x: FloatArray, gradient: FloatArray, *, batch_size: int, num_batches: int, rng: np.random.Generator
) -> FloatArray:
    """(K, num_batches) squared distances of the gradients of mini-batches from the full ones (K, d)."""
    parameters = np.tile(x, (len(gradient), 1))
    estimate = np.empty_like(parameters)
    errors = np.empty((len(gradient), num_batches))
    for index in range(num_batches):
        batch = np.stack([samples[rng.integers(len(samples), size=batch_size)] for samples in task.client_samples])
        task.model.loss_and_gradient(parameters, task.train.x[batch], task.train.labels[batch], out=estimate)
        errors[:, index] = np.sum((estimate - gradient) ** 2, axis=-1)
    return errors


def _largest_curvature(
    task: FederatedTask, x: FloatArray, *, radius: float, num_iterations: int, rng: np.random.Generator
) -> float:
    """Largest ‖∇F_i(x + rv) - ∇F_i(x - rv)‖/(2r) over clients that the power method meets."""
    direction = rng.standard_normal((len(task.serving_cell), len(x)))
    largest = 0.0
    for _ in range(num_iterations):
        length = np.linalg.norm(direction, axis=-1, keepdims=True)
        # A client without curvature in the direction, or at all, keeps a direction of length 0.
        direction = radius * direction / np.where(length > 0.0, length, 1.0)
        forward, backward = (full_gradients(task, x + sign * direction)[1] for sign in (1.0, -1.0))
        direction = (forward - backward) / (2.0 * radius)
        largest = max(largest, float(np.linalg.norm(direction, axis=-1).max()))
    return largest


def _probe_length(models: FloatArray) -> float:
    """Mean distance between successive models, or a small part of the first model's size if there is none."""
    moved = np.linalg.norm(np.diff(models, axis=0), axis=-1)
    if moved.size and moved.mean() > 0.0:
        return float(moved.mean())
    return PROBE * max(float(np.linalg.norm(models[0])), 1.0)
