"""Hostile input for everything that is read from files, guided by coverage; needs the extra `fuzz`, Linux.

    python benchmarks/fuzz.py --inputs 100000 --kept fuzz-faults

Each reader is given inputs in a process of its own, with a limit of memory, and five seconds for each input. It may take one or
refuse it with the error that its documentation promises, in one line. Faults are printed, with the file that has the input.
Coverage counts the lines' edges of ours, and of the readers of TOML and CSV, that were reached; features also how often.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MORE_MEMORY_BYTES = 2**31
LARGEST_INPUT = 65_536
INSTRUMENTED = ["airfed", "channels", "fl_models", "tomllib"]
NATIVE_SHARE = 0.1
"""Of the inputs, those that the fuzzer's own mutations make."""
SHOWN = 20


def fuzz(name: str, *, inputs: int, seed: int, kept: Path, report: Path) -> None:
    """Gives a reader so many inputs; writes what it found every now and then, as the fuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from fuzzing.all_targets import TARGETS
    from fuzzing.watch import limit_memory, watched

    target = next(target for target in TARGETS if target.name == name)
    found: dict[str, Any] = {"inputs": 0, "refused": 0, "slowest_s": 0.0, "faults": {}}
    folder = Path(tempfile.mkdtemp())
    limit_memory(MORE_MEMORY_BYTES)

    def try_one(data: bytes) -> None:
        trial = watched(target, data, folder)
        found["inputs"] += 1
        found["refused"] += trial.refused
        if trial.fault and len(found["faults"]) < 1000:
            kind = re.sub(r"\d{3,}|'.*", "", trial.fault.split(": ")[0])
            if kind not in found["faults"]:
                path = kept / f"{name.replace(' ', '-')}-{len(found['faults'])}"
                path.write_bytes(data)
                found["faults"][kind] = [0, str(path), trial.fault]
            found["faults"][kind][0] += 1
        if trial.seconds > found["slowest_s"]:
            found["slowest_s"] = trial.seconds
            (kept / f"{name.replace(' ', '-')}-slowest").write_bytes(data)
        if found["inputs"] % 200 == 0 or found["inputs"] >= inputs or found["inputs"] < 20:
            found["peak_bytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            report.write_text(json.dumps(found))

    def mutate(data: bytes, max_size: int, mutation_seed: int) -> bytes:
        rng = random.Random(mutation_seed)
        if rng.random() < NATIVE_SHARE:
            return atheris.Mutate(data, max_size)
        return target.mutated(data if rng.random() < 0.9 else rng.choice(target.seeds), rng)[:max_size]

    corpus = Path(tempfile.mkdtemp())
    for number, data in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(data)
    options = {"runs": inputs, "seed": seed, "max_len": LARGEST_INPUT, "timeout": 0, "rss_limit_mb": 0, "len_control": 0}
    arguments = [sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(corpus)]
    atheris.Setup(arguments, try_one, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="a part of the names of the readers")
    parser.add_argument("--kept", type=Path, default=Path("fuzz-faults"), help="folder for inputs that show a fault")
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--target", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    if options.target:
        fuzz(options.target, inputs=options.inputs, seed=options.seed, kept=options.kept, report=options.report)
        return
    from fuzzing.all_targets import TARGETS

    row = "{:<26} {:>8} {:>8} {:>8} {:>8} {:>7} {:>9} {:>8} {:>6}"
    print(row.format("reader", "inputs", "refused", "coverage", "features", "s", "slowest s", "peak MB", "faults"))
    faults = list[str]()
    for target in TARGETS:
        if options.only and options.only not in target.name:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report.json"
            command = [sys.executable, __file__, "--target", target.name, "--inputs", str(options.inputs)]
            command += ["--seed", str(options.seed), "--kept", str(options.kept), "--report", str(report)]
            environment = os.environ | {"TMPDIR": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
            before = os.times()
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
            seconds = os.times().elapsed - before.elapsed
            found = json.loads(report.read_text())
        reached = re.findall(r"cov: (\d+) ft: (\d+)", ended.stderr)
        coverage, features = reached[-1] if reached else ("?", "?")
        print(
            row.format(
                target.name,
                found["inputs"],
                found["refused"],
                coverage,
                features,
                f"{seconds:.0f}",
                f"{found['slowest_s']:.2f}",
                f"{found.get('peak_bytes', 0) / 1e6:.0f}",
                len(found["faults"]),
            ),
            flush=True,
        )
        if ended.returncode or found["inputs"] < options.inputs:
            faults.append(
                f"{target.name}: ended with {ended.returncode} after {found['inputs']} inputs: {ended.stderr[-2000:]}"
            )
        faults += [f"{target.name}: {times} times {fault}; {path}" for times, path, fault in found["faults"].values()]
    for fault in faults[:SHOWN]:
        print(f"\n{fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
