"""Numpy models, data, federated algorithms, and the training loop."""

from fl_models.aggregation.aggregator import Aggregator, UplinkPlan
from fl_models.aggregation.blockwise import BlockwisePlan
from fl_models.aggregation.digital import Digital, Ideal
from fl_models.aggregation.over_the_air import OverTheAir
from fl_models.algorithms.adaptive_hist import AdaptiveHIST
from fl_models.algorithms.algorithm import Algorithm, initial_state
from fl_models.algorithms.dzopa import DZOPA
from fl_models.algorithms.feddyn import FedDyn
from fl_models.algorithms.fedprox import FedProx
from fl_models.algorithms.fedzo import FedZO
from fl_models.algorithms.hierarchical_fedavg import HierarchicalFedAvg
from fl_models.algorithms.hist import HIST, draw_partition
from fl_models.algorithms.mtgc import MTGC
from fl_models.algorithms.partition_policy import FixedPrice, PartitionPolicy, VirtualQueue
from fl_models.algorithms.scaffold import SCAFFOLD
from fl_models.algorithms.seed_shared_fedzo import SeedSharedFedZO
from fl_models.algorithms.server_adam import ServerAdam
from fl_models.algorithms.server_momentum import ServerMomentum
from fl_models.algorithms.server_optimizer import ServerOptimizer, WithServerOptimizer
from fl_models.algorithms.training_state import TrainingState
from fl_models.algorithms.zone_s import ZONES
from fl_models.cell_work import CellWork, HowToTrain, LocalUpdates, RoundWork
from fl_models.checkpoint import Checkpoint, DamagedCheckpoint, OtherFormat, OtherTraining, UnusableCheckpoint
from fl_models.clock import Clock, NetworkClock
from fl_models.data.cifar10 import cifar10
from fl_models.data.dataset import Dataset
from fl_models.data.digits import digits
from fl_models.data.dirichlet import Dirichlet, dirichlet_split
from fl_models.data.dirichlet_mix import dirichlet_mix_split
from fl_models.data.gaussian_classes import gaussian_classes
from fl_models.data.hold_out import hold_out
from fl_models.data.iid import IID
from fl_models.data.mini_batches import MiniBatches
from fl_models.data.mnist import fashion_mnist, mnist
from fl_models.data.openml import openml_dataset
from fl_models.data.shards import Shards
from fl_models.data.sizes import equal_sizes, lognormal_sizes, power_law_sizes, proportional_sizes
from fl_models.data.split_table import split_table
from fl_models.data.splitter import Splitter
from fl_models.data.synthetic_federated import synthetic_federated, synthetic_iid
from fl_models.data.synthetic_images import synthetic_images
from fl_models.data.two_level import two_level_dirichlet_split, two_level_split
from fl_models.failed_round import DivergedTraining, EndlessRound
from fl_models.fingerprint import fingerprints
from fl_models.history import History, RoundCost, RoundRecord
from fl_models.latency_profile import partition_problem, partition_rounds, round_problem
from fl_models.local.method import LocalMethod, LocalSGD
from fl_models.local.schedule import Schedule
from fl_models.local.step_size import CosineDecay, ExponentialDecay, InverseDecay, StepSize
from fl_models.local.workers import Workers
from fl_models.models.cnn import CNN
from fl_models.models.convolution import Convolution
from fl_models.models.cross_entropy import cross_entropy
from fl_models.models.local_step import LocalStep
from fl_models.models.mlp import MLP
from fl_models.models.model import Model, PartitionableModel, Submodel, flops_per_sample
from fl_models.models.published_cnns import cifar_cnn, lenet5
from fl_models.models.softmax_regression import SoftmaxRegression
from fl_models.pilot_constants import PilotConstants, pilot_constants, pilot_trajectory
from fl_models.selection import Everybody, Selection, UniformCount, UniformShare
from fl_models.streams import Stream, Streams
from fl_models.task import FederatedTask
from fl_models.training import Training
from fl_models.zeroth_order.attack_task import attack_pictures, attack_task
from fl_models.zeroth_order.black_box_attack import BlackBoxAttack
from fl_models.zeroth_order.estimate import two_point_estimate
from fl_models.zeroth_order.hyper_parameters import HyperParameters
from fl_models.zeroth_order.local_steps import ZerothOrderSteps
from fl_models.zeroth_order.objective import Objective, losses_of, model_losses
from fl_models.zeroth_order.tuning_task import tuning_task

__all__ = [
    "CNN",
    "DZOPA",
    "HIST",
    "IID",
    "MLP",
    "MTGC",
    "SCAFFOLD",
    "ZONES",
    "AdaptiveHIST",
    "Aggregator",
    "Algorithm",
    "BlackBoxAttack",
    "BlockwisePlan",
    "CellWork",
    "Checkpoint",
    "Clock",
    "Convolution",
    "CosineDecay",
    "DamagedCheckpoint",
    "Dataset",
    "Digital",
    "Dirichlet",
    "DivergedTraining",
    "EndlessRound",
    "Everybody",
    "ExponentialDecay",
    "FedDyn",
    "FedProx",
    "FedZO",
    "FederatedTask",
    "FixedPrice",
    "HierarchicalFedAvg",
    "History",
    "HowToTrain",
    "HyperParameters",
    "Ideal",
    "InverseDecay",
    "LocalMethod",
    "LocalSGD",
    "LocalStep",
    "LocalUpdates",
    "MiniBatches",
    "Model",
    "NetworkClock",
    "Objective",
    "OtherFormat",
    "OtherTraining",
    "OverTheAir",
    "PartitionPolicy",
    "PartitionableModel",
    "PilotConstants",
    "RoundCost",
    "RoundRecord",
    "RoundWork",
    "Schedule",
    "SeedSharedFedZO",
    "Selection",
    "ServerAdam",
    "ServerMomentum",
    "ServerOptimizer",
    "Shards",
    "SoftmaxRegression",
    "Splitter",
    "StepSize",
    "Stream",
    "Streams",
    "Submodel",
    "Training",
    "TrainingState",
    "UniformCount",
    "UniformShare",
    "UnusableCheckpoint",
    "UplinkPlan",
    "VirtualQueue",
    "WithServerOptimizer",
    "Workers",
    "ZerothOrderSteps",
    "attack_pictures",
    "attack_task",
    "cifar10",
    "cifar_cnn",
    "cross_entropy",
    "digits",
    "dirichlet_mix_split",
    "dirichlet_split",
    "draw_partition",
    "equal_sizes",
    "fashion_mnist",
    "fingerprints",
    "flops_per_sample",
    "gaussian_classes",
    "hold_out",
    "initial_state",
    "lenet5",
    "lognormal_sizes",
    "losses_of",
    "mnist",
    "model_losses",
    "openml_dataset",
    "partition_problem",
    "partition_rounds",
    "pilot_constants",
    "pilot_trajectory",
    "power_law_sizes",
    "proportional_sizes",
    "round_problem",
    "split_table",
    "synthetic_federated",
    "synthetic_iid",
    "synthetic_images",
    "tuning_task",
    "two_level_dirichlet_split",
    "two_level_split",
    "two_point_estimate",
]
