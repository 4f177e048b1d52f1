"""Moments of the two-point gradient estimator on the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import FloatArray, checked
from channels.summary import shown_by
from latency_opt.bounds.constants import LearningConstants


@shown_by("num_parameters", "directions", "batch_size", "smoothing")
@dataclass(frozen=True, kw_only=True, eq=False)
class TwoPointEstimator:
    """ĝ(x) = (d/(b₂μ)) Σ_{k<=b₂} (F(x + μv_k; ξ) - F(x; ξ)) v_k, v_k uniform on the unit sphere, ξ a mini-batch of b₁ samples.

    For F(·; ξ) that is L-smooth for every ξ, with E‖∇F(x; ξ) - ∇F(x)‖² <= σ²/b₁,

        ‖E ĝ(x) - ∇F(x)‖ <= μL,
        E‖ĝ(x) - E ĝ(x)‖² <= a‖∇F(x)‖² + (1 + a)σ²/b₁ + (dμL)²/(2b₂),   a = 2(d-1)/b₂.

    Attributes:
        num_parameters: (...) d >= 1.
        directions: (...) b₂ >= 1.
        batch_size: (...) b₁ >= 1.
        smoothing: (...) μ > 0, in the unit of x.

    Source: derived in docs/theory.md. The estimator: Fang, Yu, Jiang, Shi, Jones, Zhou 2022, "Communication-efficient
    stochastic zeroth-order optimization for federated learning", eq. 4.

    >>> estimator = TwoPointEstimator(num_parameters=101, directions=20, batch_size=25, smoothing=1e-3)
    >>> float(estimator.direction_variance)
    10.0
    """

    num_parameters: FloatArray
    directions: FloatArray
    batch_size: FloatArray
    smoothing: FloatArray

    def __post_init__(self) -> None:
        for name in ("num_parameters", "directions", "batch_size"):
            object.__setattr__(self, name, checked(name, getattr(self, name), low=1.0))
        object.__setattr__(self, "smoothing", checked("smoothing", self.smoothing, low=0.0, open_low=True))

    @property
    def direction_variance(self) -> FloatArray:
        """(...) a = 2(d-1)/b₂, variance that random directions add, relative to ‖∇F‖²."""
        return 2.0 * (self.num_parameters - 1.0) / self.directions

    def sample_variance(self, constants: LearningConstants) -> FloatArray:
        """(...) (1 + a)σ²/b₁, σ² being the `noise_variance` of one sample."""
        return (1.0 + self.direction_variance) * constants.noise_variance / self.batch_size

    def difference_variance(self, constants: LearningConstants) -> FloatArray:
        """(...) (dμL)²/(2b₂), since a finite difference is no derivative."""
        return (self.num_parameters * self.smoothing * constants.smoothness) ** 2 / (2.0 * self.directions)

    def bias_squared(self, constants: LearningConstants) -> FloatArray:
        """(...) (μL)²."""
        return (self.smoothing * constants.smoothness) ** 2


def largest_zeroth_order_step_size(
    *,
    smoothness: ArrayLike,
    local_steps: ArrayLike,
    direction_variance: ArrayLike,
    inverse_participants: ArrayLike,
    channel_noise: ArrayLike = 0.0,
) -> FloatArray:
    """(...) largest γ that `fedzo_bound` and `aircomp_fedzo_bound` admit, 1/L times the least of

        1/H,   1/(6√((H-1)(2H+a))),   1/(32(a m + (H+a) n)).

    Args:
        smoothness: L > 0.
        local_steps: H >= 1.
        direction_variance: a >= 0, of `TwoPointEstimator`.
        inverse_participants: m, 1/M or its mean.
        channel_noise: n, m over the SNR of inversion; 0 for links without error.

    Source: derived in docs/theory.md.

    >>> float(largest_zeroth_order_step_size(smoothness=1.0, local_steps=1, direction_variance=10.0, inverse_participants=0.1))
    0.03125
    """
    steps = checked("local_steps", local_steps, low=1.0)
    variance = checked("direction_variance", direction_variance, low=0.0)
    drift = 6.0 * np.sqrt((steps - 1.0) * (2.0 * steps + variance))
    inverse, channel = (
        checked(name, value, low=0.0)
        for name, value in (("inverse_participants", inverse_participants), ("channel_noise", channel_noise))
    )
    noise = 32.0 * (variance * inverse + (steps + variance) * channel)
    return 1.0 / (checked("smoothness", smoothness, low=0.0, open_low=True) * np.maximum(np.maximum(steps, drift), noise))
