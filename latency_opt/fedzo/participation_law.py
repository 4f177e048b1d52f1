"""How many clients take part, and how that changes with the truncation threshold."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from channels.arrays import FloatArray


class ParticipationLaw:
    """Moments of how many of K clients take part, as functions of g = h_min².

    As g grows each participant is lost at rate 1, so that M is a pure death process: for any f, d/dg E f(M) = E (Lf)(M) with
    (Lf)(m) = m(f(m - 1) - f(m)). Over g in [u, v] a falling f >= 0 has E[f(M); M >= 1] <= P_u(M >= 1) E_v[f(M) | M >= 1], as
    both M and M given M >= 1 become smaller; with the largest falling parts of Lf and LLf that bounds derivatives in a cell.
    """

    def __init__(self, num_clients: int) -> None:
        count = np.arange(num_clients + 1.0)
        self._count = count
        self._log_choose = gammaln(num_clients + 1) - gammaln(count + 1) - gammaln(num_clients - count + 1)
        self._f = np.array([(count > 0) / np.maximum(count, 1.0) ** k for k in range(3)])
        self._df, self._ddf = self._loss(self._f), self._loss(self._loss(self._f))
        over = [-self._ddf[0], self._ddf[1], self._ddf[2], -self._df[2], self._f[2]]
        self._over = np.maximum.accumulate(np.maximum(over, 0.0)[:, ::-1], axis=-1)[:, ::-1]

    def _loss(self, function: FloatArray) -> FloatArray:
        before = np.concatenate([np.zeros_like(function[:, :1]), function[:, :-1]], axis=-1)
        return self._count * (before - function)

    def _law(self, g: FloatArray) -> FloatArray:
        silent = np.log(-np.expm1(-g))[:, None]
        return np.exp(self._log_choose - self._count * g[:, None] + self._count[::-1] * silent)

    def moments(self, g: FloatArray) -> FloatArray:
        """(G, 3) P(M >= 1), E[1/M; M >= 1], E[1/M²; M >= 1]/g."""
        value = self._law(g) @ self._f.T
        value[:, 2] /= g
        return value

    def derivatives(self, g: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(G, 3) first and (G, 3) second derivatives of the moments."""
        law = self._law(g)
        value, first, second = law @ self._f[2], law @ self._df.T, law @ self._ddf.T
        second[:, 2] = second[:, 2] / g - 2.0 * first[:, 2] / g**2 + 2.0 * value / g**3
        first[:, 2] = first[:, 2] / g - value / g**2
        return first, second

    def bend(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """(G, 3) upper bounds over g in [low, high] of the second derivatives, of the first moment's with a minus sign."""
        some, scarce = self._law(low)[:, 1:], self._law(high)[:, 1:]
        over = scarce @ self._over[:, 1:].T * (some.sum(axis=-1) / scarce.sum(axis=-1))[:, None]
        over[:, 2] = over[:, 2] / low + 2.0 * over[:, 3] / low**2 + 2.0 * over[:, 4] / low**3
        return over[:, :3]
