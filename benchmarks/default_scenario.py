"""The default scenario over many seeds: seconds to the target accuracy, scheme by scheme.

    python benchmarks/default_scenario.py --seeds 20

Network time, not run time: the figures do not depend on the machine.
"""

from __future__ import annotations

import argparse

import pandas as pd
from joblib import Parallel, delayed

import airfed
from airfed.specs.scheme_spec import DEFAULT_SCHEMES, HierarchicalFedAvgSpec, HISTSpec, SchemeSpec
from airfed.specs.uplink_spec import AirCompSpec, OFDMASpec

# What the last row of the default scenario owes to what: the air without HIST, HIST with bits from the same clients.
ATTRIBUTION = (
    SchemeSpec(name="Hierarchical FedAvg, AirComp", algorithm=HierarchicalFedAvgSpec(), uplink=AirCompSpec()),
    SchemeSpec(name="HIST, OFDMA without deep fades", algorithm=HISTSpec(), uplink=OFDMASpec(participation=0.9)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="seeds 0 ... N-1")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    arguments = parser.parse_args()

    results = Parallel(n_jobs=arguments.jobs, verbose=5)(
        delayed(airfed.run)(airfed.Scenario(seed=seed, schemes=DEFAULT_SCHEMES + ATTRIBUTION), progress=False)
        for seed in range(arguments.seeds)
    )
    tables = pd.concat([result.table.assign(seed=seed) for seed, result in enumerate(results)])
    seconds = tables.pivot(index="seed", columns="scheme", values="time_to_target_s")[results[0].table["scheme"]]
    means = tables.groupby("scheme", sort=False).mean(numeric_only=True)
    before = seconds.shift(axis="columns").assign(**{scheme.name: float("nan") for scheme in ATTRIBUTION})
    summary = pd.DataFrame(
        {
            "seeds that reach it": seconds.notna().sum(),
            "final accuracy": means["final_accuracy"].round(3),
            "rounds, mean": means["rounds_to_target"].round(1),
            "seconds, mean": seconds.mean().round(1),
            "seconds, median": seconds.median().round(1),
            "median of time over row above": (seconds / before).median().round(2),
            "seeds sooner than row above": (seconds < before).sum(),
            "median speed-up over first": seconds.rdiv(seconds.iloc[:, 0], axis=0).median().round(1),
            "energy J, median": tables.groupby("scheme", sort=False)["energy_per_client_j"].median().round(4),
            "uplink Mbit, mean": (means["uplink_bits_per_client"] / 1e6).round(1),
        }
    )
    with pd.option_context("display.width", 250, "display.max_columns", None):
        print(f"\nseeds 0 to {arguments.seeds - 1}:\n{summary.to_string()}")
        first = seconds[seconds.index < 3]
        print(f"\nmean seconds over seeds 0, 1, 2:\n{first.mean().round(1).to_string()}")


if __name__ == "__main__":
    main()
