"""Zhu, Wang, Huang 2019: broadband analog aggregation."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import exp1

from aircomp import OFDMGrid, TruncatedInversion, aligned_snr, truncation_participation
from airfed.figures import draw_curves
from airfed.published.claim import SIGMAS, Claim, Relation, standard_error
from airfed.published.paper import Findings, Paper, Request, Takes
from channels import LogDistance, Rayleigh, db_to_linear, disc_layout, linear_to_db
from channels.arrays import FloatArray

Curves = dict[str, tuple[FloatArray, FloatArray]]

TRUNCATION_RATIOS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SNR_DB = 10.0
CELL_RADIUS_M = 100.0
PATHLOSS_EXPONENT = 3.0
INNER_SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Radii within which devices are scheduled, in parts of the cell's."""
CELL_DEVICES = 200
SUBCARRIERS = 1000
DEVICES = (1, 2, 4, 10, 20, 50, 100, 200)
PARAMETERS = 10_000
BITS = 16
TRUNCATION = 0.1


def run(request: Request) -> Findings:
    """Both trade-offs and the saving of time, from draws of the channel, beside the closed forms."""
    rng = np.random.default_rng(request.seed)
    truncation, truncation_curves, truncation_laws = _truncation(request.of(400_000, quick=50_000), rng)
    interior, interior_curves, interior_laws = _cell_interior(request.of(200, quick=40), rng)
    latency, latency_curves, latency_laws = _latency(rng)
    return Findings(
        data=(
            "no data set; Rayleigh channels and positions drawn afresh, so the paper's closed forms can be compared to "
            "Monte-Carlo error and its scaling law in full. Its accuracies on images are not reproduced here"
        ),
        claims=(*truncation, *interior, *latency),
        panels=(
            partial(
                draw_curves,
                truncation_curves,
                laws=truncation_laws,
                xlabel="truncation ratio",
                ylabel="receive SNR (dB)",
            ),
            partial(
                draw_curves,
                interior_curves,
                laws=interior_laws,
                xlabel="share of the data that is used",
                ylabel="receive SNR (dB)",
            ),
            partial(
                draw_curves,
                latency_curves,
                laws=latency_laws,
                xlabel="devices",
                ylabel="latency of OFDMA over analog",
                log_x=True,
                log_y=True,
            ),
        ),
    )


def _truncation(draws: int, rng: np.random.Generator) -> tuple[tuple[Claim, ...], Curves, Curves]:
    """A device with mean power 1: what it may arrive with at each threshold, by the power that inversion takes."""
    gain = Rayleigh().draw((draws, 1), rng=rng)
    ratios, snr = np.array(TRUNCATION_RATIOS), float(db_to_linear(SNR_DB))
    silent, silent_off, received, received_off = [], [], [], []
    for ratio in ratios:
        rule = TruncatedInversion.for_participation(1.0 - float(ratio), fading=Rayleigh())
        plan = rule.plan(gain, power_w=1.0, noise_power_w=1.0)
        power = plan.power_w[:, 0]
        law = float(aligned_snr(rule.threshold, snr=snr, average_power=True))
        silent.append(1.0 - float(plan.active.mean()))
        received.append(snr * float(plan.eta[0]) / float(power.mean()))
        silent_off.append((silent[-1] - ratio) / math.sqrt(ratio * (1.0 - ratio) / draws))
        received_off.append((law / received[-1] - 1.0) * power.mean() / standard_error(power))
    source = f"receive SNR against truncation ratio, {draws:,} draws"
    reason = "Monte-Carlo error of the worst ratio"
    claims = (
        Claim.law(
            says="truncation ratio is 1 - e^(-g): largest departure",
            source=source,
            published=0.0,
            ours=max(silent_off, key=abs),
            tolerance=SIGMAS,
            reason=reason,
            unit="standard errors",
        ),
        Claim.law(
            says="receive SNR is γ/E₁(g) for a mean power of γ: largest departure",
            source=source,
            published=0.0,
            ours=max(received_off, key=abs),
            tolerance=SIGMAS,
            reason=reason,
            unit="standard errors",
        ),
        Claim.order(
            says="who truncates more is received better: smallest ratio of SNRs from one truncation ratio to the next",
            source=source,
            ours=float(np.min(np.divide(received[1:], received[:-1]))),
            bound=1.0,
            relation=Relation.ABOVE,
            reason="exact on common draws",
        ),
    )
    fine = np.linspace(ratios[0], ratios[-1], 200)
    laws = {"law, γ/E₁(-ln(1 - ratio))": (fine, linear_to_db(snr / exp1(-np.log1p(-fine))))}
    return claims, {"simulated": (np.array(silent), linear_to_db(received))}, laws


def _cell_interior(layouts: int, rng: np.random.Generator) -> tuple[tuple[Claim, ...], Curves, Curves]:
    """Devices uniform in a disc, scheduled up to a distance: all arrive as the weakest of them can."""
    shares = np.array(INNER_SHARES)
    loss = LogDistance(exponent=PATHLOSS_EXPONENT, shadowing_deviation_db=0.0)
    used = np.empty((layouts, len(shares)))
    weakest = np.empty((layouts, len(shares)))
    for index in range(layouts):
        layout = disc_layout(num_clients=CELL_DEVICES, radius_m=CELL_RADIUS_M, min_distance_m=1.0, rng=rng)
        gain = loss.draw(layout, carrier_hz=3.5e9, rng=rng).power_gain[0]
        inside = layout.distance_2d_m <= shares[:, None] * CELL_RADIUS_M
        used[index] = inside.mean(axis=-1)
        weakest[index] = np.min(np.where(inside, gain, np.inf), axis=-1)
    edge = loss.draw(
        disc_layout(num_clients=1, radius_m=CELL_RADIUS_M, min_distance_m=CELL_RADIUS_M - 1e-9, rng=rng),
        carrier_hz=3.5e9,
        rng=rng,
    ).power_gain[0, 0]
    snr_db = SNR_DB + linear_to_db(weakest / edge)
    law = (shares[:-1] ** 2 - 1.0 / CELL_RADIUS_M**2) / (1.0 - 1.0 / CELL_RADIUS_M**2)
    off = (used[:, :-1].mean(axis=0) - law) / np.sqrt(law * (1.0 - law) / (layouts * CELL_DEVICES))
    source = f"scheduling of cell-interior devices, {layouts} cells of {CELL_DEVICES} devices"
    claims = (
        Claim.law(
            says="share of the data used is the share of the area, (r/R)²: largest departure",
            source=source,
            published=0.0,
            ours=float(max(off, key=abs)),
            tolerance=SIGMAS,
            reason="Monte-Carlo error of the worst radius",
            unit="standard errors",
        ),
        Claim.order(
            says="more data cost receive SNR: largest gain of SNR from one radius to the next, in any cell",
            source=source,
            ours=float(np.max(np.diff(snr_db, axis=-1))),
            bound=0.0,
            reason="exact: the weakest of more devices is no stronger",
            unit="dB",
        ),
    )
    curves: Curves = {"simulated, median": (np.median(used, axis=0), np.median(snr_db, axis=0))}
    fine = np.linspace(shares[0] ** 2, 1.0, 200)
    laws: Curves = {"law, share^(-α/2)": (fine, SNR_DB - 5.0 * PATHLOSS_EXPONENT * np.log10(fine))}
    return claims, curves, laws


def _latency(rng: np.random.Generator) -> tuple[tuple[Claim, ...], Curves, Curves]:
    grid = OFDMGrid(num_subcarriers=SUBCARRIERS, subcarrier_spacing_hz=15e3, cyclic_prefix_s=0.0)
    devices = np.array(DEVICES, dtype=float)
    analog = grid.num_ofdm_symbols(PARAMETERS)
    digital = np.array([_ofdma_symbols(num, rng) for num in DEVICES])
    ratio = digital / analog
    law = 2.0 * BITS * devices / ((1.0 - TRUNCATION) * _bits_a_symbol(devices))
    uses = PARAMETERS * BITS / ((1.0 - TRUNCATION) * _bits_a_symbol(devices))
    spread = np.sqrt(TRUNCATION / (1.0 - TRUNCATION) / uses)
    allowed = (np.sqrt(2.0 * np.log(devices)) + SIGMAS) * spread + 1.0 / digital
    growth = np.diff(np.log(ratio)) / np.diff(np.log(devices))
    whole = float(np.log(ratio[-1] / ratio[3]) / np.log(devices[-1] / devices[3]))
    slow = float(np.log(devices[-1] * np.log(devices[3]) / devices[3] / np.log(devices[-1])) / np.log(devices[-1] / devices[3]))
    source = f"latency reduction, {SUBCARRIERS} subcarriers at {SNR_DB:g} dB, {PARAMETERS:,} parameters of {BITS} bits"
    claims = (
        Claim.law(
            says="latency of OFDMA over ours is 2QK/((1 - ζ) log2(1 + Kγ/E₁)): largest departure over what is allowed",
            source=source,
            published=0.0,
            ours=float(max((ratio / law - 1.0) / allowed, key=abs)),
            tolerance=1.0,
            reason=f"slowest of K devices: √(2 ln K) + {SIGMAS:g} standard errors of its subcarriers, and one OFDM symbol",
        ),
        Claim.order(
            says="analog aggregation is never slower: smallest ratio of latencies",
            source=source,
            ours=float(ratio.min()),
            bound=1.0,
            relation=Relation.AT_LEAST,
            reason="an order of the curves",
        ),
        Claim.order(
            says="the saving grows almost in proportion to the devices: largest exponent between neighbouring numbers",
            source=f"{source}; ratio O(K/log2 K)",
            ours=float(growth.max()),
            bound=1.0,
            relation=Relation.BELOW,
            reason="log2(1 + Kγ/E₁) grows with K",
        ),
        Claim.order(
            says=f"and no slower than K/log2 K: exponent from {DEVICES[3]} to {DEVICES[-1]} devices",
            source=f"{source}; ratio O(K/log2 K)",
            ours=whole,
            bound=slow,
            relation=Relation.AT_LEAST,
            reason="that of K/log2 K",
        ),
    )
    shape = devices[3:] / np.log2(devices[3:])
    laws = {
        "law": (devices, law),
        "K/log2 K, through the last": (devices[3:], ratio[-1] * shape / shape[-1]),
    }
    return claims, {"simulated": (devices, ratio)}, laws


def _bits_a_symbol(num_devices: FloatArray | float) -> FloatArray:
    """What a subcarrier above the threshold carries if a device has the K-th part of them, with K times the power in each."""
    threshold = math.sqrt(-math.log1p(-TRUNCATION))
    snr = np.asarray(num_devices) * float(db_to_linear(SNR_DB))
    return np.log2(1.0 + aligned_snr(threshold, snr=snr, average_power=True))


def _ofdma_symbols(num_devices: int, rng: np.random.Generator) -> int:
    """OFDM symbols until the slowest device's bits have arrived; the subcarriers fade afresh in each."""
    threshold = math.sqrt(-math.log1p(-TRUNCATION))
    carried = float(_bits_a_symbol(num_devices))
    own = SUBCARRIERS // num_devices
    expected = PARAMETERS * BITS / (own * carried * float(truncation_participation(threshold)))
    sent = np.zeros(num_devices)
    symbols = 0
    while True:
        gain = Rayleigh().draw((math.ceil(0.1 * expected), num_devices, own), rng=rng)
        count = sent + carried * np.cumsum(np.sum(np.abs(gain) >= threshold, axis=-1), axis=0)
        done = np.flatnonzero((count >= PARAMETERS * BITS).all(axis=-1))
        if done.size:
            return symbols + int(done[0]) + 1
        sent, symbols = count[-1], symbols + len(count)


PAPER = Paper(
    name="zhu2019",
    citation=(
        "Zhu, Wang, Huang 2019, Broadband analog aggregation for low-latency federated edge learning, IEEE Transactions on "
        "Wireless Communications 19(1), 2020"
    ),
    runs=(
        "receive SNR against truncation ratio, and against the share of the data within reach; latency of OFDMA over that of "
        "analog aggregation for 1 to 200 devices"
    ),
    run=run,
    takes=Takes.SECONDS,
)
