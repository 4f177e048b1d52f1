"""Delays, energy, and the convex problems that minimise them."""

from aircomp.result import InfeasibleProblem, Status, UncertifiedSolution, certified
from latency_opt.bounds.aircomp_fedzo import aircomp_fedzo_bound
from latency_opt.bounds.constants import LearningConstants
from latency_opt.bounds.convergence_bound import ConvergenceBound
from latency_opt.bounds.fedzo import fedzo_bound
from latency_opt.bounds.hierarchical_fedavg import hierarchical_fedavg_bound
from latency_opt.bounds.hist import hist_bound, hist_imbalance_price, hist_training_bound
from latency_opt.bounds.step_size import largest_step_size
from latency_opt.bounds.two_point_estimator import TwoPointEstimator, largest_zeroth_order_step_size
from latency_opt.cell.bandwidth import BandwidthProblem, equal_bandwidth, minimize_deadline
from latency_opt.cell.bandwidth_policy import BandwidthPolicy, EqualBandwidth, OptimalBandwidth
from latency_opt.cell.bandwidth_result import BandwidthResult
from latency_opt.cell.cell_problems import cell_bandwidth_problem, cell_joint_problem
from latency_opt.cell.cell_round import CellRound, CellWorkload, cell_round
from latency_opt.cell.client_selection import ClientSelectionProblem, ClientSelectionResult, select_clients
from latency_opt.cell.joint_ofdma import JointOFDMA
from latency_opt.cell.min_bandwidth import min_bandwidth_hz
from latency_opt.cell.multiple_access import OFDMA, AirComp, MultipleAccess, UplinkTime
from latency_opt.cell.nr_resource_blocks import NRResourceBlocks
from latency_opt.cell.resource_block_policy import ResourceBlocks
from latency_opt.cell.resource_blocks import ResourceBlockResult, minimize_block_deadline
from latency_opt.cell.tdma import TDMA
from latency_opt.cvxpy_program import CvxpyProgram
from latency_opt.delays import (
    aircomp_uplink_latency_s,
    backhaul_latency_s,
    compute_latency_s,
    multicast_latency_s,
)
from latency_opt.energy import compute_energy_j, transmit_energy_j
from latency_opt.fedzo.fedzo_design import FedZODesignProblem, least_snr, minimize_time_to_target
from latency_opt.fedzo.fedzo_design_result import FedZODesignResult
from latency_opt.hist_partition.fading_partition import (
    FadingPartitionProblem,
    FadingPartitionResult,
    best_fixed_price,
    follow_virtual_queue,
    one_shot_partition,
)
from latency_opt.hist_partition.neurons import whole_neurons
from latency_opt.hist_partition.partition import PartitionProblem
from latency_opt.hist_partition.partition_kkt import PartitionMultipliers, partition_kkt_residual
from latency_opt.hist_partition.partition_result import PartitionResult
from latency_opt.hist_partition.priced_partition import PricedPartitionProblem, PricedPartitionResult, minimize_priced_latency
from latency_opt.hist_partition.round_latency import minimize_round_latency
from latency_opt.hist_partition.training_bound import TrainingBound
from latency_opt.hist_partition.training_latency import minimize_training_latency
from latency_opt.hist_partition.water_filling import capped_water_filling
from latency_opt.joint.deadline import minimize_joint_deadline
from latency_opt.joint.energy import minimize_energy
from latency_opt.joint.prices import JointPrices
from latency_opt.joint.problem import JointProblem
from latency_opt.joint.result import JointResult
from latency_opt.price_table import Price, price_table
from latency_opt.schedules.schedule import ScheduleProblem, ScheduleResult, minimize_schedule
from latency_opt.schedules.schedule_bound import HierarchicalFedAvgScheduleBound, HISTScheduleBound, ScheduleBound

__all__ = [
    "OFDMA",
    "TDMA",
    "AirComp",
    "BandwidthPolicy",
    "BandwidthProblem",
    "BandwidthResult",
    "CellRound",
    "CellWorkload",
    "ClientSelectionProblem",
    "ClientSelectionResult",
    "ConvergenceBound",
    "CvxpyProgram",
    "EqualBandwidth",
    "FadingPartitionProblem",
    "FadingPartitionResult",
    "FedZODesignProblem",
    "FedZODesignResult",
    "HISTScheduleBound",
    "HierarchicalFedAvgScheduleBound",
    "InfeasibleProblem",
    "JointOFDMA",
    "JointPrices",
    "JointProblem",
    "JointResult",
    "LearningConstants",
    "MultipleAccess",
    "NRResourceBlocks",
    "OptimalBandwidth",
    "PartitionMultipliers",
    "PartitionProblem",
    "PartitionResult",
    "Price",
    "PricedPartitionProblem",
    "PricedPartitionResult",
    "ResourceBlockResult",
    "ResourceBlocks",
    "ScheduleBound",
    "ScheduleProblem",
    "ScheduleResult",
    "Status",
    "TrainingBound",
    "TwoPointEstimator",
    "UncertifiedSolution",
    "UplinkTime",
    "aircomp_fedzo_bound",
    "aircomp_uplink_latency_s",
    "backhaul_latency_s",
    "best_fixed_price",
    "capped_water_filling",
    "cell_bandwidth_problem",
    "cell_joint_problem",
    "cell_round",
    "certified",
    "compute_energy_j",
    "compute_latency_s",
    "equal_bandwidth",
    "fedzo_bound",
    "follow_virtual_queue",
    "hierarchical_fedavg_bound",
    "hist_bound",
    "hist_imbalance_price",
    "hist_training_bound",
    "largest_step_size",
    "largest_zeroth_order_step_size",
    "least_snr",
    "min_bandwidth_hz",
    "minimize_block_deadline",
    "minimize_deadline",
    "minimize_energy",
    "minimize_joint_deadline",
    "minimize_priced_latency",
    "minimize_round_latency",
    "minimize_schedule",
    "minimize_time_to_target",
    "minimize_training_latency",
    "multicast_latency_s",
    "one_shot_partition",
    "partition_kkt_residual",
    "price_table",
    "select_clients",
    "transmit_energy_j",
    "whole_neurons",
]
