"""Rounds times their length, against their length."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from airfed.figures.style import axes_or_new, curve_style, dot_style, explain, plain
from latency_opt import PartitionResult, TrainingBound, minimize_round_latency

POINTS = 60


def draw_training_latency(result: PartitionResult, *, ax: Axes | None = None) -> Axes:
    """Time to the target T(α)·τ(α) over the round latency τ, its two factors, and the optimum as a dot.

    For each τ the shares are those of least imbalance, so that no partition lies below the curve; all are in units of what they
    are with the balanced shares. Rounds fall with τ, the length of a round rises, and their product has one minimum.

    Args:
        result: of `minimize_training_latency`, for one instance.
        ax: where to draw; a new figure if not given.

    Raises:
        ValueError: for a batch, or for a result in round form.
    """
    problem, bound = result.problem, result.limit
    if problem.slope_s.ndim != 1:
        raise ValueError(f"result: got a batch of shape {problem.slope_s.shape[:-1]}; needed is one instance")
    if not isinstance(bound, TrainingBound):
        raise ValueError("result: got the round form; needed is one of minimize_training_latency")
    ax = axes_or_new(ax)
    least = float(problem.imbalance(problem.balanced_fraction))
    most = float(minimize_round_latency(problem, max_imbalance=1e9).imbalance)
    if bound.imbalance_price > 0.0:
        most = min(most, least + (1.0 - 1e-3) * (bound.target / bound.imbalance_price - least))
    # Imbalance is nearly a parabola in τ: squares of evenly spaced numbers are evenly spaced in τ.
    limits = least + (most - least) * np.linspace(1.0, 0.0, POINTS) ** 2
    curve = [minimize_round_latency(problem, max_imbalance=limit) for limit in limits]
    latency_s = np.array([float(point.round_latency_s) for point in curve])
    rounds = np.array([float(bound.rounds(point.imbalance)) for point in curve])
    total_s = rounds * latency_s
    ax.plot(latency_s, rounds / rounds[-1], label="rounds to the target", **curve_style(1))
    ax.plot(latency_s, latency_s / latency_s[-1], label="length of a round", **curve_style(2))
    ax.plot(latency_s, total_s / total_s[-1], label="their product, time to the target", **curve_style(0))
    best = float(result.training_latency_s) / total_s[-1]
    ax.plot(float(result.round_latency_s), best, "o", label="optimum", **dot_style(0))
    ax.set(xlabel="round latency τ (s)", ylabel="relative to balanced shares", ylim=(0.0, 1.15 * max(best, 1.0) + 0.6))
    plain(ax)
    explain(ax)
    return ax
