"""Band, processor speeds and transmit powers together."""

from __future__ import annotations

from typing import Any

import numpy as np

from channels.arrays import FloatArray
from latency_opt import JointProblem, minimize_energy, minimize_joint_deadline
from stress.case import Arrays, Case
from stress.cell_cases import SOONER, by_cvxpy
from stress.draws import HARD_NOISE_PSD, NOISE_PSD, near, num_clients, power_gain, spread
from stress.exact import LN2, LONG, bisect, least_value, rate_nats

NAMES = (
    "cycles",
    "max_cpu_hz",
    "effective_capacitance_w_per_hz3",
    "payload_bits",
    "power_gain",
    "max_power_w",
    "energy_budget_j",
    "bandwidth_hz",
    "noise_psd_w_per_hz",
)
DEEPEST = 70.0
"""Compute times are sought from e^-70 of what is spare."""

DENSEST = 11000.0


def clients(rng: np.random.Generator, hard: bool) -> Arrays:
    """Budgets from a hair above what the bits need to none at all."""
    n = num_clients(rng, hard=hard, most=100)
    shape = (n,)
    gain, noise, band = power_gain(rng, shape, hard=hard), NOISE_PSD, 1e7
    bits, cycles = np.full(shape, 2e6) * rng.uniform(0.5, 1.0), 10.0 ** rng.uniform(7.5, 8.5, shape)
    cpu, power, capacitance = 10.0 ** rng.uniform(8.5, 9.2, shape), np.full(shape, 0.2), np.full(shape, 1e-27)
    if hard:
        noise, band = float(rng.choice(HARD_NOISE_PSD[2:])), 10.0 ** rng.choice([3.0, 7.0, 12.0])
        bits = 10.0 ** (spread(rng, shape, 8.0) + 5.0) * (rng.random(shape) < 0.9)
        cycles = 10.0 ** (spread(rng, shape, 12.0) + 7.0) * (rng.random(shape) < 0.8)
        cpu, power = 10.0 ** (spread(rng, shape, 4.0) + 9.0), 10.0 ** (spread(rng, shape, 4.0) - 1.0)
        capacitance = 10.0 ** (spread(rng, shape, 4.0) - 27.0) * (rng.random(shape) < 0.9)
    least = bits * float(LN2) * noise / gain
    wanted = capacitance * cycles * cpu**2 + least * rng.uniform(0.1, 10.0, shape)
    margin = wanted * 10.0 ** rng.uniform(-1.0, 1.0, shape)
    if hard:
        tight = rng.random(shape) < 0.3
        margin = np.where(tight, least * near(rng), wanted * 10.0 ** rng.uniform(-6.0, 6.0, shape))
        margin = np.where(rng.random(shape) < 0.02, -1e-6 * least, margin)
    budget = np.maximum(least + margin, 1e-300)
    return {
        "cycles": cycles,
        "max_cpu_hz": cpu,
        "effective_capacitance_w_per_hz3": capacitance,
        "payload_bits": bits,
        "power_gain": gain,
        "max_power_w": power,
        "energy_budget_j": np.where(rng.random(shape) < 0.1, np.inf, budget),
        "bandwidth_hz": np.asarray(band),
        "noise_psd_w_per_hz": noise,
    }


def with_slack(rng: np.random.Generator, hard: bool) -> Arrays:
    """And a deadline over the least one: some are beyond reach, some but for a trillionth."""
    slack = 1.0 + 10.0 ** rng.uniform(-1.5, 1.0)
    if hard:
        slack = rng.choice([1.0 + near(rng), 1e3, 1e8, 1.0 - 10.0 ** rng.uniform(-4.0, -0.1)], p=[0.5, 0.2, 0.1, 0.2])
    return clients(rng, hard) | {"slack": np.asarray(float(slack))}


def joint(batch: Arrays) -> JointProblem:
    return JointProblem(**{name: batch[name] for name in NAMES})


class Exact:
    """The clients of a batch in 80 bits, those who send nothing as if they had a bit and all the world's means."""

    def __init__(self, batch: Arrays) -> None:
        self.sends = batch["payload_bits"] > 0.0

        def of(name: str, idle: float) -> np.ndarray:
            return np.where(self.sends, np.asarray(batch[name], dtype=LONG), LONG(idle))

        self.nats = of("payload_bits", 1.0) * LN2
        self.snr = of("power_gain", 1.0) / np.where(self.sends, LONG(batch["noise_psd_w_per_hz"]), LONG(1.0))
        self.least_j = self.nats / self.snr
        self.power, self.budget = of("max_power_w", 1.0), of("energy_budget_j", np.inf)
        self.cycles, self.cpu = of("cycles", 0.0), of("max_cpu_hz", 1.0)
        self.work = of("effective_capacitance_w_per_hz3", 0.0) * self.cycles**3
        self.band = np.asarray(batch["bandwidth_hz"], dtype=LONG)
        self.margin = self.budget - self.least_j
        self.poor = self.sends & (self.margin <= 0.0)
        held = np.where(self.margin > 0.0, self.margin, LONG(1.0))
        self.thrifty_s = np.where(
            np.isfinite(held), np.sqrt(self.work / np.where(np.isfinite(held), held, LONG(1.0))), LONG(0.0)
        )
        self.least_compute_s = np.maximum(self.cycles / self.cpu, self.thrifty_s)
        self.least_airtime_s = self.least_j / self.power

    def spare_s(self, deadline_s: np.ndarray) -> np.ndarray:
        return np.asarray(deadline_s, dtype=LONG)[..., None] - self.least_compute_s - self.least_airtime_s

    def densest(self, compute_s: np.ndarray, airtime_extra_s: np.ndarray) -> np.ndarray:
        """Largest q that power and budget allow."""
        by_power = self.power * airtime_extra_s / self.least_j
        slow = np.where(compute_s > 0.0, self.thrifty_s / np.where(compute_s > 0.0, compute_s, LONG(1.0)), LONG(0.0))
        by_budget = self.margin / self.least_j * (1.0 - slow) * (1.0 + slow)
        return efficiency(np.minimum(by_power, by_budget))

    def over_compute_times(self, spare_s: np.ndarray, cost: Any) -> np.ndarray:
        """The least of what `cost` says of compute times, airtimes and largest efficiencies."""
        spare = np.where(spare_s > 0.0, spare_s, LONG(1.0))

        def at(log_part: np.ndarray) -> np.ndarray:
            part = np.exp(log_part)
            compute_s, extra = self.least_compute_s + part * spare, (1.0 - part) * spare
            return cost(compute_s, self.least_airtime_s + extra, self.densest(compute_s, extra))

        # Those who need not slow down have nothing to seek.
        least = at(np.full(spare.shape, LONG(-np.inf)))
        low, high = np.full(spare.shape, LONG(-DEEPEST)), np.zeros(spare.shape, LONG)
        return np.where(spare_s > 0.0, np.minimum(least, least_value(at, low=low, high=high, steps=45)), LONG(np.inf))

    def needed_hz(self, deadline_s: np.ndarray) -> np.ndarray:
        """(B, n) least bands, inf where none will do."""

        def band(compute_s: np.ndarray, airtime_s: np.ndarray, q: np.ndarray) -> np.ndarray:
            return np.where(q > 0.0, self.nats / (np.where(q > 0.0, q, LONG(1.0)) * airtime_s), LONG(np.inf))

        return np.where(
            self.sends, np.where(self.poor, LONG(np.inf), self.over_compute_times(self.spare_s(deadline_s), band)), 0.0
        )

    def least_energy_j(self, deadline_s: np.ndarray, per_hz: np.ndarray) -> np.ndarray:
        """(B,) by weak duality: the least energy with bands bought and sold at a price."""
        price = np.asarray(per_hz, dtype=LONG)[..., None]

        def cost(compute_s: np.ndarray, airtime_s: np.ndarray, most: np.ndarray) -> np.ndarray:
            q = np.minimum(efficiency_at_price(price * self.snr / airtime_s), most)
            positive = q > 0.0
            q = np.where(positive, q, LONG(1.0))
            computing = np.where(self.work > 0.0, self.work / np.where(self.work > 0.0, compute_s, LONG(1.0)) ** 2, LONG(0.0))
            whole = computing + self.least_j * (1.0 + excess(q)) + price * self.nats / (q * airtime_s)
            return np.where(positive, whole, LONG(np.inf))

        clients = np.where(self.sends, self.over_compute_times(self.spare_s(deadline_s), cost), LONG(0.0))
        return clients.sum(axis=-1) - np.asarray(per_hz, dtype=LONG) * self.band

    def violations(self, result: Any) -> dict[str, FloatArray]:
        """By how much an allocation breaks its limits, relative to them."""
        sends = self.sends
        band, power = np.asarray(result.bandwidth_hz, LONG), np.asarray(result.power_w, LONG)
        airtime, cpu = np.asarray(result.airtime_s, LONG), np.asarray(result.cpu_hz, LONG)
        works = sends & (self.cycles > 0.0)
        compute_s = np.where(works, self.cycles / np.where(works, cpu, LONG(1.0)), LONG(0.0))
        energy = np.where(works, self.work / np.where(works, compute_s, LONG(1.0)) ** 2, LONG(0.0)) + power * airtime
        sent = airtime * rate_nats(np.where(sends, band, LONG(1.0)), self.snr * power)
        deadline = np.where(sends.any(axis=-1), np.asarray(result.deadline_s, LONG), LONG(1.0))[..., None]

        def worst(relative: np.ndarray) -> np.ndarray:
            return np.where(sends, relative, LONG(-1.0)).max(axis=-1)

        return {
            "bands add up": band.sum(axis=-1) / self.band - 1.0,
            "delivery": worst(1.0 - sent / self.nats),
            "power": worst(power / self.power - 1.0),
            "budget": worst(energy / self.budget - 1.0),
            "speed": worst(cpu / self.cpu - 1.0),
            "in time": worst((compute_s + airtime) / deadline - 1.0),
            "energy": np.abs(
                np.where(sends, energy, 0.0).sum(axis=-1) / np.where(result.energy_j > 0.0, result.energy_j, 1.0) - 1.0
            )
            * sends.any(axis=-1),
        }


def excess(q: np.ndarray) -> np.ndarray:
    """(e^q - 1)/q - 1."""
    small = q < 1e-4
    held = np.where(small, LONG(1.0), q)
    return np.where(small, q / 2 * (1 + q / 3 * (1 + q / 4)), np.expm1(held) / held - 1)


def efficiency(wanted: np.ndarray) -> np.ndarray:
    """q with `excess(q)` as wanted, 0 where that is not positive."""
    positive = wanted > 0.0
    held = np.clip(np.where(positive, wanted, LONG(1.0)), LONG(1e-40), LONG(1e4900))
    log_q = bisect(
        lambda v: excess(np.exp(v)) - held, low=np.full(held.shape, LONG(-95.0)), high=np.log(LONG(DENSEST)), steps=60
    )
    return np.where(positive, np.exp(log_q), LONG(0.0))


def efficiency_at_price(price: np.ndarray) -> np.ndarray:
    """q with 1 + (q - 1)e^q equal to the price."""

    def rises(log_q: np.ndarray) -> np.ndarray:
        q = np.exp(log_q)
        small = q < 1e-4
        held = np.where(small, LONG(1.0), q)
        return np.where(small, q * q * (0.5 + q / 3 + q * q / 8), 1 + (held - 1) * np.exp(held)) - price

    return np.exp(bisect(rises, low=np.full(price.shape, LONG(-95.0)), high=np.log(LONG(DENSEST)), steps=60))


def judge_deadline(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact = Exact(batch)
    needed = exact.needed_hz(np.asarray(result.deadline_s, LONG) * (1.0 - SOONER)).sum(axis=-1)
    could = (needed <= exact.band) & exact.sends.any(axis=-1)
    return exact.violations(result) | {"could be sooner": could.astype(float)}


def judge_energy(batch: Arrays, result: Any) -> dict[str, FloatArray]:
    exact = Exact(batch)
    bound = exact.least_energy_j(np.asarray(result.deadline_s, LONG), result.prices.per_hz)
    energy = np.where(result.energy_j > 0.0, result.energy_j, 1.0)
    return exact.violations(result) | {"could be less": np.where(result.energy_j > 0.0, 1.0 - bound / energy, 0.0)}


def deadline_s(batch: Arrays) -> FloatArray:
    return batch["slack"] * minimize_joint_deadline(joint(batch)).deadline_s


def energy(batch: Arrays) -> Any:
    wanted = deadline_s(batch)
    return minimize_energy(joint(batch), deadline_s=np.where(wanted > 0.0, wanted, 1.0))


def cannot_send(batch: Arrays) -> FloatArray:
    exact = Exact(batch)
    deaf = exact.sends & (batch["power_gain"] == 0.0)
    return (exact.sends & (batch["energy_budget_j"] <= exact.least_j * (1.0 + LONG(1e-15))) | deaf).any(axis=-1).astype(float)


def cannot_in_time(batch: Arrays) -> FloatArray:
    if cannot_send(batch).any():
        return cannot_send(batch)
    exact = Exact(batch)
    return exact.needed_hz(np.asarray(deadline_s(batch), LONG) * (1.0 - LONG(1e-9))).sum(axis=-1) / exact.band - 1.0


def deadline_twin(batch: Arrays, result: Any, index: int) -> float | None:
    return by_cvxpy(result.problem[index].to_cvxpy()) if batch["payload_bits"][index].any() else None


def energy_twin(batch: Arrays, result: Any, index: int) -> float | None:
    if not batch["payload_bits"][index].any():
        return None
    return by_cvxpy(result.problem[index].to_cvxpy(deadline_s=float(result.deadline_s[index])))


CASES = {
    "joint, deadline": Case(
        draw=clients,
        solve=lambda batch: minimize_joint_deadline(joint(batch)),
        judge=judge_deadline,
        impossible=cannot_send,
        value=lambda result: result.deadline_s,
        second=deadline_twin,
        shared=("noise_psd_w_per_hz",),
    ),
    "joint, energy": Case(
        draw=with_slack,
        solve=energy,
        judge=judge_energy,
        impossible=cannot_in_time,
        value=lambda result: result.energy_j,
        second=energy_twin,
        shared=("noise_psd_w_per_hz",),
    ),
}
