"""Threads that groups of clients are trained on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from channels.arrays import check_count

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Runs independent tasks on threads, each with the linear algebra of one thread.

    That is faster than the threads of the linear algebra itself, whose matrices are small here, and makes results the same to
    the bit whatever the number of threads, which decides when a task runs and not what it does.

    Attributes:
        num_threads: at most so many at once; as many as there are processors by default.

    >>> Workers(num_threads=2).map(abs, [-1, -2, 3])
    [1, 2, 3]
    """

    num_threads: int | None = None

    def __post_init__(self) -> None:
        if self.num_threads is not None:
            check_count("num_threads", self.num_threads)

    def map(self, task: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Results in the order of the items."""
        work = list(items)
        threads = min(len(work), self.num_threads or available_processors())
        with single_threaded_algebra():
            if threads <= 1:
                return [task(item) for item in work]
            return list(_pool(threads).map(task, work))


def available_processors() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def single_threaded_algebra() -> Iterator[None]:
    """Within it matrix products run on the calling thread alone."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Threads are kept: a training run asks for them every few milliseconds."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="clients")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
