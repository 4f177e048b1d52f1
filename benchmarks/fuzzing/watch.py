"""One input at a time, watched: how it ends, how long it takes, what it leaves behind."""

from __future__ import annotations

import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fuzzing.target import Target

MAX_SECONDS = 5.0
"""Of the processor."""
MAX_WAIT_S = 60.0
"""In all: what waits takes none of the processor, and a busy machine may be slow."""
MAX_MESSAGE = 2500
"""Characters of an error: all keys of a table may be listed, but not a file repeated."""
ROOT = Path(__file__).parents[2]


class TooSlow(BaseException):
    """Nobody should wait so long to hear that a file is wrong."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of one input.

    Attributes:
        seconds: of the processor that it took.
        refused: whether the reader said what is wrong with it; else it took it.
        fault: what the reader did that it must not, and where; empty if nothing.
    """

    seconds: float
    refused: bool
    fault: str = ""


def watched(target: Target, data: bytes, folder: Path) -> Trial:
    """Has the reader read an input; it may take it, or refuse it with a documented error of one short line."""
    refused, fault = False, ""
    start = time.process_time()
    try:
        with time_limit(), warnings.catch_warnings():
            warnings.simplefilter("error")
            target.read(data, folder)
    except target.refusals as error:
        refused, message = True, str(error)
        if len(message) > MAX_MESSAGE or len(message.splitlines()) != 1:
            fault = f"message of {len(message)} characters in {len(message.splitlines())} lines: {message[:80]!r}"
    except (Exception, TooSlow) as error:
        fault = f"{type(error).__name__} at {_place(error)}: {str(error)[:160]}"
    return Trial(seconds=time.process_time() - start, refused=refused, fault=fault)


@contextmanager
def time_limit() -> Iterator[None]:
    """Within it a TooSlow is raised once it takes too long."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {MAX_SECONDS:g} s of the processor, or {MAX_WAIT_S:g} s in all")

    clocks = ((signal.SIGPROF, signal.ITIMER_PROF, MAX_SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, MAX_WAIT_S))
    before = [signal.signal(number, stop) for number, _, _ in clocks]
    for _, clock, seconds in clocks:
        signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        for (number, clock, _), handler in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0.0)
            signal.signal(number, handler)


def limit_memory(num_bytes: int) -> None:
    """From here on the process gets so much more address space, and then a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + num_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _place(error: BaseException) -> str:
    """The innermost place of ours that the error passed, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)]
    places = dict.fromkeys(f"{Path(frame.filename).name}:{frame.lineno}" for frame in (ours[-1:] + frames[-1:]))
    return " < ".join(places)
