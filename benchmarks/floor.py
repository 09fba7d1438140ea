"""The floor: what the arithmetic and the memory of this machine would need, and nothing else.

It is the time of a workload's matrix products at the peak that NumPy's BLAS reaches here, plus the
time to move the bytes that must be moved. Nothing runs on the floor: products of small matrices do
not reach the peak, and a loop, a function call and an exponential take time too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import cores
from benchmarks.workloads import Workload

SQUARE = 2048
"""Rows and columns of the product that measures the peak: large enough to reach it."""
OWN, SHARED, MEMORY = 2**19 * cores(), 2**23, 2**28
"""Bytes that lie in the cores' own caches, in a cache that they share, and in neither."""
ENOUGH = 0.4
"""Seconds of each measurement; the best repeat counts."""
WORDS = {"adam": 6, "sgd": 2}
"""Words of 4 bytes moved per parameter and update: θ (and m, v) read and written.

A gradient can stay where it was made, and reading θ once serves the products too.
"""


@dataclass(frozen=True)
class Rates:
    """What the machine does at best, with all cores.

    Attributes:
        flops: Floating-point operations per second in a float32 matrix product.
        own: Bytes per second read or written in the cores' own caches.
        shared: The same in the cache that they share.
        memory: The same in main memory.
    """

    flops: float
    own: float
    shared: float
    memory: float

    def of(self, held: float) -> float:
        """Bytes per second where ``held`` bytes are gone through again and again."""
        return self.memory if held >= MEMORY else self.shared if held >= SHARED else self.own


@dataclass(frozen=True)
class Floor:
    """Seconds of a workload's matrix products and of its bytes."""

    products: float
    bytes: float

    @property
    def seconds(self) -> float:
        """Both, one after the other."""
        return self.products + self.bytes


def floor(work: Workload, rates: Rates) -> Floor | None:
    """A workload's floor; none where the start of a process counts."""
    if work.action == "start":
        return None
    trains, passes = work.trains, work.epochs if work.trains else 1
    products = sum(
        2 * inputs * units * (3 - (place == 0) if trains else 1)  # y; ∂L/∂W; ∂L/∂x but of the data
        for place, (inputs, units, _) in enumerate(work.layers)
    )
    a_row = work.widths[0] * (1 if work.data == "fashion" else 4)
    data = work.rows * a_row
    state = 4 * work.parameters * (WORDS[work.optimizer] // 2 if trains else 1)
    moved = 2 * state * work.steps if trains else state
    return Floor(
        products=passes * work.rows * products / rates.flops,
        bytes=passes * data / rates.of(data) + moved / rates.of(state),
    )


# ---------------------------------------------------------------- measuring


def measured() -> Rates:
    """The rates, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.floor"]
    root = Path(__file__).parents[1]
    return Rates(**json.loads(subprocess.check_output(command, cwd=root)))


def _flops() -> float:
    a, b = (np.ones((SQUARE, SQUARE), np.float32) for _ in range(2))
    product = np.empty_like(a)
    return 2 * SQUARE**3 / _best(lambda: np.matmul(a, b, out=product))


def _moving(held: int) -> float:
    """Bytes per second that all cores read and write, each going through its part of ``held``."""
    parts = [np.ones((2, held // 8 // cores()), np.float32) for _ in range(cores())]
    repeats = max(1, MEMORY // held)

    def copy(part: Any) -> None:
        for _ in range(repeats):
            np.copyto(part[0], part[1])

    if held <= OWN:  # one core's cache is nobody else's: all are as quick as one
        return held * repeats / _best(lambda: copy(parts[0]))
    with ThreadPoolExecutor(cores()) as pool:
        return held * repeats / _best(lambda: list(pool.map(copy, parts)))


def _best(call: Callable[[], Any]) -> float:
    """Seconds of the quickest of some calls."""
    call()
    times: list[float] = []
    while sum(times) < ENOUGH:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    print(json.dumps(asdict(Rates(_flops(), _moving(OWN), _moving(SHARED), _moving(MEMORY)))))
