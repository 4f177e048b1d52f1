"""The shortest round at which the most balanced partition meets a condition, for a batch of problems at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from channels.arrays import BoolArray, FloatArray, IntArray
from latency_opt.hist_partition.balance_curve import BalanceCurve, Filling
from latency_opt.hist_partition.partition import PartitionProblem

MAX_PASSES = 300

ROUNDING = 1e-15
"""Conditions, and sums of shares, are known to this."""

SET_ASIDE = 0.25
"""Problems that are done are set aside once they are this share of the batch: that takes a copy of the others."""

ALL_CAPPED = 1e-13
"""Shares that exceed 1 by less than this where all are capped do so by rounding."""

LEVEL_MARGIN = 1e-6
"""The lowest level is taken this much lower, so that rounding does not put a level that is right outside its bracket."""

HASTE = 4.0
"""After a step that has not halved the value the next is this many times as long."""

Condition = Callable[..., tuple[FloatArray, FloatArray, FloatArray]]
"""From a point, and parameters (M,), to a value of order one that rises with τ and is to be >= 0, its slope in τ, and half its
second derivative: the parabola that it is as long as the same cells are held."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BalanceOptimum:
    """The shortest rounds that meet a condition.

    Attributes:
        latency_s: (...) their length τ.
        fraction: (..., N) shares.
        level: (...) their water level ν; the least that caps all cells, where all are capped.
        below: (..., N) how far each cell is held below it by its cap.
        at_least: (...) whether τ is the least possible.
        imbalance: (...) χ².
        fall: (...) F = -dχ²/dτ.
        curvature: (...) d²χ²/dτ².
        iterations: passes over the batch.
    """

    latency_s: FloatArray
    fraction: FloatArray
    level: FloatArray
    below: FloatArray
    at_least: BoolArray
    imbalance: FloatArray
    fall: FloatArray
    curvature: FloatArray
    iterations: int


def balance_search(problem: PartitionProblem, condition: Condition, *parameters: FloatArray) -> BalanceOptimum:
    """The least round latency τ at which the most balanced shares meet a condition.

    Each pass takes every problem one step further, wherever it is: while its shares do not add up to 1 a step towards the
    water level ν, else one in τ, to where the condition is met if the same cells are still held there. On the right piece
    both are exact, so that some ten passes do for a whole batch. Brackets hold both; a step that leaves one is a halving.

    Args:
        problem: a batch of instances.
        condition: met by the balanced shares.
        parameters: (...) of the condition.
    """
    shape, batch = problem.slope_s.shape, problem.slope_s.shape[:-1]
    whole = curve = BalanceCurve.of(problem)
    given = [np.broadcast_to(parameter, batch).reshape(-1) for parameter in parameters]
    search = _Search.start(curve, high=problem.beyond_balanced_s.reshape(-1), lowest=problem.balanced_level.reshape(-1))
    beyond, level = np.zeros((2, search.rows.size))
    passes = 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        while search.rows.size and passes < MAX_PASSES:
            passes += 1
            filling = curve.fill(search.beyond, search.level)
            full = search.fill_up(filling)
            done = search.move(filling, full, *condition(curve.point(filling, search.beyond), *given))
            if done.sum() >= SET_ASIDE * done.size:
                rows, left = search.rows[done], np.flatnonzero(~done)
                beyond[rows], level[rows] = search.beyond[done], search.level[done]
                search, curve, given = search.of(left), curve.rows(left), [parameter[left] for parameter in given]
    # Who is not done by now is on the way at best; the certificate will tell.
    beyond[search.rows], level[search.rows] = search.beyond, search.level

    filling = whole.fill(beyond, level)
    point = whole.point(filling, beyond)
    return BalanceOptimum(
        latency_s=point.latency_s.reshape(batch),
        fraction=np.ascontiguousarray(filling.share.T).reshape(shape),
        level=level.reshape(batch),
        below=np.ascontiguousarray(filling.below.T).reshape(shape),
        at_least=(beyond == 0.0).reshape(batch),
        imbalance=point.imbalance.reshape(batch),
        fall=point.fall.reshape(batch),
        curvature=point.curvature.reshape(batch),
        iterations=passes,
    )


@dataclass(kw_only=True, eq=False)
class _Search:
    """Where each problem is, all (M,): in τ and in ν, with brackets around both."""

    rows: IntArray
    beyond: FloatArray
    low: FloatArray
    high: FloatArray
    before: FloatArray  # |value| at the last step in τ
    level: FloatArray
    level_low: FloatArray
    level_high: FloatArray
    lowest: FloatArray  # level there is, that of the balanced shares
    highest: FloatArray  # level there is, that at the least τ

    @classmethod
    def start(cls, curve: BalanceCurve, *, high: FloatArray, lowest: FloatArray) -> _Search:
        """At the least latency, with a level that is right or too low: from there Newton's method does not overshoot."""
        highest = curve.highest_level
        lowest = np.minimum(lowest, highest) - LEVEL_MARGIN * (1.0 + np.abs(lowest))
        beyond = np.zeros(high.size)
        all_capped = curve.fill(beyond, highest).missing >= -ALL_CAPPED
        return cls(
            rows=np.arange(high.size),
            beyond=beyond,
            low=np.full(high.size, -np.inf),
            high=high.copy(),
            before=np.full(high.size, np.inf),
            level=np.where(all_capped, highest, lowest),
            level_low=lowest,
            level_high=highest,
            lowest=lowest,
            highest=highest,
        )

    def of(self, left: IntArray) -> _Search:
        return _Search(**{entry.name: getattr(self, entry.name)[left] for entry in fields(self)})

    def fill_up(self, filling: Filling) -> BoolArray:
        """Where shares add up to 1; elsewhere the level takes a step, whose next filling is that of the next pass."""
        missing, level = filling.missing, self.level
        newton = level + missing / filling.free_weight
        self.level_low = np.where(missing > 0.0, level, self.level_low)
        self.level_high = np.where(missing < 0.0, level, self.level_high)
        # Where all that is left of a step is rounding the shares add up as well as they can.
        left = np.minimum(np.abs(newton - level), self.level_high - self.level_low)
        full = (np.abs(missing) <= ROUNDING) | (left <= 2.0 * np.spacing(1.0 + np.abs(level)))
        inside = (newton > self.level_low) & (newton < self.level_high)
        self.level = np.where(full, level, np.where(inside, newton, 0.5 * (self.level_low + self.level_high)))
        return full

    def move(self, filling: Filling, full: BoolArray, value: FloatArray, slope: FloatArray, bend: FloatArray) -> BoolArray:
        """A step in τ for those who are `full`, and who of them is done."""
        first = self.low == -np.inf
        self.low = np.where(full & (first | (value <= 0.0)), self.beyond, self.low)
        met = full & first & (value >= 0.0)
        self.high = np.where(full & (value >= 0.0), self.beyond, self.high)
        step = -2.0 * value / (slope + np.sqrt(np.maximum(slope**2 - 4.0 * bend * value, 0.0)))
        target = self.beyond + step
        target = np.where(np.abs(value) > 0.5 * self.before, self.beyond + HASTE * step, target)
        inside = (target > self.low) & (target < self.high)
        # A first step past the upper end tries that end, since the root may lie on it.
        other = np.where(first & (target >= self.high), self.high, 0.5 * (self.low + self.high))
        narrow = self.high - self.low <= 2.0 * np.spacing(self.high)
        nothing = np.abs(step) <= 2.0 * np.spacing(self.beyond)
        done = full & (met | (np.abs(value) <= ROUNDING) | nothing | narrow)
        moving = full & ~done
        target = np.where(moving, np.where(inside, target, other), self.beyond)
        self.before = np.where(moving, np.abs(value), self.before)
        # As long as the same cells are held, this is the level there.
        sinking = np.where(filling.free_weight > 0.0, filling.capped_pace / filling.free_weight, 0.0)
        self.level = np.where(moving, np.maximum(self.level - sinking * (target - self.beyond), self.lowest), self.level)
        self.level_low = np.where(moving, self.lowest, self.level_low)
        self.level_high = np.where(moving, self.highest, self.level_high)
        self.beyond = target
        return done
