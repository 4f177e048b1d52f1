"""The quick form of `benchmarks/fuzz.py`: some thousands of inputs that are always the same, without the fuzzer."""

import random

import pytest
from fuzzing.all_targets import TARGETS
from fuzzing.watch import watched


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_input_is_taken_or_refused_as_documented(target, tmp_path):
    for seed in target.seeds:
        trial = watched(target, seed, tmp_path)
        assert not trial.refused
        assert not trial.fault
    rng, taken, refused = random.Random(0), list(target.seeds), 0
    for _ in range(target.num_inputs):
        data = target.mutated(rng.choice(taken), rng)
        trial = watched(target, data, tmp_path)
        assert not trial.fault, data
        refused += trial.refused
        if not trial.refused and len(taken) < 100:
            taken.append(data)
    assert refused > 0
    assert refused < target.num_inputs


def test_the_watch_tells_what_must_not_be(tmp_path):
    def read(data, folder):
        raise {b"long": ValueError("x" * 10_000), b"lines": ValueError("a\nb"), b"other": KeyError("a"), b"": ValueError("no")}[
            data
        ]

    target = TARGETS[0].__class__(
        name="bad", seeds=(b"",), mutated=lambda data, rng: data, read=read, refusals=(ValueError,), num_inputs=1
    )
    assert watched(target, b"", tmp_path).refused
    assert not watched(target, b"", tmp_path).fault
    assert "of 10000 characters in 1 line" in watched(target, b"long", tmp_path).fault
    assert "in 2 lines" in watched(target, b"lines", tmp_path).fault
    assert watched(target, b"other", tmp_path).fault.startswith("KeyError at test_mutated_input.py")
