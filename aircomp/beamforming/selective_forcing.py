"""Uniform forcing of as many clients as an error target allows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from aircomp.beamforming.device_selection import DeviceSelection, SelectionResult
from aircomp.beamforming.greedy_selection import GreedySelection
from aircomp.beamforming.receive_beamforming import power_scaled_gain
from aircomp.power_control.aligned import aligned_plan
from aircomp.transceiver import Links, TransceiverPlan, combined_gain
from channels.arrays import check_object, checked


@dataclass(frozen=True, kw_only=True)
class SelectiveForcing:
    """The clients that a selection picks arrive alike, with a noise error of at most the target; the others are silent.

    b_i = √η w_i/(mᴴh_i) for the selected, η >= σ²/target. The silent count w_i² each in the plan's misalignment. Where the
    target is out of everybody's reach nobody sends, and η = ∞.

    Attributes:
        max_noise_mse: target for σ²/η, the error of the sum over those who are selected.
        selection: how they are found; `certificate` says how many there could be at most.

    Source: Yang, Jiang, Shi, Ding 2020, "Federated learning via over-the-air computation".

    >>> plan = SelectiveForcing(max_noise_mse=0.15).plan([[1.0, 0.0], [0.0, 0.5], [1.0, 0.1]], power_w=1.0, noise_power_w=0.1)
    >>> plan.active.tolist(), bool(plan.noise_mse <= 0.15), float(plan.misalignment_mse.round(6))
    ([True, False, True], True, 1.0)
    """

    takes_antennas: ClassVar[bool] = True
    max_noise_mse: float
    selection: DeviceSelection = field(default_factory=GreedySelection)

    def __post_init__(self) -> None:
        checked("max_noise_mse", self.max_noise_mse, low=0.0, open_low=True)
        check_object("selection", self.selection, method="select", example="GreedySelection()")

    def plan(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> TransceiverPlan:
        links = Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights, antennas=True)
        chosen = self._select(links)
        some = chosen.num_selected > 0
        norm = np.where(some, np.sqrt(chosen.square_norm), 1.0)
        nobodys = 1.0 / np.sqrt(chosen.combiner.shape[-1])
        receive = np.where(some[..., None], chosen.combiner / norm[..., None], nobodys)
        heard = combined_gain(links.gain, receive)
        combined = replace(links, gain=heard, amplitude=np.abs(heard))
        plan = aligned_plan(
            combined,
            arrived=links.weights,
            active=chosen.selected,
            root_eta=np.where(some, 1.0 / norm, np.inf),
        )
        return replace(plan, receive=receive)

    def certificate(
        self, gain: ArrayLike, *, power_w: ArrayLike, noise_power_w: ArrayLike, weights: ArrayLike | None = None
    ) -> SelectionResult:
        """The selection, with an upper bound on how many clients any receiver could serve within the target."""
        return self._select(Links.of(gain, power_w=power_w, noise_power_w=noise_power_w, weights=weights, antennas=True))

    def _select(self, links: Links) -> SelectionResult:
        with np.errstate(divide="ignore", over="ignore"):  # without noise there is no limit
            limit = self.max_noise_mse / links.noise_power_w
        return self.selection.select(power_scaled_gain(links), max_square_norm=np.minimum(limit, 1e300))
