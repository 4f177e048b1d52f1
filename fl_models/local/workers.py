"""Threads that groups of clients are trained on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import threadpoolctl

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
    """Within it matrix products run on the calling thread alone.

    The limit is the whole process's: the first thread that needs it sets it, and the last that is done with it lifts it.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


class _Limit:
    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._lift: Callable[[], None] = lambda: None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                _let_any_thread_set_limits()
                self._lift = _controller().limit(limits=1).restore_original_limits
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _let_any_thread_set_limits()
                self._lift()
                _let_any_thread_set_limits()


def _let_any_thread_set_limits() -> None:
    """Newer versions of threadpoolctl ignore, without a word, what any thread sets but the first that did; see there."""
    clear = getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None)
    if clear:
        clear(force=True)


_LIMIT = _Limit()


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Threads are kept: a training run asks for them every few milliseconds."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="clients")


@cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController().select(user_api="blas")
