"""Published results, reproduced by name."""

from airfed.published.claim import SIGMAS, Claim, Kind, Relation, Verdict, half_of_the_last_digit, standard_error
from airfed.published.paper import Findings, Paper, Reproduction, Request, Takes
from airfed.published.registry import NAMES, paper, papers, reproduce

__all__ = [
    "NAMES",
    "SIGMAS",
    "Claim",
    "Findings",
    "Kind",
    "Paper",
    "Relation",
    "Reproduction",
    "Request",
    "Takes",
    "Verdict",
    "half_of_the_last_digit",
    "paper",
    "papers",
    "reproduce",
    "standard_error",
]
