"""All readers of files."""

from __future__ import annotations

from fuzzing import checkpoints, csv_layouts, image_files, openml_cache, scenario_files, sweep_files
from fuzzing.target import Target

TARGETS: tuple[Target, ...] = (
    scenario_files.READ,
    scenario_files.CHECK,
    csv_layouts.TARGET,
    image_files.IDX,
    image_files.CIFAR,
    openml_cache.TARGET,
    sweep_files.OVER,
    sweep_files.FOLDER,
    checkpoints.CHECKPOINT,
    checkpoints.UNFINISHED,
)
