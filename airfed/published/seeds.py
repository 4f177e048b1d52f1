"""Runs over several seeds, and what their differences prove."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike

from airfed.confidence import mean_and_half_width
from airfed.published.claim import Claim, Relation
from channels.arrays import FloatArray
from fl_models.local.workers import available_processors

CONFIDENCE = 0.95
LAST_ROUNDS = 3
"""What is reached at the end is the mean of so many."""
Key = TypeVar("Key", bound=Hashable)


def over_seeds(
    run: Callable[..., FloatArray], jobs: Mapping[Key, tuple[Any, ...]], seeds: Sequence[int]
) -> dict[Key, FloatArray]:
    """(S, ...) what `run(*job, seed)` finds for each seed, of each job by its name.

    They run on as many processes as there are processors or, under `joblib.parallel_config`, on its back end.

    >>> import joblib
    >>> with joblib.parallel_config(backend="sequential"):
    ...     over_seeds(lambda factor, seed: np.array(factor * seed), {"twice": (2,)}, [3, 4])["twice"].tolist()
    [6, 8]
    """
    calls = [delayed(run)(*job, seed) for job in jobs.values() for seed in seeds]
    found = iter(Parallel(n_jobs=min(available_processors(), len(calls)))(calls))
    return {name: np.array([next(found) for _ in seeds]) for name in jobs}


def reached(curves: ArrayLike) -> FloatArray:
    """(S,) where curves (S, rounds) end: the mean over the last `LAST_ROUNDS`.

    >>> reached([[0.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]]).tolist()
    [2.0, 5.0]
    """
    return np.asarray(np.asarray(curves, dtype=float)[:, -LAST_ROUNDS:].mean(axis=1))


def trend(values: ArrayLike) -> FloatArray:
    """(S,) least-squares slope per step of values (V, S) of V steps.

    >>> trend([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]).round(9).tolist()
    [1.0, 0.0]
    """
    rows = np.asarray(values, dtype=float)
    step = np.arange(len(rows)) - 0.5 * (len(rows) - 1)
    return np.asarray(step @ rows / (step @ step))


def ahead_claim(
    *, says: str, source: str, ahead: Mapping[str, ArrayLike] | ArrayLike, margin: float = 0.0, unit: str = ""
) -> Claim:
    """That something is ahead on the same seeds, by more than chance: the confidence interval of the mean is above -margin.

    The interval is d̄ ± t s/√S of the S differences d, seed by seed. Of several cases the claim is as good as the worst. If an
    interval is nowhere above -margin the claim fails, as for two that are the same on every seed; if one is on both sides, it
    is open.

    Args:
        says: the claim.
        source: where it stands.
        ahead: (S,) differences, or such of each case by name.
        margin: >= 0, how far behind still counts as level; 0 for a claim to be ahead.
        unit: of the differences.

    >>> claim = ahead_claim(says="A is ahead of B", source="figure 1", ahead=[1.0, 2.0, 3.0])
    >>> claim.verdict.value, claim.reason
    ('open', 'lower end of 2.00 ± 2.48, 95 % confidence over 3 seeds')
    """
    cases = ahead if isinstance(ahead, Mapping) else {"": ahead}
    ends = {name: _interval(rows) for name, rows in cases.items()}
    # One seed has no interval, and proves nothing: nan is the worst.
    worst = min(ends, key=lambda name: np.nan_to_num(ends[name][0] - ends[name][1], nan=-np.inf))
    mean, half = ends[worst]
    return Claim.order(
        says=says,
        source=source,
        ours=mean - half,
        bound=0.0 - margin,
        relation=Relation.ABOVE,
        reason=f"lower end of {stated(cases[worst])}" + (f"; the worst of {len(cases)} cases: {worst}" if worst else ""),
        unit=unit,
        # One seed rules nothing out.
        at_best=float(min(np.nan_to_num(mean + half, nan=np.inf) for mean, half in ends.values())),
    )


def stated(rows: ArrayLike) -> str:
    """Mean of (S,) values and half the width of its confidence interval, in words.

    >>> stated([1.0, 2.0, 3.0])
    '2.00 ± 2.48, 95 % confidence over 3 seeds'
    """
    mean, half = _interval(rows)
    return f"{mean:.2f} ± {half:.2f}, {100 * CONFIDENCE:g} % confidence over {len(np.asarray(rows))} seeds"


def _interval(rows: ArrayLike) -> tuple[float, float]:
    mean, half = mean_and_half_width(np.asarray(rows, dtype=float)[:, None], confidence=CONFIDENCE)
    return float(mean[0]), float(half[0])
