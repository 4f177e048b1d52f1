"""The semidefinite solver against CVXPY, its own certificate, closed forms and inputs that break careless solvers."""

import cvxpy as cp
import numpy as np
import pytest

from aircomp.beamforming.beamformer import ForcedChannel
from aircomp.beamforming.hermitian import as_hermitian, as_real
from aircomp.beamforming.interior_point import minimize_semidefinite
from aircomp.beamforming.least_norm import least_norm_point
from aircomp.beamforming.relaxation import low_rank_factor, relax, relaxation_program
from aircomp.beamforming.semidefinite import SemidefiniteProgram
from aircomp.result import Status
from channels import Rayleigh


def draws(num, num_clients, num_antennas, *, spread_db=0.0, seed=0):
    rng = np.random.default_rng(seed)
    channel = Rayleigh().draw((num, num_clients, num_antennas), rng=rng)
    return channel * 10.0 ** rng.uniform(-spread_db / 20.0, 0.0, (num, num_clients, 1))


def penalised(channel, seed=0):
    """A cost as in difference-of-convex programming, and a price of 1 a client that is not served, with or without a limit."""
    rng = np.random.default_rng(seed)
    size = channel.shape[-1]
    u = rng.standard_normal((len(channel), size)) + 1j * rng.standard_normal((len(channel), size))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    return 3.0 * np.eye(size) - 2.0 * u[:, :, None] * u[:, None, :].conj()


def assert_clarabel_agrees(program, answer, index, **of_one):
    one = SemidefiniteProgram(
        rows=program.rows[index],
        level=program.level[index],
        cost=program.cost[index],
        slack_cost=program.slack_cost[index],
        **of_one,
    ).to_cvxpy()
    one.solve(solver=cp.CLARABEL)
    assert one.status == cp.OPTIMAL
    np.testing.assert_allclose(answer.value[index], one.value, rtol=1e-6)


@pytest.mark.parametrize(("num_clients", "num_antennas"), [(2, 1), (2, 4), (3, 2), (5, 3), (10, 4), (30, 2), (40, 4), (20, 8)])
@pytest.mark.parametrize("spread_db", [0.0, 30.0])
def test_clarabel_finds_the_same_relaxation(num_clients, num_antennas, spread_db):
    channel = draws(3, num_clients, num_antennas, spread_db=spread_db)
    channel /= np.linalg.norm(channel, axis=-1).min(axis=-1)[:, None, None]  # Clarabel is not free of units
    program = relaxation_program(channel)
    answer = minimize_semidefinite(program)
    assert answer.status is Status.OPTIMAL
    for index in range(3):
        assert_clarabel_agrees(program, answer, index)
    few = relax(ForcedChannel.of(channel))
    np.testing.assert_allclose(few.bound, answer.bound, rtol=2e-9)


@pytest.mark.parametrize(("num_clients", "num_antennas"), [(4, 2), (10, 4), (20, 3)])
@pytest.mark.parametrize("limited", [False, True])
def test_clarabel_finds_the_same_with_slack_and_a_trace_limit(num_clients, num_antennas, limited):
    channel = draws(3, num_clients, num_antennas)
    limit = {"trace_limit": 0.5 * minimize_semidefinite(relaxation_program(channel)).bound} if limited else {}
    program = SemidefiniteProgram(
        rows=channel,
        level=np.ones(num_clients),
        cost=penalised(channel),
        slack_cost=np.linspace(0.5, 2.0, num_clients),
        **limit,
    )
    answer = minimize_semidefinite(program)
    assert answer.status is Status.OPTIMAL
    for index in range(3):
        assert_clarabel_agrees(program, answer, index, **{name: value[index] for name, value in limit.items()})


@pytest.mark.parametrize("spread_db", [0.0, 60.0, 120.0])
@pytest.mark.parametrize(("num_clients", "num_antennas"), [(3, 4), (12, 3), (30, 4), (8, 8)])
def test_the_bound_is_certified_by_its_prices_and_the_value_by_its_matrix(num_clients, num_antennas, spread_db):
    channel = draws(50, num_clients, num_antennas, spread_db=spread_db)
    channel /= np.linalg.norm(channel, axis=-1).min(axis=-1)[:, None, None]
    answer = minimize_semidefinite(relaxation_program(channel))
    assert answer.status is Status.OPTIMAL
    gap = answer.value - answer.bound
    assert (gap >= 0.0).all()
    assert (gap <= 1e-9 * answer.bound).all()
    received = np.einsum("bki,bij,bkj->bk", channel.conj(), answer.matrix, channel).real
    assert (received >= 1.0 - 1e-12).all()
    assert (np.linalg.eigvalsh(answer.matrix)[:, 0] >= 0.0).all()
    np.testing.assert_allclose(np.trace(answer.matrix, axis1=1, axis2=2).real, answer.value, rtol=1e-12)
    covered = np.einsum("bk,bki,bkj->bij", answer.price, channel, channel.conj())
    assert (answer.price >= 0.0).all()
    assert (np.linalg.eigvalsh(covered)[:, -1] <= 1.0 + 1e-12).all()
    np.testing.assert_allclose(answer.price.sum(axis=-1), answer.bound, rtol=1e-12)


def alike(kind):
    base = draws(20, 6, 4)
    return {
        "repeated": np.concatenate([base, base, base], axis=1),
        "turned": base[:, :1] * np.exp(1j * np.arange(20))[None, :, None],
        "collinear": base[:, :1] * np.linspace(1.0, 1e3, 20)[None, :, None],
        "in a plane": draws(20, 20, 2) @ draws(1, 2, 4)[0],
        "orthogonal": np.broadcast_to(np.eye(4, dtype=complex), (2, 4, 4)),
        "Fourier": np.broadcast_to(np.exp(-2j * np.pi * np.outer(np.arange(16), np.arange(4)) / 16), (2, 16, 4)),
        "tiny": 1e-9 * base,
        "huge": 1e12 * base,
    }[kind]


@pytest.mark.parametrize("kind", ["repeated", "turned", "collinear", "in a plane", "orthogonal", "Fourier", "tiny", "huge"])
def test_clients_that_are_alike_or_out_of_scale_are_solved_too(kind):
    answer = minimize_semidefinite(relaxation_program(alike(kind)))
    assert answer.status is Status.OPTIMAL
    assert (answer.value <= answer.bound * (1.0 + 1e-9)).all()


def test_clients_alike_to_rounding_are_enclosed_and_called_inaccurate_if_need_be():
    base = draws(20, 1, 4)
    answer = minimize_semidefinite(relaxation_program(base + 1e-7 * draws(20, 20, 4, seed=1)))
    assert (answer.value >= answer.bound).all()
    accurate = answer.value <= answer.bound * (1.0 + 1e-9)
    assert (answer.status is Status.OPTIMAL) == accurate.all()
    np.testing.assert_allclose(answer.value, answer.bound, rtol=1e-5)


def test_too_few_steps_are_inaccurate_and_enclose_the_optimum():
    program = relaxation_program(draws(10, 8, 3))
    best, early = minimize_semidefinite(program), minimize_semidefinite(program, max_iterations=4)
    assert early.status is Status.INACCURATE
    assert early.iterations == 4
    assert (early.bound < best.value).all()
    assert (early.value > best.bound).all()


def test_orthogonal_clients_have_a_closed_form():
    norm = np.array([1.0, 2.0, 0.5])
    answer = minimize_semidefinite(relaxation_program(np.diag(norm).astype(complex)))
    np.testing.assert_allclose(answer.value, np.sum(norm**-2.0), rtol=1e-9)
    np.testing.assert_allclose(answer.price, norm**-2.0, rtol=1e-6)


def test_prices_are_what_the_value_grows_by():
    channel = draws(1, 5, 3)[0]
    program = {"rows": channel, "cost": np.eye(3, dtype=complex)}
    middle = minimize_semidefinite(SemidefiniteProgram(level=np.ones(5), **program))
    client, step = int(np.argmax(middle.price)), 1e-3
    up, down = (
        minimize_semidefinite(SemidefiniteProgram(level=1.0 + sign * step * (np.arange(5) == client), **program)).value
        for sign in (1.0, -1.0)
    )
    np.testing.assert_allclose((up - down) / (2.0 * step), middle.price[client], rtol=1e-4)


@pytest.mark.parametrize(("num_clients", "num_antennas"), [(1, 4), (2, 3), (3, 6), (8, 6), (5, 5)])
def test_the_rank_falls_to_the_root_of_the_number_of_clients(num_clients, num_antennas):
    """From any M: the received powers stay, and the trace does not grow."""
    channel = draws(30, num_clients, num_antennas)
    root = draws(30, num_antennas, num_antennas, seed=1)
    matrix = root @ np.swapaxes(root.conj(), -1, -2)
    factor = low_rank_factor(matrix, channel)
    assert factor.shape[-1] ** 2 <= num_clients
    reduced = factor @ np.swapaxes(factor.conj(), -1, -2)
    powers = [np.einsum("bki,bij,bkj->bk", channel.conj(), m, channel).real for m in (matrix, reduced)]
    np.testing.assert_allclose(powers[1], powers[0], rtol=1e-9)
    traces = [np.trace(m, axis1=1, axis2=2).real for m in (matrix, reduced)]
    assert (traces[1] <= traces[0] * (1.0 + 1e-12)).all()


def test_hermitian_matrices_are_real_vectors_of_the_same_products():
    root = draws(2, 5, 5)
    one, other = root + np.swapaxes(root.conj(), -1, -2)
    np.testing.assert_allclose(as_hermitian(as_real(one)), one, rtol=1e-14)
    np.testing.assert_allclose(as_real(one) @ as_real(other), np.trace(one @ other).real)


def test_the_least_norm_in_a_polyhedron_is_that_of_a_quadratic_program():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((10, 12, 5))
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    inner = rng.standard_normal((10, 5))
    level = np.matvec(rows, inner) - rng.uniform(0.1, 0.5, (10, 12))
    level[:, 0] = 1.0  # so that the origin is not the answer
    inner += np.maximum(1.2 - np.vecdot(rows[:, 0], inner), 0.0)[:, None] * rows[:, 0]
    level = np.minimum(level, np.matvec(rows, inner) - 0.1)
    answer = least_norm_point(rows, level, start=inner, tolerance=1e-10)
    square = np.sum(answer.point**2, axis=-1)
    assert (np.matvec(rows, answer.point) > level).all()
    assert (answer.price > 0.0).all()
    np.testing.assert_allclose(answer.bound, square, rtol=1e-9)
    for index in range(10):
        point = cp.Variable(5)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(point)), [rows[index] @ point >= level[index]])
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
        np.testing.assert_allclose(square[index], problem.value, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slack_cost": [1.0, 0.0]}, "slack_cost: got 0"),
        ({"slack_cost": [1.0, 1.0], "trace_limit": 0.0}, "trace_limit: got 0"),
        ({"trace_limit": 1.0}, "slack_cost: got infinity"),
    ],
)
def test_bad_programs_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        SemidefiniteProgram(rows=np.eye(2, dtype=complex), level=np.ones(2), cost=np.eye(2), **arguments)


def test_bad_options_name_the_argument():
    program = relaxation_program(np.eye(2, dtype=complex))
    with pytest.raises(ValueError, match="tolerance: got 1e-13"):
        minimize_semidefinite(program, tolerance=1e-13)
    with pytest.raises(ValueError, match="max_iterations: got 0"):
        minimize_semidefinite(program, max_iterations=0)
    with pytest.raises(ValueError, match="to_cvxpy: got a batch"):
        relaxation_program(draws(2, 3, 2)).to_cvxpy()
