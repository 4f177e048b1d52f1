"""Convergence bounds as functions of the path γEH of a global round, for choosing a schedule."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from channels.arrays import FloatArray, checked

MAX_PATH = 1.0 / 32.0
"""Largest γSL for which the bounds hold."""


class ScheduleBound(Protocol):
    """A bound (1/T)Σ E‖∇f‖² <= P/(sT) + floor + linear·s + quadratic·s² for s = γEH <= max_path.

    The two coefficients depend on E and H, over which they broadcast; all are in units of ‖∇f‖² over those of s.
    """

    @property
    def optimisation_error(self) -> float:
        """P, in units of f."""
        ...

    @property
    def floor(self) -> float:
        """What no step size lowers."""
        ...

    @property
    def max_path(self) -> float:
        """Largest s."""
        ...

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray: ...

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, kw_only=True)
class HISTScheduleBound:
    """The bound of HIST; in it E and H come as S = EH alone, for it counts drift from the last global round.

        4(f(x⁰) - f*)/(γST) + 4χ²δ₁² + 4γLσ² Σα_j/n_j + 16γSLδ₁² + 5(γSL)²(σ² + 2δ₂² + 4δ₁²) + 5L²(N - 1) mean‖x‖²

    So of all schedules with the same S the one with the fewest edge rounds is soonest.

    Attributes:
        initial_gap: f(x⁰) - f* > 0.
        smoothness: L > 0.
        gradient_variance: σ² of a local stochastic gradient.
        cell_divergence: δ₁² >= mean ‖∇f_j - ∇f‖².
        client_divergence: δ₂² >= mean ‖∇F_i - ∇f_j‖².
        inverse_clients: Σα_j/n_j.
        imbalance: χ²(α‖w).
        absent_neurons: 5L²(N - 1) mean‖x‖².

    Source: docs/theory.md, the convergence of HIST.
    """

    initial_gap: float
    smoothness: float
    gradient_variance: float
    cell_divergence: float
    client_divergence: float
    inverse_clients: float
    imbalance: float = 0.0
    absent_neurons: float = 0.0

    def __post_init__(self) -> None:
        _check_constants(self)

    @property
    def optimisation_error(self) -> float:
        return 4.0 * self.initial_gap

    @property
    def floor(self) -> float:
        return 4.0 * self.imbalance * self.cell_divergence + self.absent_neurons

    @property
    def max_path(self) -> float:
        return MAX_PATH / self.smoothness

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        noise = 4.0 * self.smoothness * self.gradient_variance * self.inverse_clients
        return 16.0 * self.smoothness * self.cell_divergence + noise / (edge_rounds * local_steps)

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        drift = self.gradient_variance + 2.0 * self.client_divergence + 4.0 * self.cell_divergence
        return np.full(np.broadcast_shapes(edge_rounds.shape, local_steps.shape), 5.0 * self.smoothness**2 * drift)


@dataclass(frozen=True, kw_only=True)
class HierarchicalFedAvgBound:
    """A bound for hierarchical FedAvg that sees what edge rounds are for: they end the drift of clients from each other.

        2.01(f(x⁰) - f*)/(γST) + 2.01γLσ² Σw_j²/n_j
            + (γL)²(2.8(H² - 1)δ₂² + 1.4(H - 1)σ² + 4.2(S² - 1)δ₁² + 1.4(S - 1)σ² Σw_j/n_j)

    for γSL <= 1/32. With H = E = 1 it is the bound of SGD.

    Attributes:
        initial_gap: f(x⁰) - f* > 0.
        smoothness: L > 0 of every client's loss.
        gradient_variance: σ² of a local stochastic gradient.
        cell_divergence: δ₁² >= Σw_j ‖∇f_j - ∇f‖².
        client_divergence: δ₂² >= mean over its clients of ‖∇F_i - ∇f_j‖², for the mean over cells.
        inverse_clients: Σw_j/n_j.
        inverse_all_clients: Σw_j²/n_j, one over the number of clients if all weigh the same.

    Source: docs/theory.md, two kinds of drift.
    """

    initial_gap: float
    smoothness: float
    gradient_variance: float
    cell_divergence: float
    client_divergence: float
    inverse_clients: float
    inverse_all_clients: float

    def __post_init__(self) -> None:
        _check_constants(self)

    @property
    def optimisation_error(self) -> float:
        return 2.01 * self.initial_gap

    @property
    def floor(self) -> float:
        return 0.0

    @property
    def max_path(self) -> float:
        return MAX_PATH / self.smoothness

    def linear(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        return 2.01 * self.smoothness * self.gradient_variance * self.inverse_all_clients / (edge_rounds * local_steps)

    def quadratic(self, edge_rounds: FloatArray, local_steps: FloatArray) -> FloatArray:
        steps, variance = edge_rounds * local_steps, self.gradient_variance
        clients = 2.8 * (local_steps**2 - 1.0) * self.client_divergence + 1.4 * (local_steps - 1.0) * variance
        cells = 4.2 * (steps**2 - 1.0) * self.cell_divergence + 1.4 * (steps - 1.0) * variance * self.inverse_clients
        return self.smoothness**2 * (clients + cells) / steps**2


def _check_constants(bound: HISTScheduleBound | HierarchicalFedAvgBound) -> None:
    for entry in fields(bound):
        checked(entry.name, getattr(bound, entry.name), low=0.0, open_low=entry.name in ("initial_gap", "smoothness"))
