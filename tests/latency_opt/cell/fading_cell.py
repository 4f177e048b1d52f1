"""A cell of five clients under Rayleigh fading, for tests of what its round takes."""

import numpy as np

from channels import CellChannel, Devices, Rayleigh

NUM_CLIENTS, NOISE_PSD_W_PER_HZ = 5, 2e-20


def fading_cell(num_draws, *, loss_bels, cpu_hz=1e8, capacitance=1e-28, bandwidth_hz=1e6, load=0.0, seed=4):
    """Its channel over so many draws, mean path losses being between the two of `loss_bels`."""
    rng = np.random.default_rng(seed)
    response = Rayleigh().draw((num_draws, NUM_CLIENTS, 1, 1), rng=rng)
    return CellChannel(
        response=response,
        estimated_response=response,
        mean_power_gain=10.0 ** -rng.uniform(*loss_bels, NUM_CLIENTS),
        client_power_w=np.full(NUM_CLIENTS, 0.2),
        station_power_w=40.0,
        bandwidth_hz=bandwidth_hz,
        load=load,
        noise_psd_w_per_hz=NOISE_PSD_W_PER_HZ,
        client_noise_psd_w_per_hz=np.full(NUM_CLIENTS, NOISE_PSD_W_PER_HZ),
        devices=Devices(cpu_hz=np.broadcast_to(cpu_hz, NUM_CLIENTS), effective_capacitance_w_per_hz3=capacitance),
        backhaul_rate_bps=1e7,
        backhaul_delay_s=0.02,
    )
