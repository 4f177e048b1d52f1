"""Convergence of hierarchical FedAvg."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import checked
from latency_opt.bounds.cell_shares import cell_counts, cell_weights
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.local_steps import LocalSteps


def hierarchical_fedavg_bound(
    constants: LearningConstants,
    *,
    num_rounds: ArrayLike,
    step_size: ArrayLike,
    edge_rounds: ArrayLike,
    local_steps: ArrayLike,
    clients_per_cell: ArrayLike,
    weights: ArrayLike | None = None,
) -> ConvergenceBound:
    """Bound on (1/T) Σ_t E‖∇f(x^t)‖² when cells average every H local steps and the cloud every S = E·H.

    With c = γSL, κ = (γL)²(S(S-1) + H(H-1)) and ρ = 1 - 4(γL)²S(S-1)/(1 - 2κ) it is 1/ρ times

        2(f(x⁰) - f*)/(γST) + γL(1 + c(S-1)/S) σ² Σ_j w_j²/n_j
        + 2(γL)²/(1 - 2κ)·[2S(S-1) δ₁² + 2H(H-1) δ₂² + σ² Σ_j w_j((S-1)/n_j + (H-1)(1 - 1/n_j))].

    Cells drift apart over S steps, clients of a cell over H only; with a single cell δ₁² counts as 0. For S = 1 this is the
    bound of stochastic gradient descent, 2(f(x⁰) - f*)/(γT) + γLσ²/K with w_j = n_j/K.

    Assumptions: the losses F_i are L-smooth, convex or not; f is bounded below; stochastic gradients are unbiased,
    independent across clients and steps given the past, with the variance of `constants`; all clients take part in all
    rounds, over links without error; γL <= 1 for S = 1, else γSL <= 1/8, so that ρ > 0.93.

    Args:
        constants: of the learning problem.
        num_rounds: (...) global rounds T >= 1.
        step_size: (...) γ > 0.
        edge_rounds: (...) E >= 1.
        local_steps: (...) H >= 1.
        clients_per_cell: (..., N) n_j >= 1.
        weights: (..., N) w_j of the cells in the objective, adding up to 1; the shares of the clients by default.

    Raises:
        ValueError: if the step size is too large for the bound.

    Source: derived in docs/theory.md. The algorithm: Liu, Zhang, Song, Letaief 2020, "Client-edge-cloud hierarchical federated
    learning".

    >>> constants = LearningConstants(smoothness=1.0, initial_gap=1.0, noise_variance=4.0)
    >>> sgd = {"edge_rounds": 1, "local_steps": 1, "clients_per_cell": [5, 5]}
    >>> float(hierarchical_fedavg_bound(constants, num_rounds=100, step_size=0.1, **sgd).total.round(9))
    0.24
    """
    clients = cell_counts(clients_per_cell)
    share = cell_weights(weights, clients=clients)
    local = LocalSteps.of(constants, step_size=step_size, edge_rounds=edge_rounds, local_steps=local_steps)
    unlike = constants.cell_divergence if clients.shape[-1] > 1 else 0.0
    growth = 2.0 / local.contraction
    room = 1.0 - growth * local.cell_drift
    drift = (
        local.cell_drift * unlike
        + local.client_drift * constants.client_divergence
        + local.noise_drift(share, clients) * constants.noise_variance
    )
    noise = constants.noise_variance * np.sum(share**2 / clients, axis=-1)
    return ConvergenceBound(
        num_rounds=checked("num_rounds", num_rounds, low=1.0),
        optimisation_error=local.optimisation_error(constants) / room,
        constant_terms={
            "gradient noise": local.gamma_l * local.late_noise * noise / room,
            "drift of cells and clients": growth * drift / room,
        },
    )
