"""Scenarios: everything that a run depends on, as one checked object and one TOML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from airfed.scenario_error import ScenarioError, explain
from airfed.scenario_html import scenario_html
from airfed.specs.learning_checks import check_learning
from airfed.specs.learning_spec import LearningSpec
from airfed.specs.network_spec import HexagonalNetworkSpec, NetworkSpec
from airfed.specs.scheme_spec import DEFAULT_SCHEMES, SchemeSpec
from airfed.specs.spec import Spec
from airfed.toml_reader import read_toml
from airfed.toml_writer import to_toml
from channels.regular_file import read_regular

MAX_FILE_BYTES = 1_000_000
MAX_SCHEMES = 20
MAX_CHANNEL_VALUES = 20_000_000  # a third of a gigabyte, and as much again for each cell to have its own
MAX_LINKS = 100_000_000  # of every client to every station: 0.8 GB an array, of which there are some


class Scenario(Spec):
    """A network, something to learn over it, and the schemes to compare; without arguments, the default scenario.

    Schemes see the same network, data, initial model and random draws.

    >>> scenario = Scenario(seed=3)
    >>> scenario.network.num_cells, len(scenario.schemes)
    (3, 5)
    >>> Scenario.from_toml(scenario.to_toml()) == scenario
    True
    """

    name: str = Field(
        "default",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$",
        description="names the results folder",
        json_schema_extra={"allowed": "1 to 60 letters, digits, blanks and . _ -, the first a letter or digit"},
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="all randomness follows from it")
    target_accuracy: float = Field(0.9, gt=0.0, lt=1.0, description="test accuracy that time is counted to")
    network: NetworkSpec = Field(
        default_factory=HexagonalNetworkSpec, discriminator="kind", description="The wireless network."
    )
    learning: LearningSpec = Field(default_factory=LearningSpec, description="What is learnt, from which data, and how.")
    schemes: tuple[SchemeSpec, ...] = Field(
        DEFAULT_SCHEMES,
        strict=False,
        min_length=1,
        max_length=MAX_SCHEMES,
        description="Ways of training to compare; the first is what speed-ups are over.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        network = self.network
        values = (network.total_clients or 0) * network.num_antennas * network.num_subcarriers
        if values * self.learning.edge_rounds > MAX_CHANNEL_VALUES:
            raise ValueError(
                f"network.num_antennas: got {network.num_antennas} with num_subcarriers = {network.num_subcarriers}, which "
                f"makes {values * self.learning.edge_rounds:.2g} channel values a round; allowed are {MAX_CHANNEL_VALUES:.2g}"
            )
        links = (network.total_stations or 0) * (network.total_clients or 0)
        if links > MAX_LINKS:
            raise ValueError(
                f"network: got {network.total_stations} stations and {network.total_clients} clients, which makes {links:.2g} "
                f"links; allowed are {MAX_LINKS:.2g}"
            )
        names = [scheme.name for scheme in self.schemes]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f"schemes.{index}.name: got {name!r} a second time; allowed is a name of its own for each")
        check_learning(self.learning, network=network, schemes=self.schemes)
        return self

    @classmethod
    def from_toml(cls, text: str, *, source: str = "scenario") -> Scenario:
        """The scenario of a TOML document; what it leaves out is as in the default scenario.

        Raises:
            ScenarioError: naming the key, the value and the allowed range.
        """
        try:
            document = read_toml(text)
        except ValueError as error:
            raise ScenarioError(f"{source}: not valid TOML: {error}") from None
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise ScenarioError(f"{source}: {explain(error, cls)}") from None

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """The scenario in a file.

        Raises:
            ScenarioError: if the file cannot be read or what it says is not allowed.
        """
        path = Path(path)
        try:
            content = read_regular(path, max_bytes=MAX_FILE_BYTES)
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be read: {error.strerror}; give the path of a scenario file") from None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: not UTF-8 text: byte {error.start} is {content[error.start]:#x}") from None
        return cls.from_toml(text, source=str(path))

    def _repr_html_(self) -> str:
        return scenario_html(self)

    def to_toml(self) -> str:
        """The whole scenario as a TOML document, every key with a comment that says what it is and may be."""
        return to_toml(self)
