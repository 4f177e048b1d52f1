"""Where base stations and clients stand, and which station serves whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from channels.arrays import BoolArray, FloatArray, IntArray, checked
from channels.layouts.layout_picture import layout_picture
from channels.summary import shown_by

NO_WRAP_XY_M = np.zeros((1, 2))
Scalar = TypeVar("Scalar", bound=np.generic)


@shown_by(
    "num_cells",
    "num_clients",
    "cell_sizes",
    "distance_2d_m",
    "station_height_m",
    "client_height_m",
    "indoor",
    picture=layout_picture,
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Positions of N stations and K clients, and the cell that serves each client.

    An attribute with one value per station or client also takes a single one for all.

    Attributes:
        station_xy_m: (N, 2) base stations.
        client_xy_m: (K, 2) clients.
        serving_cell: (K,) index of the station that serves each client.
        station_height_m: (N,) heights of the stations' antennas.
        client_height_m: (K,) heights of the clients' antennas.
        indoor: (K,) whether a client is inside a building.
        wrap_xy_m: (W, 2) shifts at which the area repeats itself, (0, 0) among them: a distance is the shortest to any image
            of the station. Other images do not count, neither as servers nor as interferers.
    """

    station_xy_m: FloatArray
    client_xy_m: FloatArray
    serving_cell: IntArray
    station_height_m: FloatArray = field(default_factory=lambda: np.array(25.0))
    client_height_m: FloatArray = field(default_factory=lambda: np.array(1.5))
    indoor: BoolArray = field(default_factory=lambda: np.array(False))
    wrap_xy_m: FloatArray = field(default_factory=lambda: NO_WRAP_XY_M)

    def __post_init__(self) -> None:
        for name in ("station_xy_m", "client_xy_m", "wrap_xy_m"):
            array = checked(name, getattr(self, name))
            if array.ndim != 2 or array.shape[1] != 2 or not len(array):
                raise ValueError(f"{name}: got shape {array.shape}; needed is (number of points >= 1, 2)")
            object.__setattr__(self, name, array)
        serving = np.asarray(self.serving_cell)
        if serving.shape != (self.num_clients,):
            raise ValueError(f"serving_cell: got shape {serving.shape}; needed is ({self.num_clients},)")
        if not np.issubdtype(serving.dtype, np.integer):
            raise ValueError(f"serving_cell: got values of type {serving.dtype}; allowed are integers")
        checked("serving_cell", serving, low=0, high=self.num_cells - 1)
        object.__setattr__(self, "serving_cell", serving)
        for name, shape in (("station_height_m", (self.num_cells,)), ("client_height_m", (self.num_clients,))):
            object.__setattr__(self, name, checked(name, getattr(self, name), low=0.0, shape=shape))
        if np.asarray(self.indoor).dtype != bool:
            raise ValueError(f"indoor: got values of type {np.asarray(self.indoor).dtype}; allowed are true and false")
        checked("indoor", self.indoor, shape=(self.num_clients,))
        object.__setattr__(self, "indoor", np.broadcast_to(self.indoor, (self.num_clients,)))
        if not (self.wrap_xy_m == 0.0).all(axis=1).any():
            raise ValueError("wrap_xy_m: got shifts without (0, 0); needed is the area itself among its images")

    @property
    def num_cells(self) -> int:
        return len(self.station_xy_m)

    @property
    def num_clients(self) -> int:
        return len(self.client_xy_m)

    @property
    def distance_2d_m(self) -> FloatArray:
        """(K,) ground distance of each client to the station that serves it."""
        return self._nearest_image_m(self.client_xy_m - self.station_xy_m[self.serving_cell])

    @property
    def link_distance_2d_m(self) -> FloatArray:
        """(N, K) ground distance of every client to every station."""
        return self._nearest_image_m(self.client_xy_m - self.station_xy_m[:, None])

    @property
    def station_image_xy_m(self) -> FloatArray:
        """(N, K, 2) where each station, or its nearest image, stands as seen by each client."""
        images = self.station_xy_m[:, None] + self.wrap_xy_m  # (N, W, 2)
        offset = self.client_xy_m[:, None] - images[:, None]  # (N, K, W, 2)
        nearest = np.argmin(np.hypot(offset[..., 0], offset[..., 1]), axis=-1)
        return np.take_along_axis(images[:, None], nearest[..., None, None], axis=2)[:, :, 0]

    @property
    def station_xyz_m(self) -> FloatArray:
        """(N, 3) stations in space."""
        return np.column_stack([self.station_xy_m, self.station_height_m])

    @property
    def client_xyz_m(self) -> FloatArray:
        """(K, 3) clients in space."""
        return np.column_stack([self.client_xy_m, self.client_height_m])

    @property
    def cell_sizes(self) -> IntArray:
        """(N,) number of clients that each station serves."""
        return np.bincount(self.serving_cell, minlength=self.num_cells)

    def clients_of(self, cell: int) -> IntArray:
        """Indices of the clients that `cell` serves, ascending."""
        return np.flatnonzero(self.serving_cell == cell)

    def served_by(self, serving_cell: ArrayLike) -> Layout:
        """The same positions with clients served by other stations."""
        return replace(self, serving_cell=np.asarray(serving_cell))

    def serving(self, link: NDArray[Scalar]) -> NDArray[Scalar]:
        """(K,) the value of each client's link to the station that serves it, of a value (N, K) for every link."""
        return np.take_along_axis(link, self.serving_cell[None], axis=0)[0]

    def _nearest_image_m(self, offset_xy_m: FloatArray) -> FloatArray:
        nearest = np.hypot(offset_xy_m[..., 0], offset_xy_m[..., 1])
        for shift in self.wrap_xy_m:
            if shift.any():
                image = offset_xy_m - shift
                np.minimum(nearest, np.hypot(image[..., 0], image[..., 1]), out=nearest)
        return nearest


def layout_of(
    *,
    station_xy_m: ArrayLike,
    client_xy_m: ArrayLike,
    station_height_m: ArrayLike = 25.0,
    client_height_m: ArrayLike = 1.5,
    indoor: ArrayLike = False,
    wrap_xy_m: ArrayLike = NO_WRAP_XY_M,
) -> Layout:
    """The layout of given coordinates, clients being served by the station nearest on the ground.

    Arguments are as the attributes of `Layout`.

    >>> layout_of(station_xy_m=[[0.0, 0.0], [100.0, 0.0]], client_xy_m=[[10.0, 0.0], [70.0, 10.0]]).serving_cell.tolist()
    [0, 1]
    """
    layout = Layout(
        station_xy_m=np.asarray(station_xy_m, dtype=float),
        client_xy_m=np.asarray(client_xy_m, dtype=float),
        serving_cell=np.zeros(len(np.atleast_1d(np.asarray(client_xy_m, dtype=float))), dtype=int),
        station_height_m=np.asarray(station_height_m, dtype=float),
        client_height_m=np.asarray(client_height_m, dtype=float),
        indoor=np.asarray(indoor, dtype=bool),
        wrap_xy_m=np.asarray(wrap_xy_m, dtype=float),
    )
    return layout.served_by(nearest_station(layout.link_distance_2d_m))


def nearest_station(distance_m: ArrayLike) -> IntArray:
    """(K,) the station at the least of the distances (N, K)."""
    return np.argmin(_links("distance_m", distance_m), axis=0)


def strongest_station(power_gain: ArrayLike) -> IntArray:
    """(K,) the station with the largest of the average power gains (N, K), shadowing and walls included.

    >>> strongest_station([[1e-9, 1e-12], [1e-10, 1e-11]]).tolist()
    [0, 1]
    """
    gain = _links("power_gain", power_gain)
    deaf = np.flatnonzero(gain.max(axis=0) == 0.0)
    if len(deaf):
        raise ValueError(f"power_gain: got 0 from every station for client {deaf[0]}; leave out clients that nobody can reach")
    return np.argmax(gain, axis=0)


def _links(name: str, value: ArrayLike) -> FloatArray:
    link = checked(name, value, low=0.0)
    if link.ndim != 2 or not link.size:
        raise ValueError(f"{name}: got shape {link.shape}; needed is (number of stations, number of clients)")
    return link
