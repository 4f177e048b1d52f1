"""Layouts from files of coordinates."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from channels.layouts.layout import Layout, layout_of
from channels.regular_file import open_regular
from channels.shortened import shortened

COLUMNS = ("kind", "x_m", "y_m", "height_m", "indoor", "cell")
FARTHEST_M = 1e8
MAX_FILE_BYTES = 20_000_000
MAX_NODES = 200_000
MAX_LINKS = 100_000_000
"""Stations times clients: arrays over links are of 0.8 GB."""
INDOOR = {"": False, "0": False, "false": False, "1": True, "true": True}
DEFAULT_HEIGHT_M = {"station": 25.0, "client": 1.5}


@dataclass(frozen=True, kw_only=True)
class _Node:
    kind: str
    x_m: float
    y_m: float
    height_m: float
    indoor: bool
    cell: int | None


def layout_from_csv(path: str | Path) -> Layout:
    """The layout in a CSV file with a header line and a line for each station and client.

    Columns are kind (station or client), x_m, y_m, and optionally height_m (else 25 for stations, as the urban macro has them,
    and 1.5 for clients), indoor (0 or 1, else 0) and cell, for clients: the number of the station that serves it, counted from
    0 in the order of the file. Where no client has a cell, each is served by the nearest station.

    Raises:
        OSError: the file cannot be read, is no regular file, or is larger than 20 MB.
        ValueError: naming the file, the line and what is wrong with it.
    """
    path = Path(path)
    try:
        with io.TextIOWrapper(open_regular(path, max_bytes=MAX_FILE_BYTES), newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = tuple(reader.fieldnames or ())
            if not set(COLUMNS[:3]) <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
                raise ValueError(
                    f"{path}: got columns {shortened(', '.join(map(_written, header))) or 'none'}; needed are kind, x_m, y_m "
                    f"and any of {', '.join(COLUMNS[3:])}, each once"
                )
            nodes = [_node(row, f"{path}, line {reader.line_num}") for row in islice(reader, MAX_NODES + 1)]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except csv.Error as error:
        raise ValueError(f"{path}: not a CSV file: {error}") from None
    if len(nodes) > MAX_NODES:
        raise ValueError(f"{path}: has more than {MAX_NODES} stations and clients, the most that are allowed")
    stations = [node for node in nodes if node.kind == "station"]
    clients = [node for node in nodes if node.kind == "client"]
    for kind, some in (("station", stations), ("client", clients)):
        if not some:
            raise ValueError(f"{path}: got no {kind}; needed is at least one")
    if len(stations) * len(clients) > MAX_LINKS:
        raise ValueError(
            f"{path}: got {len(stations)} stations and {len(clients)} clients; allowed are {MAX_LINKS:.0e} links between them"
        )
    layout = layout_of(
        station_xy_m=[(node.x_m, node.y_m) for node in stations],
        client_xy_m=[(node.x_m, node.y_m) for node in clients],
        station_height_m=[node.height_m for node in stations],
        client_height_m=[node.height_m for node in clients],
        indoor=[node.indoor for node in clients],
    )
    cells = [node.cell for node in clients if node.cell is not None]
    if cells and max(cells) >= len(stations):
        raise ValueError(f"{path}: cell: got {max(cells)}; allowed is 0 to {len(stations) - 1}, the stations of the file")
    if not cells:
        return layout
    if len(cells) < len(clients):
        raise ValueError(f"{path}: got a cell for {len(cells)} of {len(clients)} clients; needed is one for all or for none")
    return layout.served_by(np.array(cells))


def _node(row: dict[str, str | None], where: str) -> _Node:
    """A checked line; what is left out of it has its default."""
    if None in row.values() or None in row:
        raise ValueError(f"{where}: got another number of values than the header has columns")
    text = {name: (value or "").strip() for name, value in row.items()}
    if text["kind"] not in DEFAULT_HEIGHT_M:
        raise ValueError(f"{where}: kind: got {shortened(text['kind'])!r}; allowed is station or client")
    indoor = text.get("indoor", "").lower()
    if indoor not in INDOOR:
        raise ValueError(f"{where}: indoor: got {shortened(text['indoor'])!r}; allowed is 0 or 1, false or true")
    height = text.get("height_m") or str(DEFAULT_HEIGHT_M[text["kind"]])
    if INDOOR[indoor] and text["kind"] == "station":
        raise ValueError(f"{where}: indoor: got {text['indoor']} for a station; allowed is 0: stations are outdoors")
    cell = text.get("cell", "").removesuffix(".0")  # as tables with gaps write whole numbers
    if cell and not (cell.isdecimal() and len(cell) < 10 and text["kind"] == "client"):
        raise ValueError(
            f"{where}: cell: got {shortened(cell)!r}; allowed is the number of a station, counted from 0, for clients"
        )
    return _Node(
        kind=text["kind"],
        x_m=_number("x_m", text["x_m"], where, low=-FARTHEST_M),
        y_m=_number("y_m", text["y_m"], where, low=-FARTHEST_M),
        height_m=_number("height_m", height, where, low=0.0),
        indoor=INDOOR[indoor],
        cell=int(cell) if cell else None,
    )


def _number(name: str, text: str, where: str, *, low: float) -> float:
    try:
        value = np.nan if "_" in text else float(text)
    except ValueError:
        value = np.nan
    if not low <= value <= FARTHEST_M:
        raise ValueError(f"{where}: {name}: got {shortened(text)!r}; allowed is a number, {low:g} to {FARTHEST_M:g}")
    return value


def _written(name: str) -> str:
    """A column's name, in quotes if it has more in it than can be printed."""
    return name if name.isprintable() else repr(name)
