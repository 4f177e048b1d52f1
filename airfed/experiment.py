"""Running a scenario: every scheme on the same network, data, initial model and draws."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from airfed.named_scenarios import scenario_of
from airfed.run_checkpoints import RunCheckpoints
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.table import comparison_table, formatted_columns
from channels import Network
from channels.html_table import html_table
from channels.sionna_backend import MissingExtra
from channels.summary import shown_by
from fl_models import FederatedTask, History, RoundRecord, Streams, Training, TrainingState
from fl_models.local.workers import single_threaded_algebra


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
            with single_threaded_algebra():  # whose last bits do not depend on the number of threads
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
        except MemoryError as error:
            raise ScenarioError(f"scenario {scenario.name!r} needs more memory than there is: {error}") from error
        return cls(scenario=scenario, network=network, task=task, trainings=trainings)

    def histories(self, *, progress: bool, checkpoints: RunCheckpoints | None = None) -> Iterator[History]:
        """The history of each scheme as soon as it is complete.

        Args:
            progress: whether to show a progress bar on standard error.
            checkpoints: where it is kept how far schemes are, and where they go on from if something is kept.

        Raises:
            DivergedTraining, EndlessRound: if a round comes to nothing; with the scheme's history until then.
            OtherTraining: if the checkpoints are of something else.
        """
        rounds = self.scenario.learning.rounds
        kept = checkpoints.load(self.trainings, num_rounds=rounds) if checkpoints else {}
        done = sum(checkpoint.state.round_index for checkpoint in kept.values())
        with tqdm(total=rounds * len(self.trainings), initial=done, unit="round", disable=not progress) as bar:
            for place, (scheme, training) in enumerate(zip(self.scenario.schemes, self.trainings, strict=True)):
                bar.set_description(scheme.name)

                def after_round(state: TrainingState, records: Sequence[RoundRecord], place: int = place) -> None:
                    bar.update(state.round_index > 0)
                    if checkpoints:
                        checkpoints.after_round(place, state, records)

                try:
                    history = training.history(
                        scheme.name, num_rounds=rounds, since=kept.pop(place, None), after_round=after_round
                    )
                except BaseException:
                    if checkpoints:
                        checkpoints.keep()
                    raise
                if checkpoints:
                    checkpoints.complete(place)
                yield history


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


def run(
    scenario: Scenario | str | Path | None = None,
    *,
    network: Network | None = None,
    progress: bool = True,
    checkpoint: str | Path | None = None,
) -> Result:
    """Runs a scenario, the default one if none is given.

    Args:
        scenario: a scenario, the path of a scenario file, or the name of one that comes along, such as "rural".
        network: a network of one's own in place of the scenario's.
        progress: whether to show a progress bar.
        checkpoint: folder that keeps how far the run is, so that the same call goes on from there after whatever ended it; the
            result is the same to the bit. It is gone once the run is complete, unless something else is in it.

    Raises:
        ScenarioError: if the scenario cannot be read or met.
        DivergedTraining, EndlessRound: if a round comes to nothing; with the scheme's history until then.
        OtherTraining: if the folder keeps another run.
        FolderInUse: if another process is at the folder.
    """
    if scenario is None:
        scenario = Scenario()
    elif not isinstance(scenario, Scenario):
        scenario = scenario_of(scenario)
    experiment = Experiment.prepare(scenario, network=network)
    if checkpoint is None:
        return Result(scenario=scenario, histories=tuple(experiment.histories(progress=progress)))
    with RunCheckpoints.open(Path(checkpoint), tell=partial(warnings.warn, stacklevel=2)) as checkpoints:
        histories = tuple(experiment.histories(progress=progress, checkpoints=checkpoints))
        checkpoints.clear()
    return Result(scenario=scenario, histories=histories)
