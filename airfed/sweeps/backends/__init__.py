"""Where the points of a sweep are computed: on this machine, or by a cluster."""

from airfed.sweeps.backends.backend import Backend, BackendError
from airfed.sweeps.backends.dask_cluster import DaskCluster
from airfed.sweeps.backends.ray_cluster import RayCluster
from airfed.sweeps.backends.this_machine import ThisMachine

__all__ = ["Backend", "BackendError", "DaskCluster", "RayCluster", "ThisMachine"]
