"""Whether a command shows how far it is."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress; none is shown either where standard error is no terminal.")
]


def progress_wanted(*, quiet: bool) -> bool:
    """Whether somebody watches who has not asked for quiet: a bar in a log file is noise."""
    return not quiet and sys.stderr.isatty()
