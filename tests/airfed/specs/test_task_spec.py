"""The attack and the tuning of a scenario, and what each refuses."""

import numpy as np
import pytest

import airfed
from airfed.specs.victim import trained_centrally
from fl_models import BlackBoxAttack, Dataset, HyperParameters, SoftmaxRegression, Streams

AT_RANDOM = {"learning.split": 'kind = "one_level"'}
ATTACK = AT_RANDOM | {
    "network": "num_cells = 1\nclients_per_cell = 10\ncell_load = 0.0",
    "learning": "rounds = 8\nedge_rounds = 1\nlocal_steps = 10\nbatch_size = 10\nstep_size = 0.1",
    "learning.task": 'kind = "black_box_attack"\nvictim_steps = 500',
    "learning.model": "hidden = 32",
}
TUNING = AT_RANDOM | {
    "learning": "rounds = 4\nedge_rounds = 1\nlocal_steps = 5\nbatch_size = 60\nstep_size = 0.1",
    "learning.task": 'kind = "tuning"\ninner_steps = 5\nlog_step_size = [-2.0, 0.5]\nvalidation_share = 0.4',
    "learning.model": 'kind = "softmax_regression"',
}
FEDZO = 'algorithm = { kind = "fedzo", directions = 5 }\nuplink = { kind = "ofdma" }'


@pytest.fixture(scope="module")
def attack(tiny):
    return airfed.Experiment.prepare(tiny(ATTACK, FEDZO))


def test_the_victim_of_an_attack_is_trained_on_the_data(attack):
    task = attack.task
    assert isinstance(task.model, BlackBoxAttack)
    assert (task.model.target, task.model.distortion_price, task.model.margin) == (4, 0.1, 0.01)
    images = task.test.x + np.float32(0.5)
    seen = task.model.victim.logits(task.model.victim_parameters, images).argmax(axis=-1)
    assert (seen == 4).all()  # only images that it gets right are attacked, which are most
    assert len(task.test) > 25


def test_an_attack_succeeds(attack):
    *_, last = attack.trainings[0].rounds(attack.scenario.learning.rounds)
    first = next(iter(attack.trainings[0].rounds(1)))
    assert first.test_accuracy == 0.0
    assert last.test_accuracy > 0.5
    assert last.test_loss < first.test_loss / 3


def test_accuracy_is_called_what_it_is(attack, tiny):
    history = attack.trainings[0].history("FedZO", num_rounds=0)
    assert history.accuracy_label == attack.scenario.learning.task.accuracy_label == "share of test images hidden"
    tuning = airfed.Experiment.prepare(tiny(TUNING, FEDZO))
    assert tuning.task.accuracy_label == tuning.scenario.learning.task.accuracy_label == "test accuracy"


@pytest.mark.parametrize("kind", ["seed_shared_fedzo", "dzopa", "zone_s"])
def test_rivals_attack_too(tiny, kind):
    [history] = airfed.run(tiny(ATTACK, FEDZO.replace("fedzo", kind)), progress=False).histories
    assert history.records[-1].test_loss < history.records[0].test_loss


def test_images_are_split_as_the_scenario_says(tiny):
    tables = ATTACK | {
        "network": "num_cells = 2\nclients_per_cell = 4\ncell_load = 0.0",
        "learning.split": 'kind = "one_level"\nsizes = { kind = "fixed", samples = 7 }',
    }
    task = airfed.Experiment.prepare(tiny(tables, FEDZO)).task
    assert [len(part) for part in task.client_samples] == [7] * 8
    assert task.serving_cell.tolist() == [0] * 4 + [1] * 4
    assert set(task.train.labels) == {4}


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        ("[32]", "train: got 0 images of class 4 that the victim gets right"),  # its neurons die
        ("[32, 32, 32]", "learning.task.victim_step_size: got 1000, with which training diverges"),
    ],
)
def test_a_victim_that_learns_nothing_is_told(tiny, hidden, message):
    tables = {
        "learning.task": 'kind = "black_box_attack"\nvictim_steps = 20\nvictim_step_size = 1000.0',
        "learning.model": f"hidden = {hidden}",
    }
    with pytest.raises(airfed.ScenarioError, match=message):
        airfed.Experiment.prepare(tiny(ATTACK | tables, FEDZO))


def test_central_training_takes_as_many_steps_as_asked_for():
    """One sample makes gradient descent of it, which a loop can do, too; 250 steps are three rounds."""
    data = Dataset(x=np.array([[1.0, -2.0]], dtype=np.float32), labels=np.array([1]))
    model = SoftmaxRegression(num_inputs=2, num_classes=3)
    got = trained_centrally(model, data, steps=250, batch_size=1, step_size=0.1, streams=Streams(seed=0))
    expected = np.zeros((1, model.num_parameters))
    for _ in range(250):
        expected -= 0.1 * model.loss_and_gradient(expected, data.x[None].astype(float), data.labels[None])[1]
    np.testing.assert_allclose(got, expected[0], rtol=1e-4)


def test_tuning_is_of_the_softmax_regression(tiny):
    experiment = airfed.Experiment.prepare(tiny(TUNING, FEDZO))
    assert experiment.task.model == HyperParameters(
        num_inputs=64, num_classes=10, inner_steps=5, log_step_size=(-2.0, 0.5), log_decay=(-4.0, 0.0)
    )
    marked = experiment.task.train.x[:, -1]
    for part in experiment.task.client_samples:
        assert np.mean(marked[part]) == pytest.approx(0.4, abs=0.01)
    records = list(experiment.trainings[0].rounds(4))
    assert records[-1].test_loss < records[0].test_loss


BAD = [
    (
        ATTACK,
        'algorithm = { kind = "mtgc" }\nuplink = { kind = "ofdma" }',
        "schemes.0.algorithm.kind: got 'mtgc' with learning.task of kind 'black_box_attack', which has function values alone; "
        "allowed is 'fedzo'",
    ),
    (
        ATTACK | {"learning.task": 'kind = "black_box_attack"\ntarget = 10'},
        FEDZO,
        "learning.task.target: got 10; allowed is 0 to 9, the classes of learning.data",
    ),
    (
        ATTACK | {"learning.data": 'kind = "gaussian_classes"'},
        FEDZO,
        "learning.task.kind: got 'black_box_attack' with learning.data of samples that are no images; allowed are images",
    ),
    (
        TUNING | {"learning.model": "hidden = 3"},
        FEDZO,
        "learning.model.kind: got 'mlp' with learning.task of kind 'tuning'; allowed is 'softmax_regression'",
    ),
    (
        TUNING | {"learning.data": 'kind = "synthetic_iid"', "learning.split": 'kind = "given"'},
        FEDZO,
        "learning.data.kind: got 'synthetic_iid' with learning.task of kind 'tuning', which deals samples out by itself",
    ),
    (
        TUNING | {"learning.split": 'kind = "two_level"'},
        FEDZO,
        "learning.split.kind: got 'two_level' with learning.task of kind 'tuning'; allowed is 'one_level', with over_clients "
        "of kind 'iid' and sizes of kind 'as_they_fall'",
    ),
    (
        TUNING | {"learning.split": 'kind = "one_level"\nsizes = { kind = "equal" }'},
        FEDZO,
        "learning.split.sizes.kind: got 'equal' with learning.task of kind 'tuning'; allowed is 'as_they_fall'",
    ),
    (
        TUNING | {"learning.task": 'kind = "tuning"\nlog_decay = [0.0, -1.0]'},
        FEDZO,
        "learning.task.log_decay: got [0, -1]; allowed is a list of two numbers from -20 to 20, the first below the second",
    ),
]


@pytest.mark.parametrize(("tables", "scheme", "message"), BAD, ids=[message[:40] for *_, message in BAD])
def test_what_cannot_be_done_is_told_when_the_scenario_is_read(tiny, tables, scheme, message):
    with pytest.raises(airfed.ScenarioError) as caught:
        tiny(tables, scheme)
    assert message in str(caught.value)
