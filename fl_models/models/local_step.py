"""What a local step is."""

from __future__ import annotations

from dataclasses import dataclass

from channels.arrays import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalStep:
    """x ← x - γ(g_i + shift_i + decay·x), for whatever direction g_i the method has.

    Attributes:
        step_size: γ.
        decay: a pull towards 0.
        shift: (g, d) for each client of a group, or None.
    """

    step_size: float
    decay: float = 0.0
    shift: FloatArray | None = None
