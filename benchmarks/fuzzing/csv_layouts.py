"""Layouts from CSV files."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

from channels import layout_from_csv
from channels.layouts.csv_layout import COLUMNS
from fuzzing.mutations import with_bytes_changed
from fuzzing.target import Target

SEEDS = (
    b"kind,x_m,y_m,height_m,indoor,cell\nstation,0,0,30,,\nclient,10,0,4.5,1,1\nstation,100,0,,,\nclient,90,5,,,0\n",
    b"kind,x_m,y_m\r\nstation,0,0\r\nstation,100,0\r\nclient,70,0\r\n",
    b'\xef\xbb\xbfkind, x_m, y_m, cell\n"station", -3.5, 1e3,\nclient, 2, 2, 0.0\n',
)
VALUES = (
    "", " ", "0", "-0", "1", "-1", "2", "1e8", "-1e8", "1.1e8", "1e308", "1e999", "nan", "-inf", "infinity", "1_0", "0x10",
    "1.0", "0.0", "true", "FALSE", "station", "client", "Station", "\x00", "\ufeff", "é", "٣", "²", '"', "'", "a,b", "a\nb",
    "9" * 30, "9" * 5000, "é" * 200,
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Values, columns and lines changed; sometimes bytes, or so many lines or columns that there are too many."""
    if rng.random() < 0.25:
        return with_bytes_changed(data, rng)
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), skipinitialspace=True) if row]
    except (ValueError, csv.Error):
        rows = []
    if not rows:
        return rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 2, 4))):
        row = rng.choice(rows)
        place = rng.randrange(len(row) + 1)
        match rng.randrange(8):
            case 0:
                row.insert(place, rng.choice(VALUES))
            case 1:
                del row[place:]
            case 2:
                rows.insert(rng.randrange(len(rows) + 1), list(row))
            case 3 if len(rows) > 1:
                rows.remove(row)
            case 4:
                rows[0][min(place, len(rows[0]) - 1) :] = [rng.choice((*COLUMNS, "", "X_M", "colour"))]
            case 5 if rng.random() < 0.02:
                rows += [list(row) for _ in range(rng.choice((1000, 20_000)))]
            case _:
                row[min(place, len(row) - 1)] = rng.choice(VALUES)
        rows = [row for row in rows if row] or [[""]]
    text = io.StringIO()
    csv.writer(text, lineterminator=rng.choice(("\n", "\r\n", "\r"))).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def read(data: bytes, folder: Path) -> None:
    path = folder / "sites.csv"
    path.write_bytes(data)
    layout = layout_from_csv(path)
    assert layout.num_cells
    assert layout.num_clients
    assert repr(layout)


TARGET = Target(name="CSV layouts", seeds=SEEDS, mutated=mutated, read=read, refusals=(ValueError,), num_inputs=1000)
