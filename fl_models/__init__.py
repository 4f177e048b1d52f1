"""Numpy models, data, federated algorithms, and the training loop."""

from fl_models.aggregator import Aggregator, UplinkPlan
from fl_models.algorithm import Algorithm, TrainingState
from fl_models.clock import Clock, NetworkClock
from fl_models.dataset import Dataset
from fl_models.digital import Digital, Ideal
from fl_models.digits import digits
from fl_models.dirichlet import dirichlet_split, two_level_dirichlet_split
from fl_models.edge_training import Schedule
from fl_models.hierarchical_fedavg import HierarchicalFedAvg
from fl_models.hist import HIST, draw_partition
from fl_models.history import History, RoundCost, RoundRecord
from fl_models.latency_profile import partition_problem
from fl_models.mlp import MLP
from fl_models.model import Model, PartitionableModel, Submodel, cross_entropy
from fl_models.over_the_air import OverTheAir
from fl_models.pilot_constants import PilotConstants, pilot_constants, pilot_trajectory
from fl_models.softmax_regression import SoftmaxRegression
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask
from fl_models.training import DivergedTraining, Training

__all__ = [
    "HIST",
    "MLP",
    "Aggregator",
    "Algorithm",
    "Clock",
    "Dataset",
    "Digital",
    "DivergedTraining",
    "FederatedTask",
    "HierarchicalFedAvg",
    "History",
    "Ideal",
    "Model",
    "NetworkClock",
    "OverTheAir",
    "PartitionableModel",
    "PilotConstants",
    "RoundCost",
    "RoundRecord",
    "Schedule",
    "SoftmaxRegression",
    "Stream",
    "Streams",
    "Submodel",
    "Training",
    "TrainingState",
    "UplinkPlan",
    "cross_entropy",
    "digits",
    "dirichlet_split",
    "draw_partition",
    "partition_problem",
    "pilot_constants",
    "pilot_trajectory",
    "two_level_dirichlet_split",
]
