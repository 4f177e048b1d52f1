"""The bound that FedZO and AirComp-FedZO share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.step_size import admissible_step_size
from latency_opt.bounds.two_point_estimator import TwoPointEstimator, largest_zeroth_order_step_size


def zeroth_order_bound(
    constants: LearningConstants,
    *,
    estimator: TwoPointEstimator,
    num_rounds: ArrayLike,
    step_size: ArrayLike,
    local_steps: ArrayLike,
    inverse_participants: FloatArray,
    sampling: FloatArray,
    lost: FloatArray,
    channel_noise: FloatArray,
    bounded_noise: FloatArray,
) -> ConvergenceBound:
    """`aircomp_fedzo_bound` in terms of moments of the number M of participants, of which `fedzo_bound` is the case n = 0.

    With δ² = δ₁² + δ₂², c = γHL, c' = γ(H-1)L, a = `direction_variance`, s² = `sample_variance` + `difference_variance`,
    κ = (γL)²(H-1)(2H+a), and

        w = 2(1 + c')γL·a·m,   z = 4γL(H + a)n,   Λ = 2(2 + c) + 2(1 + c)γL·a·m + 4γL(2H + a)n,
        D = (γL)²(H-1)/(1 - 2κ),   P = w + z + 2ΛD(H + a),   ρ = 1 - P,

    it is 1/ρ times

        2(f(x⁰) - f*)/(γHT(1 - lost)) + 2cδ²·sampling + Pδ² + ((1 + c')γL m + ΛD + 2γLn)s²
        + (2(2 + c) + 4ΛDH + 8γLHn)(μL)² + bounded_noise.

    Args:
        constants: of the learning problem.
        estimator: of gradients.
        num_rounds: (...) rounds T >= 1.
        step_size: (...) γ > 0.
        local_steps: (...) H >= 1.
        inverse_participants: (...) m = E[1/M | M >= 1].
        sampling: (...) E[(K - M)/(M(K - 1)) | M >= 1] for K clients.
        lost: (...) probability of a round without participants.
        channel_noise: (...) n, where the noise of the mean has E‖ñ‖² = n·(mean of E‖Δ_i‖² over clients).
        bounded_noise: (...) (L/(γH)) E‖ñ‖² of noise that is bounded otherwise.

    Raises:
        ValueError: if the step size is too large for the bound.
    """
    steps = checked("local_steps", local_steps, low=1.0)
    directions = estimator.direction_variance
    largest = largest_zeroth_order_step_size(
        smoothness=constants.smoothness,
        local_steps=steps,
        direction_variance=directions,
        inverse_participants=inverse_participants,
        channel_noise=channel_noise,
    )
    gamma_l = admissible_step_size(step_size, largest=largest) * constants.smoothness
    round_step, late = gamma_l * steps, 1.0 + gamma_l * (steps - 1.0)
    sample, difference = estimator.sample_variance(constants), estimator.difference_variance(constants)
    bias = estimator.bias_squared(constants)

    averaged = late * gamma_l * inverse_participants
    in_mean = 2.0 * averaged * directions
    in_channel = 4.0 * gamma_l * (steps + directions) * channel_noise
    coupling = (
        2.0 * (2.0 + round_step)
        + 2.0 * (1.0 + round_step) * gamma_l * directions * inverse_participants
        + 4.0 * gamma_l * (2.0 * steps + directions) * channel_noise
    )
    contraction = 1.0 - 2.0 * gamma_l**2 * (steps - 1.0) * (2.0 * steps + directions)
    drift = coupling * gamma_l**2 * (steps - 1.0) / contraction
    in_drift = 2.0 * drift * (steps + directions)
    room = 1.0 - in_mean - in_channel - in_drift

    spread = constants.divergence
    channel = in_channel * spread + 2.0 * gamma_l * channel_noise * (sample + difference + 4.0 * steps * bias)
    differences = 2.0 * (2.0 + round_step) * bias + averaged * difference + drift * (4.0 * steps * bias + difference)
    return ConvergenceBound(
        num_rounds=checked("num_rounds", num_rounds, low=1.0),
        optimisation_error=2.0 * constants.initial_gap * constants.smoothness / (round_step * (1.0 - lost) * room),
        constant_terms={
            "gradient noise": averaged * sample / room,
            "random directions": in_mean * spread / room,
            "choice of clients": 2.0 * round_step * spread * sampling / room,
            "drift of clients": (in_drift * spread + drift * sample) / room,
            "finite differences": differences / room,
            "channel noise": (channel + bounded_noise) / room,
        },
    )


def choice_variance(num_participants: ArrayLike, *, num_clients: ArrayLike) -> FloatArray:
    """(...) (K - M)/(M(K - 1)), variance of the mean over M of K clients, chosen without replacement, in units of the spread.

    >>> choice_variance([1, 5, 10], num_clients=10).round(4).tolist()
    [1.0, 0.1111, 0.0]
    """
    chosen, clients = np.asarray(num_participants, dtype=float), np.asarray(num_clients, dtype=float)
    return (clients - chosen) / (chosen * np.maximum(clients - 1.0, 1.0))
