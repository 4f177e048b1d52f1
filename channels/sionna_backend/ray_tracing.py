"""Ray tracing in a city that comes with Sionna."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from channels.arrays import BoolArray, FloatArray, check_count, checked
from channels.large_scale.large_scale import LargeScale
from channels.layouts.layout import Layout, layout_of, strongest_station
from channels.sionna_backend.llvm import require_ray_tracing
from channels.small_scale.discrete_paths import DiscretePaths
from channels.units import linear_to_db

OUTDOORS_BELOW_M = 0.5
ABOVE_ROOFS_M = 1000.0
MAX_ROUNDS = 20


class City(Enum):
    """Scenes that come with Sionna."""

    MUNICH = "munich"
    ETOILE = "etoile"
    FLORENCE = "florence"
    SAN_FRANCISCO = "san_francisco"


MUNICH_ROOFTOPS_XYZ_M = np.array([[-192.5, 62.5, 64.6], [127.5, -202.5, 29.8], [302.5, 317.5, 25.9]])
"""Three places 5 m above roofs of Munich from which much of its centre is seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedPaths:
    """Paths between N stations and K clients, at most P each.

    Attributes:
        amplitude: (N, K, P) amplitude gain of each path; 0 where there is none.
        delay_s: (N, K, P) its delay; 0 where there is none.
        los: (N, K) whether one of them is straight.
    """

    amplitude: FloatArray
    delay_s: FloatArray
    los: BoolArray

    @property
    def power_gain(self) -> FloatArray:
        """(N, K) power gain, summed over paths as if their phases were random; 0 without any path."""
        return np.sum(self.amplitude**2, axis=-1)

    @property
    def large_scale(self) -> LargeScale:
        """The path losses, infinite without any path; there is no shadowing besides."""
        gain = self.power_gain
        return LargeScale(pathloss_db=-linear_to_db(gain), shadowing_db=np.zeros_like(gain), los=self.los)

    def of(self, clients: np.ndarray) -> TracedPaths:
        """The paths of some of the clients."""
        return TracedPaths(amplitude=self.amplitude[:, clients], delay_s=self.delay_s[:, clients], los=self.los[:, clients])

    def fading(self, serving_cell: np.ndarray) -> DiscretePaths:
        """Fading between clients and the stations that serve them, by random phases of the traced paths."""
        client = np.arange(len(serving_cell))
        return DiscretePaths(amplitude=self.amplitude[serving_cell, client], delay_s=self.delay_s[serving_cell, client])


@dataclass(frozen=True, kw_only=True, eq=False)
class RayTracedDrop:
    """Stations and clients placed in a city: what a `Network` takes.

    Attributes:
        layout: clients are served by the station with the largest gain.
        large_scale: path losses, by ray tracing.
        fading: of the traced paths, by random phases.
        coverage: share of the places tried that any station reaches.
    """

    layout: Layout
    large_scale: LargeScale
    fading: DiscretePaths
    coverage: float


@dataclass(frozen=True, kw_only=True, eq=False)
class RayTracedCity:
    """A city in which rays are traced between isotropic, vertically polarised antennas, one at each end.

    Attributes:
        city: which scene.
        carrier_hz: carrier frequency.
        max_depth: most reflections and diffractions of a path.
        num_samples: rays shot from each station; few miss paths.
        diffraction: whether rays bend around edges, which reaches more places and takes longer.

    Raises:
        MissingExtra: without Sionna or the library libLLVM, saying what to install.

    Source: Hoydis et al. 2023, "Sionna RT: differentiable ray tracing for radio propagation modeling".
    """

    city: City = City.MUNICH
    carrier_hz: float = 3.5e9
    max_depth: int = 5
    num_samples: int = 100_000
    diffraction: bool = True

    def __post_init__(self) -> None:
        require_ray_tracing()
        checked("carrier_hz", self.carrier_hz, low=0.5e9, high=100e9)
        checked("max_depth", self.max_depth, low=0)
        checked("num_samples", self.num_samples, low=1, high=10_000_000)

    def height_m(self, x_m: ArrayLike, y_m: ArrayLike) -> FloatArray:
        """(...) height of what stands at places on the plane: of a roof, or 0 on open ground; nan beyond the scene."""
        scene = self._scene  # before mitsuba, whose variant it chooses
        import mitsuba

        x, y = np.broadcast_arrays(np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float))
        start = mitsuba.Point3f(
            mitsuba.Float(x.ravel()), mitsuba.Float(y.ravel()), mitsuba.Float(np.full(x.size, ABOVE_ROOFS_M))
        )
        down = mitsuba.Ray3f(o=start, d=mitsuba.Vector3f(0.0, 0.0, -1.0))
        way = np.array(scene.mi_scene.ray_intersect(down).t, dtype=float).reshape(x.shape)
        return np.where(np.isfinite(way), ABOVE_ROOFS_M - way, np.nan)

    def is_outdoors(self, xy_m: ArrayLike) -> BoolArray:
        """(...) whether places (..., 2) are on open ground."""
        xy = np.asarray(xy_m, dtype=float)
        return self.height_m(xy[..., 0], xy[..., 1]) < OUTDOORS_BELOW_M

    def trace(self, station_xyz_m: ArrayLike, client_xyz_m: ArrayLike, *, rng: np.random.Generator) -> TracedPaths:
        """Paths between stations (N, 3) and clients (K, 3).

        From the same seed come the same paths; their strengths agree to some 1e-6, since rays are summed in any order.
        """
        from sionna import rt

        scene = self._scene
        for name in (*scene.transmitters, *scene.receivers):
            scene.remove(name)
        stations, clients = checked("station_xyz_m", station_xyz_m), checked("client_xyz_m", client_xyz_m)
        for index, position in enumerate(stations):
            scene.add(rt.Transmitter(f"station {index}", position=position.tolist()))
        for index, position in enumerate(clients):
            scene.add(rt.Receiver(f"client {index}", position=position.tolist()))
        paths = rt.PathSolver()(
            scene,
            max_depth=self.max_depth,
            samples_per_src=self.num_samples,
            diffraction=self.diffraction,
            seed=int(rng.integers(2**31)),
        )
        real, imaginary = (np.array(part, dtype=float)[:, 0, :, 0] for part in paths.a)  # (K, N, P): one antenna at each end
        amplitude = np.hypot(real, imaginary)
        delay = np.where(amplitude > 0.0, np.array(paths.tau, dtype=float), 0.0)
        straight = (amplitude > 0.0) & (np.array(paths.interactions) == 0).all(axis=0)  # 0 for no interaction
        return TracedPaths(
            amplitude=amplitude.swapaxes(0, 1), delay_s=delay.swapaxes(0, 1), los=straight.any(axis=-1).swapaxes(0, 1)
        )

    def drop(
        self,
        num_clients: int,
        *,
        station_xyz_m: ArrayLike = MUNICH_ROOFTOPS_XYZ_M,
        width_m: float = 800.0,
        client_height_m: float = 1.5,
        rng: np.random.Generator,
    ) -> RayTracedDrop:
        """Clients on open ground, uniform over those places of a square around the origin that a station reaches.

        Args:
            num_clients: K.
            station_xyz_m: (N, 3) stations.
            width_m: side of the square.
            client_height_m: height of the clients.
            rng: source of the places and of the rays.

        Raises:
            ValueError: if next to no place is reached.
        """
        check_count("num_clients", num_clients)
        stations = checked("station_xyz_m", station_xyz_m)
        found: list[tuple[FloatArray, TracedPaths]] = []
        tried = reached = 0
        for _ in range(MAX_ROUNDS):
            xy = self._outdoor_places(num_clients, width_m, rng)
            clients = np.column_stack([xy, np.full(len(xy), client_height_m)])
            traced = self.trace(stations, clients, rng=rng)
            heard = traced.power_gain.max(axis=0) > 0.0
            found.append((xy[heard], traced.of(heard)))
            tried, reached = tried + len(xy), reached + int(heard.sum())
            if reached >= num_clients:
                break
        else:
            raise ValueError(
                f"station_xyz_m: got stations that reach {reached} of {tried} places tried; allowed are stations that see more"
            )
        xy = np.concatenate([part for part, _ in found])[:num_clients]
        paths = _joined([part for _, part in found], num_clients)
        layout = layout_of(
            station_xy_m=stations[:, :2],
            client_xy_m=xy,
            station_height_m=stations[:, 2],
            client_height_m=client_height_m,
        ).served_by(strongest_station(paths.power_gain))
        return RayTracedDrop(
            layout=layout,
            large_scale=paths.large_scale,
            fading=paths.fading(layout.serving_cell),
            coverage=reached / tried,
        )

    @cached_property
    def _scene(self) -> Any:
        from sionna import rt

        scene = rt.load_scene(getattr(rt.scene, self.city.value))
        scene.frequency = self.carrier_hz
        isotropic = rt.PlanarArray(
            num_rows=1, num_cols=1, vertical_spacing=0.5, horizontal_spacing=0.5, pattern="iso", polarization="V"
        )
        scene.tx_array = scene.rx_array = isotropic
        return scene

    def _outdoor_places(self, number: int, width_m: float, rng: np.random.Generator) -> FloatArray:
        """(number, 2) places on open ground, uniform over the square."""
        checked("width_m", width_m, low=0.0, open_low=True)
        places = np.empty((0, 2))
        for _ in range(MAX_ROUNDS):
            drawn = width_m * (rng.random((4 * number, 2)) - 0.5)
            places = np.concatenate([places, drawn[self.is_outdoors(drawn)]])
            if len(places) >= number:
                return places[:number]
        raise ValueError(f"width_m: got {width_m:g}; next to nothing there is open ground")


def _joined(parts: list[TracedPaths], num_clients: int) -> TracedPaths:
    """Traces of several groups of clients as one, of the first `num_clients` clients."""
    most = max(part.amplitude.shape[-1] for part in parts)

    def together(arrays: list[FloatArray]) -> FloatArray:
        padded = [np.pad(array, ((0, 0), (0, 0), (0, most - array.shape[-1]))) for array in arrays]
        return np.concatenate(padded, axis=1)[:, :num_clients]

    return TracedPaths(
        amplitude=together([part.amplitude for part in parts]),
        delay_s=together([part.delay_s for part in parts]),
        los=np.concatenate([part.los for part in parts], axis=1)[:, :num_clients],
    )
