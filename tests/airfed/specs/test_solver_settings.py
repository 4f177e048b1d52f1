"""Settings of solvers in a scenario: as the classes in Python have them."""

import numpy as np
import pytest

import airfed
from aircomp import (
    DifferenceOfConvex,
    DifferenceOfConvexSelection,
    GaussianRandomization,
    GreedySelection,
    LeastError,
    MatchedFilters,
    ReceiveBeamforming,
    SelectiveForcing,
    SuccessiveConvexApproximation,
    TruncatedInversion,
)
from fl_models import Stream, Streams

BEAMFORMERS = {
    '"sca"': SuccessiveConvexApproximation(),
    '{ kind = "sca", num_starts = 1, tolerance = 1e-3, max_iterations = 7, seed = 5, start = "matched_filters" }': (
        SuccessiveConvexApproximation(num_starts=1, tolerance=1e-3, max_iterations=7, seed=5, start=MatchedFilters())
    ),
    "{ start = { num_candidates = 7 } }": SuccessiveConvexApproximation(start=GaussianRandomization(num_candidates=7)),
    '"difference_of_convex"': DifferenceOfConvex(),
    '{ kind = "difference_of_convex", penalty = 2.0, tolerance = 1e-3, max_iterations = 9, start = { seed = 4 } }': (
        DifferenceOfConvex(penalty=2.0, tolerance=1e-3, max_iterations=9, start=GaussianRandomization(seed=4))
    ),
    '{ kind = "randomization", num_candidates = 20, seed = 3 }': GaussianRandomization(num_candidates=20, seed=3),
    '"matched_filters"': MatchedFilters(),
}
SELECTIONS = {
    '"greedy"': GreedySelection(),
    '{ kind = "greedy", tolerance = 1e-2 }': GreedySelection(tolerance=1e-2),
    '{ kind = "difference_of_convex", num_steps = 1, penalty = 0.5, tolerance = 1e-3 }': (
        DifferenceOfConvexSelection(num_steps=1, penalty=0.5, tolerance=1e-3)
    ),
}


def scenario(transceiver, *, beamformer='"sca"', num_antennas=2):
    return airfed.Scenario.from_toml(
        f"""
        [network]
        num_cells = 1
        clients_per_cell = 3
        cell_load = 0.0
        num_antennas = {num_antennas}
        [learning]
        rounds = 1
        edge_rounds = 1
        [[schemes]]
        name = "air"
        algorithm = "hierarchical_fedavg"
        uplink = {{ kind = "aircomp", transceiver = {transceiver}, beamformer = {beamformer} }}
        """
    )


def transceiver(*arguments, **options):
    [training] = airfed.Experiment.prepare(scenario(*arguments, **options)).trainings
    return training.aggregator.transceiver


@pytest.mark.parametrize(("text", "expected"), BEAMFORMERS.items(), ids=list(BEAMFORMERS))
def test_beamformers_are_those_of_python(text, expected):
    found = transceiver('"channel_inversion"', beamformer=text)
    assert isinstance(found, ReceiveBeamforming)
    assert found.beamformer == expected
    one = scenario('"channel_inversion"', beamformer=text)
    assert airfed.Scenario.from_toml(one.to_toml()) == one


@pytest.mark.parametrize(("text", "expected"), SELECTIONS.items(), ids=list(SELECTIONS))
def test_device_selections_are_those_of_python(text, expected):
    found = transceiver(f'{{ kind = "selective_forcing", selection = {text} }}')
    assert found == SelectiveForcing(max_noise_mse=1.0, selection=expected)


def test_least_error_ends_as_told():
    found = transceiver('{ kind = "least_error", tolerance = 1e-3, max_iterations = 4 }', beamformer='"matched_filters"')
    assert found == LeastError(beamformer=MatchedFilters(), tolerance=1e-3, max_iterations=4)


def test_a_threshold_is_a_value_or_follows_from_participation():
    assert transceiver("{ threshold = 0.25 }", num_antennas=1) == TruncatedInversion(threshold=0.25)
    assert transceiver("{ threshold = 0.25 }").transceiver == TruncatedInversion(threshold=0.25)
    by_participation = transceiver("{ participation = 0.8 }", num_antennas=1)
    assert by_participation.threshold == pytest.approx(np.sqrt(-np.log(0.8)))
    one = scenario("{ threshold = 0.25 }")
    assert airfed.Scenario.from_toml(one.to_toml()) == one
    with pytest.raises(airfed.ScenarioError, match=r"transceiver.threshold: got 0.25 with participation = 0.5; allowed is one"):
        scenario("{ threshold = 0.25, participation = 0.5 }")


def test_a_higher_threshold_silences_more_clients():
    shares = []
    for threshold in (0.1, 1.0):
        one = scenario(f"{{ threshold = {threshold} }}", num_antennas=1)
        [history] = airfed.run(one, progress=False).histories
        network = one.network.build(Streams(seed=0))
        fading = network.draw(1, rng=Streams(seed=0).rng(Stream.FADING, 0)).cells[0].fading
        assert history.records[1].cost.participation == pytest.approx((abs(fading) >= threshold).mean())
        shares.append(history.records[1].cost.participation)
    assert shares[0] > shares[1]
