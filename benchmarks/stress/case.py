"""An optimisation under stress: its instances, its solver, and a judge that does not trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aircomp.result import KKT_TOLERANCE, InfeasibleProblem, Status, UncertifiedSolution
from channels.arrays import FloatArray

Arrays = dict[str, Any]

WRONG = 1e-6
"""What a judge finds wrong by less than this, relative, is rounding or the solver's tolerance."""

VALUES_AT_ONCE = 200_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One optimisation.

    Attributes:
        draw: an instance, from a generator and whether it is to be badly scaled: arrays by name. Instances whose arrays are
            of one shape, and who agree in `shared`, are solved in one batch.
        solve: a batch of them.
        judge: from the batch and the result to relative errors (B,) by name, none of which may exceed `WRONG`.
        impossible: (B,) by how much the instances are beyond reach, to be > 0 where the solver says that they are infeasible.
        value: (B,) what was minimised.
        second: the optimum of one instance by another solver, None where that does not vouch for it; from the batch, the
            result and the index.
        shared: names of what is a number for the whole batch.
        one_by_one: the solver takes single instances.
        lower: the second solver's optimum is but a lower bound.
        tolerance: the residual up to which an answer without a status is OPTIMAL.
    """

    draw: Callable[[np.random.Generator, bool], Arrays]
    solve: Callable[[Arrays], Any]
    judge: Callable[[Arrays, Any], dict[str, FloatArray]]
    impossible: Callable[[Arrays], FloatArray] | None = None
    value: Callable[[Any], FloatArray] | None = None
    second: Callable[[Arrays, Any, int], float | None] | None = None
    residual: Callable[[Any], FloatArray] = lambda result: np.asarray(result.kkt_residual)
    shared: tuple[str, ...] = ()
    one_by_one: bool = False
    lower: bool = False
    tolerance: float = KKT_TOLERANCE


@dataclass(kw_only=True)
class Tally:
    """What came of the instances.

    Attributes:
        optimal, inaccurate, infeasible: seeds by what the solver said of them.
        refused: those of which a ValueError says which number it cannot take.
        wrong: seed and what is wrong.
        certificate: the worst of those that are OPTIMAL.
        error: the largest that the judge found.
        apart: the largest distance to the second solver, of `compared`.
    """

    optimal: list[int] = field(default_factory=list)
    inaccurate: list[int] = field(default_factory=list)
    infeasible: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    certificate: float = 0.0
    error: float = 0.0
    apart: float = 0.0
    farthest: int = -1
    compared: int = 0

    @property
    def instances(self) -> int:
        said = {*self.optimal, *self.inaccurate, *self.infeasible, *self.refused}
        return len(said | {seed for seed, _ in self.wrong})


def instance(case: Case, seed: int, *, hard: bool) -> Arrays:
    """The instance of a seed."""
    return case.draw(np.random.default_rng([seed, hard]), hard)


def stress(case: Case, seeds: range, *, hard: bool, compared: int = 0) -> Tally:
    """Solves and judges the instances of some seeds, some of them by a second solver too."""
    tally = Tally()
    groups: dict[Any, list[tuple[int, Arrays]]] = {}
    for seed in seeds:
        arrays = instance(case, seed, hard=hard)
        key = tuple((name, value if name in case.shared else np.shape(value)) for name, value in arrays.items())
        groups.setdefault(key, []).append((seed, arrays))
    every = max(1, len(seeds) // compared) if compared else 0
    for group in groups.values():
        size = sum(np.size(value) for value in group[0][1].values())
        most = 1 if case.one_by_one else max(1, VALUES_AT_ONCE // size)
        for start in range(0, len(group), most):
            seed, arrays = zip(*group[start : start + most], strict=True)
            _settle(case, np.array(seed), _stacked(case, list(arrays)), tally, every=every)
    return tally


def _stacked(case: Case, arrays: list[Arrays]) -> Arrays:
    return {
        name: value if name in case.shared else np.stack([one[name] for one in arrays]) for name, value in arrays[0].items()
    }


def _taken(case: Case, batch: Arrays, which: Any) -> Arrays:
    return {name: value if name in case.shared else value[which] for name, value in batch.items()}


def _settle(case: Case, seeds: np.ndarray, batch: Arrays, tally: Tally, *, every: int) -> None:
    """Solves a batch; where not all of it is OPTIMAL it is parted until each instance is known for what it is."""
    single = len(seeds) == 1
    try:
        result = case.solve(batch)
    except InfeasibleProblem as error:
        if not single:
            named = None if error.infeasible is None else error.infeasible.reshape(len(seeds), -1).any(axis=-1)
            for part in _parts(len(seeds), named):
                _settle(case, seeds[part], _taken(case, batch, part), tally, every=every)
            return
        tally.infeasible.append(int(seeds[0]))
        if case.impossible is None or not case.impossible(batch)[0] > 0.0:
            tally.wrong.append((int(seeds[0]), f"not infeasible: {error}"))
        return
    except Exception as error:
        if not single:
            for part in _parts(len(seeds), None):
                _settle(case, seeds[part], _taken(case, batch, part), tally, every=every)
        elif isinstance(error, ValueError):
            tally.refused.append(int(seeds[0]))
        elif type(error) in (ArithmeticError, UncertifiedSolution):
            tally.inaccurate.append(int(seeds[0]))  # the solver says itself that it gives up
        else:
            tally.wrong.append((int(seeds[0]), f"{type(error).__name__}: {error}"))
        return
    residual = case.residual(result)
    if result_status(case, result, residual) is not Status.OPTIMAL:
        if single:
            tally.inaccurate.append(int(seeds[0]))
            return
        by_instance = residual.reshape(len(seeds), -1).max(axis=-1) > case.tolerance if residual.ndim else None
        for part in _parts(len(seeds), by_instance):
            _settle(case, seeds[part], _taken(case, batch, part), tally, every=every)
        return
    tally.optimal += seeds.tolist()
    tally.certificate = max(tally.certificate, float(np.max(residual, initial=0.0)))
    for name, errors in case.judge(batch, result).items():
        known = np.nan_to_num(np.asarray(errors, dtype=float), nan=np.inf)
        tally.error = max(tally.error, float(known.max(initial=0.0)))
        tally.wrong += [(int(seed), f"{name}: {error:.1e}") for seed, error in zip(seeds, known, strict=True) if error > WRONG]
    if case.second is not None and case.value is not None and every:
        ours = case.value(result)
        for index in np.flatnonzero(seeds % every == 0):
            _compare(case, batch, result, int(index), float(ours[index]), int(seeds[index]), tally)


def result_status(case: Case, result: Any, residual: FloatArray) -> Status:
    """What the result says of itself; by its certificate where it has no status."""
    within = np.max(residual, initial=0.0) <= case.tolerance
    return getattr(result, "status", Status.OPTIMAL if within else Status.INACCURATE)


def _compare(case: Case, batch: Arrays, result: Any, index: int, ours: float, seed: int, tally: Tally) -> None:
    assert case.second is not None
    optimum = case.second(batch, result, index)
    if optimum is None:
        return
    distance = optimum / ours - 1.0 if optimum != ours else 0.0
    distance = max(distance, 0.0) if case.lower else abs(distance)
    tally.compared += 1
    if distance >= tally.apart:
        tally.apart, tally.farthest = distance, seed


def _parts(count: int, named: np.ndarray | None) -> Iterator[np.ndarray]:
    """Those named, one by one, and the rest together; halves if none, or all, are named."""
    if named is None or not named.any():
        yield from np.array_split(np.arange(count), 2)
        return
    if not named.all():
        yield np.flatnonzero(~named)
    for index in np.flatnonzero(named):
        yield np.array([index])
