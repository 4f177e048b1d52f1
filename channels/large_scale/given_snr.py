"""Links of a given mean SNR, wherever anybody stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from channels.arrays import FloatArray, checked
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout
from channels.units import linear_to_db


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenSNR:
    """Path losses with which clients at full power arrive at their station with a given SNR, averaged over fading.

    PL = P_k/(SNR_k N0 B), so that a `Network` with the same P, N0 and B has SNR_k as its `mean_snr`: that of one antenna over
    the whole band. Down, the SNR is higher by the station's power over the client's. Nothing arrives from other cells.

    An attribute with one value per client also takes a single one for all.

    Attributes:
        mean_snr_db: (K,) 10 log10 SNR_k.
        client_power_w: (K,) P_k, most that each client transmits with.
        noise_psd_w_per_hz: N0.
        bandwidth_hz: (K,) B, band of the client's cell.

    >>> from channels.layouts.unplaced import unplaced_layout
    >>> given = GivenSNR(mean_snr_db=-10.0, client_power_w=0.2, noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> drawn = given.draw(unplaced_layout([2]), carrier_hz=3.5e9, rng=np.random.default_rng(0))
    >>> (0.2 * drawn.power_gain / (1e-20 * 1e6)).round(6).tolist()
    [[0.1, 0.1]]
    """

    mean_snr_db: FloatArray | float
    client_power_w: FloatArray | float
    noise_psd_w_per_hz: float
    bandwidth_hz: FloatArray | float

    def __post_init__(self) -> None:
        checked("mean_snr_db", self.mean_snr_db, low=-200.0, high=200.0)
        for name in ("client_power_w", "noise_psd_w_per_hz", "bandwidth_hz"):
            checked(name, getattr(self, name), low=0.0, open_low=True)

    def draw(self, layout: Layout, *, carrier_hz: float, rng: np.random.Generator) -> LargeScale:
        """The links (N, K) of a layout; carrier and places make no difference, and nothing is drawn."""
        shape = (layout.num_clients,)
        snr_db = checked("mean_snr_db", self.mean_snr_db, shape=shape)
        power_w = checked("client_power_w", self.client_power_w, shape=shape)
        noise_w = self.noise_psd_w_per_hz * checked("bandwidth_hz", self.bandwidth_hz, shape=shape)
        own = np.arange(layout.num_cells)[:, None] == layout.serving_cell
        return LargeScale(
            pathloss_db=np.where(own, linear_to_db(power_w / noise_w) - snr_db, np.inf),
            shadowing_db=np.zeros(own.shape),
            los=np.zeros(own.shape, dtype=bool),
        )
