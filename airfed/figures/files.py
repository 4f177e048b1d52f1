"""The figures of a run as picture files."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from airfed.figures.accuracy import draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.round_latency import draw_round_latency
from fl_models import History

ACCURACY_VS_TIME = "accuracy_vs_time.png"
ACCURACY_VS_UPLINK = "accuracy_vs_uplink.png"
ROUND_LATENCY = "round_latency.png"
FIGURE_NAMES = (ACCURACY_VS_TIME, ACCURACY_VS_UPLINK, ROUND_LATENCY)
DOTS_PER_INCH = 130


def figure_files(histories: Sequence[History], *, target_accuracy: float) -> dict[str, bytes]:
    """PNG files by name."""
    bars = (9, max(4.0, 0.6 * len(histories) + 1.0))
    time, uplink, latency = (Figure(figsize=size, layout="constrained") for size in ((8, 4.5), (8, 4.5), bars))
    draw_accuracy_vs_time(histories, target_accuracy=target_accuracy, ax=time.subplots())
    draw_accuracy_vs_uplink(histories, target_accuracy=target_accuracy, ax=uplink.subplots())
    seconds, shares = latency.subplots(1, 2, sharey=True)
    draw_round_latency(histories, ax=seconds)
    draw_round_latency(histories, ax=shares, as_share=True)
    return {name: _png(figure) for name, figure in zip(FIGURE_NAMES, (time, uplink, latency), strict=True)}


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()
