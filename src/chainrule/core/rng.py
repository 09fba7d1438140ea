"""Randomness from counters: a stream is named by integers, so no order of calls can matter.

Every stream is a Philox generator (Salmon et al., 2011) keyed by a seed and by what it is for.
Resuming a run therefore needs no generator state: only the seed and the step.
"""

from __future__ import annotations

import hashlib

import numpy as np

_state = {"seed": -1, "models": 0}


def stream(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """The generator for ``purpose`` (``"shuffle"``, ``"dropout/keep"``) at ``step``.

    Args:
        seed: Any non-negative integer below 2⁶⁴.
        purpose: Names what is drawn; streams of different purposes are independent.
        step: Which draw of this purpose: the training step, usually.
    """
    key = np.array([seed, purpose_code(purpose)], np.uint64)  # a list would become floats
    counter = np.array([0, 0, 0, step], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def set_seed(seed: int) -> None:
    """Make everything drawn from here on a function of ``seed``."""
    _state.update(seed=seed, models=0)


def fresh_seed() -> int:
    """A new seed, for a model: the next of the sequence that :func:`set_seed` began.

    Where no seed was set, the sequence begins at one from the operating system.
    """
    if _state["seed"] < 0:
        set_seed(int(np.random.SeedSequence().generate_state(1)[0]))
    _state["models"] += 1
    return int(stream(_state["seed"], "seed", _state["models"]).integers(2**63))


_codes: dict[str, int] = {}


def purpose_code(purpose: str) -> int:
    """64 bits of the name's BLAKE2 hash: the same in every process, unlike ``hash()``."""
    if purpose not in _codes:
        digest = hashlib.blake2b(purpose.encode(), digest_size=8).digest()
        _codes[purpose] = int.from_bytes(digest, "little")
    return _codes[purpose]
