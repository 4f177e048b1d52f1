"""Device selection in units in which the limit is 1, and what all its solvers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.beamformer import ForcedChannel
from aircomp.beamforming.device_selection import SelectionResult
from aircomp.beamforming.interior_point import minimize_semidefinite
from aircomp.beamforming.matched_filters import matched_start
from aircomp.beamforming.semidefinite import SemidefiniteProgram, SemidefiniteResult
from aircomp.beamforming.successive_convex import Descent, descend
from channels.arrays import BoolArray, ComplexArray, FloatArray, IntArray, checked

ROUNDING = 1e-12
"""A client this close to being served is served."""

COUNT_MARGIN = 1e-6
"""What is taken off the bound of a sum before it is rounded up to a count."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SelectionProblem:
    """Who is served by m with ‖m‖ <= 1, for the draws in which somebody can be.

    Attributes:
        channel: (B, K, A) √limit·g_i of clients within reach, ‖g_i‖²·limit >= 1; the others are unheard.
        possible: which draws of the user's these are.
        limit: the user's, for all his draws.
        batch: shape of his batch.
    """

    channel: ForcedChannel
    possible: BoolArray
    limit: FloatArray
    batch: tuple[int, ...]

    @classmethod
    def of(cls, channel: ArrayLike, *, max_square_norm: ArrayLike) -> Self:
        everyone = ForcedChannel.of(channel)
        limit = checked("max_square_norm", max_square_norm, low=0.0, open_low=True, shape=everyone.batch).reshape(-1)
        gain = everyone.gain * (everyone.unit * np.sqrt(limit))[:, None, None]
        reach = np.linalg.norm(gain, axis=-1) >= 1.0
        possible = reach.any(axis=-1)
        heard = reach[possible]
        unit = np.ones(len(heard))
        within = ForcedChannel(gain=np.where(heard[..., None], gain[possible], 0.0), heard=heard, unit=unit, batch=unit.shape)
        return cls(channel=within, possible=possible, limit=limit, batch=everyone.batch)

    def served(self, combiner: ComplexArray, draws: IntArray) -> BoolArray:
        """(D, K) whom combining vectors (D, A), at norm 1, serve in some of the draws."""
        direction = combiner / np.linalg.norm(combiner, axis=-1, keepdims=True)
        received = np.abs(np.matvec(self.channel.gain[draws], direction.conj()))
        return self.channel.heard[draws] & (received >= 1.0 - ROUNDING)

    def serve(self, clients: BoolArray, draws: IntArray, *, start: ComplexArray, tolerance: float) -> Descent:
        """Combining vectors for some of the clients (D, K) in some of the draws, locally shortest."""
        channel = self.channel.take(draws).only(clients)
        begin = channel.shortest(np.stack([start, matched_start(channel)], axis=1))
        return descend(channel, begin, tolerance=tolerance, max_iterations=100)

    def keep_better(self, best: ComplexArray, candidate: ComplexArray, draws: IntArray) -> None:
        """Puts candidates (D, A) into `best` (B, A) where they serve more clients."""
        more = self.served(candidate, draws).sum(axis=-1) > self.served(best[draws], draws).sum(axis=-1)
        best[draws[more]] = candidate[more]

    def take_back(self, combiner: ComplexArray, *, tolerance: float) -> None:
        """Tries each client that `combiner` (B, A) leaves out once, the best received first, and keeps whom it can."""
        served = self.served(combiner, np.arange(len(combiner)))
        untried = self.channel.heard & ~served
        while (draws := np.flatnonzero(untried.any(axis=-1))).size:
            received = np.abs(np.matvec(self.channel.gain[draws], combiner[draws].conj()))
            chosen = np.argmax(np.where(untried[draws], received, -1.0), axis=-1)
            untried[draws, chosen] = False
            clients = served[draws]
            clients[np.arange(len(draws)), chosen] = True
            self.keep_better(combiner, self.serve(clients, draws, start=combiner[draws], tolerance=tolerance).combiner, draws)
            served[draws] = self.served(combiner[draws], draws)
            untried &= ~served

    def relaxation(
        self, draws: IntArray, *, slack_cost: FloatArray, cost: ComplexArray, tolerance: float = 1e-9
    ) -> SemidefiniteResult:
        """min ⟨C, M⟩ + Σ u_i x_i subject to g_iᴴMg_i >= 1 - x_i and tr M <= 1; clients with u_i = 0 are left out.

        With M = mmᴴ, x_i = 1 where m does not serve: for C = 0 and u = 1 it is a lower bound of how many are missed.
        """
        counted = self.channel.heard[draws] & (slack_cost > 0.0)
        program = SemidefiniteProgram(
            rows=np.where(counted[..., None], self.channel.gain[draws], 0.0),
            level=np.where(counted, 1.0, -1.0),
            cost=cost,
            slack_cost=np.where(counted, slack_cost, 1.0),
            trace_limit=np.ones(len(draws)),
        )
        return minimize_semidefinite(program, tolerance=tolerance)

    def whole_relaxation(self) -> tuple[ComplexArray, IntArray]:
        """(B, A, A) M of the relaxation that counts every client, and (B,) the bound of how many can be served."""
        size = self.channel.gain.shape[-1]
        answer = self.relaxation(
            np.arange(len(self.channel.gain)),
            slack_cost=np.ones(self.channel.heard.shape),
            cost=np.zeros((size, size), dtype=complex),
        )
        missed = np.ceil(np.maximum(answer.bound - COUNT_MARGIN, 0.0)).astype(int)
        return answer.matrix, self.channel.heard.sum(axis=-1) - missed

    def result(self, combiner: ComplexArray, bound: IntArray) -> SelectionResult:
        """For the user's draws: whom combining vectors (B, A) serve at norm 1, and m as short as it still serves them."""
        clients, size = self.channel.gain.shape[-2:]
        count = len(self.possible)
        selected, vectors, bounds = np.zeros((count, clients), bool), np.zeros((count, size), complex), np.zeros(count, int)
        served = self.served(combiner, np.arange(len(combiner)))
        shortest = self.channel.only(served).shortest(combiner[:, None])
        selected[self.possible], bounds[self.possible] = served, bound
        vectors[self.possible] = shortest * np.sqrt(self.limit[self.possible])[:, None]
        return SelectionResult(
            selected=selected.reshape(*self.batch, clients),
            combiner=vectors.reshape(*self.batch, size),
            square_norm=np.sum(np.abs(vectors) ** 2, axis=-1).reshape(self.batch),
            bound=bounds.reshape(self.batch),
        )
