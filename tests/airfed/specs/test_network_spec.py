"""What can be asked of the network in a scenario, each once, from the file to seconds."""

import numpy as np
import pytest

import airfed
import channels
from airfed.specs.fading_spec import OneRingSpec, TapsSpec
from channels import linear_to_db
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


KINDS = {
    "disc": 'kind = "disc"\nnum_clients = 12\nradius_m = 300.0',
    "poisson": 'kind = "poisson"\nwidth_m = 800.0\nclients_per_km2 = 50.0',
    "hall": 'kind = "hall"\nnum_clients = 12\nstations_along = 2\nstations_across = 1\n[network.propagation]\nkind = "inf"',
    "given_snr": 'kind = "given_snr"\nnum_cells = 2\nclients_per_cell = 6\nmean_snr_db = 5.0',
}


def scenario(network, *, algorithm="hist", over_the_air=False, clients=6, seed=0):
    first = "" if network.startswith("kind") else f"clients_per_cell = {clients}\n"
    text = f"seed = {seed}\n[network]\n{first}{network}\n{LEARNING}{SCHEMES.format(algorithm)}"
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
        "temperature_k = 77.0\nstation_power_dbm = [40.0, 43.0, 46.0]\n[network.backhaul]\nrate_bps = [1e7, 1e8, 1e9]",
        '[network.fading]\nkind = "moving_rayleigh"\nspeed_m_per_s = 0.05',
        *KINDS.values(),
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
        'num_antennas = 4\n[network.fading]\nkind = "one_ring"\nangle_rad = 0.5',
        'num_subcarriers = 4\n[network.fading]\nkind = "taps"\ndelay_s = [0.0, 1e-7]\npower_db = [0.0, -3.0]\nk_factor = 2.0',
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


def test_every_model_of_channels_can_be_asked_for():
    """What `channels` offers as surroundings and as fading, and what is drawn by kinds of their own: `SionnaSystemLevel`."""
    outside = {channels.GivenSNR, channels.DiscretePaths}  # networks of kinds of their own
    offered = {getattr(channels, name) for name in channels.__all__} - outside
    offered = {each for each in offered if isinstance(each, type) and callable(getattr(each, "draw", None))}
    offered -= {channels.Propagation, channels.Fading, channels.FadingProcess, channels.FrequencySelective, channels.Network}
    surroundings = ("uma", "umi", "rma", "inh", "inf", "free_space", "log_distance")
    fading = ("rayleigh", "rician", "nakagami", "tdl", "taps", "one_ring", "moving_rayleigh")
    built = {type(scenario(f'[network.propagation]\nkind = "{kind}"').network.propagation.build()) for kind in surroundings}
    taps = "delay_s = [0.0]\npower_db = [0.0]"
    for kind in fading:
        keys = f'num_antennas = 2\n[network.fading]\nkind = "{kind}"\n{taps if kind == "taps" else ""}'
        built.add(type(network(keys).fading))
    assert built == offered


def test_disc_hall_and_poisson_are_as_in_python():
    disc = network(KINDS["disc"])
    assert (disc.num_cells, disc.num_clients) == (1, 12)
    assert disc.layout.distance_2d_m.max() <= 300.0
    hall = network(KINDS["hall"])
    assert (hall.layout.station_height_m == 8.0).all()
    assert (np.abs(hall.layout.client_xy_m) <= [60.0, 30.0]).all()
    counts = [network(KINDS["poisson"], seed=seed).num_clients for seed in range(20)]
    # Some clients stand nearer than 35 m to one of about 3 stations, and are taken away: 2 in a hundred.
    mean = 32.0 * (1.0 - 3.2 * np.pi * 0.035**2 / 0.64)
    assert abs(np.mean(counts) - mean) < 4 * np.sqrt(mean / 20) + 0.5
    assert all(network(KINDS["poisson"], seed=seed).layout.cell_sizes.min() > 0 for seed in range(20))


def test_given_snr_is_the_networks():
    assert linear_to_db(network(KINDS["given_snr"]).mean_snr) == pytest.approx(np.full(12, 5.0))
    each = 'kind = "given_snr"\nclients_per_cell = 3\nmean_snr_db = [-10.0, -5.0, 0.0]\nbandwidth_hz = 1e6'
    assert linear_to_db(network(each).mean_snr) == pytest.approx([-10.0, -5.0, 0.0])
    worse, better = (seconds(KINDS["given_snr"].replace("5.0", snr))[0] for snr in ("-5.0", "15.0"))
    assert worse > better


FILE = """kind,x_m,y_m,height_m,indoor,cell
station,0,0,30,0,
station,900,0,25,0,
station,400,0,25,0,
client,50,0,1.5,0,0
client,430,20,4.5,1,2
client,60,60,1.5,0,0
"""


def test_csv_brings_places_heights_and_cells(tmp_path):
    (tmp_path / "nodes.csv").write_text(FILE)
    keys = (
        f'kind = "csv"\npath = "{tmp_path}/nodes.csv"\ncell_load = [0.1, 0.2, 0.3]\n[network.propagation]\nextrapolate = true'
    )
    built = network(keys)
    assert built.layout.station_xy_m.tolist() == [[0.0, 0.0], [400.0, 0.0]]  # nobody is served by the second
    assert built.layout.station_height_m.tolist() == [30.0, 25.0]
    assert built.layout.client_height_m.tolist() == [1.5, 4.5, 1.5]
    assert built.layout.indoor.tolist() == [False, True, False]
    assert built.layout.serving_cell.tolist() == [0, 1, 0]
    assert built.load.tolist() == [0.1, 0.3]
    assert network(keys.replace("[network", 'band_sharing = "reuse_1"\n[network', 1)).band_group.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('path = "nowhere.csv"', "network.path: got 'nowhere.csv', which cannot be read: No such file"),
        ('path = "nodes.csv"\ncell_load = [0.1, 0.2]', "network.cell_load: got 2 values for station 2, counted from 0"),
    ],
)
def test_csv_that_does_not_fit_says_why(keys, message, tmp_path, monkeypatch):
    (tmp_path / "nodes.csv").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(airfed.ScenarioError, match=message):
        airfed.Experiment.prepare(scenario(f'kind = "csv"\n{keys}\n[network.propagation]\nextrapolate = true'))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('kind = "csv"', "network.path: missing; needed is the path of a CSV file"),
        (
            'kind = "csv"\npath = "a"\n[network.propagation]\nbs_height_m = 30.0',
            "network.propagation.bs_height_m: got 30 with kind = 'csv'",
        ),
        ('kind = "poisson"\ncell_load = [0.1, 0.2]', "network.cell_load: got 2 values with kind = 'poisson'"),
        ('kind = "poisson"\nclients_per_km2 = 1e6', "network.clients_per_km2: got 1e+06 with width_m = 1000, on average 1e+06"),
        ('kind = "poisson"\nnum_cells = 3', "network.num_cells: unknown key with value 3"),
        (
            'kind = "hall"\nmin_distance_m = 11.0\n[network.propagation]\nkind = "inf"',
            "network.min_distance_m: got 11; allowed is 0 to 10",
        ),
        ('kind = "hall"', "network.min_distance_m: got 1; allowed is at least 10"),
        ('kind = "given_snr"\nmean_snr_db = [1.0, 2.0]', "network.mean_snr_db: got 2 values for 20 clients"),
        ('kind = "given_snr"\nfading = { kind = "sionna" }', "network.fading.kind: got 'sionna'"),
        ('kind = "given_snr"\nnoise_figure_db = 3.0', "network.noise_figure_db: unknown key"),
        ("bandwidth_hz = [1e6, 1e6]", "network.bandwidth_hz: got 2 values for num_cells = 3"),
        ("bandwidth_hz = [1e6, 1e6, 2e6]\nnum_subcarriers = 2", "network.bandwidth_hz: got bands of different widths"),
        ("[network.backhaul]\ndelay_s = [0.1]", "network.backhaul.delay_s: got 1 values for num_cells = 3"),
        (
            '[network.fading]\nkind = "taps"\ndelay_s = [0.0]\npower_db = [0.0, 1.0]',
            "network.fading.power_db: got 2 values for 1",
        ),
        ('kind = "ray_traced_city"\ncity = "florence"', "network.station_xyz_m: got rooftops of Munich with city = 'florence'"),
        ('kind = "ray_traced_city"\nnum_antennas = 2', "network.num_antennas: got 2 with fading.kind = 'ray_traced'"),
    ],
)
def test_kinds_of_networks_say_what_is_wrong(keys, message):
    with pytest.raises(airfed.ScenarioError) as caught:
        scenario(keys)
    assert message in str(caught.value)


def test_spatial_correlation_and_taps_reach_the_fading():
    ring = OneRingSpec(angle_rad=0.3, angular_spread_rad=0.2).build(carrier_hz=3.5e9, num_antennas=3)
    expected = channels.one_ring_correlation(3, angle_rad=0.3, angular_spread_rad=0.2)
    assert ring.correlation == pytest.approx(expected)
    taps = TapsSpec(delay_s=(0.0, 1e-6), power_db=(0.0, -10.0), k_factor=3.0).build(carrier_hz=3.5e9, num_antennas=1)
    assert taps.power == pytest.approx([10 / 11, 1 / 11])
    assert (taps.delay_s.tolist(), taps.k_factor) == ([0.0, 1e-6], 3.0)


@pytest.mark.sionna
def test_a_ray_traced_city_leads_to_seconds():
    keys = 'kind = "ray_traced_city"\nnum_clients = 6\nnum_samples = 10000\nmax_depth = 2\nnum_subcarriers = 2'
    assert all(0.0 < value < np.inf for value in seconds(keys, algorithm="hierarchical_fedavg", over_the_air=True))
    rayleigh = network(keys.replace("num_subcarriers = 2", "num_antennas = 2") + '\n[network.fading]\nkind = "rayleigh"')
    assert isinstance(rayleigh.fading, channels.Rayleigh)


def test_without_the_extra_a_city_says_what_to_install(monkeypatch):
    monkeypatch.setattr("channels.sionna_backend.session.find_spec", lambda name: None)
    with pytest.raises(airfed.ScenarioError, match="Sionna is needed and is not installed.*pip install"):
        airfed.Experiment.prepare(scenario('kind = "ray_traced_city"'))
