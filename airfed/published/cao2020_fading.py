"""Cao, Zhu, Xu, Huang 2020, section V: fading, and power that is limited on average."""

from __future__ import annotations

import numpy as np

from aircomp import FullPower, OptimalPowerControl, RegularizedInversion, power_prices
from airfed.published.claim import ROUNDING, Claim
from channels import db_to_linear
from channels.arrays import ComplexArray, FloatArray

FADING_SNR_DB = (-10.0, 0.0, 10.0, 20.0)
FADING_DEVICES = 10


def in_fading(gain: ComplexArray) -> tuple[tuple[Claim, ...], dict[str, tuple[FloatArray, FloatArray]]]:
    """Average power limits: what the static rules spend in each draw is allowed too, so they cannot do better."""
    snr_db = np.array(FADING_SNR_DB)
    means: dict[str, list[float]] = {"regularised inversion": [], "optimal, limit in each draw": [], "full power": []}
    spent, gaps, departures = [], [], []
    for noise in 1.0 / db_to_linear(snr_db):
        prices = power_prices(gain, power_w=1.0, noise_power_w=noise)
        rule = RegularizedInversion(price_per_w=prices.price_per_w)
        plan = rule.plan(gain, power_w=1.0, noise_power_w=noise)
        others = (OptimalPowerControl(), FullPower())
        errors = [plan.mse, *(other.plan(gain, power_w=1.0, noise_power_w=noise).mse for other in others)]
        for values, error in zip(means.values(), errors, strict=True):
            values.append(float(error.mean()) / FADING_DEVICES**2)
        spent.append(float(np.max(plan.power_w.mean(axis=0))))
        gaps.append(float(plan.mse.mean()) / prices.least_mean_mse - 1.0)
        sent = np.isfinite(plan.eta)
        eta = plan.eta[sent][:, None]
        amplitude = np.abs(gain[sent])
        wanted = np.sqrt(eta) * amplitude / (amplitude**2 + prices.price_per_w * eta)
        departures.append(float(np.max(np.abs(np.abs(plan.transmit[sent]) / wanted - 1.0))))
    static, loud, best = means["optimal, limit in each draw"], means["full power"], means["regularised inversion"]
    source = (
        f"section V, {FADING_DEVICES} devices, {FADING_SNR_DB[0]:g} to {FADING_SNR_DB[-1]:g} dB, {len(gain):,} fading states"
    )
    claims = (
        Claim.law(
            says="power is √η|h|/(|h|² + μη), squared: largest departure of an amplitude, relative",
            source=source,
            published=0.0,
            ours=max(departures),
            tolerance=ROUNDING,
            reason="exact to rounding",
        ),
        Claim.law(
            says="strong duality: mean MSE over the dual's bound, less 1, at most",
            source=source,
            published=0.0,
            ours=max(gaps, key=abs),
            tolerance=ROUNDING,
            reason="exact: the dual is solved to a residual of 1e-10",
        ),
        Claim.order(
            says="the average power limit of 1 W holds: largest mean power of a device",
            source=source,
            ours=max(spent),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact: the dual is solved to a residual of 1e-10",
            unit="W",
        ),
        Claim.order(
            says="below the optimum for a limit in each draw: largest ratio of mean MSEs",
            source=source,
            ours=max(a / b for a, b in zip(best, static, strict=True)),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact on these draws: what that spends is allowed here too",
        ),
        Claim.order(
            says="below full power: largest ratio of mean MSEs",
            source=source,
            ours=max(a / b for a, b in zip(best, loud, strict=True)),
            bound=1.0,
            tolerance=ROUNDING,
            reason="exact on these draws: what that spends is allowed here too",
        ),
    )
    return claims, {name: (snr_db, np.array(values)) for name, values in means.items()}
