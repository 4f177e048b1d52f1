"""Laws of the design of FedZO over the air."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from covered import law_of
from latency_opt import (
    FedZODesignProblem,
    FedZODesignResult,
    InfeasibleProblem,
    certified,
    least_snr,
    minimize_time_to_target,
)
from strategies import decade_arrays, decades, not_positive, refused

SLOW = settings(max_examples=max(4, settings.default.max_examples // 50), phases=[Phase.explicit, Phase.generate])
"""For what calls CVXPY, which would take minutes to find the simplest example of what fails."""
FEWER = settings(max_examples=max(8, settings.default.max_examples // 4))
MORE = 1.0 + 1e-9


@st.composite
def designs(draw, batch=()):
    clients = draw(st.integers(1, 30))
    most = draw(st.integers(1, 8))
    known = {
        "target": draw(decade_arrays(batch, 1e-2, 1.0)),
        "optimisation_error": draw(decades(1e-2, 1e2)),
        "num_parameters": draw(st.integers(1, 1000)),
        "drift_price": draw(st.just(0.0) | decades(1e-3, 1.0)),
        "noise_price": draw(decades(1e-3, 1e2)),
        "step_size": draw(decades(1e-4, 1e-2)),
        "evaluation_s": draw(st.just(0.0) | decades(1e-5, 1e-2)),
        "airtime_s": draw(decades(1e-3, 1.0)),
        "fixed_s": draw(st.just(0.0) | decades(1e-3, 1.0)),
        "num_clients": clients,
        "local_steps": np.arange(1, draw(st.integers(1, 6)) + 1),
        "directions": np.arange(1, most + 1),
        "noise_growth": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "max_threshold": draw(st.floats(0.3, 2.0)),
    }
    room = known["target"].min() - known["drift_price"] * known["step_size"] ** 2
    share = draw(st.floats(0.0, 0.9))
    known["variance_price"] = share * room * clients * most / known["num_parameters"]
    problem = FedZODesignProblem(snr=1.0, **known)
    needed, _ = least_snr(problem)
    return replace(problem, snr=needed * draw(decades(1.01, 1e4)))


def design_seconds(problem, threshold):
    """(G, H, b₂) time to the target with each h_min, by the moments of a binomial."""
    from scipy.stats import binom

    count = np.arange(1, problem.num_clients + 1)
    law = binom.pmf(count, problem.num_clients, np.exp(-(threshold[:, None] ** 2)))
    heard, inverse, square = (law @ (1.0 / count**k) for k in (0.0, 1.0, 2.0))
    noise = np.outer(square / threshold**2, problem.noise)[:, :, None]
    variance = np.outer(inverse, problem.variance)[:, None, :]
    gain = heard[:, None, None] * problem.room[None, :, None] - variance - noise
    rounds = problem.optimisation_error / (problem.path_length[None, :, None] * np.where(gain > 0.0, gain, 1.0))
    return np.where(gain > 0.0, rounds * problem.round_s, np.inf)


@law_of(FedZODesignProblem, FedZODesignResult, minimize_time_to_target)
@FEWER
@given(problem=designs())
def test_no_design_on_a_fine_grid_is_sooner_than_the_best(problem):
    result = certified(minimize_time_to_target(problem))
    best = float(result.training_latency_s)
    grid = np.linspace(1e-3, 1.0, 400) * problem.max_threshold
    assert design_seconds(problem, grid).min() >= best * (1.0 - 1e-8)
    own = design_seconds(problem, np.atleast_1d(result.threshold))[0]
    step = int(np.flatnonzero(problem.local_steps == result.local_steps)[0])
    along = int(np.flatnonzero(problem.directions == result.directions)[0])
    assert np.isclose(own[step, along], best, rtol=1e-8)
    assert result.lower_bound_s <= best * MORE
    assert result.optimality_gap <= 1e-7
    terms = result.optimisation_term + result.variance_term + result.drift_term + result.noise_term
    assert np.isclose(terms, problem.target, rtol=1e-8)
    assert np.isclose(result.participation, np.exp(-(result.threshold**2)))
    assert len(result.explain()) > 5


@law_of(least_snr, minimize_time_to_target)
@FEWER
@given(problem=designs(), part=st.floats(0.01, 0.999))
def test_below_the_least_snr_no_design_meets_the_target(problem, part):
    needed, threshold = least_snr(problem)
    assert 0.0 < threshold <= problem.max_threshold * MORE
    poor = replace(problem, snr=part * needed)
    with pytest.raises(InfeasibleProblem, match=r"^snr: got"):
        minimize_time_to_target(poor)
    grid = np.linspace(1e-3, 1.0, 400) * problem.max_threshold
    assert np.isinf(design_seconds(poor, grid)).all()
    assert np.isclose(least_snr(poor)[0], needed, rtol=1e-9)


@law_of(FedZODesignProblem, minimize_time_to_target, least_snr)
@FEWER
@given(problem=designs(batch=(2,)), factor=st.floats(1.0, 10.0))
def test_designs_come_in_batches_and_gain_by_snr_and_by_a_looser_target(problem, factor):
    result = minimize_time_to_target(problem)
    batched = (
        "snr",
        "target",
        "optimisation_error",
        "num_parameters",
        "variance_price",
        "drift_price",
        "noise_price",
        "step_size",
    )
    batched += ("evaluation_s", "airtime_s", "fixed_s")
    for index in range(2):
        alone = minimize_time_to_target(replace(problem, **{name: getattr(problem, name)[index] for name in batched}))
        assert np.isclose(result.training_latency_s[index], alone.training_latency_s, rtol=1e-8)
    for name in ("snr", "target"):
        better = minimize_time_to_target(replace(problem, **{name: factor * getattr(problem, name)}))
        assert (better.training_latency_s <= result.training_latency_s * (1.0 + 1e-8)).all()
    times = {name: factor * getattr(problem, name) for name in ("evaluation_s", "airtime_s", "fixed_s")}
    slower = minimize_time_to_target(replace(problem, **times))
    np.testing.assert_allclose(slower.training_latency_s, factor * result.training_latency_s, rtol=1e-8)


@law_of(FedZODesignProblem, least_snr)
@given(wrong=not_positive)
def test_designs_name_what_is_wrong_with_them(wrong):
    right = {
        "snr": 1.0,
        "target": 0.05,
        "optimisation_error": 10.0,
        "num_parameters": 100,
        "variance_price": 1e-2,
        "drift_price": 1.0,
        "noise_price": 1.0,
        "step_size": 1e-3,
        "evaluation_s": 1e-3,
        "airtime_s": 0.1,
        "num_clients": 50,
    }
    positive = ("snr", "target", "optimisation_error", "num_parameters", "noise_price", "step_size", "airtime_s", "num_clients")
    for name in (*positive, "max_threshold"):
        with refused(name):
            FedZODesignProblem(**right | {name: wrong})
    if wrong != 0.0:
        for name in ("variance_price", "drift_price", "evaluation_s", "fixed_s", "noise_growth"):
            with refused(name):
                FedZODesignProblem(**right | {name: wrong})
    for name in ("local_steps", "directions"):
        for choices in ([], [2, 1], [0, 1], [1.5]):
            with refused(name):
                FedZODesignProblem(**right, **{name: choices})
    with pytest.raises(InfeasibleProblem, match=r"^target"):
        least_snr(FedZODesignProblem(**right | {"variance_price": 1e3}))
    with refused("to_cvxpy"):
        FedZODesignProblem(**right | {"snr": [1.0, 2.0]}).to_cvxpy(threshold=0.5)


@law_of(FedZODesignProblem)
@SLOW
@given(problem=designs(), share=st.floats(0.8, 1.2))
def test_cvxpys_real_design_is_a_lower_bound(problem, share):
    best = minimize_time_to_target(problem)
    relaxed = problem.to_cvxpy(threshold=float(best.threshold)).solve(gp=True)
    assert relaxed <= best.training_latency_s * (1.0 + 1e-5)
