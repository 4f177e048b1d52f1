"""Sharing a cell's band so that its slowest client is done soonest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aircomp.result import InfeasibleProblem, status_of
from channels.arrays import FloatArray, checked, matching_shape
from channels.rates.shannon import shannon_rate_bps
from channels.summary import shown_by
from latency_opt.batch import instances
from latency_opt.cell.bandwidth_result import BandwidthResult
from latency_opt.cell.min_bandwidth import band_snr
from latency_opt.cell.noise_range import check_noise
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.monotone_root import monotone_root

SMALL_SNR = 1e-3
"""Below this SNR over a band differences of logarithms are taken from their series."""

BAND_TOLERANCE = 1e-12
"""The bands add up to the cell's to within this share of it."""

TINY = 1e-9
"""Share of the band by which a client is thought to have more than nothing."""


@shown_by("compute_s", "payload_bits", "gain_power_w", "noise_psd_w_per_hz", "bandwidth_hz", "min_bandwidth_hz")
@dataclass(frozen=True, kw_only=True, eq=False)
class BandwidthProblem:
    """min_b max_i (c_i + s_i/r_i(b_i)) subject to Σ b_i <= B and b_i >= f_i, with r_i(b) = b log2(1 + p_i g_i/(N0 b)).

    Leading axes are a batch of independent instances; arguments broadcast. A client without payload is not waited for and
    gets no band.

    Attributes:
        compute_s: (..., n) when each client has something to send, c_i >= 0.
        payload_bits: (..., n) what it sends, s_i >= 0.
        gain_power_w: (..., n) received power p_i g_i.
        noise_psd_w_per_hz: noise density N0, a little at least, see `check_noise`.
        bandwidth_hz: (...) band of the cell, B.
        min_bandwidth_hz: least band of each client that sends, f_i; a number or (..., n), 0 if not given.

    Raises:
        InfeasibleProblem: if the least bands add up to more than the cell's, or a client that sends has no channel.

    Source: Yang, Chen, Saad, Hong, Shikh-Bahaei 2021, "Energy efficient federated learning over wireless communication
    networks", section III-D (delay minimisation).
    """

    compute_s: FloatArray
    payload_bits: FloatArray
    gain_power_w: FloatArray
    noise_psd_w_per_hz: float
    bandwidth_hz: FloatArray
    min_bandwidth_hz: FloatArray = field(default_factory=lambda: np.asarray(0.0))

    def __post_init__(self) -> None:
        names = ("compute_s", "payload_bits", "gain_power_w", "min_bandwidth_hz")
        arrays = {name: checked(name, getattr(self, name), low=0.0) for name in names}
        band = checked("bandwidth_hz", self.bandwidth_hz, low=0.0, open_low=True)
        shape = matching_shape("BandwidthProblem", arrays, without_last={"bandwidth_hz": band})
        for name, array in arrays.items():
            object.__setattr__(self, name, np.broadcast_to(array, shape))
        object.__setattr__(self, "bandwidth_hz", np.broadcast_to(band, shape[:-1]))
        check_noise(self.noise_psd_w_per_hz, received_w=self.gain_power_w, bandwidth_hz=self.bandwidth_hz)
        cut_off = (self.payload_bits > 0.0) & (self.gain_power_w == 0.0)
        if cut_off.any():
            client = tuple(int(i) for i in np.argwhere(cut_off)[0])
            raise InfeasibleProblem(
                f"gain_power_w: client {client} has a payload but no channel; leave it out", infeasible=cut_off.any(axis=-1)
            )
        object.__setattr__(self, "min_bandwidth_hz", np.where(self.payload_bits > 0.0, self.min_bandwidth_hz, 0.0))
        least = self.min_bandwidth_hz.sum(axis=-1)
        too_wide = least > self.bandwidth_hz * (1.0 + BAND_TOLERANCE)
        if too_wide.any():
            excess = np.argmax(least - self.bandwidth_hz)
            raise InfeasibleProblem(
                f"min_bandwidth_hz: the least bands add up to {least.flat[excess]:g} Hz; the cell has "
                f"{self.bandwidth_hz.flat[excess]:g}",
                infeasible=too_wide,
            )

    def __getitem__(self, index: Any) -> BandwidthProblem:
        """Some instances of a batch, as numpy's indices pick them along it: `problem[0]`, `problem[~error.infeasible]`."""
        if self.payload_bits.ndim == 1:
            raise IndexError("BandwidthProblem: this is a single instance; only a batch can be indexed")
        return instances(self, index)

    @property
    def snr_hz(self) -> FloatArray:
        """(..., n) received power over noise density, the SNR in a band of 1 Hz."""
        return self.gain_power_w / self.noise_psd_w_per_hz

    def finish_s(self, bandwidth_hz: FloatArray) -> FloatArray:
        """(..., n) when each client is done with the given bands; 0 for one without payload."""
        sends = self.payload_bits > 0.0
        rate = shannon_rate_bps(bandwidth_hz, gain_power_w=self.gain_power_w, noise_psd_w_per_hz=self.noise_psd_w_per_hz)
        airtime_s = self.payload_bits / np.where(sends, rate, 1.0)
        return np.where(sends, self.compute_s + airtime_s, 0.0)

    def to_cvxpy(self) -> CvxpyProgram:
        """The same problem for CVXPY, one instance at a time; see `bandwidth_form`. Variables are in units of the optimum."""
        from latency_opt.cell.bandwidth_form import bandwidth_form

        if self.payload_bits.ndim != 1:
            raise ValueError(f"to_cvxpy: got a batch of shape {self.payload_bits.shape[:-1]}; needed is one instance")
        if not self.payload_bits.any():
            raise ValueError("payload_bits: got only zeros; without a client that sends there is nothing to optimise")
        return bandwidth_form(minimize_deadline(self))


def minimize_deadline(problem: BandwidthProblem) -> BandwidthResult:
    """Global optimum of a batch of bandwidth problems.

    At the optimum all clients above their least band are done together and the band is used up, so what is left is the root t
    of Σ_i max(f_i, b_i(s_i/(t - c_i))) = B, b_i being the least band for a rate. B/Σb is nearly linear in t: Newton's method
    converges in a few steps. The unknown is u = t - max_i(c_i + s_i N0 ln 2/(p_i g_i)), the time beyond what any band can save:
    where power or computing is so short that t hardly depends on the bands, these still come out in full precision.

    The conditions checked: everybody is done at the deadline, or before with the least band, and the bands add up to B;
    positive multipliers then exist, from which the shadow price follows.

    >>> problem = BandwidthProblem(compute_s=[0.0, 0.1], payload_bits=1e6, gain_power_w=[1e-12, 1e-13],
    ...                            noise_psd_w_per_hz=1e-20, bandwidth_hz=1e6)
    >>> result = minimize_deadline(problem)
    >>> result.status, float(result.deadline_s.round(4)), result.bandwidth_hz.round(-3).tolist()
    (<Status.OPTIMAL: 'optimal'>, 0.4497, [259000.0, 741000.0])
    """
    sends = problem.payload_bits > 0.0
    nobody = ~sends.any(axis=-1)
    bits = np.where(sends, problem.payload_bits, 1.0)
    compute = np.where(sends, problem.compute_s, 0.0)
    snr = np.where(sends, problem.snr_hz, 1.0)
    band = problem.bandwidth_hz
    least = problem.min_bandwidth_hz

    least_airtime = bits * np.log(2.0) / snr  # with infinite bandwidth
    least_finish = np.where(sends, compute + least_airtime, -np.inf)
    latest = np.where(nobody, 0.0, least_finish.max(axis=-1))
    gap = np.where(sends, latest[..., None] - least_finish, 1.0)

    def needed(beyond: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(..., n) bands for a deadline, and how fast each falls as it moves out."""
        spare_s = gap + beyond[..., None]
        airtime = least_airtime + spare_s
        ratio = band_snr(least_airtime / airtime, spare=spare_s / airtime)
        fall = bits * np.log(2.0) / (airtime**2 * rate_excess(ratio))
        bands = np.where(sends, snr / ratio, 0.0)
        free = sends & (bands > least)
        return np.where(free, bands, least), np.where(free, fall, 0.0)

    def slack(beyond: FloatArray) -> tuple[FloatArray, FloatArray]:
        """B/Σb - 1 and its slope."""
        bands, fall = needed(beyond)
        total = np.where(nobody, band, bands.sum(axis=-1))
        return band / total - 1.0, band * fall.sum(axis=-1) / total**2

    def last(bands: FloatArray) -> FloatArray:
        """When the last client is done, beyond `latest`, with some bands."""
        late = least_airtime * airtime_excess(snr / bands) - gap
        return np.maximum(np.where(sends, late, 0.0).max(axis=-1), 0.0)

    whole = np.broadcast_to(band[..., None], sends.shape)
    rest = np.maximum(band - least.sum(axis=-1), 0.0) / np.maximum(sends.sum(axis=-1), 1)
    some = np.where(sends, np.maximum(least + rest[..., None], TINY * whole), whole)
    beyond, iterations = monotone_root(slack, low=last(whole), high=last(some), tolerance=BAND_TOLERANCE)

    bands, fall = needed(beyond)
    deadline = latest + beyond
    late = problem.finish_s(bands) / np.where(nobody, 1.0, deadline)[..., None] - 1.0
    late = np.where(sends, np.where(bands > least, np.abs(late), np.maximum(late, 0.0)), 0.0)
    used = np.where(nobody, 0.0, np.abs(bands.sum(axis=-1) / band - 1.0))
    residual = float(max(late.max(), used.max()))
    total_fall = fall.sum(axis=-1)
    return BandwidthResult(
        problem=problem,
        deadline_s=deadline,
        bandwidth_hz=bands,
        fall_hz_per_s=fall,
        shadow_price_s_per_hz=np.divide(1.0, total_fall, out=np.zeros_like(total_fall), where=total_fall > 0.0),
        kkt_residual=residual,
        status=status_of(residual),
        iterations=iterations,
    )


def rate_excess(snr: FloatArray) -> FloatArray:
    """ln(1 + x) - x/(1 + x), in full precision for small x too; ln 2 times the slope of the rate in the band.

    >>> rate_excess(np.array([1e-9, 1.0])).round(22).tolist()
    [5e-19, 0.1931471805599453]
    """
    small = np.minimum(snr, SMALL_SNR)
    series = small**2 * (0.5 - small * (2.0 / 3.0 - small * (0.75 - 0.8 * small)))
    return np.where(snr < SMALL_SNR, series, np.log1p(snr) - snr / (1.0 + snr))


def airtime_excess(snr: FloatArray) -> FloatArray:
    """x/ln(1 + x) - 1, in full precision for small x too; how much longer than with infinite bandwidth a client sends.

    >>> airtime_excess(np.array([1e-9, 1.0])).round(16).tolist()
    [5e-10, 0.4426950408889634]
    """
    small = np.minimum(snr, SMALL_SNR)
    series = small * (0.5 - small * (1.0 / 12.0 - small * (1.0 / 24.0 - small * 19.0 / 720.0)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(snr < SMALL_SNR, series, snr / np.log1p(snr) - 1.0)


def equal_bandwidth(problem: BandwidthProblem) -> FloatArray:
    """(..., n) the band in equal parts to all clients with a payload."""
    sends = problem.payload_bits > 0.0
    senders = np.maximum(sends.sum(axis=-1, keepdims=True), 1)
    return np.where(sends, problem.bandwidth_hz[..., None] / senders, 0.0)
