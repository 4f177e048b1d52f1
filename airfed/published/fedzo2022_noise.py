"""The noise that AirComp-FedZO leaves in the mean of updates, against its law."""

from __future__ import annotations

import numpy as np

from aircomp import TruncatedInversion
from airfed.published.claim import SIGMAS, Claim, standard_error
from airfed.specs.given_snr_spec import GivenSNRNetworkSpec
from channels import db_to_linear
from channels.arrays import FloatArray
from fl_models import OverTheAir, Streams

THRESHOLD = 0.8
"""h_min of the authors' code: clients whose fading amplitude is less sit a round out."""

NUM_CLIENTS, NUM_PARAMETERS, SNR_DB = 50, 650, -5.0


def noise_over_law(*, draws: int, rng: np.random.Generator) -> FloatArray:
    """(draws,) ‖ñ‖² over Δ_max²/(M² SNR h_min²) in rounds whose channels, updates and noise are drawn.

    ñ is what the server takes for the mean of the M clients' updates, less that mean.
    """
    network = GivenSNRNetworkSpec(clients_per_cell=NUM_CLIENTS, mean_snr_db=SNR_DB).build(Streams(seed=0))
    cell = network.draw(draws, rng=rng).cells[0]
    plan = OverTheAir(transceiver=TruncatedInversion(threshold=THRESHOLD)).plan(cell)
    snr = float(db_to_linear(SNR_DB))
    ratio = np.empty(draws)
    for index, active in enumerate(plan.active):
        updates = rng.standard_normal((NUM_CLIENTS, NUM_PARAMETERS)) * rng.uniform(0.5, 1.5, size=(NUM_CLIENTS, 1))
        noise = plan.mean(updates, edge_round=index, rng=rng) - updates[active].mean(axis=0)
        largest = np.linalg.norm(updates[active], axis=1).max()
        ratio[index] = noise @ noise / (largest**2 / (active.sum() ** 2 * snr * THRESHOLD**2))
    return ratio


def noise_claim(*, draws: int, rng: np.random.Generator) -> Claim:
    """That its mean square is as the paper's transceiver design says."""
    ratio = noise_over_law(draws=draws, rng=rng)
    return Claim.law(
        says="AirComp-FedZO: mean of ‖ñ‖² over Δ_max²/(M² SNR h_min²)",
        source="section IV, transceiver design",
        published=1.0,
        ours=float(ratio.mean()),
        tolerance=SIGMAS * standard_error(ratio),
        reason=f"{SIGMAS:g} standard errors of {draws} draws at {SNR_DB:g} dB",
    )
