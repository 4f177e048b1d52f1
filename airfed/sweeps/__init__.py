"""Sweeps: a scenario for many values of its keys and many seeds, on one machine or many."""

from airfed.folder_lock import FolderInUse
from airfed.sweeps.backends import Backend, BackendError, DaskCluster, RayCluster, ThisMachine
from airfed.sweeps.grid import Grid
from airfed.sweeps.run_sweep import run_sweep, sweep
from airfed.sweeps.sweep_folder import OtherSweep, SweepFolder
from airfed.sweeps.sweep_result import SweepResult
from airfed.sweeps.swept_key import SweptKey

__all__ = [
    "Backend",
    "BackendError",
    "DaskCluster",
    "FolderInUse",
    "Grid",
    "OtherSweep",
    "RayCluster",
    "SweepFolder",
    "SweepResult",
    "SweptKey",
    "ThisMachine",
    "run_sweep",
    "sweep",
]
