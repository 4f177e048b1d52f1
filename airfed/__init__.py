"""How long until a federated model is good, over a wireless network, and what would make it sooner."""

from airfed.experiment import Experiment, Result, run
from airfed.named_scenarios import named_scenario
from airfed.published import reproduce
from airfed.scenario import Scenario
from airfed.scenario_error import ScenarioError
from airfed.sweeps import sweep
from airfed.table import comparison_table, formatted_table

__all__ = [
    "Experiment",
    "Result",
    "Scenario",
    "ScenarioError",
    "comparison_table",
    "formatted_table",
    "named_scenario",
    "reproduce",
    "run",
    "sweep",
]
