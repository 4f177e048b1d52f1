"""Figures: functions that draw histories, networks and optima on axes and return them."""

from airfed.figures.accuracy import draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.confidence import draw_mean_and_band, mean_and_half_width
from airfed.figures.distribution import draw_distribution
from airfed.figures.files import FIGURE_NAMES, figure_files
from airfed.figures.network_map import draw_network_map
from airfed.figures.partition import draw_partition
from airfed.figures.prices import draw_prices
from airfed.figures.round_latency import draw_latency_parts, draw_round_latency
from airfed.figures.split import draw_split
from airfed.figures.trade_off import draw_trade_off
from airfed.figures.training_latency import draw_training_latency

__all__ = [
    "FIGURE_NAMES",
    "draw_accuracy_vs_time",
    "draw_accuracy_vs_uplink",
    "draw_distribution",
    "draw_latency_parts",
    "draw_mean_and_band",
    "draw_network_map",
    "draw_partition",
    "draw_prices",
    "draw_round_latency",
    "draw_split",
    "draw_trade_off",
    "draw_training_latency",
    "figure_files",
    "mean_and_half_width",
]
