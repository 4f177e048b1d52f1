"""How long until a federated model is good, over a wireless network, and what would make it sooner."""

from airfed.experiment import Experiment, Result, run
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError

__all__ = ["Experiment", "Result", "Scenario", "ScenarioError", "run"]
