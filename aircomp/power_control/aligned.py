"""Plans in which every signal arrives in phase, so that only strengths are left to choose."""

from __future__ import annotations

import numpy as np

from aircomp.transceiver import Links, TransceiverPlan
from channels.arrays import BoolArray, FloatArray, row_blocks


def aligned_plan(links: Links, *, arrived: FloatArray, active: BoolArray, root_eta: FloatArray) -> TransceiverPlan:
    """The plan b_i = √η r_i h_i*/|h_i|², under which client i arrives as r_i s_i, with the error Σ(r_i - w_i)² + σ²/η.

    Args:
        links: channels, weights and noise.
        arrived: (..., K) r_i >= 0 of the active clients; what it is for the others does not matter.
        active: (..., K) who takes part; only clients with a channel may.
        root_eta: (...) √η; infinite in draws in which nobody sends.
    """
    transmit = np.empty(links.gain.shape, dtype=complex)
    misalignment = np.empty(root_eta.shape)
    rows = [
        array.reshape(-1, array.shape[-1]) for array in (links.gain, links.amplitude, links.weights, arrived, active, transmit)
    ]
    scale = np.where(np.isfinite(root_eta), root_eta, 0.0).reshape(-1, 1)
    error = misalignment.reshape(-1)
    for block in row_blocks(*rows[0].shape):
        gain, amplitude, weights, strength, takes_part, out = (array[block] for array in rows)
        strength = strength * takes_part
        scaling = np.where(takes_part, amplitude, 1.0)
        scaling *= scaling
        np.divide(strength, scaling, out=scaling)
        scaling *= scale[block]
        np.multiply(scaling, gain.conj(), out=out)
        strength -= weights
        np.einsum("dk,dk->d", strength, strength, out=error[block])
    return TransceiverPlan(
        transmit=transmit,
        receive=None,
        eta=root_eta**2,
        active=active,
        weights=links.weights,
        misalignment_mse=misalignment,
        noise_mse=links.noise_power_w / root_eta**2,
    )
