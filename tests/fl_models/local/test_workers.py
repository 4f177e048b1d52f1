"""Threads, and the groups of clients that they train."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from fl_models import Workers
from fl_models.local.group_training import groups
from fl_models.local.workers import single_threaded_algebra


@pytest.mark.parametrize("num_threads", [1, 2, 5, None])
def test_results_are_in_the_order_of_the_items(num_threads):
    assert Workers(num_threads=num_threads).map(lambda item: item**2, range(100)) == [item**2 for item in range(100)]
    assert Workers(num_threads=num_threads).map(abs, []) == []


def test_so_many_tasks_run_at_once():
    """Two that wait for each other."""
    both = threading.Barrier(2, timeout=10.0)
    Workers(num_threads=2).map(lambda _: both.wait(), range(2))


def test_products_within_a_task_take_one_thread():
    def threads(_):
        np.ones((4, 4)) @ np.ones((4, 4))
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    for num_threads in (1, 2):
        for found in Workers(num_threads=num_threads).map(threads, range(4)):
            assert found
            assert set(found) == {1}


def test_what_a_task_raises_is_raised():
    def fail(item):
        raise ArithmeticError(f"item {item}")

    for num_threads in (1, 2):
        with pytest.raises(ArithmeticError, match="item 0"):
            Workers(num_threads=num_threads).map(fail, range(3))


def test_there_is_at_least_one_thread():
    with pytest.raises(ValueError, match="num_threads: got 0; allowed is an integer >= 1"):
        Workers(num_threads=0)


@pytest.mark.parametrize("most", [1, 3, 32])
@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 100])
def test_groups_are_equal_up_to_one_and_even_in_number(count, most):
    made = groups(count, most=most)
    assert [place for group in made for place in range(group.start, group.stop)] == list(range(count))
    sizes = [group.stop - group.start for group in made]
    assert max(sizes, default=0) <= most
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert len(made) % 2 == 0 or len(made) == count


def blas_threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_the_limit_holds_until_the_last_is_done_with_it():
    """Two trainings in threads of one process: the first to end must not lift the limit from the other."""
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))
    seen = []

    def first():
        with single_threaded_algebra():
            first_is_in.set()
            second_is_in.wait(10.0)
        first_is_out.set()

    with threadpool_limits(limits=2):
        before = blas_threads()
        thread = threading.Thread(target=first)
        thread.start()
        first_is_in.wait(10.0)
        with single_threaded_algebra():
            second_is_in.set()
            first_is_out.wait(10.0)
            seen += blas_threads()
            with pytest.raises(ArithmeticError), single_threaded_algebra():
                raise ArithmeticError
            seen += blas_threads()
        thread.join()
        assert blas_threads() == before
        assert 2 in before
    assert set(seen) == {1}
