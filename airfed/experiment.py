"""Running a scenario: every scheme on the same network, data, initial model and draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from airfed.named_scenarios import scenario_of
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.table import comparison_table, formatted_columns
from channels import Network
from channels.html_table import html_table
from channels.sionna_backend import MissingExtra
from channels.summary import shown_by
from fl_models import DivergedTraining, FederatedTask, History, Streams, Training


@shown_by(
    scenario=lambda experiment: experiment.scenario.name,
    num_schemes=lambda experiment: len(experiment.trainings),
    num_cells=lambda experiment: experiment.network.num_cells,
    num_clients=lambda experiment: experiment.network.num_clients,
    num_parameters=lambda experiment: experiment.task.model.num_parameters,
    train_samples=lambda experiment: len(experiment.task.train),
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """A scenario with everything drawn and solved that its schemes need before training.

    Attributes:
        scenario: what was asked for.
        network: the network that all schemes share.
        task: the learning problem that they share.
        trainings: one for each scheme, in order.
    """

    scenario: Scenario
    network: Network
    task: FederatedTask
    trainings: tuple[Training, ...]

    @classmethod
    def prepare(cls, scenario: Scenario, *, network: Network | None = None) -> Experiment:
        """Draws network and data and plans the schemes.

        Args:
            scenario: what to run.
            network: a network of one's own in place of the scenario's.

        Raises:
            ScenarioError: if the scenario cannot be met, say because there are too few samples for so many clients.
        """
        streams = Streams(seed=scenario.seed)
        try:
            network = network or scenario.network.build(streams)
            task = scenario.learning.build(network.layout, streams)
            trainings = tuple(
                scheme.build(
                    task,
                    network=network,
                    schedule=scenario.learning.schedule,
                    streams=streams,
                    selection=scenario.learning.selection.build(),
                )
                for scheme in scenario.schemes
            )
        except (ValueError, MissingExtra) as error:
            raise ScenarioError(f"scenario {scenario.name!r} cannot be met: {error}") from error
        return cls(scenario=scenario, network=network, task=task, trainings=trainings)

    def histories(self, *, progress: bool) -> Iterator[History]:
        """The history of each scheme as soon as it is complete, with a progress bar on standard error if wanted."""
        rounds = self.scenario.learning.rounds
        with tqdm(total=rounds * len(self.trainings), unit="round", disable=not progress) as bar:
            for scheme, training in zip(self.scenario.schemes, self.trainings, strict=True):
                bar.set_description(scheme.name)
                records = []
                try:
                    for record in training.rounds(rounds):
                        records.append(record)
                        bar.update(record.round > 0)
                except DivergedTraining as error:
                    raise DivergedTraining(f"scheme {scheme.name!r}: {error}") from None
                yield History(
                    scheme=scheme.name,
                    cell_parameters=tuple(model.num_parameters for model in training.cell_models),
                    records=tuple(records),
                )


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What a run found.

    Attributes:
        scenario: as run.
        histories: one for each scheme, in order.
    """

    scenario: Scenario
    histories: tuple[History, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a scheme: final accuracy, and what it took to reach the target accuracy."""
        return comparison_table(self.histories, target_accuracy=self.scenario.target_accuracy)

    def __repr__(self) -> str:
        rounds = len(self.histories[0].records) - 1
        return f"Result(scenario={self.scenario.name!r}, num_schemes={len(self.histories)}, num_rounds={rounds})"

    def _repr_html_(self) -> str:
        """The comparison as a table, and accuracy against network time as a picture."""
        from airfed.figures import accuracy_picture

        target = self.scenario.target_accuracy
        columns = formatted_columns(self.table, target_accuracy=target)
        table = html_table(zip(*columns.values(), strict=True), title=self.scenario.name, header=list(columns))
        return table + accuracy_picture(self.histories, target_accuracy=target)

    def to_frame(self) -> pd.DataFrame:
        """One row a scheme and round."""
        return pd.concat([history.to_frame() for history in self.histories], ignore_index=True)


def run(scenario: Scenario | str | Path | None = None, *, network: Network | None = None, progress: bool = True) -> Result:
    """Runs a scenario, the default one if none is given.

    Args:
        scenario: a scenario, the path of a scenario file, or the name of one that comes along, such as "rural".
        network: a network of one's own in place of the scenario's.
        progress: whether to show a progress bar.

    Raises:
        ScenarioError: if the scenario cannot be read or met.
    """
    if scenario is None:
        scenario = Scenario()
    elif not isinstance(scenario, Scenario):
        scenario = scenario_of(scenario)
    return Result(
        scenario=scenario, histories=tuple(Experiment.prepare(scenario, network=network).histories(progress=progress))
    )
