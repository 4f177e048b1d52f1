"""Figures: functions that draw histories, networks and optima on axes and return them."""

from airfed.confidence import mean_and_half_width
from airfed.figures.accuracy import draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.confidence import draw_mean_and_band
from airfed.figures.distribution import draw_distribution
from airfed.figures.files import FIGURE_NAMES, accuracy_picture, figure_files, picture, save_figure
from airfed.figures.network_map import draw_network_map
from airfed.figures.outlook import OUTLOOK_INCHES, draw_error_outlook, draw_round_outlook, outlook_figure
from airfed.figures.partition import draw_partition
from airfed.figures.prices import draw_prices
from airfed.figures.published import draw_curves, draw_panels, published_files
from airfed.figures.quartiles import draw_error_vs_snr, draw_median_and_quartiles, quartiles
from airfed.figures.round_latency import draw_latency_parts, draw_round_latency
from airfed.figures.split import draw_split
from airfed.figures.style import COLUMN_INCHES, PAGE_INCHES, paper_style
from airfed.figures.sweep import draw_sweep, reached_by_nobody, sweep_files
from airfed.figures.trade_off import draw_trade_off
from airfed.figures.training_latency import draw_training_latency

__all__ = [
    "COLUMN_INCHES",
    "FIGURE_NAMES",
    "OUTLOOK_INCHES",
    "PAGE_INCHES",
    "accuracy_picture",
    "draw_accuracy_vs_time",
    "draw_accuracy_vs_uplink",
    "draw_curves",
    "draw_distribution",
    "draw_error_outlook",
    "draw_error_vs_snr",
    "draw_latency_parts",
    "draw_mean_and_band",
    "draw_median_and_quartiles",
    "draw_network_map",
    "draw_panels",
    "draw_partition",
    "draw_prices",
    "draw_round_latency",
    "draw_round_outlook",
    "draw_split",
    "draw_sweep",
    "draw_trade_off",
    "draw_training_latency",
    "figure_files",
    "mean_and_half_width",
    "outlook_figure",
    "paper_style",
    "picture",
    "published_files",
    "quartiles",
    "reached_by_nobody",
    "save_figure",
    "sweep_files",
]
