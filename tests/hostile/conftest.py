"""The readers and the watch of `benchmarks/fuzz.py`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
