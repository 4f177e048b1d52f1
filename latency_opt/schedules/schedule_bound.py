"""Convergence bounds as functions of the path γEH of a global round, for choosing a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from channels.arrays import FloatArray, checked
from channels.summary import shown_by
from latency_opt.bounds.cell_shares import cell_counts, cell_shares, cell_weights
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.local_steps import LocalSteps


class ScheduleBound(Protocol):
    """A bound (1/T)Σ E‖∇f‖² <= (P/(sT) + floor + linear·s + quadratic·s²)/(1 - gradient_drift·s²) for s = γEH <= max_path.

    What is a method depends on E and H, over which it broadcasts; all are in units of ‖∇f‖² over those of the power of s, but
    for `gradient_drift`, which is in those of s⁻² alone.
    """

    @property
    def optimisation_error(self) -> float:
        """P > 0, in units of f."""
        ...

    @property
    def floor(self) -> float:
        """What no step size lowers."""
        ...

    def max_path(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        """Largest s, which more edge rounds or local steps never make longer."""
        ...

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray: ...

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray: ...

    def gradient_drift(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        """Drift that the gradient itself causes, per ‖∇f‖²."""
        ...


@shown_by("constants", "clients_per_cell", "weights")
@dataclass(frozen=True, kw_only=True, eq=False)
class HierarchicalFedAvgScheduleBound:
    """`hierarchical_fedavg_bound`, with what drift counts, 2/(1 - 2κ), taken where c = γSL is largest.

    With S = EH, C = 1/8 for S > 1 and 1 for S = 1, growth = 2/(1 - 2κ) at c = C and V = σ² Σ w_j²/n_j it has

        P = 2(f(x⁰) - f*),   linear = LV/S,   gradient_drift = growth·(L/S)²·2S(S-1),
        quadratic = (L/S)²{(S-1)V + growth·[2S(S-1) δ₁² + 2H(H-1) δ₂² + σ² Σ w_j((S-1)/n_j + (H-1)(1 - 1/n_j))]},

    no floor, and δ₁² counts as 0 in a single cell. For S = 1 and at the largest path it is the bound that it comes from; the
    least rounds by it are at most √(16/15) = 1.033 times the least by that.

    Attributes:
        constants: of the learning problem, with a gap > 0.
        clients_per_cell: (N,) n_j >= 1.
        weights: (N,) w_j of the cells in the objective, adding up to 1; the shares of the clients by default.

    Source: docs/theory.md, schedules.

    >>> constants = LearningConstants(smoothness=2.0, initial_gap=1.0, noise_variance=10.0)
    >>> bound = HierarchicalFedAvgScheduleBound(constants=constants, clients_per_cell=[5, 5])
    >>> steps = np.array([1.0, 2.0])
    >>> bound.max_path(np.ones(2), steps).tolist(), bound.linear(np.ones(2), steps).tolist()
    ([0.5, 0.0625], [2.0, 1.0])
    """

    constants: LearningConstants
    clients_per_cell: FloatArray
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        clients = _clients(self.clients_per_cell, self.constants)
        object.__setattr__(self, "clients_per_cell", clients)
        object.__setattr__(self, "weights", _one_per_cell("weights", cell_weights(self.weights, clients=clients)))

    @property
    def optimisation_error(self) -> float:
        return 2.0 * self.constants.initial_gap

    @property
    def floor(self) -> float:
        return 0.0

    def max_path(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        return self._longest(edge_rounds, local_steps).round_step / self.constants.smoothness

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        return self.constants.smoothness * self._noise / (edge_rounds * local_steps)

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        constants, longest = self.constants, self._longest(edge_rounds, local_steps)
        unlike = constants.cell_divergence if self.clients_per_cell.size > 1 else 0.0
        drift = (
            longest.cell_drift * unlike
            + longest.client_drift * constants.client_divergence
            + longest.noise_drift(self._share, self.clients_per_cell) * constants.noise_variance
        )
        late = longest.gamma_l * (longest.late_noise - 1.0) * self._noise
        return (late + 2.0 / longest.contraction * drift) / self.max_path(edge_rounds, local_steps) ** 2

    def gradient_drift(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        longest = self._longest(edge_rounds, local_steps)
        return 2.0 / longest.contraction * longest.cell_drift / self.max_path(edge_rounds, local_steps) ** 2

    @property
    def _share(self) -> FloatArray:
        return cell_weights(self.weights, clients=self.clients_per_cell)

    @property
    def _noise(self) -> float:
        return self.constants.noise_variance * float(np.sum(self._share**2 / self.clients_per_cell))

    def _longest(self, edge_rounds: FloatArray, local_steps: FloatArray) -> LocalSteps:
        return LocalSteps.longest(self.constants, edge_rounds=edge_rounds, local_steps=local_steps)


@shown_by("constants", "clients_per_cell", "fraction", "weights", "mean_square_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class HISTScheduleBound:
    """`hist_bound`, with what drift counts, (3 + c)/(1 - 2κ), taken where c = γSL is largest.

    With S and C as in `HierarchicalFedAvgScheduleBound`, growth = (3 + c)/(1 - 2κ) at c = C, V = σ² Σ α_j/n_j and
    a = L²(N-1) mean_t E‖x^t‖² it has, for N >= 2 cells,

        P = 2(f(x⁰) - f*),   floor = 2χ²(α‖w) δ₁² + 3a,   linear = L(2δ₁² + a + V/S),   gradient_drift = growth·(L/S)²·4S(S-1),
        quadratic = (L/S)²{(S-1)V + growth·[4S(S-1) δ₁² + 2H(H-1) δ₂² + σ² Σ α_j((S-1)/n_j + (H-1)(1 - 1/n_j))
                                            + 2(S(S-1) + H(H-1)) a]},

    and for N = 1 it is that of hierarchical FedAvg. Absent parameters, which count (3 + c)/(1 - 2κ) = 3 + c + 2κ·growth, are in
    three terms. For S = 1 and at the largest path it is the bound that it comes from; the least rounds by it are at most
    √(10/9) = 1.054 times the least by that.

    Attributes:
        constants: of the learning problem, with a gap > 0.
        clients_per_cell: (N,) n_j >= 1.
        fraction: (N,) α_j > 0, adding up to 1.
        mean_square_norm: (1/T) Σ_t E‖x^t‖², or a bound on it.
        weights: (N,) w_j of the cells in the objective, adding up to 1; the shares of the clients by default.

    Source: docs/theory.md, schedules.

    >>> constants = LearningConstants(smoothness=2.0, initial_gap=1.0, noise_variance=4.0, cell_divergence=0.1)
    >>> bound = HISTScheduleBound(constants=constants, clients_per_cell=[5, 5], fraction=[0.8, 0.2], mean_square_norm=0.0)
    >>> round(bound.floor, 6), bound.linear(np.ones(2), np.array([1.0, 2.0])).round(6).tolist()
    (0.072, [2.0, 1.2])
    """

    constants: LearningConstants
    clients_per_cell: FloatArray
    fraction: FloatArray
    mean_square_norm: float
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        clients = _clients(self.clients_per_cell, self.constants)
        object.__setattr__(self, "clients_per_cell", clients)
        object.__setattr__(self, "weights", _one_per_cell("weights", cell_weights(self.weights, clients=clients)))
        part = cell_shares("fraction", self.fraction, clients=clients)
        object.__setattr__(self, "fraction", _one_per_cell("fraction", part))
        checked("mean_square_norm", self.mean_square_norm, low=0.0, shape=())

    @property
    def optimisation_error(self) -> float:
        return 2.0 * self.constants.initial_gap

    @property
    def floor(self) -> float:
        share = cell_weights(self.weights, clients=self.clients_per_cell)
        imbalance = float(np.sum((self.fraction - share) ** 2 / share))
        return 2.0 * imbalance * self._unlike + 3.0 * self._absent

    def max_path(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        return self._longest(edge_rounds, local_steps).round_step / self.constants.smoothness

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        noise = self._noise / (edge_rounds * local_steps)
        return self.constants.smoothness * (2.0 * self._unlike + self._absent + noise)

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        constants, longest = self.constants, self._longest(edge_rounds, local_steps)
        drift = (
            longest.client_drift * constants.client_divergence
            + longest.noise_drift(self.fraction, self.clients_per_cell) * constants.noise_variance
            + (longest.cell_drift + longest.client_drift) * self._absent
        )
        late = longest.gamma_l * (longest.late_noise - 1.0) * self._noise
        others = (late + self._growth(longest) * drift) / self.max_path(edge_rounds, local_steps) ** 2
        return self.gradient_drift(edge_rounds, local_steps) * self._unlike + others

    def gradient_drift(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        longest = self._longest(edge_rounds, local_steps)
        drift = (2.0 if self._parts else 1.0) * longest.cell_drift
        return self._growth(longest) * drift / self.max_path(edge_rounds, local_steps) ** 2

    @property
    def _parts(self) -> bool:
        """Whether the model is parted at all."""
        return self.clients_per_cell.size > 1

    @property
    def _unlike(self) -> float:
        return self.constants.cell_divergence if self._parts else 0.0

    @property
    def _absent(self) -> float:
        return self.constants.smoothness**2 * (self.clients_per_cell.size - 1) * self.mean_square_norm

    @property
    def _noise(self) -> float:
        return self.constants.noise_variance * float(np.sum(self.fraction / self.clients_per_cell))

    def _longest(self, edge_rounds: FloatArray, local_steps: FloatArray) -> LocalSteps:
        return LocalSteps.longest(self.constants, edge_rounds=edge_rounds, local_steps=local_steps)

    def _growth(self, longest: LocalSteps) -> FloatArray:
        return (3.0 + longest.round_step if self._parts else 2.0) / longest.contraction


def _clients(clients_per_cell: FloatArray, constants: LearningConstants) -> FloatArray:
    checked("initial_gap", constants.initial_gap, low=0.0, open_low=True)
    return _one_per_cell("clients_per_cell", cell_counts(clients_per_cell))


def _one_per_cell(name: str, array: FloatArray) -> FloatArray:
    if array.ndim != 1:
        raise ValueError(f"{name}: got a batch of shape {array.shape}; needed is one value per cell, shape (N,)")
    return array
