"""What run a results folder has the checkpoints of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from airfed.atomic_file import write_atomically
from airfed.checked_json import DamagedFile, sealed, unsealed
from airfed.first_difference import first_difference
from airfed.results_folder import SCENARIO, ResultsFolder
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from channels.regular_file import read_regular

RUN = "run.json"
MAX_BYTES = 10_000_000
"""Of it: a scenario and its comments."""


class ChangedScenario(ValueError):
    """The scenario file in the folder is not that of the run any more."""


@dataclass(frozen=True, kw_only=True)
class UnfinishedRun:
    """A run that was begun in a results folder.

    Attributes:
        scenario: that it runs.
        older: SHA-256 of the scenario file of older results, which the folder has until a scheme of this run is complete; empty
            if there are none.
    """

    scenario: Scenario
    older: str = ""

    @classmethod
    def over(cls, folder: ResultsFolder, scenario: Scenario) -> UnfinishedRun:
        """A run whose results take the place of what the folder holds."""
        return cls(scenario=scenario, older=_sum(folder.path / SCENARIO) if folder.held else "")

    def write(self, checkpoints: Path) -> None:
        """Into the folder of the checkpoints.

        Raises:
            OSError: if that fails.
        """
        write_atomically(checkpoints / RUN, sealed({"scenario": self.scenario.to_toml(), "older": self.older}))

    @classmethod
    def read(cls, checkpoints: Path) -> UnfinishedRun | None:
        """From the folder of the checkpoints; None if none is there.

        Raises:
            DamagedFile: if it is not as it was written, cannot be read, or is of a version that knows other scenarios.
        """
        try:
            content = unsealed(read_regular(checkpoints / RUN, max_bytes=MAX_BYTES))
            is_run = isinstance(content, dict) and content.keys() == {"scenario", "older"}
            if not is_run or not all(isinstance(text, str) for text in content.values()):
                raise DamagedFile("of no run")
            return cls(scenario=Scenario.from_toml(content["scenario"]), older=content["older"])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise DamagedFile(f"cannot be read: {error.strerror}") from None
        except ScenarioError as error:
            raise DamagedFile(f"of another version: {error}") from None

    @staticmethod
    def is_in(checkpoints: Path) -> bool:
        """Whether the folder of the checkpoints has one, readable or not."""
        return (checkpoints / RUN).exists()

    @staticmethod
    def remove(checkpoints: Path) -> None:
        """From the folder of the checkpoints: the run is complete, or given up."""
        (checkpoints / RUN).unlink(missing_ok=True)

    def has_older_results(self, folder: ResultsFolder) -> bool:
        """Whether the folder still holds results that those of this run are to replace."""
        return bool(self.older) and self.older == _sum(folder.path / SCENARIO)

    def check_unchanged(self, folder: ResultsFolder) -> None:
        """A ChangedScenario that names the first difference, if somebody changed the scenario file in the folder."""
        path = folder.path / SCENARIO
        if not path.exists() or self.has_older_results(folder):
            return
        there, here = (each.model_dump(mode="json") for each in (self.scenario, Scenario.load(path)))
        difference = first_difference(there, here)
        if difference:
            raise ChangedScenario(f"{path}: changed since the run was begun: {difference}")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else hashlib.sha256().hexdigest()
