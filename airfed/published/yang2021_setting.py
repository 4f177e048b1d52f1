"""Cells as in the paper's simulations, and its rivals."""

from __future__ import annotations

import numpy as np

from channels import db_to_linear, dbm_to_watt, shannon_rate_bps
from channels.arrays import FloatArray
from latency_opt import JointProblem, transmit_energy_j

NUM_USERS = 50
AREA_M = 500.0
BANDWIDTH_HZ = 20e6
SHADOWING_DB = 8.0
NOISE_DBM_PER_HZ = -174.0
MAX_POWER_DBM = 10.0
MAX_CPU_HZ = 2e9
CAPACITANCE = 1e-28
PAYLOAD_BITS = 28.1e3
SAMPLES = 500
CYCLES_PER_SAMPLE = (1e4, 3e4)


def draw_cells(num_cells: int, *, rng: np.random.Generator) -> JointProblem:
    """A batch (num_cells, 50): users uniform in a square around the station, path loss 128.1 + 37.6 log10(d/km), shadowing."""
    shape = (num_cells, NUM_USERS)
    distance_m = np.hypot(*(AREA_M * (rng.random((2, *shape)) - 0.5)))
    loss_db = 128.1 + 37.6 * np.log10(distance_m / 1e3) + SHADOWING_DB * rng.standard_normal(shape)
    return JointProblem(
        cycles=SAMPLES * rng.uniform(*CYCLES_PER_SAMPLE, shape),
        max_cpu_hz=np.array(MAX_CPU_HZ),
        effective_capacitance_w_per_hz3=np.array(CAPACITANCE),
        payload_bits=np.array(PAYLOAD_BITS),
        power_gain=db_to_linear(-loss_db),
        max_power_w=dbm_to_watt(MAX_POWER_DBM),
        energy_budget_j=np.array(np.inf),
        noise_psd_w_per_hz=float(dbm_to_watt(NOISE_DBM_PER_HZ)),
        bandwidth_hz=np.full(num_cells, BANDWIDTH_HZ),
    )


def with_equal_bands(cells: JointProblem) -> JointProblem:
    """Every user with the same part of the band to itself: a batch of problems of one user each, (num_cells · 50, 1)."""
    fields = ("cycles", "max_cpu_hz", "effective_capacitance_w_per_hz3", "payload_bits", "power_gain", "max_power_w")
    alone = {name: getattr(cells, name).reshape(-1, 1) for name in fields}
    share = np.repeat(cells.bandwidth_hz / cells.payload_bits.shape[-1], cells.payload_bits.shape[-1])
    return JointProblem(
        **alone,
        energy_budget_j=np.array(np.inf),
        noise_psd_w_per_hz=cells.noise_psd_w_per_hz,
        bandwidth_hz=share,
    )


def without_choice(cells: JointProblem, *, deadline_s: FloatArray) -> FloatArray:
    """(num_cells,) energy with equal bands and full power, processors as slow as the deadline then allows."""
    rate = shannon_rate_bps(
        (cells.bandwidth_hz / cells.payload_bits.shape[-1])[:, None],
        gain_power_w=cells.max_power_w * cells.power_gain,
        noise_psd_w_per_hz=cells.noise_psd_w_per_hz,
    )
    airtime_s = cells.payload_bits / rate
    cpu_hz = cells.cycles / (deadline_s[:, None] - airtime_s)
    computing = cells.effective_capacitance_w_per_hz3 * cells.cycles * cpu_hz**2
    return np.sum(computing + transmit_energy_j(airtime_s, power_w=cells.max_power_w), axis=-1)
