"""Drops and fading draws: this package's urban micro against Sionna's, on the same machine in one run.

    pip install -e ".[sionna]"     # after a build of torch for CPUs; without it our side alone is timed
    python benchmarks/channel_draws.py

It takes some minutes, nearly all of them in Sionna's 100 draws.

A drop of K clients of one station is path loss, line of sight, shadowing and one fading draw a client; Sionna's has delay and
angle spreads, clusters and rays besides, ours draws Rayleigh fading or the taps of TDL-A. Ratios are medians over runs in turn.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from channels import Layout, Rayleigh, TappedDelayLine, TDLProfile, UrbanMicro, disc_layout, subcarrier_frequencies_hz

CARRIER_HZ = 3.5e9
FREQUENCY_HZ = subcarrier_frequencies_hz(64, bandwidth_hz=10e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()

    layout = one_cell(arguments.clients)
    rng = np.random.default_rng(0)
    taps = TappedDelayLine.tr38901(TDLProfile.A, delay_spread_s=100e-9)
    ours = {
        "a drop, one draw": lambda: our_drop(layout, rng),
        "100 draws at a fixed drop": lambda: Rayleigh().draw((100, layout.num_clients), rng=rng),
    }
    if find_spec("sionna") is None:
        print("Sionna is not installed: no comparison")
    else:
        sionna = SionnaUrbanMicro(layout)
        theirs = {"a drop, one draw": sionna.drop, "100 draws at a fixed drop": lambda: sionna.draws(100)}
        print(f"{layout.num_clients} clients, one antenna, at the carrier:")
        for name in ours:
            our_s, their_s = in_turn(ours[name], theirs[name], arguments.repeats)
            print(f"  {name}: ours {1e3 * our_s:.2f} ms, Sionna {1e3 * their_s:.0f} ms: {their_s / our_s:.0f} times as long")
        our_s, their_s = in_turn(
            lambda: taps.frequency_response((layout.num_clients,), frequency_hz=FREQUENCY_HZ, rng=rng),
            lambda: sionna.taps(layout.num_clients),
            arguments.repeats,
        )
        print(
            f"  TDL-A on {len(FREQUENCY_HZ)} subcarriers: ours {1e3 * our_s:.1f} ms, Sionna {1e3 * their_s:.1f} ms: "
            f"{their_s / our_s:.1f} times as long"
        )

    print("a drop and one draw, ours, as clients grow (one station):")
    for num_clients in (100, 1_000, 10_000, 100_000):
        some = one_cell(num_clients)
        seconds = min(timed(lambda some=some: our_drop(some, rng)) for _ in range(5))
        tracemalloc.start()
        our_drop(some, rng)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"  {num_clients:7d} clients: {1e6 * seconds / num_clients:.2f} us and {peak / num_clients:.0f} bytes a client")


def one_cell(num_clients: int) -> Layout:
    layout = disc_layout(num_clients=num_clients, radius_m=400.0, min_distance_m=10.0, rng=np.random.default_rng(0))
    return replace(layout, station_height_m=np.array(10.0))


def our_drop(layout: Layout, rng: np.random.Generator) -> None:
    UrbanMicro().draw(layout, carrier_hz=CARRIER_HZ, rng=rng)
    Rayleigh().draw((1, layout.num_clients), rng=rng)


class SionnaUrbanMicro:
    """Sionna as its users write it: single precision, torch's own threads, the batch axis for what a batch is."""

    def __init__(self, layout: Layout) -> None:
        import torch
        from sionna.phy.channel import tr38901

        row = {
            "num_rows_per_panel": 1,
            "num_cols_per_panel": 1,
            "polarization": "single",
            "polarization_type": "V",
            "antenna_pattern": "omni",
            "carrier_frequency": CARRIER_HZ,
        }
        self.model = tr38901.UMi(CARRIER_HZ, "low", tr38901.PanelArray(**row), tr38901.PanelArray(**row), "uplink")
        self.line = tr38901.TDL("A", 100e-9, CARRIER_HZ)
        num_clients = layout.num_clients
        self.topology = {
            "ut_loc": torch.tensor(layout.client_xyz_m[None], dtype=torch.float32),
            "bs_loc": torch.tensor(layout.station_xyz_m[None], dtype=torch.float32),
            "ut_orientations": torch.zeros(1, num_clients, 3),
            "bs_orientations": torch.zeros(1, 1, 3),
            "ut_velocities": torch.zeros(1, num_clients, 3),
            "in_state": torch.zeros(1, num_clients, dtype=torch.bool),
        }

    def drop(self) -> None:
        self.model.set_topology(**self.topology, los="random")
        self.draws(1)

    def draws(self, number: int) -> None:
        for _ in range(number):
            amplitude, _ = self.model(1, 1.0)
            amplitude.sum(dim=-2)  # over paths: the response at the carrier up to known phases

    def taps(self, number: int) -> None:
        import torch
        from sionna.phy.channel import cir_to_ofdm_channel

        cir_to_ofdm_channel(torch.tensor(FREQUENCY_HZ, dtype=torch.float32), *self.line(number, 1, 1.0))


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of both, run in turn after a warm-up."""
    ours()
    theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(repeats)]
    our_s, their_s = np.median(pairs, axis=0)
    return float(our_s), float(their_s)


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
