"""The files that scikit-learn keeps of a set of openml.org; there is no network."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import time
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import URLError

from fl_models import openml_dataset
from fuzzing.mutations import with_bytes_changed, with_json_changed
from fuzzing.target import Target

FILES = (
    "api/v1/json/data/list/data_name/mnist_784/limit/2/data_version/1",
    "api/v1/json/data/554",
    "api/v1/json/data/features/554",
    "api/v1/json/data/qualities/554",
    "data/v1/download/52667/mnist_784.arff",
)
NUM_PIXELS = 784
PIXELS = ("0", "255", "256", "-1", "0.5", "nan", "?", "1e999", "a", "", "9" * 400, "'x'", "{1 2}")


@cache
def _seeds() -> tuple[bytes, ...]:
    """A byte for the file, then what it holds before it is compressed; the table last."""
    names = [f"pixel{number}" for number in range(1, NUM_PIXELS + 1)]
    lines = [*(f"@ATTRIBUTE {name} real" for name in names), "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}"]
    rows = [",".join([str(number)] * NUM_PIXELS + [str(number)]) for number in (3, 7)]
    table = "\n".join(["@RELATION mnist_784", *lines, "@DATA", *rows, ""]).encode()
    shared = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features: list[dict[str, Any]] = [
        {"index": str(place), "name": name, "data_type": "numeric", "is_target": "false", **shared}
        for place, name in enumerate(names)
    ]
    features.append({"index": str(NUM_PIXELS), "name": "class", "data_type": "nominal", "is_target": "true", **shared})
    about = {
        "id": "554", "name": "mnist_784", "version": "1", "status": "active", "format": "ARFF", "description": "digits",
        "url": f"https://api.openml.org/{FILES[-1]}", "file_id": "52667", "md5_checksum": hashlib.md5(table).hexdigest(),
    }  # fmt: skip
    documents = (
        {"data": {"dataset": [{"did": 554, "name": "mnist_784", "version": 1, "status": "active"}]}},
        {"data_set_description": about},
        {"data_features": {"feature": features}},
        {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "2.0"}]}},
    )
    contents = (*(json.dumps(document).encode() for document in documents), table)
    return tuple(bytes([place]) + content for place, content in enumerate(contents))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A document with values changed, or a table with pixels changed whose sum is put right when it is read."""
    head, content = data[:1] or b"\x00", data[1:]
    if rng.random() < 0.2:
        return head + with_bytes_changed(content, rng)
    if head[0] % len(FILES) < len(FILES) - 1:
        return head + with_json_changed(content, rng)
    lines = content.decode("utf-8", "replace").splitlines() or [""]
    place = rng.randrange(len(lines)) if rng.random() < 0.3 else len(lines) - 1
    values = lines[place].split(",")
    values[rng.choice((0, -1, rng.randrange(len(values))))] = rng.choice(PIXELS)
    lines[place] = ",".join(values)
    return head + "\n".join(lines).encode()


def read(data: bytes, folder: Path) -> None:
    head, content = (data[0] % len(FILES), data[1:]) if data else (0, b"")
    contents = [content if place == head else seed[1:] for place, seed in enumerate(_seeds())]
    old = hashlib.md5(_seeds()[-1][1:]).hexdigest().encode()
    contents[1] = contents[1].replace(old, hashlib.md5(contents[-1]).hexdigest().encode())
    for name, whole in zip(FILES, contents, strict=True):
        path = folder / "openml" / "openml.org" / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(whole, compresslevel=1, mtime=0))

    def cut(*_: object, **__: object) -> None:
        raise URLError("no network")

    with patch("sklearn.datasets._openml.urlopen", cut), patch.object(time, "sleep"):
        data_set = openml_dataset("mnist_784", cache_folder=folder)
    assert data_set.x.min() >= 0.0
    assert data_set.x.max() <= 1.0


TARGET = Target(
    name="OpenML's cache", seeds=_seeds(), mutated=mutated, read=read, refusals=(ValueError, ConnectionError), num_inputs=100
)
