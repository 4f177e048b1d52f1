"""Points computed by processes on this machine."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from airfed.sweeps.backends.backend import BackendError, Found, Item
from channels.arrays import check_count
from fl_models.local.workers import available_processors

WATCH_S = 0.5
"""How often a worker looks for its parent, which may have been killed."""


@dataclass(frozen=True, kw_only=True)
class ThisMachine:
    """Processes on this machine, one thread each, through joblib.

    Attributes:
        num_processes: how many; as many as there are processors by default.
    """

    num_processes: int | None = None

    def __post_init__(self) -> None:
        if self.num_processes is not None:
            check_count("num_processes", self.num_processes)

    def run(self, task: Callable[[Item], Found], items: Sequence[Item]) -> Generator[Found]:
        """As `Backend.run`."""
        number = min(self.num_processes or available_processors(), len(items))
        if number <= 1:
            yield from map(task, items)
            return
        with parallel_config("loky", inner_max_num_threads=1, initializer=_depend_on, initargs=(os.getpid(),)):
            parallel = Parallel(n_jobs=number, batch_size=1, return_as="generator_unordered")
            found = parallel(delayed(task)(item) for item in items)
        try:
            with warnings.catch_warnings(), closing(found):
                warnings.filterwarnings("ignore", r"\d+ tasks which were still being processed", UserWarning)  # on Ctrl-C
                yield from found
        except BrokenProcessPool as error:
            raise BackendError(
                f"one of {number} processes ended before its point was done, perhaps for want of memory; try fewer: {error}"
            ) from error


def _depend_on(parent: int) -> None:
    """A worker leaves Ctrl-C, which reaches all processes of a terminal, to its parent, and ends when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(threading.RLock())  # by default it is one of processes, which would be left behind
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)
