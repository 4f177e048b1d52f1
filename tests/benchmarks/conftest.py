"""Benchmarks are scripts beside the packages: their folder is where they are imported from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
