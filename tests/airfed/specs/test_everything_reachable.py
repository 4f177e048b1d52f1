"""What the packages offer can be asked for in a scenario, with all options, or there is a reason why not."""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

import aircomp
import airfed.specs
import channels
import fl_models
import latency_opt
from airfed import Scenario

PACKAGES = (channels, aircomp, latency_opt, fl_models)
SPECS = Path(airfed.specs.__file__).parent

FOUND = "made on the way or found at the end, and nothing to be asked for"
DESIGN = "a problem by itself: a scenario says the numbers that are its answer"
ANALYSIS = "tells about a way of sending, and is none"
CLASSES = {
    FOUND: {
        *("CellChannel", "ChannelState", "LargeScale", "Layout", "BeamformingResult", "LeastMeanError", "PowerPrices", "Scale"),
        *("SelectionResult", "TransceiverPlan", "BandwidthResult", "CellRound", "CellWorkload", "ClientSelectionResult"),
        *("ConvergenceBound", "CvxpyProgram", "FadingPartitionResult", "FedZODesignResult", "JointPrices", "JointResult"),
        *("LearningConstants", "PartitionMultipliers", "PartitionProblem", "PartitionResult", "PricedPartitionProblem"),
        *("PricedPartitionResult", "ResourceBlockResult", "ScheduleResult", "UplinkTime", "BandwidthProblem", "CellWork"),
        *(
            "Checkpoint",
            "Dataset",
            "History",
            "LocalStep",
            "LocalUpdates",
            "MiniBatches",
            "PilotConstants",
            "RoundCost",
            "RoundRecord",
        ),
        *("RoundWork", "Submodel", "TrainingState", "MulticellPlan", "DigitalAggregationPlan"),
    },
    DESIGN: {
        *("ClientSelectionProblem", "FedZODesignProblem", "JointProblem", "ScheduleProblem", "TwoPointEstimator"),
        *("HISTScheduleBound", "HierarchicalFedAvgScheduleBound"),
    },
    ANALYSIS: {"RenyiAccountant", "DigitalAggregation"},
    "traced paths of one kind of network bring it along": {"DiscretePaths"},
    "a scenario's subcarriers are as wide as the band over their number, and have no prefix": {"OFDMGrid"},
    "it is truncated_inversion with scaling root_mean_square, which knows the size of updates by itself": {"COTAF"},
    "it is channel_inversion where the station has several antennas": {"UniformForcing"},
    "the steps of all algorithms by gradients, or of fedzo": {"LocalSGD", "ZerothOrderSteps"},
    "about the machine and no part of what is found": {"Workers"},
}
OPTIONS = {
    ("OFDMA", "overhead"): "that of a 5G carrier, which nr_resource_blocks counts",
    ("RegularizedInversion", "price_per_w"): "of the clients of one cell, where a scenario has a transceiver for all",
    ("TrainingBound", "optimisation_error"): "the partition does not depend on it",
    ("TrainingBound", "target"): "the partition depends on the price over it alone",
    ("Training", "workers"): "about the machine and no part of what is found",
}


def offered():
    """Classes whose objects are given values, by name."""
    found = {name: getattr(package, name) for package in PACKAGES for name in package.__all__}
    return {name: each for name, each in found.items() if inspect.isclass(each) and dataclasses.is_dataclass(each)}


def built():
    """What scenarios make, by name, each with the options that they give it from elsewhere."""
    calls = {}
    for file in SPECS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = {word.arg for word in node.keywords if not isinstance(word.value, ast.Constant)}
                calls.setdefault(node.func.id, set()).update(given)
    return calls


def test_every_class_is_built_or_has_a_reason():
    excused = set().union(*CLASSES.values())
    assert set(offered()) - set(built()) == excused
    assert sum(map(len, CLASSES.values())) == len(excused)


def test_every_option_can_be_set_or_has_a_reason():
    calls = built()
    missing = {
        (name, field.name)
        for name, each in offered().items()
        if name in calls
        for field in dataclasses.fields(each)
        if field.init and field.name not in calls[name]
    }
    assert missing == set(OPTIONS)


@pytest.mark.parametrize("choice", [channels.Building, channels.Estimator, channels.Factory, channels.TDLProfile])
def test_every_choice_can_be_made(choice):
    values = {member.value for member in choice}
    enums = [
        set(node["enum"])
        for part in Scenario.model_json_schema()["$defs"].values()
        for node in part["properties"].values()
        if "enum" in node
    ]
    assert values in enums
