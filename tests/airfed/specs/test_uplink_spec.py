"""Ways of sending that a scenario can name: what they become, and what they cost."""

import numpy as np
import pytest

import airfed
from aircomp import (
    DifferenceOfConvexSelection,
    GreedySelection,
    MatchedFilters,
    ReceiveBeamforming,
    SelectiveForcing,
    TruncatedInversion,
)
from channels import FrequencyRange, Numerology, ShortPackets
from fl_models import Digital, Ideal
from latency_opt import (
    OFDMA,
    TDMA,
    EqualBandwidth,
    InfeasibleProblem,
    JointOFDMA,
    NRResourceBlocks,
    OptimalBandwidth,
    ResourceBlocks,
)

FEDAVG = 'algorithm = { kind = "hierarchical_fedavg" }'
UPLINKS = {
    'kind = "ofdma", bandwidth = "equal"': OFDMA(policy=EqualBandwidth()),
    'kind = "ofdma"': OFDMA(policy=OptimalBandwidth()),
    'kind = "resource_blocks", num_resource_blocks = 6': OFDMA(policy=ResourceBlocks(num_resource_blocks=6)),
    'kind = "tdma"': TDMA(),
    'kind = "joint_ofdma"': JointOFDMA(energy_budget_j=1e9),
    'kind = "joint_ofdma", energy_budget_j = 2.0, deadline_factor = 1.5': JointOFDMA(energy_budget_j=2.0, deadline_factor=1.5),
    'kind = "nr_resource_blocks"': NRResourceBlocks(numerology=Numerology(index=1), frequency_range=FrequencyRange.FR1),
    'kind = "ofdma", coding = { kind = "short_packets" }': OFDMA(
        policy=OptimalBandwidth(), coding=ShortPackets(error_probability=1e-3, packet_bits=8448)
    ),
    'kind = "tdma", coding = { kind = "short_packets", error_probability = 0.1, packet_bits = 500 }': TDMA(
        coding=ShortPackets(error_probability=0.1, packet_bits=500)
    ),
}


def scheme(uplink):
    return f"{FEDAVG}\nuplink = {{ {uplink} }}"


@pytest.mark.parametrize(("text", "access"), UPLINKS.items(), ids=list(UPLINKS))
def test_digital_uplinks_are_those_of_python(tiny, text, access):
    [training] = airfed.Experiment.prepare(tiny({}, scheme(text))).trainings
    assert training.aggregator == Ideal()
    assert training.clock.access == access


@pytest.mark.parametrize("text", UPLINKS)
def test_bits_are_said_once_and_hold_everywhere(tiny, text):
    exact, coarse = airfed.Experiment.prepare(
        tiny({}, scheme(text), scheme(f"{text}, bits_per_parameter = 8, participation = 0.9"))
    ).trainings
    aggregator, clock = coarse.aggregator, coarse.clock
    assert isinstance(aggregator, Digital)
    assert aggregator.bits_per_parameter == clock.bits_per_parameter == clock.access.bits_per_parameter == 8
    assert exact.clock.bits_per_parameter == exact.clock.access.bits_per_parameter == 32
    assert aggregator.threshold > 0.0


def test_a_round_costs_what_its_uplink_takes(tiny):
    """The same models whatever the access; time by who shares how; energy least where the whole band is used."""
    histories = airfed.run(tiny({}, *map(scheme, UPLINKS)), progress=False).histories
    last = [history.records[-1] for history in histories]
    assert len({record.test_loss for record in last}) == 1
    assert len({record.uplink_bits for record in last}) == 1
    equal, optimal, blocks, turns, joint, slack, carrier, packets, packets_in_turn = (record.time_s for record in last)
    assert optimal < blocks
    assert optimal < equal
    assert len({equal, optimal, blocks, turns}) == 4
    assert last[3].energy_j < min(record.energy_j for record in last[:3])
    assert joint == pytest.approx(optimal, rel=1e-9)
    assert optimal < slack < 1.5 * optimal  # the downlink and the backhaul last as long as ever
    assert last[5].energy_j < 0.5 * last[4].energy_j
    assert optimal < carrier < 2.0 * optimal
    assert optimal < packets < 1.1 * optimal
    assert turns < packets_in_turn


@pytest.mark.parametrize("algorithm", ["hist", "seed_shared_fedzo"])
@pytest.mark.parametrize(
    "text",
    [
        'kind = "resource_blocks"',
        'kind = "tdma", bits_per_parameter = 16',
        'kind = "joint_ofdma", energy_budget_j = 10.0',
        'kind = "nr_resource_blocks", coding = { kind = "short_packets" }',
    ],
)
def test_any_algorithm_goes_over_them(tiny, algorithm, text):
    [history] = airfed.run(tiny({}, f'algorithm = {{ kind = "{algorithm}" }}\nuplink = {{ {text} }}'), progress=False).histories
    assert np.isfinite(history.records[-1].time_s)
    assert history.records[-1].test_loss < history.records[0].test_loss


def test_fewer_blocks_than_clients_are_told(tiny, make_network):
    few = scheme('kind = "resource_blocks", num_resource_blocks = 3')
    with pytest.raises(airfed.ScenarioError) as caught:
        tiny({}, few)
    message = "uplink.num_resource_blocks: got 3 for 4 clients of a cell; allowed is at least one for each"
    assert f"schemes.0.{message}" in str(caught.value)
    some = {"learning.selection": 'kind = "uniform_count"\nnum_clients = 3'}
    airfed.run(tiny(some, few), progress=False)
    with pytest.raises(airfed.ScenarioError, match=message.replace("3 for 4", "4 for 6")):
        airfed.Experiment.prepare(tiny({}, few.replace("= 3", "= 4")), network=make_network(2, 6))


def test_a_smaller_budget_takes_longer_and_spends_less(tiny):
    """Near stations, where the least that sending takes is small, and with processors that pay for their speed."""
    near = {
        "network": "num_cells = 2\nclients_per_cell = 4\ncell_load = 0.0\ncell_radius_m = 100",
        "network.devices": "min_cpu_hz = 2e8\nmax_cpu_hz = 2e9\neffective_capacitance_w_per_hz3 = 1e-27",
    }
    budgets = (1e9, 3e-4, 1e-4, 5e-5)
    uplinks = [f'kind = "joint_ofdma", participation = 0.9, energy_budget_j = {budget_j}' for budget_j in budgets]
    last = [history.records[-1] for history in airfed.run(tiny(near, *map(scheme, uplinks)), progress=False).histories]
    assert len({record.test_loss for record in last}) == 1
    times, energies = ([getattr(record, name) for record in last] for name in ("time_s", "energy_j"))
    assert times == sorted(times)
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] < 0.5 * energies[0]
    for budget_j, energy_j in zip(budgets, energies, strict=True):
        assert energy_j <= 2 * 2 * budget_j * (1.0 + 1e-9)  # rounds of so many edge rounds


def test_a_budget_that_no_client_can_send_with_is_told(tiny):
    uplink = scheme('kind = "joint_ofdma", energy_budget_j = 1e-9')
    with pytest.raises(InfeasibleProblem, match="energy_budget_j: client .* has 1e-09 J; its payload alone needs more than"):
        airfed.run(tiny({}, uplink), progress=False)


def test_a_carrier_is_one_of_the_standard(tiny):
    with pytest.raises(airfed.ScenarioError, match="numerology: got 3; carriers of FR1 have one of"):
        tiny({}, scheme('kind = "nr_resource_blocks", numerology = 3'))
    odd = tiny(
        {"network": "num_cells = 2\nclients_per_cell = 4\ncell_load = 0.0\nbandwidth_hz = [10e6, 11e6]"},
        scheme('kind = "nr_resource_blocks"'),
    )
    with pytest.raises(
        airfed.ScenarioError, match=r"network.bandwidth_hz: got 1.1e\+07; allowed for an FR1 carrier at 30 kHz is"
    ):
        airfed.Experiment.prepare(odd)
    crowded = tiny(
        {"network": "num_cells = 1\nclients_per_cell = 12\ncell_load = 0.0\nbandwidth_hz = 5e6"},
        scheme('kind = "nr_resource_blocks"'),
    )
    with pytest.raises(airfed.ScenarioError, match=r"uplink.numerology: got 1, with which 5e\+06 Hz have 11 blocks, for 12"):
        airfed.Experiment.prepare(crowded)


ANTENNAS = {"network": "num_cells = 2\nclients_per_cell = 4\ncell_load = 0.0\nnum_antennas = 3"}
TRANSCEIVERS = [
    ('kind = "selective_forcing", max_noise_mse = 3.0', SelectiveForcing(max_noise_mse=3.0, selection=GreedySelection())),
    (
        'kind = "selective_forcing", selection = "difference_of_convex"',
        SelectiveForcing(max_noise_mse=1.0, selection=DifferenceOfConvexSelection()),
    ),
]


@pytest.mark.parametrize("tables", [{}, ANTENNAS], ids=["one antenna", "three antennas"])
@pytest.mark.parametrize(("text", "transceiver"), TRANSCEIVERS)
def test_clients_are_selected_for_the_air(tiny, tables, text, transceiver):
    [training] = airfed.Experiment.prepare(tiny(tables, scheme(f'kind = "aircomp", transceiver = {{ {text} }}'))).trainings
    assert training.aggregator.transceiver == transceiver
    *_, last = training.rounds(1)
    assert 0.0 < last.cost.participation <= 1.0
    assert np.isfinite(last.test_loss)


def test_matched_filters_combine_antennas(tiny):
    [training] = airfed.Experiment.prepare(tiny(ANTENNAS, scheme('kind = "aircomp", beamformer = "matched_filters"'))).trainings
    found = training.aggregator.transceiver
    assert isinstance(found, ReceiveBeamforming)
    assert isinstance(found.transceiver, TruncatedInversion)
    assert found.beamformer == MatchedFilters()
    *_, last = training.rounds(1)
    assert np.isfinite(last.test_loss)
