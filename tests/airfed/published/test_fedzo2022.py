"""FedZO: the noise law, claims that fail when they should, and small runs of the real thing."""

from functools import partial

import joblib
import numpy as np
import pytest

from airfed.published import Request, fedzo2022, fedzo2022_noise
from airfed.published.fedzo2022 import (
    BEST_STEPS,
    CLEAN,
    OWN_STEPS,
    PAPER,
    SWEEPS,
    air_claims,
    attack_claims,
    on_the_air,
    softmax_claims,
    speed,
)
from airfed.published.fedzo2022_attack import (
    DZOPA_NAME,
    FEDZO,
    ZONES_NAME,
    Attack,
    algorithm,
    rivalled,
    swept,
    victim_parameters,
)
from airfed.published.fedzo2022_noise import noise_claim
from airfed.published.fedzo2022_runs import DIRECTIONS, LOCAL_STEPS, PARTICIPATION, SNR_DB, Run, Setting, measured
from airfed.published.image_data import ImageData

SMALL = Setting(data=ImageData(), num_clients=6, rounds=2)
ATTACK = Attack(data=ImageData(), num_clients=6, num_rival_clients=3, rounds=2, victim_steps=300)
FEW = Run(local_steps=2, directions=3)


def rows(level, *, slope=0.0, seed=0):
    """(4, 7) values that rise by `slope` a round from a level, give or take a little."""
    return level + slope * np.arange(7) + 0.01 * np.random.default_rng(seed).standard_normal((4, 7))


def sweep(names, levels):
    return {name: rows(level, seed=place) for place, (name, level) in enumerate(zip(names, levels, strict=True))}


def air(*levels):
    return sweep(("-10 dB", "-5 dB", "0 dB", CLEAN), levels)


def test_the_sweeps_are_the_papers():
    assert (LOCAL_STEPS, PARTICIPATION, DIRECTIONS) == ((5, 10, 20, 50), (0.1, 0.2, 0.5, 1.0), (1, 5, 25, 125))
    assert SNR_DB == (-10.0, -5.0, 0.0)
    assert [len(of) for of in SWEEPS.values()] == [4, 4, 4]
    assert [run.snr_db for run in on_the_air(0.5).values()] == [-10.0, -5.0, 0.0, np.inf]


def test_noise_in_the_mean_is_as_the_transceiver_says():
    assert noise_claim(draws=40, rng=np.random.default_rng(0)).passed


def test_a_wrong_noise_law_is_found_out(monkeypatch):
    """As if inversion divided by |h| rather than its square, as the authors' code does in its noise."""
    real = fedzo2022_noise.noise_over_law
    monkeypatch.setattr(fedzo2022_noise, "noise_over_law", lambda **options: 0.8 * real(**options))
    assert not noise_claim(draws=40, rng=np.random.default_rng(0)).passed


def test_sweeps_must_rise():
    names = ("a", "b", "c", "d")
    up, down, flat = (sweep(names, levels) for levels in ((1, 2, 3, 4), (4, 3, 2, 1), (1, 1, 1, 1)))
    found = {"H": up, "M": down, "b₂": flat, "air": air(70, 75, 80, 80)}
    steps, clients, directions, close, falls = softmax_claims(found)
    assert (steps.passed, clients.passed, directions.passed) == (True, False, False)
    assert (close.passed, falls.passed) == (True, True)


def test_the_air_must_be_close_at_0_db_and_worse_at_less():
    def passed(*levels):
        return [claim.passed for claim in air_claims(air(*levels), task="attack", margin=2.0, unit="points")]

    assert passed(70, 75, 79, 80) == [True, True]
    assert passed(70, 75, 77, 80) == [False, True]
    assert passed(79, 79, 79, 80) == [True, False]
    assert passed(85, 80, 79, 80) == [True, False]


def test_fedzo_must_be_faster_than_each_rival_at_each_step_size():
    losses = {FEDZO: rows(-0.3), DZOPA_NAME: rows(-0.5, seed=1), ZONES_NAME: rows(-0.2, seed=2)}
    names = ("a", "b", "c", "d")
    found = {"H": sweep(names, (-4, -3, -2, -1)), "air": air(-1.0, -0.6, -0.5, -0.5), OWN_STEPS: losses, BEST_STEPS: losses}
    claims = {claim.says: claim.passed for claim in attack_claims(found)}
    assert [passed for says, passed in claims.items() if f"faster than {DZOPA_NAME}" in says] == [True, True]
    assert [passed for says, passed in claims.items() if f"faster than {ZONES_NAME}" in says] == [False, False]


def test_speed_leaves_out_the_common_start():
    assert speed(np.array([[100.0, 1.0, 3.0]])).tolist() == [2.0]


def test_noise_is_for_the_same_clients():
    """At a very high SNR the air is as good as no noise, and both differ from all clients sending."""
    clean, quiet, loud = (
        measured(SMALL, Run(local_steps=2, directions=3, participation=1.0, snr_db=snr_db), 1)
        for snr_db in (np.inf, 90.0, -30.0)
    )
    np.testing.assert_allclose(quiet[1], clean[1], rtol=1e-3)
    assert np.abs(loud[1] - clean[1]).max() > 0.01
    everybody = measured(SMALL, Run(local_steps=2, directions=3, participation=1.0), 1)
    assert not np.allclose(everybody[1], clean[1], rtol=1e-6)


def test_runs_repeat_from_their_seed():
    one, two, other = (measured(SMALL, FEW, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_attack_lowers_its_objective():
    _, loss = swept(ATTACK, Run(local_steps=5, directions=10, participation=1.0), 0)
    assert loss[-1] < loss[0]
    assert np.isfinite(victim_parameters(ATTACK.data, ATTACK.victim_steps)).all()


@pytest.mark.parametrize("name", [FEDZO, DZOPA_NAME, ZONES_NAME])
def test_rivals_begin_alike_and_are_what_they_say(name):
    _, loss = rivalled(ATTACK, name, 0.1, 0)
    _, other = rivalled(ATTACK, FEDZO, 0.1, 0)
    assert loss[0] == other[0]
    assert (loss[-1] == other[-1]) == (name == FEDZO)
    assert type(algorithm(name, ATTACK, FEW, 0.1)).__name__ == {FEDZO: "FedZO", DZOPA_NAME: "DZOPA", ZONES_NAME: "ZONES"}[name]


def test_the_whole_reproduction_in_small(monkeypatch):
    few = {name: dict(list(of.items())[:2]) for name, of in SWEEPS.items()}
    monkeypatch.setattr(fedzo2022, "SWEEPS", few)
    monkeypatch.setattr(fedzo2022, "Setting", partial(Setting, num_clients=6))
    monkeypatch.setattr(fedzo2022, "Attack", partial(Attack, num_clients=6, num_rival_clients=3, victim_steps=300))
    monkeypatch.setattr(fedzo2022, "noise_claim", lambda **options: noise_claim(draws=20, rng=options["rng"]))
    with joblib.parallel_config(backend="sequential"):
        found = PAPER.reproduce(Request(quick=True, seeds=2))
    assert "digits of scikit-learn" in found.report()
    assert len(found.claims) == 1 + 5 + 7
    assert len(found.panels) == 6
