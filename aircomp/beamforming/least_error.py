"""Transmit powers and receive combining chosen together for the least error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import Beamformer
from aircomp.beamforming.receive_beamforming import ReceiveBeamforming
from aircomp.beamforming.successive_convex import SuccessiveConvexApproximation
from aircomp.power_control.optimal_power_control import OptimalPowerControl
from aircomp.transceiver import Links, TransceiverPlan, combined_gain
from channels.arrays import BoolArray, ComplexArray, FloatArray, check_count, check_object, checked

STEPS = 2.0 ** np.arange(2, -15, -2)
"""How far a step is tried, in multiples of that to the optimum of its quadratic problem."""


@dataclass(frozen=True, kw_only=True)
class LeastError:
    """The least Σ|cᴴh_i b_i - w_i|² + σ²‖c‖² under |b_i|² <= P_i that descent over c = m/√η finds, b following c.

    Given c, client i inverts cᴴh_i or sends at full power, which leaves G(c) = Σ max(w_i - √P_i|cᴴh_i|, 0)² + σ²‖c‖². No step
    raises G, so the error is never above that of `OptimalPowerControl` behind the beamformer that it starts from, hence never
    above uniform forcing. G is not convex: what is found is a stationary point, as a rule a local optimum.

    Attributes:
        beamformer: where to start.
        tolerance: relative fall of the error in one step, of Newton's kind and of the careful one, that ends the search.
        max_iterations: steps after which it ends in any case.

    Source: the joint problem is in Zhai, Chen, Xu, Ng 2021, "Hybrid beamforming for massive MIMO over-the-air computation"; the
    descent is derived in docs/theory.md.

    >>> plan = LeastError().plan([[1.0, 0.0], [0.0, 0.5]], power_w=1.0, noise_power_w=0.1)
    >>> float(plan.mse.round(6))  # uniform forcing: 0.5
    0.376623
    """

    takes_antennas: ClassVar[bool] = True
    beamformer: Beamformer = field(default_factory=SuccessiveConvexApproximation)
    tolerance: float = 1e-9
    max_iterations: int = 500

    def __post_init__(self) -> None:
        check_object("beamformer", self.beamformer, method="solve", example="SuccessiveConvexApproximation()")
        checked("tolerance", self.tolerance, low=0.0)
        check_count("max_iterations", self.max_iterations)

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights, antennas=True)
        power_control = OptimalPowerControl()
        begin = ReceiveBeamforming(transceiver=power_control, beamformer=self.beamformer)
        start = begin.plan(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        assert start.receive is not None
        joint = _JointError(
            reach=links.gain * links.root_power[..., None], weights=links.weights, noise_power_w=links.noise_power_w
        )
        combiner = self._descend(joint, start.receive / np.sqrt(start.eta)[..., None])
        receive = combiner / np.linalg.norm(combiner, axis=-1, keepdims=True)
        combined = combined_gain(links.gain, receive)
        plan = power_control.plan(combined, power_w=power_w, noise_power_w=noise_power_w, weights=weights)
        return replace(plan, receive=receive)

    def _descend(self, joint: _JointError, combiner: ComplexArray) -> ComplexArray:
        error = joint.at(combiner)
        careful = np.zeros(error.shape, dtype=bool)
        for _ in range(self.max_iterations):
            step = joint.quadratic_point(combiner, careful=careful) - combiner
            tried = np.stack([combiner + length * step for length in STEPS])
            errors = joint.at(tried)
            best = np.argmin(errors, axis=0)[None]
            least = np.take_along_axis(errors, best, axis=0)[0]
            falls = least < error
            combiner = np.where(falls[..., None], np.take_along_axis(tried, best[..., None], axis=0)[0], combiner)
            little = error - least <= self.tolerance * error
            error = np.minimum(least, error)
            if (little & careful).all():
                break
            careful = little
        return combiner


@dataclass(frozen=True, kw_only=True, eq=False)
class _JointError:
    """G(c) for reach (..., K, A), √P_i h_i."""

    reach: ComplexArray
    weights: FloatArray
    noise_power_w: FloatArray

    def at(self, combiner: ComplexArray) -> FloatArray:
        """(...) G of combiners (..., A), with further leading axes if wanted."""
        short = np.maximum(self.weights - np.abs(combined_gain(self.reach, combiner)), 0.0)
        return np.sum(short**2, axis=-1) + self.noise_power_w * np.sum(np.abs(combiner) ** 2, axis=-1)

    def quadratic_point(self, combiner: ComplexArray, *, careful: BoolArray) -> ComplexArray:
        """(..., A) where Σ|cᴴg_i - r_i|² + σ²‖c‖² is least, r_i being max(w_i, |cᴴg_i|) in the phase that it has now.

        Over those who fall short that is a step of Newton's method, good where the others stay above their weights. Where it is
        `careful`, over all: G is never above that sum and touches it here, so that it falls unless c is stationary.
        """
        arriving = combined_gain(self.reach, combiner)
        strength = np.abs(arriving)
        phase = np.where(strength > 0.0, arriving, 1.0) / np.where(strength > 0.0, strength, 1.0)
        aligned = self.reach * phase.conj()[..., None] * ((strength < self.weights) | careful[..., None])[..., None]
        rows = np.concatenate([aligned.real, aligned.imag], axis=-1)
        system = np.swapaxes(rows, -1, -2) @ rows
        least = np.finfo(float).eps * np.trace(system, axis1=-2, axis2=-1) + np.finfo(float).tiny  # lets go without noise, too
        system += np.maximum(self.noise_power_w, least)[..., None, None] * np.eye(rows.shape[-1])
        right_side = np.sum(np.maximum(self.weights, strength)[..., None] * rows, axis=-2)
        real, imag = np.split(np.linalg.solve(system, right_side[..., None])[..., 0], 2, axis=-1)
        return real + 1j * imag
