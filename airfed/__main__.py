"""`python -m airfed`."""

from airfed.cli import app

app(prog_name="airfed")
