"""Sionna's system-level models of TR 38.901: large and small scale of a whole network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from channels.arrays import BoolArray, ComplexArray, FloatArray, check_count, checked
from channels.large_scale.large_scale import LargeScale
from channels.large_scale.rma import RuralMacro
from channels.large_scale.uma import UrbanMacro
from channels.large_scale.umi import UrbanMicro
from channels.layouts.layout import Layout
from channels.sionna_backend.link_level import AT_CARRIER, antenna_row, batches, ofdm_response
from channels.sionna_backend.session import require_sionna, sionna_session
from channels.units import linear_to_db

SPEC_VERSION = "19.2"
QUANTILE_DRAWS = 4_000
PARAMETERS = ("ds", "asd", "asa", "sf", "k_factor", "zsa", "zsd")
Surroundings = UrbanMicro | UrbanMacro | RuralMacro
"""Propagation models whose clusters and rays Sionna can draw."""


@dataclass(frozen=True, kw_only=True)
class SionnaSystemLevel:
    """A 3GPP outdoor network as Sionna draws it: path loss, shadowing, and clusters and rays of each link, all correlated.

    Stations have a row of antennas half a wavelength apart, clients one antenna, all omnidirectional and vertically polarised.
    It follows version 19.2 of TR 38.901. Nobody is in a car.

    Attributes:
        propagation: which surroundings; ranges are checked as there.
        carrier_hz: carrier frequency.
        num_antennas: of a station.

    Raises:
        MissingExtra: if Sionna is not installed.

    Source: 3GPP TR 38.901, section 7.5; Hoydis et al. 2022, "Sionna".
    """

    propagation: Surroundings
    carrier_hz: float
    num_antennas: int = 1

    def __post_init__(self) -> None:
        require_sionna()
        check_count("num_antennas", self.num_antennas)

    def drop(self, layout: Layout, *, rng: np.random.Generator) -> SionnaDrop:
        """One draw of everything that stays while nobody moves, for all links of a layout.

        Takes memory in proportion to N·K²: shadowing and spreads are correlated by the roots of K×K matrices.
        """
        self.propagation.draw(layout, carrier_hz=self.carrier_hz, rng=np.random.default_rng(0))  # Sionna checks no ranges
        with sionna_session(int(rng.integers(2**63))):
            from sionna.phy.channel.tr38901 import LSPGenerator

            scenario = self._scenario()
            scenario.set_topology(
                **_topology(self.propagation, layout.station_xyz_m, layout.client_xyz_m[None], layout.indoor[None]),
                bs_virtual_loc=_tensor(_with_height(layout.station_image_xy_m, layout.station_height_m[:, None])[None]),
            )
            generator = LSPGenerator(scenario)
            generator.topology_updated_callback()
            drawn = generator()
            parameters = {name: getattr(drawn, name)[0].numpy() for name in PARAMETERS}
            return SionnaDrop(
                system=self,
                large_scale=LargeScale(
                    pathloss_db=drawn.pathloss[0].numpy(),
                    shadowing_db=-linear_to_db(parameters["sf"]),
                    los=scenario.los[0].numpy(),
                ),
                outdoor_los=scenario.outdoor_los[0].numpy(),
                parameters=parameters,
            )

    def _scenario(self) -> Any:
        from sionna.phy.channel import tr38901

        kinds = {UrbanMicro: tr38901.UMiScenario, UrbanMacro: tr38901.UMaScenario, RuralMacro: tr38901.RMaScenario}
        return kinds[type(self.propagation)](**self._settings())

    def channel(self) -> Any:
        """Sionna's channel of small-scale fading alone."""
        from sionna.phy.channel import tr38901

        kinds = {UrbanMicro: tr38901.UMi, UrbanMacro: tr38901.UMa, RuralMacro: tr38901.RMa}
        return kinds[type(self.propagation)](**self._settings(), enable_pathloss=False, enable_shadow_fading=False)

    def _settings(self) -> dict[str, Any]:
        propagation = self.propagation
        own: dict[str, Any]
        if isinstance(propagation, RuralMacro):
            own = {
                "average_street_width": propagation.street_width_m,
                "average_building_height": propagation.building_height_m,
            }
        else:
            own = {"o2i_model": propagation.building.value}
        return own | {
            "carrier_frequency": self.carrier_hz,
            "ut_array": antenna_row(1, carrier_hz=self.carrier_hz),
            "bs_array": antenna_row(self.num_antennas, carrier_hz=self.carrier_hz),
            "direction": "uplink",
            "spec_version": SPEC_VERSION,
            "precision": "double",
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class SionnaDrop:
    """What stays of a network drawn by Sionna while nobody moves.

    Attributes:
        system: what drew it.
        large_scale: path loss, walls included, and shadowing.
        outdoor_los: (N, K) line of sight up to the outer wall.
        parameters: Sionna's large-scale parameters by name, each (N, K).
    """

    system: SionnaSystemLevel
    large_scale: LargeScale
    outdoor_los: BoolArray
    parameters: dict[str, FloatArray]

    def fading(self, layout: Layout) -> SionnaFading:
        """The small-scale fading between clients and the stations that serve them."""
        serving = layout.serving_cell
        station = np.take_along_axis(layout.station_image_xy_m, serving[None, :, None], axis=0)[0]
        return SionnaFading(
            system=self.system,
            station_xyz_m=_with_height(station, layout.station_height_m[serving]),
            client_xyz_m=layout.client_xyz_m,
            indoor=layout.indoor,
            outdoor_los=layout.serving(self.outdoor_los),
            parameters={name: layout.serving(value) for name, value in self.parameters.items()},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SionnaFading:
    """Fading of K links as Sionna draws it from their large-scale parameters: clusters and rays anew in every draw.

    E|h|² = 1 to within a hundredth: the standard drops clusters 25 dB below the strongest.

    Attributes:
        system: what draws it.
        station_xyz_m: (K, 3) the station of each link.
        client_xyz_m: (K, 3) the client of each link.
        indoor: (K,) whether the client is in a building.
        outdoor_los: (K,) line of sight up to the outer wall.
        parameters: Sionna's large-scale parameters by name, each (K,).
    """

    system: SionnaSystemLevel
    station_xyz_m: FloatArray
    client_xyz_m: FloatArray
    indoor: BoolArray
    outdoor_los: BoolArray
    parameters: dict[str, FloatArray]

    def draw(self, shape: tuple[int, ...], *, rng: np.random.Generator) -> ComplexArray:
        """Draws of shape (D, K, A)."""
        return self.frequency_response(shape, frequency_hz=AT_CARRIER, rng=rng)[..., 0]

    def frequency_response(self, shape: tuple[int, ...], *, frequency_hz: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """(*shape, S) draws of h at S frequencies, counted from the carrier."""
        num_clients, num_antennas = len(self.client_xyz_m), self.num_antennas
        if len(shape) != 3 or shape[1:] != (num_clients, num_antennas):
            raise ValueError(f"shape: got {shape}; needed is (number of draws, {num_clients}, {num_antennas})")
        # A batch of single links shares nothing but what it is given, so that draws of a link can be elements of one.
        with sionna_session(int(rng.integers(2**63))):
            link = np.tile(np.arange(num_clients), shape[0])
            sizes = batches(len(link), num_subcarriers=len(frequency_hz) * num_antennas)
            ends = np.cumsum(list(sizes))
            parts = [self._links(part, frequency_hz) for part in np.split(link, ends[:-1])]
        return np.concatenate(parts).reshape(*shape, len(frequency_hz))

    def amplitude_quantile(self, probability: float) -> float:
        """The quantile over links and draws at one antenna, by draws of its own that are always the same."""
        checked("probability", probability, low=0.0, high=1.0, open_high=True)
        return float(np.quantile(self._amplitudes, probability))

    @cached_property
    def _amplitudes(self) -> FloatArray:
        num_clients = len(self.client_xyz_m)
        shape = (-(-QUANTILE_DRAWS // num_clients), num_clients, self.num_antennas)
        return np.abs(self.draw(shape, rng=np.random.default_rng(0)))

    @property
    def num_antennas(self) -> int:
        return self.system.num_antennas

    def _links(self, link: np.ndarray, frequency_hz: FloatArray) -> ComplexArray:
        """(B, A, S) one draw for each of B links, by their index."""
        import torch
        from sionna.phy.channel.tr38901 import LSP

        channel = self.system.channel()
        channel.set_topology(
            **_topology(
                self.system.propagation,
                self.station_xyz_m[link, None],
                self.client_xyz_m[link, None],
                self.indoor[link, None],
            ),
            los=torch.as_tensor(self.outdoor_los[link, None, None]),
        )
        given = {name: _tensor(value[link, None, None]) for name, value in self.parameters.items()}
        channel._lsp = LSP(**given)  # the drop's parameters in place of new ones: there is no public way in
        return ofdm_response(channel(1, 1.0), frequency_hz)[:, 0, :, 0, 0, 0]


def _topology(
    propagation: Surroundings, station_xyz_m: FloatArray, client_xyz_m: FloatArray, indoor: BoolArray
) -> dict[str, Any]:
    """Sionna's arguments for stations (B, N, 3) or (N, 3) and clients (B, K, 3) that stand still and face alike."""
    import torch

    station_xyz_m = np.broadcast_to(station_xyz_m, (len(client_xyz_m), *station_xyz_m.shape[-2:]))
    topology = {
        "ut_loc": _tensor(client_xyz_m),
        "bs_loc": _tensor(station_xyz_m),
        "ut_orientations": torch.zeros(client_xyz_m.shape, dtype=torch.float64),
        "bs_orientations": torch.zeros(station_xyz_m.shape, dtype=torch.float64),
        "ut_velocities": torch.zeros(client_xyz_m.shape, dtype=torch.float64),
        "in_state": torch.as_tensor(np.array(indoor)),
    }
    if isinstance(propagation, RuralMacro):
        topology["in_car"] = torch.zeros(indoor.shape, dtype=torch.bool)
    return topology


def _with_height(xy_m: FloatArray, height_m: FloatArray) -> FloatArray:
    """(..., 3) positions in space from (..., 2) and heights (...) that broadcast."""
    height_m = np.broadcast_to(height_m, xy_m.shape[:-1])
    return np.concatenate([xy_m, height_m[..., None]], axis=-1)


def _tensor(array: FloatArray) -> Any:
    import torch

    return torch.tensor(array, dtype=torch.float64)
