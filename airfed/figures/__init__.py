"""Figures: functions that draw histories and networks on axes and return them."""

from airfed.figures.accuracy import draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.distribution import draw_distribution
from airfed.figures.files import FIGURE_NAMES, figure_files
from airfed.figures.network_map import draw_network_map
from airfed.figures.round_latency import draw_round_latency

__all__ = [
    "FIGURE_NAMES",
    "draw_accuracy_vs_time",
    "draw_accuracy_vs_uplink",
    "draw_distribution",
    "draw_network_map",
    "draw_round_latency",
    "figure_files",
]
