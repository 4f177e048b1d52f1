"""Convergence of AirComp-FedZO, where truncated channel inversion decides who takes part and adds noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aircomp.analysis.truncation import aligned_snr, mean_inverse_participants, noise_mse_of_mean, silence_probability
from channels.arrays import check_count, checked
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.two_point_estimator import TwoPointEstimator
from latency_opt.bounds.zeroth_order import zeroth_order_bound


def aircomp_fedzo_bound(
    constants: LearningConstants,
    *,
    estimator: TwoPointEstimator,
    num_rounds: ArrayLike,
    step_size: ArrayLike,
    local_steps: ArrayLike,
    num_clients: int,
    threshold: ArrayLike,
    snr: ArrayLike,
    estimator_norm: ArrayLike | None = None,
) -> ConvergenceBound:
    """Bound on (1/T) Σ_t E‖∇f(x^t)‖² when the M of K clients with |h_i| >= h_min send their updates at once.

    The server gets (1/M)Σ_i Δ_i + ñ with E‖ñ‖² = Δ_max²/(M² SNR h_min²), Δ_max = max_i ‖Δ_i‖ over those who send. M is binomial
    with p = e^(-h_min²); a round without anybody leaves the model as it is. The bound is that of `fedzo_bound` with 1/M
    replaced by m = E[1/M | M >= 1], (K - M)/(M(K-1)) by its mean (Km - 1)/(K - 1), T by T(1 - (1-p)^K), and with the noise:

    - Without `estimator_norm`, by Δ_max² <= Σ_i ‖Δ_i‖², whose mean is that of M clients' second moments. Those are bounded
      from L, σ², δ² and a alone, E‖Δ_i‖² <= 4γ²H(H + a)(‖∇f‖² + δ²) + ... on average over clients, so with
      n = m/(SNR h_min²) there are added inside the bracket

          zδ² + 2γLn·s² + 8γLHn(μL)²,   z = 4γL(H + a)n,

      and in P and Λ there are z and 4γL(2H + a)n more.
    - With `estimator_norm` G, by Δ_max <= γHG: there is added γHL G² E[1/M² | M >= 1]/(SNR h_min²) and nothing else. This gains
      from 1/M², but G² is of the order d²‖∇F‖²/b₂ or more.

    Assumptions: those of `fedzo_bound`; Rayleigh fading h_i ~ CN(0, 1), independent across clients and rounds and of the data,
    known to each client; SNR = P/σ_z², peak transmit power over noise power, both per complex symbol.

    Args:
        constants: of the learning problem; `noise_variance` is that of one sample.
        estimator: d, b₂, b₁ and μ.
        num_rounds: (...) rounds T >= 1, silent ones included.
        step_size: (...) γ > 0.
        local_steps: (...) H >= 1.
        num_clients: K >= 1.
        threshold: (...) h_min > 0.
        snr: (...) linear, > 0.
        estimator_norm: (...) G with ‖ĝ_i‖ <= G always, if one is known.

    Raises:
        ValueError: if the step size is too large for the bound.

    Source: derived in docs/theory.md. The system: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient stochastic
    zeroth-order optimization for federated learning", section IV.

    >>> bound = aircomp_fedzo_bound(
    ...     LearningConstants(smoothness=1.0, initial_gap=1.0, noise_variance=1.0, client_divergence=0.1),
    ...     estimator=TwoPointEstimator(num_parameters=101, directions=20, batch_size=25, smoothing=1e-3),
    ...     num_rounds=100_000, step_size=1e-4, local_steps=5, num_clients=50, threshold=0.8, snr=[0.1, 1.0],
    ... )
    >>> bound.constant_terms["channel noise"].round(5).tolist()
    [0.00042, 4e-05]
    """
    check_count("num_clients", num_clients)
    height = checked("threshold", threshold, low=0.0, open_low=True)
    received = aligned_snr(height, snr=snr)
    inverse = mean_inverse_participants(height, num_clients=num_clients)
    if estimator_norm is None:
        channel, bounded = inverse / received, np.zeros(())
    else:
        norm = checked("estimator_norm", estimator_norm, low=0.0)
        round_step = constants.smoothness * checked("step_size", step_size, low=0.0) * np.asarray(local_steps)
        bounded = round_step * norm**2 * noise_mse_of_mean(height, num_clients=num_clients, snr=snr)
        channel = np.zeros(())
    return zeroth_order_bound(
        constants,
        estimator=estimator,
        num_rounds=num_rounds,
        step_size=step_size,
        local_steps=local_steps,
        inverse_participants=inverse,
        sampling=(num_clients * inverse - 1.0) / max(num_clients - 1, 1),
        lost=silence_probability(height, num_clients=num_clients),
        channel_noise=channel,
        bounded_noise=bounded,
    )
