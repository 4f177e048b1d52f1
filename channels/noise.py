"""Thermal noise of a receiver."""

from __future__ import annotations

from channels.arrays import checked
from channels.constants import BOLTZMANN_J_PER_K
from channels.units import db_to_linear


def thermal_noise_psd_w_per_hz(*, noise_figure_db: float, temperature_k: float = 290.0) -> float:
    """One-sided noise power density N0 = k T F at the receiver's input.

    Source: Friis 1944, "Noise figures of radio receivers"; the noise figure is defined at 290 K.

    >>> from channels.units import watt_to_dbm
    >>> float(watt_to_dbm(thermal_noise_psd_w_per_hz(noise_figure_db=0.0)).round(2))
    -173.98
    """
    checked("noise_figure_db", noise_figure_db, low=0.0)
    checked("temperature_k", temperature_k, low=0.0, open_low=True)
    return float(BOLTZMANN_J_PER_K * temperature_k * db_to_linear(noise_figure_db))
