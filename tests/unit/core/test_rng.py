import os
import subprocess
import sys

import numpy as np

from chainrule.core import rng


def numbers(*name):
    return rng.stream(*name).random(4).tolist()


def test_a_stream_is_a_function_of_its_name_alone():
    first = numbers(7, "dropout/keep", 3)
    numbers(7, "shuffle", 3)
    assert numbers(7, "dropout/keep", 3) == first


def test_seed_purpose_and_step_each_make_another_stream():
    streams = [numbers(7, "a", 0), numbers(8, "a", 0), numbers(7, "b", 0), numbers(7, "a", 1)]
    assert len({tuple(s) for s in streams}) == 4


def test_streams_do_not_depend_on_the_hash_seed():
    code = "from chainrule.core.rng import stream; print(stream(1, 'x', 2).random())"
    seen = {
        subprocess.check_output(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": h}
        )
        for h in ("0", "1", "random")
    }
    assert len(seen) == 1


def test_a_set_seed_fixes_the_sequence_of_model_seeds():
    rng.set_seed(5)
    first = [rng.fresh_seed() for _ in range(3)]
    rng.set_seed(5)
    assert [rng.fresh_seed() for _ in range(3)] == first
    assert len(set(first)) == 3


def test_every_bit_of_seed_and_purpose_counts():
    purposes = [f"{place}/kernel" for place in range(64)]
    for purpose in purposes:  # half of the codes are above 2**63
        state = rng.stream(2**62 + 1, purpose).bit_generator.state["state"]
        assert state["key"].tolist() == [2**62 + 1, rng.purpose_code(purpose)]


def test_steps_do_not_overlap():
    a, b = (rng.stream(1, "keep", step).random(100_000) for step in (0, 1))
    assert not np.isin(a, b).any()
