"""What makes the default scenario's target come sooner: bandwidth, power, cells, clocks, and each way of using them.

    python benchmarks/latency_study.py --layouts 50 --figure docs/images/latency_study.png

A layout is a seed of the scenario; all schemes of a layout see the same network, data, initial model and draws. Each trains
until it reaches the target accuracy. Printed are seconds over the layouts, what each change saves on the same layout, and both
along sweeps of one factor at a time. Network time, not run time: the figures do not depend on the machine.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import ArrayLike
from tqdm import tqdm

import airfed
from airfed.figures.style import COLOURS, LINE_STYLES, plain
from airfed.specs.partition_spec import EqualPartitionSpec
from airfed.specs.scheme_spec import HierarchicalFedAvgSpec, HISTSpec, SchemeSpec
from airfed.specs.uplink_spec import AirCompSpec, OFDMASpec, UplinkSpec
from channels import Network
from fl_models import DivergedTraining, Ideal, Stream, Streams, Training

ROUNDS = 150
"""More than the scenario's, so that hardly a run ends before the target."""

NUM_CLIENTS = 60
FAST_HZ, SLOW_HZ = 400e6, 40e6
RESAMPLES = 10_000
DOTS_PER_INCH = 110
FOREVER = 1e30
"""Stands for infinity where quantiles are interpolated."""

FEDAVG, EQUAL, OPTIMAL = "hFedAvg", "HIST equal", "HIST optimal"
ALGORITHMS = {
    FEDAVG: HierarchicalFedAvgSpec(),
    EQUAL: HISTSpec(partition=EqualPartitionSpec()),
    OPTIMAL: HISTSpec(),
}
EQUAL_BAND, OPTIMAL_BAND, NO_FADES, AIR = "equal band", "optimal band", "no deep fades", "AirComp"
UPLINKS: dict[str, UplinkSpec] = {
    EQUAL_BAND: OFDMASpec(bandwidth="equal"),
    OPTIMAL_BAND: OFDMASpec(bandwidth="optimal"),
    # The air leaves out the tenth of the clients that fade deepest: bits from the others alone tell what the air itself saves.
    NO_FADES: OFDMASpec(participation=0.9),
    AIR: AirCompSpec(),
}


def named(algorithm: str, uplink: str) -> str:
    return f"{algorithm}, {uplink}"


SCHEMES = tuple(
    SchemeSpec(name=named(algorithm, uplink), algorithm=ALGORITHMS[algorithm], uplink=UPLINKS[uplink])
    for algorithm, uplink in itertools.product(ALGORITHMS, UPLINKS)
)
COMPARISONS = {
    "bandwidth, equal to optimal": [(named(a, EQUAL_BAND), named(a, OPTIMAL_BAND)) for a in ALGORITHMS],
    "partition, equal to optimal": [(named(EQUAL, u), named(OPTIMAL, u)) for u in UPLINKS],
    "hFedAvg to HIST, equal sub-models": [(named(FEDAVG, u), named(EQUAL, u)) for u in UPLINKS],
    "hFedAvg to HIST, optimal partition": [(named(FEDAVG, u), named(OPTIMAL, u)) for u in UPLINKS],
    "deep fades left out": [(named(a, OPTIMAL_BAND), named(a, NO_FADES)) for a in ALGORITHMS],
    "bits to AirComp, same clients": [(named(a, NO_FADES), named(a, AIR)) for a in ALGORITHMS],
    "all of it": [(named(FEDAVG, EQUAL_BAND), named(OPTIMAL, u)) for u in (OPTIMAL_BAND, NO_FADES, AIR)],
}
SHOWN = {
    named(FEDAVG, EQUAL_BAND): "Hierarchical FedAvg, equal bandwidth",
    named(FEDAVG, OPTIMAL_BAND): "Hierarchical FedAvg, optimal bandwidth",
    named(EQUAL, OPTIMAL_BAND): "HIST, equal sub-models",
    named(OPTIMAL, OPTIMAL_BAND): "HIST, optimal partition",
    named(OPTIMAL, NO_FADES): "HIST, optimal partition, without deep fades",
    named(OPTIMAL, AIR): "HIST, optimal partition, AirComp",
}
"""What the figure shows, under the names of the default scenario."""

SWEPT_NAMES = (*SHOWN, named(FEDAVG, NO_FADES), named(EQUAL, NO_FADES))
SWEPT = tuple(scheme for scheme in SCHEMES if scheme.name in SWEPT_NAMES)


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One thing about the default scenario, and the values that it takes.

    Attributes:
        label: with the unit.
        values: of a sweep.
        default: the default scenario's value, if it has one.
        network: from a value to the scenario's network.
        own: from the network as drawn and a value to a network of one's own.
    """

    label: str
    values: tuple[float, ...]
    default: float | None
    network: Callable[[float], dict[str, object]] = lambda value: {}
    own: Callable[[Network, float, Streams], Network] = lambda network, value, streams: network


def cells(value: float) -> dict[str, object]:
    """The clients shared out over the cells, and loads as evenly apart as those of the default three."""
    num_cells = round(value)
    load = tuple(np.linspace(0.0, 0.6, num_cells).tolist())
    return {"num_cells": num_cells, "clients_per_cell": NUM_CLIENTS // num_cells, "cell_load": load}


def with_slow_clients(network: Network, share: float, streams: Streams) -> Network:
    """All clients at one clock, but a share of them; who is slow stays so as the share grows."""
    order = streams.rng(Stream.DEVICES).permutation(network.num_clients)
    slow = order < round(share * network.num_clients)
    return replace(network, devices=replace(network.devices, cpu_hz=np.where(slow, SLOW_HZ, FAST_HZ)))


FACTORS = {
    "bandwidth": Factor(
        label="bandwidth of a cell (MHz)",
        values=(2.5, 5.0, 10.0, 20.0, 40.0),
        default=10.0,
        network=lambda value: {"bandwidth_hz": 1e6 * value},
    ),
    "power": Factor(
        label="power of a client (dBm)",
        values=(14.0, 17.0, 20.0, 23.0, 26.0, 29.0),
        default=23.0,
        network=lambda value: {"client_power_dbm": value},
    ),
    "cells": Factor(
        label=f"cells, {NUM_CLIENTS} clients in all",
        values=(2.0, 3.0, 4.0, 6.0, 10.0),
        default=3.0,
        network=cells,
    ),
    "slow clients": Factor(
        label=f"share of slow clients ({SLOW_HZ / 1e6:g} instead of {FAST_HZ / 1e6:g} MHz)",
        values=(0.0, 0.05, 0.1, 0.25, 0.5),
        default=None,
        own=with_slow_clients,
    ),
}


DEFAULT = "default"
UNCHANGED = Factor(label="", values=(), default=None)


def rounds_to_target(training: Training, target_accuracy: float) -> float:
    """As `History.reaching`, with no round after that; forever if there is none, or if training diverges."""
    try:
        for record in training.rounds(ROUNDS):
            if record.test_accuracy >= target_accuracy:
                return record.round
    except DivergedTraining:
        pass
    return math.inf


def cost(training: Training, rounds: float) -> dict[str, float]:
    """Seconds of so many rounds and their parts, from the clock alone."""
    if math.isinf(rounds):
        return {"seconds": math.inf}
    schedule, costs = training.algorithm.schedule, []
    for index in range(int(rounds)):
        channel = training.network.draw(schedule.edge_rounds, rng=training.streams.rng(Stream.FADING, index))
        plans = [training.aggregator.plan(cell) for cell in channel.cells]
        costs.append(training.clock.round(channel.cells, models=training.cell_models, plans=plans, schedule=schedule))
    parts = {name: sum(getattr(c, name) for c in costs) for name in ("downlink_s", "compute_s", "uplink_s", "backhaul_s")}
    lengths = [c.latency_s for c in costs]
    return {"seconds": sum(lengths), "longest_round_s": max(lengths)} | parts


def run(seed: int, points: list[tuple[str, float]]) -> list[dict[str, object]]:
    """One row a scheme at every point; what is never reached takes forever."""
    streams = Streams(seed=seed)
    # Values sent exactly are learnt from in the same way whatever power, band and clocks: nobody need train twice.
    known: dict[tuple[object, ...], float] = {}
    rows: list[dict[str, object]] = []
    for name, value in points:
        factor = FACTORS.get(name, UNCHANGED)
        schemes = SCHEMES if name == DEFAULT else SWEPT
        scenario = airfed.Scenario(seed=seed, network=factor.network(value), schemes=schemes)
        network = factor.own(scenario.network.build(streams), value, streams)
        for scheme, training in zip(schemes, airfed.Experiment.prepare(scenario, network=network).trainings, strict=True):
            key = (network.num_cells, training.algorithm, training.aggregator)
            rounds = known.get(key)
            if rounds is None:
                rounds = rounds_to_target(training, scenario.target_accuracy)
            if isinstance(training.aggregator, Ideal):
                known[key] = rounds
            about = {"factor": name, "value": value, "seed": seed, "scheme": scheme.name, "rounds": rounds}
            sizes = "-".join(str(model.num_parameters) for model in training.cell_models)
            rows.append(about | cost(training, rounds) | {"cell_parameters": sizes})
    return rows


def quantiles(values: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Quantiles of values that may be infinite, of either sign."""
    found = np.quantile(np.clip(values, -FOREVER, FOREVER), q, axis=-1)
    return np.where(np.abs(found) > FOREVER**0.5, np.copysign(np.inf, found), found)


def pivoted(runs: pd.DataFrame, column: str = "seconds") -> pd.DataFrame:
    """One row a layout, one column a scheme."""
    return runs.pivot(index="seed", columns="scheme", values=column)


def savings(seconds: pd.DataFrame, before: str, after: str) -> np.ndarray:
    """1 - after/before of each layout, without those that never reach the target either way."""
    first, second = seconds[before].to_numpy(), seconds[after].to_numpy()
    known = np.isfinite(first) | np.isfinite(second)
    return 1.0 - second[known] / first[known]


def scheme_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Seconds of every scheme over the layouts, and what they went into."""
    rows = {}
    for scheme in (scheme.name for scheme in SCHEMES):
        own = runs[runs["scheme"] == scheme]
        done = own[np.isfinite(own["seconds"])]
        low, middle, high = quantiles(own["seconds"], [0.25, 0.5, 0.75])
        share = {part: (done[f"{part}_s"] / done["seconds"]).median() for part in ("uplink", "compute", "longest_round")}
        rows[scheme] = {
            "reached": f"{len(done)} of {len(own)}",
            "median s": f"{middle:.1f}",
            "quartiles": f"{low:.1f} to {high:.1f}",
            "mean s": f"{own['seconds'].mean():.1f}",
            "rounds, median": f"{quantiles(own['rounds'], 0.5):.1f}",
            "s a round, median": f"{(done['seconds'] / done['rounds']).median():.2f}",
        } | {f"{part.replace('_', ' ')}, share": f"{value:.0%}" for part, value in share.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def savings_table(seconds: pd.DataFrame) -> pd.DataFrame:
    """What every change saves on the same layout, with a bootstrap over layouts."""
    rng = np.random.default_rng(0)
    rows = []
    for change, pairs in COMPARISONS.items():
        for before, after in pairs:
            saved = savings(seconds, before, after)
            low, middle, high = quantiles(saved, [0.25, 0.5, 0.75])
            medians = quantiles(saved[rng.integers(len(saved), size=(RESAMPLES, len(saved)))], 0.5)
            least, most = quantiles(medians, [0.025, 0.975])
            rows.append(
                {
                    "change": change,
                    "before": before,
                    "after": after,
                    "median saving": f"{middle:.1%}",
                    "95 % interval": f"{least:.1%} to {most:.1%}",
                    "quartiles": f"{low:.1%} to {high:.1%}",
                    "range": f"{saved.min():.1%} to {saved.max():.1%}",
                    "sooner": f"{(saved > 0.0).sum()} of {len(saved)}",
                    "mean time": f"{1.0 - seconds[after].mean() / seconds[before].mean():.1%}",
                }
            )
    return pd.DataFrame(rows)


def sweep_tables(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Along one factor: seconds with quartiles and who did not get there, and median savings with quartiles."""
    seconds, saved = {}, {}
    for value, at_value in runs.groupby("value"):
        table = pivoted(at_value)
        seconds[f"{value:g}"] = {scheme: spread(table[scheme], ".1f") for scheme in SWEPT_NAMES}
        saved[f"{value:g}"] = {
            f"{before} -> {after}": spread(savings(table, before, after), ".0%")
            for before, after in itertools.chain(*COMPARISONS.values())
            if before in SWEPT_NAMES and after in SWEPT_NAMES
        }
    return pd.DataFrame(seconds), pd.DataFrame(saved)


def spread(values: ArrayLike, form: str) -> str:
    low, middle, high = (format(value, form) for value in quantiles(values, [0.25, 0.5, 0.75]))
    never = int(np.isinf(values).sum())
    return f"{middle} ({low} to {high})" + (f" {never} never" if never else "")


def draw_sweep(runs: pd.DataFrame, factor: Factor, ax: Axes) -> None:
    """Median seconds along a factor, with the quartiles as bands."""
    for index, (scheme, label) in enumerate(SHOWN.items()):
        own = runs[runs["scheme"] == scheme].groupby("value")["seconds"]
        low, middle, high = np.array([quantiles(seconds, [0.25, 0.5, 0.75]) for _, seconds in own]).T
        values = list(own.groups)
        ax.plot(values, middle, LINE_STYLES[index], color=COLOURS[index], marker="o", markersize=4, linewidth=1.8, label=label)
        ax.fill_between(values, low, high, color=COLOURS[index], alpha=0.12, linewidth=0.0)
    if factor.default is not None:
        ax.axvline(factor.default, color="#888888", linewidth=1.0, linestyle=":", zorder=0)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if factor.label.startswith("bandwidth"):
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(factor.values, [f"{value:g}" for value in factor.values])
    if factor.label.startswith("share"):
        ax.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    ax.set_xlabel(factor.label)
    plain(ax)


def draw(runs: pd.DataFrame) -> Figure:
    """A panel for each factor."""
    figure = Figure(figsize=(9.0, 7.4), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True)
    for (name, factor), ax in zip(FACTORS.items(), panels.flat, strict=True):
        draw_sweep(runs[runs["factor"] == name], factor, ax)
    for ax in panels[:, 0]:
        ax.set_ylabel("network time to 90 % accuracy (s)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    title = "medians over layouts, quartiles shaded; dotted: the default scenario"
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, title=title)
    return figure


def study(layouts: int, sweep_layouts: int, jobs: int) -> pd.DataFrame:
    """All runs, one row each; the default scenario stands in every sweep that goes through it."""
    swept = [(name, value) for name, factor in FACTORS.items() for value in factor.values if value != factor.default]
    jobs_done = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(run)(seed, [(DEFAULT, math.nan), *(swept if seed < sweep_layouts else [])]) for seed in range(layouts)
    )
    rows = itertools.chain(*tqdm(jobs_done, total=layouts, unit="layout"))
    runs = pd.DataFrame(rows).sort_values(["factor", "value", "seed"], kind="stable")
    default = runs[(runs["factor"] == DEFAULT) & (runs["seed"] < sweep_layouts) & runs["scheme"].isin(SWEPT_NAMES)]
    through = [
        default.assign(factor=name, value=factor.default) for name, factor in FACTORS.items() if factor.default is not None
    ]
    return pd.concat([runs, *through], ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", type=int, default=50, help="layouts of the default scenario")
    parser.add_argument("--sweep-layouts", type=int, default=10, help="of them, those that sweeps are over")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--figure", help="PNG file to draw the sweeps to")
    parser.add_argument("--csv", help="file for all runs, one row each")
    arguments = parser.parse_args()
    if not 1 <= arguments.sweep_layouts <= arguments.layouts:
        parser.error(f"--sweep-layouts: got {arguments.sweep_layouts}; allowed is 1 to --layouts, {arguments.layouts}")

    runs = study(arguments.layouts, arguments.sweep_layouts, arguments.jobs)
    if arguments.csv:
        runs.to_csv(arguments.csv, index=False)
    if arguments.figure:
        draw(runs).savefig(arguments.figure, dpi=DOTS_PER_INCH)
    default = runs[runs["factor"] == DEFAULT]
    with pd.option_context("display.width", 300, "display.max_columns", None, "display.max_colwidth", None):
        print(f"{arguments.layouts} layouts of the default scenario, seconds to 90 % within {ROUNDS} rounds:")
        print(scheme_table(default).to_string())
        print(
            f"\nsaving of time, 1 - after/before on the same layout:\n{savings_table(pivoted(default)).to_string(index=False)}"
        )
        for name, factor in FACTORS.items():
            seconds, saved = sweep_tables(runs[runs["factor"] == name])
            print(f"\n{factor.label}, {arguments.sweep_layouts} layouts, median seconds (quartiles):\n{seconds.to_string()}")
            print(f"median saving (quartiles):\n{saved.to_string()}")


if __name__ == "__main__":
    main()
