"""Convergence of HIST."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aircomp.result import InfeasibleProblem
from channels.arrays import FloatArray, checked
from latency_opt.bounds.cell_shares import cell_counts, cell_shares, cell_weights
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.local_steps import LocalSteps
from latency_opt.hist_partition.training_bound import TrainingBound


def hist_bound(
    constants: LearningConstants,
    *,
    num_rounds: ArrayLike,
    step_size: ArrayLike,
    edge_rounds: ArrayLike,
    local_steps: ArrayLike,
    clients_per_cell: ArrayLike,
    fraction: ArrayLike,
    mean_square_norm: ArrayLike,
    weights: ArrayLike | None = None,
) -> ConvergenceBound:
    """Bound on (1/T) Σ_t E‖∇f(x^t)‖² when cell j trains a random share α_j of the model for S = E·H local steps a round.

    With c = γSL, κ = (γL)²(S(S-1) + H(H-1)) and ρ = 1 - 4(3 + c)(γL)²S(S-1)/(1 - 2κ) it is, for N >= 2 cells, 1/ρ times

        2(f(x⁰) - f*)/(γST) + 2χ²(α‖w) δ₁² + 2c δ₁² + γL(1 + c(S-1)/S) σ² Σ_j α_j/n_j
        + (3 + c)(γL)²/(1 - 2κ)·[4S(S-1) δ₁² + 2H(H-1) δ₂² + σ² Σ_j α_j((S-1)/n_j + (H-1)(1 - 1/n_j))]
        + (3 + c)/(1 - 2κ)·L²(N-1) mean_t E‖x^t‖²,

    and for N = 1 that of `hierarchical_fedavg_bound`. The second term is the price of unequal sub-models, the third that of
    dealing parameters to unlike cells at random, the last that of training with the other cells' parameters absent.

    Assumptions: those of `hierarchical_fedavg_bound`, and in each round every parameter is dealt to exactly one cell, to
    cell j with probability α_j, independently of the past; a sub-model is the model with the other parameters at 0; noise is
    spread evenly, so that a sub-model of a share α_j of the parameters sees a share α_j of σ². Here ρ > 0.79.

    Args:
        constants: of the learning problem.
        num_rounds: (...) global rounds T >= 1.
        step_size: (...) γ > 0.
        edge_rounds: (...) E >= 1.
        local_steps: (...) H >= 1.
        clients_per_cell: (..., N) n_j >= 1.
        fraction: (..., N) α_j > 0, adding up to 1.
        mean_square_norm: (...) (1/T) Σ_t E‖x^t‖², or a bound on it.
        weights: (..., N) w_j of the cells in the objective, adding up to 1; the shares of the clients by default.

    Raises:
        ValueError: if the step size is too large for the bound.

    Source: derived in docs/theory.md. The algorithm: Fang, Han, Brinton 2023, "Federated learning over hierarchical wireless
    networks: training latency minimization via submodel partitioning".

    >>> bound = hist_bound(
    ...     LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=0.1), num_rounds=1000, step_size=0.01,
    ...     edge_rounds=2, local_steps=2, clients_per_cell=[5, 5], fraction=[0.8, 0.2], mean_square_norm=0.0
    ... )
    >>> [float(term.round(4)) for term in bound.terms.values()]
    [0.0507, 0.0731, 0.0081, 0.0, 0.0015, 0.0]
    >>> str(bound.dominant)
    'unequal sub-models'
    """
    clients = cell_counts(clients_per_cell)
    share = cell_weights(weights, clients=clients)
    part = cell_shares("fraction", fraction, clients=clients)
    norm = checked("mean_square_norm", mean_square_norm, low=0.0)
    local = LocalSteps.of(constants, step_size=step_size, edge_rounds=edge_rounds, local_steps=local_steps)
    cells = clients.shape[-1]
    room, growth = _room_and_growth(local, num_cells=cells)
    unlike = constants.cell_divergence if cells > 1 else 0.0
    drift = (
        2.0 * local.cell_drift * unlike
        + local.client_drift * constants.client_divergence
        + local.noise_drift(part, clients) * constants.noise_variance
    )
    imbalance = np.sum((part - share) ** 2 / share, axis=-1)
    noise = constants.noise_variance * np.sum(part / clients, axis=-1)
    return ConvergenceBound(
        num_rounds=checked("num_rounds", num_rounds, low=1.0),
        optimisation_error=local.optimisation_error(constants) / room,
        constant_terms={
            "unequal sub-models": 2.0 * imbalance * unlike / room,
            "dealing to unlike cells": 2.0 * local.round_step * unlike / room,
            "gradient noise": local.gamma_l * local.late_noise * noise / room,
            "drift of cells and clients": growth * drift / room,
            "absent parameters": growth * constants.smoothness**2 * (cells - 1) * norm / room,
        },
    )


def hist_training_bound(
    constants: LearningConstants,
    *,
    target: float,
    step_size: float,
    edge_rounds: int,
    local_steps: int,
    clients_per_cell: ArrayLike,
    mean_square_norm: float,
) -> TrainingBound:
    """`hist_bound` as a function of the imbalance alone, T = A/(ε' - Bχ²), which the partition is optimised for.

    A and B are of that bound, ε' is the target less the other constant terms. Where cells have unequal numbers of clients,
    Σ_j α_j/n_j in the noise terms is taken at its largest, 1/min_j n_j, so that it holds for every partition.

    Arguments but the target are as there, of one setting.

    Args:
        target: ε > 0, the wanted mean squared gradient.

    Raises:
        InfeasibleProblem: if the constant terms alone reach the target, with the largest of them.

    >>> constants = LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=0.1)
    >>> schedule = {"step_size": 0.01, "edge_rounds": 2, "local_steps": 2}
    >>> bound = hist_training_bound(constants, target=0.1, clients_per_cell=[5, 5], mean_square_norm=0.0, **schedule)
    >>> float(bound.rounds(0.3).round(2))
    1719.78
    """
    goal = float(checked("target", target, low=0.0, open_low=True))
    clients = cell_counts(clients_per_cell)
    num_cells = clients.shape[-1]
    equal = np.full(num_cells, 1.0 / num_cells)
    balanced = hist_bound(
        constants,
        num_rounds=1.0,
        step_size=step_size,
        edge_rounds=edge_rounds,
        local_steps=local_steps,
        clients_per_cell=np.full(num_cells, clients.min()),
        fraction=equal,
        weights=equal,
        mean_square_norm=mean_square_norm,
    )
    floor = float(balanced.floor)
    if floor >= goal:
        largest = max(balanced.constant_terms, key=lambda name: float(balanced.constant_terms[name]))
        raise InfeasibleProblem(
            f"target: got {goal:g}; more than {floor:g} is needed, of which '{largest}' is "
            f"{float(balanced.constant_terms[largest]):g}"
        )
    price = hist_imbalance_price(
        constants, step_size=step_size, edge_rounds=edge_rounds, local_steps=local_steps, num_cells=num_cells
    )
    return TrainingBound(
        optimisation_error=float(balanced.optimisation_error), imbalance_price=float(price), target=goal - floor
    )


def hist_imbalance_price(
    constants: LearningConstants, *, step_size: ArrayLike, edge_rounds: ArrayLike, local_steps: ArrayLike, num_cells: int
) -> FloatArray:
    """(...) B = 2δ₁²/ρ of `hist_bound`, what a unit of imbalance χ² adds to the mean squared gradient; 0 with one cell.

    Other arguments are as there.

    Args:
        num_cells: N >= 1.

    >>> constants = LearningConstants(smoothness=1.0, initial_gap=1.0, cell_divergence=0.1)
    >>> float(hist_imbalance_price(constants, step_size=0.01, edge_rounds=2, local_steps=2, num_cells=2).round(4))
    0.203
    """
    local = LocalSteps.of(constants, step_size=step_size, edge_rounds=edge_rounds, local_steps=local_steps)
    room, _ = _room_and_growth(local, num_cells=num_cells)
    return (2.0 * constants.cell_divergence if num_cells > 1 else 0.0) / room


def _room_and_growth(local: LocalSteps, *, num_cells: int) -> tuple[FloatArray, FloatArray]:
    """(...) ρ, and what the drift counts in the bound before it is divided by ρ."""
    parts = num_cells > 1
    growth = (3.0 + local.round_step if parts else 2.0) / local.contraction
    return 1.0 - growth * local.cell_drift * (2.0 if parts else 1.0), growth
