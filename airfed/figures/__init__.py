"""Figures: functions that draw histories on axes and return them."""

from airfed.figures.accuracy import draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.round_latency import draw_round_latency

__all__ = ["draw_accuracy_vs_time", "draw_accuracy_vs_uplink", "draw_round_latency"]
