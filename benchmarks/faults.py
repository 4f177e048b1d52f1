"""Faults injected into real runs: killed, out of disk, damaged; gone on with, do they end with the same bytes?

    python benchmarks/faults.py --faults 300

Every command is a process of its own, forked from one that has imported airfed. A run is hit by one fault after the other until
it is complete; then its history and summary are compared with those of a run that nothing hit. As root, faults that need a
file system of their own are injected too: a full disk and a folder that turns read-only.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

import airfed.figures
from airfed.cli import app

ALGORITHMS = {
    "bits": """
        { kind = "hierarchical_fedavg" }|{ kind = "hist", partition = { kind = "equal" } }|{ kind = "mtgc" }
        { kind = "mtgc", initial_gradients = true }|{ kind = "fedprox" }|{ kind = "feddyn" }|{ kind = "scaffold" }
        { kind = "seed_shared_fedzo", directions = 3 }""",
    "air": """
        { kind = "hist" }|{ kind = "fedzo", directions = 3 }|{ kind = "feddyn", within_cells = true }|{ kind = "scaffold" }""",
    "one cell": """
        { kind = "dzopa", directions = 3, dual_rate = 0.1 }|{ kind = "zone_s", directions = 3 }
        { kind = "fedzo", directions = 3 }|{ kind = "hierarchical_fedavg" }""",
}
OPTIMIZERS = ('{ kind = "none" }', '{ kind = "momentum" }', '{ kind = "adam" }')
RESULTS = ("history.csv", "summary.json", "scenario.toml")
ENDS = {-signal.SIGKILL: "killed", 0: "complete", 1: "told", 2: "refused"}


def scenario_text(*, num_cells: int, rounds: int, schemes: list[str]) -> str:
    """All schemes on a small network, with selection."""
    text = f"""
name = "faults"
target_accuracy = 0.5
[network]
num_cells = {num_cells}
clients_per_cell = 6
cell_load = 0.0
[learning]
rounds = {rounds}
edge_rounds = 2
local_steps = 2
selection = {{ kind = "uniform_count", num_clients = 4 }}
[learning.model]
hidden = 12
"""
    return text + "".join(f'[[schemes]]\nname = "scheme {index}"\n{keys}\n' for index, keys in enumerate(schemes))


def schemes_of(kind: str) -> list[str]:
    algorithms = [each.strip() for line in ALGORITHMS[kind].strip().splitlines() for each in line.split("|")]
    uplink = '{ kind = "aircomp" }' if kind == "air" else '{ kind = "ofdma", bits_per_parameter = 16 }'
    return [
        f"algorithm = {algorithm}\nuplink = {uplink}\nserver_optimizer = {OPTIMIZERS[index % 3]}"
        for index, algorithm in enumerate(algorithms)
    ]


def started(arguments: list[str], errors: Path, before: Callable[[], None]) -> int:
    """The process of a command; what it prints goes nowhere, its errors into a file."""
    process = os.fork()
    if process:
        return process
    try:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        before()
        app(arguments, standalone_mode=True)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    os._exit(3)


def ended(process: int) -> int:
    """Its exit code, the signal if one ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@dataclass
class Chain:
    """One run in a folder, hit by faults.

    Attributes:
        scenario: its file.
        folder: its results.
        seconds: what it takes if nothing hits it.
        rng: what happens when.
        faults: what hit it so far, and what became of the command.
        bad: what should never be.
    """

    scenario: Path
    folder: Path
    seconds: float
    rng: random.Random
    faults: list[tuple[str, str]] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    def command(self, *, before: Callable[[], None] = lambda: None, kill: bool = False) -> int:
        """Begins the run or goes on with it; killed at a random moment if wanted. Its exit code."""
        begun = (self.folder / "scenario.toml").exists() or (self.folder / "checkpoint/run.json").exists()
        arguments = ["run", "--resume", str(self.folder)] if begun else ["run", str(self.scenario), "--out", str(self.folder)]
        errors = self.scenario.with_suffix(".errors")
        process = started(arguments, errors, before)
        if kill:
            time.sleep(self.rng.uniform(0.0, self.seconds / 6))
            os.kill(process, signal.SIGKILL)
        code = ended(process)
        text = errors.read_text(errors="replace")
        if code not in ENDS or "Traceback" in text:
            self.bad.append(f"exit {code}: {text[-2000:]}")
        return code

    def hit(self, kind: str) -> bool:
        """One fault; whether the run is complete."""
        code = FAULTS[kind](self)
        self.faults.append((kind, ENDS.get(code, "crashed")))
        return code == 0

    def checkpoints(self) -> list[Path]:
        return sorted((self.folder / "checkpoint").glob("*-*.*"), key=lambda path: path.stat().st_mtime_ns)


def killed(chain: Chain) -> int:
    return chain.command(kill=True)


def out_of_file_size(chain: Chain) -> int:
    most = int(10 ** chain.rng.uniform(2.0, 5.0))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return chain.command(before=limit, kill=chain.rng.random() < 0.5)


def disk_full(chain: Chain) -> int:
    """All but a little of the file system is taken, until the command has ended."""
    ballast, free = chain.folder.parent / "ballast", int(10 ** chain.rng.uniform(3.0, 5.0))
    room = shutil.disk_usage(chain.folder.parent).free
    ballast.write_bytes(bytes(max(0, room - free)))
    try:
        return chain.command(kill=chain.rng.random() < 0.5)
    finally:
        ballast.unlink()


def read_only(chain: Chain) -> int:
    """The file system takes no writes any more, until the command has ended."""
    remount(chain.folder.parent, "ro")
    try:
        return chain.command()
    finally:
        remount(chain.folder.parent, "rw")


def damaged(chain: Chain, *, newest: int, cut: bool) -> int:
    code = killed(chain)
    if code == 0:
        return code
    for path in chain.checkpoints()[-newest:]:
        content = bytearray(path.read_bytes())
        if cut:
            content = content[: chain.rng.randrange(len(content))]
        else:
            content[chain.rng.randrange(len(content))] ^= 1 << chain.rng.randrange(8)
        path.write_bytes(content)
    return code


def torn(chain: Chain) -> int:
    """Power is lost within a write: the newest file is not there yet by its name, but a part of it by a temporary one."""
    code = killed(chain)
    for path in chain.checkpoints()[-1:] if code else []:
        part = path.read_bytes()[: chain.rng.randrange(path.stat().st_size)]
        (path.parent / f".{path.name}.abcd_{chain.rng.randrange(100, 1000)}").write_bytes(part)
        path.unlink()
    return code


FAULTS: dict[str, Callable[[Chain], int]] = {
    "kill -9": killed,
    "files limited in size": out_of_file_size,
    "disk full": disk_full,
    "folder read-only": read_only,
    "newest checkpoint cut": lambda chain: damaged(chain, newest=1, cut=True),
    "newest checkpoint, a bit flipped": lambda chain: damaged(chain, newest=1, cut=False),
    "both newest checkpoints damaged": lambda chain: damaged(chain, newest=2, cut=True),
    "power lost within a write": torn,
}
WEIGHTS = (12, 2, 2, 1, 2, 2, 2, 2)


def remount(path: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(path)], check=True)


def mounted(path: Path) -> bool:
    """A small file system of its own there, if that is allowed."""
    if os.getuid() or not shutil.which("mount"):
        return False
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)], check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=300, help="how many")
    parser.add_argument("--rounds", type=int, default=40, help="global rounds of each scheme")
    parser.add_argument("--seed", type=int, default=0, help="of what happens when")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        place, disk = Path(scratch), Path(scratch) / "disk"
        disk.mkdir()
        small = mounted(disk)
        try:
            chains = run_all(place, disk, small=small, wanted=arguments.faults, rounds=arguments.rounds, rng=rng)
        finally:
            if small:
                subprocess.run(["umount", str(disk)], check=True)
    report(chains)


def run_all(place: Path, disk: Path, *, small: bool, wanted: int, rounds: int, rng: random.Random) -> list[tuple[Chain, bool]]:
    kinds = [kind for kind in FAULTS if small or kind not in ("disk full", "folder read-only")]
    weights = [weight for kind, weight in zip(FAULTS, WEIGHTS, strict=True) if kind in kinds]
    wholes: dict[str, tuple[Path, float]] = {}
    for name, num_cells in (("bits", 2), ("air", 2), ("one cell", 1)):
        scenario = place / f"{name.replace(' ', '-')}.toml"
        scenario.write_text(scenario_text(num_cells=num_cells, rounds=rounds, schemes=schemes_of(name)))
        chain, start = Chain(scenario, place / f"whole {name}", 0.0, rng), time.monotonic()
        if chain.command() or chain.bad:
            sys.exit(f"the run that nothing hits does not get through: {chain.bad}")
        wholes[name] = chain.folder, time.monotonic() - start
    chains: list[tuple[Chain, bool]] = []
    while (hit := sum(len(chain.faults) for chain, _ in chains)) < wanted:
        name = list(wholes)[len(chains) % len(wholes)]
        whole, seconds = wholes[name]
        chain = Chain(place / f"{name.replace(' ', '-')}.toml", disk / "results", seconds, rng)
        for kind in rng.choices(kinds, weights, k=25):
            if chain.hit(kind):
                chain.faults.pop()  # it was through before anything hit it
                break
        code = chain.command()
        same = code == 0 and all((chain.folder / each).read_bytes() == (whole / each).read_bytes() for each in RESULTS)
        left = [path.name for path in chain.folder.rglob("*") if path.name.startswith(".") or path.name == "checkpoint"]
        chain.bad += [f"left behind: {left}"] if left else []
        chains.append((chain, same))
        print(f"{hit + len(chain.faults):4} faults, {name}: {'same' if same else 'OTHER'}", *chain.bad, flush=True)
        shutil.rmtree(chain.folder)
    return chains


def report(chains: list[tuple[Chain, bool]]) -> None:
    rows = {}
    for kind in FAULTS:
        ends = Counter(end for chain, _ in chains for what, end in chain.faults if what == kind)
        hit = [(chain, same) for chain, same in chains if any(what == kind for what, _ in chain.faults)]
        if ends:
            rows[kind] = {
                "faults": ends.total(),
                "survived": ends.total() - ends["crashed"],
                **{end: ends[end] for end in ("killed", "told", "refused")},
                "runs": len(hit),
                "same bytes in the end": sum(same and not chain.bad for chain, same in hit),
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.loc["all"] = [*table.sum()[:5], len(chains), sum(same and not chain.bad for chain, same in chains)]
    print(f"\n{table.astype(int).to_string()}")
    if table.loc["all", "runs"] != table.loc["all", "same bytes in the end"]:
        sys.exit("some did not survive")


if __name__ == "__main__":
    _ = airfed.figures  # imported before the first fork
    main()
