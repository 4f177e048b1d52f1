"""A claim of a paper beside what we find, and how far the two may be apart."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import check_member, checked

SIGMAS = 4.0
"""Standard errors that a Monte-Carlo mean may be off: by chance more than that once in 16,000 runs."""

ROUNDING = 1e-9
"""Relative; what double precision leaves of some hundred additions, with room."""


class Kind(Enum):
    """What can be compared."""

    NUMBER = "number"
    """A number that the paper prints."""
    LAW = "law"
    """A formula of the paper, evaluated in the setting that is run."""
    ORDER = "order"
    """Which of several is ahead, or which way something goes."""


class Verdict(Enum):
    """What comes of a claim."""

    PASS = "pass"
    OPEN = "open"
    """Neither shown nor shown to be wrong; more seeds would tell."""
    FAIL = "FAIL"


class Relation(Enum):
    """What our value must be to the published one, give or take the tolerance."""

    EQUAL = "="
    AT_MOST = "<="
    AT_LEAST = ">="
    BELOW = "<"
    """For a claim that something has an effect, which none at all must not pass."""
    ABOVE = ">"
    """Likewise."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a paper claims and what we find.

    Attributes:
        says: the claim, in words.
        source: where in the paper it stands.
        kind: what is compared.
        ours: what we find; nan fails.
        published: what the paper prints, what its law gives, or the bound that an order puts.
        relation: what ours must be to it.
        tolerance: >= 0, by how much it may miss that.
        reason: where the tolerance comes from.
        unit: of both values, and of the tolerance; "" for a pure number.
        at_best: the other end of a confidence interval of which ours is the worse; None if ours is no such end.

    >>> rate = Claim.printed(says="rate", source="section V", printed="5.67", ours=5.6724, unit="Mbit/s")
    >>> rate.passed, round(rate.tolerance, 4), rate.reason
    (True, 0.005, 'half of the last digit printed')
    """

    says: str
    source: str
    kind: Kind
    ours: float
    published: float
    relation: Relation = Relation.EQUAL
    tolerance: float = 0.0
    reason: str
    unit: str = ""
    at_best: float | None = None

    def __post_init__(self) -> None:
        for name in ("says", "source", "reason"):
            if not getattr(self, name):
                raise ValueError(f"{name}: got an empty text; a reader needs it to judge the claim")
        check_member("kind", self.kind, Kind)
        check_member("relation", self.relation, Relation)
        checked("published", self.published)
        checked("tolerance", self.tolerance, low=0.0)
        for name in ("ours", "published", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def passed(self) -> bool:
        """Whether ours is what it must be."""
        return self._holds(self.ours)

    @property
    def verdict(self) -> Verdict:
        """Of a confidence interval: passed if all of it is what it must be, open if a part is."""
        if self.passed:
            return Verdict.PASS
        return Verdict.OPEN if self.at_best is not None and self._holds(self.at_best) else Verdict.FAIL

    def _holds(self, ours: float) -> bool:
        excess = ours - self.published
        if self.relation is Relation.AT_MOST:
            return excess <= self.tolerance
        if self.relation is Relation.AT_LEAST:
            return excess >= -self.tolerance
        if self.relation is Relation.BELOW:
            return excess < self.tolerance
        if self.relation is Relation.ABOVE:
            return excess > -self.tolerance
        return abs(excess) <= self.tolerance

    @classmethod
    def printed(cls, *, says: str, source: str, printed: str, ours: float, unit: str = "") -> Claim:
        """A number as the paper prints it: ours must round to the same digits."""
        return cls(
            says=says,
            source=source,
            kind=Kind.NUMBER,
            ours=ours,
            published=float(printed),
            tolerance=half_of_the_last_digit(printed),
            reason="half of the last digit printed",
            unit=unit,
        )

    @classmethod
    def law(
        cls,
        *,
        says: str,
        source: str,
        published: float,
        ours: float,
        tolerance: float,
        reason: str,
        relation: Relation = Relation.EQUAL,
        unit: str = "",
    ) -> Claim:
        """A formula of the paper, whose value in the setting that is run is `published`."""
        return cls(
            says=says,
            source=source,
            kind=Kind.LAW,
            ours=ours,
            published=published,
            relation=relation,
            tolerance=tolerance,
            reason=reason,
            unit=unit,
        )

    @classmethod
    def order(
        cls,
        *,
        says: str,
        source: str,
        ours: float,
        bound: float = 0.0,
        relation: Relation = Relation.AT_MOST,
        tolerance: float = 0.0,
        reason: str,
        unit: str = "",
        at_best: float | None = None,
    ) -> Claim:
        """An order, as one number: the worst excess of what is said to be less, at most 0, or a rank or slope by its sign."""
        return cls(
            says=says,
            source=source,
            kind=Kind.ORDER,
            ours=ours,
            published=bound,
            relation=relation,
            tolerance=tolerance,
            reason=reason,
            unit=unit,
            at_best=at_best,
        )


def half_of_the_last_digit(printed: str) -> float:
    """By how much a number may differ from its printed form.

    >>> half_of_the_last_digit("0.30"), half_of_the_last_digit("33"), half_of_the_last_digit("1.5e3")
    (0.005, 0.5, 50.0)
    """
    match = re.fullmatch(r"[+-]?\d+(?:\.(\d*))?(?:[eE]([+-]?\d+))?", printed)
    if match is None:
        raise ValueError(f"printed: got {printed!r}; needed are the digits as printed, such as '0.30' or '1.5e3'")
    digits, exponent = match.groups()
    return 0.5 * 10.0 ** (int(exponent or 0) - len(digits or ""))


def standard_error(samples: ArrayLike) -> float:
    """s/√n of the mean of n independent samples.

    >>> standard_error([1.0, 3.0])
    1.0
    """
    values = np.ravel(np.asarray(samples, dtype=float))
    if values.size < 2:
        raise ValueError(f"samples: got {values.size}; needed are at least 2")
    return float(np.std(values, ddof=1)) / math.sqrt(values.size)
