"""Sionna as a source of channels: the extra `sionna`. Nothing here imports it before it is used."""

from channels.sionna_backend.link_level import SionnaCDL, SionnaTDL
from channels.sionna_backend.llvm import require_ray_tracing
from channels.sionna_backend.ray_tracing import MUNICH_ROOFTOPS_XYZ_M, City, RayTracedCity, RayTracedDrop, TracedPaths
from channels.sionna_backend.session import MissingExtra, sionna_session
from channels.sionna_backend.system_level import SionnaDrop, SionnaFading, SionnaSystemLevel, Surroundings

__all__ = [
    "MUNICH_ROOFTOPS_XYZ_M",
    "City",
    "MissingExtra",
    "RayTracedCity",
    "RayTracedDrop",
    "SionnaCDL",
    "SionnaDrop",
    "SionnaFading",
    "SionnaSystemLevel",
    "SionnaTDL",
    "Surroundings",
    "TracedPaths",
    "require_ray_tracing",
    "sionna_session",
]
