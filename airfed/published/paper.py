"""A published result: what is run, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from airfed.published.claim import Claim, Kind, Relation, Verdict
from channels.html_table import html_table
from channels.summary import shown_by

if TYPE_CHECKING:
    from airfed.figures.published import Panel

MUST_BE = {
    Relation.EQUAL: "equal",
    Relation.AT_MOST: "at most that",
    Relation.AT_LEAST: "at least that",
    Relation.BELOW: "below that",
    Relation.ABOVE: "above that",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a result is to be reproduced.

    Attributes:
        quick: fewer Monte-Carlo draws, rounds or seeds; claims are then known less well, never others.
        seed: of all that is random.
        data_folder: where the files of the paper's data set are, for a paper that names one; without it the result is
            reproduced on data that ship with this package, or that are drawn.
        seeds: how many runs with seeds from `seed` on a paper that trains is judged by; as many as it says if None.
    """

    quick: bool = False
    seed: int = 0
    data_folder: Path | None = None
    seeds: int | None = None

    def of(self, full: int, *, quick: int) -> int:
        """How many of something: draws, rounds, seeds."""
        return quick if self.quick else full

    def seed_range(self, full: int, *, quick: int) -> range:
        """The seeds that a paper which trains is run with.

        >>> Request(seed=3, seeds=2).seed_range(10, quick=5)
        range(3, 5)
        """
        return range(self.seed, self.seed + (self.seeds or self.of(full, quick=quick)))


@shown_by(
    num_claims=lambda findings: len(findings.claims),
    num_beyond=lambda findings: len(findings.beyond),
    num_panels=lambda findings: len(findings.panels),
    data=lambda findings: findings.data,
)
@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a run found.

    Attributes:
        data: what it ran on, and so what may be compared: a number, or only a law or an order.
        claims: the paper's, with what we find.
        panels: of the figure, such as `functools.partial(draw_curves, curves, xlabel=..., ylabel=...)`.
        beyond: what the paper does not compare and a reader would ask; judged alike, but not counted as claims of the paper.
    """

    data: str
    claims: tuple[Claim, ...]
    panels: tuple[Panel, ...]
    beyond: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("data: got an empty text; needed is what was run on, and so what may be compared")
        if not self.claims:
            raise ValueError("claims: got none; needed is at least one")


class Takes(StrEnum):
    """How long a full run takes of one processor of a laptop, with the data that come along."""

    SECONDS = "seconds"
    UNDER_A_MINUTE = "under a minute"
    MINUTES = "one to three minutes"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A published result that can be reproduced by name.

    Attributes:
        name: first author and year, "cao2020".
        citation: authors, year, title, where.
        runs: what is run.
        run: runs it.
        takes: how long that takes.
        dataset: the data set that the paper uses, if its files can be read from `Request.data_folder`.
        trains: whether it is judged by runs over several seeds.
    """

    name: str
    citation: str
    runs: str
    run: Callable[[Request], Findings]
    takes: Takes
    dataset: str | None = None
    trains: bool = False

    def check(self, request: Request) -> None:
        """A ValueError if the request names a data folder or a number of seeds that this paper has no use for."""
        if request.data_folder is not None and self.dataset is None:
            raise ValueError(f"data_folder: got {request.data_folder}; {self.name} reads no data set, leave it out")
        if request.seeds is not None and not self.trains:
            raise ValueError(f"seeds: got {request.seeds}; {self.name} is not run over several seeds, leave it out")
        if request.seeds is not None and request.seeds < 2:
            raise ValueError(f"seeds: got {request.seeds}; allowed is at least 2, as one seed shows no chance")

    def reproduce(self, request: Request) -> Reproduction:
        """What the paper claims beside what we find.

        Raises:
            ValueError: as `check` says.
        """
        self.check(request)
        return Reproduction(paper=self, request=request, findings=self.run(request))


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A paper with what was found.

    Attributes:
        paper: which.
        request: how it was run.
        findings: data, claims, and panels of the figure.
    """

    paper: Paper
    request: Request
    findings: Findings

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The paper's claims, with what we find."""
        return self.findings.claims

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Of the figure; `airfed.figures.draw_panels` draws them side by side."""
        return self.findings.panels

    @property
    def passed(self) -> bool:
        """Whether every claim is."""
        return all(claim.passed for claim in self.claims)

    @property
    def failed(self) -> bool:
        """Whether a claim is shown to be wrong here."""
        return any(claim.verdict is Verdict.FAIL for claim in self.claims)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a claim: what it says, where, what is compared, both values, tolerance, reason, and the verdict.

        What the paper does not compare comes last, with True under `beyond`.
        """
        return pd.DataFrame(
            {
                "claim": claim.says,
                "source": claim.source,
                "kind": claim.kind.value,
                "relation": claim.relation.value,
                "published": claim.published,
                "ours": claim.ours,
                "tolerance": claim.tolerance,
                "unit": claim.unit,
                "reason": claim.reason,
                "verdict": claim.verdict.value,
                "beyond": beyond,
            }
            for beyond, claims in ((False, self.claims), (True, self.findings.beyond))
            for claim in claims
        )

    def __repr__(self) -> str:
        return f"Reproduction(paper={self.paper.name!r}, passed={self._passed})"

    def _repr_html_(self) -> str:
        """The claims as a table."""
        told = [("", self.claims), ("beyond the paper: ", self.findings.beyond)]
        rows = [(beyond + claim.says, claim.verdict.value, compared(claim)) for beyond, some in told for claim in some]
        title = f"{self.paper.name}: {self._passed} claims pass"
        return html_table(rows, title=title, header=("claim", "verdict", "compared"), words=3)

    def report(self) -> str:
        """What was run, on which data, and each claim with its verdict, for a terminal."""
        lines = [f"{self.paper.name}: {self.paper.citation}", f"runs: {self.paper.runs}", f"data: {self.findings.data}", ""]
        lines += [line for claim in self.claims for line in _verdict(claim)]
        if self.findings.beyond:
            lines += ["", "beyond the paper, not counted:"]
            lines += [line for claim in self.findings.beyond for line in _verdict(claim)]
        verdicts = [claim.verdict for claim in self.claims]
        lines += ["", f"{self._passed} claims pass"]
        if Verdict.OPEN in verdicts:
            lines[-1] += f", {verdicts.count(Verdict.OPEN)} open: neither shown nor shown to be wrong by so few seeds"
        return "\n".join(lines)

    @property
    def _passed(self) -> str:
        return f"{sum(claim.verdict is Verdict.PASS for claim in self.claims)} of {len(self.claims)}"


def _verdict(claim: Claim) -> tuple[str, str]:
    said = f"{claim.verdict.value}  {claim.says} ({claim.source}; {claim.kind.value})"
    return said, f"      {compared(claim)}"


def compared(claim: Claim) -> str:
    """Both values of a claim with what they must be to each other, to as many digits as the tolerance calls for.

    >>> compared(Claim.printed(says="rate", source="section V", printed="5.67", ours=5.6724, unit="Mbit/s"))
    'printed 5.67, ours 5.6724 Mbit/s; must be equal within 0.005: half of the last digit printed'
    """
    must = MUST_BE[claim.relation]
    given = {Kind.NUMBER: "printed", Kind.LAW: "law", Kind.ORDER: "bound"}[claim.kind]
    within = f" within {claim.tolerance:.2g}" if claim.tolerance > 0.0 else ""
    digits = _digits(claim)
    unit = f" {claim.unit}" if claim.unit else ""
    return f"{given} {claim.published:.{digits}g}, ours {claim.ours:.{digits}g}{unit}; must be {must}{within}: {claim.reason}"


def _digits(claim: Claim) -> int:
    """Significant digits that show a difference of a tenth of the tolerance, from 4 to 10."""
    if claim.tolerance == 0.0 or abs(claim.published) <= claim.tolerance:
        return 4
    return min(max(4, math.ceil(math.log10(abs(claim.published)) - math.log10(claim.tolerance)) + 2), 10)
