"""The algorithms themselves on random quadratics, many runs at once, against which the bounds are held."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

from latency_opt.bounds.constants import LearningConstants


@dataclass(frozen=True, eq=False)
class Quadratics:
    """F_i(x) = (x - θ_i)ᵀA_i(x - θ_i)/2 for clients i in cells, with gradient noise N(0, σ²/d I).

    Attributes:
        hessian: (K, d, d) A_i.
        optimum: (K, d) θ_i.
        cell: (K,) which cell each client is in.
        weights: (N,) of the cells.
        start: (d,) x⁰.
        noise_variance: σ².
    """

    hessian: np.ndarray
    optimum: np.ndarray
    cell: np.ndarray
    weights: np.ndarray
    start: np.ndarray
    noise_variance: float

    @classmethod
    def random(cls, seed, *, clients_per_cell, dimension=8, spread=None, noise=None, weights=None, diagonal=False):
        """Of random curvature, 0.05 to 1 times a random scale, spread of optima and noise, unless they are given."""
        rng = np.random.default_rng(seed)
        clients = np.asarray(clients_per_cell)
        cell = np.repeat(np.arange(len(clients)), clients)
        basis = np.linalg.qr(rng.standard_normal((len(cell), dimension, dimension)))[0]
        if diagonal:
            basis = np.broadcast_to(np.eye(dimension), basis.shape)
        scale = 10.0 ** rng.uniform(-1, 1)
        values = scale * rng.uniform(0.05, 1.0, (len(cell), dimension))
        between, within = rng.uniform(0.0, 0.5, 2) if spread is None else (spread, spread)
        if spread == 0.0:
            basis, values = np.broadcast_to(basis[:1], basis.shape), np.broadcast_to(values[:1], values.shape)
        return cls(
            hessian=np.einsum("kab,kb,kcb->kac", basis, values, basis),
            optimum=between * rng.standard_normal((len(clients), dimension))[cell]
            + within * rng.standard_normal((len(cell), dimension)),
            cell=cell,
            weights=clients / clients.sum() if weights is None else np.asarray(weights),
            start=rng.standard_normal(dimension),
            noise_variance=scale**2 * (10.0 ** rng.uniform(-1, 1) if noise is None else noise),
        )

    @property
    def clients(self):
        return np.bincount(self.cell)

    @property
    def dimension(self):
        return len(self.start)

    @property
    def smoothness(self):
        return np.linalg.eigvalsh(self.hessian).max()

    @property
    def client_weights(self):
        return (self.weights / self.clients)[self.cell]

    def gradients(self, x):
        """(..., K, d) at x (..., K, d), a model for each client."""
        return np.einsum("kab,...kb->...ka", self.hessian, x - self.optimum)

    def losses(self, x):
        """(..., K)."""
        return 0.5 * np.einsum("...ka,kab,...kb->...k", x - self.optimum, self.hessian, x - self.optimum)

    @property
    def minimiser(self):
        hessian = np.einsum("k,kab->ab", self.client_weights, self.hessian)
        return np.linalg.solve(hessian, np.einsum("k,kab,kb->a", self.client_weights, self.hessian, self.optimum))

    @property
    def from_minimiser(self):
        """The same problem, started where f is least: only the constant terms of a bound are left."""
        return dataclasses.replace(self, start=self.minimiser)

    @property
    def gap(self):
        """f(x⁰) - min f."""
        return max((self.losses(self.start) - self.losses(self.minimiser)) @ self.client_weights, 0.0)

    def divergences(self, models):
        """δ₁², δ₂²: the largest at the models (..., d), which the bounds need them at."""
        gradients = self.gradients(models[..., None, :] + np.zeros_like(self.optimum))
        cells = np.stack([gradients[..., self.cell == j, :].mean(axis=-2) for j in range(len(self.clients))], axis=-2)
        overall = np.einsum("k,...kd->...d", self.client_weights, gradients)
        between = np.sum((cells - overall[..., None, :]) ** 2, axis=-1)
        off = np.sum((gradients - cells[..., self.cell, :]) ** 2, axis=-1)
        within = np.stack([off[..., self.cell == j].mean(axis=-1) for j in range(len(self.clients))], axis=-1)
        return between.max(), within.max()

    def mean_square(self, models):
        """Mean over rounds and runs of ‖∇f(x^t)‖² at models (T, runs, d), and its standard error over runs."""
        gradients = self.gradients(models[..., None, :] + np.zeros_like(self.optimum))
        square = np.sum(np.einsum("k,...kd->...d", self.client_weights, gradients) ** 2, axis=-1).mean(axis=0)
        return square.mean(), square.std(ddof=1) / np.sqrt(len(square))

    def constants(self, models):
        """Exact L, f(x⁰) - f* and σ²; divergences at the models that rounds of these runs start from."""
        between, within = self.divergences(models)
        return LearningConstants(
            smoothness=self.smoothness,
            initial_gap=self.gap,
            noise_variance=self.noise_variance,
            cell_divergence=between,
            client_divergence=within,
        )


@pytest.fixture(scope="session")
def quadratics():
    return Quadratics.random


@pytest.fixture(scope="session")
def run_cells():
    """Hierarchical FedAvg, or HIST where numbers of parameters for each cell are given: models (T, runs, d) x⁰ ... x^(T-1)."""

    def run(problem, *, num_rounds, step_size, edge_rounds, local_steps, num_runs, rng, parameters=None):
        num_cells, dimension = len(problem.clients), problem.dimension
        x = np.broadcast_to(problem.start, (num_runs, dimension))
        models = []
        for _ in range(num_rounds):
            models.append(x)
            if parameters is None:
                masks = np.ones((num_runs, num_cells, dimension))
            else:
                owner = np.repeat(np.arange(num_cells), parameters)
                owner = rng.permuted(np.broadcast_to(owner, (num_runs, dimension)), axis=-1)
                masks = (owner[:, None, :] == np.arange(num_cells)[:, None]).astype(float)
            edge = masks * x[:, None, :]
            for _ in range(edge_rounds):
                local = edge[:, problem.cell]
                for _ in range(local_steps):
                    noise = rng.standard_normal(local.shape) * np.sqrt(problem.noise_variance / dimension)
                    local = local - step_size * masks[:, problem.cell] * (problem.gradients(local) + noise)
                edge = np.stack([local[:, problem.cell == j].mean(axis=1) for j in range(num_cells)], axis=1)
            x = edge.sum(axis=1) if parameters is not None else np.einsum("j,rjd->rd", problem.weights, edge)
        return np.array(models)

    return run


@pytest.fixture(scope="session")
def run_fedzo():
    """FedZO from function values only; over the air if `threshold` and `snr` are given. Also the largest ‖Δ_i‖/(γH)."""

    def run(
        problem, *, num_rounds, step_size, local_steps, directions, batch_size, smoothing, num_runs, rng,
        num_participants=None, threshold=None, snr=None,
    ):  # fmt: skip
        num_clients, dimension = problem.optimum.shape
        x = np.broadcast_to(problem.start, (num_runs, dimension))
        models, largest = [], 0.0
        for _ in range(num_rounds):
            models.append(x)
            local = x[:, None, :] + np.zeros_like(problem.optimum)
            for _ in range(local_steps):
                v = rng.standard_normal((directions, num_runs, num_clients, dimension))
                v /= np.linalg.norm(v, axis=-1, keepdims=True)
                # F(x; ξ) = F(x) + ξᵀx: its gradient has the noise ξ, the same for all directions of a step.
                xi = rng.standard_normal(local.shape) * np.sqrt(problem.noise_variance / (batch_size * dimension))
                moved = local + smoothing * v
                change = problem.losses(moved) - problem.losses(local) + np.sum(xi * (moved - local), axis=-1)
                local = local - step_size * dimension / smoothing * np.mean(change[..., None] * v, axis=0)
            update = local - x[:, None, :]
            norm = np.linalg.norm(update, axis=-1)
            largest = max(largest, norm.max() / (step_size * local_steps))
            if threshold is None:
                rank = rng.permuted(np.broadcast_to(np.arange(num_clients), norm.shape), axis=-1)
                active = rank < (num_clients if num_participants is None else num_participants)
                spread = 0.0
            else:
                active = rng.exponential(size=norm.shape) >= threshold**2
                spread = np.max(norm * active, axis=-1) / np.sqrt(snr * threshold**2 * dimension)
            count = np.maximum(active.sum(axis=-1), 1)
            noise = rng.standard_normal(x.shape) * np.reshape(spread / count, (-1, 1))
            x = x + np.sum(update * active[..., None], axis=1) / count[:, None] + noise
        return np.array(models), largest

    return run
