"""Points computed by a Dask cluster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from airfed.sweeps.backends.backend import ANSWER_S, CANNOT, BackendError, Found, Item, check_answers, last_line
from fl_models.local.workers import available_processors

SENT_AT_ONCE = 1000
RETRIES = 3


@dataclass(frozen=True, kw_only=True)
class DaskCluster:
    """The workers of a Dask cluster, each of which needs airfed. Workers may come and go; a lost point is tried again.

    A process computes one point at a time, so workers need one thread each: `dask worker ADDRESS --nworkers auto --nthreads 1`.

    Attributes:
        address: of the scheduler, such as tcp://10.0.0.1:8786; a cluster on this machine, for as long as it is needed, if none.
    """

    address: str | None = None

    def run(self, task: Callable[[Item], Found], items: Sequence[Item]) -> Generator[Found]:
        """As `Backend.run`."""
        try:
            from distributed import Client, KilledWorker, as_completed
        except ImportError:
            raise BackendError("Dask is not installed: pip install -e '.[dask]'") from None
        if self.address is None:
            here = {"n_workers": available_processors(), "threads_per_worker": 1, "dashboard_address": None}
            client = Client(set_as_default=False, **here)
        else:
            check_answers(self.address, example="tcp://10.0.0.1:8786")
            try:
                client = Client(self.address, timeout=ANSWER_S, set_as_default=False)
            except (OSError, ValueError) as error:
                raise BackendError(f"address: {self.address} does not answer as a Dask scheduler: {error}") from None
        with client:
            threads = max(client.nthreads().values(), default=1)
            if threads > 1:
                warnings.warn(
                    f"Dask workers have up to {threads} threads but compute one point at a time; start them with --nthreads 1",
                    stacklevel=2,
                )
            futures = client.map(task, items, pure=False, retries=RETRIES, batch_size=SENT_AT_ONCE)
            try:
                for _, found in as_completed(futures, loop=client.loop, with_results=True):
                    yield found
            except (KilledWorker, ImportError, RuntimeError) as error:
                raise BackendError(f"Dask workers {CANNOT}: {last_line(error)}") from error
            finally:
                client.cancel(futures)
