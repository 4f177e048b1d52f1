"""Points computed by a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import islice

from airfed.sweeps.backends.backend import CANNOT, BackendError, Found, Item, check_answers, last_line
from fl_models.local.workers import available_processors

MOST_PENDING = 2000
"""Points handed to the cluster at once: Ray looks through all of them each time that one is done."""


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """The processors of a Ray cluster, whose nodes need airfed. Nodes may come and go; a lost point is tried again.

    Attributes:
        address: as `ray.init` takes it, such as 10.0.0.1:6379, ray://10.0.0.1:10001 or auto; if none, the cluster that is
            connected already, or else one on this machine for as long as it is needed.
    """

    address: str | None = None

    def run(self, task: Callable[[Item], Found], items: Sequence[Item]) -> Generator[Found]:
        """As `Backend.run`."""
        try:
            import ray
        except ImportError:
            raise BackendError("Ray is not installed: pip install -e '.[ray]'") from None
        connected = ray.is_initialized()
        if connected and self.address is not None:
            raise BackendError(f"address: got {self.address} while Ray is connected; leave it out, or ray.shutdown() first")
        if not connected:
            self._connect()
        try:
            remote = ray.remote(num_cpus=1)(task)
            waiting = iter(items)
            pending = [remote.remote(item) for item in islice(waiting, MOST_PENDING)]
            try:
                while pending:
                    done, pending = ray.wait(pending)
                    pending += [remote.remote(item) for item in islice(waiting, len(done))]
                    yield from ray.get(done)
            except ray.exceptions.RayError as error:
                raise BackendError(f"Ray workers {CANNOT}: {last_line(error)}") from error
            finally:
                for unfinished in pending:
                    ray.cancel(unfinished)
        finally:
            if not connected:
                ray.shutdown()

    def _connect(self) -> None:
        import ray

        if self.address not in (None, "auto"):
            check_answers(self.address, example="10.0.0.1:6379")
        here = {"num_cpus": available_processors(), "include_dashboard": False}
        try:
            ray.init(self.address or "local", log_to_driver=False, **({} if self.address else here))
        except Exception as error:  # Ray raises nothing more special where a cluster does not start
            refused = f"address: {self.address} is no Ray cluster, or one that wants a token (RAY_AUTH_MODE, RAY_AUTH_TOKEN)"
            raise BackendError(f"{refused if self.address else 'Ray does not start here'}: {error}") from error
