"""How commands end when they cannot go on."""

from __future__ import annotations

from typing import NoReturn

import typer

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def stop(message: str, code: int) -> NoReturn:
    """Says why on standard error and ends with the code."""
    typer.echo(f"airfed: {message}", err=True)
    raise typer.Exit(code)
