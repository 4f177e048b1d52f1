"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

SMALLEST = 1e-6
"""What is less, and not 0, has an exponent: so many zeros cannot be counted."""


def plain_number(value: float, digits: int) -> str:
    """So many significant digits, and no exponent unless the number is tiny.

    >>> plain_number(3212.4, 2), plain_number(0.0321, 2), plain_number(3.21e-5, 2), plain_number(3.21e-7, 2)
    ('3212', '0.032', '0.000032', '3.2e-07')
    """
    short = f"{value:.{digits}g}"
    if "e+" in short:
        return f"{value:.0f}"
    return f"{Decimal(short):f}" if "e-" in short and abs(value) >= SMALLEST else short
