"""Sionna as a source of channels: the extra `sionna`. Nothing here imports it before it is used."""

from channels.sionna_backend.link_level import SionnaCDL, SionnaTDL
from channels.sionna_backend.session import MissingExtra, sionna_session
from channels.sionna_backend.system_level import SionnaDrop, SionnaFading, SionnaSystemLevel

__all__ = [
    "MissingExtra",
    "SionnaCDL",
    "SionnaDrop",
    "SionnaFading",
    "SionnaSystemLevel",
    "SionnaTDL",
    "sionna_session",
]
