"""Models, data, splits and schedules that a scenario can name: what they become."""

import struct

import numpy as np
import pytest

import airfed
from fl_models import (
    CNN,
    IID,
    MLP,
    Convolution,
    CosineDecay,
    Dataset,
    Dirichlet,
    Everybody,
    ExponentialDecay,
    InverseDecay,
    Shards,
    SoftmaxRegression,
    Stream,
    Streams,
    UniformCount,
    UniformShare,
    cifar_cnn,
    digits,
    lenet5,
    two_level_split,
)

IMAGES = 'kind = "synthetic_images"\nnum_samples = 300\nimage_shape = {}\nnum_classes = 4'
GIVEN = {"learning.split": 'kind = "given"'}
HIST = 'algorithm = { kind = "hist" }\nuplink = { kind = "ofdma" }'
FEDAVG = 'algorithm = { kind = "hierarchical_fedavg" }\nuplink = { kind = "ofdma" }'


def prepared(scenario):
    return airfed.Experiment.prepare(scenario)


def runs(scenario):
    """That losses stay finite and something is learnt."""
    for history in airfed.run(scenario, progress=False).histories:
        losses = [record.test_loss for record in history.records]
        assert np.isfinite(losses).all()
        assert losses[-1] != losses[0]


MODELS = [
    ("hidden = 12", MLP(num_inputs=64, num_hidden=12, num_classes=10)),
    ("hidden = [16, 8]\ndropout = 0.25", MLP(num_inputs=64, num_hidden=(16, 8), num_classes=10, dropout=0.25)),
    ('kind = "softmax_regression"', SoftmaxRegression(num_inputs=64, num_classes=10)),
    (
        'kind = "cnn"\nconvolutions = [{ channels = 3, kernel = 3, padding = 1 }, { channels = 4, kernel = 2, pool = 1 }]\n'
        "hidden = [9, 7]\ndropout = 0.1",
        CNN(
            image_shape=(1, 8, 8),
            convolutions=(Convolution(channels=3, kernel=3, padding=1), Convolution(channels=4, kernel=2, pool=1)),
            hidden=(9, 7),
            num_classes=10,
            dropout=0.1,
        ),
    ),
]


@pytest.mark.parametrize(("text", "model"), MODELS, ids=[text[:20] for text, _ in MODELS])
def test_models_are_those_of_python_and_run(tiny, text, model):
    scenario = tiny({"learning.model": text}, *([FEDAVG] if "softmax" in text else [FEDAVG, HIST]))
    assert prepared(scenario).task.model == model
    runs(scenario)


@pytest.mark.parametrize(
    ("image_shape", "text", "model"),
    [
        (
            (1, 28, 28),
            'kind = "lenet5"\nhidden = [12, 10]\ndropout = 0.3',
            lenet5(num_classes=4, hidden=(12, 10), dropout=0.3),
        ),
        ((3, 16, 16), 'kind = "cifar_cnn"\nhidden = [12]', cifar_cnn(image_shape=(3, 16, 16), num_classes=4, hidden=(12,))),
    ],
)
def test_published_networks_run_on_images(tiny, image_shape, text, model):
    scenario = tiny({"learning.data": IMAGES.format(list(image_shape)), "learning.model": text}, HIST)
    assert prepared(scenario).task.model == model
    runs(scenario)


@pytest.mark.parametrize("kind", ["synthetic_federated", "synthetic_iid"])
def test_clients_bring_their_own_samples(tiny, kind):
    """Of 20 samples each, 4 are kept for testing."""
    scenario = tiny({"learning.data": f'kind = "{kind}"\nclient_sizes = 20\nnum_inputs = 9\nnum_classes = 3'} | GIVEN)
    task = prepared(scenario).task
    assert [len(part) for part in task.client_samples] == [16] * 8
    assert sorted(np.concatenate(task.client_samples)) == list(range(len(task.train)))
    assert (len(task.test), task.train.x.shape) == (32, (128, 9))
    runs(scenario)


def test_published_sizes_have_a_long_tail(tiny):
    task = prepared(tiny({"learning.data": 'kind = "synthetic_federated"\nalpha = 0.0\nbeta = 0.0'} | GIVEN)).task
    sizes = [len(part) for part in task.client_samples]
    assert min(sizes) >= 40
    assert max(sizes) > 2 * min(sizes)


def test_made_up_classes_can_be_learnt(tiny):
    """At a separation of 8 a linear model tells them apart."""
    learning = "rounds = 5\nedge_rounds = 5\nlocal_steps = 10\nstep_size = 0.1"
    data = (
        'kind = "gaussian_classes"\nnum_samples = 500\nnum_classes = 3\nnum_inputs = 5\nseparation = 8.0\ntest_fraction = 0.4'
    )
    scenario = tiny({"learning": learning, "learning.data": data, "learning.model": 'kind = "softmax_regression"'})
    task = prepared(scenario).task
    assert np.bincount(task.test.labels).tolist() == [66] * 3  # a share of every class
    assert airfed.run(scenario, progress=False).histories[0].final_accuracy > 0.95


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist"])
def test_files_of_ones_own_are_read(tiny, tmp_path, kind):
    rng = np.random.default_rng(0)
    for name, count in [("train", 200), ("t10k", 50)]:
        pixels, labels = rng.integers(256, size=(count, 28, 28), dtype=np.uint8), np.arange(count, dtype=np.uint8) % 10
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(pixels))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    scenario = tiny({"learning.data": f"kind = '{kind}'\nfolder = '{tmp_path}'", "learning.split": "min_samples = 1"})
    task = prepared(scenario).task
    assert (len(task.train), len(task.test), task.train.image_shape) == (200, 50, (1, 28, 28))
    runs(scenario)


@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist", "cifar10"])
def test_missing_files_are_told_with_the_key(tiny, tmp_path, kind):
    scenario = tiny({"learning.data": f"kind = '{kind}'\nfolder = '{tmp_path}'"})
    with pytest.raises(airfed.ScenarioError, match="cannot be met: learning.data.folder: got .*, which lacks .*; put there"):
        prepared(scenario)


def test_a_set_of_openml_is_asked_for_by_its_name(tiny, tmp_path, monkeypatch):
    rng, asked = np.random.default_rng(0), []

    def answer(name, *, cache_folder):
        asked.append((name, cache_folder))
        labels = np.arange(200) % 10
        return Dataset(x=rng.random((200, 784), dtype=np.float32), labels=labels, image_shape=(1, 28, 28))

    monkeypatch.setattr("airfed.specs.real_data_spec.openml_dataset", answer)
    data = f"kind = 'openml'\nname = 'Fashion-MNIST'\ncache_folder = '{tmp_path}'\ntest_fraction = 0.3"
    task = prepared(tiny({"learning.data": data, "learning.split": "min_samples = 1"})).task
    assert asked == [("Fashion-MNIST", str(tmp_path))]
    assert np.bincount(task.test.labels).tolist() == [6] * 10


SPLITTERS = {
    '{ kind = "iid" }': IID(),
    '{ kind = "dirichlet", concentration = 0.4 }': Dirichlet(concentration=0.4),
    '{ kind = "shards", per_part = 3 }': Shards(per_part=3),
}


@pytest.mark.parametrize(("cells", "over_cells"), SPLITTERS.items(), ids=["iid", "dirichlet", "shards"])
@pytest.mark.parametrize(("clients", "over_clients"), SPLITTERS.items(), ids=["iid", "dirichlet", "shards"])
def test_splits_at_two_levels_are_those_of_python(tiny, cells, over_cells, clients, over_clients):
    scenario = tiny({"learning.split": f"over_cells = {cells}\nover_clients = {clients}\nmin_samples = 5"})
    task = prepared(scenario).task
    rng = Streams(seed=0).rng(Stream.SPLIT)
    train, _ = digits(test_fraction=0.2, rng=rng)
    expected = two_level_split(
        train.labels,
        serving_cell=task.serving_cell,
        over_cells=over_cells,
        over_clients=over_clients,
        min_samples=5,
        rng=rng,
    )
    for part, wanted in zip(task.client_samples, expected, strict=True):
        np.testing.assert_array_equal(part, wanted)


def test_splits_at_one_level_are_over_all_clients(tiny):
    """Eight clients with one shard each hold few classes, whatever their cell."""
    split = 'kind = "one_level"\nover_clients = { kind = "shards", per_part = 1 }'
    task = prepared(tiny({"learning.split": split})).task
    assert all(len(np.unique(task.train.labels[part])) <= 3 for part in task.client_samples)
    assert sum(map(len, task.client_samples)) == len(task.train)


@pytest.mark.parametrize("over_clients", SPLITTERS, ids=["iid", "dirichlet", "shards"])
@pytest.mark.parametrize(
    ("sizes", "holds"),
    [
        ('kind = "fixed", samples = 40', lambda sizes: set(sizes) == {40}),
        ('kind = "equal"', lambda sizes: set(sizes) == {179}),
        ('kind = "lognormal", sigma = 1.0', lambda sizes: sum(sizes) == 1437 and max(sizes) > 2 * min(sizes)),
        ('kind = "power_law", exponent = 1.0', lambda sizes: sum(sizes) == 1437 and max(sizes) > 5 * min(sizes)),
        (
            'kind = "proportional", weights = [1, 2, 3, 4]',
            lambda sizes: sizes[:4] == pytest.approx([71.85, 143.7, 215.55, 287.4], abs=1) and sum(sizes) == 1437,
        ),
    ],
    ids=["fixed", "equal", "lognormal", "power_law", "proportional"],
)
def test_sizes_are_as_wanted(tiny, over_clients, sizes, holds):
    for level in ("one_level", "two_level"):
        split = f'kind = "{level}"\nsizes = {{ {sizes} }}\nover_clients = {over_clients}'
        learning = tiny({"learning.split": split}).learning
        labels = np.arange(1437) % 10
        parts = learning.split.split(labels, serving_cell=np.repeat([0, 1], 4), rng=np.random.default_rng(0))
        assert holds([len(part) for part in parts])


def test_schedules_are_those_of_python(tiny):
    decays = {
        'kind = "constant"': 0.1,
        'kind = "inverse"\nhalf_life_rounds = 7.0': InverseDecay(initial=0.1, half_life_rounds=7.0),
        'kind = "exponential"\nrate = 0.5\nevery_rounds = 3': ExponentialDecay(initial=0.1, rate=0.5, every_rounds=3),
        'kind = "cosine"\nnum_rounds = 9': CosineDecay(initial=0.1, num_rounds=9),
    }
    for text, step_size in decays.items():
        learning = "step_size = 0.1\nweight_decay = 0.01\nrounds = 2\nedge_rounds = 3"
        scenario = tiny({"learning": learning, "learning.step_size_decay": text})
        schedule = scenario.learning.schedule
        assert schedule.step_size == step_size
        assert (schedule.weight_decay, schedule.edge_rounds) == (0.01, 3)
        assert prepared(scenario).trainings[0].algorithm.schedule.step_size_at(4) == schedule.step_size_at(4)


def test_some_clients_take_part(tiny):
    selections = {
        'kind = "everybody"': (Everybody(), 1.0),
        'kind = "uniform_count"\nnum_clients = 1': (UniformCount(num_clients=1), 0.25),
        'kind = "uniform_share"\nshare = 0.5': (UniformShare(share=0.5), 0.5),
    }
    for text, (selection, share) in selections.items():
        [training] = prepared(tiny({"learning.selection": text})).trainings
        assert training.selection == selection
        *_, last = training.rounds(1)
        assert last.cost.participation == share


def test_keys_of_earlier_files_go_on_working():
    earlier = airfed.Scenario.from_toml(
        "[learning]\ntest_fraction = 0.3\nmin_samples = 2\ncell_concentration = 0.7\nclient_concentration = 0.8"
    )
    now = airfed.Scenario.from_toml(
        "[learning.data]\ntest_fraction = 0.3\n[learning.split]\nmin_samples = 2\n"
        "over_cells = { concentration = 0.7 }\nover_clients = { concentration = 0.8 }"
    )
    assert earlier == now
    with pytest.raises(airfed.ScenarioError) as caught:
        airfed.Scenario.from_toml("[learning]\nmin_samples = 2\n[learning.split]\nkind = 'one_level'")
    assert "learning.min_samples: got 2 beside a table learning.split; write it there, as learning.split.min_samples" in str(
        caught.value
    )
