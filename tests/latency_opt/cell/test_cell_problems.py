"""A cell's problems against each other: what the slots that other traffic takes do to time and energy."""

import numpy as np
import pytest

from latency_opt import (
    cell_bandwidth_problem,
    cell_joint_problem,
    compute_latency_s,
    minimize_deadline,
    minimize_joint_deadline,
)


@pytest.fixture(scope="module", params=[0.0, 0.6])
def cell(request, make_network):
    import dataclasses

    network = make_network(1, 5)
    network = dataclasses.replace(network, load=np.array([request.param]))
    return network.draw(4, rng=np.random.default_rng(1)).cells[0]


def test_without_budgets_both_problems_have_the_same_deadline(cell):
    flops, bits = 1e7, 1e5
    compute_s = compute_latency_s(flops, cpu_hz=cell.devices.cpu_hz, flops_per_cycle=cell.devices.flops_per_cycle)
    bands = minimize_deadline(cell_bandwidth_problem(cell, compute_s=compute_s, payload_bits=bits))
    joint = minimize_joint_deadline(cell_joint_problem(cell, flops=flops, payload_bits=bits))
    np.testing.assert_allclose(joint.deadline_s, bands.deadline_s, rtol=1e-9)
    # On air for the share of the time that is free, at full power.
    airtime_s = (1.0 - cell.load) * (bands.deadline_s[:, None] - compute_s)
    sent_j = joint.power_w * joint.airtime_s
    np.testing.assert_allclose(sent_j, airtime_s * cell.client_power_w, rtol=1e-6)


def test_who_is_not_active_gets_nothing(cell):
    active = np.array([True, False, True, True, False])
    bands = minimize_deadline(cell_bandwidth_problem(cell, compute_s=0.1, payload_bits=1e5, active=active))
    joint = minimize_joint_deadline(cell_joint_problem(cell, flops=1e7, payload_bits=1e5, active=active))
    assert (bands.bandwidth_hz[:, ~active] == 0.0).all()
    assert (joint.bandwidth_hz[:, ~active] == 0.0).all()
    assert (bands.bandwidth_hz[:, active] > 0.0).all()
