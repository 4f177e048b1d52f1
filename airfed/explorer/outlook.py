"""What a setting of the sliders makes of a global round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, check_count, checked
from channels.summary import shown_by


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the sliders say.

    Attributes:
        bandwidth_hz: band of a cell, on average over the cells.
        client_power_dbm: most that the strongest client transmits with; the others in proportion.
        snr_shift_db: by how much every SNR is better than power and band make it, from less noise.
        num_cells: cells; None for as many as the scenario has.
        clients_per_cell: clients in each; None for as many as the scenario has.
    """

    bandwidth_hz: float
    client_power_dbm: float
    snr_shift_db: float = 0.0
    num_cells: int | None = None
    clients_per_cell: int | None = None

    def __post_init__(self) -> None:
        checked("bandwidth_hz", self.bandwidth_hz, low=0.0, open_low=True)
        checked("client_power_dbm", self.client_power_dbm)
        checked("snr_shift_db", self.snr_shift_db)
        for name in ("num_cells", "clients_per_cell"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))


@shown_by(
    "snr_db",
    "fraction",
    median_round_s=lambda outlook: np.array([np.median(some) for some in outlook.round_s.values()]),
    schemes=lambda outlook: "; ".join(outlook.round_s),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What a setting makes of a round, over draws of the fading.

    Attributes:
        setting: which.
        snr_db: (K,) mean uplink SNR of the clients over the whole band.
        round_s: (D,) lengths of the global rounds, by name of the scheme.
        fraction: (N,) the shares of HIST's optimal partition; None for a model that cannot be dealt out.
        median_snr_db: (S,) median SNR of the clients, as if all had more or less of it.
        error: (D', S) mean-square error of the mean over a cell's clients, by name of the transceiver, for symbols of unit
            power.
    """

    setting: Setting
    snr_db: FloatArray
    round_s: Mapping[str, FloatArray]
    fraction: FloatArray | None
    median_snr_db: FloatArray
    error: Mapping[str, FloatArray]
