"""The semidefinite relaxation of uniform forcing: a certified bound, and what it says of the combining vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aircomp.beamforming.beamformer import ForcedChannel
from aircomp.beamforming.hermitian import adjoint, as_hermitian, as_real, outer
from aircomp.beamforming.interior_point import minimize_semidefinite
from aircomp.beamforming.semidefinite import SemidefiniteProgram
from channels.arrays import ComplexArray, FloatArray

RANK_TOLERANCE = 1e-9
"""Eigenvalues below this, relative to the largest, are the solver's accuracy."""

NEEDED = 1e-6
"""The share in a client's received power above which even such a one counts: strong clients may need no more."""

SERVED = 1.0 - 1e-10
"""The received power from which on a client need not be added."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxation:
    """M ⪰ 0 in place of mmᴴ.

    Attributes:
        matrix: (B, A, A) M with g_iᴴMg_i >= 1.
        bound: (B,) certified lower bound of the least ‖m‖².
    """

    matrix: ComplexArray
    bound: FloatArray


def relaxation_program(gain: ComplexArray, *, cost: ComplexArray | None = None) -> SemidefiniteProgram:
    """min tr M, or ⟨C, M⟩, subject to g_iᴴMg_i >= 1: uniform forcing without the condition that M be of rank one.

    Args:
        gain: (..., K, A) g_i; those of clients that are left out are 0.
        cost: (..., A, A) C; the identity if not given.
    """
    return SemidefiniteProgram(
        rows=gain,
        level=np.where(np.any(gain, axis=-1), 1.0, -1.0),
        cost=np.eye(gain.shape[-1], dtype=complex) if cost is None else cost,
    )


def relax(channel: ForcedChannel) -> Relaxation:
    """The relaxation's optimum.

    Nobody can do better than the matched filter of the weakest client, m = g/‖g‖². Where it serves all others too, as with a
    single client or antenna, it is the optimum; the others' draws go to the solver.

    Source: Chen, Qin, Wei 2018, "A uniform-forcing transceiver design for over-the-air function computation", section III.
    """
    norm = np.linalg.norm(channel.gain, axis=-1)
    weakest = np.argmin(np.where(channel.heard, norm, np.inf), axis=-1)[:, None]
    matched = np.take_along_axis(channel.gain, weakest[..., None], axis=-2)[:, 0]
    served = np.abs(np.matvec(channel.gain, matched.conj())) >= 1.0
    alone = np.all(served | ~channel.heard | (np.arange(norm.shape[-1]) == weakest), axis=-1)
    matrix, bound = outer(matched), np.ones(len(matched))
    if not alone.all():
        matrix[~alone], bound[~alone] = _relax_by_few(channel.take(~alone))
    return Relaxation(matrix=matrix, bound=bound)


def _relax_by_few(channel: ForcedChannel) -> tuple[ComplexArray, FloatArray]:
    """M and its bound, from as many clients as matter: at most A² prices need be positive, those of other clients stay 0.

    Starts with the weakest, and adds those least served until all are, to `SERVED`; M then is scaled until they are entirely.
    """
    count, num, size = channel.gain.shape
    few = size * (size + 1)
    few = few if 2 * few < num else num
    norm = np.where(channel.heard, np.linalg.norm(channel.gain, axis=-1), np.inf)
    chosen = np.argsort(np.argsort(norm, axis=-1), axis=-1) < few
    matrix, bound = np.empty((count, size, size), dtype=complex), np.empty(count)
    draws = np.arange(count)
    while draws.size:
        now, picked = channel.take(draws), chosen[draws]
        first = np.argsort(~picked, axis=-1, kind="stable")[:, : picked.sum(axis=-1).max()]
        answer = minimize_semidefinite(relaxation_program(np.take_along_axis(now.only(picked).gain, first[..., None], axis=-2)))
        power = np.sum((now.gain.conj() @ answer.matrix * now.gain).real, axis=-1)
        power = np.where(now.heard, power, np.inf)
        matrix[draws], bound[draws] = answer.matrix / np.min(power, axis=-1)[:, None, None], answer.bound
        missed = (power < SERVED) & (np.argsort(np.argsort(power, axis=-1), axis=-1) < few)
        chosen[draws] |= missed
        draws = draws[np.any(missed & ~picked, axis=-1)]
    return matrix, bound


def low_rank_factor(matrix: ComplexArray, gain: ComplexArray) -> ComplexArray:
    """(B, A, r) V with VVᴴ in place of M: the same received powers g_iᴴMg_i, no larger trace, and r² <= K.

    The columns are orthogonal, the longest first. While r² > K, some Hermitian Δ != 0 has (Vᴴg_i)ᴴΔ(Vᴴg_i) = 0 for all clients.
    Along V(I + tΔ)Vᴴ the received powers stay and, in one of both senses, the trace does not grow, until the rank falls. For
    K <= 3 that ends at rank one.

    Args:
        matrix: (B, A, A) M ⪰ 0.
        gain: (B, K, A) g_i.

    Source: Huang and Palomar 2010, "Rank-constrained separable semidefinite programming with applications to optimal
    beamforming", algorithm 1; with the sense chosen by the trace, it needs no exact optimum.
    """
    value, vector = np.linalg.eigh(matrix)
    least = RANK_TOLERANCE * value[:, -1:]
    power = np.abs(gain @ vector.conj()) ** 2 * np.maximum(value, 0.0)[:, None, :]
    counts = (value > least) | np.any(power > NEEDED * power.sum(axis=-1, keepdims=True), axis=-2)
    rank = int(np.max(value.shape[-1] - np.argmax(counts, axis=-1), initial=1))
    factor = _turned(vector[..., -rank:] * np.sqrt(np.maximum(value, least))[:, None, -rank:])
    rng = np.random.default_rng(0)
    while rank > 1 and rank**2 > gain.shape[-2]:
        powers = as_real(outer(gain @ factor.conj()))
        basis = np.linalg.qr(np.swapaxes(powers, -1, -2)).Q
        free = np.broadcast_to(rng.standard_normal(rank**2), powers[:, 0].shape)
        for _ in range(2):  # once more for what rounding left
            free = free - np.matvec(basis, np.vecmat(free, basis))
        growth = np.sum(as_real(adjoint(factor) @ factor) * free, axis=-1, keepdims=True)
        value, vector = np.linalg.eigh(as_hermitian(np.where(growth > 0.0, -free, free)))
        factor = _turned((factor @ vector * np.sqrt(1.0 - value / value[:, :1])[:, None, :])[..., 1:])
        rank -= 1
    left, length, _ = np.linalg.svd(factor, full_matrices=False)
    return _turned(left * length[:, None, :])


def _turned(factor: ComplexArray) -> ComplexArray:
    """Columns in the phase in which their entries add up to a positive number, so that rounding does not decide it."""
    phase = np.exp(-1j * np.angle(factor.sum(axis=-2, keepdims=True)))
    return factor * phase
