"""Figures as files: for the screen, and for a paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airfed.atomic_file import write_atomically
from airfed.figures.accuracy import accuracy_label, draw_accuracy_vs_time, draw_accuracy_vs_uplink
from airfed.figures.round_latency import draw_round_latency
from airfed.figures.style import COLUMN_INCHES, PAGE_INCHES, explain, paper_style
from fl_models import History

NAMES = ("accuracy_vs_time", "accuracy_vs_uplink", "round_latency")
FORMATS = ("png", "pdf", "svg")
FIGURE_NAMES = tuple(f"{name}.{kind}" for name in NAMES for kind in ("pdf", "png"))
"""Files that a run may leave."""
DOTS_PER_INCH = 130
PAPER_DOTS_PER_INCH = 300
# Text stays text: PDF embeds TrueType fonts, which journals ask for, and SVG names them. Names of an SVG's parts are random
# unless salted, and files are dated unless told not to be.
AS_TEXT: Any = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "airfed"}
UNDATED: dict[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def picture(figure: Figure, kind: str, *, dots_per_inch: float = DOTS_PER_INCH) -> bytes:
    """The content of a file of the figure, with text as text in PDF and SVG, and without dates and random names.

    Args:
        figure: to be saved.
        kind: "png", "pdf" or "svg".
        dots_per_inch: of a PNG.

    Raises:
        ValueError: for another kind.
    """
    if kind not in FORMATS:
        raise ValueError(f"kind: got {kind!r}; allowed are {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    with rc_context(AS_TEXT):
        figure.savefig(buffer, format=kind, dpi=dots_per_inch, metadata=UNDATED[kind])
    return buffer.getvalue()


def save_figure(drawn: Axes | Figure, path: str | Path) -> Path:
    """Saves a figure as PDF, SVG or PNG, as the path ends; a file that is there is replaced at once or not at all.

    Args:
        drawn: a figure, or any axes of it.
        path: ending in .pdf, .svg or .png.

    Raises:
        ValueError: if it ends otherwise.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"path: got {str(path)!r}; it has to end in .pdf, .svg or .png")
    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    assert figure is not None  # axes are of a figure
    write_atomically(path, picture(figure, kind, dots_per_inch=PAPER_DOTS_PER_INCH))
    return path


def accuracy_picture(histories: Sequence[History], *, target_accuracy: float) -> str:
    """Accuracy against network time as an image inside HTML."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    draw_accuracy_vs_time(histories, target_accuracy=target_accuracy, ax=figure.subplots())
    content = base64.b64encode(picture(figure, "svg")).decode()
    alternative = escape(f"{accuracy_label(histories)} against network time")
    return f'<img alt="{alternative}" src="data:image/svg+xml;base64,{content}"/>'


def figure_files(histories: Sequence[History], *, target_accuracy: float) -> dict[str, bytes]:
    """Files by name: PNG for the screen, and the same figures as PDF for a column of a paper or, with two parts, its page."""
    files = {}
    for name, draw in _figures(histories, target_accuracy).items():
        screen = draw((8.0, max(4.5, 0.6 * len(histories) + 1.0)))
        files[f"{name}.png"] = picture(screen, "png")
        with paper_style():
            if name == "round_latency":
                paper = draw((PAGE_INCHES, 0.35 * len(histories) + 0.8))
            else:  # a column is too narrow for long names among the curves
                paper = draw((COLUMN_INCHES, 0.13 * len(histories) + 2.3))
                explain(paper.axes[0], loc="lower left", bbox_to_anchor=(0.0, 1.0))
            files[f"{name}.pdf"] = picture(paper, "pdf")
    return files


def _figures(histories: Sequence[History], target_accuracy: float) -> dict[str, Callable[[tuple[float, float]], Figure]]:
    """The figures of a run by name, to be drawn in a size in inches."""

    def accuracy(draw: Callable[..., Axes]) -> Callable[[tuple[float, float]], Figure]:
        def sized(inches: tuple[float, float]) -> Figure:
            figure = Figure(figsize=inches, layout="constrained")
            draw(histories, target_accuracy=target_accuracy, ax=figure.subplots())
            return figure

        return sized

    def latency(inches: tuple[float, float]) -> Figure:
        figure = Figure(figsize=inches, layout="constrained")
        seconds, shares = figure.subplots(1, 2, sharey=True)
        explained = draw_round_latency(histories, ax=seconds).get_legend()
        draw_round_latency(histories, ax=shares, as_share=True)
        if explained is not None:
            explained.remove()  # the other one is for both
        return figure

    drawn = (accuracy(draw_accuracy_vs_time), accuracy(draw_accuracy_vs_uplink), latency)
    return dict(zip(NAMES, drawn, strict=True))
