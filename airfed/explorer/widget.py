"""Sliders over a scenario's network, with what they do to a round redrawn as they move."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from pydantic import ValidationError

from airfed.explorer.ground import Ground
from airfed.explorer.outlook import Setting
from airfed.figures import OUTLOOK_INCHES, outlook_figure, picture
from airfed.scenario import Scenario
from airfed.scenario_error import explain
from channels.html_table import html_table
from channels.quantity import quantity
from channels.sionna_backend import MissingExtra

PIXELS_PER_INCH = 100
"""On the screen."""
DOTS_PER_INCH = 150
"""Of the picture: more than pixels, to be sharp on fine screens, and few enough for a move to take a fifth of a second."""
MOST_CELLS = 12
MOST_CLIENTS = 50
SHIFT_DB = 20.0
"""How far power and SNR go up and down from the scenario's."""
BAND_FACTOR = 10.0
"""How far the band does."""


def explore(scenario: Scenario | None = None) -> Explorer:
    """Sliders for a notebook: band, power, SNR, cells and clients, and what they do to a round. Nothing is trained.

    On the left the length of a global round, with equal and with optimal bands, whole and dealt out by HIST's partition, and
    over the air: medians over draws of the fading, with the quartiles; grey rings are the scenario as it is. The partition is
    planned on the median round of each cell, as in a run, and what comes last differs from draw to draw: cells that are alike
    may gain nothing by it. On the right the error of sums over the air. The same network drives both. The numbers are in
    `outlook`, which `Ground.outlook` gives without sliders, too.

    Args:
        scenario: where the sliders start; the default one if not given.

    Raises:
        MissingExtra: if ipywidgets is not installed.
        ScenarioError: if the scenario cannot be met.
    """
    return Explorer(Ground.of(scenario or Scenario()))


class Explorer:
    """Sliders, and the outlook that belongs to where they are.

    Attributes:
        ground: what does not move.
        before: the outlook of the scenario as it is.
        outlook: the outlook where the sliders are or, where there is none, where they last were.
        figure: how it is drawn.
        sliders: by name of what they set.
        widget: everything together, for a notebook or a page of one's own.
    """

    def __init__(self, ground: Ground) -> None:
        try:
            import ipywidgets
        except ImportError:
            raise MissingExtra(
                'ipywidgets is needed and is not installed; in a clone of airfed: pip install -e ".[notebooks]"'
            ) from None
        self.ground = ground
        self.before = self.outlook = ground.outlook(ground.setting)
        self.sliders = _sliders(ipywidgets, ground.setting)
        self._problem = ipywidgets.HTML(layout={"display": "none"})
        width = {"width": f"{PIXELS_PER_INCH * OUTLOOK_INCHES[0]:.0f}px", "max_width": "100%", "margin": "0"}
        self._picture = ipywidgets.Image(format="png", layout=width)
        self._table = ipywidgets.HTML()
        self._found = ipywidgets.VBox([self._picture, self._table])
        sliders = ipywidgets.Box([*self.sliders.values()], layout={"flex_flow": "row wrap"})
        self.widget = ipywidgets.VBox([sliders, self._problem, self._found])
        for slider in self.sliders.values():
            slider.observe(self._moved, names="value")
        self._redraw()

    @property
    def setting(self) -> Setting:
        """What the sliders say."""
        values = {name: slider.value for name, slider in self.sliders.items()}
        return Setting(bandwidth_hz=1e6 * values.pop("bandwidth_mhz"), **values)

    def _moved(self, change: object) -> None:
        try:
            self.outlook = self.ground.outlook(self.setting)
        except ValidationError as error:
            self._show(problem=explain(error, type(self.ground.scenario.network)))
        except ValueError as error:
            self._show(problem=str(error))
        else:
            self._redraw()
            self._show(problem="")

    def _show(self, *, problem: str) -> None:
        """The picture or, in its place, why there is none where the sliders are."""
        self._problem.value = escape(problem)
        self._problem.layout.display = "flex" if problem else "none"
        self._found.layout.visibility = "hidden" if problem else "visible"

    def _redraw(self) -> None:
        self.figure = outlook_figure(self.outlook, before=self.before)
        self._picture.value = picture(self.figure, "png", dots_per_inch=DOTS_PER_INCH)
        fraction = self.outlook.fraction
        rows = [("grey rings", "the scenario as it is"), ("mean SNR of the clients", quantity(self.outlook.snr_db, "dB"))]
        rows += [] if fraction is None else [("shares of the model by cell", quantity(np.round(100.0 * fraction, 1), "%"))]
        self._table.value = html_table(rows)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)


def _sliders(ipywidgets: Any, own: Setting) -> dict[str, Any]:
    style = {"style": {"description_width": "12em"}, "layout": {"width": "36em"}}
    band, power = np.log10(1e-6 * own.bandwidth_hz), own.client_power_dbm
    sliders = {
        "bandwidth_mhz": ipywidgets.FloatLogSlider(
            value=1e-6 * own.bandwidth_hz,
            min=band - np.log10(BAND_FACTOR),
            max=band + np.log10(BAND_FACTOR),
            step=0.05,
            readout_format=".3g",
            description="band of a cell (MHz)",
            **style,
        ),
        "client_power_dbm": ipywidgets.FloatSlider(
            value=power,
            min=power - SHIFT_DB,
            max=power + SHIFT_DB,
            step=1.0,
            readout_format=".1f",
            description="power of clients (dBm)",
            **style,
        ),
        "snr_shift_db": ipywidgets.FloatSlider(
            value=0.0, min=-SHIFT_DB, max=SHIFT_DB, step=1.0, readout_format="+.0f", description="SNR better by (dB)", **style
        ),
    }
    for name, most, text in (("num_cells", MOST_CELLS, "cells"), ("clients_per_cell", MOST_CLIENTS, "clients in a cell")):
        count = getattr(own, name)
        if count is not None:
            sliders[name] = ipywidgets.IntSlider(value=count, min=1, max=max(most, count), description=text, **style)
    return sliders
