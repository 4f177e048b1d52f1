"""What can be asked of the network in a scenario, each once, from the file to seconds."""

import numpy as np
import pytest

import airfed
from fl_models import Streams

SCHEMES = """
[[schemes]]
name = "bits"
algorithm.kind = "{}"
uplink.kind = "ofdma"
uplink.participation = 0.9
"""
OVER_THE_AIR = """
[[schemes]]
name = "air"
algorithm = { kind = "hierarchical_fedavg" }
uplink = { kind = "aircomp" }
"""
LEARNING = "[learning]\nrounds = 2\n[learning.model]\nhidden = 12\n"


def scenario(network, *, algorithm="hist", over_the_air=False, clients=6, seed=0):
    text = f"seed = {seed}\n[network]\nclients_per_cell = {clients}\n{network}\n{LEARNING}{SCHEMES.format(algorithm)}"
    return airfed.Scenario.from_toml(text + (OVER_THE_AIR if over_the_air else ""))


def network(keys, *, seed=0):
    return scenario(keys).network.build(Streams(seed=seed))


def seconds(keys, **options):
    result = airfed.run(scenario(keys, **options), progress=False)
    return [history.records[-1].time_s for history in result.histories]


@pytest.mark.parametrize(
    "keys",
    [
        "wrap_around = true",
        'association = "strongest"',
        'band_sharing = "reuse_1"',
        'band_sharing = "reuse_3"',
        '[network.propagation]\nkind = "umi"\nindoor_share = 0.8\nbuilding = "high"',
        '[network.propagation]\nkind = "uma"\nindoor_share = 1.0\nbs_height_m = 30.0\nextrapolate = true',
        '[network.propagation]\nkind = "rma"\nstreet_width_m = 30.0\nbuilding_height_m = 10.0',
        'cell_radius_m = 40.0\nmin_distance_m = 2.0\n[network.propagation]\nkind = "inh"\nopen_office = false',
        '[network.propagation]\nkind = "free_space"\nbs_height_m = 50.0',
        '[network.propagation]\nkind = "log_distance"\ncorrelation_distance_m = 20.0\nsite_correlation = 0.0',
        '[network.fading]\nkind = "nakagami"\nm = 3.0',
        '[network.fading]\nkind = "tdl"\nprofile = "D"',
        '[network.knowledge]\nkind = "pilots"\nphase_deviation_rad = 0.3\ndelay_s = 1e-3\nspeed_m_per_s = 3.0',
    ],
)
def test_every_key_leads_to_seconds(keys):
    assert all(0.0 < value < np.inf for value in seconds(keys, over_the_air=True, clients=12))


@pytest.mark.parametrize(
    "keys",
    [
        "num_antennas = 4\n[network.fading]\nantenna_correlation = 0.5",
        'num_antennas = 2\nnum_subcarriers = 8\n[network.fading]\nkind = "tdl"\ndelay_spread_s = 3e-7',
    ],
)
def test_several_antennas_and_subcarriers_lead_to_seconds(keys):
    assert all(0.0 < value < np.inf for value in seconds(keys))


@pytest.mark.sionna
@pytest.mark.parametrize("surroundings", ["uma", "umi", "rma"])
def test_any_scenario_switches_to_sionna_with_one_line(surroundings):
    place = f'[network.propagation]\nkind = "{surroundings}"\nindoor_share = 0.3\n'
    for fading in ("rayleigh", "sionna", "sionna_tdl", "sionna_cdl"):
        assert seconds(place + f'[network.fading]\nkind = "{fading}"', algorithm="hierarchical_fedavg")[0] > 0.0


@pytest.mark.sionna
def test_sionna_takes_several_antennas_and_subcarriers():
    keys = 'num_antennas = 2\nnum_subcarriers = 4\n[network.fading]\nkind = "sionna"'
    assert seconds(keys, algorithm="hierarchical_fedavg")[0] > 0.0


def test_keys_reach_the_network():
    built = network('num_antennas = 3\n[network.propagation]\nkind = "umi"\nindoor_share = 1.0')
    assert built.num_antennas == 3
    assert built.layout.indoor.all()
    assert (built.layout.station_height_m == 10.0).all()
    assert len(np.unique(built.layout.client_height_m)) > 3  # on several floors
    assert network('band_sharing = "reuse_3"').bandwidth_hz == pytest.approx(10e6 / 3)
    assert network('band_sharing = "reuse_1"').band_group.tolist() == [0, 0, 0]
    assert network('band_sharing = "reuse_3"').band_group.tolist() == [0, 1, 2]
    knowledge = network('[network.knowledge]\nkind = "pilots"\nspeed_m_per_s = 30.0\nestimator = "least_squares"').knowledge
    assert (knowledge.doppler_hz, knowledge.estimator.value) == (pytest.approx(350.24, abs=0.01), "least_squares")


def test_strongest_association_is_never_weaker():
    own, strongest = (network(f'association = "{kind}"', seed=3) for kind in ("cell", "strongest"))
    assert (strongest.mean_power_gain >= own.mean_power_gain).all()
    assert (strongest.mean_power_gain > own.mean_power_gain).any()


def test_laws_of_the_network():
    """With the same draws: antennas help, interference hurts, walls hurt."""
    (alone,) = seconds("")
    assert seconds("num_antennas = 4")[0] < alone
    assert seconds('band_sharing = "reuse_1"')[0] > alone
    assert seconds("[network.propagation]\nindoor_share = 1.0")[0] > alone


@pytest.mark.parametrize("pilot_snr_db", [-20.0, 0.0, 40.0])
def test_participation_is_as_asked_for_whatever_is_known(pilot_snr_db):
    knowledge = f'[network.knowledge]\nkind = "pilots"\npilot_snr_db = {pilot_snr_db}'
    result = airfed.run(scenario(knowledge, over_the_air=True, clients=12), progress=False)
    for history in result.histories:  # two rounds of five edge rounds with 36 clients
        share = np.mean([record.cost.participation for record in history.records[1:]])
        assert abs(share - 0.9) < 4 * np.sqrt(0.09 / 360)


def test_worse_knowledge_is_not_sooner():
    bad, good = (seconds(f'[network.knowledge]\nkind = "pilots"\npilot_snr_db = {snr}', clients=12)[0] for snr in (-20.0, 60.0))
    assert bad > good


def test_cells_that_nobody_chooses_are_an_error():
    for seed in range(40):
        wanted = scenario('num_cells = 7\ncell_load = 0.0\nassociation = "strongest"', clients=1)
        try:
            wanted.network.build(Streams(seed=seed))
        except ValueError as error:
            assert "is the strongest of no client; allowed is 'cell'" in str(error)  # noqa: PT017
            return
    pytest.fail("some cell should have been without clients")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            'wrap_around = true\nnum_cells = 7\ncell_load = 0.0\nband_sharing = "reuse_3"',
            "band_sharing: got 'reuse_3' with 7 cells that wrap around; allowed with 3",
        ),
        ("num_antennas = 1024\nnum_subcarriers = 4096", "num_antennas: got 1024 with num_subcarriers = 4096, which makes 3.8e"),
        ("wrap_around = true\nnum_cells = 4\ncell_load = 0.0", "wrap_around: got true with num_cells = 4"),
        (
            '[network.fading]\nkind = "sionna"\n[network.propagation]\nkind = "inh"',
            "fading.kind: got 'sionna' with propagation",
        ),
        ("num_antennas = 0", "network.num_antennas: got 0"),
        ('band_sharing = "reuse_7"', "network.band_sharing: got 'reuse_7'"),
        ('[network.propagation]\nkind = "umi"\nindoor_share = 1.5', "network.propagation.indoor_share: got 1.5"),
    ],
)
def test_bad_networks_name_key_value_and_range(keys, message):
    with pytest.raises(airfed.ScenarioError, match=message):
        scenario(keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("[network.propagation]\nbs_height_m = 30.0", "bs_height_m: got 30 .*allowed is 25, .*extrapolate"),
        ("num_subcarriers = 4", "num_subcarriers: got 4 with flat fading"),
        ('[network.propagation]\nkind = "inh"', "3-D distance of distance_2d_m: got"),
    ],
)
def test_networks_that_cannot_be_met_say_why(keys, message):
    with pytest.raises(airfed.ScenarioError, match=message):
        airfed.Experiment.prepare(scenario(keys))


@pytest.mark.parametrize(
    "keys",
    [
        "num_antennas = 2",
        'num_subcarriers = 4\n[network.fading]\nkind = "tdl"',
        'num_antennas = 2\nnum_subcarriers = 4\n[network.fading]\nkind = "tdl"',
        'num_subcarriers = 4\n[network.fading]\nkind = "tdl"\n[network.knowledge]\nkind = "pilots"\ntiming_deviation_s = 1e-8',
    ],
)
def test_over_the_air_with_antennas_and_subcarriers(keys):
    assert all(0.0 < value < np.inf for value in seconds(keys, algorithm="hierarchical_fedavg", over_the_air=True, clients=4))


@pytest.mark.parametrize("keys", ["num_antennas = 3", 'num_subcarriers = 4\n[network.fading]\nkind = "tdl"'])
def test_participation_over_the_air_is_what_was_asked_for(keys):
    """The share of clients and subcarriers that pass the threshold after combining, over draws that did not set it."""
    built = scenario(keys, over_the_air=True, clients=8)
    drawn = built.network.build(Streams(seed=0))
    aggregator, _ = built.schemes[1].uplink.build(drawn, rng=np.random.default_rng(1))
    cells = drawn.draw(200, rng=np.random.default_rng(2)).cells
    active = np.concatenate([aggregator.plan(cell).transceiver.active.ravel() for cell in cells])
    # Subcarriers and clients of a draw are not independent: draws are, 200 of 3 cells; the threshold has an error, too.
    assert abs(active.mean() - 0.9) < 4 * np.sqrt(2 * 0.09 / 600)


def test_timing_offsets_need_subcarriers():
    with pytest.raises(airfed.ScenarioError, match="knowledge.timing_deviation_s: got 1e-08 with num_subcarriers = 1"):
        scenario('[network.knowledge]\nkind = "pilots"\ntiming_deviation_s = 1e-8')
