"""Convergence of FedZO, federated learning from function values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import checked
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.two_point_estimator import TwoPointEstimator
from latency_opt.bounds.zeroth_order import choice_variance, zeroth_order_bound


def fedzo_bound(
    constants: LearningConstants,
    *,
    estimator: TwoPointEstimator,
    num_rounds: ArrayLike,
    step_size: ArrayLike,
    local_steps: ArrayLike,
    num_clients: ArrayLike,
    num_participants: ArrayLike | None = None,
) -> ConvergenceBound:
    """Bound on (1/T) Σ_t E‖∇f(x^t)‖² when M of K clients take H steps x ← x - γĝ_i(x) each round, and their mean is taken.

    With δ² = δ₁² + δ₂², a = 2(d-1)/b₂, c = γHL, c' = γ(H-1)L, s² = (1 + a)σ²/b₁ + (dμL)²/(2b₂), κ = (γL)²(H-1)(2H+a) and

        w = 2(1 + c')γL·a/M,   Λ = 2(2 + c) + 2(1 + c)γL·a/M,   D = (γL)²(H-1)/(1 - 2κ),   P = w + 2ΛD(H + a)

    it is 1/(1 - P) times

        2(f(x⁰) - f*)/(γHT) + 2cδ²(K - M)/(M(K - 1)) + Pδ² + ((1 + c')γL/M + ΛD)s² + (2(2 + c) + 4ΛDH)(μL)².

    To the first order in γ: 2(f(x⁰) - f*)/(γHT) + (γL/M)((1 + a)σ²/b₁ + (2a + 2H)δ²) + 4(μL)², for M well below K. With the
    published a of 100 and more it is the random directions that limit γ.

    Assumptions: F_i(·; ξ) is L-smooth for every sample ξ; f is bounded below; E‖∇F_i(x; ξ) - ∇F_i(x)‖² <= σ² for a single
    sample, at all x, and a mini-batch holds b₁ independent ones; directions and samples are independent across clients and
    steps, one mini-batch serving all directions of a step; every client has the same weight; each round M clients are chosen
    uniformly without replacement; links are without error; γ is at most `largest_zeroth_order_step_size`, so that P < 1/2.

    Args:
        constants: of the learning problem; `noise_variance` is that of one sample.
        estimator: d, b₂, b₁ and μ.
        num_rounds: (...) rounds T >= 1.
        step_size: (...) γ > 0.
        local_steps: (...) H >= 1.
        num_clients: (...) K >= 1.
        num_participants: (...) M, 1 to K; all by default.

    Raises:
        ValueError: if the step size is too large for the bound, or M exceeds K.

    Source: derived in docs/theory.md. The algorithm: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient
    stochastic zeroth-order optimization for federated learning", algorithm 1.

    >>> bound = fedzo_bound(
    ...     LearningConstants(smoothness=1.0, initial_gap=1.0, noise_variance=1.0, client_divergence=0.1),
    ...     estimator=TwoPointEstimator(num_parameters=101, directions=20, batch_size=25, smoothing=1e-3),
    ...     num_rounds=100_000, step_size=1e-3, local_steps=5, num_clients=50, num_participants=10,
    ... )
    >>> float(bound.total.round(5)), str(bound.dominant)
    (0.0044, 'optimisation error')
    """
    clients = checked("num_clients", num_clients, low=1.0)
    chosen = checked("num_participants", clients if num_participants is None else num_participants, low=1.0)
    if (chosen > clients).any():
        raise ValueError(f"num_participants: got {chosen.max():g} of {clients.min():g} clients; allowed are 1 to num_clients")
    none = np.zeros(())
    return zeroth_order_bound(
        constants,
        estimator=estimator,
        num_rounds=num_rounds,
        step_size=step_size,
        local_steps=local_steps,
        inverse_participants=1.0 / chosen,
        sampling=choice_variance(chosen, num_clients=clients),
        lost=none,
        channel_noise=none,
        bounded_noise=none,
    )
